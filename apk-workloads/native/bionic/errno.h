// bionic's errno: the part that the app uses (Linux' numbers, the same on the four ABIs).
#pragma once
int *__errno(void);
#define errno (*__errno())
enum { EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EBADF = 9, EAGAIN = 11, EACCES = 13, EBUSY = 16, EINVAL = 22 };
enum { ENOSYS = 38, ECONNRESET = 104, ETIMEDOUT = 110, ECONNREFUSED = 111 };
