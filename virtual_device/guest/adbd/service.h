// A service of a stream: a shell, file transfer, a forwarded socket, or a line of text.
//
// A service never blocks and does not handle packets. The stream passes it the data of the host and requests the data
// for the host; each call does as much as is possible now.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch.h"

enum opening { OPENING_FAILED = -1, OPENING = 0, OPEN = 1 };

struct service {
	// Whether the stream may be reported to the host as open.
	enum opening (*opening)(void *self);
	// Takes as much of the host's data as possible; returns the number of bytes.
	size_t (*take)(void *self, const uint8_t *data, size_t length);
	// Stores data for the host in `data`, at most `room` (>= 4096) bytes; returns the number of bytes.
	size_t (*give)(void *self, uint8_t *data, size_t room);
	// Whether there will be no more data for the host.
	bool (*ended)(void *self);
	// Adds the descriptors to wait for. Arguments: whether the host's data is pending, and whether the host accepts
	// data now.
	void (*watch)(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due);
	// Frees everything at the end of the stream, whatever its reason.
	void (*drop)(void *self);
	// Whether the service must still take the data that the host sent before it closed the stream.
	bool takes_after_close;
};

// Starts the service that the host names in its OPEN packet, for example "shell,v2,raw:ls".
// NULL if there is no such service or it cannot be started.
const struct service *service_start(const char *name, void **self);
// Sets the command of `reboot:`; without it the service is refused.
void service_set_reboot_command(const char *command);
// The services. Each *_start() gets the text after the name and its colon, and returns NULL on failure.
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
