// A reader in another process keeps the target's mm_users raised: its process_vm_readv(2) waits for a page
// of its own that userfaultfd leaves missing. Only with the mm's last user gone would exit free the memory.
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "case.h"
#include "process.h"

static struct {
	int uffd;
	size_t page_bytes;
	void *page; // missing until let_reader_go()
	pid_t target;
	pthread_t reader;
} holder;

static void *read_target(void *unused)
{
	struct iovec local = { .iov_base = holder.page, .iov_len = 1 };
	struct iovec remote = { .iov_base = target_memory(), .iov_len = 1 };
	if (process_vm_readv(holder.target, &local, 1, &remote, 1, 0) != 1)
		die("process_vm_readv");
	return unused;
}

// By number, because musl's ioctl() takes an int, which these request codes do not fit.
static void request(unsigned long code, void *argument)
{
	if (syscall(SYS_ioctl, holder.uffd, code, argument) < 0)
		die("userfaultfd ioctl");
}

static void make_missing_page(void)
{
	holder.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	holder.page = mmap(NULL, holder.page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (holder.page == MAP_FAILED)
		die("mmap");
	holder.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (holder.uffd < 0)
		die("userfaultfd");
	request(UFFDIO_API, &(struct uffdio_api){ .api = UFFD_API });
	request(UFFDIO_REGISTER,
		&(struct uffdio_register){
			.range = { .start = (uintptr_t)holder.page, .len = holder.page_bytes },
			.mode = UFFDIO_REGISTER_MODE_MISSING,
		});
}

// Returns when the reader is in the system call and waits for its page.
static void start_reader(const struct process *target)
{
	struct uffd_msg fault;
	make_missing_page();
	holder.target = target->pid;
	if (pthread_create(&holder.reader, NULL, read_target, NULL) != 0)
		die("pthread_create");
	if (read(holder.uffd, &fault, sizeof(fault)) != sizeof(fault) || fault.event != UFFD_EVENT_PAGEFAULT)
		die("read userfaultfd");
}

static void let_reader_go(void)
{
	request(UFFDIO_ZEROPAGE, &(struct uffdio_zeropage){
					 .range = { .start = (uintptr_t)holder.page, .len = holder.page_bytes },
				 });
	if (pthread_join(holder.reader, NULL) != 0)
		die("pthread_join");
}

void case_holder_of_live(unsigned int flags)
{
	struct process target = spawn_target();
	start_reader(&target);
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
	say("target", fate(&target));
	let_reader_go();
}

void case_holder_of_zombie(unsigned int flags)
{
	struct process target = spawn_target();
	start_reader(&target);
	kill_process(&target);
	await_end(&target);
	say("before", freed());
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
	let_reader_go();
	say("after", freed());
}
