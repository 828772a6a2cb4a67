// Compares the answer of a case with those required of the kernel's variant.
#pragma once

#include <stdbool.h>

#include "answers.h"

// Whether some row of the table applies to a variant of that name.
bool is_known(const char *variant);
// The first row after those of the same case and flags.
const struct required_answer *next_question(const struct required_answer *row);
// The first row of the same case and flags, from `row` on, that applies to the variant; NULL: there is none.
const struct required_answer *required_of(const struct required_answer *row, const char *variant);
// Whether the answer is one of those that `row` and the rows after it require. Without root or memory cgroups a case
// answers "freed=unknown" and the like, which is never wrong.
bool is_required(const struct required_answer *row, const char *variant, const char *answer);
// The reason why the case is in the list, or NULL if it is not.
const char *reason_in(const struct condition *list, const char *case_name);
