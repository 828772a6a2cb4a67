// Builds each JSON line in one fixed buffer.
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "text.h"

static char line[32 * 1024];
static size_t used;
static bool needs_comma;
static bool overflowed;
static int copy_fd = -1;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t length = text_format_v(line + used, sizeof(line) - used, format, arguments);
	va_end(arguments);
	if (used + length >= sizeof(line))
		overflowed = true;
	else
		used += length;
}

static bool is_plain(char character)
{
	return character >= ' ' && character <= '~' && character != '"' && character != '\\';
}

// Device text may contain any byte; bytes outside ASCII become U+FFFD, so the line is always JSON.
static void put_string(const char *text)
{
	put("\"");
	for (; *text != '\0'; text++) {
		if (is_plain(*text))
			put("%c", *text);
		else
			put("\\u%04x", (unsigned char)*text < 0x80 ? (unsigned char)*text : 0xfffd);
	}
	put("\"");
}

static void put_key(const char *key)
{
	if (needs_comma)
		put(",");
	needs_comma = true;
	if (key != NULL) {
		put_string(key);
		put(":");
	}
}

int wire_keep_copy(const char *path)
{
	copy_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return copy_fd < 0 ? failed("open the copy %s", path) : 0;
}

void wire_begin(const char *type)
{
	used = 0;
	overflowed = false;
	needs_comma = false;
	put("{");
	wire_text("type", type);
}

void wire_number(const char *key, int64_t number)
{
	put_key(key);
	put("%" PRId64, number);
}

void wire_number_or_null(const char *key, int64_t number)
{
	if (number >= 0) {
		wire_number(key, number);
		return;
	}
	put_key(key);
	put("null");
}

void wire_text(const char *key, const char *text)
{
	put_key(key);
	if (text == NULL)
		put("null");
	else
		put_string(text);
}

void wire_bool(const char *key, bool value)
{
	put_key(key);
	put(value ? "true" : "false");
}

void wire_open(const char *key, char bracket)
{
	put_key(key);
	put("%c", bracket);
	needs_comma = false;
}

void wire_close(char bracket)
{
	put("%c", bracket);
	needs_comma = true;
}

void wire_item(int64_t number)
{
	wire_number(NULL, number);
}

static int write_whole(int fd, const char *where)
{
	for (size_t done = 0; done < used;) {
		ssize_t written = write(fd, line + done, used - done);
		if (written < 0 && errno != EINTR)
			return failed("write to %s", where);
		if (written > 0)
			done += (size_t)written;
	}
	return 0;
}

static int extend_copy(void)
{
	if (copy_fd < 0)
		return 0;
	if (write_whole(copy_fd, "the copy") < 0)
		return -1;
	return fdatasync(copy_fd) < 0 ? failed("sync the copy") : 0;
}

static int end_line(void)
{
	put("}\n");
	return overflowed ? refused("an answer is longer than %zu bytes", sizeof(line)) : 0;
}

int wire_end(void)
{
	return end_line() < 0 ? -1 : write_whole(STDOUT_FILENO, "the host");
}

int wire_end_kept(void)
{
	if (end_line() < 0)
		return -1;
	// The copy first: if the link is gone, only the copy remains.
	int copied = extend_copy();
	int sent = write_whole(STDOUT_FILENO, "the host");
	return copied < 0 ? copied : sent;
}

int wire_error(void)
{
	wire_begin("error");
	wire_text("reason", failure_text());
	wire_end();
	return 1;
}
