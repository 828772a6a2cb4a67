// One kill of the stand-in lmkd, and the records that it leaves (AOSP lmkd.cpp kill_one_process, killinfo_log).
//
// Unlike the real one, which has threads for it, this reaps on its only thread.
#include "kill.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"
#include "kernel_calls.h"
#include "log.h"
#include "proc_files.h"

#define TAG "lowmemorykiller"

enum { NAME_SIZE = 128, STAT_PACKET_SIZE = 222 };

struct victim {
	pid_t pid;
	uid_t uid;
	int32_t adj;
	long rss_kb, swap_kb;
	long long faults, major_faults, start_ns;
	char name[NAME_SIZE];
};

static const char *const meminfo_names[] = {
	"MemFree",	"Cached",	"SwapCached",	"Buffers",	"Shmem",	"Unevictable",	"SwapTotal",
	"SwapFree",	"Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)", "SReclaimable",
	"SUnreclaim",	"KernelStack",	"PageTables",	"ION_heap",	"ION_heap_pool", "CmaFree",
};

static long or_zero(long number)
{
	return number < 0 ? 0 : number;
}

static void read_stat(const char *text, struct victim *victim)
{
	long ticks_s = sysconf(_SC_CLK_TCK);
	long long start_ticks = 0;
	const char *rest = strrchr(text, ')'); // the name may hold anything
	if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %lld %*u %lld %*u %*u %*u %*d %*d %*d %*d %*d "
					 "%*d %lld",
				   &victim->faults, &victim->major_faults, &start_ticks) != 3)
		return;
	victim->start_ns = start_ticks * (1000000000LL / (ticks_s > 0 ? ticks_s : 100));
}

static struct victim look_at(const struct record *record)
{
	struct victim victim = { .pid = record->pid, .uid = record->uid, .adj = record->adj };
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)record->pid);
	if (!read_file(path, victim.name, sizeof(victim.name)))
		snprintf(victim.name, sizeof(victim.name), "unknown");
	snprintf(path, sizeof(path), "/proc/%d/status", (int)record->pid);
	if (read_file(path, text, sizeof(text))) {
		victim.rss_kb = or_zero(number_after(text, "VmRSS"));
		victim.swap_kb = or_zero(number_after(text, "VmSwap"));
	}
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)record->pid);
	if (read_file(path, text, sizeof(text)))
		read_stat(text, &victim);
	return victim;
}

static double psi_avg10(const char *file, const char *kind)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/pressure/%s", file);
	if (!read_file(path, text, sizeof(text)))
		return 0;
	const char *line = strstr(text, kind);
	const char *value = line == NULL ? NULL : strstr(line, "avg10=");
	return value == NULL ? 0 : strtod(value + strlen("avg10="), NULL);
}

static void log_killinfo(const struct victim *victim, int reason, int32_t min_adj, const char *meminfo,
			 const struct wakeups *wakeups)
{
	char sizes[512];
	size_t used = 0;
	for (size_t i = 0; i < sizeof(meminfo_names) / sizeof(*meminfo_names); i++)
		used += (size_t)snprintf(sizes + used, sizeof(sizes) - used, "%ld,",
					 or_zero(number_after(meminfo, meminfo_names[i])));
	log_line("events", 'I', "killinfo", "[%d,%u,%d,%d,%ld,%d,%s%ld,%ld,%ld,%ld,%ld,0,0,0,%f,%f,%f,%f,%f]",
		 (int)victim->pid, (unsigned int)victim->uid, (int)victim->adj, (int)min_adj, victim->rss_kb, reason, sizes,
		 wakeups->ms_since_event, wakeups->ms_since_wakeup, wakeups->since_event, wakeups->skipped,
		 victim->swap_kb, psi_avg10("memory", "some"), psi_avg10("memory", "full"),
		 psi_avg10("io", "some"), psi_avg10("io", "full"), psi_avg10("cpu", "some"));
}

static void log_kill(const struct victim *victim, int reason)
{
	log_line("main", 'I', TAG,
		 "Kill '%s' (%d), uid %u, oom_score_adj %d to free %ldkB rss, %ldkB swap; reason: low watermark is "
		 "breached%s",
		 victim->name, (int)victim->pid, (unsigned int)victim->uid, (int)victim->adj, victim->rss_kb,
		 victim->swap_kb, reason == REASON_AFTER_KILL ? " even after kill" : "");
}

static size_t put_long(uint8_t *packet, size_t at, long long value)
{
	uint64_t wire = htobe64((uint64_t)value);
	memcpy(packet + at, &wire, sizeof(wire));
	return at + sizeof(wire);
}

static size_t put_int(uint8_t *packet, size_t at, long value)
{
	uint32_t wire = htonl((uint32_t)value);
	memcpy(packet + at, &wire, sizeof(wire));
	return at + sizeof(wire);
}

// The string as Java's readUTF() reads it, and a NUL behind it.
static void tell_stat(const struct victim *victim, int reason, int32_t min_adj, const char *meminfo)
{
	uint8_t packet[STAT_PACKET_SIZE] = { 0 };
	size_t at = put_int(packet, 0, LMK_STAT_KILL_OCCURRED);
	const long long longs[] = { victim->faults, victim->major_faults, victim->rss_kb * 1024LL, 0,
				    victim->swap_kb * 1024LL, victim->start_ns };
	const long ints[] = { (long)victim->uid, victim->adj, min_adj, number_after(meminfo, "MemFree"),
			      number_after(meminfo, "SwapFree"), reason, 0, 0 };
	for (size_t i = 0; i < sizeof(longs) / sizeof(*longs); i++)
		at = put_long(packet, at, longs[i]);
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++)
		at = put_int(packet, at, ints[i]);
	size_t length = strnlen(victim->name, NAME_SIZE - 1);
	packet[at++] = (uint8_t)(length >> 8);
	packet[at++] = (uint8_t)length;
	memcpy(packet + at, victim->name, length);
	clients_tell(LMK_EVENT_STAT, packet, at + length + 1);
}

static void tell_kill(const struct victim *victim)
{
	uint8_t packet[16];
	size_t at = put_int(packet, 0, LMK_PROCKILL);
	at = put_int(packet, at, victim->pid);
	at = put_int(packet, at, (long)victim->uid);
	at = put_int(packet, at, victim->rss_kb);
	clients_tell(LMK_EVENT_KILL, packet, at);
}

int kill_one(struct record *record, int reason, int32_t min_adj, const char *meminfo, const struct wakeups *wakeups)
{
	struct victim victim = look_at(record);
	int pidfd = dup(record->pidfd);
	record_drop(record);
	if (pidfd < 0 || sys_pidfd_send_signal(pidfd, SIGKILL) < 0) {
		log_line("main", 'E', TAG, "Failed to kill process %d", (int)victim.pid);
		if (pidfd >= 0)
			close(pidfd);
		return -1;
	}
	kill_counted(victim.adj);
	log_kill(&victim, reason);
	log_killinfo(&victim, reason, min_adj, meminfo, wakeups);
	tell_kill(&victim);
	tell_stat(&victim, reason, min_adj, meminfo);
	if (sys_process_mrelease(pidfd) < 0)
		log_line("main", 'E', TAG, "process_mrelease %d failed: %s", (int)victim.pid, strerror(errno));
	return pidfd;
}
