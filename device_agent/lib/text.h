// Text without libc's printf, which with its floating point would be a quarter of the agent.
#pragma once

#include <stdarg.h>
#include <stddef.h>

// As snprintf(3), for %s %.Ns %c %d %u %ld %lld %zu %04x %% only; anything else is a bug and shown as "%?".
// Returns the length that the whole text has.
__attribute__((format(printf, 3, 4))) size_t text_format(char *buffer, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t text_format_v(char *buffer, size_t size, const char *format,
							   va_list arguments);
