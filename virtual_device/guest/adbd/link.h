// The link to the host: reads packets from a byte stream and writes packets to it, without blocking.
//
// A console port (virtio-serial) is one byte stream for all hosts that ever attach, so a new host may begin in the
// middle of a packet of the last one. Such a link finds the greeting of the new host by itself.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

enum link_state { LINK_LOST = -1, LINK_QUIET = 0, LINK_PACKET = 1 };

// Attaches the link to the host behind `fd`, which the caller still owns. On a console port, the incomplete data of the
// last host stays until the greeting of the new host is found in it.
void link_attach(int fd, bool is_console);
// Neither receives nor sends until the next link_attach(); queued packets wait for it.
void link_detach(void);
// -1 while no host is attached.
int link_fd(void);
// The poll events to wait for.
short link_events(void);

// The next complete packet, a CNXN only if it is the greeting of a host; `payload` is valid until the next call.
enum link_state link_receive(struct packet *packet, const uint8_t **payload);

// Sets the results of the greetings: whether packets carry checksums, and the largest payload to send.
void link_agree(uint32_t version, uint32_t peer_max_payload);
// Discards the queued packets, after the end of their session.
void link_forget_output(void);
// Whether a packet with data may be queued now. Packets without data always may.
bool link_has_room(void);
// The buffer for the payload of the next packet, and its size (`room`); then link_send_reserved().
uint8_t *link_reserve(size_t *room);
void link_send_reserved(enum command command, uint32_t arg0, uint32_t arg1, size_t length);
void link_send(enum command command, uint32_t arg0, uint32_t arg1, const void *payload, size_t length);
// Writes as much as the host accepts now.
enum link_state link_flush(void);
