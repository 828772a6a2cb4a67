// lmkd's control socket (AOSP system/memory/lmkd lmkd.h): packets of 32-bit integers, big-endian.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LMKD_SOCKET "/dev/socket/lmkd"

enum lmk_command {
	LMK_TARGET,
	LMK_PROCPRIO,
	LMK_PROCREMOVE,
	LMK_PROCPURGE,
	LMK_GETKILLCNT,
	LMK_SUBSCRIBE,
	LMK_PROCKILL, // from lmkd
	LMK_UPDATE_PROPS,
	LMK_STAT_KILL_OCCURRED, // from lmkd
	LMK_START_MONITORING,
	LMK_BOOT_COMPLETED,
	LMK_PROCS_PRIO,
};

enum lmk_event { LMK_EVENT_KILL, LMK_EVENT_STAT, LMK_EVENTS };

enum { PACKET_INTS = 13, OOM_ADJ_MIN = -1000, OOM_ADJ_MAX = 1000 };

// Sends count integers as one packet. 0, or -1 with errno.
int packet_send(int fd, const int32_t *values, size_t count);
// Receives one packet: how many integers; 0 at the end of the connection or for what is no packet, -1 with errno.
int packet_receive(int fd, int32_t *values, int flags);
// Connects to lmkd. The socket, or -1 with errno.
int lmkd_connect(const char *path);
