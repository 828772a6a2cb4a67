// mlocked: private memory that may not be swapped out. Kernels before 5.18 did not reap it.
#include <sys/mman.h>

#include "../failure.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	void *memory = shape_private_anon.make(plan, file_fd);
	if (memory != NULL && mlock(memory, (size_t)plan->size_kb * 1024) < 0) {
		failed("lock the victim's memory");
		return NULL;
	}
	return memory;
}

const struct shape shape_mlocked = { .name = "mlocked", .make = make };
