// The table of shapes that an app can make: those that need no root, no zram and no locked memory.
#include "shapes/shape.h"

const struct shape *const SHAPES[] = {
	&shape_app_mix, &shape_private_anon, &shape_shared_memory, &shape_private_file, NULL,
};
