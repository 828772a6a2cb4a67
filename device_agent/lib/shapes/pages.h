// Pages as shapes make them: mapped, and touched with content.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shape.h"

// Anonymous memory (MAP_PRIVATE or MAP_SHARED, with more flags), small pages only; NULL with failed().
void *pages_map(size_t size, int flags);
// All of the plan's memory, anonymous with these flags, with its content; NULL with failed().
void *pages_make(const struct memory_plan *plan, int flags);
// The file, which is `size` long, mapped privately; NULL with failed().
void *pages_map_file(size_t size, int file_fd);
// Writes every page. No page equals another, so that neither zram nor KSM can make the memory smaller
// than it looks; the first compress_pct of each page are zeros.
void pages_fill(void *memory, size_t size, int64_t compress_pct);
// Reads one byte of every page, so that it is mapped.
void pages_read(const void *memory, size_t size);
// Fills the file with `size` bytes and waits until they are stored, so that the pages are clean.
int pages_store(int file_fd, size_t size);
