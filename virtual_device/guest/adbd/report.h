// Says on stderr what went wrong, with the reason that errno gives.
#pragma once

// Prints "lmkd-adbd: <what>: <errno text>" (printf format) and returns -1, for `return failed(...)`.
__attribute__((format(printf, 1, 2))) int failed(const char *what, ...);
// As failed(), for failures that have no errno.
__attribute__((format(printf, 1, 2))) int refused(const char *what, ...);
