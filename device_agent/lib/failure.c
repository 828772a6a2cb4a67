// Stores the first failure in one buffer, because a program runs one trial or episode at a time.
#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "text.h"

static char text[256];

static void store(const char *format, va_list arguments, const char *reason)
{
	if (text[0] != '\0')
		return;
	size_t used = text_format_v(text, sizeof(text), format, arguments);
	if (reason != NULL && used < sizeof(text))
		text_format(text + used, sizeof(text) - used, ": %s", reason);
}

int failed(const char *action, ...)
{
	const char *reason = strerror(errno);
	va_list arguments;
	va_start(arguments, action);
	store(action, arguments, reason);
	va_end(arguments);
	return -1;
}

int refused(const char *reason, ...)
{
	va_list arguments;
	va_start(arguments, reason);
	store(reason, arguments, NULL);
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
	case EACCES: return "EACCES";
	case EAGAIN: return "EAGAIN";
	case EBADF: return "EBADF";
	case EBUSY: return "EBUSY";
	case ECONNREFUSED: return "ECONNREFUSED";
	case ECONNRESET: return "ECONNRESET";
	case EINTR: return "EINTR";
	case EINVAL: return "EINVAL";
	case ENOENT: return "ENOENT";
	case ENOSYS: return "ENOSYS";
	case EPERM: return "EPERM";
	case ESRCH: return "ESRCH";
	case ETIMEDOUT: return "ETIMEDOUT";
	default:
		text_format(unnamed, sizeof(unnamed), "E%d", error);
		return unnamed;
	}
}
