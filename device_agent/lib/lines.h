// Reads a file line by line through its own buffer.
#pragma once

#include <stddef.h>

enum { LINES_BUFFER = 2048 };

struct lines {
	int fd;
	size_t start, end; // of the data not returned yet
	char buffer[LINES_BUFFER];
};

// Opens the file. 0, or -1 with errno.
int lines_open(struct lines *lines, const char *path);
// Returns the next line without its newline; it is valid until the next call. 1; 0 at the end; -1 with errno: the
// file is not readable, or the line is too long (ENOBUFS) or has no newline (ENODATA).
int lines_next(struct lines *lines, char **line);
void lines_close(struct lines *lines);
