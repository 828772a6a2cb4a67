// The packages that the stand-in `pm` installed: a folder each below /data/app.
#pragma once

#include <sys/types.h>

enum { PACKAGE_PATH_SIZE = 256 };

// 0 for a package that is not installed.
uid_t package_uid(const char *package);
// Where the app's own files lie.
void package_folder(const char *package, char folder[PACKAGE_PATH_SIZE]);
