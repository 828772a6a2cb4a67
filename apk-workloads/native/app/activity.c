// The entry points of NativeActivity: reads the extras of the Intent on the UI thread and fills memory on another
// thread.
#include <android/native_activity.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "java.h"
#include "text.h"
#include "workload.h"

static struct workload workload; // one for the lifetime of the process

static int read_intent(const ANativeActivity *activity)
{
	JNIEnv *env = activity->env;
	jobject intent = java_object(env, activity->clazz, "getIntent", "()Landroid/content/Intent;");
	if (intent == NULL)
		return refused("the activity has no Intent");
	if (intent_text(env, intent, "shape", workload.shape, sizeof(workload.shape)) < 0)
		text_format(workload.shape, sizeof(workload.shape), "private-anon");
	workload.size_kb = intent_int(env, intent, "size_kb", 65536);
	workload.threads = intent_int(env, intent, "threads", 4);
	workload.touch_ms = intent_int(env, intent, "touch_ms", 0);
	return 0;
}

static void read_names(const ANativeActivity *activity)
{
	jobject name =
		java_object(activity->env, activity->clazz, "getPackageName", "()Ljava/lang/String;");
	if (java_text(activity->env, name, workload.package, sizeof(workload.package)) < 0)
		text_format(workload.package, sizeof(workload.package), "?");
	text_format(workload.folder, sizeof(workload.folder), "%s",
		    activity->internalDataPath == NULL ? "." : activity->internalDataPath);
}

static void *run(void *unused)
{
	workload_run(&workload);
	return unused;
}

static int start(void)
{
	pthread_t thread;
	errno = pthread_create(&thread, NULL, run, NULL);
	if (errno != 0)
		return failed("start the thread that fills the memory");
	pthread_detach(thread);
	return 0;
}

static int begin(const ANativeActivity *activity)
{
	failure_clear();
	read_names(activity);
	if (read_intent(activity) < 0 || workload_check(&workload) < 0)
		return -1;
	return start();
}

__attribute__((visibility("default"))) void ANativeActivity_onCreate(ANativeActivity *activity, void *saved,
								     size_t saved_size);

void ANativeActivity_onCreate(ANativeActivity *activity, void *saved, size_t saved_size)
{
	static bool begun; // used by the UI thread only: a restarted activity finds the process already at work
	(void)saved;
	(void)saved_size;
	if (begun)
		return;
	begun = begin(activity) == 0; // an activity with invalid extras may be started again
	if (!begun)
		workload_log_failure(&workload);
}
