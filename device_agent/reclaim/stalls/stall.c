// The registry of stalls.
#include "stall.h"

DECLARE_REGISTRY(lmkd_stalls);

const struct stall *stall_find(const char *name)
{
	return registry_find(REGISTRY(lmkd_stalls), name);
}

const struct stall *stall_after(const char *name)
{
	return registry_after(REGISTRY(lmkd_stalls), name);
}

int stall_choose(void *at, const char *name)
{
	const struct stall *stall = stall_find(name);
	*(const struct stall **)at = stall;
	return stall == NULL ? -1 : 0;
}
