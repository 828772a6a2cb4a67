// Joins the names of a table for messages.
#pragma once

#include <stdio.h>

// Appends name to the list in buffer, separated by a space. Cuts what does not fit.
static inline void name_list_add(char *buffer, size_t size, size_t *used, const char *name)
{
	int length = snprintf(buffer + *used, size - *used, "%s%s", *used ? " " : "", name);
	*used = *used + (size_t)length < size ? *used + (size_t)length : size - 1;
}
