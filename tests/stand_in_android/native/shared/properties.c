// Android's properties, as the stand-in's setprop keeps them.
#include "properties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *file = "/data/property/stand-in";

void properties_from(const char *path)
{
	file = path;
}

static bool find(const char *name, char *value, size_t size)
{
	char line[512];
	size_t length = strlen(name);
	bool found = false;
	FILE *stream = fopen(file, "re");
	if (stream == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), stream) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = strncmp(line, name, length) == 0 && line[length] == '=' && line[length + 1] != '\0';
		if (found)
			snprintf(value, size, "%s", line + length + 1);
	}
	fclose(stream);
	return found;
}

bool property_is_set(const char *name)
{
	char value[256];
	return find(name, value, sizeof(value));
}

long property_number(const char *name, long otherwise)
{
	char value[256];
	return find(name, value, sizeof(value)) ? strtol(value, NULL, 10) : otherwise;
}

long lmk_property(const char *name, long otherwise)
{
	char full[256];
	snprintf(full, sizeof(full), "ro.lmk.%s", name);
	otherwise = property_number(full, otherwise);
	snprintf(full, sizeof(full), "persist.device_config.lmkd_native.%s", name);
	return property_number(full, otherwise);
}
