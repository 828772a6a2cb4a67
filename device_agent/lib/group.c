// Creates memory cgroups below <mount>/lmkd-agent-<pid>.0, for cgroup v2 and v1, so that agents that run at the same
// time share nothing. If this agent was put into a cgroup <mount>/lmkd-local-.../<leaf>, the folder lmkd-local-...
// replaces the mount. An agent holds a lock on its folder; a folder that can be locked is a leftover of a killed agent.
// A pid is not enough, because containers may share cgroups but not pids.
#include "group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "folder.h"
#include "lines.h"
#include "text.h"
#include "text_file.h"

#define APART "/lmkd-local-"

#define ROOT_PREFIX "lmkd-agent-" // followed by the pid of the agent

enum { SAME_PID_MAX = 10 };

static char parent[160];     // contains the roots of all agents of this machine or device
static char root[160];       // of this agent, once created
static int root_lock = -1;   // the locked folder
static char outer_root[160]; // while root is a confining group: the parent of it
static bool is_v2;
static bool charges_huge_pages;

static const char *charged_file(void)
{
	return is_v2 ? "memory.current" : "memory.usage_in_bytes";
}

static bool has_controller(const char *mount, const char *controller)
{
	char path[192];
	char controllers[256];
	text_format(path, sizeof(path), "%s/cgroup.controllers", mount);
	return read_text(path, controllers, sizeof(controllers)) == 0 && strstr(controllers, controller) != NULL;
}

// A line of /proc/self/mounts: "<device> <folder> <type> <options> 0 0".
struct mount {
	const char *folder, *type, *options;
};

static struct mount split_mount(char *line)
{
	struct mount mount;
	char *rest = NULL;
	strtok_r(line, " ", &rest);
	mount.folder = strtok_r(NULL, " ", &rest);
	mount.type = strtok_r(NULL, " ", &rest);
	mount.options = strtok_r(NULL, " ", &rest);
	return mount;
}

static bool has_option(const char *options, const char *option)
{
	size_t length = strlen(option);
	for (const char *at = options; (at = strstr(at, option)) != NULL; at += length)
		if ((at == options || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

static bool carries_v1(const struct mount *mount, const char *controller)
{
	return strcmp(mount->type, "cgroup") == 0 && has_option(mount->options, controller);
}

static bool carries_v2(const struct mount *mount, const char *controller)
{
	return strcmp(mount->type, "cgroup2") == 0 && has_controller(mount->folder, controller);
}

static bool carries(const struct mount *mount, const char *controller)
{
	return carries_v1(mount, controller) || carries_v2(mount, controller);
}

// Finds the first mount that matches; its texts are in `mounts`. 0, or -1 with failed(): there is none.
static int find_mount(bool (*matches)(const struct mount *mount, const char *controller), const char *controller,
		      struct mount *mount, struct lines *mounts)
{
	char *line;
	bool is_found = false;
	if (lines_open(mounts, "/proc/self/mounts") < 0)
		return failed("open /proc/self/mounts");
	while (!is_found && lines_next(mounts, &line) > 0) {
		*mount = split_mount(line);
		is_found = mount->options != NULL && matches(mount, controller);
	}
	lines_close(mounts);
	return is_found ? 0 : refused("no %s cgroup is mounted", controller);
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return failed("create the cgroup %s", path);
	return 0;
}

static int hand_down_memory(const char *group)
{
	char path[192];
	text_format(path, sizeof(path), "%s/cgroup.subtree_control", group);
	return write_text(path, "+memory");
}

// The path in a line of /proc/self/cgroup, "4:memory:/path" (v1) or "0::/path" (v2); NULL if it is not of memory.
static char *memory_path(char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
	if (path == NULL)
		return NULL;
	*controllers++ = *path++ = '\0';
	return is_v2 ? (*controllers == '\0' ? path : NULL) : has_option(controllers, "memory") ? path : NULL;
}

// Cuts ".../lmkd-local-x/leaf" to "/lmkd-local-x"; NULL if the path has another form.
static const char *cut_to_apart(char *path)
{
	char *leaf = strrchr(path, '/');
	if (leaf == NULL)
		return NULL;
	*leaf = '\0';
	char *apart = strrchr(path, '/');
	return apart != NULL && strncmp(apart, APART, strlen(APART)) == 0 ? apart : NULL;
}

// Finds the parent of the root. Uses only the end of our own path: in a container the mount may show a part of the
// hierarchy, while the path is complete.
static void find_parent(const char *mount)
{
	struct lines groups;
	char *line;
	text_format(parent, sizeof(parent), "%s", mount);
	if (lines_open(&groups, "/proc/self/cgroup") < 0)
		return;
	while (lines_next(&groups, &line) > 0) {
		char *path = memory_path(line);
		const char *apart = path == NULL ? NULL : cut_to_apart(path);
		if (apart == NULL)
			continue;
		text_format(parent, sizeof(parent), "%s%s", mount, apart);
		if (access(parent, F_OK) < 0)
			text_format(parent, sizeof(parent), "%s", mount);
	}
	lines_close(&groups);
}

static int remove_inner(const char *name, void *outer)
{
	char path[GROUP_PATH_SIZE];
	text_format(path, sizeof(path), "%s/%s", (const char *)outer, name);
	if (rmdir(path) == 0 || errno != EBUSY) // an empty group, or a file of the kernel
		return 0;
	folder_each(path, remove_inner, path); // a confining group
	rmdir(path);                           // fails, rightly, while in use
	return 0;
}

// Locks and empties the folder: its descriptor, or -1: it does not exist, or belongs to a running agent.
static int lock_folder(char *path) // not const: folder_each() hands it to remove_inner()
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && folder_each(path, remove_inner, path) == 0)
		return fd;
	close(fd);
	return -1;
}

// The number distinguishes agents with the same pid in different pid namespaces.
static int make_root(void)
{
	char path[sizeof(root)];
	if (is_v2 && hand_down_memory(parent) < 0)
		return -1;
	for (int number = 0; root_lock < 0 && number < SAME_PID_MAX; number++) {
		text_format(path, sizeof(path), "%s/" ROOT_PREFIX "%d.%d", parent, (int)getpid(), number);
		if (make_folder(path) < 0)
			return -1;
		root_lock = lock_folder(path);
	}
	if (root_lock < 0)
		return failed("create the cgroup %s", path);
	memcpy(root, path, sizeof(root));
	return is_v2 ? hand_down_memory(root) : 0;
}

static int prepare_root(void)
{
	struct lines mounts;
	struct mount mount;
	if (root[0] != '\0')
		return 0;
	if (find_mount(carries, "memory", &mount, &mounts) < 0)
		return -1;
	is_v2 = strcmp(mount.type, "cgroup2") == 0;
	charges_huge_pages = has_option(mount.options, "memory_hugetlb_accounting");
	find_parent(mount.folder);
	return make_root();
}

const char *group_hierarchy(void)
{
	if (prepare_root() < 0)
		return NULL;
	return is_v2 ? "v2" : "v1";
}

static int limit_root(int64_t limit_kb)
{
	char path[sizeof(root) + 32];
	char limit[32];
	text_format(path, sizeof(path), "%s/memory.max", root);
	text_format(limit, sizeof(limit), "%lldK", (long long)limit_kb);
	return write_text(path, limit) < 0 ? -1 : hand_down_memory(root);
}

int group_confine(int64_t limit_kb)
{
	if (prepare_root() < 0)
		return -1;
	if (!is_v2)
		return refused("memory cgroups are v1 here: they report no memory pressure of their own");
	memcpy(outer_root, root, sizeof(root));
	text_format(root, sizeof(root), "%s/confined", outer_root);
	if (make_folder(root) == 0 && limit_root(limit_kb) == 0)
		return 0;
	group_unconfine();
	return -1;
}

int group_open_confined(const char *name, int flags)
{
	char path[sizeof(root) + 32];
	text_format(path, sizeof(path), "%s/%s", root, name);
	int fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? failed("open %s", path) : fd;
}

int group_unconfine(void)
{
	int result = rmdir(root) < 0 && errno != ENOENT ? failed("remove the cgroup %s", root) : 0;
	memcpy(root, outer_root, sizeof(root));
	outer_root[0] = '\0';
	return result;
}

int group_create(struct group *group, int number)
{
	char path[GROUP_PATH_SIZE + 32];
	if (prepare_root() < 0)
		return -1;
	group->swapped_fd = -1;
	text_format(group->path, sizeof(group->path), "%s/%d", root, number);
	if (make_folder(group->path) < 0)
		return -1;
	text_format(path, sizeof(path), "%s/%s", group->path, charged_file());
	group->charged_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (group->charged_fd < 0) {
		failed("open %s", path);
		rmdir(group->path);
		return -1;
	}
	return 0;
}

int group_enter(const struct group *group)
{
	char path[GROUP_PATH_SIZE + 32];
	if (group->charged_fd < 0)
		return 0;
	text_format(path, sizeof(path), "%s/cgroup.procs", group->path);
	return write_text(path, "0");
}

// v1 counts memory and swap in one file, v2 in separate files.
int group_count_swap(struct group *group)
{
	char path[GROUP_PATH_SIZE + 32];
	if (group->charged_fd < 0)
		return refused(NO_SWAP_COUNT);
	const char *file = is_v2 ? "memory.swap.current" : "memory.memsw.usage_in_bytes";
	text_format(path, sizeof(path), "%s/%s", group->path, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return failed("open %s", path);
	if (is_v2) {
		group->swapped_fd = fd;
		return 0;
	}
	close(group->charged_fd);
	group->charged_fd = fd;
	return 0;
}

int64_t group_charged_kb(const struct group *group)
{
	int64_t bytes = read_number_at(group->charged_fd);
	int64_t swapped_bytes = group->swapped_fd < 0 ? 0 : read_number_at(group->swapped_fd);
	return bytes < 0 || swapped_bytes < 0 ? -1 : (bytes + swapped_bytes) / 1024;
}

int group_remove(struct group *group)
{
	if (group->charged_fd < 0)
		return 0;
	close(group->charged_fd);
	if (group->swapped_fd >= 0)
		close(group->swapped_fd);
	if (rmdir(group->path) < 0)
		return failed("remove the cgroup %s", group->path);
	return 0;
}

void group_leave_no_trace(void)
{
	if (root[0] != '\0')
		rmdir(root); // fails, rightly, while a victim is in it
	root[0] = '\0';
	if (root_lock >= 0)
		close(root_lock);
	root_lock = -1;
}

static int remove_leftover(const char *name, void *unused)
{
	char path[GROUP_PATH_SIZE];
	(void)unused;
	if (strncmp(name, ROOT_PREFIX, strlen(ROOT_PREFIX)) != 0)
		return 0;
	text_format(path, sizeof(path), "%s/%s", parent, name);
	int lock = lock_folder(path);
	if (lock < 0)
		return 0;
	rmdir(path); // fails, rightly, while in use
	close(lock);
	return 0;
}

void group_remove_leftovers(void)
{
	if (prepare_root() == 0)
		folder_each(parent, remove_leftover, NULL);
}

bool group_charges_huge_pages(void)
{
	return prepare_root() == 0 && charges_huge_pages;
}

int group_find_v1_mount(const char *controller, char *folder, size_t size)
{
	struct lines mounts;
	struct mount mount;
	if (find_mount(carries_v1, controller, &mount, &mounts) < 0)
		return -1;
	text_format(folder, size, "%s", mount.folder);
	return 0;
}
