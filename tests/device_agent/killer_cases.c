// Kills three processes at once by a slow arm and prints which thread killed each: two reapers run the arm, the third
// process gets only a SIGKILL, immediately. Then lets the arm continue, and kills a fourth.
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failure.h"
#include "killer.h"
#include "sys.h"

enum { TARGETS = 4 };

static struct victim targets[TARGETS];
static struct killing killings[TARGETS];
static sem_t entered, may_go_on;

static void slow_kill(const struct victim *victim, const struct arm_options *options, struct kill_outcome *outcome)
{
	(void)options;
	sem_post(&entered);
	sem_wait(&may_go_on);
	step_sigkill(victim, outcome);
}

static const struct arm SLOW = { .name = "slow", .kill = slow_kill };

static void start(struct victim *target)
{
	target->pid = fork();
	if (target->pid == 0)
		for (;;)
			pause();
	target->pidfd = sys_pidfd_open(target->pid);
	target->group.charged_fd = target->group.swapped_fd = -1;
}

static const char *state_of(const struct victim *target, int patience_ms)
{
	struct pollfd readable = { .fd = target->pidfd, .events = POLLIN };
	return poll(&readable, 1, patience_ms) == 1 ? "dead" : "alive";
}

static int give(int number)
{
	killings[number].victim = &targets[number];
	return killers_kill(&killings[number]);
}

static void print_fates(const char *when, int patience_ms)
{
	printf("%s:", when);
	for (int i = 0; i < TARGETS; i++)
		if (killings[i].victim != NULL)
			printf(" %s/%s", killings[i].by_reaper ? "reaper" : "main", state_of(&targets[i], patience_ms));
	printf("\n");
}

int main(void)
{
	const struct arm_options options = { 0 };
	sem_init(&entered, 0, 0);
	sem_init(&may_go_on, 0, 0);
	for (int i = 0; i < TARGETS; i++)
		start(&targets[i]);
	if (killers_start(&SLOW, &options) < 0 || give(0) < 0 || give(1) < 0)
		return 1;
	sem_wait(&entered);
	sem_wait(&entered);
	if (give(2) < 0 || strcmp(state_of(&targets[2], -1), "dead") != 0)
		return 1;
	print_fates("both busy", 0);
	for (int i = 0; i < TARGETS; i++)
		sem_post(&may_go_on);
	state_of(&targets[0], -1);
	state_of(&targets[1], -1);
	killers_end();
	if (killers_start(&SLOW, &options) < 0 || give(3) < 0)
		return 1;
	killers_end(); // waits for the kill
	print_fates("both idle again", -1);
	for (int i = 0; i < TARGETS; i++) {
		close(targets[i].pidfd);
		waitpid(targets[i].pid, NULL, 0);
	}
	return 0;
}
