// Probes the abilities of this device.
#pragma once

// Writes one "probe" line with all facts. 0, or -1 with failed(): the host is gone.
int probe_answer(void);
