// Locks by flock(2): the kernel releases the lock when the process ends in any way.
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "failure.h"
#include "text.h"
#include "text_file.h"

// Reports the lock holder and preserves errno.
static int report_holder(const char *path)
{
	int error = errno;
	char text[16] = "";
	long pid = read_text(path, text, sizeof(text)) < 0 ? 0 : strtol(text, NULL, 10);
	failure_clear();
	if (error != EWOULDBLOCK) {
		errno = error;
		failed("lock %s", path);
	} else if (pid > 0) {
		refused("process %ld holds the lock %s: it is connected to lmkd", pid, path);
	} else {
		refused("another process holds the lock %s", path);
	}
	errno = error;
	return -1;
}

int lock_take(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return failed("open the lock %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		report_holder(path);
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	char pid[16];
	size_t length = text_format(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || write(fd, pid, length) != (ssize_t)length)
		return failed("write to the lock %s", path);
	return 0;
}
