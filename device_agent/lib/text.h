// Formats text without libc's printf, whose floating point would make up a quarter of the agent.
#pragma once

#include <stdarg.h>
#include <stddef.h>

// Like snprintf(3), but only for %s %.Ns %c %d %u %ld %lld %zu %04x %%. Any other directive is a bug and prints "%?".
// Returns the length of the untruncated text.
__attribute__((format(printf, 3, 4))) size_t text_format(char *buffer, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t text_format_v(char *buffer, size_t size, const char *format,
							   va_list arguments);
