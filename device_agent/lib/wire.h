// The agent's answers: one JSON object a line on stdout, and in a copy that stays on the device.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WIRE_PROTOCOL = 1 };

// Where wire_end_kept() keeps lines. 0, or -1 with failed().
int wire_keep_copy(const char *path);

void wire_begin(const char *type);
void wire_number(const char *key, int64_t number);
void wire_number_or_null(const char *key, int64_t number); // null when below 0
void wire_text(const char *key, const char *text);         // NULL gives null
void wire_bool(const char *key, bool value);
void wire_open(const char *key, char bracket); // '{' or '['; key NULL inside a list
void wire_close(char bracket);                 // '}' or ']'
void wire_item(int64_t number);                // inside a list
// Ends the line and sends it. 0, or -1 with failed(): nobody listens any more.
int wire_end(void);
// A line of type "error" with failure_text(). The exit status for it: 1.
int wire_error(void);
// As wire_end(), but appends the line to the copy first, synced to storage.
int wire_end_kept(void);
