// mlocked: private memory that must not be swapped out. Kernels before 5.18 did not reap it.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../failure.h"
#include "pages.h"
#include "shape.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

static const size_t LEAST = 64 * 1024 * 1024; // the smallest victim that a suite locks

static int lock(void *memory, size_t size, int flags)
{
	if (syscall(SYS_mlock2, memory, size, flags) < 0)
		return failed("lock the victim's memory");
	return 0;
}

// Touches no page. A user other than root may lock RLIMIT_MEMLOCK, which is 64 kB on Android.
static int possible(void)
{
	void *memory = mmap(NULL, LEAST, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = lock(memory, LEAST, MLOCK_ONFAULT);
	munmap(memory, LEAST);
	return result;
}

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	void *memory = pages_make(plan, MAP_PRIVATE);
	if (memory == NULL || lock(memory, (size_t)plan->size_kb * 1024, 0) < 0)
		return NULL;
	return memory;
}

static const struct shape shape_mlocked = { .name = "mlocked", .possible = possible, .make = make };
REGISTER_SHAPE(shape_mlocked);
