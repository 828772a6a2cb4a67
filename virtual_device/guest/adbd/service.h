// What a stream offers to the host: a shell, file transfer, a forwarded socket, a line of text.
//
// A service never blocks and never sees packets. The stream gives it what the host sent and asks it for
// what the host shall get; each call does what is possible now.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch.h"

enum opening { OPENING_FAILED = -1, OPENING = 0, OPEN = 1 };

struct service {
	// Whether the host may be told that the stream is open.
	enum opening (*opening)(void *self);
	// Takes what it can of what the host sent; returns how much.
	size_t (*take)(void *self, const uint8_t *data, size_t length);
	// Puts what there is for the host, at most `room` (>= 4096), into `data`; returns how much.
	size_t (*give)(void *self, uint8_t *data, size_t room);
	// Whether nothing will be given any more.
	bool (*ended)(void *self);
	// Adds the descriptors to wait for, given whether the host's data waits to be taken, and whether the
	// host would take data now.
	void (*watch)(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due);
	// The end, for whatever reason: frees everything.
	void (*drop)(void *self);
	// Whether what the host sent before it closed the stream must still be taken.
	bool takes_after_close;
};

// Starts the service that the host names in its OPEN packet, for example "shell,v2,raw:ls".
// NULL when there is no such service, or it cannot be started.
const struct service *service_start(const char *name, void **self);
// The command of `reboot:`; without one the service is refused.
void service_set_reboot_command(const char *command);
// The services. Each *_start() gets what follows the name and its colon, and returns NULL on failure.
void *shell_start(const char *options, const char *command);
void *sync_start(void);
void *forward_start_tcp(const char *port);
void *forward_start_unix(const char *name, bool is_abstract);
void *text_start(const char *text);

extern const struct service shell_service;
extern const struct service exec_service;
extern const struct service sync_service;
extern const struct service forward_service;
extern const struct service text_service;
