// Stand-in for logcat: merges the buffers' files in the order of time, follows them, prints line by line.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "roles.h"

enum { MAX_BUFFERS = 8, MAX_TAGS = 32, PATH_SIZE = 256 };

static struct options {
	bool dump, clear, epoch, only_tags;
	const char *buffers[MAX_BUFFERS];
	size_t buffer_count;
	const char *tags[MAX_TAGS];
	size_t tag_count;
	long long since_ms; // of CLOCK_REALTIME
	size_t last;        // so many lines at most at the beginning; 0: all
} options;

static struct source {
	FILE *file;
	bool begun; // its divider is printed
} sources[MAX_BUFFERS];

struct entry {
	char *text;
	long long time_ms;
	size_t number, source; // what came first stays first within a ms
};

static struct entries {
	struct entry *all;
	size_t count, size;
} batch;

static void *checked(void *memory)
{
	if (memory == NULL) {
		fprintf(stderr, "logcat: no memory\n");
		exit(1);
	}
	return memory;
}

static bool parse_calendar(const char *text, long long *time_ms)
{
	struct tm moment = { 0 };
	time_t now = time(NULL);
	int ms = 0;
	localtime_r(&now, &moment);
	if (sscanf(text, "%d-%d %d:%d:%d.%3d", &moment.tm_mon, &moment.tm_mday, &moment.tm_hour, &moment.tm_min,
		   &moment.tm_sec, &ms) != 6)
		return false;
	moment.tm_mon--;
	moment.tm_isdst = -1;
	*time_ms = (long long)mktime(&moment) * 1000 + ms;
	return true;
}

// "SECONDS.MS" as the files have it.
static long long parse_epoch(const char *text)
{
	char *end;
	long long seconds = strtoll(text, &end, 10);
	return seconds * 1000 + (*end == '.' ? strtoll(end + 1, NULL, 10) : 0);
}

static bool parse_since(const char *text)
{
	if (strchr(text, '-') != NULL)
		return parse_calendar(text, &options.since_ms);
	if (strchr(text, '.') != NULL)
		options.since_ms = parse_epoch(text);
	else
		options.last = strtoul(text, NULL, 10);
	return true;
}

static void add_buffer(const char *name)
{
	if (options.buffer_count < MAX_BUFFERS)
		options.buffers[options.buffer_count++] = name;
}

static void add_buffers(char *list)
{
	for (char *name = strtok(list, ","); name != NULL; name = strtok(NULL, ","))
		if (strcmp(name, "all") == 0) {
			add_buffer("main");
			add_buffer("system");
			add_buffer("events");
		} else if (strcmp(name, "default") == 0) {
			add_buffer("main");
			add_buffer("system");
		} else {
			add_buffer(name);
		}
}

static bool parse_options(int count, char **words)
{
	bool understood = true;
	for (int option; (option = getopt(count, words, "b:dcsv:T:t:")) != -1;)
		switch (option) {
		case 'b': add_buffers(optarg); break;
		case 'd': options.dump = true; break;
		case 'c': options.clear = true; break;
		case 's': options.only_tags = true; break;
		case 'v': options.epoch = strstr(optarg, "epoch") != NULL; break;
		case 't': options.dump = true; // fall through
		case 'T': understood = understood && parse_since(optarg); break;
		default: understood = false;
		}
	for (int i = optind; i < count && options.tag_count < MAX_TAGS; i++) {
		char *level = strchr(words[i], ':');
		if (level != NULL)
			*level = '\0'; // of priorities this knows nothing
		if (strcmp(words[i], "*") == 0)
			options.only_tags = options.only_tags || (level != NULL && level[1] == 'S');
		else
			options.tags[options.tag_count++] = words[i];
	}
	if (options.buffer_count == 0) {
		add_buffer("main");
		add_buffer("system");
	}
	return understood;
}

static const char *path_of(size_t buffer, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/%s", LOG_FOLDER, options.buffers[buffer]);
	return path;
}

static bool is_tag_wanted(const char *line)
{
	char tag[128];
	if (!options.only_tags)
		return true;
	if (sscanf(line, "%*s %*d %*d %*c %127[^:]", tag) != 1)
		return false;
	for (size_t end = strlen(tag); end > 0 && tag[end - 1] == ' '; end--)
		tag[end - 1] = '\0';
	for (size_t i = 0; i < options.tag_count; i++)
		if (strcmp(tag, options.tags[i]) == 0)
			return true;
	return false;
}

static void keep(const char *line, size_t source)
{
	long long time_ms = parse_epoch(line);
	if (time_ms < options.since_ms || !is_tag_wanted(line))
		return;
	if (batch.count == batch.size) {
		batch.size = batch.size * 2 + 64;
		batch.all = checked(realloc(batch.all, batch.size * sizeof(*batch.all)));
	}
	batch.all[batch.count] = (struct entry){ checked(strdup(line)), time_ms, batch.count, source };
	batch.count++;
}

// Whole lines only: a write is one line, so there is never less in the file for long.
static void read_more(size_t source)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file = sources[source].file;
	if (file == NULL)
		return;
	clearerr(file);
	while (getline(&line, &size, file) > 0)
		keep(line, source);
	free(line);
}

static int in_order(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void print(const struct entry *entry)
{
	struct source *source = &sources[entry->source];
	char moment[32];
	struct tm when;
	time_t seconds = (time_t)(entry->time_ms / 1000);
	if (!source->begun)
		printf("--------- beginning of %s\n", options.buffers[entry->source]);
	source->begun = true;
	const char *rest = strchr(entry->text, '.');
	if (options.epoch || rest == NULL) {
		fputs(entry->text, stdout);
		return;
	}
	localtime_r(&seconds, &when);
	strftime(moment, sizeof(moment), "%m-%d %H:%M:%S", &when);
	printf("%s%s", moment, rest);
}

static void print_batch(void)
{
	qsort(batch.all, batch.count, sizeof(*batch.all), in_order);
	size_t first = options.last > 0 && batch.count > options.last ? batch.count - options.last : 0;
	for (size_t i = 0; i < batch.count; i++) {
		if (i >= first)
			print(&batch.all[i]);
		free(batch.all[i].text);
	}
	batch.count = options.last = 0;
	if (fflush(stdout) != 0)
		exit(0); // nobody listens any more
}

static void read_all(void)
{
	for (size_t i = 0; i < options.buffer_count; i++)
		read_more(i);
	print_batch();
}

static int clear(void)
{
	char path[PATH_SIZE];
	int status = 0;
	for (size_t i = 0; i < options.buffer_count; i++)
		if (truncate(path_of(i, path), 0) < 0 && errno != ENOENT)
			status = 1;
	return status;
}

// Watches before it reads, so that nothing falls between.
static int follow(void)
{
	char path[PATH_SIZE], events[4096];
	int notice = inotify_init1(IN_CLOEXEC);
	for (size_t i = 0; notice >= 0 && i < options.buffer_count; i++)
		inotify_add_watch(notice, path_of(i, path), IN_MODIFY);
	do
		read_all();
	while (notice >= 0 && read(notice, events, sizeof(events)) > 0);
	return 1;
}

int logcat_main(int count, char **words)
{
	char path[PATH_SIZE];
	if (!parse_options(count, words)) {
		fprintf(stderr, "logcat: options that the stand-in does not know\n");
		return 1;
	}
	if (options.clear)
		return clear();
	for (size_t i = 0; i < options.buffer_count; i++)
		sources[i].file = fopen(path_of(i, path), "re");
	if (!options.dump)
		return follow();
	read_all();
	return 0;
}
