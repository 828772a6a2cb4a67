// Walks the adj values downwards.
#include "choice.h"

enum { ADJ_MAX = 1000, PERCEPTIBLE_APP_ADJ = 200 };

static bool is_better(const struct candidate *candidate, const struct candidate *best)
{
	if (best == NULL || candidate->adj != best->adj)
		return best == NULL || candidate->adj > best->adj;
	return candidate->adj_order < best->adj_order;
}

// The next process regardless of size: the oldest of those with the highest adj.
static const struct candidate *next_by_age(const struct candidate *candidates, size_t count, int min_score_adj)
{
	const struct candidate *best = NULL;
	for (size_t i = 0; i < count; i++) {
		const struct candidate *candidate = &candidates[i];
		if (!candidate->gone && candidate->adj >= min_score_adj && candidate->adj <= ADJ_MAX &&
		    is_better(candidate, best))
			best = candidate;
	}
	return best;
}

// lmkd reads no size if there is only one process.
static bool is_alone(const struct candidate *candidates, size_t count, int adj)
{
	size_t alike = 0;
	for (size_t i = 0; i < count; i++)
		alike += !candidates[i].gone && candidates[i].adj == adj;
	return alike == 1;
}

// Among equal sizes the newest, because lmkd iterates from the newest to the oldest and keeps the first.
static const struct candidate *heaviest(const struct candidate *candidates, size_t count, int adj,
					int64_t (*rss_kb)(const struct candidate *candidate))
{
	const struct candidate *best = NULL;
	int64_t best_kb = 0;
	for (size_t i = 0; i < count; i++) {
		const struct candidate *candidate = &candidates[i];
		if (candidate->gone || candidate->adj != adj)
			continue;
		int64_t kb = rss_kb(candidate);
		if (best == NULL || kb > best_kb || (kb == best_kb && candidate->adj_order > best->adj_order)) {
			best = candidate;
			best_kb = kb;
		}
	}
	return best;
}

int lmkd_choose(const struct candidate *candidates, size_t count, int min_score_adj, bool kill_heaviest_task,
		int64_t (*rss_kb)(const struct candidate *candidate))
{
	const struct candidate *chosen = next_by_age(candidates, count, min_score_adj);
	if (chosen == NULL)
		return -1;
	bool by_size = kill_heaviest_task || chosen->adj <= PERCEPTIBLE_APP_ADJ;
	if (by_size && !is_alone(candidates, count, chosen->adj))
		chosen = heaviest(candidates, count, chosen->adj, rss_kb);
	return (int)(chosen - candidates);
}
