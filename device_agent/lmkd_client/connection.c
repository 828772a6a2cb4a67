// A non-blocking SOCK_SEQPACKET socket. Only ppoll(2) waits, and only there are signals unblocked.
#include "connection.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "stop.h"

int connection_open(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	if (length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return failed("connect to %s", path);
	}
	memcpy(address.sun_path, path, length);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed("make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;
		failed("connect to %s", path);
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int connection_send(int fd, const int32_t *words, size_t count)
{
	uint8_t bytes[4 * PACKET_MAX_WORDS];
	packet_write(bytes, words, count);
	return send(fd, bytes, 4 * count, MSG_NOSIGNAL) < 0 ? failed("send to lmkd") : 0;
}

static enum received take(int fd, bool hung_up, struct arrival *arrival)
{
	uint8_t bytes[PACKET_MAX_RECEIVED];
	ssize_t length = recv(fd, bytes, sizeof(bytes), MSG_TRUNC); // returns the untruncated length
	arrival->seen_ns = now_ns();
	if ((length == 0 && hung_up) || (length < 0 && errno == ECONNRESET))
		return RECEIVED_CLOSED;
	if (length < 0) {
		failed("receive from lmkd");
		return RECEIVED_FAILED;
	}
	arrival->size = (size_t)length;
	packet_read(bytes, arrival->size < sizeof(bytes) ? arrival->size : sizeof(bytes), &arrival->packet);
	return RECEIVED_PACKET;
}

// Whether the watched descriptor has ended; discards its data.
static bool has_ended(const struct pollfd *watched)
{
	char discarded[256];
	return watched->revents != 0 && read(watched->fd, discarded, sizeof(discarded)) <= 0;
}

// The timeout for ppoll() until the deadline, stored in `left`.
static const struct timespec *time_left(int64_t deadline_ns, struct timespec *left)
{
	if (deadline_ns == NO_DEADLINE)
		return NULL;
	int64_t left_ns = deadline_ns - now_ns();
	left_ns = left_ns > 0 ? left_ns : 0;
	left->tv_sec = (time_t)(left_ns / NS_PER_S);
	left->tv_nsec = (long)(left_ns % NS_PER_S);
	return left;
}

enum received connection_receive(int fd, int watched, int64_t deadline_ns, struct arrival *arrival)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = watched, .events = POLLIN } };
		struct timespec left;
		sigset_t none;
		sigemptyset(&none);
		int ready = ppoll(fds, 2, time_left(deadline_ns, &left), &none);
		if (stop_requested())
			return RECEIVED_STOP;
		if (ready == 0)
			return RECEIVED_TIMEOUT;
		if (ready < 0 && errno != EINTR) {
			failed("wait for lmkd");
			return RECEIVED_FAILED;
		}
		if (ready > 0 && fds[0].revents != 0) // first, so that a stop request does not lose a packet
			return take(fd, (fds[0].revents & POLLHUP) != 0, arrival);
		if (ready > 0 && has_ended(&fds[1]))
			return RECEIVED_STOP;
	}
}
