// holder, holder-*: a system call on the victim does not return, so the caller keeps a reference on the mm_users of the
// victim. The destination is a page that userfaultfd leaves missing: the copy to it waits with the mm held and
// mmap_lock dropped. On a phone: any reader of another process's memory that is preempted, or that waits for a page
// of its own.
//
// smaps-blocked is the control: fs/proc/task_mmu.c drops the mm (m_stop) before it copies.
#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clock.h"
#include "failure.h"
#include "missing_page.h"
#include "proc_read.h"
#include "stall.h"

enum { PAGEMAP_ENTRY = 8 };

static struct holder {
	ssize_t (*read)(void);
	struct missing_page missing;
	const struct victim *victim;
	pthread_t reader;
	int64_t returned_ns;
	int read_errno;
} holder;

static ssize_t read_file(const char *name, size_t length, off_t offset)
{
	int fd = proc_open(holder.victim->pid, name);
	if (fd < 0)
		return -1;
	ssize_t result = pread(fd, holder.missing.page, length, offset);
	int error = errno;
	close(fd);
	errno = error;
	return result;
}

static ssize_t read_by_process_vm_readv(void)
{
	struct iovec local = { .iov_base = holder.missing.page, .iov_len = 1 };
	struct iovec remote = { .iov_base = holder.victim->memory, .iov_len = 1 };
	return process_vm_readv(holder.victim->pid, &local, 1, &remote, 1, 0);
}

static ssize_t read_mem(void)
{
	return read_file("mem", 1, (off_t)(uintptr_t)holder.victim->memory);
}

static ssize_t read_cmdline(void)
{
	return read_file("cmdline", 1, 0);
}

static ssize_t read_environ(void)
{
	return read_file("environ", 1, 0);
}

static ssize_t read_pagemap(void)
{
	uintptr_t page = (uintptr_t)holder.victim->memory / holder.missing.size;
	return read_file("pagemap", PAGEMAP_ENTRY, (off_t)page * PAGEMAP_ENTRY);
}

static ssize_t read_smaps(void)
{
	return read_file("smaps", 1, 0);
}

static void *run_reader(void *unused)
{
	prctl(PR_SET_NAME, STALL_COMM);
	ssize_t length = holder.read();
	holder.read_errno = length > 0 ? 0 : length == 0 ? ENODATA : errno;
	holder.returned_ns = now_ns();
	return unused;
}

static int release(void)
{
	return missing_page_give(&holder.missing);
}

static int end(void)
{
	if (holder.victim == NULL)
		return 0;
	holder.victim = NULL;
	errno = pthread_join(holder.reader, NULL);
	int result = errno != 0 ? failed("join the holder") : 0;
	missing_page_close(&holder.missing);
	errno = holder.read_errno;
	return errno != 0 ? failed("read the victim") : result;
}

static int start_reader(void)
{
	errno = pthread_create(&holder.reader, NULL, run_reader, NULL);
	if (errno != 0)
		return failed("start the holder");
	// The fault proves that the reader is inside its system call, with the mm held.
	if (missing_page_await(&holder.missing) == 0)
		return 0;
	release();
	pthread_join(holder.reader, NULL);
	errno = holder.read_errno;
	return failed("reach the victim");
}

static int hold_with(const struct victim *victim, ssize_t (*read)(void))
{
	holder = (struct holder){ .read = read };
	if (missing_page_open(&holder.missing) < 0)
		return -1;
	holder.victim = victim;
	if (start_reader() == 0)
		return 0;
	holder.victim = NULL;
	missing_page_close(&holder.missing);
	return -1;
}

static int64_t returned_ns(void)
{
	return holder.returned_ns;
}

#define HOLDER(id, text, reader)                                                                                 \
	static int hold_##id(const struct victim *victim)                                                        \
	{                                                                                                        \
		return hold_with(victim, reader);                                                                \
	}                                                                                                        \
	static const struct stall stall_##id = {                                                                 \
		.name = text,                                                                                    \
		.possible = missing_page_possible,                                                               \
		.hold = hold_##id,                                                                               \
		.release = release,                                                                              \
		.end = end,                                                                                      \
		.returned_ns = returned_ns,                                                                      \
	};                                                                                                       \
	REGISTER_STALL(stall_##id)

HOLDER(holder, "holder", read_by_process_vm_readv);
HOLDER(holder_mem, "holder-mem", read_mem);
HOLDER(holder_cmdline, "holder-cmdline", read_cmdline);
HOLDER(holder_environ, "holder-environ", read_environ);
HOLDER(holder_pagemap, "holder-pagemap", read_pagemap);
HOLDER(smaps_blocked, "smaps-blocked", read_smaps);
