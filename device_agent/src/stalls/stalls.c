// The table of stalls, and the one that holds nothing.
#include <stddef.h>
#include <string.h>

#include "../name_list.h"
#include "stall.h"

static const struct stall *const STALLS[] = {
	&stall_none,
	&stall_holder,
};

enum { STALL_COUNT = sizeof(STALLS) / sizeof(STALLS[0]) };

const struct stall *stall_find(const char *name)
{
	for (size_t i = 0; i < STALL_COUNT; i++)
		if (strcmp(STALLS[i]->name, name) == 0)
			return STALLS[i];
	return NULL;
}

const char *stall_names(void)
{
	static char names[256];
	size_t used = 0;
	for (size_t i = 0; i < STALL_COUNT; i++)
		name_list_add(names, sizeof(names), &used, STALLS[i]->name);
	return names;
}

static int hold_nothing(const struct victim *victim)
{
	(void)victim; // nothing is held
	return 0;
}

static int nothing_to_do(void)
{
	return 0;
}

const struct stall stall_none = {
	.name = "none", .hold = hold_nothing, .release = nothing_to_do, .end = nothing_to_do
};
