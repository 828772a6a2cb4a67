// The request and answer codes of adb's file transfer (`sync:`), and the layouts of its answers.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum sync_word {
	SYNC_STAT = 0x54415453, // lstat, sizes of 32 bits
	SYNC_STA2 = 0x32415453, // stat
	SYNC_LST2 = 0x3254534c, // lstat
	SYNC_LIST = 0x5453494c,
	SYNC_LIS2 = 0x3253494c,
	SYNC_DENT = 0x544e4544,
	SYNC_DNT2 = 0x32544e44,
	SYNC_SEND = 0x444e4553,
	SYNC_RECV = 0x56434552,
	SYNC_DATA = 0x41544144,
	SYNC_DONE = 0x454e4f44,
	SYNC_OKAY = 0x59414b4f,
	SYNC_FAIL = 0x4c494146,
	SYNC_QUIT = 0x54495551,
};

#define SYNC_HEADER 8u
#define SYNC_PATH_MAX 1024u
#define SYNC_DATA_MAX (64u * 1024u)
#define SYNC_STAT_BYTES 16u
#define SYNC_STAT2_BYTES 72u
#define SYNC_NAME_MAX 255u // of a file, on Linux
#define SYNC_ENTRY_MAX (SYNC_STAT2_BYTES + 4u + SYNC_NAME_MAX)

// Each function writes at `at` and returns the number of bytes. `status` is NULL if stat failed with `error`.
size_t sync_put_header(uint8_t *at, enum sync_word word, uint32_t number);
size_t sync_put_stat(uint8_t *at, const struct stat *status);
size_t sync_put_stat2(uint8_t *at, enum sync_word word, const struct stat *status, int error);
// One entry of a folder, in the old or the new layout.
size_t sync_put_entry(uint8_t *at, enum sync_word word, const struct stat *status, int error, const char *name);
// The end of a list: an empty entry of the same layout.
size_t sync_put_list_end(uint8_t *at, enum sync_word word);
