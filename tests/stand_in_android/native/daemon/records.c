// The processes that clients registered with the stand-in lmkd.
#include "records.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "kernel_calls.h"
#include "lmkd_protocol.h"
#include "log.h"
#include "proc_files.h"

static struct record records[MAX_RECORDS];
static size_t used;

static struct record *find(pid_t pid)
{
	for (size_t i = 0; i < used; i++)
		if (records[i].pid == pid)
			return &records[i];
	return NULL;
}

static bool may_change(struct record *record, pid_t owner)
{
	if (record->owner == 0)
		record->owner = owner;
	if (record->owner == owner)
		return true;
	log_line("main", 'E', "lowmemorykiller", "%d attempts to modify a process registered by another client",
		 (int)owner);
	return false;
}

void record_drop(struct record *record)
{
	close(record->pidfd);
	*record = records[--used];
}

static bool is_gone(const struct record *record)
{
	return sys_pidfd_send_signal(record->pidfd, 0) < 0;
}

static struct record *add(pid_t pid, pid_t owner)
{
	int pidfd = used < MAX_RECORDS ? sys_pidfd_open(pid) : -1;
	if (pidfd < 0)
		return NULL;
	records[used] = (struct record){ .pid = pid, .owner = owner, .pidfd = pidfd };
	return &records[used++];
}

bool record_set(pid_t pid, uid_t uid, int32_t adj, pid_t owner)
{
	char path[64], text[16];
	struct record *record = find(pid);
	if (pid <= 0 || adj < OOM_ADJ_MIN || adj > OOM_ADJ_MAX)
		return false;
	if (record != NULL && !may_change(record, owner))
		return false;
	if (record != NULL && is_gone(record)) { // another process has its number now
		record_drop(record);
		record = NULL;
	}
	if (record == NULL)
		record = add(pid, owner);
	if (record == NULL)
		return false;
	record->uid = uid;
	record->adj = adj;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof(text), "%d", (int)adj);
	if (!write_file(path, text))
		log_line("main", 'E', "lowmemorykiller", "cannot write %s to %s", text, path);
	return true;
}

void record_remove(pid_t pid, pid_t owner)
{
	struct record *record = find(pid);
	if (record != NULL && may_change(record, owner))
		record_drop(record);
}

void records_purge(pid_t owner)
{
	for (size_t i = used; i > 0; i--)
		if (records[i - 1].owner == owner)
			record_drop(&records[i - 1]);
}

void records_disown(pid_t owner)
{
	for (size_t i = 0; i < used; i++)
		if (records[i].owner == owner)
			records[i].owner = 0;
}

static bool is_before(const struct record *record, const struct record *other)
{
	if (other == NULL || record->adj != other->adj)
		return other == NULL || record->adj > other->adj;
	return rss_kb_of(record->pid) > rss_kb_of(other->pid);
}

struct record *record_victim(int32_t min_adj)
{
	struct record *victim = NULL;
	for (size_t i = used; i > 0; i--) { // backwards: dropping one moves the last into its place
		struct record *record = &records[i - 1];
		if (record->adj >= min_adj && (is_gone(record) || rss_kb_of(record->pid) == 0))
			record_drop(record);
	}
	for (size_t i = 0; i < used; i++)
		if (records[i].adj >= min_adj && is_before(&records[i], victim))
			victim = &records[i];
	return victim;
}
