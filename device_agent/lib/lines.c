// Splits a file into lines without allocation.
#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int lines_open(struct lines *lines, const char *path)
{
	lines->start = lines->end = 0;
	lines->fd = open(path, O_RDONLY | O_CLOEXEC);
	return lines->fd < 0 ? -1 : 0;
}

// Reads more data: 1; 0 at the end of the file; -1 with errno.
static int fill(struct lines *lines)
{
	memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
	lines->end -= lines->start;
	lines->start = 0;
	if (lines->end == LINES_BUFFER) {
		errno = ENOBUFS;
		return -1;
	}
	ssize_t length;
	do
		length = read(lines->fd, lines->buffer + lines->end, LINES_BUFFER - lines->end);
	while (length < 0 && errno == EINTR);
	if (length > 0)
		lines->end += (size_t)length;
	return length > 0 ? 1 : (int)length;
}

int lines_next(struct lines *lines, char **line)
{
	for (;;) {
		char *begin = lines->buffer + lines->start;
		char *newline = memchr(begin, '\n', lines->end - lines->start);
		if (newline != NULL) {
			*newline = '\0';
			lines->start += (size_t)(newline - begin) + 1;
			*line = begin;
			return 1;
		}
		int more = fill(lines);
		if (more == 0 && lines->end > 0) {
			errno = ENODATA;
			return -1;
		}
		if (more <= 0)
			return more;
	}
}

void lines_close(struct lines *lines)
{
	close(lines->fd);
}
