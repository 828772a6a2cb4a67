// Receives one file (or symbolic link) from the host: creates and fills it, and removes it if the transfer is
// incomplete.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct receiver;

// Replaces a file or link at `path` and creates its parent folders. NULL only if memory is short. Otherwise check
// receiver_failure(), and after a failure continue to write (the data is discarded) until the host has sent all.
struct receiver *receiver_begin(const char *path, mode_t mode);
void receiver_write(struct receiver *receiver, const uint8_t *data, size_t length);
// Completes the file and sets its modification time.
void receiver_commit(struct receiver *receiver, uint32_t modified_s);
// The first failed action and its errno; NULL: none.
const char *receiver_failure(const struct receiver *receiver);
int receiver_error(const struct receiver *receiver);
// Frees the receiver and removes an incomplete file.
void receiver_drop(struct receiver *receiver);
