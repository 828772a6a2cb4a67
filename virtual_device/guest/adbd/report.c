// Says on stderr what went wrong, with the reason that errno gives.
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void print(const char *what, va_list arguments, const char *reason)
{
	fputs("lmkd-adbd: ", stderr);
	vfprintf(stderr, what, arguments);
	if (reason != NULL)
		fprintf(stderr, ": %s", reason);
	fputc('\n', stderr);
}

int failed(const char *what, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;
	va_start(arguments, what);
	print(what, arguments, reason);
	va_end(arguments);
	return -1;
}

int refused(const char *what, ...)
{
	va_list arguments;
	va_start(arguments, what);
	print(what, arguments, NULL);
	va_end(arguments);
	return -1;
}
