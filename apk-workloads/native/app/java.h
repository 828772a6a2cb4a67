// The few calls into Java that the app makes. An exception is cleared and counts as "absent".
#pragma once

#include <jni.h>
#include <stddef.h>
#include <stdint.h>

// The result of `name`, a method without arguments of that signature, or NULL.
jobject java_object(JNIEnv *env, jobject object, const char *name, const char *signature);
// Copies a Java string, which is let go; what does not fit is cut, and a control character is '?', so that
// it stays one line. 0, or -1 when it is NULL.
int java_text(JNIEnv *env, jobject string, char *text, size_t size);
// The int extra of an Intent, or `otherwise`.
int32_t intent_int(JNIEnv *env, jobject intent, const char *key, int32_t otherwise);
// The string extra of an Intent; 0, or -1 when there is none.
int intent_text(JNIEnv *env, jobject intent, const char *key, char *text, size_t size);
