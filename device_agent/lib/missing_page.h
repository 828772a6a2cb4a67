// A page that userfaultfd leaves missing: a system call that copies to it waits until the page is provided.
#pragma once

#include <stddef.h>

struct missing_page {
	int uffd;
	size_t size;
	void *page;
};

// Whether this device supports userfaultfd for faults in the kernel: 0, or -1 with failed().
int missing_page_possible(void);
int missing_page_open(struct missing_page *missing);
// Waits until the page is accessed, which proves that a system call is inside its copy. 0, or -1 with failed().
int missing_page_await(const struct missing_page *missing);
// Provides the page. 0, or -1 with failed().
int missing_page_give(const struct missing_page *missing);
void missing_page_close(const struct missing_page *missing);
