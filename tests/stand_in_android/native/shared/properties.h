// Android's properties, as the stand-in's setprop keeps them: one "name=value" a line.
#pragma once

#include <stdbool.h>

// Reads the file again when it is asked for something.
bool property_is_set(const char *name);
long property_number(const char *name, long otherwise);
// Of lmkd: persist.device_config.lmkd_native.NAME, else ro.lmk.NAME, else what is given.
long lmk_property(const char *name, long otherwise);
// Elsewhere than where setprop keeps them: for tests on the host.
void properties_from(const char *path);
