// Reads and writes the headers of adb packets.
#include "packet.h"

#include <string.h>

#include "bytes.h"

void packet_write(uint8_t header[HEADER_BYTES], const struct packet *packet)
{
	put_u32(header, packet->command);
	put_u32(header + 4, packet->arg0);
	put_u32(header + 8, packet->arg1);
	put_u32(header + 12, packet->length);
	put_u32(header + 16, packet->check);
	put_u32(header + 20, packet->command ^ 0xffffffffu);
}

bool packet_read(struct packet *packet, const uint8_t header[HEADER_BYTES])
{
	*packet = (struct packet){
		.command = get_u32(header),
		.arg0 = get_u32(header + 4),
		.arg1 = get_u32(header + 8),
		.length = get_u32(header + 12),
		.check = get_u32(header + 16),
	};
	return get_u32(header + 20) == (packet->command ^ 0xffffffffu) && packet->length <= MAX_PAYLOAD;
}

uint32_t packet_checksum(const uint8_t *payload, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i++)
		sum += payload[i];
	return sum;
}

bool packet_is_greeting(const struct packet *packet, const uint8_t *payload)
{
	static const char HOST[] = "host:";
	return packet->command == COMMAND_CNXN && packet->arg0 >= VERSION_WITH_CHECKSUM &&
	       packet->arg1 >= MIN_PAYLOAD && packet->length <= MIN_PAYLOAD &&
	       packet->length >= sizeof(HOST) - 1 && memcmp(payload, HOST, sizeof(HOST) - 1) == 0 &&
	       packet->check == packet_checksum(payload, packet->length);
}
