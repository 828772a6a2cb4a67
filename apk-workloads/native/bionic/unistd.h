// bionic's system calls: the part that the app uses. _SC_PAGESIZE is bionic's own number (bits/sysconf.h).
#pragma once
#include <stddef.h>
#include <sys/types.h>
#define _SC_PAGESIZE 0x27
long sysconf(int name);
ssize_t write(int fd, const void *bytes, size_t size);
int fsync(int fd);
int close(int fd);
int unlink(const char *path);
int pause(void);
pid_t getpid(void);
