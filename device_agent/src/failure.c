// The first failure, as text. One buffer: the agent does one thing at a time.
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char text[256];

static void note(const char *what, va_list arguments, const char *reason)
{
	if (text[0] != '\0')
		return;
	int length = vsnprintf(text, sizeof(text), what, arguments);
	size_t used = length < 0 ? 0 : (size_t)length;
	if (reason != NULL && used < sizeof(text))
		snprintf(text + used, sizeof(text) - used, ": %s", reason);
}

int failed(const char *what, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;
	va_start(arguments, what);
	note(what, arguments, reason);
	va_end(arguments);
	return -1;
}

int refused(const char *what, ...)
{
	va_list arguments;
	va_start(arguments, what);
	note(what, arguments, NULL);
	va_end(arguments);
	return -1;
}

const char *failure_text(void)
{
	return text;
}

void failure_clear(void)
{
	text[0] = '\0';
}

const char *errno_name(int error)
{
	static char unnamed[16];
	switch (error) {
	case 0: return "";
	case EAGAIN: return "EAGAIN";
	case EBADF: return "EBADF";
	case EBUSY: return "EBUSY";
	case EINTR: return "EINTR";
	case EINVAL: return "EINVAL";
	case ENOSYS: return "ENOSYS";
	case EPERM: return "EPERM";
	case ESRCH: return "ESRCH";
	default:
		snprintf(unnamed, sizeof(unnamed), "E%d", error);
		return unnamed;
	}
}
