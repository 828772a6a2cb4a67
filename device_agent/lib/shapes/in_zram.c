// in-zram: private memory that has been swapped out, like much of the memory of a cached app.
#include "../failure.h"
#include "../share.h"
#include "../sys.h"
#include "../text_file.h"
#include "../zram.h"
#include "pages.h"
#include "shape.h"

// The kernel may skip some pages; a victim that is not mostly in swap does not have this shape.
enum { SWAPPED_PCT = 90 };

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	void *memory = pages_make(plan, MAP_PRIVATE);
	if (memory == NULL)
		return NULL;
	if (madvise(memory, (size_t)plan->size_kb * 1024, MADV_PAGEOUT) < 0) {
		failed("page the victim out");
		return NULL;
	}
	int64_t swapped_kb = read_keyed_number("/proc/self/status", "VmSwap");
	if (!reaches_share(swapped_kb, plan->size_kb, SWAPPED_PCT)) {
		refused("only %lld of %lld kB were swapped out", (long long)swapped_kb, (long long)plan->size_kb);
		return NULL;
	}
	return memory;
}

static const struct shape shape_in_zram = {
	.name = "in-zram", .in_swap = true, .possible = zram_possible, .make = make
};
REGISTER_SHAPE(shape_in_zram);
