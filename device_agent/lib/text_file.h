// Small text files of /proc, /sys and cgroupfs: whole reads and writes.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Reads at most size-1 bytes, ends them with NUL and cuts the last newline. 0, or -1 with failed().
int read_text(const char *path, char *buffer, size_t size);
// Writes the whole text at once. 0, or -1 with failed().
int write_text(const char *path, const char *text);
// The number behind "<key>:" in a file like /proc/meminfo; -1 when the file or the key is not there.
int64_t read_keyed_number(const char *path, const char *key);
// The number that the file behind fd holds from its start; -1 with errno when it cannot be read.
int64_t read_number_at(int fd);
// The folder that this program lies in, which is ours to write to. 0, or -1 with failed().
int own_folder(char *folder, size_t size);
