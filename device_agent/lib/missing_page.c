// Registers one page as missing with userfaultfd(2), waits for the fault, and provides a page of zeros.
#include "missing_page.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failure.h"
#include "holding.h"

// By number, because musl's ioctl() takes an int, which is too small for these request codes.
static int request(const struct missing_page *missing, unsigned long code, void *argument)
{
	return (int)syscall(SYS_ioctl, missing->uffd, code, argument);
}

static int open_uffd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? failed("open userfaultfd") : fd;
}

int missing_page_possible(void)
{
	int fd = open_uffd();
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int register_missing(const struct missing_page *missing)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)missing->page, .len = missing->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	if (request(missing, UFFDIO_API, &api) < 0)
		return failed("negotiate the userfaultfd API");
	if (request(missing, UFFDIO_REGISTER, &range) < 0)
		return failed("register a page with userfaultfd");
	return 0;
}

int missing_page_open(struct missing_page *missing)
{
	missing->size = (size_t)sysconf(_SC_PAGESIZE);
	missing->uffd = open_uffd();
	if (missing->uffd < 0)
		return -1;
	missing->page = mmap(NULL, missing->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int result = missing->page == MAP_FAILED ? failed("map the holder's page") : register_missing(missing);
	if (result < 0)
		missing_page_close(missing);
	return result;
}

int missing_page_await(const struct missing_page *missing)
{
	struct pollfd event = { .fd = missing->uffd, .events = POLLIN };
	struct uffd_msg message;
	if (poll(&event, 1, STALL_HANGS_MS) != 1)
		return refused("nothing accessed the missing page");
	if (read(missing->uffd, &message, sizeof(message)) != (ssize_t)sizeof(message))
		return failed("read the holder's fault");
	return message.event == UFFD_EVENT_PAGEFAULT ? 0 : refused("userfaultfd reported no page fault");
}

int missing_page_give(const struct missing_page *missing)
{
	struct uffdio_zeropage page = { .range = { .start = (uintptr_t)missing->page, .len = missing->size } };
	if (request(missing, UFFDIO_ZEROPAGE, &page) < 0 && errno != EEXIST)
		return failed("release the holder");
	return 0;
}

void missing_page_close(const struct missing_page *missing)
{
	if (missing->page != MAP_FAILED)
		munmap(missing->page, missing->size);
	close(missing->uffd);
}
