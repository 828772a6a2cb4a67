// huge-pages: hugetlb memory, which __oom_reap_task_mm() also skips.
#include <sys/mman.h>

#include "../failure.h"
#include "../group.h"
#include "../text_file.h"
#include "pages.h"
#include "shape.h"

static int possible(void)
{
	if (read_keyed_number("/proc/meminfo", "HugePages_Free") < 1)
		return refused("no huge page is free (vm.nr_hugepages)");
	return group_charges_huge_pages() ? 0 :
					    refused("memory cgroups do not charge huge pages here "
						    "(mount option memory_hugetlb_accounting)");
}

static void *make(const struct memory_plan *plan, int file_fd)
{
	(void)file_fd;
	return pages_make(plan, MAP_PRIVATE | MAP_HUGETLB);
}

static const struct shape shape_huge_pages = { .name = "huge-pages", .possible = possible, .make = make };
REGISTER_SHAPE(shape_huge_pages);
