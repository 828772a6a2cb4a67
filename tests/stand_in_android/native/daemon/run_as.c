// Stand-in for `run-as PACKAGE COMMAND...`: as the app's user, in the app's folder. The program is owned by root
// with the setuid bit, where Android's has the capabilities CAP_SETUID and CAP_SETGID (AOSP system/core run-as).
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "packages.h"
#include "roles.h"

enum { AID_ROOT = 0, AID_SHELL = 2000 };

int run_as_main(int count, char **words)
{
	char folder[PACKAGE_PATH_SIZE];
	if (getuid() != AID_ROOT && getuid() != AID_SHELL) {
		fprintf(stderr, "run-as: only 'shell' or 'root' users can run this program\n");
		return 1;
	}
	uid_t uid = count > 2 ? package_uid(words[1]) : 0;
	if (uid == 0) {
		fprintf(stderr, "run-as: unknown package: %s\n", count > 1 ? words[1] : "");
		return 1;
	}
	package_folder(words[1], folder);
	if (setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 &&
	    chdir(folder) == 0)
		execvp(words[2], words + 2);
	fprintf(stderr, "run-as: exec failed for %s: %s\n", words[2], strerror(errno));
	return 1;
}
