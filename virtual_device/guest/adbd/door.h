// Accepts hosts at a Unix socket or a virtio-serial console port, one host at a time.
#pragma once

#include <stdbool.h>

#include "watch.h"

// Listens on the Unix socket `path`, whose folder must be accessible only to this user.
int door_open_socket(const char *path);
int door_open_console(const char *path);
bool door_is_console(void);
// Adds the descriptors to wait for the next host; sets `*due` when a host may have arrived.
void door_watch(struct watch *watch, bool host_attached, bool *due);
// The descriptor of the waiting host, or -1: none. With `current_fd` >= 0 a host is attached already; unless it has
// hung up, the new host is rejected.
int door_admit(int current_fd);
// Notes that the attached host has gone.
void door_release(int fd);
void door_close(void);
