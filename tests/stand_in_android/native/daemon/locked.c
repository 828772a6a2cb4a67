// locked FILE COMMAND...: runs the command while nobody else runs one under the same file's lock, as flock(1) does.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "roles.h"

int locked_main(int count, char **words)
{
	if (count < 3)
		return 2;
	int fd = open(words[1], O_RDWR | O_CREAT, 0600); // the command inherits it, and with it the lock
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		execvp(words[2], words + 2);
	fprintf(stderr, "locked %s: %s\n", words[1], strerror(errno));
	return 1;
}
