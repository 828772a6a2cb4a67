// One connection of ours to a device's lmkd at a time: a locked file, which holds the pid of who locked it.
#pragma once

// Held until the process ends. 0, or -1 with errno and failed().
int lock_take(const char *path);
