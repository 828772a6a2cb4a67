// shared-memory: ashmem, memfd, graphics buffers. __oom_reap_task_mm() skips shared mappings (mm/oom_kill.c), so only
// the exit frees them.
#include <sys/mman.h>

#include "pages.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	return pages_make(plan, MAP_SHARED);
}

static const struct shape shape_shared_memory = { .name = "shared-memory", .make = make };
REGISTER_SHAPE(shape_shared_memory);
