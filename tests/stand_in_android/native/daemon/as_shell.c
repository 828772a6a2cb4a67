// `as-shell COMMAND...`: as the user that adb's shell has on a user build (AOSP android_filesystem_config.h).
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "roles.h"

enum { AID_SHELL = 2000 };

int as_shell_main(int count, char **words)
{
	if (count > 1 && setgroups(0, NULL) == 0 && setresgid(AID_SHELL, AID_SHELL, AID_SHELL) == 0 &&
	    setresuid(AID_SHELL, AID_SHELL, AID_SHELL) == 0)
		execvp(words[1], words + 1);
	fprintf(stderr, "as-shell: %s\n", strerror(errno));
	return 1;
}
