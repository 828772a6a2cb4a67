// Reads a file line by line, from a buffer of its own.
#pragma once

#include <stddef.h>

enum { LINES_BUFFER = 2048 };

struct lines {
	int fd;
	size_t start, end; // of what is read and not given yet
	char buffer[LINES_BUFFER];
};

// Opens the file. 0, or -1 with errno.
int lines_open(struct lines *lines, const char *path);
// The next line without its newline, valid until the next call. 1; 0 at the end; -1 with errno:
// not readable, or (ENOBUFS) too long, or (ENODATA) without its newline.
int lines_next(struct lines *lines, char **line);
void lines_close(struct lines *lines);
