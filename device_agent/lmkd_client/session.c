// The meaning of a command: the packet sent, the answer expected, and the report to the host.
//
// lmkd does not answer most packets. It also checks for closed connections before it reads from any (AOSP lmkd.cpp,
// mainloop), so a packet sent just before a close may be lost. Hence a GETKILLCNT follows each such packet: packets
// keep their order, and its answer shows that lmkd has processed the packet before it.
#include "session.h"

#include <errno.h>
#include <unistd.h>

#include "answer.h"
#include "clock.h"
#include "failure.h"

static enum outcome report_failure(const char *call, int error)
{
	answer_error(call, error, failure_text());
	return OUTCOME_FAILED;
}

static enum outcome report_closed(void)
{
	answer_error("receive", ECONNRESET,
		     "lmkd closed the connection: it ended, or a fourth client made it drop all");
	return OUTCOME_CLOSED;
}

static enum outcome report_missing(enum received received, int error)
{
	switch (received) {
	case RECEIVED_CLOSED: return report_closed();
	case RECEIVED_TIMEOUT: answer_error("receive", ETIMEDOUT, "lmkd does not answer"); return OUTCOME_FAILED;
	case RECEIVED_STOP: answer_error("receive", EINTR, "stopped before lmkd's answer"); return OUTCOME_FAILED;
	default: return report_failure("receive", error);
	}
}

static enum outcome transmit(const struct session *session, const int32_t *words, size_t count)
{
	if (connection_send(session->fd, words, count) == 0)
		return OUTCOME_DONE;
	return errno == EPIPE || errno == ECONNRESET ? report_closed() : report_failure("send", errno);
}

// Waits for an answer of that kind and passes on the other packets of lmkd.
static enum outcome await(const struct session *session, enum packet_kind kind, int32_t *value)
{
	struct arrival arrival;
	int64_t deadline_ns = now_ns() + session->timeout_ns;
	for (;;) {
		enum received received = connection_receive(session->fd, -1, deadline_ns, &arrival);
		if (received != RECEIVED_PACKET)
			return report_missing(received, errno);
		if (arrival.packet.kind == kind) {
			*value = arrival.packet.value;
			return OUTCOME_DONE;
		}
		if (answer_packet(&arrival) < 0)
			return OUTCOME_FAILED;
	}
}

static enum outcome exchange(const struct session *session, const struct command *command, enum packet_kind kind,
			     int32_t *value)
{
	enum outcome outcome = transmit(session, command->words, command->count);
	return outcome == OUTCOME_DONE ? await(session, kind, value) : outcome;
}

static enum outcome count_kills(const struct session *session, const struct command *command)
{
	int32_t count;
	enum outcome outcome = exchange(session, command, PACKET_COUNT, &count);
	if (outcome != OUTCOME_DONE)
		return outcome;
	return answer_count(command->words[1], command->words[2], count) < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

static enum outcome update_props(const struct session *session, const struct command *command)
{
	int32_t result;
	enum outcome outcome = exchange(session, command, PACKET_UPDATED, &result);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (result != 0) {
		answer_error(command->name, 0, "lmkd failed to reload its properties");
		return OUTCOME_FAILED;
	}
	return answer_done(command->name) < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

static enum outcome send_unanswered(const struct session *session, const struct command *command)
{
	static const struct command AFTER = { "count", { LMK_GETKILLCNT, 0, 0 }, 3 };
	int32_t count;
	enum outcome outcome = transmit(session, command->words, command->count);
	if (outcome == OUTCOME_DONE)
		outcome = exchange(session, &AFTER, PACKET_COUNT, &count);
	if (outcome != OUTCOME_DONE)
		return outcome;
	return answer_done(command->name) < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

// Runs until standard input ends or a signal arrives.
static enum outcome watch(const struct session *session)
{
	struct arrival arrival;
	for (;;) {
		enum received received = connection_receive(session->fd, STDIN_FILENO, NO_DEADLINE, &arrival);
		if (received == RECEIVED_STOP)
			return OUTCOME_DONE;
		if (received != RECEIVED_PACKET)
			return report_missing(received, errno);
		if (answer_packet(&arrival) < 0)
			return OUTCOME_FAILED;
	}
}

enum outcome session_run(const struct session *session, const struct command *command)
{
	if (command->count == 0)
		return watch(session);
	switch (command->words[0]) {
	case LMK_GETKILLCNT: return count_kills(session, command);
	case LMK_UPDATE_PROPS: return update_props(session, command);
	default: return send_unanswered(session, command);
	}
}
