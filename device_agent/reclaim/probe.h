// Finds out what this device can do.
#pragma once

// Answers one "probe" line with all facts. 0, or -1 with failed() when nobody listens.
int probe_answer(void);
