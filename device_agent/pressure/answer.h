// Reports an episode: one JSON line per kill, lines with the points of the curve, and a final line.
#pragma once

#include "episode.h"

// 0, or -1 with failed(): the host is gone.
int answer_episode(const struct episode_plan *plan, const struct episode_result *result);
