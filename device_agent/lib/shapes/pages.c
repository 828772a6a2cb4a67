// Maps, fills and reads pages.
#include "pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../failure.h"

enum { STORE_CHUNK = 64 * 1024 };

static void *forbid_huge_pages(void *memory, size_t size)
{
	// The same page size on every device. EINVAL: the kernel has no huge pages.
	if (madvise(memory, size, MADV_NOHUGEPAGE) == 0 || errno == EINVAL)
		return memory;
	failed("forbid huge pages in the victim");
	return NULL;
}

static void *map(size_t size, int flags, int fd)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (memory != MAP_FAILED)
		return memory;
	failed("map %zu kB in the victim", size / 1024);
	return NULL;
}

void *pages_map(size_t size, int flags)
{
	void *memory = map(size, MAP_ANONYMOUS | flags, -1);
	return memory == NULL || (flags & MAP_HUGETLB) ? memory : forbid_huge_pages(memory, size);
}

void *pages_map_file(size_t size, int file_fd)
{
	return map(size, MAP_PRIVATE, file_fd);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13; // xorshift64, Marsaglia 2003
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void pages_fill(void *memory, size_t size, int64_t compress_pct)
{
	static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	size_t page_words = (size_t)sysconf(_SC_PAGESIZE) / sizeof(uint64_t);
	size_t zeros = page_words * (size_t)compress_pct / 100;
	uint64_t *end = (uint64_t *)memory + size / sizeof(uint64_t);
	for (uint64_t *page = memory; page < end; page += page_words)
		for (size_t i = 0; i < page_words; i++)
			page[i] = i < zeros ? 0 : next_random(&state);
}

void *pages_make(const struct memory_plan *plan, int flags)
{
	size_t size = (size_t)plan->size_kb * 1024;
	void *memory = pages_map(size, flags);
	if (memory != NULL)
		pages_fill(memory, size, plan->compress_pct);
	return memory;
}

void pages_read(const void *memory, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const volatile unsigned char *bytes = memory;
	for (size_t at = 0; at < size; at += page)
		(void)bytes[at];
}

int pages_store(int file_fd, size_t size)
{
	unsigned char chunk[STORE_CHUNK];
	pages_fill(chunk, sizeof(chunk), 0);
	for (size_t done = 0; done < size;) {
		size_t length = size - done < sizeof(chunk) ? size - done : sizeof(chunk);
		ssize_t written = write(file_fd, chunk, length);
		if (written < 0 && errno != EINTR)
			return failed("fill the victim's file");
		done += written > 0 ? (size_t)written : 0;
	}
	return fsync(file_fd) < 0 ? failed("store the victim's file") : 0;
}
