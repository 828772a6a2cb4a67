// A stand-in for Android around the app's library: JNI's table, a NativeActivity, bionic's names over glibc.
//   stand_in_device LIBRARY FOLDER [KEY=VALUE...] [-- KEY=VALUE...]...
// Each list is the extras of one start of the activity (throws=METHOD: that method throws). Prints the log, what
// the process holds, and, when it reads its memory again and again (touch_ms), what comes back by reading.
#include <android/native_activity.h>
#include <dlfcn.h>
#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct method {
	const char *name, *signature;
};

// What an Activity and an Intent have, of what the app may call.
static const struct method METHODS[] = {
	{ "getIntent", "()Landroid/content/Intent;" },
	{ "getPackageName", "()Ljava/lang/String;" },
	{ "getIntExtra", "(Ljava/lang/String;I)I" },
	{ "getStringExtra", "(Ljava/lang/String;)Ljava/lang/String;" },
};

static char **extras;
static bool exception; // is pending
static bool ready;
static sem_t logged, measured, read_again;

static const char *extra(const char *key)
{
	size_t length = strlen(key);
	for (char **at = extras; *at != NULL && strcmp(*at, "--") != 0; at++)
		if (strncmp(*at, key, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

static _Noreturn void app_bug(const char *what)
{
	fprintf(stderr, "the app %s\n", what);
	abort();
}

static void unprepared(void)
{
	app_bug("called a function of JNI that the stand-in does not have");
}

// Java ends a process that goes on with an exception pending.
static void no_exception_pends(void)
{
	if (exception)
		app_bug("called into Java with an exception pending");
}

static bool throws(jmethodID method)
{
	const char *name = extra("throws");
	no_exception_pends();
	exception = name != NULL && strcmp(name, ((const struct method *)method)->name) == 0;
	return exception;
}

static uint8_t exception_check(JNIEnv *env)
{
	(void)env;
	return exception;
}

static void exception_clear(JNIEnv *env)
{
	(void)env;
	exception = false;
}

static void delete_local_ref(JNIEnv *env, jobject object)
{
	(void)env, (void)object;
}

static jobject get_class(JNIEnv *env, jobject object)
{
	(void)env;
	no_exception_pends();
	return object;
}

static jmethodID get_method(JNIEnv *env, jobject class, const char *name, const char *signature)
{
	(void)env, (void)class;
	no_exception_pends();
	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++)
		if (strcmp(METHODS[i].name, name) == 0 && strcmp(METHODS[i].signature, signature) == 0)
			return (jmethodID)(uintptr_t)&METHODS[i];
	exception = true; // NoSuchMethodError
	return NULL;
}

static jobject new_string(JNIEnv *env, const char *text)
{
	(void)env;
	no_exception_pends();
	return (jobject)(uintptr_t)text;
}

static jobject call_object(JNIEnv *env, jobject object, jmethodID method, const jvalue *arguments)
{
	(void)env;
	if (throws(method))
		return NULL;
	if (method == &METHODS[0])
		return object;
	if (method == &METHODS[1])
		return (jobject)(uintptr_t)"org.lmkdlab.w01";
	return (jobject)(uintptr_t)extra(arguments[0].l);
}

static int32_t call_int(JNIEnv *env, jobject object, jmethodID method, const jvalue *arguments)
{
	(void)env, (void)object;
	if (throws(method))
		return 0;
	const char *value = extra(arguments[0].l);
	return value == NULL ? arguments[1].i : (int32_t)strtol(value, NULL, 10);
}

static const char *get_chars(JNIEnv *env, jobject string, uint8_t *copied)
{
	(void)env, (void)copied;
	no_exception_pends();
	return string;
}

static void release_chars(JNIEnv *env, jobject string, const char *chars)
{
	(void)env;
	if (string != chars)
		app_bug("gave back the text of another string");
}

int *__errno(void)
{
	return &errno;
}

// bionic numbers _SC_PAGESIZE otherwise than glibc.
long sysconf(int name)
{
	return name == 0x27 ? getpagesize() : ((long (*)(int))dlsym(RTLD_NEXT, "sysconf"))(name);
}

int __android_log_write(int priority, const char *tag, const char *text)
{
	printf("%d %s %s\n", priority, tag, text);
	ready = strncmp(text, "ready ", 6) == 0;
	sem_post(&logged);
	return 1;
}

// Shared memory, which the kernel keeps, but which counts as held only while it is mapped: reading maps it.
static void drop_shared_memory(void)
{
	char line[256];
	unsigned long begin, end;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL)
		if (strstr(line, "/dev/zero") != NULL && sscanf(line, "%lx-%lx", &begin, &end) == 2)
			madvise((void *)begin, end - begin, MADV_DONTNEED);
	if (maps != NULL)
		fclose(maps);
}

// The app sleeps before each reading of its memory, and for nothing else.
int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	static int sleeps;
	(void)left;
	if (++sleeps == 1) {
		sem_wait(&measured);
		drop_shared_memory();
		return 0;
	}
	printf("reads every %ld.%03ld s\n", wanted->tv_sec, wanted->tv_nsec / 1000000);
	sem_post(&read_again);
	for (;;)
		pause();
}

static void print_line(const char *path, const char *key)
{
	char line[256];
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			fputs(line, stdout);
	if (file != NULL)
		fclose(file);
}

static void print_rss(void)
{
	print_line("/proc/self/smaps_rollup", "Rss:");
}

static const void *const *jni_table(void)
{
	static const void *table[JNI_SLOTS];
	for (size_t i = 0; i < JNI_SLOTS; i++)
		table[i] = (void *)unprepared;
	table[JNI_EXCEPTION_CHECK] = (void *)exception_check;
	table[JNI_EXCEPTION_CLEAR] = (void *)exception_clear;
	table[JNI_DELETE_LOCAL_REF] = (void *)delete_local_ref;
	table[JNI_GET_OBJECT_CLASS] = (void *)get_class;
	table[JNI_GET_METHOD_ID] = (void *)get_method;
	table[JNI_CALL_OBJECT_METHOD_A] = (void *)call_object;
	table[JNI_CALL_INT_METHOD_A] = (void *)call_int;
	table[JNI_NEW_STRING_UTF] = (void *)new_string;
	table[JNI_GET_STRING_UTF_CHARS] = (void *)get_chars;
	table[JNI_RELEASE_STRING_UTF_CHARS] = (void *)release_chars;
	return table;
}

typedef void on_create(ANativeActivity *, void *, size_t);

static on_create *load(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);
	if (library != NULL)
		return (on_create *)dlsym(library, "ANativeActivity_onCreate");
	fprintf(stderr, "%s\n", dlerror());
	exit(1);
}

// Every start of the activity tells something, but for those of an app that is ready.
static void start_each(on_create *create, ANativeActivity *activity, char **words)
{
	bool more = true;
	for (extras = words; more; extras = words) {
		bool was_ready = ready;
		create(activity, NULL, 0);
		if (exception)
			app_bug("returned to Java with an exception pending");
		if (!was_ready)
			sem_wait(&logged);
		while (*words != NULL && strcmp(*words, "--") != 0)
			words++;
		more = *words != NULL && words++ != NULL;
	}
}

int main(int count, char **words)
{
	if (count < 3)
		return 2;
	sem_init(&logged, 0, 0);
	sem_init(&measured, 0, 0);
	sem_init(&read_again, 0, 0);
	JNIEnv env = jni_table();
	ANativeActivity activity = { .env = &env, .clazz = &env, .internalDataPath = words[2] };
	print_rss();
	on_create *create = load(words[1]);
	start_each(create, &activity, words + 3);
	print_rss();
	print_line("/proc/self/status", "Threads:");
	extras = words + 3;
	if (ready && extra("touch_ms") != NULL) {
		sem_post(&measured);
		sem_wait(&read_again);
		print_rss();
	}
	fflush(stdout);
	_exit(0);
}
