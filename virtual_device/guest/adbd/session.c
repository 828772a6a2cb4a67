// Handles the arrival and departure of hosts, and passes packets between the host and the streams.
#include "session.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "child.h"
#include "door.h"
#include "link.h"
#include "streams.h"

// Only the features that the streams and services here implement.
#define FEATURES "shell_v2,stat_v2,ls_v2,fixed_push_mkdir,fixed_push_symlink_timestamp"
#define PACKETS_PER_ROUND 64

static const char *product;
static bool greeted;
static bool door_due;
static bool link_due;

// A console port reports the data of hosts and their arrival and departure through two channels, either of which may be
// faster. If a host greets before the departure of the previous host was noticed, a hang-up that follows immediately
// belongs to the previous host, and the arrival of the new host follows it. Without that arrival, the hang-up is real.
#define SETTLE_MS 250
static int64_t hang_up_is_old_until_ms;
static bool awaits_arrival;

void session_set_product(const char *name)
{
	product = name;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void greet(void)
{
	char banner[512];
	int length = snprintf(banner, sizeof(banner),
			      "device::ro.product.name=%s;ro.product.model=%s;ro.product.device=%s;features=%s",
			      product, product, product, FEATURES);
	link_send(COMMAND_CNXN, VERSION_WITHOUT_CHECKSUM, MAX_PAYLOAD, banner, (size_t)length);
}

void session_end(void)
{
	streams_drop_all();
	children_hang_up();
	if (door_is_console())
		link_forget_output(); // on a socket, the host still expects the rest of a started packet
	greeted = false;
}

static void handle_greeting(const struct packet *packet)
{
	if (greeted && door_is_console())
		hang_up_is_old_until_ms = now_ms() + SETTLE_MS;
	session_end();
	link_agree(packet->arg0, packet->arg1);
	greet();
	greeted = true;
}

static void lose_host(void)
{
	if (link_fd() >= 0)
		door_release(link_fd());
	link_detach();
	awaits_arrival = now_ms() < hang_up_is_old_until_ms;
	if (!awaits_arrival)
		session_end();
}

static void hear_host(void)
{
	struct packet packet;
	const uint8_t *payload;
	for (int i = 0; i < PACKETS_PER_ROUND; i++) {
		enum link_state state = link_receive(&packet, &payload);
		if (state == LINK_LOST)
			lose_host();
		if (state != LINK_PACKET)
			return;
		if (packet.command == COMMAND_CNXN)
			handle_greeting(&packet);
		else if (greeted)
			streams_handle(&packet, payload);
	}
}

static void admit_host(void)
{
	int host = door_admit(link_fd());
	if (host < 0)
		return;
	if (link_fd() >= 0)
		lose_host();
	link_attach(host, door_is_console());
	awaits_arrival = false;
}

// True if the link has room again, for which streams may be waiting.
static bool flush_to_host(void)
{
	if (link_fd() < 0)
		return false;
	bool had_room = link_has_room();
	if (link_flush() == LINK_LOST)
		lose_host();
	return !had_room && link_has_room();
}

// Terminates, because a stream sends once and then waits for the host's OKAY.
static void move_data(void)
{
	streams_pump();
	while (flush_to_host()) {
		streams_wake_all();
		streams_pump();
	}
}

void session_watch(struct watch *watch)
{
	door_due = false;
	link_due = false;
	door_watch(watch, link_fd() >= 0, &door_due);
	if (link_fd() >= 0)
		watch_add(watch, link_fd(), link_events(), &link_due);
	streams_watch(watch);
}

int session_timeout_ms(void)
{
	return awaits_arrival ? SETTLE_MS : -1;
}

void session_go_on(bool timed_out)
{
	if (timed_out && awaits_arrival) {
		awaits_arrival = false;
		session_end();
	}
	if (link_due)
		hear_host();
	if (door_due)
		admit_host();
	move_data();
}

void session_child_ended(void)
{
	children_reap();
	streams_wake_all(); // a shell may be waiting for its exit status
}
