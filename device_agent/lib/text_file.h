// Reads and writes small text files of /proc, /sys and cgroupfs.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Reads at most size-1 bytes, terminates them with NUL and removes the last newline. 0, or -1 with failed().
int read_text(const char *path, char *buffer, size_t size);
// Writes the text with one write(2). 0, or -1 with failed().
int write_text(const char *path, const char *text);
// The number after "<key>:" in a file like /proc/meminfo; -1 if the file or the key does not exist.
int64_t read_keyed_number(const char *path, const char *key);
// The number at the start of the file behind fd; -1 with errno if it cannot be read.
int64_t read_number_at(int fd);
// The folder of this program, which is writable for us. 0, or -1 with failed().
int own_folder(char *folder, size_t size);
