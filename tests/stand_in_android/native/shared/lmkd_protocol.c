// lmkd's control socket: packets of 32-bit integers, big-endian.
#include "lmkd_protocol.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int packet_send(int fd, const int32_t *values, size_t count)
{
	uint32_t packet[PACKET_INTS];
	for (size_t i = 0; i < count && i < PACKET_INTS; i++)
		packet[i] = htonl((uint32_t)values[i]);
	return send(fd, packet, count * sizeof(*packet), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int packet_receive(int fd, int32_t *values, int flags)
{
	uint32_t packet[PACKET_INTS];
	ssize_t length = recv(fd, packet, sizeof(packet), flags);
	if (length <= 0)
		return (int)length;
	for (size_t i = 0; i < (size_t)length / sizeof(*packet); i++)
		values[i] = (int32_t)ntohl(packet[i]);
	return (int)((size_t)length / sizeof(*packet));
}

int lmkd_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}
