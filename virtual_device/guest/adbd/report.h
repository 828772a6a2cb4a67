// Reports failures on stderr, with the text of errno.
#pragma once

// Prints "lmkd-adbd: <action>: <errno text>" (printf format) and returns -1, for `return failed(...)`.
__attribute__((format(printf, 1, 2))) int failed(const char *action, ...);
// Like failed(), for failures without an errno.
__attribute__((format(printf, 1, 2))) int refused(const char *reason, ...);
