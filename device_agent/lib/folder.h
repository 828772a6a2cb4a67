// The entries of a folder, read without allocation.
#pragma once

// Calls action with every name but "." and ".."; 0, or -1 with errno: the folder could not be read, or
// action failed for one (the others are still served).
int folder_each(const char *path, int (*action)(const char *name, void *argument), void *argument);
