// The receiver of a core dump.
#pragma once

// The kernel starts this program with this word as its argument.
#define CORE_RECEIVER "core-receiver"

// The exit status of the receiver.
int receive_core(void);
