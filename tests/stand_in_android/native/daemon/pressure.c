// When the stand-in lmkd looks at memory, and whether there is too little.
//
// The real one's rules are many (watermarks, swap, thrashing); this has one, so that tests know what to expect.
#include "pressure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "proc_files.h"
#include "properties.h"

enum { WINDOW_US = 1000000, PARTIAL_STALL_MS = 70, COMPLETE_STALL_MS = 700 };
enum { KILL_BELOW_PCT = 12, KILL_TIMEOUT_MS = 100 };

static int monitors[PSI_MONITORS] = { -1, -1 };
static int meminfo = -1; // open for good, as in the real one: opening takes memory that there may not be
static long below_pct, kill_timeout;

static int monitor(const char *kind, long stall_ms)
{
	char text[64];
	if (stall_ms <= 0)
		return -1;
	int fd = open("/proc/pressure/memory", O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	snprintf(text, sizeof(text), "%s %ld %d", kind, stall_ms * 1000, WINDOW_US);
	if (write(fd, text, strlen(text) + 1) >= 0)
		return fd;
	close(fd);
	return -1;
}

bool pressure_init(void)
{
	long partial_ms = lmk_property("psi_partial_stall_ms", PARTIAL_STALL_MS);
	long complete_ms = lmk_property("psi_complete_stall_ms", COMPLETE_STALL_MS);
	for (size_t i = 0; i < PSI_MONITORS; i++)
		if (monitors[i] >= 0)
			close(monitors[i]);
	monitors[0] = monitor("some", partial_ms);
	monitors[1] = monitor("full", complete_ms);
	below_pct = property_number("ro.standin.kill_below_pct", KILL_BELOW_PCT);
	kill_timeout = lmk_property("kill_timeout_ms", KILL_TIMEOUT_MS);
	if ((partial_ms <= 0 || monitors[0] >= 0) && (complete_ms <= 0 || monitors[1] >= 0))
		return true;
	log_line("main", 'E', "lowmemorykiller", "Failed to initialize PSI monitors: %s", strerror(errno));
	return false;
}

size_t pressure_poll(struct pollfd *fds)
{
	size_t count = 0;
	for (size_t i = 0; i < PSI_MONITORS; i++)
		if (monitors[i] >= 0)
			fds[count++] = (struct pollfd){ .fd = monitors[i], .events = POLLPRI };
	return count;
}

long kill_timeout_ms(void)
{
	return kill_timeout;
}

bool read_meminfo(char *text, size_t size)
{
	if (meminfo < 0)
		meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
	ssize_t length = meminfo < 0 ? -1 : pread(meminfo, text, size - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

bool is_memory_low(const char *text)
{
	long total_kb = number_after(text, "MemTotal"), available_kb = number_after(text, "MemAvailable");
	return available_kb >= 0 && available_kb * 100 < total_kb * below_pct;
}
