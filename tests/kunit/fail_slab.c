// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that once gets no memory from the slab allocator, where it can be told
 * that there is none.
 */
#include "fail_slab.h"

static struct fault_attr *attr;

/**
 * fail_slab_arm - make an allocation of this thread fail
 * @test: the test
 * @skip: how many succeed before it
 *
 * Return: the attribute, for a test that wants to know whether there was one.
 */
struct fault_attr *fail_slab_arm(struct kunit *test, unsigned int skip)
{
	/* Also of those who could wait for reclaim. */
	*(bool *)fault_knob(test, "failslab", "ignore-gfp-wait") = false;
	attr = fault_attr_of(test, "failslab");
	fault_attr_arm(attr, 0, 1);
	/* What has to succeed first is counted in bytes, but not how many are in between. */
	attr->interval = skip + 1;
	attr->count = 0;
	return attr;
}

/* The writes of write_file.h and test_pipe.h do this themselves. */
void fail_slab_disarm(void)
{
	if (attr)
		fault_attr_disarm(attr);
}
