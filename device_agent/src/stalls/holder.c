// holder: a process_vm_readv(2) of the victim that does not come back, so that the caller keeps the
// victim's mm_users raised. The read's destination is a page that userfaultfd leaves missing: the
// copy faults and waits, with the mm held and mmap_lock dropped, until the page is given.
// On a phone: any reader of another process's memory that is preempted or waits for a page of its own.
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../failure.h"
#include "stall.h"

enum { HOLD_WAIT_MS = 2000 };

static struct holder {
	int uffd;
	size_t page_size;
	void *page; // missing until release()
	pid_t victim_pid;
	void *victim_memory;
	pthread_t reader;
	_Atomic int read_errno;
} holder;

static void *read_victim(void *unused)
{
	struct iovec local = { .iov_base = holder.page, .iov_len = 1 };
	struct iovec remote = { .iov_base = holder.victim_memory, .iov_len = 1 };
	ssize_t length = process_vm_readv(holder.victim_pid, &local, 1, &remote, 1, 0);
	holder.read_errno = length == 1 ? 0 : errno;
	return unused;
}

// By number, because musl's ioctl() takes an int that these request codes do not fit.
static int uffd_request(unsigned long request, void *argument)
{
	return (int)syscall(SYS_ioctl, holder.uffd, request, argument);
}

static int register_missing(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)holder.page, .len = holder.page_size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	if (uffd_request(UFFDIO_API, &api) < 0)
		return failed("agree with userfaultfd");
	if (uffd_request(UFFDIO_REGISTER, &range) < 0)
		return failed("register a page with userfaultfd");
	return 0;
}

static int open_missing_page(void)
{
	holder.page_size = (size_t)sysconf(_SC_PAGESIZE);
	holder.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (holder.uffd < 0)
		return failed("open userfaultfd");
	holder.page = mmap(NULL, holder.page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (holder.page == MAP_FAILED) {
		close(holder.uffd);
		return failed("map the holder's page");
	}
	return 0;
}

static void close_missing_page(void)
{
	munmap(holder.page, holder.page_size);
	close(holder.uffd);
}

// The fault event is the proof that the reader stands inside process_vm_readv, past mm_access().
static int await_fault(void)
{
	struct pollfd event = { .fd = holder.uffd, .events = POLLIN };
	struct uffd_msg message;
	if (poll(&event, 1, HOLD_WAIT_MS) != 1)
		return refused("the holder did not reach the victim (process_vm_readv: %s)",
			       holder.read_errno ? strerror(holder.read_errno) : "no fault seen");
	if (read(holder.uffd, &message, sizeof(message)) != (ssize_t)sizeof(message))
		return failed("read the holder's fault");
	return message.event == UFFD_EVENT_PAGEFAULT ? 0 : refused("userfaultfd told of no page fault");
}

static int release(void)
{
	struct uffdio_zeropage page = { .range = { .start = (uintptr_t)holder.page, .len = holder.page_size } };
	if (uffd_request(UFFDIO_ZEROPAGE, &page) < 0 && errno != EEXIST)
		return failed("release the holder");
	return 0;
}

static int end(void)
{
	errno = pthread_join(holder.reader, NULL);
	int result = errno != 0 ? failed("join the holder") : 0;
	close_missing_page();
	if (holder.read_errno != 0) {
		errno = holder.read_errno;
		return failed("read the victim's memory");
	}
	return result;
}

static int start_reader(void)
{
	errno = pthread_create(&holder.reader, NULL, read_victim, NULL);
	if (errno != 0)
		return failed("start the holder");
	if (await_fault() == 0)
		return 0;
	release();
	pthread_join(holder.reader, NULL);
	return -1;
}

static int hold(const struct victim *victim)
{
	holder.victim_pid = victim->pid;
	holder.victim_memory = victim->memory;
	holder.read_errno = 0;
	if (open_missing_page() < 0)
		return -1;
	if (register_missing() < 0 || start_reader() < 0) {
		close_missing_page();
		return -1;
	}
	return 0;
}

const struct stall stall_holder = { .name = "holder", .hold = hold, .release = release, .end = end };
