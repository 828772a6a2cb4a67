// JNI's function table by slot number: the part that the app uses (JNI specification, "Interface Function Table").
#pragma once
#include <stdint.h>
typedef void *jobject;
typedef void *jmethodID;
typedef union {
	int32_t i;
	int64_t j;
	jobject l;
} jvalue;
typedef const void *const *JNIEnv; // slots
enum {
	JNI_EXCEPTION_CLEAR = 17,
	JNI_DELETE_LOCAL_REF = 23,
	JNI_GET_OBJECT_CLASS = 31,
	JNI_GET_METHOD_ID = 33,
	JNI_CALL_OBJECT_METHOD_A = 36,
	JNI_CALL_INT_METHOD_A = 51,
	JNI_NEW_STRING_UTF = 167,
	JNI_GET_STRING_UTF_CHARS = 169,
	JNI_RELEASE_STRING_UTF_CHARS = 170,
	JNI_EXCEPTION_CHECK = 228,
	JNI_SLOTS = 233,
};
