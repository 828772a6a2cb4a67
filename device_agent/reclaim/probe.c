// Reports facts about the device: each with its source, and with the reason if it is absent. The probe changes nothing
// on the device and kills only its own children.
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "arms/arm.h"
#include "clock.h"
#include "failure.h"
#include "group.h"
#include "shapes/shape.h"
#include "stalls/stall.h"
#include "sys.h"
#include "text.h"
#include "text_file.h"
#include "variant.h"
#include "wire.h"
#include "zram.h"

static void begin_fact(const char *name)
{
	wire_open(name, '{');
}

static void end_fact(const char *source, const char *reason)
{
	wire_text("source", source);
	wire_text("reason", reason);
	wire_close('}');
}

static void fact_text(const char *name, const char *value, const char *source, const char *reason)
{
	begin_fact(name);
	wire_text("value", value);
	end_fact(source, value != NULL ? "" : reason);
}

static void fact_number(const char *name, int64_t value, const char *source, const char *reason)
{
	begin_fact(name);
	wire_number_or_null("value", value);
	end_fact(source, value >= 0 ? "" : reason);
}

static void fact_bool(const char *name, bool value, const char *source, const char *reason)
{
	begin_fact(name);
	wire_bool("value", value);
	end_fact(source, value ? "" : reason);
}

static void fact_file(const char *name, const char *path)
{
	char text[128];
	failure_clear();
	bool readable = read_text(path, text, sizeof(text)) == 0;
	fact_text(name, readable ? text : NULL, path, failure_text());
}

static void probe_kernel(void)
{
	struct utsname name;
	bool named = uname(&name) == 0;
	fact_text("kernel_release", named ? name.release : NULL, "uname(2)", strerror(errno));
	fact_file("boot_id", "/proc/sys/kernel/random/boot_id");
	fact_file("personality", "/sys/module/mrelease/parameters/personality");
	fact_file("transparent_hugepage", "/sys/kernel/mm/transparent_hugepage/enabled");
}

static void probe_machine(void)
{
	const char *meminfo = "/proc/meminfo";
	fact_number("page_size", sysconf(_SC_PAGESIZE), "sysconf(_SC_PAGESIZE)", "unknown");
	fact_number("cpus", sysconf(_SC_NPROCESSORS_ONLN), "sysconf(_SC_NPROCESSORS_ONLN)", "unknown");
	fact_number("mem_total_kb", read_keyed_number(meminfo, "MemTotal"), meminfo, "not readable");
	fact_number("swap_total_kb", read_keyed_number(meminfo, "SwapTotal"), meminfo, "not readable");
	fact_number("clock_step_ns", clock_step_ns(), "differing reads of CLOCK_MONOTONIC", "");
	fact_bool("root", geteuid() == 0, "geteuid(2)", "the agent does not run as root");
}

static int possible_by(int (*possible)(void), bool counts_swap)
{
	if (counts_swap && group_hierarchy() == NULL) {
		failure_clear();
		return refused(NO_SWAP_COUNT);
	}
	return possible == NULL ? 0 : possible();
}

static void fact_possible(const char *prefix, const char *name, int (*possible)(void), bool counts_swap)
{
	char fact[64];
	failure_clear();
	text_format(fact, sizeof(fact), "%s%s", prefix, name);
	fact_bool(fact, possible_by(possible, counts_swap) == 0, "tried on the device", failure_text());
}

static void probe_abilities(void)
{
	for (const struct arm *arm = arm_after(""); arm != NULL; arm = arm_after(arm->name))
		fact_possible("arm:", arm->name, arm->possible, false);
	for (const struct stall *stall = stall_after(""); stall != NULL; stall = stall_after(stall->name))
		fact_possible("stall:", stall->name, stall->possible, stall->counts_swap);
	for (const struct shape *shape = shape_after(""); shape != NULL; shape = shape_after(shape->name))
		fact_possible("shape:", shape->name, shape->possible, shape->in_swap);
}

static void fact_mrelease(const char *name, unsigned int flags, const char *source)
{
	failure_clear();
	fact_bool(name, mrelease_possible(flags) == 0, source, failure_text());
}

static void probe_reaping(void)
{
	fact_mrelease("process_mrelease", 0, "process_mrelease(-1, 0)");
	fact_mrelease("reap_kill", PROCESS_MRELEASE_REAP_KILL, "process_mrelease(-1, PROCESS_MRELEASE_REAP_KILL)");
}

static void probe_variant(void)
{
	failure_clear();
	const char *variant = variant_detect();
	fact_text("mrelease_variant", variant, "process_mrelease on children made for it", failure_text());
}

static void probe_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	const char *reason = fd < 0 ? strerror(errno) : "";
	if (fd >= 0)
		close(fd);
	fact_bool("userfaultfd", fd >= 0, "userfaultfd(2)", reason);
}

static void probe_memory_cgroup(void)
{
	failure_clear();
	const char *hierarchy = group_hierarchy();
	fact_text("memcg", hierarchy, "/proc/self/mounts and a cgroup made there", failure_text());
	group_leave_no_trace();
}

static void probe_freezer(void)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	bool v1 = access("/sys/fs/cgroup/freezer", F_OK) == 0 || access("/dev/freezer", F_OK) == 0;
	fact_text("freezer", v2 ? "v2" : v1 ? "v1" : NULL, "/sys/fs/cgroup and /dev/freezer", "no freezer cgroup");
}

static void probe_zram(void)
{
	failure_clear();
	fact_bool("zram", zram_possible() == 0, "/proc/swaps", failure_text());
}

static void probe_pressure(void)
{
	static const char TRIGGER[] = "some 70000 1000000"; // lmkd's own
	failure_clear();
	int fd = open("/proc/pressure/memory", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	bool triggers = fd >= 0 && write(fd, TRIGGER, sizeof(TRIGGER)) > 0;
	if (fd >= 0 && !triggers && errno == EOPNOTSUPP)
		refused("PSI is switched off on this kernel: boot it with psi=1");
	else if (fd >= 0 && !triggers && errno == EINVAL) // kernel/sched/psi.c, psi_trigger_create()
		refused("a trigger over lmkd's window of 1 s needs CAP_SYS_RESOURCE");
	else if (!triggers)
		failed("set a trigger in /proc/pressure/memory");
	if (fd >= 0)
		close(fd);
	fact_bool("psi", triggers, "/proc/pressure/memory", failure_text());
}

int probe_answer(void)
{
	wire_begin("probe");
	wire_open("facts", '{');
	probe_kernel();
	probe_machine();
	probe_reaping();
	probe_variant();
	probe_userfaultfd();
	probe_memory_cgroup();
	probe_freezer();
	probe_zram();
	probe_pressure();
	probe_abilities();
	group_leave_no_trace();
	wire_close('}');
	return wire_end();
}
