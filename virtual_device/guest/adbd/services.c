// Finds the service that a host names when it opens a stream.
#include "service.h"

#include <string.h>
#include <unistd.h>

#include "report.h"

static const char *reboot_command;

void service_set_reboot_command(const char *command)
{
	reboot_command = command;
}

static void *start_shell(const char *command)
{
	return shell_start("", command);
}

// "v2,raw:ls -l" -> options "v2,raw" and command "ls -l".
static void *start_shell_with_options(const char *rest)
{
	char options[128];
	const char *colon = strchr(rest, ':');
	if (colon == NULL || (size_t)(colon - rest) >= sizeof(options))
		return NULL;
	memcpy(options, rest, (size_t)(colon - rest));
	options[colon - rest] = '\0';
	return shell_start(options, colon + 1);
}

static void *start_exec(const char *command)
{
	return shell_start("raw", command);
}

static void *start_sync(const char *rest)
{
	(void)rest;
	return sync_start();
}

static void *start_abstract(const char *name)
{
	return forward_start_unix(name, true);
}

static void *start_filesystem(const char *name)
{
	return forward_start_unix(name, false);
}

static void *start_reboot(const char *reason)
{
	(void)reason;
	if (reboot_command != NULL)
		return shell_start("raw", reboot_command);
	refused("asked to reboot, but started without --reboot");
	return NULL;
}

static void *start_root(const char *rest)
{
	(void)rest;
	return text_start(geteuid() == 0 ? "adbd is already running as root\n" :
					   "lmkd-adbd cannot become root: start it as root\n");
}

static void *start_unroot(const char *rest)
{
	(void)rest;
	return text_start("lmkd-adbd keeps the user that it was started as\n");
}

static const struct {
	const char *prefix;
	const struct service *service;
	void *(*start)(const char *rest);
} SERVICES[] = {
	{ "shell:", &shell_service, start_shell },
	{ "shell,", &shell_service, start_shell_with_options },
	{ "exec:", &exec_service, start_exec },
	{ "sync:", &sync_service, start_sync },
	{ "tcp:", &forward_service, forward_start_tcp },
	{ "localabstract:", &forward_service, start_abstract },
	{ "localfilesystem:", &forward_service, start_filesystem },
	{ "reboot:", &exec_service, start_reboot },
	{ "root:", &text_service, start_root },
	{ "unroot:", &text_service, start_unroot },
};

const struct service *service_start(const char *name, void **self)
{
	for (size_t i = 0; i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
		size_t length = strlen(SERVICES[i].prefix);
		if (strncmp(name, SERVICES[i].prefix, length) != 0)
			continue;
		*self = SERVICES[i].start(name + length);
		return *self == NULL ? NULL : SERVICES[i].service;
	}
	return NULL;
}
