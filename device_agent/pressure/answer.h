// Tells of an episode: one JSON line for each kill, lines with the points of its curve, and one that ends it.
#pragma once

#include "episode.h"

// 0, or -1 with failed(): nobody listens any more.
int answer_episode(const struct episode_plan *plan, const struct episode_result *result);
