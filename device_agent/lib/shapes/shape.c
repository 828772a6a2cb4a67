// Looks shapes up in whichever table the program is linked with.
#include "shape.h"

#include <string.h>

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

int64_t shape_contiguous_kb(const struct memory_plan *plan)
{
	return plan->shape->contiguous_kb == NULL ? plan->size_kb : plan->shape->contiguous_kb(plan);
}
