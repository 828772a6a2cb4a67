// Tables whose entries register themselves: a new entry is one file, and no other file names it.
//
// REGISTER() stores a pointer to the entry in an ELF section that carries the table's name; the linker provides
// the bounds of the section. `used` keeps the pointer through LTO. `retain` (SHF_GNU_RETAIN) keeps it through
// --gc-sections, because lld drops a section that only its __start_ symbol references (-z start-stop-gc). So a
// program contains every entry among its sources.
//
// ASan adds no red zones to variables in a section with an explicit C name (GCC: asan_protect_global(), LLVM:
// shouldInstrumentGlobal()), so the pointers are contiguous in sanitized builds, too.
//
// Inline, because the workload apps are built from a fixed list of this library's files.
#pragma once

#include <stddef.h>
#include <string.h>

// `entry` is a static const object of `type`, whose first member is `const char *name`.
#define REGISTER(table, type, entry)                                                                             \
	__attribute__((used, retain, section(#table))) static const void *const entry##_in_##table =             \
		_Generic(&(entry), const type *: &(entry))

#define DECLARE_REGISTRY(table)                                                                                  \
	extern const void *const __start_##table[] __attribute__((visibility("hidden")));                        \
	extern const void *const __stop_##table[] __attribute__((visibility("hidden")))
#define REGISTRY(table) __start_##table, __stop_##table

static inline const char *registry_name(const void *entry)
{
	return *(const char *const *)entry;
}

// The entry of that name, or NULL.
static inline const void *registry_find(const void *const *start, const void *const *stop, const char *name)
{
	for (; start < stop; start++)
		if (strcmp(registry_name(*start), name) == 0)
			return *start;
	return NULL;
}

// The entry that follows `name` in alphabetical order, or NULL; the first one follows "". The order within the
// section depends on the linker, this one does not.
static inline const void *registry_after(const void *const *start, const void *const *stop, const char *name)
{
	const void *next = NULL;
	for (; start < stop; start++)
		if (strcmp(registry_name(*start), name) > 0 &&
		    (next == NULL || strcmp(registry_name(*start), registry_name(next)) < 0))
			next = *start;
	return next;
}
