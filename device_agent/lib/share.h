// The share rule: when 50, 90 or 99 % of a memory are back. src/pytest_lmkd/apps/system_meter.py is its twin.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Whether kb is at least that share of size_kb. Exact for sizes up to 2^56 kB.
static inline bool reaches_share(int64_t kb, int64_t size_kb, int64_t percent)
{
	return kb * 100 >= size_kb * percent;
}
