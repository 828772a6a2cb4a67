// bionic's open(): the part that the app uses (Linux' numbers, the same on the four ABIs).
#pragma once
#define O_RDWR 02
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_CLOEXEC 02000000
int open(const char *path, int flags, ...);
