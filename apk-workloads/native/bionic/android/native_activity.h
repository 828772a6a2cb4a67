// NativeActivity as the framework passes it (frameworks/native, android/native_activity.h).
#pragma once
#include <stdint.h>

#include "../jni.h"

typedef struct ANativeActivity {
	void *callbacks;
	void *vm;
	JNIEnv *env;
	jobject clazz; // the activity itself, despite its name
	const char *internalDataPath;
	const char *externalDataPath;
	int32_t sdkVersion;
	void *instance;
	void *assetManager;
	const char *obbPath;
} ANativeActivity;
