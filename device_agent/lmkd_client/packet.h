// The layout of lmkd's packets in AOSP's system/memory/lmkd include/lmkd.h and statslog.h: int32, big-endian.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum packet_command {
	LMK_PROCPRIO = 1,
	LMK_PROCREMOVE = 2,
	LMK_GETKILLCNT = 4,
	LMK_SUBSCRIBE = 5,
	LMK_PROCKILL = 6, // asynchronous
	LMK_UPDATE_PROPS = 7,
	LMK_STAT_KILL_OCCURRED = 8, // asynchronous
};

enum {
	PACKET_MAX_WORDS = 5,	  // in packets that we send
	PACKET_MAX_RECEIVED = 512, // AOSP sends at most 222 bytes; longer packets are truncated
	TASKNAME_SIZE = 128,	  // statslog.h MAX_TASKNAME_LEN, with its NUL
};

enum packet_kind {
	PACKET_UNKNOWN, // an unknown command or size
	PACKET_COUNT,
	PACKET_UPDATED,
	PACKET_KILLED,
	PACKET_STAT,
};

// statslog.h struct memory_stat and struct kill_stat; unknown values of the first are -1.
struct packet_stat {
	int64_t pgfault, pgmajfault, rss_in_bytes, cache_in_bytes, swap_in_bytes, process_start_time_ns;
	int32_t uid, oom_score, min_oom_score, free_mem_kb, free_swap_kb, kill_reason, thrashing_pct, max_thrashing_pct;
	char taskname[TASKNAME_SIZE];
};

struct packet {
	enum packet_kind kind;
	int32_t command; // -1: the packet is too short
	int32_t value;	 // PACKET_COUNT: the count; PACKET_UPDATED: 0, or -1
	int32_t pid, uid, rss_kb; // PACKET_KILLED; rss_kb -1: not reported by lmkd before July 2024
	struct packet_stat stat;
};

// Writes the words in lmkd's format; `bytes` has 4 bytes per word.
void packet_write(uint8_t *bytes, const int32_t *words, size_t count);
// Never fails: an invalid packet is PACKET_UNKNOWN. Bytes after the known ones are ignored.
void packet_read(const uint8_t *bytes, size_t size, struct packet *packet);
