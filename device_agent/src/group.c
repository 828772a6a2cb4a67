// Memory cgroups of our own below <mount>/lmkd-agent, for cgroup v2 and v1.
#include "group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "text_file.h"

static char root[128]; // <mount>/lmkd-agent once found
static bool is_v2;

static const char *charged_file(void)
{
	return is_v2 ? "memory.current" : "memory.usage_in_bytes";
}

static bool has_memory_controller(const char *mount)
{
	char path[192];
	char controllers[256];
	snprintf(path, sizeof(path), "%s/cgroup.controllers", mount);
	return read_text(path, controllers, sizeof(controllers)) == 0 && strstr(controllers, "memory") != NULL;
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

static bool carries_memory(const struct mount *mount)
{
	if (mount->options == NULL)
		return false;
	if (strcmp(mount->type, "cgroup2") == 0)
		return has_memory_controller(mount->folder);
	return strcmp(mount->type, "cgroup") == 0 && has_option(mount->options, "memory");
}

// Finds the mount that carries the memory controller; a machine has it on one hierarchy only.
static int find_mount(char *folder, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	if (mounts == NULL)
		return failed("open /proc/self/mounts");
	char line[1024];
	bool found = false;
	while (!found && fgets(line, sizeof(line), mounts) != NULL) {
		struct mount mount = split_mount(line);
		found = carries_memory(&mount);
		if (found) {
			snprintf(folder, size, "%s", mount.folder);
			is_v2 = strcmp(mount.type, "cgroup2") == 0;
		}
	}
	fclose(mounts);
	return found ? 0 : refused("no memory cgroup is mounted");
}

static int make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return failed("create the cgroup %s", path);
	return 0;
}

static int hand_down_memory(const char *parent)
{
	char path[192];
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", parent);
	return write_text(path, "+memory");
}

static int prepare_root(void)
{
	char mount[96];
	if (root[0] != '\0')
		return 0;
	if (find_mount(mount, sizeof(mount)) < 0)
		return -1;
	char path[128];
	snprintf(path, sizeof(path), "%s/lmkd-agent", mount);
	if (is_v2 && hand_down_memory(mount) < 0)
		return -1;
	if (make_folder(path) < 0 || (is_v2 && hand_down_memory(path) < 0))
		return -1;
	memcpy(root, path, sizeof(root));
	return 0;
}

const char *group_hierarchy(void)
{
	if (prepare_root() < 0)
		return NULL;
	return is_v2 ? "v2" : "v1";
}

int group_create(struct group *group, int number)
{
	char path[GROUP_PATH_SIZE + 32];
	if (prepare_root() < 0)
		return -1;
	snprintf(group->path, sizeof(group->path), "%s/%d.%d", root, (int)getpid(), number);
	if (make_folder(group->path) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", group->path, charged_file());
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
	snprintf(path, sizeof(path), "%s/cgroup.procs", group->path);
	return write_text(path, "0");
}

int64_t group_charged_kb(const struct group *group)
{
	int64_t bytes = read_number_at(group->charged_fd);
	return bytes < 0 ? -1 : bytes / 1024;
}

int group_remove(struct group *group)
{
	close(group->charged_fd);
	if (rmdir(group->path) < 0)
		return failed("remove the cgroup %s", group->path);
	return 0;
}

void group_leave_no_trace(void)
{
	if (root[0] != '\0')
		rmdir(root); // fails, rightly, while another agent's victim is in it
	root[0] = '\0';
}

static bool owner_is_gone(const char *group_name)
{
	int pid = atoi(group_name); // "<pid of the agent>.<number>"
	return pid > 0 && kill(pid, 0) < 0 && errno == ESRCH;
}

void group_remove_leftovers(void)
{
	DIR *folder = prepare_root() < 0 ? NULL : opendir(root);
	if (folder == NULL)
		return;
	const struct dirent *entry;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_type == DT_DIR && owner_is_gone(entry->d_name))
			unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR); // fails, rightly, while in use
	closedir(folder);
}
