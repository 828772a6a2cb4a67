// The connection to lmkd's socket. Every wait has a deadline, because lmkd may hang.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define NO_DEADLINE INT64_MAX

enum received {
	RECEIVED_FAILED = -1, // errno and failed()
	RECEIVED_PACKET,
	RECEIVED_CLOSED,  // by lmkd
	RECEIVED_TIMEOUT,
	RECEIVED_STOP,	  // a signal, or the end of standard input if it is watched
};

struct arrival {
	struct packet packet;
	size_t size; // of the packet as sent, in bytes
	int64_t seen_ns; // CLOCK_MONOTONIC
};

// The connection's descriptor, or -1 with errno and failed().
int connection_open(const char *path);
// 0, or -1 with errno (EPIPE: lmkd has closed) and failed().
int connection_send(int fd, const int32_t *words, size_t count);
// Waits for the next packet. watched: a descriptor whose end of file also ends the wait, or -1.
enum received connection_receive(int fd, int watched, int64_t deadline_ns, struct arrival *arrival);
