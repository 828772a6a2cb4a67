// shared-memory: ashmem, memfd, graphics buffers. __oom_reap_task_mm() skips shared mappings (mm/oom_kill.c),
// so only the exit brings it back.
#include <sys/mman.h>

#include "pages.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	size_t size = (size_t)plan->size_kb * 1024;
	void *memory = pages_map(size, MAP_SHARED);
	if (memory != NULL)
		pages_fill(memory, size, plan->compress_pct);
	return memory;
}

const struct shape shape_shared_memory = { .name = "shared-memory", .make = make };
