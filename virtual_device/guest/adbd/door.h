// Where hosts come in: a Unix socket of our own, or a virtio-serial console port. One host at a time.
#pragma once

#include <stdbool.h>

#include "watch.h"

// Listens on the Unix socket `path`, whose folder must be closed to everybody else.
int door_open_socket(const char *path);
int door_open_console(const char *path);
bool door_is_console(void);
// Waits for the next host; sets `*due` when one may be there.
void door_watch(struct watch *watch, bool host_attached, bool *due);
// The descriptor of the host that waits, or -1 when none does. With `current_fd` >= 0 a host is attached
// already: unless that one has hung up, the new one is turned away.
int door_admit(int current_fd);
// The attached host has gone.
void door_release(int fd);
void door_close(void);
