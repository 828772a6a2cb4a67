// A reader in another process holds a reference on the target's mm_users: its process_vm_readv(2) waits for a page of
// its own that userfaultfd leaves missing. The exit frees the memory only after the last user of the mm.
#include <pthread.h>
#include <sys/uio.h>

#include "case.h"
#include "missing_page.h"
#include "process.h"
#include "target_memory.h"

static struct {
	struct missing_page missing; // until let_reader_go()
	pid_t target;
	pthread_t thread;
} reader;

static void *read_target(void *unused)
{
	struct iovec local = { .iov_base = reader.missing.page, .iov_len = 1 };
	struct iovec remote = { .iov_base = target_memory(), .iov_len = 1 };
	if (process_vm_readv(reader.target, &local, 1, &remote, 1, 0) != 1)
		die("process_vm_readv");
	return unused;
}

// Returns once the reader is in its system call and waits for the page.
static void start_reader(const struct process *target)
{
	reader.target = target->pid;
	if (missing_page_open(&reader.missing) < 0)
		die_impossible();
	if (pthread_create(&reader.thread, NULL, read_target, NULL) != 0)
		die("pthread_create");
	if (missing_page_await(&reader.missing) < 0)
		die_failed();
}

static void let_reader_go(void)
{
	if (missing_page_give(&reader.missing) < 0)
		die_failed();
	if (pthread_join(reader.thread, NULL) != 0)
		die("pthread_join");
	missing_page_close(&reader.missing);
}

static void case_holder_of_live(unsigned int flags)
{
	struct process target = spawn_target();
	start_reader(&target);
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
	report("target", fate(&target));
	let_reader_go();
}
CASE(case_holder_of_live, "holder-of-live");

static void case_holder_of_zombie(unsigned int flags)
{
	struct process target = spawn_target();
	start_reader(&target);
	kill_process(&target);
	await_end(&target);
	report("before", freed());
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
	let_reader_go();
	report("after", freed());
}
CASE(case_holder_of_zombie, "holder-of-zombie");
