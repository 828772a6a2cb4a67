// Writes the lines of lmkd-client; src/pytest_lmkd/lmkd/client.py reads them.
#include "answer.h"

#include "failure.h"
#include "wire.h"

static void write_killed(const struct arrival *arrival)
{
	wire_begin("lmkd_killed");
	wire_number("pid", arrival->packet.pid);
	wire_number("uid", (uint32_t)arrival->packet.uid);
	wire_number_or_null("rss_kb", arrival->packet.rss_kb);
}

static void write_stat(const struct packet_stat *stat)
{
	wire_begin("lmkd_stat");
	wire_number_or_null("pgfault", stat->pgfault);
	wire_number_or_null("pgmajfault", stat->pgmajfault);
	wire_number_or_null("rss_in_bytes", stat->rss_in_bytes);
	wire_number_or_null("cache_in_bytes", stat->cache_in_bytes);
	wire_number_or_null("swap_in_bytes", stat->swap_in_bytes);
	wire_number_or_null("process_start_time_ns", stat->process_start_time_ns);
	wire_number("uid", (uint32_t)stat->uid);
	wire_number("oom_score", stat->oom_score);
	wire_number("min_oom_score", stat->min_oom_score);
	wire_number("free_mem_kb", stat->free_mem_kb);
	wire_number("free_swap_kb", stat->free_swap_kb);
	wire_number("kill_reason", stat->kill_reason);
	wire_number("thrashing_pct", stat->thrashing_pct);
	wire_number("max_thrashing_pct", stat->max_thrashing_pct);
	wire_text("taskname", stat->taskname);
}

int answer_packet(const struct arrival *arrival)
{
	if (arrival->packet.kind == PACKET_KILLED) {
		write_killed(arrival);
	} else if (arrival->packet.kind == PACKET_STAT) {
		write_stat(&arrival->packet.stat);
	} else { // including a late answer
		wire_begin("lmkd_unknown");
		wire_number("command", arrival->packet.command);
		wire_number("size_bytes", (int64_t)arrival->size);
	}
	wire_number("seen_ns", arrival->seen_ns);
	return wire_end();
}

int answer_count(int32_t min_adj, int32_t max_adj, int32_t count)
{
	wire_begin("lmkd_count");
	wire_number("min_adj", min_adj);
	wire_number("max_adj", max_adj);
	wire_number("count", count);
	return wire_end();
}

int answer_done(const char *command)
{
	wire_begin("lmkd_done");
	wire_text("command", command);
	return wire_end();
}

int answer_error(const char *call, int error, const char *reason)
{
	wire_begin("lmkd_error");
	wire_text("call", call);
	wire_text("errno", errno_name(error));
	wire_text("reason", reason);
	return wire_end();
}
