// The app's calls into Java, made in a real JVM: java.c against HotSpot's own table, which it checks.
//   jni_in_a_jvm LIBJVM   exits with 0 when everything that comes back is right.
// A String is the Intent: of the methods that the app asks for, those with the same signatures are called.
#include <dlfcn.h>
#include <jni.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "java.h"

// JNI specification, "The Invocation API".
struct option {
	char *text;
	void *extra;
};
struct arguments {
	int32_t version, option_count;
	struct option *options;
	uint8_t ignore_unknown;
};
typedef int32_t create_vm(void **vm, JNIEnv **env, struct arguments *arguments);
typedef jmethodID get_method(JNIEnv *, jobject, const char *, const char *);
typedef jobject new_string(JNIEnv *, const char *);

enum { JNI_1_6 = 0x00010006, TIMES = 100 };

static get_method *real_get_method;
static int mistakes;

static void expect(int holds, const char *what)
{
	if (!holds)
		fprintf(stderr, "not so: %s\n", what);
	mistakes += !holds;
}

static jmethodID get_method_of_strings(JNIEnv *env, jobject class, const char *name, const char *signature)
{
	if (strcmp(name, "getIntExtra") == 0)
		name = "indexOf"; // of a String, from an index
	if (strcmp(name, "getStringExtra") == 0)
		name = "concat";
	return real_get_method(env, class, name, signature);
}

static JNIEnv *start_jvm(const char *path)
{
	struct option options[] = { { "-Xcheck:jni", NULL }, { "-Xmx32m", NULL }, { "-XX:+UseSerialGC", NULL } };
	struct arguments arguments = { .version = JNI_1_6, .option_count = 3, .options = options };
	void *vm, *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	JNIEnv *env = NULL;
	create_vm *create = library == NULL ? NULL : (create_vm *)dlsym(library, "JNI_CreateJavaVM");
	if (create == NULL || create(&vm, &env, &arguments) != 0)
		return NULL;
	static const void *table[JNI_SLOTS];
	memcpy(table, *env, sizeof(table));
	real_get_method = (get_method *)(uintptr_t)table[JNI_GET_METHOD_ID];
	table[JNI_GET_METHOD_ID] = (void *)get_method_of_strings;
	*env = table;
	return env;
}

static void check(JNIEnv *env, jobject string)
{
	char text[64];
	jobject trimmed = java_object(env, string, "trim", "()Ljava/lang/String;");
	expect(java_text(env, trimmed, text, sizeof(text)) == 0, "a string is copied");
	expect(strcmp(text, "size_kb size_kb") == 0, "with its own text");
	expect(intent_int(env, string, "size_kb", 3) == 9, "a name and an int arrive, an int comes back");
	expect(intent_int(env, string, "absent", 0) == -1, "a negative int comes back");
	expect(intent_text(env, string, "shape", text, sizeof(text)) == 0, "a text comes back");
	expect(strcmp(text, " size_kb size_kb shape") == 0, "of the name that was given");
	expect(intent_text(env, string, "shape", text, 5) == 0 && strcmp(text, " siz") == 0, "or is cut");
	expect(java_object(env, string, "noSuchMethod", "()V") == NULL, "what is not there is NULL");
	expect(java_object(env, string, "clone", "()Ljava/lang/Object;") == NULL, "what throws is NULL");
	expect(java_text(env, NULL, text, sizeof(text)) == -1, "nothing is no text");
}

int main(int count, char **words)
{
	JNIEnv *env = count == 2 ? start_jvm(words[1]) : NULL;
	if (env == NULL)
		return 2;
	jobject string = ((new_string *)(uintptr_t)(*env)[JNI_NEW_STRING_UTF])(env, " size_kb size_kb ");
	for (int i = 0; i < TIMES; i++) // more references than a JVM allows, were they not let go
		check(env, string);
	return mistakes > 0;
}
