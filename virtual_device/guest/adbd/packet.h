// The adb transport's packet: a header of 24 bytes, then `length` bytes of payload.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEADER_BYTES 24u
// The largest payload that we accept; the CNXN of each side announces its limit.
#define MAX_PAYLOAD (1024u * 1024u)
// The limit of the first adb; a peer with a lower limit is not adb. Also the limit of the payload of a CNXN.
#define MIN_PAYLOAD 4096u

#define VERSION_WITH_CHECKSUM 0x01000000u
#define VERSION_WITHOUT_CHECKSUM 0x01000001u

enum command {
	COMMAND_CNXN = 0x4e584e43,
	COMMAND_OPEN = 0x4e45504f,
	COMMAND_OKAY = 0x59414b4f,
	COMMAND_WRTE = 0x45545257,
	COMMAND_CLSE = 0x45534c43,
};

struct packet {
	uint32_t command;
	uint32_t arg0;
	uint32_t arg1;
	uint32_t length;
	uint32_t check;
};

void packet_write(uint8_t header[HEADER_BYTES], const struct packet *packet);
// False if the header is invalid: wrong magic, or a length above MAX_PAYLOAD.
bool packet_read(struct packet *packet, const uint8_t header[HEADER_BYTES]);
uint32_t packet_checksum(const uint8_t *payload, size_t length);
// Whether this is a valid greeting of a host: a CNXN of a known version with sane limits and an intact payload.
bool packet_is_greeting(const struct packet *packet, const uint8_t *payload);
