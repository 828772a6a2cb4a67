// The stand-in lmkd's control socket: its clients, and what they ask for.
#pragma once

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "lmkd_protocol.h"

enum { MAX_CLIENTS = 3 };

// Accepts one. With MAX_CLIENTS there already all of those are dropped, as in the real one.
void client_accept(int listening);
// Adds what is to be polled; returns how many.
size_t clients_poll(struct pollfd *fds);
// Does what those ask that ask something.
void clients_answer(const struct pollfd *fds, size_t count);
// Sends bytes to each that subscribed to the event.
void clients_tell(enum lmk_event event, const void *packet, size_t size);
void kill_counted(int32_t adj);
