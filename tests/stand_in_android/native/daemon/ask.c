// The thin client of the stand-in system_server: prints its answer, on stderr when it refuses.
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "roles.h"

static int call(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SYSTEM_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

int ask_main(int count, char **words)
{
	char text[4096];
	unsigned char status = 1;
	int fd = call();
	if (fd < 0) {
		fprintf(stderr, "the stand-in system_server does not answer: %s\n", strerror(errno));
		return 20;
	}
	for (int i = 1; i < count; i++)
		if (send(fd, words[i], strlen(words[i]) + 1, MSG_NOSIGNAL) < 0)
			return 20;
	if (shutdown(fd, SHUT_WR) < 0 || read(fd, &status, 1) != 1)
		return 20;
	for (ssize_t length; (length = read(fd, text, sizeof(text))) > 0;)
		fwrite(text, 1, (size_t)length, status == 0 ? stdout : stderr);
	return status;
}
