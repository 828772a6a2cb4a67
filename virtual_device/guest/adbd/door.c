// Opens the Unix socket or the console port, and detects new hosts.
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "report.h"

static int listener = -1;
static char socket_path[sizeof(((struct sockaddr_un *)0)->sun_path)];

static int console = -1;
// A port without a host is always "hung up", so poll() would always return immediately. An edge-triggered epoll reports
// the change, and its own descriptor can be polled.
static int console_edge = -1;

static int check_folder(const char *path)
{
	char copy[sizeof(socket_path)];
	snprintf(copy, sizeof(copy), "%s", path);
	const char *folder = dirname(copy);
	struct stat status;
	if (stat(folder, &status) < 0)
		return failed("stat the folder %s", folder);
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid() || (status.st_mode & 077) != 0)
		return refused("the folder %s must be yours and of mode 0700: whoever reaches the socket "
			       "gets a shell", folder);
	return 0;
}

// A socket file remains after its daemon is killed; if a connection succeeds, it is in use.
static int remove_stale(const struct sockaddr_un *address)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return failed("make a socket");
	bool answered = connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN;
	close(probe);
	if (answered)
		return refused("another daemon listens on %s", address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return failed("remove the old %s", address->sun_path);
	return 0;
}

static int bind_private(const struct sockaddr_un *address)
{
	mode_t old = umask(0177);
	int result = bind(listener, (const struct sockaddr *)address, sizeof(*address));
	umask(old);
	if (result < 0 || listen(listener, 4) < 0)
		return failed("listen on %s", address->sun_path);
	return 0;
}

int door_open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address.sun_path))
		return refused("the path %s is longer than the %zu bytes that a Unix socket may have", path,
			       sizeof(address.sun_path) - 1);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (check_folder(path) < 0 || remove_stale(&address) < 0)
		return -1;
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0)
		return failed("make a socket");
	if (bind_private(&address) < 0)
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s", path);
	return 0;
}

int door_open_console(const char *path)
{
	struct epoll_event edge = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	console = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (console < 0)
		return failed("open the port %s", path);
	console_edge = epoll_create1(EPOLL_CLOEXEC);
	if (console_edge < 0 || epoll_ctl(console_edge, EPOLL_CTL_ADD, console, &edge) < 0)
		return failed("watch the port %s", path);
	return 0;
}

bool door_is_console(void)
{
	return console >= 0;
}

void door_watch(struct watch *watch, bool host_attached, bool *due)
{
	watch_add(watch, listener, POLLIN, due);
	if (!host_attached)
		watch_add(watch, console_edge, POLLIN, due);
}

static bool has_hung_up(int fd)
{
	struct pollfd state = { .fd = fd, .events = POLLRDHUP };
	return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
}

static int admit_console(int current_fd)
{
	struct epoll_event edge;
	// Reading the event rearms the edge before the check of the state, so that no change is missed.
	epoll_wait(console_edge, &edge, 1, 0);
	return current_fd < 0 && !has_hung_up(console) ? console : -1;
}

int door_admit(int current_fd)
{
	if (door_is_console())
		return admit_console(current_fd);
	int host = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (host < 0 || current_fd < 0 || has_hung_up(current_fd))
		return host;
	close(host);
	return -1;
}

void door_release(int fd)
{
	if (fd != console)
		close(fd);
}

void door_close(void)
{
	if (listener >= 0)
		unlink(socket_path);
}
