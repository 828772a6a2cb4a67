// Runs lmkd's policy by a script on standard input, one command per line, so that one process runs many cases:
//   reset                        reset the state and the settings
//   set NAME VALUE               change a setting and reset the state
//   decide KEY=VALUE ...         change these inputs (the others stay), decide, and print the decision
//   kill                         report the kill of the last decision
//   choose MIN HEAVIEST ADJ:ORDER:RSS:GONE ...      print the index of the victim
//   parse meminfo|vmstat|zoneinfo|pressure LENGTH   then LENGTH bytes: print the values, or the failure
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "lmkd/choice.h"
#include "lmkd/decision.h"

enum { CANDIDATES_MAX = 64 };

static struct lmkd_settings settings;
static struct lmkd_state state;
static struct lmkd_inputs inputs;
static struct lmkd_decision decision;
static int64_t rss_of_pid[CANDIDATES_MAX];

static const struct {
	const char *name;
	int64_t *at;
} NUMBERS[] = {
	{ "now_ms", &inputs.now_ms },
	{ "page_kb", &inputs.page_kb },
	{ "mem_free", &inputs.meminfo.mem_free },
	{ "cma_free", &inputs.meminfo.cma_free },
	{ "inactive_file_kb", &inputs.meminfo.inactive_file },
	{ "swap_total", &inputs.meminfo.swap_total },
	{ "swap_free", &inputs.meminfo.swap_free },
	{ "active_anon", &inputs.meminfo.active_anon },
	{ "inactive_anon", &inputs.meminfo.inactive_anon },
	{ "shmem", &inputs.meminfo.shmem },
	{ "nr_inactive_file", &inputs.vmstat.nr_inactive_file },
	{ "nr_active_file", &inputs.vmstat.nr_active_file },
	{ "refault", &inputs.vmstat.workingset_refault_file },
	{ "kswapd", &inputs.vmstat.pgscan_kswapd },
	{ "direct", &inputs.vmstat.pgscan_direct },
	{ "refill", &inputs.vmstat.pgrefill },
	{ "min", &inputs.watermarks.min },
	{ "low", &inputs.watermarks.low },
	{ "high", &inputs.watermarks.high },
	{ "full_pct100", &inputs.pressure.full_avg10_pct100 },
};

static void forget(void)
{
	memset(&inputs, 0, sizeof(inputs));
	inputs.page_kb = 4;
	lmkd_state_init(&state, &settings);
}

static void take_word(const char *word)
{
	const char *value = strchr(word, '=') + 1;
	size_t length = (size_t)(value - word) - 1;
	for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++)
		if (strlen(NUMBERS[i].name) == length && strncmp(NUMBERS[i].name, word, length) == 0)
			*NUMBERS[i].at = strtoll(value, NULL, 10);
	if (strncmp(word, "event=", 6) == 0)
		inputs.is_event = atoi(value) != 0;
	if (strncmp(word, "level=", 6) == 0)
		inputs.level = (enum pressure_level)atoi(value);
}

static void decide(char *words)
{
	for (char *word = strtok(words, " \n"); word != NULL; word = strtok(NULL, " \n"))
		take_word(word);
	decision = lmkd_decide(&settings, &state, &inputs);
	printf("%s %d thrashing=%lld reclaim=%d breached=%d swap_low=%d\n", kill_reason_name(decision.reason),
	       decision.min_score_adj, (long long)decision.thrashing_pct, (int)decision.reclaiming,
	       (int)decision.breached, decision.swap_is_low);
}

static int64_t rss_kb(const struct candidate *candidate)
{
	return rss_of_pid[candidate->pid];
}

static void choose(char *words)
{
	struct candidate candidates[CANDIDATES_MAX];
	size_t count = 0;
	int min_score_adj = atoi(strtok(words, " \n"));
	int heaviest = atoi(strtok(NULL, " \n"));
	for (char *word = strtok(NULL, " \n"); word != NULL; word = strtok(NULL, " \n")) {
		struct candidate *candidate = &candidates[count];
		int gone;
		long long order, rss;
		if (sscanf(word, "%d:%lld:%lld:%d", &candidate->adj, &order, &rss, &gone) != 4)
			exit(2);
		candidate->pid = (pid_t)count;
		candidate->adj_order = order;
		candidate->gone = gone != 0;
		rss_of_pid[count++] = rss;
	}
	printf("%d\n", lmkd_choose(candidates, count, min_score_adj, heaviest != 0, rss_kb));
}

static void print_meminfo(const char *text)
{
	struct meminfo m;
	if (meminfo_parse(text, &m) < 0)
		printf("refused: %s\n", failure_text());
	else
		printf("%lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld %lld\n", (long long)m.mem_free,
		       (long long)m.buffers, (long long)m.cached, (long long)m.swap_cached, (long long)m.shmem,
		       (long long)m.swap_total, (long long)m.swap_free, (long long)m.active_anon,
		       (long long)m.inactive_anon, (long long)m.active_file, (long long)m.inactive_file,
		       (long long)m.cma_free);
}

static void print_vmstat(const char *text)
{
	struct vmstat v;
	if (vmstat_parse(text, &v) < 0)
		printf("refused: %s\n", failure_text());
	else
		printf("%lld %lld %lld %lld %lld %lld\n", (long long)v.nr_inactive_file, (long long)v.nr_active_file,
		       (long long)v.workingset_refault_file, (long long)v.pgscan_kswapd, (long long)v.pgscan_direct,
		       (long long)v.pgrefill);
}

static void print_watermarks(const char *text)
{
	struct watermarks w;
	if (watermarks_parse(text, 4, &w) < 0)
		printf("refused: %s\n", failure_text());
	else
		printf("%lld %lld %lld\n", (long long)w.min, (long long)w.low, (long long)w.high);
}

static void print_pressure(const char *text)
{
	struct pressure p;
	if (pressure_parse(text, &p) < 0)
		printf("refused: %s\n", failure_text());
	else
		printf("%lld %lld %lld %lld\n", (long long)p.some_avg10_pct100, (long long)p.full_avg10_pct100,
		       (long long)p.some_total_us, (long long)p.full_total_us);
}

// Parses a heap block of exactly the length of the text, so that the sanitizer detects a read past the end.
static void parse(char *words)
{
	const char *what = strtok(words, " \n");
	size_t length = strtoul(strtok(NULL, " \n"), NULL, 10);
	char *text = malloc(length + 1);
	if (text == NULL || fread(text, 1, length, stdin) != length)
		exit(2);
	text[length] = '\0';
	failure_clear();
	if (strcmp(what, "meminfo") == 0)
		print_meminfo(text);
	else if (strcmp(what, "vmstat") == 0)
		print_vmstat(text);
	else if (strcmp(what, "zoneinfo") == 0)
		print_watermarks(text);
	else
		print_pressure(text);
	free(text);
}

static void set(char *words)
{
	const char *name = strtok(words, " \n");
	failure_clear();
	if (lmkd_set(&settings, name, strtoll(strtok(NULL, " \n"), NULL, 10)) < 0)
		printf("refused: %s\n", failure_text());
	forget();
}

static void obey(char *line)
{
	char *rest = strchr(line, ' ');
	rest = rest == NULL ? line + strlen(line) : rest + 1;
	if (strncmp(line, "decide ", 7) == 0)
		decide(rest);
	else if (strncmp(line, "kill", 4) == 0)
		lmkd_remember_kill(&settings, &state, &decision);
	else if (strncmp(line, "choose ", 7) == 0)
		choose(rest);
	else if (strncmp(line, "parse ", 6) == 0)
		parse(rest);
	else if (strncmp(line, "set ", 4) == 0)
		set(rest);
	else if (strncmp(line, "reset", 5) == 0) {
		settings = LMKD_DEFAULTS;
		forget();
	} else
		exit(2);
}

int main(void)
{
	char line[4096];
	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	return 0;
}
