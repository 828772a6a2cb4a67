// The table of streams.
#include "streams.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "service.h"

// The longest service name, including a shell command: the limit of one command-line argument on Linux.
#define NAME_MAX_BYTES (128u * 1024u)
// When its client is gone, the adb server sends the remaining data without waiting for our OKAY.
#define DATA_MAX_BYTES (4u * MAX_PAYLOAD)

struct stream {
	const struct service *service; // NULL: the entry is free
	void *self;
	uint32_t local;
	uint32_t remote;
	bool due; // has work to do
	bool open; // the host has been notified
	bool awaits_okay;
	bool host_closed;
	// Data of the host that the service has not taken yet.
	uint8_t *data;
	size_t data_length;
	size_t data_taken;
};

static struct stream streams[STREAMS_MAX];
static uint32_t last_local;

static struct stream *free_place(void)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (streams[i].service == NULL)
			return &streams[i];
	return NULL;
}

// The local id selects the stream, and the remote id must match, so that an old packet cannot reach a new stream.
static struct stream *find(const struct packet *packet)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = &streams[i];
		if (stream->service != NULL && stream->local == packet->arg1)
			return stream->remote == packet->arg0 && !stream->host_closed ? stream : NULL;
	}
	return NULL;
}

// Ids repeat only after 2^32 streams, long after their packets are gone. 0 is never used.
static uint32_t next_local(void)
{
	last_local++;
	if (last_local == 0)
		last_local = 1;
	return last_local;
}

static void forget_data(struct stream *stream)
{
	free(stream->data);
	stream->data = NULL;
	stream->data_length = 0;
	stream->data_taken = 0;
}

static void drop(struct stream *stream)
{
	stream->service->drop(stream->self);
	forget_data(stream);
	memset(stream, 0, sizeof(*stream));
}

static void send_about(const struct stream *stream, enum command command)
{
	link_send(command, stream->local, stream->remote, NULL, 0);
}

// Notifies the host, unless it closed the stream itself: a CLSE gets no answer.
static void close_stream(struct stream *stream)
{
	if (!stream->host_closed)
		send_about(stream, COMMAND_CLSE);
	drop(stream);
}

static void refuse_open(uint32_t remote)
{
	link_send(COMMAND_CLSE, 0, remote, NULL, 0);
}

// The name of the service as a string; the packet may or may not end it with a zero byte.
static char *copy_name(const struct packet *packet, const uint8_t *payload)
{
	if (packet->length > NAME_MAX_BYTES)
		return NULL;
	char *name = malloc(packet->length + 1);
	if (name == NULL)
		return NULL;
	memcpy(name, payload, packet->length);
	name[packet->length] = '\0';
	return name;
}

static void handle_open(const struct packet *packet, const uint8_t *payload)
{
	struct stream *stream = free_place();
	void *self = NULL;
	if (packet->arg0 == 0)
		return; // without an id there is no stream to answer
	// arg1 is the window of the "delayed_ack" feature, which this daemon does not offer.
	char *name = stream == NULL || packet->arg1 != 0 ? NULL : copy_name(packet, payload);
	const struct service *service = name == NULL ? NULL : service_start(name, &self);
	free(name);
	if (service == NULL) {
		refuse_open(packet->arg0);
		return;
	}
	*stream = (struct stream){
		.service = service,
		.self = self,
		.local = next_local(),
		.remote = packet->arg0,
		.due = true,
	};
}

// Stores the data until the service takes it.
static bool append(struct stream *stream, const uint8_t *payload, size_t length)
{
	size_t total = stream->data_length + length;
	// + 1: an empty payload also waits for its OKAY.
	uint8_t *data = total > DATA_MAX_BYTES ? NULL : realloc(stream->data, total + 1);
	if (data == NULL)
		return false;
	memcpy(data + stream->data_length, payload, length);
	stream->data = data;
	stream->data_length = total;
	return true;
}

static void handle_write(struct stream *stream, const struct packet *packet, const uint8_t *payload)
{
	stream->due = true;
	if (!stream->open || !append(stream, payload, packet->length))
		close_stream(stream);
}

static void handle_close(struct stream *stream)
{
	stream->host_closed = true;
	stream->due = true;
	if (!stream->service->takes_after_close || stream->data == NULL)
		drop(stream);
}

void streams_handle(const struct packet *packet, const uint8_t *payload)
{
	if (packet->command == COMMAND_OPEN) {
		handle_open(packet, payload);
		return;
	}
	struct stream *stream = find(packet);
	if (stream == NULL)
		return; // the stream was closed while this packet was in transit
	if (packet->command == COMMAND_WRTE) {
		handle_write(stream, packet, payload);
	} else if (packet->command == COMMAND_CLSE) {
		handle_close(stream);
	} else if (packet->command == COMMAND_OKAY) {
		stream->awaits_okay = false;
		stream->due = true;
	}
}

static bool may_give(const struct stream *stream)
{
	return stream->open && (stream->host_closed || !stream->awaits_okay) && link_has_room();
}

void streams_watch(struct watch *watch)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = &streams[i];
		if (stream->service != NULL)
			stream->service->watch(stream->self, watch, stream->data != NULL, may_give(stream),
					       &stream->due);
	}
}

// False if the stream is not open (yet).
static bool pump_opening(struct stream *stream)
{
	const struct service *service = stream->service;
	enum opening opening = service->opening == NULL ? OPEN : service->opening(stream->self);
	if (opening == OPEN) {
		stream->open = true;
		send_about(stream, COMMAND_OKAY);
	} else if (opening == OPENING_FAILED) {
		refuse_open(stream->remote);
		drop(stream);
	}
	return opening == OPEN;
}

static void pump_in(struct stream *stream)
{
	if (stream->data == NULL)
		return;
	stream->data_taken += stream->service->take(stream->self, stream->data + stream->data_taken,
						    stream->data_length - stream->data_taken);
	if (stream->data_taken < stream->data_length)
		return;
	forget_data(stream);
	if (!stream->host_closed)
		send_about(stream, COMMAND_OKAY);
}

static void pump_out(struct stream *stream)
{
	size_t room;
	if (!may_give(stream))
		return;
	uint8_t *payload = link_reserve(&room);
	size_t length = stream->service->give(stream->self, payload, room);
	if (length == 0 || stream->host_closed) // no reader is left
		return;
	link_send_reserved(COMMAND_WRTE, stream->local, stream->remote, length);
	stream->awaits_okay = true;
}

static void pump(struct stream *stream)
{
	stream->due = false;
	if (!stream->open && !pump_opening(stream))
		return;
	pump_in(stream);
	pump_out(stream);
	// Sending may have made room to take more, such as a request that waited for an earlier answer.
	pump_in(stream);
	bool is_done = stream->service->ended(stream->self) && !stream->awaits_okay;
	bool has_no_more = stream->host_closed && stream->data == NULL;
	if (is_done || has_no_more)
		close_stream(stream);
}

void streams_pump(void)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (streams[i].service != NULL && streams[i].due)
			pump(&streams[i]);
}

void streams_wake_all(void)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		streams[i].due = streams[i].service != NULL;
}

void streams_drop_all(void)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (streams[i].service != NULL)
			drop(&streams[i]);
}
