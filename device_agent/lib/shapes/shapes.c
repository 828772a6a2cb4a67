// The table of shapes.
#include "shape.h"

const struct shape *const SHAPES[] = {
	&shape_private_anon, &shape_shared_memory, &shape_private_file, &shape_mlocked,
	&shape_in_zram,      &shape_huge_pages,    &shape_app_mix,      NULL,
};
