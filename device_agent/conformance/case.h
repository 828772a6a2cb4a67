// What a case is, and what every case needs: how it gives up, and how it says what it saw.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_MRELEASE_REAP_KILL (1u << 0)

// Ends the program with a message and errno's text; the processes it made end with it.
_Noreturn void die(const char *what);

// 0 or the name of the error that process_mrelease(2) gave, as `say` prints it.
const char *mrelease(int pidfd, unsigned int flags);

// Prints the line "key=value".
void say(const char *key, const char *value);

// The cases, each in the file that is about it. `flags` is what process_mrelease(2) is given.
void case_bad_fd(unsigned int flags);
void case_gone(unsigned int flags);
void case_kernel_thread(unsigned int flags);
void case_init(unsigned int flags);
void case_live(unsigned int flags);
void case_zombie(unsigned int flags);
void case_dying(unsigned int flags);
void case_race(unsigned int flags);
void case_sharer(unsigned int flags);
void case_sharer_gone(unsigned int flags);
void case_dying_sharer(unsigned int flags);
void case_zombie_sharer(unsigned int flags);
void case_vfork(unsigned int flags);
void case_other_user(unsigned int flags);
void case_dying_other_user(unsigned int flags);
void case_sharer_of_other_user(unsigned int flags);
void case_outside_pid_namespace(unsigned int flags);
void case_oom_reaped(unsigned int flags);
void case_coredump(unsigned int flags);
void case_holder_of_live(unsigned int flags);
void case_holder_of_zombie(unsigned int flags);

// What the kernel starts as the receiver of a core dump: this program with its name and this word.
#define CORE_RECEIVER "core-receiver"
int receive_core(void);

// What reaping may break, counted over rounds.
void case_robust_futex(unsigned int flags);
void case_pattern_to_pipe(unsigned int flags);
void case_pattern_to_file(unsigned int flags);
void case_global_oom(unsigned int flags);
