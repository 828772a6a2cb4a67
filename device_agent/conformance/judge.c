// Reads the table of answers.
#include "judge.h"

#include <stddef.h>
#include <string.h>

static bool is_same_question(const struct required_answer *row, const struct required_answer *other)
{
	return other->case_name != NULL && strcmp(row->case_name, other->case_name) == 0 && row->flags == other->flags;
}

const struct required_answer *next_question(const struct required_answer *row)
{
	const struct required_answer *next = row + 1;
	while (is_same_question(row, next))
		next++;
	return next;
}

// Whether a text of words separated by spaces begins with the word.
static bool begins_with(const char *text, const char *word, size_t length)
{
	return strncmp(text, word, length) == 0 && (text[length] == ' ' || text[length] == '\0');
}

static bool has_word(const char *text, const char *word)
{
	while (!begins_with(text, word, strlen(word))) {
		text = strchr(text, ' ');
		if (text == NULL)
			return false;
		text++;
	}
	return true;
}

bool is_known(const char *variant)
{
	for (const struct required_answer *row = required_answers; row->case_name != NULL; row++)
		if (has_word(row->variants, variant))
			return true;
	return false;
}

const struct required_answer *required_of(const struct required_answer *row, const char *variant)
{
	for (const struct required_answer *at = row; at == row || is_same_question(row, at); at++)
		if (has_word(at->variants, variant))
			return at;
	return NULL;
}

// Whether the required text begins with that word of the answer, or the word says that it does not know.
static bool is_met(const char *required, const char *word, size_t length)
{
	size_t key_length = strcspn(word, "=");
	if (begins_with(word + key_length, "=unknown", strlen("=unknown")))
		return strncmp(required, word, key_length + 1) == 0;
	return begins_with(required, word, length);
}

static bool agrees(const char *required, const char *answer)
{
	for (;;) {
		size_t length = strcspn(answer, " ");
		if (!is_met(required, answer, length))
			return false;
		required += strcspn(required, " ");
		answer += length;
		if (*required == '\0' || *answer == '\0')
			return *required == *answer;
		required++, answer++;
	}
}

bool is_required(const struct required_answer *row, const char *variant, const char *answer)
{
	const struct required_answer *at = required_of(row, variant);
	while (at != NULL) {
		if (agrees(at->answer, answer))
			return true;
		at = is_same_question(row, at + 1) ? required_of(at + 1, variant) : NULL;
	}
	return false;
}

const char *reason_in(const struct condition *list, const char *case_name)
{
	for (; list->case_name != NULL; list++)
		if (strcmp(list->case_name, case_name) == 0)
			return list->reason;
	return NULL;
}
