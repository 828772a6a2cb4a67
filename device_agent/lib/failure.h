// The first failure since failure_clear(), as text: what was being done, and what errno said. The first,
// because those that follow while tidying up are its consequences.
#pragma once

// Notes "<what>: <errno text>" (printf format) and returns -1, so that callers can `return failed(...)`.
__attribute__((format(printf, 1, 2))) int failed(const char *what, ...);
// As failed(), for failures that have no errno.
__attribute__((format(printf, 1, 2))) int refused(const char *what, ...);
const char *failure_text(void);
void failure_clear(void);
// "ESRCH" for ESRCH and so on; "" for 0; "E<number>" for those that no call of ours documents.
const char *errno_name(int error);
