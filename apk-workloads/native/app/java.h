// The few Java calls of the app. An exception is cleared and counts as "absent".
#pragma once

#include <jni.h>
#include <stddef.h>
#include <stdint.h>

// The result of `name`, a method without arguments of that signature, or NULL.
jobject java_object(JNIEnv *env, jobject object, const char *name, const char *signature);
// Copies a Java string and releases it. Truncates the text if necessary and replaces control characters by '?', so that
// it stays one line. 0, or -1 if the string is NULL.
int java_text(JNIEnv *env, jobject string, char *text, size_t size);
// The int extra of an Intent, or `otherwise`.
int32_t intent_int(JNIEnv *env, jobject intent, const char *key, int32_t otherwise);
// The string extra of an Intent; 0, or -1 if it is absent.
int intent_text(JNIEnv *env, jobject intent, const char *key, char *text, size_t size);
