// The streams of the link: what OPEN, OKAY, WRTE and CLSE mean.
//
// Flow control is adb's: a WRTE is answered by an OKAY once its data is taken, and until then the other
// side should send no second one.
#pragma once

#include <stdint.h>

#include "packet.h"
#include "watch.h"

#define STREAMS_MAX 64u

// What the host says about streams. Packets that make no sense are ignored, or end their stream.
void streams_handle(const struct packet *packet, const uint8_t *payload);
void streams_watch(struct watch *watch);
// Moves data for every stream that has something to do.
void streams_pump(void);
// Something changed that may concern every stream: a child ended, or the link has room again.
void streams_wake_all(void);
// The host has gone: ends every stream.
void streams_drop_all(void);
