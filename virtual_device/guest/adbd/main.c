// lmkd-adbd: a small adb daemon. See USAGE.
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "door.h"
#include "link.h"
#include "report.h"
#include "service.h"
#include "streams.h"
#include "watch.h"

static const char USAGE[] =
	"Usage: lmkd-adbd --listen SOCKET | --console PORT  [--product NAME] [--reboot COMMAND]\n"
	"Gives a shell, file transfer and forwarding, as the user it runs as, to an adb server that reaches it.\n"
	"There is no authentication: who reaches the socket or the port is in.\n"
	"  --listen SOCKET   a Unix socket to make, in a folder of yours of mode 0700\n"
	"  --console PORT    a virtio-serial port, such as /dev/vport0p1\n"
	"  --product NAME    what `adb devices -l` shows (default lmkd)\n"
	"  --reboot COMMAND  what `adb reboot` runs (default: refuse)\n"
	"Prints \"lmkd-adbd: ready\" once hosts can attach. SIGTERM ends it and what it started.\n"
	"Exit status: 0 told to stop, 1 could not go on, 2 wrong usage.\n";

// Only what streams and services here really do.
#define FEATURES "shell_v2,stat_v2,ls_v2,fixed_push_mkdir,fixed_push_symlink_timestamp"
#define PACKETS_PER_ROUND 64

static const char *product = "lmkd";
static int signals = -1;
static bool online; // the host has greeted

// A console port tells what hosts send and when they come and go by two ways, of which either may be the
// faster. When a host greets before the last one was seen to leave, a hang-up that follows at once is the
// last one's, and is itself followed by the new one's arrival; should it not be, it is real after all.
#define SETTLE_MS 250
static int64_t hang_up_is_old_until_ms;
static bool awaits_arrival;

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int usage(void)
{
	fputs(USAGE, stderr);
	return 2;
}

static bool is_plain_name(const char *name)
{
	static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(name);
	return length > 0 && length < 64 && strspn(name, PLAIN) == length;
}

// The standard descriptors must be there, or a socket gets one of their numbers and then a child's output.
static int fill_standard_descriptors(void)
{
	int fd;
	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0 && fd <= STDERR_FILENO)
		;
	if (fd < 0)
		return failed("open /dev/null");
	close(fd);
	return 0;
}

static int catch_signals(void)
{
	static const int CAUGHT[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t caught;
	sigemptyset(&caught);
	for (size_t i = 0; i < sizeof(CAUGHT) / sizeof(CAUGHT[0]); i++)
		sigaddset(&caught, CAUGHT[i]);
	if (sigprocmask(SIG_BLOCK, &caught, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return failed("set up signals");
	signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? failed("set up signals") : 0;
}

// The daemon is what reports about memory running out: it must outlive that. Only root may ask for it.
static void guard_from_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "-1000", 5) < 0 && geteuid() == 0)
		failed("ask for protection from the OOM killer");
	close(fd);
}

static void greet(void)
{
	char banner[512];
	int length = snprintf(banner, sizeof(banner),
			      "device::ro.product.name=%s;ro.product.model=%s;ro.product.device=%s;features=%s",
			      product, product, product, FEATURES);
	link_send(COMMAND_CNXN, VERSION_WITHOUT_CHECKSUM, MAX_PAYLOAD, banner, (size_t)length);
}

static void end_session(void)
{
	streams_drop_all();
	children_hang_up();
	if (door_is_console())
		link_forget_output(); // a socket's host still awaits the rest of a packet begun
	online = false;
}

static void handle_greeting(const struct packet *packet)
{
	if (online && door_is_console())
		hang_up_is_old_until_ms = now_ms() + SETTLE_MS;
	end_session();
	link_agree(packet->arg0, packet->arg1);
	greet();
	online = true;
}

static void lose_host(void)
{
	if (link_fd() >= 0)
		door_release(link_fd());
	link_detach();
	awaits_arrival = now_ms() < hang_up_is_old_until_ms;
	if (!awaits_arrival)
		end_session();
}

static void hear_host(void)
{
	struct packet packet;
	const uint8_t *payload;
	for (int i = 0; i < PACKETS_PER_ROUND; i++) {
		enum link_state state = link_receive(&packet, &payload);
		if (state == LINK_LOST)
			lose_host();
		if (state != LINK_PACKET)
			return;
		if (packet.command == COMMAND_CNXN)
			handle_greeting(&packet);
		else if (online)
			streams_handle(&packet, payload);
	}
}

// True when the link has room again, which streams may have waited for.
static bool flush_to_host(void)
{
	if (link_fd() < 0)
		return false;
	bool had_room = link_has_room();
	if (link_flush() == LINK_LOST)
		lose_host();
	return !had_room && link_has_room();
}

// Ends, because a stream gives once and then awaits the host's OKAY.
static void move_data(void)
{
	streams_pump();
	while (flush_to_host()) {
		streams_wake_all();
		streams_pump();
	}
}

static void admit_host(void)
{
	int host = door_admit(link_fd());
	if (host < 0)
		return;
	if (link_fd() >= 0)
		lose_host();
	link_attach(host, door_is_console());
	awaits_arrival = false;
}

// False when told to stop.
static bool handle_signals(void)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			return false;
		children_reap();
		streams_wake_all(); // a shell may wait for its exit status
	}
	return true;
}

struct events {
	bool signal;
	bool door;
	bool link;
	bool no_arrival;
};

static int wait_for_events(struct events *events)
{
	static struct watch watch;
	*events = (struct events){ false };
	watch.count = 0;
	watch_add(&watch, signals, POLLIN, &events->signal);
	door_watch(&watch, link_fd() >= 0, &events->door);
	if (link_fd() >= 0)
		watch_add(&watch, link_fd(), link_events(), &events->link);
	streams_watch(&watch);
	int ready = watch_wait(&watch, awaits_arrival ? SETTLE_MS : -1);
	events->no_arrival = awaits_arrival && ready == 0;
	return ready;
}

static int serve(void)
{
	struct events events;
	while (wait_for_events(&events) >= 0) {
		if (events.no_arrival) {
			awaits_arrival = false;
			end_session();
		}
		if (events.signal && !handle_signals())
			return 0;
		if (events.link)
			hear_host();
		if (events.door)
			admit_host();
		move_data();
	}
	return -1;
}

static int run(const char *socket, const char *console)
{
	children_prepare();
	guard_from_oom_killer();
	if (fill_standard_descriptors() < 0 || catch_signals() < 0)
		return 1;
	if ((socket != NULL ? door_open_socket(socket) : door_open_console(console)) < 0)
		return 1;
	if (puts("lmkd-adbd: ready") < 0 || fflush(stdout) != 0)
		failed("say that we are ready"); // who does not listen does not wait for it
	int result = serve();
	end_session();
	door_close();
	return result < 0 ? 1 : 0;
}

int main(int count, char **words)
{
	static const struct option OPTIONS[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "console", required_argument, NULL, 'c' },
		{ "product", required_argument, NULL, 'p' },
		{ "reboot", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	const char *socket = NULL;
	const char *console = NULL;
	int option;
	while ((option = getopt_long(count, words, "", OPTIONS, NULL)) != -1) {
		switch (option) {
		case 'l': socket = optarg; break;
		case 'c': console = optarg; break;
		case 'p': product = optarg; break;
		case 'r': service_set_reboot_command(optarg); break;
		default: return usage();
		}
	}
	if (optind != count || (socket == NULL) == (console == NULL) || !is_plain_name(product))
		return usage();
	return run(socket, console);
}
