// Lists the entries of a folder without allocation.
#pragma once

// Calls action with every name except "." and "..". 0, or -1 with errno: the folder could not be read, or action
// failed for an entry (it is still called for the others).
int folder_each(const char *path, int (*action)(const char *name, void *argument), void *argument);
