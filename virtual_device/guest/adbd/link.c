// Splits the byte stream of the host into packets, and resynchronizes on packet boundaries on a console port.
#include "link.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

// Data is queued only while less than OUT_ROOM is pending, and the host is read only while less than OUT_DEAF is
// pending. The rest has room for the answers of one round: one packet without data per packet received.
#define OUT_PAYLOAD (256u * 1024u)
#define OUT_ROOM (64u * 1024u)
#define OUT_DEAF (512u * 1024u)
#define OUT_BYTES (1024u * 1024u)
#define GREETING_MAX (HEADER_BYTES + MIN_PAYLOAD)

static int fd = -1;
static bool console;
static bool out_of_step;
static bool with_checksum;
static uint32_t peer_max_payload;

static uint8_t in[HEADER_BYTES + MAX_PAYLOAD];
static size_t in_used;
static bool in_delivered;

// On a console port: the last bytes received, regardless of their use.
static uint8_t recent[GREETING_MAX];
static size_t recent_used;

static uint8_t out[OUT_BYTES];
static size_t out_start;
static size_t out_end;

void link_attach(int new_fd, bool is_console)
{
	fd = new_fd;
	console = is_console;
	if (console)
		return;
	in_used = 0;
	in_delivered = false;
	link_forget_output();
}

void link_detach(void)
{
	fd = -1;
}

int link_fd(void)
{
	return fd;
}

short link_events(void)
{
	short events = out_end - out_start < OUT_DEAF ? POLLIN : 0;
	return out_end > out_start ? (short)(events | POLLOUT) : events;
}

static size_t bytes_wanted(void)
{
	if (in_used < HEADER_BYTES)
		return HEADER_BYTES - in_used;
	struct packet packet;
	packet_read(&packet, in);
	return HEADER_BYTES + packet.length - in_used;
}

static void remember(const uint8_t *bytes, size_t length)
{
	size_t added = length < sizeof(recent) ? length : sizeof(recent);
	size_t kept = recent_used < sizeof(recent) - added ? recent_used : sizeof(recent) - added;
	memmove(recent, recent + recent_used - kept, kept);
	memcpy(recent + kept, bytes + length - added, added);
	recent_used = kept + added;
}

static bool is_whole_greeting(const uint8_t *bytes, size_t length)
{
	struct packet packet;
	return packet_read(&packet, bytes) && HEADER_BYTES + packet.length == length &&
	       packet_is_greeting(&packet, bytes + HEADER_BYTES);
}

// A host that attaches sends its greeting and then waits. So if a console port goes silent in the middle of a packet,
// and the last bytes are exactly a greeting, the bytes before it are from a host that has gone.
static bool found_greeting(void)
{
	if (!console || (in_used == 0 && !out_of_step))
		return false;
	for (size_t at = 0; at + HEADER_BYTES <= recent_used; at++) {
		if (is_whole_greeting(recent + at, recent_used - at)) {
			in_used = recent_used - at;
			memcpy(in, recent + at, in_used);
			recent_used = 0;
			out_of_step = false;
			return true;
		}
	}
	return false;
}

// 1: received some bytes; 0: none for now; -1: the host is gone.
static int read_some(void)
{
	if (out_of_step)
		in_used = 0;
	ssize_t got = read(fd, in + in_used, out_of_step ? sizeof(in) : bytes_wanted());
	if (got > 0) {
		if (console)
			remember(in + in_used, (size_t)got);
		in_used += (size_t)got;
		return 1;
	}
	if (got < 0 && errno == EINTR)
		return 1;
	return got < 0 && errno == EAGAIN ? 0 : -1;
}

static bool is_intact(const struct packet *packet)
{
	const uint8_t *payload = in + HEADER_BYTES;
	if (packet->command == COMMAND_CNXN)
		return packet_is_greeting(packet, payload);
	return !with_checksum || packet->check == packet_checksum(payload, packet->length);
}

// Whether `in` contains a complete packet. Invalid data ends the link, or desynchronizes a console port.
static enum link_state judge(struct packet *packet)
{
	if (out_of_step || in_used < HEADER_BYTES)
		return LINK_QUIET;
	bool sane = packet_read(packet, in);
	if (sane && in_used < HEADER_BYTES + packet->length)
		return LINK_QUIET;
	if (sane && is_intact(packet))
		return LINK_PACKET;
	out_of_step = console;
	return console ? LINK_QUIET : LINK_LOST;
}

static enum link_state next_packet(struct packet *packet)
{
	for (;;) {
		enum link_state state = judge(packet);
		if (state != LINK_QUIET)
			return state;
		int some = read_some();
		if (some <= 0 && !found_greeting())
			return some < 0 ? LINK_LOST : LINK_QUIET;
	}
}

enum link_state link_receive(struct packet *packet, const uint8_t **payload)
{
	if (out_end - out_start >= OUT_DEAF)
		return LINK_QUIET;
	if (in_delivered)
		in_used = 0;
	enum link_state state = next_packet(packet);
	in_delivered = state == LINK_PACKET;
	*payload = in + HEADER_BYTES;
	return state;
}

void link_agree(uint32_t version, uint32_t max_payload)
{
	with_checksum = version < VERSION_WITHOUT_CHECKSUM;
	peer_max_payload = max_payload;
}

void link_forget_output(void)
{
	out_start = 0;
	out_end = 0;
}

bool link_has_room(void)
{
	return fd >= 0 && out_end - out_start < OUT_ROOM;
}

static void compact(void)
{
	memmove(out, out + out_start, out_end - out_start);
	out_end -= out_start;
	out_start = 0;
}

uint8_t *link_reserve(size_t *room)
{
	*room = peer_max_payload < OUT_PAYLOAD ? peer_max_payload : OUT_PAYLOAD;
	if (out_end + HEADER_BYTES + *room > sizeof(out))
		compact();
	return out + out_end + HEADER_BYTES;
}

void link_send_reserved(enum command command, uint32_t arg0, uint32_t arg1, size_t length)
{
	// A greeting always carries its checksum, because nothing has been negotiated yet.
	bool summed = with_checksum || command == COMMAND_CNXN;
	struct packet packet = { .command = command, .arg0 = arg0, .arg1 = arg1, .length = (uint32_t)length };
	packet.check = summed ? packet_checksum(out + out_end + HEADER_BYTES, length) : 0;
	packet_write(out + out_end, &packet);
	out_end += HEADER_BYTES + length;
}

void link_send(enum command command, uint32_t arg0, uint32_t arg1, const void *payload, size_t length)
{
	if (out_end + HEADER_BYTES + length > sizeof(out))
		compact();
	assert(out_end + HEADER_BYTES + length <= sizeof(out)); // by the limits above
	if (length > 0)
		memcpy(out + out_end + HEADER_BYTES, payload, length);
	link_send_reserved(command, arg0, arg1, length);
}

enum link_state link_flush(void)
{
	while (out_start < out_end) {
		ssize_t written = write(fd, out + out_start, out_end - out_start);
		if (written < 0 && errno != EINTR)
			return errno == EAGAIN ? LINK_QUIET : LINK_LOST;
		if (written > 0)
			out_start += (size_t)written;
	}
	link_forget_output();
	return LINK_QUIET;
}
