// Writes the answers of a program: one JSON object per line, on stdout and in a copy that stays on the device.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { WIRE_PROTOCOL = 1 };

// Sets the file for the lines of wire_end_kept(). 0, or -1 with failed().
int wire_keep_copy(const char *path);

void wire_begin(const char *type);
void wire_number(const char *key, int64_t number);
void wire_number_or_null(const char *key, int64_t number); // null if negative
void wire_text(const char *key, const char *text);         // null for NULL
void wire_bool(const char *key, bool value);
void wire_open(const char *key, char bracket); // '{' or '['; key NULL inside a list
void wire_close(char bracket);                 // '}' or ']'
void wire_item(int64_t number);                // inside a list
// Ends the line and sends it. 0, or -1 with failed(): the host is gone.
int wire_end(void);
// Writes a line of type "error" with failure_text(). Returns the exit status 1.
int wire_error(void);
// Like wire_end(), but first appends the line to the copy and syncs it to storage.
int wire_end_kept(void);
