// Detects the variant of process_mrelease(2) of this kernel.
#pragma once

// "stock", "reap-kill-v2", "reap-kill-v3" or "exit-mm" (docs/conformance.md); NULL with failed() if it
// could not be detected. Affects only children that it starts for this.
const char *variant_detect(void);
