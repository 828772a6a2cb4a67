// Stand-in for a workload app of apk-workloads: a process of the package's name that fills memory and stays.
//
// What the Intent's extras would say comes in the environment: size_kb, threads, shape. Memory is private and
// anonymous whatever the shape is called.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "log.h"

#define TAG "lmkdlab"

enum { MIN_SIZE_KB = 64, MAX_SIZE_KB = 64 << 20, MAX_THREADS = 256, COMM_LENGTH = 15, STACK_SIZE = 64 << 10 };

static const char *package;

static _Noreturn void stay(void)
{
	for (;;)
		pause();
}

// As the real one: it says why, and lives on without memory.
__attribute__((format(printf, 1, 2))) static _Noreturn void fail(const char *format, ...)
{
	char reason[200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	log_line("main", 'E', TAG, "failed %s pid=%d: %s", package, (int)getpid(), reason);
	stay();
}

static long extra(const char *name, long otherwise, long least, long most)
{
	const char *text = getenv(name);
	char *end = NULL;
	long value = text == NULL ? otherwise : strtol(text, &end, 10);
	if (text != NULL && (end == text || *end != '\0'))
		fail("%s %s is no number", name, text);
	if (value < least || value > most)
		fail("%s %ld is not %ld to %ld", name, value, least, most);
	return value;
}

static void *idle(void *unused)
{
	(void)unused;
	stay();
}

static void start_threads(long count)
{
	pthread_attr_t attributes;
	pthread_t thread;
	errno = pthread_attr_init(&attributes);
	if (errno == 0)
		errno = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	for (long i = 0; errno == 0 && i < count; i++)
		errno = pthread_create(&thread, &attributes, idle, NULL);
	if (errno != 0)
		fail("start a thread: %s", strerror(errno));
	pthread_attr_destroy(&attributes);
}

// Marsaglia's xorshift64: no compressor gets anything out of it.
static void fill(uint64_t *words, size_t count)
{
	uint64_t state = 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
	for (size_t i = 0; i < count; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		words[i] = state;
	}
}

static void name_ourselves(void)
{
	size_t length = strlen(package);
	prctl(PR_SET_NAME, package + (length > COMM_LENGTH ? length - COMM_LENGTH : 0));
}

int main(int count, char **words)
{
	(void)count;
	package = words[0];
	name_ourselves();
	long size_kb = extra("size_kb", 65536, MIN_SIZE_KB, MAX_SIZE_KB);
	long threads = extra("threads", 4, 1, MAX_THREADS);
	const char *shape = getenv("shape") != NULL ? getenv("shape") : "app-mix";
	size_t size = (size_t)size_kb * 1024;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		fail("map %ld kB: %s", size_kb, strerror(errno));
	fill(memory, size / sizeof(uint64_t));
	start_threads(threads - 1);
	log_line("main", 'I', TAG, "ready %s pid=%d size_kb=%ld shape=%s threads=%ld", package, (int)getpid(),
		 size_kb, shape, threads);
	stay();
}
