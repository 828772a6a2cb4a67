// Stand-in for liblog: a file a buffer, lines as `logcat -v epoch` prints them.
#include "log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 4096, PATH_SIZE = 256 };

static const char *folder = LOG_FOLDER;

void log_into(const char *other)
{
	folder = other;
}

static size_t at_most(int length, size_t size)
{
	return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

void log_line(const char *buffer, char level, const char *tag, const char *format, ...)
{
	char line[LINE_SIZE], path[PATH_SIZE];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	size_t used = at_most(snprintf(line, sizeof(line), "%10lld.%03ld %5d %5ld %c %-8s: ",
				       (long long)now.tv_sec, now.tv_nsec / 1000000, (int)getpid(),
				       syscall(SYS_gettid), level, tag),
			      sizeof(line));
	va_list arguments;
	va_start(arguments, format);
	used += at_most(vsnprintf(line + used, sizeof(line) - used, format, arguments), sizeof(line) - used);
	va_end(arguments);
	for (size_t i = 0; i < used; i++)
		if (line[i] == '\n')
			line[i] = ' ';
	line[used++] = '\n';
	snprintf(path, sizeof(path), "%s/%s", folder, buffer);
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (write(fd, line, used) < 0)
		dprintf(STDERR_FILENO, "stand-in log: a line is lost\n");
	close(fd);
}
