// Small files of /proc, as both stand-in daemons read them.
#include "proc_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	size_t used = 0;
	ssize_t length = 0;
	while (used < size - 1 && (length = read(fd, buffer + used, size - 1 - used)) > 0)
		used += (size_t)length;
	close(fd);
	buffer[used] = '\0';
	return length >= 0;
}

bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

long number_after(const char *text, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ':')
			return strtol(line + length + 1, NULL, 10);
	}
	return -1;
}

long rss_kb_of(pid_t pid)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	long rss_kb = read_file(path, text, sizeof(text)) ? number_after(text, "VmRSS") : 0;
	return rss_kb < 0 ? 0 : rss_kb;
}
