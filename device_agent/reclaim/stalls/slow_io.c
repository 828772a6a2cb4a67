// aio: the victim has asynchronous I/O in flight that does not complete. Its exit waits for the I/O (exit_aio() in
// __mmput(), before exit_mmap(); kernel/fork.c) with mm_users at 0, so no reaper can find the memory.
//
// blocked-thread: a control. A thread of the victim waits uninterruptibly for a read in progress. It still has its mm,
// so process_mrelease(pidfd, 0) is never too late.
#include <errno.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "slow_file.h"
#include "stall.h"

static int file_fd = -1;
static void *target;

static int begin(void)
{
	file_fd = slow_file_open();
	return file_fd < 0 ? -1 : 0;
}

static int submit_read(void *memory, pid_t *companion)
{
	static aio_context_t context;
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)file_fd,
		.aio_buf = (uintptr_t)memory,
		.aio_nbytes = SLOW_READ_SIZE,
	};
	struct iocb *reads[] = { &read };
	(void)companion;
	if (syscall(SYS_io_setup, 1L, &context) < 0)
		return failed("set up asynchronous I/O");
	return syscall(SYS_io_submit, context, 1L, reads) == 1 ? 0 : failed("submit asynchronous I/O");
}

static void *read_slowly(void *unused)
{
	ssize_t length = pread(file_fd, target, SLOW_READ_SIZE, 0);
	(void)length; // the victim is dead by then
	return unused;
}

static int start_blocked_thread(void *memory, pid_t *companion)
{
	pthread_t thread;
	(void)companion;
	target = memory;
	errno = pthread_create(&thread, NULL, read_slowly, NULL);
	return errno == 0 ? 0 : failed("start the thread that will block");
}

static int hold(const struct victim *victim)
{
	(void)victim;
	return slow_file_await_read();
}

static int end(void)
{
	slow_file_close();
	return 0;
}

static int aio_possible(void)
{
	if (syscall(SYS_io_setup, 0L, NULL) < 0 && errno == ENOSYS)
		return failed("io_setup");
	return slow_file_possible();
}

static const struct stall stall_aio = {
	.name = "aio",
	.possible = aio_possible,
	.begin = begin,
	.join = submit_read,
	.hold = hold,
	.release = slow_file_answer,
	.end = end,
};
REGISTER_STALL(stall_aio);

static const struct stall stall_blocked_thread = {
	.name = "blocked-thread",
	.possible = slow_file_possible,
	.begin = begin,
	.join = start_blocked_thread,
	.hold = hold,
	.release = slow_file_answer,
	.end = end,
};
REGISTER_STALL(stall_blocked_thread);
