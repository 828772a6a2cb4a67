// The link to the one host: packets out of a byte stream and into it, never blocking.
//
// A console port (virtio-serial) is one byte stream for all hosts that ever attach: a new one may begin
// in the middle of what the last one sent. Such a link finds the new host's greeting by itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

enum link_state { LINK_LOST = -1, LINK_QUIET = 0, LINK_PACKET = 1 };

// The link is to the host behind `fd`, which stays the caller's. On a console port, what the last host
// left half said stays until the new one's greeting is found in it.
void link_attach(int fd, bool is_console);
// Neither hears nor sends until the next link_attach(); what is queued waits for it.
void link_detach(void);
// -1 while no host is attached.
int link_fd(void);
// The poll events to wait for.
short link_events(void);

// The next packet that has wholly arrived, a CNXN only if it is a host's greeting; `payload` stays valid until the next call.
enum link_state link_receive(struct packet *packet, const uint8_t **payload);

// What was negotiated by the greetings: whether packets carry checksums, and the largest payload to send.
void link_agree(uint32_t version, uint32_t peer_max_payload);
// Forgets what is queued: its session has ended.
void link_forget_output(void);
// Whether a packet with data may be queued now. Packets without data always may.
bool link_has_room(void);
// Where to put the payload of the next packet, and how much of it (`room`); then link_send_reserved().
uint8_t *link_reserve(size_t *room);
void link_send_reserved(enum command command, uint32_t arg0, uint32_t arg1, size_t length);
void link_send(enum command command, uint32_t arg0, uint32_t arg1, const void *payload, size_t length);
// Writes what the host takes now.
enum link_state link_flush(void);
