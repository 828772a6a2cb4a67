// private-anon: heap and stacks, most of the memory of an app.
#include <sys/mman.h>

#include "pages.h"
#include "shape.h"

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	return pages_make(plan, MAP_PRIVATE);
}

static const struct shape shape_private_anon = { .name = "private-anon", .make = make };
REGISTER_SHAPE(shape_private_anon);
