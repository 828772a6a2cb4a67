// One file (or symbolic link) on its way from the host: created, filled, and removed again if it does
// not arrive whole.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct receiver;

// Replaces a file or link at `path`; makes the folders that lead to it. NULL only when memory is short:
// look at receiver_failure(), and go on writing (into nothing) until the host has sent all.
struct receiver *receiver_begin(const char *path, mode_t mode);
void receiver_write(struct receiver *receiver, const uint8_t *data, size_t length);
// The file has arrived: gives it its time of modification.
void receiver_commit(struct receiver *receiver, uint32_t modified_s);
// What failed first, NULL if nothing; and its errno.
const char *receiver_failure(const struct receiver *receiver);
int receiver_error(const struct receiver *receiver);
// Frees it; what was not committed is removed.
void receiver_drop(struct receiver *receiver);
