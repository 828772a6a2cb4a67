// Limits us to one connection to the lmkd of a device: a locked file, which contains the pid of the lock holder.
#pragma once

// Takes the lock until the process ends. 0, or -1 with errno and failed().
int lock_take(const char *path);
