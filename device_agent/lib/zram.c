// Searches /proc/swaps for a zram device.
#include "zram.h"

#include <string.h>

#include "failure.h"
#include "text_file.h"

int zram_possible(void)
{
	char swaps[512];
	if (read_text("/proc/swaps", swaps, sizeof(swaps)) < 0)
		return -1;
	return strstr(swaps, "zram") != NULL ? 0 : refused("no zram device is in use as swap");
}
