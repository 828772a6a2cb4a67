// Compares text_format() with libc's snprintf() for every directive and prints the differences.
#pragma GCC diagnostic ignored "-Wformat-truncation" // two of the cases test truncation
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static int wrong;

#define SAME(size, ...)                                                                                          \
	do {                                                                                                     \
		char ours[64] = "", libcs[64] = "";                                                              \
		size_t length = text_format(ours, size, __VA_ARGS__);                                            \
		int expected = snprintf(libcs, size, __VA_ARGS__);                                               \
		if (strcmp(ours, libcs) != 0 || length != (size_t)expected) {                                    \
			printf("\"%s\" (%zu) is not \"%s\" (%d)\n", ours, length, libcs, expected);              \
			wrong = 1;                                                                               \
		}                                                                                                \
	} while (0)

int main(void)
{
	SAME(64, "plain 100%%");
	SAME(64, "%s|%s", "", "text");
	SAME(64, "%.3s|%.0s|%.9s", "abcdef", "gone", "short");
	SAME(64, "%c%c", 'x', '"');
	SAME(64, "%d %d %d %d", 0, -1, INT_MIN, INT_MAX);
	SAME(64, "%lld %lld", LLONG_MIN, LLONG_MAX);
	SAME(64, "%ld %lu", LONG_MIN, ULONG_MAX);
	SAME(64, "%u %zu", UINT_MAX, SIZE_MAX);
	SAME(64, "\\u%04x %04x %x", 0xau, 0xfffdu, 0x123456u);
	SAME(6, "cut %s", "here");
	SAME(1, "nothing fits");
	return wrong;
}
