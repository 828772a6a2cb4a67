// A small subset of printf.
#include "text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_DIGITS = 24 };

struct output {
	char *buffer;
	size_t size, length; // length includes the part that did not fit
};

// The characters between % and the letter.
struct directive {
	size_t precision; // of %s
	size_t width;     // of %x, filled with zeros
	size_t longs;     // the number of l; z counts as three
};

static void put(struct output *output, char character)
{
	if (output->length + 1 < output->size)
		output->buffer[output->length] = character;
	output->length++;
}

static void put_text(struct output *output, const char *text, size_t limit)
{
	for (size_t i = 0; i < limit && text[i] != '\0'; i++)
		put(output, text[i]);
}

static void put_number(struct output *output, uint64_t number, unsigned int base, size_t width)
{
	char digits[MAX_DIGITS];
	size_t count = 0;
	do {
		digits[count++] = "0123456789abcdef"[number % base];
		number /= base;
	} while (number > 0);
	for (size_t i = count; i < width; i++)
		put(output, '0');
	while (count > 0)
		put(output, digits[--count]);
}

static void put_signed(struct output *output, int64_t number)
{
	if (number < 0)
		put(output, '-');
	put_number(output, number < 0 ? -(uint64_t)number : (uint64_t)number, 10, 0);
}

static const char *parse(const char *at, struct directive *directive)
{
	*directive = (struct directive){ .precision = SIZE_MAX };
	if (*at == '.')
		for (directive->precision = 0, at++; *at >= '0' && *at <= '9'; at++)
			directive->precision = directive->precision * 10 + (size_t)(*at - '0');
	for (; *at >= '0' && *at <= '9'; at++)
		directive->width = directive->width * 10 + (size_t)(*at - '0');
	for (; *at == 'l' || *at == 'z'; at++)
		directive->longs += *at == 'l' ? 1 : 3;
	return at;
}

// zu, lu and ll are different types, and their sizes differ between the ABIs.
#define NEXT_UNSIGNED(longs, arguments)                                                                          \
	((longs) == 3 ? va_arg(arguments, size_t) :                                                              \
	 (longs) == 2 ? va_arg(arguments, unsigned long long) :                                                  \
	 (longs) == 1 ? va_arg(arguments, unsigned long) :                                                       \
			va_arg(arguments, unsigned int))
#define NEXT_SIGNED(longs, arguments)                                                                            \
	((longs) == 2 ? va_arg(arguments, long long) :                                                           \
	 (longs) == 1 ? va_arg(arguments, long) :                                                                \
			va_arg(arguments, int))

size_t text_format_v(char *buffer, size_t size, const char *format, va_list arguments)
{
	struct output output = { .buffer = buffer, .size = size };
	struct directive directive;
	for (const char *at = format; *at != '\0'; at++) {
		if (*at != '%') {
			put(&output, *at);
			continue;
		}
		at = parse(at + 1, &directive);
		switch (*at) {
		case 's': put_text(&output, va_arg(arguments, const char *), directive.precision); break;
		case 'c': put(&output, (char)va_arg(arguments, int)); break;
		case 'd': put_signed(&output, NEXT_SIGNED(directive.longs, arguments)); break;
		case 'u': put_number(&output, NEXT_UNSIGNED(directive.longs, arguments), 10, 0); break;
		case 'x': put_number(&output, NEXT_UNSIGNED(directive.longs, arguments), 16, directive.width); break;
		case '%': put(&output, '%'); break;
		default: put_text(&output, "%?", SIZE_MAX); break;
		}
	}
	if (size > 0)
		buffer[output.length < size ? output.length : size - 1] = '\0';
	return output.length;
}

size_t text_format(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	size_t length = text_format_v(buffer, size, format, arguments);
	va_end(arguments);
	return length;
}
