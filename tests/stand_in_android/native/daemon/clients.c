// The stand-in lmkd's control socket (AOSP lmkd.cpp ctrl_command_handler): its clients, and what they ask for.
#include "clients.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "pressure.h"
#include "records.h"

static struct client {
	int fd; // 0: none
	pid_t pid;
	bool subscribed[LMK_EVENTS];
} clients[MAX_CLIENTS];

static int32_t kills[OOM_ADJ_MAX - OOM_ADJ_MIN + 1];

void kill_counted(int32_t adj)
{
	kills[adj - OOM_ADJ_MIN]++;
}

static int32_t kill_count(int32_t min_adj, int32_t max_adj)
{
	int32_t total = 0;
	bool all = min_adj > OOM_ADJ_MAX;
	for (int32_t adj = OOM_ADJ_MIN; adj <= OOM_ADJ_MAX; adj++)
		if (all || (adj >= min_adj && adj <= max_adj))
			total += kills[adj - OOM_ADJ_MIN];
	return total;
}

static void drop(struct client *client)
{
	close(client->fd);
	records_disown(client->pid);
	*client = (struct client){ 0 };
}

static struct client *free_place(void)
{
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd == 0)
			return &clients[i];
	log_line("main", 'W', "lowmemorykiller", "too many clients: all are dropped");
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		drop(&clients[i]);
	return &clients[0];
}

void client_accept(int listening)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) {
		close(fd);
		return;
	}
	*free_place() = (struct client){ .fd = fd, .pid = peer.pid };
}

size_t clients_poll(struct pollfd *fds)
{
	size_t count = 0;
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd != 0)
			fds[count++] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
	return count;
}

static void set_many(const struct client *client, const int32_t *values, int count)
{
	enum { A_RECORD = 4 };
	for (int i = 1; i + A_RECORD <= count; i += A_RECORD)
		record_set(values[i], (uid_t)values[i + 1], values[i + 2], client->pid);
}

// Packets that are too short, and commands that only mean something to the real one, are passed over.
static void obey(struct client *client, const int32_t *values, int count)
{
	int32_t answer[2] = { values[0], 0 };
	switch (values[0]) {
	case LMK_PROCPRIO:
		if (count >= 4)
			record_set(values[1], (uid_t)values[2], values[3], client->pid);
		return;
	case LMK_PROCS_PRIO: set_many(client, values, count); return;
	case LMK_PROCREMOVE:
		if (count >= 2)
			record_remove(values[1], client->pid);
		return;
	case LMK_PROCPURGE: records_purge(client->pid); return;
	case LMK_SUBSCRIBE:
		if (count >= 2 && values[1] >= 0 && values[1] < LMK_EVENTS)
			client->subscribed[values[1]] = true;
		return;
	case LMK_GETKILLCNT:
		if (count < 3)
			return;
		answer[1] = kill_count(values[1], values[2]);
		break;
	case LMK_UPDATE_PROPS: answer[1] = pressure_init() ? 0 : -1; break;
	case LMK_BOOT_COMPLETED: break;
	default: return;
	}
	if (packet_send(client->fd, answer, 2) < 0)
		drop(client);
}

static void answer(struct client *client)
{
	int32_t values[PACKET_INTS] = { 0 };
	int count = packet_receive(client->fd, values, 0);
	if (count <= 0)
		drop(client);
	else
		obey(client, values, count);
}

void clients_answer(const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; fds[i].revents != 0 && j < MAX_CLIENTS; j++)
			if (clients[j].fd == fds[i].fd)
				answer(&clients[j]);
}

void clients_tell(enum lmk_event event, const void *packet, size_t size)
{
	for (size_t i = 0; i < MAX_CLIENTS; i++)
		if (clients[i].fd != 0 && clients[i].subscribed[event] &&
		    send(clients[i].fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			drop(&clients[i]);
}
