// The registry of shapes. It contains the shapes among the sources of the program.
#include "shape.h"

DECLARE_REGISTRY(lmkd_shapes);

const struct shape *shape_find(const char *name)
{
	return registry_find(REGISTRY(lmkd_shapes), name);
}

const struct shape *shape_after(const char *name)
{
	return registry_after(REGISTRY(lmkd_shapes), name);
}

int shape_choose(void *at, const char *name)
{
	const struct shape *shape = shape_find(name);
	*(const struct shape **)at = shape;
	return shape == NULL ? -1 : 0;
}

int64_t shape_returns_kb(const struct memory_plan *plan)
{
	return plan->shape->returns_kb == NULL ? plan->size_kb : plan->shape->returns_kb(plan);
}

int64_t shape_contiguous_kb(const struct memory_plan *plan)
{
	return plan->shape->contiguous_kb == NULL ? plan->size_kb : plan->shape->contiguous_kb(plan);
}
