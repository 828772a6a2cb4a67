// A FUSE server (include/uapi/linux/fuse.h, protocol 7.31) for one file.
#include "slow_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "failure.h"
#include "text.h"
#include "text_file.h"
#include "stall.h"

enum { FILE_NODE = 2, PATH_SIZE = 288, REQUEST_SIZE = FUSE_MIN_READ_BUFFER + 4096 };

#define FILE_NAME "slow"

static struct server {
	int fuse_fd, quit_fd, file_fd;
	int reading_fd; // eventfd: readable once a read waits
	bool running;
	pthread_t thread;
	_Atomic uint64_t read_id; // of the waiting read, or 0
	_Atomic uint32_t read_size;
} server = { .fuse_fd = -1, .quit_fd = -1, .file_fd = -1, .reading_fd = -1 };

static int answer(uint64_t id, int error, const void *body, size_t length)
{
	struct fuse_out_header header = {
		.len = (uint32_t)(sizeof(header) + length), .error = -error, .unique = id
	};
	const struct iovec parts[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (void *)(uintptr_t)body, .iov_len = length },
	};
	return writev(server.fuse_fd, parts, length > 0 ? 2 : 1) < 0 ? -1 : 0;
}

static struct fuse_attr attributes(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? SLOW_READ_SIZE : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0400 : S_IFDIR | 0500,
		.nlink = 1,
	};
}

static int answer_init(const struct fuse_in_header *request)
{
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = SLOW_READ_SIZE,
		.flags = FUSE_ASYNC_READ | FUSE_ASYNC_DIO, // otherwise io_submit() itself would wait
		.max_background = 12,
		.congestion_threshold = 9,
		.max_write = 4096,
	};
	return answer(request->unique, 0, &init, sizeof(init));
}

static int answer_lookup(const struct fuse_in_header *request)
{
	const struct fuse_entry_out entry = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };
	return answer(request->unique, 0, &entry, sizeof(entry));
}

static int answer_getattr(const struct fuse_in_header *request)
{
	const struct fuse_attr_out out = { .attr = attributes(request->nodeid) };
	return answer(request->unique, 0, &out, sizeof(out));
}

static int answer_open(const struct fuse_in_header *request)
{
	const struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };
	return answer(request->unique, 0, &out, sizeof(out));
}

static int keep_read(const struct fuse_in_header *request, const struct fuse_read_in *read)
{
	server.read_size = read->size;
	server.read_id = request->unique;
	eventfd_write(server.reading_fd, 1);
	return 0;
}

static int serve(const struct fuse_in_header *request)
{
	switch (request->opcode) {
	case FUSE_INIT: return answer_init(request);
	case FUSE_LOOKUP: return answer_lookup(request);
	case FUSE_GETATTR: return answer_getattr(request);
	case FUSE_OPEN: return answer_open(request);
	case FUSE_READ: return keep_read(request, (const void *)(request + 1));
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT: return 0; // these have no answer
	case FUSE_FLUSH:
	case FUSE_RELEASE:
	case FUSE_DESTROY: return answer(request->unique, 0, NULL, 0);
	default: return answer(request->unique, ENOSYS, NULL, 0);
	}
}

static bool next_request(void *buffer, size_t size)
{
	struct pollfd events[] = {
		{ .fd = server.fuse_fd, .events = POLLIN },
		{ .fd = server.quit_fd, .events = POLLIN },
	};
	while (poll(events, 2, -1) >= 0 || errno == EINTR) {
		if (events[1].revents != 0)
			return false;
		if (read(server.fuse_fd, buffer, size) >= (ssize_t)sizeof(struct fuse_in_header))
			return true;
		if (errno != EINTR && errno != EAGAIN && errno != ENOENT)
			return false; // ENODEV: the file system is no longer in use
	}
	return false;
}

static void *serve_all(void *unused)
{
	static _Alignas(uint64_t) char request[REQUEST_SIZE];
	prctl(PR_SET_NAME, STALL_COMM);
	while (next_request(request, sizeof(request)))
		serve((const void *)request); // a late answer is rejected and not needed
	return unused;
}

static int mount_at(const char *folder)
{
	char options[96];
	text_format(options, sizeof(options), "fd=%d,rootmode=40500,user_id=0,group_id=0", server.fuse_fd);
	return mount("lmkd-slow", folder, "fuse", MS_NODEV | MS_NOSUID | MS_NOEXEC, options);
}

static int start_server(void)
{
	errno = pthread_create(&server.thread, NULL, serve_all, NULL);
	server.running = errno == 0;
	return server.running ? 0 : failed("start the FUSE server");
}

static int open_file(const char *folder)
{
	char path[PATH_SIZE];
	text_format(path, sizeof(path), "%s/" FILE_NAME, folder);
	server.file_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	return server.file_fd < 0 ? failed("open a FUSE file") : 0;
}

// The file can be opened only through the mount; afterwards only its descriptors refer to it. The server starts after
// the mount, because poll() on an unmounted device reports an error.
static int open_through(const char *folder)
{
	if (mount_at(folder) < 0)
		return failed("mount a FUSE file system");
	int result = start_server() < 0 ? -1 : open_file(folder);
	umount2(folder, MNT_DETACH);
	return result;
}

static int open_device(void)
{
	server.read_id = 0;
	server.fuse_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (server.fuse_fd < 0)
		return failed("open /dev/fuse");
	server.quit_fd = eventfd(0, EFD_CLOEXEC);
	server.reading_fd = eventfd(0, EFD_CLOEXEC);
	return server.quit_fd < 0 || server.reading_fd < 0 ? failed("create an eventfd") : 0;
}

static int open_slow(void)
{
	char base[PATH_SIZE / 2];
	char folder[PATH_SIZE - 32];
	if (own_folder(base, sizeof(base)) < 0 || open_device() < 0)
		return -1;
	text_format(folder, sizeof(folder), "%s/slow-%d", base, (int)getpid());
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return failed("create %s", folder);
	int result = open_through(folder);
	rmdir(folder);
	return result;
}

int slow_file_open(void)
{
	if (open_slow() == 0)
		return server.file_fd;
	slow_file_close();
	return -1;
}

int slow_file_await_read(void)
{
	struct pollfd event = { .fd = server.reading_fd, .events = POLLIN };
	int ready;
	while ((ready = poll(&event, 1, STALL_HANGS_MS)) < 0 && errno == EINTR)
		;
	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? 0 : failed("wait for the victim's read");
}

int slow_file_answer(void)
{
	static char zeros[SLOW_READ_SIZE]; // not const, which would make the program file larger
	uint64_t id = server.read_id;
	if (id == 0)
		return 0;
	server.read_id = 0;
	size_t size = server.read_size < sizeof(zeros) ? server.read_size : sizeof(zeros);
	// ENOENT: the reader has given up
	return answer(id, 0, zeros, size) < 0 && errno != ENOENT ? failed("answer the victim's read") : 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void slow_file_close(void)
{
	if (server.running) {
		eventfd_write(server.quit_fd, 1);
		pthread_join(server.thread, NULL);
	}
	server.running = false;
	// The device before the file: this ends the connection, so that closing the file sends no request.
	close_fd(&server.fuse_fd);
	close_fd(&server.file_fd);
	close_fd(&server.quit_fd);
	close_fd(&server.reading_fd);
}

int slow_file_possible(void)
{
	int fd = slow_file_open();
	if (fd >= 0)
		slow_file_close();
	return fd < 0 ? -1 : 0;
}
