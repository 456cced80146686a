// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that gets no pages from the allocator, except where it can't be told
 * that there are none.
 */
#include "fail_page_alloc.h"

static struct fault_attr *attr;

/**
 * fail_page_alloc_arm - give this thread no more pages
 * @test: the test
 * @skip: how many it gets first
 * @times: how often it gets none then, or FAIL_ALWAYS
 *
 * Return: the attribute, for a test that counts.
 */
struct fault_attr *fail_page_alloc_arm(struct kunit *test, unsigned int skip, int times)
{
	/* Also single pages, of any zone, and also for those who could wait for reclaim. */
	*(u32 *)fault_knob(test, "fail_page_alloc", "min-order") = 0;
	*(bool *)fault_knob(test, "fail_page_alloc", "ignore-gfp-wait") = false;
	*(bool *)fault_knob(test, "fail_page_alloc", "ignore-gfp-highmem") = false;
	attr = fault_attr_of(test, "fail_page_alloc");
	fault_attr_arm(attr, skip, times);
	return attr;
}

/* The writes of write_file.h and test_pipe.h do this themselves. */
void fail_page_alloc_disarm(void)
{
	if (attr)
		fault_attr_disarm(attr);
}
