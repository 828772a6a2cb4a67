// bionic's mappings: the part that the app uses (Linux' numbers, the same on the four ABIs).
#pragma once
#include <stddef.h>
#include <sys/types.h>
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 0x01
#define MAP_PRIVATE 0x02
#define MAP_ANONYMOUS 0x20
#define MAP_HUGETLB 0x40000
#define MAP_FAILED ((void *)-1)
#define MADV_NOHUGEPAGE 15
void *mmap(void *where, size_t size, int protection, int flags, int fd, off_t offset);
int munmap(void *memory, size_t size);
int madvise(void *memory, size_t size, int advice);
