// The table of shapes.
#include "shape.h"

#include <string.h>

const struct shape *const SHAPES[] = {
	&shape_private_anon, &shape_shared_memory, &shape_private_file, &shape_mlocked,
	&shape_in_zram,      &shape_huge_pages,    &shape_app_mix,      NULL,
};

const struct shape *shape_find(const char *name)
{
	for (size_t i = 0; SHAPES[i] != NULL; i++)
		if (strcmp(SHAPES[i]->name, name) == 0)
			return SHAPES[i];
	return NULL;
}

int64_t shape_returns_kb(const struct memory_plan *plan)
{
	return plan->shape->returns_kb == NULL ? plan->size_kb : plan->shape->returns_kb(plan);
}
