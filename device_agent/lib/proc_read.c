// Reads files of /proc/PID as a monitoring service does.
#include "proc_read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "text.h"

int proc_open(pid_t pid, const char *name)
{
	char path[40];
	text_format(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int proc_read(pid_t pid, const char *name)
{
	char buffer[4096];
	int fd = proc_open(pid, name);
	if (fd < 0)
		return -1;
	ssize_t length;
	while ((length = read(fd, buffer, sizeof(buffer))) > 0)
		;
	int error = errno;
	close(fd);
	errno = error;
	return length < 0 ? -1 : 0;
}
