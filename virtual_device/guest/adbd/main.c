// lmkd-adbd: a small adb daemon. See USAGE.
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "child.h"
#include "door.h"
#include "report.h"
#include "service.h"
#include "session.h"
#include "watch.h"

static const char USAGE[] =
	"Usage: lmkd-adbd --listen SOCKET | --console PORT  [--product NAME] [--reboot COMMAND]\n"
	"Provides a shell, file transfer and forwarding to an adb server, as the user that runs the daemon.\n"
	"There is no authentication: any process that can open the socket or the port has access.\n"
	"  --listen SOCKET   a Unix socket to create, in a folder of yours with mode 0700\n"
	"  --console PORT    a virtio-serial port, such as /dev/vport0p1\n"
	"  --product NAME    the product in `adb devices -l` (default lmkd)\n"
	"  --reboot COMMAND  the command for `adb reboot` (default: refuse)\n"
	"Prints \"lmkd-adbd: ready\" once hosts can attach. SIGTERM ends it and its children.\n"
	"Exit status: 0 stopped by a signal, 1 failed, 2 wrong usage.\n";

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

// Opens missing standard descriptors; otherwise a socket could get one of their numbers and receive the output of a
// child.
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

// The descriptor that reports the signals, which therefore interrupt no call.
static int catch_signals(void)
{
	static const int CAUGHT[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	sigset_t caught;
	sigemptyset(&caught);
	for (size_t i = 0; i < sizeof(CAUGHT) / sizeof(CAUGHT[0]); i++)
		sigaddset(&caught, CAUGHT[i]);
	if (sigprocmask(SIG_BLOCK, &caught, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return failed("set up signals");
	int signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? failed("set up signals") : signals;
}

// False after a signal to stop.
static bool handle_signals(int signals)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			return false;
		session_child_ended();
	}
	return true;
}

// The daemon must survive when memory runs out, to report about it. Only root may set this.
static void guard_from_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "-1000", 5) < 0 && geteuid() == 0)
		failed("set oom_score_adj");
	close(fd);
}

// Runs until a signal to stop (0), or until poll() fails.
static int serve(int signals)
{
	static struct watch watch;
	for (;;) {
		bool signalled = false;
		watch.count = 0;
		watch_add(&watch, signals, POLLIN, &signalled);
		session_watch(&watch);
		int ready = watch_wait(&watch, session_timeout_ms());
		if (ready < 0)
			return -1;
		if (signalled && !handle_signals(signals))
			return 0;
		session_go_on(ready == 0);
	}
}

static int run(const char *socket, const char *console)
{
	if (fill_standard_descriptors() < 0)
		return -1;
	children_prepare();
	guard_from_oom_killer();
	int signals = catch_signals();
	if (signals < 0 || (socket != NULL ? door_open_socket(socket) : door_open_console(console)) < 0)
		return -1;
	if (puts("lmkd-adbd: ready") < 0 || fflush(stdout) != 0)
		failed("report readiness"); // a closed stdout has no waiting reader
	int result = serve(signals);
	session_end();
	door_close();
	return result;
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
	const char *product = "lmkd";
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
	session_set_product(product);
	return run(socket, console) < 0 ? 1 : 0;
}
