// `tcp:`, `localabstract:` and `localfilesystem:`: forwards a socket on the device to the host.
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.h"
#include "service.h"

struct forward {
	int fd; // -1 after the first error
	enum opening opening;
	bool peer_finished;
};

static struct forward *connect_to(const struct sockaddr *address, socklen_t length)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	if (forward == NULL)
		return NULL;
	forward->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (forward->fd >= 0 && connect(forward->fd, address, length) == 0)
		forward->opening = OPEN;
	else if (forward->fd >= 0 && errno == EINPROGRESS)
		forward->opening = OPENING;
	else
		forward->opening = OPENING_FAILED;
	return forward;
}

void *forward_start_tcp(const char *port)
{
	char *end;
	unsigned long number = strtoul(port, &end, 10);
	if (port[0] < '0' || port[0] > '9' || *end != '\0' || number == 0 || number > 65535)
		return NULL;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)number),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	return connect_to((const struct sockaddr *)&address, sizeof(address));
}

void *forward_start_unix(const char *name, bool is_abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);
	size_t at = is_abstract ? 1 : 0; // a zero byte precedes an abstract name
	if (length == 0 || at + length >= sizeof(address.sun_path))
		return NULL;
	memcpy(address.sun_path + at, name, length);
	size_t ends = is_abstract ? at + length : at + length + 1;
	return connect_to((const struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + ends));
}

static enum opening forward_opening(void *self)
{
	struct forward *forward = self;
	int error = 0;
	socklen_t size = sizeof(error);
	struct pollfd state = { .fd = forward->fd, .events = POLLOUT };
	if (forward->opening == OPENING && poll(&state, 1, 0) > 0) {
		bool failed = getsockopt(forward->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0;
		forward->opening = failed ? OPENING_FAILED : OPEN;
	}
	return forward->opening;
}

static size_t forward_take(void *self, const uint8_t *data, size_t length)
{
	struct forward *forward = self;
	size_t done = 0;
	while (done < length && forward->fd >= 0) {
		ssize_t sent = send(forward->fd, data + done, length - done, MSG_NOSIGNAL);
		if (sent >= 0)
			done += (size_t)sent;
		else if (errno == EAGAIN)
			return done;
		else if (errno != EINTR)
			close_fd(&forward->fd);
	}
	return length;
}

static size_t forward_give(void *self, uint8_t *data, size_t room)
{
	struct forward *forward = self;
	if (forward->fd < 0)
		return 0;
	ssize_t got = recv(forward->fd, data, room, 0);
	if (got > 0)
		return (size_t)got;
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		forward->peer_finished = true;
	return 0;
}

static bool forward_ended(void *self)
{
	const struct forward *forward = self;
	return forward->fd < 0 || forward->peer_finished;
}

static void forward_watch(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due)
{
	const struct forward *forward = self;
	bool may_write = data_waits || forward->opening == OPENING;
	bool may_read = may_give && forward->opening == OPEN;
	watch_add(watch, forward->fd, (short)((may_write ? POLLOUT : 0) | (may_read ? POLLIN : 0)), due);
}

static void forward_drop(void *self)
{
	struct forward *forward = self;
	close_fd(&forward->fd);
	free(forward);
}

const struct service forward_service = {
	.opening = forward_opening,
	.take = forward_take,
	.give = forward_give,
	.ended = forward_ended,
	.watch = forward_watch,
	.drop = forward_drop,
	.takes_after_close = true,
};
