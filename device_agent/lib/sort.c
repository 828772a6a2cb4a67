// Heapsort: in place, and n log n for any input.
#include "sort.h"

static void swap(int64_t *left, int64_t *right)
{
	int64_t number = *left;
	*left = *right;
	*right = number;
}

// Moves the number at `root` down until no child is greater.
static void sift_down(int64_t *heap, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && heap[child] < heap[child + 1])
			child++;
		if (heap[root] >= heap[child])
			return;
		swap(&heap[root], &heap[child]);
	}
}

void sort_numbers(int64_t *numbers, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(numbers, root, count);
	for (size_t left = count; left > 1; left--) {
		swap(&numbers[0], &numbers[left - 1]);
		sift_down(numbers, 0, left - 1);
	}
}
