// Prints failures on stderr.
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print(const char *format, va_list arguments, const char *reason)
{
	fputs("lmkd-adbd: ", stderr);
	vfprintf(stderr, format, arguments);
	if (reason != NULL)
		fprintf(stderr, ": %s", reason);
	fputc('\n', stderr);
}

int failed(const char *action, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;
	va_start(arguments, action);
	print(action, arguments, reason);
	va_end(arguments);
	return -1;
}

int refused(const char *reason, ...)
{
	va_list arguments;
	va_start(arguments, reason);
	print(reason, arguments, NULL);
	va_end(arguments);
	return -1;
}
