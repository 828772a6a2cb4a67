// none: nothing holds the victim.
#include "stall.h"

static int hold(const struct victim *victim)
{
	(void)victim;
	return 0;
}

static const struct stall stall_none = { .name = "none", .hold = hold };
REGISTER_STALL(stall_none);
