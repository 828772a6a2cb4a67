// Wraps system calls that libc does not wrap, or wraps differently. The numbers are the same on every ABI since
// Linux 5.1.
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

// Proposed UAPI (linux-mm, May 2026, not merged): kill and reap in one call.
#define PROCESS_MRELEASE_REAP_KILL (1u << 0)

// musl's sched_setscheduler() only returns ENOSYS.
static inline int sys_sched_setscheduler(pid_t tid, int policy, int priority)
{
	return (int)syscall(SYS_sched_setscheduler, tid, policy, &priority); // struct sched_param is one int
}

static inline int sys_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0u);
}

static inline int sys_pidfd_send_signal(int pidfd, int signal_number)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0u);
}

static inline int sys_process_mrelease(int pidfd, unsigned int flags)
{
	return (int)syscall(SYS_process_mrelease, pidfd, flags);
}

// Pages a range of the process out. The number of bytes advised, or -1 with errno.
static inline long sys_process_pageout(int pidfd, void *memory, size_t size)
{
	const struct iovec range = { .iov_base = memory, .iov_len = size };
	return syscall(SYS_process_madvise, pidfd, &range, 1UL, (long)MADV_PAGEOUT, 0L);
}
