// Which process_mrelease(2) this kernel has.
#pragma once

// "stock", "reap-kill-v2", "reap-kill-v3" or "exit-mm" (docs/conformance.md); NULL with failed() where it
// could not be found out. Only children that it makes for this are touched.
const char *variant_detect(void);
