// The packages that the stand-in `pm` installed: a folder each below /data/app.
#include "packages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc_files.h"

uid_t package_uid(const char *package)
{
	char path[PACKAGE_PATH_SIZE], text[32];
	if (*package == '\0' || *package == '.' || strchr(package, '/') != NULL)
		return 0;
	snprintf(path, sizeof(path), "/data/app/%s/uid", package);
	return read_file(path, text, sizeof(text)) ? (uid_t)strtoul(text, NULL, 10) : 0;
}

void package_folder(const char *package, char folder[PACKAGE_PATH_SIZE])
{
	snprintf(folder, PACKAGE_PATH_SIZE, "/data/user/0/%s", package);
}
