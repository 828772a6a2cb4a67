// `sync:`: stats, lists, sends and receives files. A stream carries one request after the other; the data of a request
// arrives in pieces of any size, so each step of the dialogue is a state.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "fd.h"
#include "receiver.h"
#include "service.h"
#include "sync_wire.h"

enum sync_state {
	AWAITS_REQUEST,
	AWAITS_PATH,
	AWAITS_CHUNK, // SEND: the header of the next DATA, or DONE
	IN_CHUNK,
	LISTING,
	GIVING_FILE, // RECV
	ENDED,
};

// Room for the longest answer of take(): a FAIL with its text.
#define ANSWER_MAX (SYNC_HEADER + 320u)

struct sync {
	enum sync_state state;
	enum sync_word request;
	// The incomplete header or path.
	uint8_t gathered[SYNC_PATH_MAX];
	size_t gathered_used;
	size_t wanted;
	char path[SYNC_PATH_MAX + 1];
	struct receiver *receiver; // SEND
	uint32_t chunk_left;
	DIR *folder; // LIST
	int file; // RECV
	uint8_t answer[ANSWER_MAX];
	size_t answer_used;
};

void *sync_start(void)
{
	struct sync *sync = calloc(1, sizeof(*sync));
	if (sync == NULL)
		return NULL;
	sync->file = -1;
	sync->wanted = SYNC_HEADER;
	return sync;
}

static void await(struct sync *sync, enum sync_state state, size_t bytes)
{
	sync->state = state;
	sync->wanted = bytes;
	sync->gathered_used = 0;
}

static void await_request(struct sync *sync)
{
	await(sync, AWAITS_REQUEST, SYNC_HEADER);
}

static void answer(struct sync *sync, enum sync_word word)
{
	sync->answer_used += sync_put_header(sync->answer + sync->answer_used, word, 0);
}

static void answer_fail(struct sync *sync, const char *what, int error)
{
	char text[ANSWER_MAX - SYNC_HEADER];
	int length = error == 0 ? snprintf(text, sizeof(text), "%s", what) :
				  snprintf(text, sizeof(text), "%s: %s", what, strerror(error));
	uint8_t *at = sync->answer + sync->answer_used;
	sync_put_header(at, SYNC_FAIL, (uint32_t)length);
	memcpy(at + SYNC_HEADER, text, (size_t)length);
	sync->answer_used += SYNC_HEADER + (size_t)length;
}

// A failed transfer ends the stream, as in Android's daemon: the host opens a new one.
static void fail(struct sync *sync, const char *what, int error)
{
	answer_fail(sync, what, error);
	sync->state = ENDED;
}

static void answer_stat(struct sync *sync)
{
	struct stat status;
	uint8_t *at = sync->answer + sync->answer_used;
	int result = sync->request == SYNC_STA2 ? stat(sync->path, &status) : lstat(sync->path, &status);
	const struct stat *found = result == 0 ? &status : NULL;
	if (sync->request == SYNC_STAT)
		sync->answer_used += sync_put_stat(at, found);
	else
		sync->answer_used += sync_put_stat2(at, sync->request, found, result == 0 ? 0 : errno);
	await_request(sync);
}

// An unreadable folder gives an empty list: the protocol has no other answer.
static void begin_list(struct sync *sync)
{
	sync->folder = opendir(sync->path);
	sync->state = LISTING;
}

static void begin_receive(struct sync *sync)
{
	// O_NONBLOCK: a FIFO or a terminal must not block the daemon.
	sync->file = open(sync->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (sync->file < 0)
		fail(sync, "open failed", errno);
	else
		sync->state = GIVING_FILE;
}

// "/data/local/tmp/agent,33261": the mode follows the last comma.
static void begin_send(struct sync *sync)
{
	char *end;
	char *comma = strrchr(sync->path, ',');
	if (comma == NULL || comma[1] < '0' || comma[1] > '9') {
		fail(sync, "SEND lacks the file's mode", 0);
		return;
	}
	*comma = '\0';
	unsigned long mode = strtoul(comma + 1, &end, 0);
	sync->receiver = *end == '\0' ? receiver_begin(sync->path, (mode_t)mode) : NULL;
	if (sync->receiver == NULL) {
		fail(sync, "SEND cannot begin", *end == '\0' ? errno : EINVAL);
		return;
	}
	if (receiver_failure(sync->receiver) != NULL)
		answer_fail(sync, receiver_failure(sync->receiver), receiver_error(sync->receiver));
	await(sync, AWAITS_CHUNK, SYNC_HEADER);
}

static void begin(struct sync *sync)
{
	switch (sync->request) {
	case SYNC_STAT:
	case SYNC_STA2:
	case SYNC_LST2:
		answer_stat(sync);
		break;
	case SYNC_LIST:
	case SYNC_LIS2:
		begin_list(sync);
		break;
	case SYNC_RECV:
		begin_receive(sync);
		break;
	case SYNC_SEND:
		begin_send(sync);
		break;
	case SYNC_QUIT:
		sync->state = ENDED;
		break;
	default:
		fail(sync, "unknown request", 0);
	}
}

static void take_request(struct sync *sync)
{
	uint32_t length = get_u32(sync->gathered + 4);
	sync->request = (enum sync_word)get_u32(sync->gathered);
	if (length > SYNC_PATH_MAX)
		fail(sync, "path too long", 0);
	else
		await(sync, AWAITS_PATH, length);
}

static void take_path(struct sync *sync)
{
	memcpy(sync->path, sync->gathered, sync->wanted);
	sync->path[sync->wanted] = '\0';
	begin(sync);
}

static void end_send(struct sync *sync, uint32_t modified_s)
{
	bool had_failed = receiver_failure(sync->receiver) != NULL;
	receiver_commit(sync->receiver, modified_s);
	const char *failure = receiver_failure(sync->receiver);
	int error = receiver_error(sync->receiver);
	receiver_drop(sync->receiver);
	sync->receiver = NULL;
	await_request(sync);
	if (failure == NULL)
		answer(sync, SYNC_OKAY);
	else if (had_failed)
		sync->state = ENDED; // the FAIL has been sent already; the host has now sent all of its data
	else
		fail(sync, failure, error);
}

static void take_chunk_header(struct sync *sync)
{
	uint32_t word = get_u32(sync->gathered);
	uint32_t number = get_u32(sync->gathered + 4);
	if (word == SYNC_DONE)
		end_send(sync, number);
	else if (word != SYNC_DATA || number > SYNC_DATA_MAX)
		fail(sync, "neither DATA of at most 64 KB nor DONE", 0);
	else if (number > 0) {
		sync->chunk_left = number;
		sync->state = IN_CHUNK;
	} else
		await(sync, AWAITS_CHUNK, SYNC_HEADER);
}

static size_t take_chunk(struct sync *sync, const uint8_t *data, size_t length)
{
	size_t part = length < sync->chunk_left ? length : sync->chunk_left;
	bool had_failed = receiver_failure(sync->receiver) != NULL;
	receiver_write(sync->receiver, data, part);
	if (!had_failed && receiver_failure(sync->receiver) != NULL)
		answer_fail(sync, receiver_failure(sync->receiver), receiver_error(sync->receiver));
	sync->chunk_left -= (uint32_t)part;
	if (sync->chunk_left == 0)
		await(sync, AWAITS_CHUNK, SYNC_HEADER);
	return part;
}

static size_t gather(struct sync *sync, const uint8_t *data, size_t length)
{
	size_t missing = sync->wanted - sync->gathered_used;
	size_t part = length < missing ? length : missing;
	memcpy(sync->gathered + sync->gathered_used, data, part);
	sync->gathered_used += part;
	return part;
}

static void gathered(struct sync *sync)
{
	if (sync->state == AWAITS_REQUEST)
		take_request(sync);
	else if (sync->state == AWAITS_PATH)
		take_path(sync);
	else
		take_chunk_header(sync);
}

// Each step may make one answer; while an answer is pending, this takes no more data.
static size_t sync_take(void *self, const uint8_t *data, size_t length)
{
	struct sync *sync = self;
	size_t done = 0;
	while (sync->answer_used == 0 && sync->state != LISTING && sync->state != GIVING_FILE) {
		bool waits_for_nothing = sync->state == AWAITS_PATH && sync->wanted == 0;
		if (sync->state == ENDED)
			return length;
		if (done == length && !waits_for_nothing)
			break;
		if (sync->state == IN_CHUNK) {
			done += take_chunk(sync, data + done, length - done);
			continue;
		}
		done += gather(sync, data + done, length - done);
		if (sync->gathered_used == sync->wanted)
			gathered(sync);
	}
	return done;
}

static size_t give_answer(struct sync *sync, uint8_t *data, size_t room)
{
	size_t given = sync->answer_used < room ? sync->answer_used : room;
	memcpy(data, sync->answer, given);
	sync->answer_used -= given;
	memmove(sync->answer, sync->answer + given, sync->answer_used);
	return given;
}

static enum sync_word entry_word(const struct sync *sync)
{
	return sync->request == SYNC_LIS2 ? SYNC_DNT2 : SYNC_DENT;
}

static size_t give_list_end(struct sync *sync, uint8_t *data)
{
	if (sync->folder != NULL)
		closedir(sync->folder);
	sync->folder = NULL;
	await_request(sync);
	return sync_put_list_end(data, entry_word(sync));
}

static size_t give_entry(struct sync *sync, const char *name, uint8_t *data)
{
	struct stat status;
	bool found = fstatat(dirfd(sync->folder), name, &status, AT_SYMLINK_NOFOLLOW) == 0;
	if (!found && entry_word(sync) == SYNC_DENT)
		return 0; // removed meanwhile; the old layout cannot report that
	return sync_put_entry(data, entry_word(sync), found ? &status : NULL, found ? 0 : errno, name);
}

static size_t give_list(struct sync *sync, uint8_t *data, size_t room)
{
	size_t used = 0;
	while (sync->state == LISTING && room - used >= SYNC_ENTRY_MAX) {
		const struct dirent *entry = sync->folder == NULL ? NULL : readdir(sync->folder);
		if (entry == NULL)
			used += give_list_end(sync, data + used);
		else
			used += give_entry(sync, entry->d_name, data + used);
	}
	return used;
}

// Makes one DATA, the DONE at the end of the file, or the FAIL on an error.
static size_t give_chunk(struct sync *sync, uint8_t *data, size_t room)
{
	size_t most = room - SYNC_HEADER < SYNC_DATA_MAX ? room - SYNC_HEADER : SYNC_DATA_MAX;
	ssize_t got = read(sync->file, data + SYNC_HEADER, most);
	if (got > 0)
		return sync_put_header(data, SYNC_DATA, (uint32_t)got) + (size_t)got;
	if (got < 0 && errno == EINTR)
		return 0;
	int error = got < 0 ? errno : 0;
	close_fd(&sync->file);
	await_request(sync);
	if (error == 0)
		return sync_put_header(data, SYNC_DONE, 0);
	fail(sync, "read failed", error);
	return give_answer(sync, data, room);
}

static size_t give_file(struct sync *sync, uint8_t *data, size_t room)
{
	size_t used = 0;
	while (sync->state == GIVING_FILE && room - used >= ANSWER_MAX)
		used += give_chunk(sync, data + used, room - used);
	return used;
}

static size_t sync_give(void *self, uint8_t *data, size_t room)
{
	struct sync *sync = self;
	size_t used = give_answer(sync, data, room);
	if (sync->state == LISTING)
		used += give_list(sync, data + used, room - used);
	else if (sync->state == GIVING_FILE)
		used += give_file(sync, data + used, room - used);
	return used;
}

static bool sync_ended(void *self)
{
	const struct sync *sync = self;
	return sync->state == ENDED && sync->answer_used == 0;
}

// Files are always ready: a transfer continues whenever the host accepts more.
static void sync_watch(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due)
{
	(void)self;
	(void)watch;
	(void)data_waits;
	(void)may_give;
	(void)due;
}

static void sync_drop(void *self)
{
	struct sync *sync = self;
	if (sync->receiver != NULL)
		receiver_drop(sync->receiver);
	if (sync->folder != NULL)
		closedir(sync->folder);
	close_fd(&sync->file);
	free(sync);
}

const struct service sync_service = {
	.take = sync_take,
	.give = sync_give,
	.ended = sync_ended,
	.watch = sync_watch,
	.drop = sync_drop,
};
