// Maps pages for shapes and fills them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "shape.h"

// Anonymous memory (MAP_PRIVATE or MAP_SHARED, with more flags), small pages only; NULL with failed().
void *pages_map(size_t size, int flags);
// Maps and fills the whole memory of the plan, anonymous with these flags; NULL with failed().
void *pages_make(const struct memory_plan *plan, int flags);
// Maps the file, which is `size` long, privately; NULL with failed().
void *pages_map_file(size_t size, int file_fd);
// Writes every page. No two pages are equal, so neither zram nor KSM can shrink the memory below its nominal size.
// The first compress_pct of each page are zeros.
void pages_fill(void *memory, size_t size, int64_t compress_pct);
// Reads one byte of every page, which maps the page.
void pages_read(const void *memory, size_t size);
// Fills the file with `size` bytes and waits until they are on storage, so that the pages are clean.
int pages_store(int file_fd, size_t size);
