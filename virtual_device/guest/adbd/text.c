// Services that only answer with a line of text, such as `root:`.
#include <stdlib.h>
#include <string.h>

#include "service.h"

struct text {
	const char *left;
};

void *text_start(const char *words)
{
	struct text *text = calloc(1, sizeof(*text));
	if (text != NULL)
		text->left = words;
	return text;
}

static size_t text_take(void *self, const uint8_t *data, size_t length)
{
	(void)self;
	(void)data;
	return length;
}

static size_t text_give(void *self, uint8_t *data, size_t room)
{
	struct text *text = self;
	size_t length = strlen(text->left);
	size_t given = length < room ? length : room;
	memcpy(data, text->left, given);
	text->left += given;
	return given;
}

static bool text_ended(void *self)
{
	const struct text *text = self;
	return text->left[0] == '\0';
}

static void text_watch(void *self, struct watch *watch, bool data_waits, bool may_give, bool *due)
{
	(void)self;
	(void)watch;
	(void)data_waits;
	(void)may_give;
	(void)due;
}

const struct service text_service = {
	.take = text_take,
	.give = text_give,
	.ended = text_ended,
	.watch = text_watch,
	.drop = free,
};
