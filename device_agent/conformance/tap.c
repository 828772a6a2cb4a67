// Asks each question of the table in its order. One line per question; what explains it comes before it.
#include "tap.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "apart.h"
#include "case.h"
#include "failure.h"
#include "group.h"
#include "judge.h"
#include "text.h"
#include "variant.h"

enum { KSFT_PASS = 0, KSFT_FAIL = 1, KSFT_SKIP = 4, LINE_SIZE = 512 };

DECLARE_REGISTRY(lmkd_cases);

static struct {
	int number, passed, failed, skipped;
	bool is_memory_unseen;
} run;

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	size_t length = text_format_v(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	length = length < sizeof(line) - 1 ? length : sizeof(line) - 2;
	line[length] = '\n';
	if (write(STDOUT_FILENO, line, length + 1) < 0)
		die("write the report");
}

static void skip(const struct required_answer *row, const char *lacking, const char *reason)
{
	run.skipped++;
	say("ok %d %s-0x%x # SKIP %s%s", run.number, row->case_name, row->flags, lacking, reason);
}

static void pass(const struct required_answer *row)
{
	run.passed++;
	say("ok %d %s-0x%x", run.number, row->case_name, row->flags);
}

static void fail(const struct required_answer *row)
{
	run.failed++;
	say("not ok %d %s-0x%x", run.number, row->case_name, row->flags);
}

// The lines of a case as one, as the table has them.
static void join_lines(char *text)
{
	size_t length = strlen(text);
	if (length > 0 && text[length - 1] == '\n')
		text[length - 1] = '\0';
	for (char *end = text; (end = strchr(end, '\n')) != NULL;)
		*end = ' ';
}

static void say_required(const struct required_answer *row, const char *variant)
{
	const char *word = "required of";
	for (const struct required_answer *end = next_question(row); row < end; row++, word = "or of") {
		row = required_of(row, variant);
		if (row == NULL)
			return;
		say("# %s %s: %s", word, variant, row->answer);
	}
}

static void judge(const struct required_answer *row, const char *variant, const struct apart *result)
{
	if (result->status == IMPOSSIBLE) {
		skip(row, "this system cannot produce it: ", result->text);
	} else if (result->status == 0 && is_required(row, variant, result->text)) {
		run.is_memory_unseen |= strstr(result->text, "=unknown") != NULL;
		pass(row);
	} else {
		say_required(row, variant);
		if (result->status == APART_HUNG)
			say("# the case did not end: %s", result->text);
		else if (result->status != 0)
			say("# the case could not run (exit status %d): %s", result->status, result->text);
		else
			say("# answered: %s", result->text);
		fail(row);
	}
}

// Whether the case must not run here; then it is skipped.
static bool is_skipped(const struct required_answer *row, const char *variant, bool may_risk)
{
	const char *risk = may_risk ? NULL : reason_in(risky, row->case_name);
	const char *needed = geteuid() == 0 ? NULL : reason_in(needs_root, row->case_name);
	if (required_of(row, variant) == NULL)
		skip(row, "not asked of a kernel of the variant ", variant);
	else if (risk != NULL)
		skip(row, "only with --risky: ", risk);
	else if (needed != NULL)
		skip(row, "root is missing: ", needed);
	else
		return false;
	return true;
}

static void ask(const struct required_answer *row, const char *variant, bool may_risk)
{
	static struct apart result;
	const struct conformance_case *chosen = registry_find(REGISTRY(lmkd_cases), row->case_name);
	run.number++;
	if (is_skipped(row, variant, may_risk))
		return;
	run_apart(chosen, row->flags, &result);
	join_lines(result.text);
	judge(row, variant, &result);
}

static int count_questions(void)
{
	int count = 0;
	for (const struct required_answer *row = required_answers; row->case_name != NULL; row = next_question(row))
		count++;
	return count;
}

static void say_totals(void)
{
	if (run.is_memory_unseen)
		say("# whether memory was freed is unknown: that needs root and a memory cgroup");
	say("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0", run.passed, run.failed, run.skipped);
}

static void remove_groups_of_failed_cases(void)
{
	group_remove_leftovers();
	group_leave_no_trace();
}

int tap_run(const struct tap_options *options)
{
	say("KTAP version 1");
	const char *detected = variant_detect();
	const char *variant = options->variant == NULL ? detected : options->variant;
	if (detected == NULL) {
		say("1..0 # SKIP %s", failure_text());
		return KSFT_SKIP;
	}
	say("1..%d", count_questions());
	say("# this kernel's process_mrelease is of the variant %s, and judged as %s", detected, variant);
	for (const struct required_answer *row = required_answers; row->case_name != NULL; row = next_question(row))
		ask(row, variant, options->may_risk);
	if (geteuid() == 0)
		remove_groups_of_failed_cases();
	say_totals();
	return run.failed > 0 ? KSFT_FAIL : run.passed > 0 ? KSFT_PASS : KSFT_SKIP;
}
