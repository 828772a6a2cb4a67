// private-file: code and resources, mapped privately. Written pages belong to the victim and come back; clean pages
// stay in the page cache after the kill.
#include "pages.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	size_t size = (size_t)plan->size_kb * 1024;
	size_t dirty = (size_t)(plan->size_kb * plan->dirty_pct / 100) * 1024;
	if (pages_store(file_fd, size) < 0)
		return NULL;
	void *memory = pages_map_file(size, file_fd);
	if (memory == NULL)
		return NULL;
	pages_read(memory, size);
	pages_fill(memory, dirty, plan->compress_pct);
	return memory;
}

static int64_t returns_kb(const struct memory_plan *plan)
{
	return plan->size_kb * plan->dirty_pct / 100;
}

static const struct shape shape_private_file = {
	.name = "private-file", .needs_file = true, .make = make, .returns_kb = returns_kb
};
REGISTER_SHAPE(shape_private_file);
