// app-mix: the composition of an app: one large heap, native memory in many small mappings, files, and shared memory.
// The shares follow `dumpsys meminfo` of mid-sized apps; they are a rounded model, not a measurement.
#include <sys/mman.h>

#include "../failure.h"
#include "pages.h"
#include "shape.h"

enum { HEAP_PCT = 40, NATIVE_PCT = 25, FILE_PCT = 20, SHARED_PCT = 15, NATIVE_PIECE = 64 * 1024 };

static size_t share(const struct memory_plan *plan, int percent)
{
	return (size_t)(plan->size_kb * percent / 100) / 4 * 4 * 1024;
}

static int make_native(size_t size, int64_t compress_pct)
{
	for (size_t done = 0; done < size; done += NATIVE_PIECE) {
		void *piece = pages_map(2 * NATIVE_PIECE, MAP_PRIVATE);
		if (piece == NULL)
			return -1;
		// Half is unmapped again, so that neighbours do not merge into one mapping.
		if (munmap((char *)piece + NATIVE_PIECE, NATIVE_PIECE) < 0)
			return failed("unmap a part of the victim");
		pages_fill(piece, NATIVE_PIECE, compress_pct);
	}
	return 0;
}

static int make_shared(size_t size, int64_t compress_pct)
{
	void *memory = pages_map(size, MAP_SHARED);
	if (memory == NULL)
		return -1;
	pages_fill(memory, size, compress_pct);
	return 0;
}

static int make_file(size_t size, int file_fd)
{
	if (pages_store(file_fd, size) < 0)
		return -1;
	const void *memory = pages_map_file(size, file_fd);
	if (memory == NULL)
		return -1;
	pages_read(memory, size);
	return 0;
}

static void *make(const struct memory_plan *plan, int file_fd)
{
	if (make_native(share(plan, NATIVE_PCT), plan->compress_pct) < 0 ||
	    make_shared(share(plan, SHARED_PCT), plan->compress_pct) < 0 ||
	    make_file(share(plan, FILE_PCT), file_fd) < 0)
		return NULL;
	void *heap = pages_map(share(plan, HEAP_PCT), MAP_PRIVATE);
	if (heap != NULL)
		pages_fill(heap, share(plan, HEAP_PCT), plan->compress_pct);
	return heap;
}

static int64_t returns_kb(const struct memory_plan *plan)
{
	return plan->size_kb * (HEAP_PCT + NATIVE_PCT + SHARED_PCT) / 100;
}

static int64_t contiguous_kb(const struct memory_plan *plan)
{
	return (int64_t)(share(plan, HEAP_PCT) / 1024);
}

static const struct shape shape_app_mix = {
	.name = "app-mix",
	.needs_file = true,
	.make = make,
	.returns_kb = returns_kb,
	.contiguous_kb = contiguous_kb,
};
REGISTER_SHAPE(shape_app_mix);
