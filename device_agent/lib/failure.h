// Stores the first failure since failure_clear() as text: the action that failed and the text of errno. Later failures
// are usually consequences of the first, during cleanup.
#pragma once

// Stores "<action>: <errno text>" (printf format) and returns -1, so that callers can `return failed(...)`.
__attribute__((format(printf, 1, 2))) int failed(const char *action, ...);
// Like failed(), for failures without an errno.
__attribute__((format(printf, 1, 2))) int refused(const char *reason, ...);
const char *failure_text(void);
void failure_clear(void);
// "ESRCH" for ESRCH and so on; "" for 0; "E<number>" for an errno that none of our calls documents.
const char *errno_name(int error);
