// Two processes on one address space: CLONE_VM siblings and vfork.
#include "case.h"
#include "process.h"

void case_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	say("ret", mrelease(target.pidfd, flags));
	say("target", fate(&target));
	say("sharer", fate(&sharer));
	say("freed", freed());
}

// The mark "has been shared" stays on the mm when it is not shared any more.
void case_sharer_gone(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	let_go(&sharer);
	say("ret", mrelease(target.pidfd, flags));
	say("target", fate(&target));
}

void case_dying_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	keep_dying(&target);
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
	say("sharer", fate(&sharer));
}

void case_zombie_sharer(unsigned int flags)
{
	struct process sharer, target = spawn_target_and_sharer(&sharer);
	kill_process(&target);
	await_end(&target);
	say("ret", mrelease(target.pidfd, flags));
	say("freed", freed());
	say("sharer", fate(&sharer));
}

// A vfork child does not mark the mm as shared. While it lives its parent cannot answer.
void case_vfork(unsigned int flags)
{
	struct process child, parent = spawn_vfork_parent(&child);
	say("ret", mrelease(parent.pidfd, flags));
	const char *fate_of_child = fate(&child);
	say("child", fate_of_child);
	if (fate_of_child[0] == 'a')
		let_go(&child);
	say("target", fate(&parent));
}
