// bionic's threads: the part that the app uses; pthread_attr_t as in bits/pthread_types.h.
#pragma once
#include <stddef.h>
#include <stdint.h>
typedef long pthread_t;
typedef struct {
	uint32_t flags;
	void *stack_base;
	size_t stack_size;
	size_t guard_size;
	int32_t sched_policy;
	int32_t sched_priority;
#ifdef __LP64__
	char reserved[16];
#endif
} pthread_attr_t;
int pthread_attr_init(pthread_attr_t *attributes);
int pthread_attr_setstacksize(pthread_attr_t *attributes, size_t size);
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int pthread_detach(pthread_t thread);
