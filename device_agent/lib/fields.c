// Splits a line into words and stores each by its row of the table.
#include "fields.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "failure.h"

static int find(const struct field *fields, size_t count, const char *word, const char **value)
{
	const char *equals = strchr(word, '=');
	if (equals == NULL)
		return -1;
	size_t length = (size_t)(equals - word);
	*value = equals + 1;
	for (size_t i = 0; i < count; i++)
		if (strlen(fields[i].name) == length && strncmp(fields[i].name, word, length) == 0)
			return (int)i;
	return -1;
}

static int parse_number(const struct field *field, const char *value, int64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || *number < field->min || *number > field->max)
		return refused("%s=%.40s is not a number from %lld to %lld", field->name, value, (long long)field->min,
			       (long long)field->max);
	*number *= field->unit;
	return 0;
}

static int set(const struct field *field, const char *value, void *target)
{
	void *at = (char *)target + field->offset;
	if (field->choose == NULL)
		return parse_number(field, value, at);
	return field->choose(at, value) == 0 ? 0 : refused("there is no %s named %.40s", field->name, value);
}

static int parse_word(const struct field *fields, size_t count, const char *word, bool *parsed, void *target)
{
	const char *value;
	int index = find(fields, count, word, &value);
	if (index < 0)
		return refused("the plan has an unknown word \"%.40s\"", word);
	if (parsed[index])
		return refused("the plan repeats %s", fields[index].name);
	parsed[index] = true;
	return set(&fields[index], value, target);
}

int fields_parse(char *line, const struct field *fields, size_t count, void *target)
{
	bool parsed[FIELDS_MAX] = { false };
	char *rest = NULL;
	for (const char *word = strtok_r(line, " \n", &rest); word != NULL; word = strtok_r(NULL, " \n", &rest))
		if (parse_word(fields, count, word, parsed, target) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (!parsed[i])
			return refused("the plan lacks %s=", fields[i].name);
	return 0;
}
