// What both stand-in daemons do at their start.
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what)
{
	dprintf(STDERR_FILENO, "stand-in-android: %s: %s\n", what, strerror(errno));
	exit(1);
}

int listen_at(const char *path, int type, unsigned int mode)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		give_up("socket");
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, mode) < 0 ||
	    listen(fd, 16) < 0)
		give_up(path);
	return fd;
}

void go_to_background(const char *name)
{
	pid_t pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid > 0)
		_exit(0);
	int null = open("/dev/null", O_RDWR);
	if (null < 0 || setsid() < 0)
		give_up("go to the background");
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			give_up("leave the terminal");
	if (null > 2)
		close(null);
	prctl(PR_SET_NAME, name);
}
