// The tools of every case.
#include "case.h"

#include <errno.h>
#include <string.h>

#include "failure.h"
#include "text.h"

enum { LINE_SIZE = 400 };

static int print(int fd, const char *left, const char *middle, const char *right)
{
	char line[LINE_SIZE];
	size_t length = text_format(line, sizeof(line), "%s%s%s\n", left, middle, right);
	return length < sizeof(line) && write(fd, line, length) == (ssize_t)length ? 0 : -1;
}

_Noreturn void die(const char *action)
{
	print(STDERR_FILENO, action, ": ", strerror(errno));
	_exit(1);
}

_Noreturn void die_failed(void)
{
	print(STDERR_FILENO, failure_text(), "", "");
	_exit(1);
}

_Noreturn void die_impossible(void)
{
	print(STDERR_FILENO, failure_text(), "", "");
	_exit(IMPOSSIBLE);
}

void report(const char *key, const char *value)
{
	if (print(STDOUT_FILENO, key, "=", value) < 0)
		die("write a result");
}

void report_count(const char *key, long count)
{
	char text[24];
	text_format(text, sizeof(text), "%ld", count);
	report(key, text);
}

const char *mrelease(int pidfd, unsigned int flags)
{
	return sys_process_mrelease(pidfd, flags) == 0 ? "0" : errno_name(errno);
}
