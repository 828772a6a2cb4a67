// Reads files of /proc as a monitoring service does.
#include "proc_read.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "text.h"

int proc_read(pid_t pid, const char *name)
{
	char path[40];
	char buffer[4096];
	text_format(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
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
