// Reads and writes small text files.
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "lines.h"

int read_text(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("open %s", path);
	ssize_t length = read(fd, buffer, size - 1);
	int result = length < 0 ? failed("read %s", path) : 0;
	close(fd);
	if (result < 0)
		return -1;
	if (length > 0 && buffer[length - 1] == '\n')
		length--;
	buffer[length] = '\0';
	return 0;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("open %s", path);
	size_t length = strlen(text);
	ssize_t written = write(fd, text, length);
	int result = written == (ssize_t)length ? 0 : failed("write \"%s\" to %s", text, path);
	close(fd);
	return result;
}

int64_t read_keyed_number(const char *path, const char *key)
{
	struct lines lines;
	char *line;
	size_t key_length = strlen(key);
	int64_t number = -1;
	if (lines_open(&lines, path) < 0)
		return -1;
	while (number < 0 && lines_next(&lines, &line) > 0)
		if (strncmp(line, key, key_length) == 0 && line[key_length] == ':')
			number = strtoll(line + key_length + 1, NULL, 10);
	lines_close(&lines);
	return number;
}

int64_t read_number_at(int fd)
{
	char digits[32];
	ssize_t length = pread(fd, digits, sizeof(digits), 0);
	if (length <= 0)
		return -1;
	int64_t number = 0;
	for (ssize_t i = 0; i < length && digits[i] >= '0' && digits[i] <= '9'; i++)
		number = number * 10 + (digits[i] - '0');
	return number;
}

int own_folder(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);
	if (length < 0)
		return failed("read the program's path");
	folder[length] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash == NULL)
		return refused("the program's path has no folder");
	*slash = '\0';
	return 0;
}
