// Reads folders with getdents64(2) into a buffer on the stack. The entries have the layout of libc's struct dirent.
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BUFFER_SIZE = 4096 };

static int serve(const char *buffer, ssize_t length, int (*action)(const char *name, void *argument),
		 void *argument)
{
	int error = 0;
	for (ssize_t at = 0; at < length;) {
		const struct dirent *entry = (const void *)(buffer + at);
		bool own = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		if (!own && action(entry->d_name, argument) < 0)
			error = errno;
		at += entry->d_reclen;
	}
	return error;
}

int folder_each(const char *path, int (*action)(const char *name, void *argument), void *argument)
{
	_Alignas(struct dirent) char buffer[BUFFER_SIZE];
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int error = 0;
	ssize_t length;
	while ((length = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		int failure = serve(buffer, length, action, argument);
		error = failure != 0 ? failure : error;
	}
	if (length < 0)
		error = errno;
	close(fd);
	errno = error;
	return error == 0 ? 0 : -1;
}
