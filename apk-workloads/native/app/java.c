// Calls Java methods through the function table of JNI.
#include "java.h"

#include <stdbool.h>

#define CALL(env, slot, type) ((type)(uintptr_t)(*(env))[slot])

typedef jobject object_call(JNIEnv *, jobject, jmethodID, const jvalue *);
typedef int32_t int_call(JNIEnv *, jobject, jmethodID, const jvalue *);
typedef jmethodID find_method(JNIEnv *, jobject, const char *, const char *);

static void release(JNIEnv *env, jobject object)
{
	if (object != NULL)
		CALL(env, JNI_DELETE_LOCAL_REF, void (*)(JNIEnv *, jobject))(env, object);
}

static bool threw(JNIEnv *env)
{
	if (!CALL(env, JNI_EXCEPTION_CHECK, uint8_t (*)(JNIEnv *))(env))
		return false;
	CALL(env, JNI_EXCEPTION_CLEAR, void (*)(JNIEnv *))(env);
	return true;
}

static jmethodID method(JNIEnv *env, jobject object, const char *name, const char *signature)
{
	jobject class = CALL(env, JNI_GET_OBJECT_CLASS, jobject (*)(JNIEnv *, jobject))(env, object);
	jmethodID id = CALL(env, JNI_GET_METHOD_ID, find_method *)(env, class, name, signature);
	bool failed = threw(env);
	release(env, class);
	return failed ? NULL : id;
}

static jobject new_text(JNIEnv *env, const char *text)
{
	jobject string = CALL(env, JNI_NEW_STRING_UTF, jobject (*)(JNIEnv *, const char *))(env, text);
	return threw(env) ? NULL : string;
}

static jobject call(JNIEnv *env, jobject object, jmethodID id, const jvalue *arguments)
{
	jobject result = CALL(env, JNI_CALL_OBJECT_METHOD_A, object_call *)(env, object, id, arguments);
	return threw(env) ? NULL : result;
}

jobject java_object(JNIEnv *env, jobject object, const char *name, const char *signature)
{
	jmethodID id = method(env, object, name, signature);
	const jvalue none = { .l = NULL };
	return id == NULL ? NULL : call(env, object, id, &none);
}

int java_text(JNIEnv *env, jobject string, char *text, size_t size)
{
	if (string == NULL)
		return -1;
	const char *chars = CALL(env, JNI_GET_STRING_UTF_CHARS,
				 const char *(*)(JNIEnv *, jobject, uint8_t *))(env, string, NULL);
	if (chars == NULL) {
		(void)threw(env);
		release(env, string);
		return -1;
	}
	size_t length = 0;
	for (; length + 1 < size && chars[length] != '\0'; length++)
		text[length] = (unsigned char)chars[length] < ' ' ? '?' : chars[length];
	text[length] = '\0';
	CALL(env, JNI_RELEASE_STRING_UTF_CHARS, void (*)(JNIEnv *, jobject, const char *))(env, string, chars);
	release(env, string);
	return 0;
}

int32_t intent_int(JNIEnv *env, jobject intent, const char *key, int32_t otherwise)
{
	jmethodID id = method(env, intent, "getIntExtra", "(Ljava/lang/String;I)I");
	jobject name = id == NULL ? NULL : new_text(env, key);
	if (name == NULL)
		return otherwise;
	const jvalue arguments[] = { { .l = name }, { .i = otherwise } };
	int32_t value = CALL(env, JNI_CALL_INT_METHOD_A, int_call *)(env, intent, id, arguments);
	release(env, name);
	return threw(env) ? otherwise : value;
}

int intent_text(JNIEnv *env, jobject intent, const char *key, char *text, size_t size)
{
	jmethodID id = method(env, intent, "getStringExtra", "(Ljava/lang/String;)Ljava/lang/String;");
	jobject name = id == NULL ? NULL : new_text(env, key);
	if (name == NULL)
		return -1;
	const jvalue argument = { .l = name };
	jobject value = call(env, intent, id, &argument);
	release(env, name);
	return java_text(env, value, text, size);
}
