// `shell:` and `exec:`: transfers the standard streams of a command, plain or (shell_v2) in small packets: one byte for
// the stream, four for the length, then the data.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bytes.h"
#include "child.h"
#include "fd.h"
#include "service.h"

enum shell_packet {
	SHELL_STDIN = 0,
	SHELL_STDOUT = 1,
	SHELL_STDERR = 2,
	SHELL_EXIT = 3,
	SHELL_CLOSE_STDIN = 4,
	SHELL_WINDOW_SIZE = 5,
};

#define SHELL_HEADER 5u
// The default capacity of a pipe, the most that one read returns.
#define READ_MAX (64u * 1024u)

struct shell {
	struct child child;
	bool in_packets;
	bool on_terminal;
	bool exited;
	// The incomplete packet of the host.
	uint8_t header[SHELL_HEADER];
	size_t header_used;
	uint32_t data_left;
	char window[64];
	size_t window_used;
};

static bool has_option(const char *options, const char *wanted)
{
	size_t length = strlen(wanted);
	for (const char *at = options; at != NULL; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, wanted, length) == 0 && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

// "TERM=xterm" -> "xterm"; false if it is absent.
static bool find_terminal_type(const char *options, char *type, size_t size)
{
	const char *at = strstr(options, "TERM=");
	if (at == NULL)
		return false;
	at += strlen("TERM=");
	snprintf(type, size, "%.*s", (int)strcspn(at, ","), at);
	return true;
}

void *shell_start(const char *options, const char *command)
{
	char type[64];
	bool typed = find_terminal_type(options, type, sizeof(type));
	struct shell *shell = calloc(1, sizeof(*shell));
	if (shell == NULL)
		return NULL;
	shell->in_packets = has_option(options, "v2");
	shell->on_terminal = has_option(options, "pty") || (command[0] == '\0' && !has_option(options, "raw"));
	if (child_start(&shell->child, command, typed ? type : NULL,
			shell->on_terminal ? WITH_TERMINAL : WITHOUT_TERMINAL,
			shell->in_packets ? OWN_ERRORS : ERRORS_IN_OUTPUT) < 0) {
		free(shell);
		return NULL;
	}
	return shell;
}

// Returns the number of bytes consumed. Data for a program that has closed its input is discarded.
static size_t feed(struct shell *shell, const uint8_t *data, size_t length)
{
	size_t done = 0;
	while (done < length && shell->child.input >= 0) {
		ssize_t written = write(shell->child.input, data + done, length - done);
		if (written >= 0)
			done += (size_t)written;
		else if (errno == EAGAIN)
			return done;
		else if (errno != EINTR)
			close_fd(&shell->child.input);
	}
	return length;
}

// "24x80,0x0": rows, columns, and pixels, which are not used here.
static void set_window_size(struct shell *shell)
{
	struct winsize size = { 0 };
	shell->window[shell->window_used] = '\0';
	if (sscanf(shell->window, "%hux%hu,%hux%hu", &size.ws_row, &size.ws_col, &size.ws_xpixel,
		   &size.ws_ypixel) == 4 && shell->on_terminal && shell->child.input >= 0)
		ioctl(shell->child.input, TIOCSWINSZ, &size); // on failure the old size remains, which is acceptable
	shell->window_used = 0;
}

static void gather_window_size(struct shell *shell, const uint8_t *data, size_t length)
{
	size_t room = sizeof(shell->window) - 1 - shell->window_used;
	size_t taken = length < room ? length : room;
	memcpy(shell->window + shell->window_used, data, taken);
	shell->window_used += taken;
}

static void finish_packet(struct shell *shell)
{
	if (shell->header[0] == SHELL_WINDOW_SIZE)
		set_window_size(shell);
	if (shell->header[0] == SHELL_CLOSE_STDIN && !shell->on_terminal)
		close_fd(&shell->child.input);
	shell->header_used = 0;
}

static size_t take_header(struct shell *shell, const uint8_t *data, size_t length)
{
	size_t missing = SHELL_HEADER - shell->header_used;
	size_t taken = length < missing ? length : missing;
	memcpy(shell->header + shell->header_used, data, taken);
	shell->header_used += taken;
	if (shell->header_used == SHELL_HEADER)
		shell->data_left = get_u32(shell->header + 1);
	return taken;
}

static size_t take_data(struct shell *shell, const uint8_t *data, size_t length)
{
	size_t part = length < shell->data_left ? length : shell->data_left;
	if (shell->header[0] == SHELL_STDIN)
		part = feed(shell, data, part);
	else if (shell->header[0] == SHELL_WINDOW_SIZE)
		gather_window_size(shell, data, part);
	shell->data_left -= (uint32_t)part;
	return part;
}

static size_t take_packets(struct shell *shell, const uint8_t *data, size_t length)
{
	size_t done = 0;
	while (done < length) {
		size_t taken;
		if (shell->header_used < SHELL_HEADER)
			taken = take_header(shell, data + done, length - done);
		else
			taken = take_data(shell, data + done, length - done);
		done += taken;
		if (shell->header_used == SHELL_HEADER && shell->data_left == 0)
			finish_packet(shell);
		else if (taken == 0)
			break;
	}
	return done;
}

static size_t shell_take(void *self, const uint8_t *data, size_t length)
{
	struct shell *shell = self;
	return shell->in_packets ? take_packets(shell, data, length) : feed(shell, data, length);
}

// Reads the available data; closes the stream at its end (EIO on a terminal).
static size_t read_available(int *fd, uint8_t *data, size_t room)
{
	if (*fd < 0)
		return 0;
	ssize_t got = read(*fd, data, room < READ_MAX ? room : READ_MAX);
	if (got > 0)
		return (size_t)got;
	if (got == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
	return 0;
}

static size_t wrap(uint8_t *packet, enum shell_packet kind, size_t length)
{
	packet[0] = (uint8_t)kind;
	put_u32(packet + 1, (uint32_t)length);
	return SHELL_HEADER + length;
}

static size_t give_stream(int *fd, enum shell_packet kind, uint8_t *data, size_t room)
{
	if (room <= SHELL_HEADER)
		return 0;
	size_t got = read_available(fd, data + SHELL_HEADER, room - SHELL_HEADER);
	return got == 0 ? 0 : wrap(data, kind, got);
}

static bool output_ended(const struct shell *shell)
{
	return shell->child.output < 0 && shell->child.errors < 0;
}

// Only after the end of its output: its background processes may still write.
static size_t give_exit(struct shell *shell, uint8_t *data)
{
	int status;
	if (shell->exited || !output_ended(shell) || !child_ended(&shell->child, &status))
		return 0;
	shell->exited = true;
	if (!shell->in_packets)
		return 0;
	data[SHELL_HEADER] = (uint8_t)status;
	return wrap(data, SHELL_EXIT, 1);
}

static size_t give_output(struct shell *shell, uint8_t *data, size_t room)
{
	if (!shell->in_packets)
		return read_available(&shell->child.output, data, room);
	size_t used = give_stream(&shell->child.output, SHELL_STDOUT, data, room);
	return used + give_stream(&shell->child.errors, SHELL_STDERR, data + used, room - used);
}

static size_t shell_give(void *self, uint8_t *data, size_t room)
{
	struct shell *shell = self;
	size_t used = give_output(shell, data, room);
	return used > 0 ? used : give_exit(shell, data);
}

static bool shell_ended(void *self)
{
	const struct shell *shell = self;
	return shell->exited;
}

static void shell_watch(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due)
{
	const struct shell *shell = self;
	watch_add(watch, shell->child.input, data_waits ? POLLOUT : 0, due);
	watch_add(watch, shell->child.output, may_give ? POLLIN : 0, due);
	watch_add(watch, shell->child.errors, may_give ? POLLIN : 0, due);
}

static void shell_drop(void *self)
{
	struct shell *shell = self;
	child_hang_up(&shell->child);
	free(shell);
}

// A host that feeds a command through `exec:` closes the stream at the end. The command then reads the end of its input
// and continues, as adb's `exec-in` expects. It ends by itself, or when the host leaves.
static void exec_drop(void *self)
{
	struct shell *shell = self;
	child_release(&shell->child);
	free(shell);
}

const struct service shell_service = {
	.take = shell_take,
	.give = shell_give,
	.ended = shell_ended,
	.watch = shell_watch,
	.drop = shell_drop,
};

const struct service exec_service = {
	.take = shell_take,
	.give = shell_give,
	.ended = shell_ended,
	.watch = shell_watch,
	.drop = exec_drop,
	.takes_after_close = true,
};
