// The table of stalls, and the one that holds nothing.
#include <stddef.h>
#include <string.h>

#include "stall.h"

const struct stall *const STALLS[] = {
	&stall_none,
	&stall_holder,
	&stall_holder_mem,
	&stall_holder_cmdline,
	&stall_holder_environ,
	&stall_holder_pagemap,
	&stall_smaps_blocked,
	&stall_open_files,
	&stall_readers,
	&stall_smaps_walk,
	&stall_pageout,
	&stall_sharer,
	&stall_vfork,
	&stall_aio,
	&stall_starved,
	&stall_blocked_thread,
	&stall_frozen_v1,
	&stall_frozen_v2,
	&stall_exit_stop,
	NULL,
};

const struct stall *stall_find(const char *name)
{
	for (size_t i = 0; STALLS[i] != NULL; i++)
		if (strcmp(STALLS[i]->name, name) == 0)
			return STALLS[i];
	return NULL;
}

static int hold_nothing(const struct victim *victim)
{
	(void)victim;
	return 0;
}

const struct stall stall_none = { .name = "none", .hold = hold_nothing };
