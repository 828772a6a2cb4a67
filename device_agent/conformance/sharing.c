// Cases with two processes in one address space: CLONE_VM siblings and vfork.
#include "case.h"
#include "process.h"
#include "target_memory.h"

static void case_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	report("ret", mrelease(target.pidfd, flags));
	report("target", fate(&target));
	report("sharer", fate(&sharer));
	report("freed", freed());
}
CASE(case_sharer, "sharer");

// The mark "has been shared" stays on the mm after the sharing ends.
static void case_sharer_gone(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	let_go(&sharer);
	report("ret", mrelease(target.pidfd, flags));
	report("target", fate(&target));
}
CASE(case_sharer_gone, "sharer-gone");

static void case_dying_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	keep_dying(&target);
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
	report("sharer", fate(&sharer));
}
CASE(case_dying_sharer, "dying-sharer");

static void case_zombie_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	kill_process(&target);
	await_end(&target);
	report("ret", mrelease(target.pidfd, flags));
	report("freed", freed());
	report("sharer", fate(&sharer));
}
CASE(case_zombie_sharer, "zombie-sharer");

// A vfork child does not mark the mm as shared. Its parent cannot answer while it lives.
static void case_vfork(unsigned int flags)
{
	struct process child, parent = spawn_vfork_parent(&child);
	report("ret", mrelease(parent.pidfd, flags));
	const char *fate_of_child = fate(&child);
	report("child", fate_of_child);
	if (fate_of_child[0] == 'a')
		let_go(&child);
	report("target", fate(&parent));
}
CASE(case_vfork, "vfork");
