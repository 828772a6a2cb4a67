// The streams of the link, which implement OPEN, OKAY, WRTE and CLSE.
//
// Flow control is that of adb: each side answers a WRTE by an OKAY once it has taken the data; until then the other
// side should not send another WRTE.
#pragma once

#include <stdint.h>

#include "packet.h"
#include "watch.h"

#define STREAMS_MAX 64u

// Packets of the host about streams. Invalid packets are ignored, or end their stream.
void streams_handle(const struct packet *packet, const uint8_t *payload);
void streams_watch(struct watch *watch);
// Moves data for every stream that has work to do.
void streams_pump(void);
// Wakes all streams after an event that may concern any of them: a child ended, or the link has room again.
void streams_wake_all(void);
// Ends every stream, after the host has gone.
void streams_drop_all(void);
