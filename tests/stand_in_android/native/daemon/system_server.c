// Stand-in for system_server: its loop. Parent of the apps, client of lmkd, and whom the scripts ask.
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apps.h"
#include "ask.h"
#include "daemon.h"
#include "deaths.h"
#include "link.h"
#include "log.h"
#include "proc_files.h"
#include "requests.h"
#include "roles.h"

enum { RECONNECT_MS = 1000 }; // AOSP LmkdConnection: lmkd may have dropped us

static int child_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void note_kills(void)
{
	for (struct kill_told told; (told = link_next_kill()).pid != 0;)
		exit_by_lmkd(told.pid, told.rss_kb);
}

static void turn(int listening, int signals)
{
	struct signalfd_siginfo unused;
	if (link_open())
		apps_tell(true);
	struct pollfd fds[] = { { .fd = listening, .events = POLLIN },
				{ .fd = signals, .events = POLLIN },
				{ .fd = link_fd(), .events = POLLIN } };
	if (poll(fds, sizeof(fds) / sizeof(*fds), link_fd() < 0 ? RECONNECT_MS : -1) < 0)
		return;
	while (read(signals, &unused, sizeof(unused)) > 0)
		continue;
	note_kills(); // before the deaths: they are lmkd's word on them
	deaths_note();
	if (fds[0].revents == 0)
		return;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		request_answer(fd);
}

int system_main(int count, char **words)
{
	(void)count;
	(void)words;
	int listening = listen_at(SYSTEM_SOCKET, SOCK_STREAM, 0666);
	go_to_background("system_server");
	signal(SIGPIPE, SIG_IGN);
	int signals = child_signals();
	if (signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || !write_file("/proc/self/oom_score_adj", "-900")) {
		log_line("system", 'E', "SystemServer", "the stand-in cannot start");
		return 1;
	}
	for (;;)
		turn(listening, signals);
}
