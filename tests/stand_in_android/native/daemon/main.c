// stand-in-android: what answers on the virtual device where Android's own programs would. For tests only.
//
// One program; what it is follows from its first word, or (of run-as, which has a file of its own) from its name.
#include <stdio.h>
#include <string.h>

#include "roles.h"

static const struct {
	const char *name;
	int (*run)(int count, char **words);
} roles[] = {
	{ "lmkd", lmkd_main },
	{ "lmkd-reinit", lmkd_reinit_main },
	{ "system_server", system_main },
	{ "ask", ask_main },
	{ "log", log_main },
	{ "logcat", logcat_main },
	{ "run-as", run_as_main },
	{ "as-shell", as_shell_main },
	{ "locked", locked_main },
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

int main(int count, char **words)
{
	if (count > 0 && strcmp(name_of(words[0]), "run-as") == 0)
		return run_as_main(count, words);
	for (size_t i = 0; count > 1 && i < sizeof(roles) / sizeof(*roles); i++)
		if (strcmp(words[1], roles[i].name) == 0)
			return roles[i].run(count - 1, words + 1);
	fprintf(stderr, "usage: stand-in-android ROLE [WORDS]; main.c lists the roles\n");
	return 2;
}
