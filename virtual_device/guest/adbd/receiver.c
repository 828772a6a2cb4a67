// Creates the file that the host sends.
#include "receiver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct receiver {
	char path[PATH_MAX];
	mode_t mode;
	int file; // -1 for a link
	bool made; // by this daemon, which may remove it
	bool committed;
	const char *failure;
	int error;
	char target[PATH_MAX]; // of a link, collected from the data
	size_t target_used;
};

static void fail(struct receiver *receiver, const char *what)
{
	if (receiver->failure == NULL) {
		receiver->failure = what;
		receiver->error = errno;
	}
}

// Creates every parent folder of `path`.
static int make_folders(const char *path)
{
	char prefix[PATH_MAX];
	if (path[0] == '\0')
		return -1;
	for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - path), path);
		if (mkdir(prefix, 0775) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int create(const char *path, mode_t mode)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0777);
}

// A device or FIFO is written to, not replaced. O_NONBLOCK prevents a FIFO without a reader from blocking the daemon.
static int open_existing(const char *path)
{
	return open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static void open_file(struct receiver *receiver)
{
	receiver->file = create(receiver->path, receiver->mode);
	if (receiver->file < 0 && errno == ENOENT && make_folders(receiver->path) == 0)
		receiver->file = create(receiver->path, receiver->mode);
	receiver->made = receiver->file >= 0;
	if (receiver->file < 0 && errno == EEXIST)
		receiver->file = open_existing(receiver->path);
	if (receiver->file < 0)
		fail(receiver, "couldn't create file");
	else if (receiver->made && fchmod(receiver->file, receiver->mode & 0777) < 0)
		fail(receiver, "couldn't set the file's mode");
}

static void remove_old(const char *path, mode_t mode)
{
	struct stat status;
	if (lstat(path, &status) == 0 && (S_ISREG(status.st_mode) || (S_ISLNK(status.st_mode) && !S_ISLNK(mode))))
		unlink(path); // if this fails, creating the new file fails and reports the reason
}

struct receiver *receiver_begin(const char *path, mode_t mode)
{
	struct receiver *receiver = calloc(1, sizeof(*receiver));
	if (receiver == NULL)
		return NULL;
	snprintf(receiver->path, sizeof(receiver->path), "%s", path);
	receiver->mode = mode;
	receiver->file = -1;
	remove_old(path, mode);
	if (!S_ISLNK(mode))
		open_file(receiver);
	return receiver;
}

static void write_file(struct receiver *receiver, const uint8_t *data, size_t length)
{
	for (size_t done = 0; done < length && receiver->failure == NULL;) {
		ssize_t written = write(receiver->file, data + done, length - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno != EINTR)
			fail(receiver, "write failed");
	}
}

static void gather_target(struct receiver *receiver, const uint8_t *data, size_t length)
{
	if (receiver->target_used + length >= sizeof(receiver->target)) {
		errno = ENAMETOOLONG;
		fail(receiver, "symlink failed");
		return;
	}
	memcpy(receiver->target + receiver->target_used, data, length);
	receiver->target_used += length;
}

void receiver_write(struct receiver *receiver, const uint8_t *data, size_t length)
{
	if (receiver->failure != NULL)
		return;
	if (S_ISLNK(receiver->mode))
		gather_target(receiver, data, length);
	else
		write_file(receiver, data, length);
}

static void make_link(struct receiver *receiver)
{
	if (unlink(receiver->path) < 0 && errno != ENOENT) {
		fail(receiver, "symlink failed");
		return;
	}
	if (symlink(receiver->target, receiver->path) == 0)
		return;
	if (errno == ENOENT && make_folders(receiver->path) == 0 && symlink(receiver->target, receiver->path) == 0)
		return;
	fail(receiver, "symlink failed");
}

static int close_file(struct receiver *receiver)
{
	int result = receiver->file >= 0 ? close(receiver->file) : 0;
	receiver->file = -1;
	return result;
}

void receiver_commit(struct receiver *receiver, uint32_t modified_s)
{
	const struct timespec time = { .tv_sec = (time_t)modified_s };
	const struct timespec times[2] = { time, time };
	if (receiver->failure == NULL && S_ISLNK(receiver->mode))
		make_link(receiver);
	if (close_file(receiver) < 0)
		fail(receiver, "write failed");
	if (receiver->failure != NULL)
		return;
	// Not an error: some file systems do not store times, and those of device nodes do not matter.
	utimensat(AT_FDCWD, receiver->path, times, AT_SYMLINK_NOFOLLOW);
	receiver->committed = true;
}

const char *receiver_failure(const struct receiver *receiver)
{
	return receiver->failure;
}

int receiver_error(const struct receiver *receiver)
{
	return receiver->error;
}

void receiver_drop(struct receiver *receiver)
{
	close_file(receiver);
	if (receiver->made && !receiver->committed)
		unlink(receiver->path);
	free(receiver);
}
