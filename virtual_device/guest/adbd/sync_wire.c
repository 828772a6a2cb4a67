// Encodes the answers of `sync:`.
#include "sync_wire.h"

#include <string.h>

#include "bytes.h"

size_t sync_put_header(uint8_t *at, enum sync_word word, uint32_t number)
{
	put_u32(at, (uint32_t)word);
	put_u32(at + 4, number);
	return SYNC_HEADER;
}

static size_t put_old(uint8_t *at, enum sync_word word, const struct stat *status)
{
	memset(at, 0, SYNC_STAT_BYTES);
	put_u32(at, (uint32_t)word);
	if (status != NULL) {
		put_u32(at + 4, status->st_mode);
		put_u32(at + 8, (uint32_t)status->st_size);
		put_u32(at + 12, (uint32_t)status->st_mtime);
	}
	return SYNC_STAT_BYTES;
}

size_t sync_put_stat(uint8_t *at, const struct stat *status)
{
	return put_old(at, SYNC_STAT, status);
}

size_t sync_put_stat2(uint8_t *at, enum sync_word word, const struct stat *status, int error)
{
	memset(at, 0, SYNC_STAT2_BYTES);
	put_u32(at, (uint32_t)word);
	put_u32(at + 4, (uint32_t)error); // adb uses the error numbers of Linux
	if (status == NULL)
		return SYNC_STAT2_BYTES;
	put_u64(at + 8, status->st_dev);
	put_u64(at + 16, status->st_ino);
	put_u32(at + 24, status->st_mode);
	put_u32(at + 28, (uint32_t)status->st_nlink);
	put_u32(at + 32, status->st_uid);
	put_u32(at + 36, status->st_gid);
	put_u64(at + 40, (uint64_t)status->st_size);
	put_u64(at + 48, (uint64_t)status->st_atime);
	put_u64(at + 56, (uint64_t)status->st_mtime);
	put_u64(at + 64, (uint64_t)status->st_ctime);
	return SYNC_STAT2_BYTES;
}

size_t sync_put_entry(uint8_t *at, enum sync_word word, const struct stat *status, int error, const char *name)
{
	size_t used = word == SYNC_DNT2 ? sync_put_stat2(at, word, status, error) : put_old(at, word, status);
	size_t length = strnlen(name, SYNC_NAME_MAX);
	put_u32(at + used, (uint32_t)length);
	memcpy(at + used + 4, name, length);
	return used + 4 + length;
}

size_t sync_put_list_end(uint8_t *at, enum sync_word word)
{
	size_t used = sync_put_entry(at, word, NULL, 0, "");
	put_u32(at, SYNC_DONE);
	return used;
}
