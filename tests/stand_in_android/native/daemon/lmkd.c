// Stand-in for lmkd: its loop. It wakes up by PSI, then looks every 10 ms for a second, and kills while memory is low.
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"
#include "daemon.h"
#include "kill.h"
#include "log.h"
#include "pressure.h"
#include "proc_files.h"
#include "properties.h"
#include "roles.h"

enum { WATCH_MS = 1000, PERIOD_MS = 10, MIN_ADJ = 100 };
enum { MAX_FDS = 1 + 1 + PSI_MONITORS + MAX_CLIENTS };

static struct state {
	long event_ms, wakeup_ms, kill_ms; // of CLOCK_MONOTONIC
	long since_event, skipped;
	long watch_until_ms;
	int dying; // pidfd of the last victim; -1: it is gone
	bool killed_last; // the last look at memory ended with a kill
} state = { .dying = -1 };

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool must_wait(long now)
{
	return state.dying >= 0 && (kill_timeout_ms() == 0 || now - state.kill_ms < kill_timeout_ms());
}

static void stop_waiting(void)
{
	if (state.dying >= 0)
		close(state.dying);
	state.dying = -1;
}

static void watch_for(long since_ms)
{
	if (state.watch_until_ms < since_ms + WATCH_MS)
		state.watch_until_ms = since_ms + WATCH_MS;
}

static void look(long now)
{
	char meminfo[8192];
	struct wakeups wakeups = { now - state.event_ms, now - state.wakeup_ms, ++state.since_event, state.skipped };
	state.wakeup_ms = now;
	if (must_wait(now)) {
		state.skipped++;
		return;
	}
	bool low = read_meminfo(meminfo, sizeof(meminfo)) && is_memory_low(meminfo);
	struct record *victim = low ? record_victim(MIN_ADJ) : NULL;
	bool after_kill = state.killed_last;
	state.killed_last = false;
	if (victim == NULL)
		return;
	stop_waiting();
	state.dying = kill_one(victim, after_kill ? REASON_AFTER_KILL : REASON_LOW_MEM, MIN_ADJ, meminfo, &wakeups);
	state.killed_last = state.dying >= 0;
	state.kill_ms = now_ms();
	watch_for(state.kill_ms);
	state.skipped = 0;
}

static void begin_watch(long now)
{
	state.event_ms = now;
	state.since_event = 0;
	watch_for(now);
}

static void turn(int listening)
{
	struct pollfd fds[MAX_FDS] = { { .fd = listening, .events = POLLIN }, { .fd = state.dying, .events = POLLIN } };
	size_t monitors = pressure_poll(fds + 2), clients = clients_poll(fds + 2 + monitors);
	bool watching = now_ms() < state.watch_until_ms, is_event = false;
	if (poll(fds, 2 + monitors + clients, watching ? PERIOD_MS : -1) < 0)
		return;
	long now = now_ms();
	for (size_t i = 0; i < monitors; i++)
		is_event = is_event || (fds[2 + i].revents & POLLPRI) != 0;
	if (fds[1].revents != 0)
		stop_waiting();
	clients_answer(fds + 2 + monitors, clients);
	if (fds[0].revents != 0)
		client_accept(listening);
	if (is_event)
		begin_watch(now);
	if (is_event || watching)
		look(now);
}

// As the real one: no memory of its own is ever reclaimed, and it runs before others.
static void become_important(void)
{
	const int priority = 1; // struct sched_param is one int; musl's sched_setscheduler() only answers ENOSYS
	if (!write_file("/proc/self/oom_score_adj", "-1000") || mlockall(MCL_CURRENT | MCL_FUTURE) < 0 ||
	    syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority) < 0)
		log_line("main", 'W', "lowmemorykiller", "stand-in lmkd runs without its privileges: %s",
			 strerror(errno));
}

// lmkd [--socket PATH --folder LOGS_AND_PROPERTIES]: with these in the foreground, for tests on the host. It then
// looks at memory all the time: a host that others work on is not put under pressure.
int lmkd_main(int count, char **words)
{
	bool by_test = count == 5 && strcmp(words[1], "--socket") == 0 && strcmp(words[3], "--folder") == 0;
	char properties[256];
	signal(SIGPIPE, SIG_IGN);
	if (by_test) {
		state.watch_until_ms = LONG_MAX;
		log_into(words[4]);
		snprintf(properties, sizeof(properties), "%s/properties", words[4]);
		properties_from(properties);
	}
	int listening = listen_at(by_test ? words[2] : LMKD_SOCKET, SOCK_SEQPACKET, 0660);
	if (!by_test) {
		go_to_background("lmkd");
		become_important();
	}
	pressure_init();
	for (;;)
		turn(listening);
}

// What `lmkd --reinit` does: asks the running one to read its properties again.
int lmkd_reinit_main(int count, char **words)
{
	const int32_t command = LMK_UPDATE_PROPS;
	int32_t answer[PACKET_INTS];
	(void)count;
	(void)words;
	int fd = lmkd_connect(LMKD_SOCKET);
	return fd >= 0 && packet_send(fd, &command, 1) == 0 && packet_receive(fd, answer, 0) == 2 ? 0 : 1;
}
