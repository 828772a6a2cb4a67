// Reads and writes lmkd's packets. It reads nothing past `size`, regardless of the lengths in a packet.
#include "packet.h"

#include <string.h>

enum {
	REPLY_SIZE = 2 * 4,	       // command, value
	KILLED_SIZE = 3 * 4,	       // command, pid, uid
	KILLED_SIZE_RSS = 4 * 4,       // and rss_kb
	STAT_SIZE = 4 + 6 * 8 + 8 * 4, // and a name: 2 bytes of length, text, NUL
};

static uint64_t unsigned_at(const uint8_t *bytes, size_t width)
{
	uint64_t value = 0;
	for (size_t i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static int32_t int32_at(const uint8_t *bytes)
{
	return (int32_t)unsigned_at(bytes, 4);
}

static int64_t int64_at(const uint8_t *bytes)
{
	return (int64_t)unsigned_at(bytes, 8);
}

void packet_write(uint8_t *bytes, const int32_t *words, size_t count)
{
	for (size_t i = 0; i < 4 * count; i++)
		bytes[i] = (uint8_t)((uint32_t)words[i / 4] >> (24 - 8 * (i % 4)));
}

// Like Java's DataInput.readUTF(): a length, then the text. lmkd's text also ends with a NUL.
static void read_taskname(const uint8_t *bytes, size_t size, char *taskname)
{
	if (size < 2)
		return;
	size_t length = (size_t)unsigned_at(bytes, 2);
	length = length < size - 2 ? length : size - 2;
	length = length < TASKNAME_SIZE - 1 ? length : TASKNAME_SIZE - 1;
	memcpy(taskname, bytes + 2, length); // the rest of it is zeros
}

static void read_stat(const uint8_t *bytes, size_t size, struct packet_stat *stat)
{
	int64_t *const longs[] = { &stat->pgfault,	  &stat->pgmajfault,	&stat->rss_in_bytes,
				   &stat->cache_in_bytes, &stat->swap_in_bytes, &stat->process_start_time_ns };
	int32_t *const words[] = { &stat->uid,	       &stat->oom_score,   &stat->min_oom_score, &stat->free_mem_kb,
				   &stat->free_swap_kb, &stat->kill_reason, &stat->thrashing_pct,
				   &stat->max_thrashing_pct };
	const uint8_t *at = bytes + 4;
	for (size_t i = 0; i < sizeof(longs) / sizeof(longs[0]); i++, at += 8)
		*longs[i] = int64_at(at);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++, at += 4)
		*words[i] = int32_at(at);
	read_taskname(at, size - STAT_SIZE, stat->taskname);
}

static enum packet_kind read_known(const uint8_t *bytes, size_t size, struct packet *packet)
{
	switch (packet->command) {
	case LMK_GETKILLCNT:
	case LMK_UPDATE_PROPS:
		if (size < REPLY_SIZE)
			return PACKET_UNKNOWN;
		packet->value = int32_at(bytes + 4);
		return packet->command == LMK_GETKILLCNT ? PACKET_COUNT : PACKET_UPDATED;
	case LMK_PROCKILL:
		if (size < KILLED_SIZE)
			return PACKET_UNKNOWN;
		packet->pid = int32_at(bytes + 4);
		packet->uid = int32_at(bytes + 8);
		packet->rss_kb = size < KILLED_SIZE_RSS ? -1 : int32_at(bytes + 12);
		return PACKET_KILLED;
	case LMK_STAT_KILL_OCCURRED:
		if (size < STAT_SIZE)
			return PACKET_UNKNOWN;
		read_stat(bytes, size, &packet->stat);
		return PACKET_STAT;
	default:
		return PACKET_UNKNOWN;
	}
}

void packet_read(const uint8_t *bytes, size_t size, struct packet *packet)
{
	memset(packet, 0, sizeof(*packet));
	packet->command = size < 4 ? -1 : int32_at(bytes);
	packet->kind = read_known(bytes, size, packet);
}
