// The stand-in system_server's connection to lmkd (AOSP ProcessList.java, LmkdConnection.java).
#include "link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lmkd_protocol.h"

static int fd = -1;

static void close_link(void)
{
	close(fd);
	fd = -1;
}

static void tell(const int32_t *values, size_t count)
{
	if (fd >= 0 && packet_send(fd, values, count) < 0)
		close_link();
}

bool link_open(void)
{
	if (fd >= 0)
		return false;
	fd = lmkd_connect(LMKD_SOCKET);
	if (fd < 0)
		return false;
	tell((const int32_t[]){ LMK_PROCPURGE }, 1);
	tell((const int32_t[]){ LMK_SUBSCRIBE, LMK_EVENT_KILL }, 2);
	tell((const int32_t[]){ LMK_SUBSCRIBE, LMK_EVENT_STAT }, 2);
	return fd >= 0;
}

int link_fd(void)
{
	return fd;
}

void link_set_adj(pid_t pid, uid_t uid, int adj)
{
	tell((const int32_t[]){ LMK_PROCPRIO, pid, (int32_t)uid, adj, 0 }, 5);
}

void link_forget(pid_t pid)
{
	tell((const int32_t[]){ LMK_PROCREMOVE, pid }, 2);
}

struct kill_told link_next_kill(void)
{
	int32_t values[PACKET_INTS];
	while (fd >= 0) {
		int count = packet_receive(fd, values, MSG_DONTWAIT);
		if (count >= 4 && values[0] == LMK_PROCKILL)
			return (struct kill_told){ values[1], values[3] };
		if (count < 0 && errno == EAGAIN)
			break;
		if (count <= 0)
			close_link();
	}
	return (struct kill_told){ 0 };
}
