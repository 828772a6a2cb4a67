// A stand-in for Android around the app's library: JNI's table, a NativeActivity, bionic's names over glibc.
//   stand_in_device LIBRARY FOLDER [KEY=VALUE...]   extras; prints the log line, then what the process holds.
#include <android/native_activity.h>
#include <dlfcn.h>
#include <errno.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **extras;
static sem_t logged;

static const char *extra(const char *key)
{
	size_t length = strlen(key);
	for (char **at = extras; *at != NULL; at++)
		if (strncmp(*at, key, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

static uint8_t no_exception(JNIEnv *env)
{
	(void)env;
	return 0;
}

static jobject get_class(JNIEnv *env, jobject object)
{
	(void)env;
	return object;
}

static jmethodID get_method(JNIEnv *env, jobject class, const char *name, const char *signature)
{
	(void)env, (void)class, (void)signature;
	return (jmethodID)(uintptr_t)name;
}

static jobject new_string(JNIEnv *env, const char *text)
{
	(void)env;
	return (jobject)(uintptr_t)text;
}

static jobject call_object(JNIEnv *env, jobject object, jmethodID method, const jvalue *arguments)
{
	(void)env;
	if (strcmp(method, "getIntent") == 0)
		return object;
	if (strcmp(method, "getPackageName") == 0)
		return (jobject)(uintptr_t)"org.lmkdlab.w01";
	return (jobject)(uintptr_t)extra(arguments[0].l);
}

static int32_t call_int(JNIEnv *env, jobject object, jmethodID method, const jvalue *arguments)
{
	(void)env, (void)object, (void)method;
	const char *value = extra(arguments[0].l);
	return value == NULL ? arguments[1].i : (int32_t)strtol(value, NULL, 10);
}

static const char *get_chars(JNIEnv *env, jobject string, uint8_t *copied)
{
	(void)env, (void)copied;
	return string;
}

static void ignore(void)
{
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
	sem_post(&logged);
	return 1;
}

static void print_file(const char *path, const char *key)
{
	char line[256];
	FILE *file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
			fputs(line, stdout);
	if (file != NULL)
		fclose(file);
}

int main(int count, char **words)
{
	const void *table[JNI_SLOTS];
	if (count < 3)
		return 2;
	for (size_t i = 0; i < JNI_SLOTS; i++)
		table[i] = (void *)ignore;
	table[JNI_EXCEPTION_CHECK] = (void *)no_exception;
	table[JNI_GET_OBJECT_CLASS] = (void *)get_class;
	table[JNI_GET_METHOD_ID] = (void *)get_method;
	table[JNI_CALL_OBJECT_METHOD_A] = (void *)call_object;
	table[JNI_CALL_INT_METHOD_A] = (void *)call_int;
	table[JNI_NEW_STRING_UTF] = (void *)new_string;
	table[JNI_GET_STRING_UTF_CHARS] = (void *)get_chars;
	extras = words + 3;
	sem_init(&logged, 0, 0);
	print_file("/proc/self/smaps_rollup", "Rss:");
	void *library = dlopen(words[1], RTLD_NOW);
	if (library == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	JNIEnv env = table;
	ANativeActivity activity = { .env = &env, .clazz = &env, .internalDataPath = words[2] };
	void (*create)(ANativeActivity *, void *, size_t) =
		(void (*)(ANativeActivity *, void *, size_t))dlsym(library, "ANativeActivity_onCreate");
	create(&activity, NULL, 0);
	sem_wait(&logged);
	create(&activity, NULL, 0); // started again while alive
	print_file("/proc/self/smaps_rollup", "Rss:");
	print_file("/proc/self/status", "Threads:");
	if (extra("touch_ms") != NULL)
		usleep(20000); // lets it read its memory at least once more; nothing is asserted of the time
	fflush(stdout);
	_exit(0);
}
