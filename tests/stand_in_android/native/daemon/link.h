// The stand-in system_server's connection to lmkd: adj goes out, kills come in.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

// Connects where there is no connection. True: a new one, to which everything has to be told.
bool link_open(void);
// The socket, or -1.
int link_fd(void);
void link_set_adj(pid_t pid, uid_t uid, int adj);
void link_forget(pid_t pid);
struct kill_told {
	pid_t pid; // 0: none
	long rss_kb;
};
// The next kill that lmkd told of, without waiting.
struct kill_told link_next_kill(void);
