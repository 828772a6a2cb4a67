// Detects swap on compressed memory.
#pragma once

// Whether a zram device is in use as swap: 0, or -1 with failed().
int zram_possible(void);
