// Sorts numbers. libc's qsort() would take 3 KB of each program, and may allocate.
#pragma once

#include <stddef.h>
#include <stdint.h>

// In ascending order, in place.
void sort_numbers(int64_t *numbers, size_t count);
