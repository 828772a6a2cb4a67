// Stand-in for liblog: writes into the files that the stand-in logcat reads. For tests only.
#pragma once

#define LOG_FOLDER "/data/misc/logd-stand-in"

// A line of the buffer "main", "system" or "events", at a level such as 'I'. One write: lines are never mixed.
// A log that cannot be written is nobody's concern here: Android's loses lines too.
__attribute__((format(printf, 4, 5))) void log_line(const char *buffer, char level, const char *tag,
						    const char *format, ...);
// Elsewhere than in LOG_FOLDER: for tests on the host.
void log_into(const char *folder);
