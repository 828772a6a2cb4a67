// Shared by everything that holds a victim: the stalls of lmkd-agent and the holds of lmkd-pressure.
#pragma once

// The name of the threads that hold a victim, by which traces identify them.
#define STALL_COMM "lmkd-stall"

// On a loaded machine a process may need seconds to reach the point where it is held; after this it hangs.
enum { STALL_HANGS_MS = 10000 };
