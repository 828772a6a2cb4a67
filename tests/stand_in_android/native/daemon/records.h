// The processes that clients registered with the stand-in lmkd.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { MAX_RECORDS = 512 };

struct record {
	pid_t pid;
	uid_t uid;
	int32_t adj;
	pid_t owner; // the client that registered it; 0: its connection is gone, and any client may claim it
	int pidfd;
};

// PROCPRIO: records the process and writes its oom_score_adj. False for one of another client's, or without sense.
bool record_set(pid_t pid, uid_t uid, int32_t adj, pid_t owner);
void record_remove(pid_t pid, pid_t owner);
// PROCPURGE: all of the owner's.
void records_purge(pid_t owner);
// The client's connection is gone.
void records_disown(pid_t owner);
// The next to be killed: the highest oom_score_adj of min_adj or more, of those the largest. NULL: nobody.
struct record *record_victim(int32_t min_adj);
void record_drop(struct record *record);
