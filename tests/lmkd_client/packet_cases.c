// Reads packets (2 bytes of length, big-endian, then the packet) and prints the result of packet_read() for
// each. Each packet is in memory of exactly its size, so that ASan detects every read past it.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "packet.h"

static void print(const struct packet *packet)
{
	const struct packet_stat *stat = &packet->stat;
	printf("%d %d %d %d %d %d %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
	       " %d %d %d %d %d %d %d %d ",
	       (int)packet->kind, packet->command, packet->value, packet->pid, packet->uid, packet->rss_kb,
	       stat->pgfault, stat->pgmajfault, stat->rss_in_bytes, stat->cache_in_bytes, stat->swap_in_bytes,
	       stat->process_start_time_ns, stat->uid, stat->oom_score, stat->min_oom_score, stat->free_mem_kb,
	       stat->free_swap_kb, stat->kill_reason, stat->thrashing_pct, stat->max_thrashing_pct);
	for (const char *at = stat->taskname; *at != '\0'; at++)
		printf("%02x", (unsigned char)*at);
	printf("\n");
}

int main(void)
{
	for (;;) {
		int high = getchar(), low = getchar();
		if (high == EOF || low == EOF)
			return 0;
		size_t size = (size_t)(high << 8 | low);
		uint8_t *bytes = malloc(size);
		if ((bytes == NULL && size > 0) || fread(bytes, 1, size, stdin) != size)
			return 1;
		struct packet packet;
		packet_read(bytes, size, &packet);
		print(&packet);
		free(bytes);
	}
}
