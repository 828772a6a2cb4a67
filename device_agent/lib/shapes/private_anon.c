// private-anon: heap and stacks, most of an app.
#include <sys/mman.h>

#include "pages.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	size_t size = (size_t)plan->size_kb * 1024;
	void *memory = pages_map(size, MAP_PRIVATE);
	if (memory != NULL)
		pages_fill(memory, size, plan->compress_pct);
	return memory;
}

const struct shape shape_private_anon = { .name = "private-anon", .make = make };
