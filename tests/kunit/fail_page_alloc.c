// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that gets no pages from the allocator, except where it can't be told
 * that there are none.
 *
 * As in fail_usercopy.c, the knobs of the kernel's fault injection are set where
 * their files in debugfs point to.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>

#include "fail_page_alloc.h"

static void *knob(struct kunit *test, const char *name)
{
	struct dentry *dir = debugfs_lookup("fail_page_alloc", NULL);
	struct dentry *dentry;
	void *value;

	KUNIT_ASSERT_NOT_NULL(test, dir);
	dentry = debugfs_lookup(name, dir);
	KUNIT_ASSERT_NOT_NULL(test, dentry);
	value = d_inode(dentry)->i_private;
	dput(dentry);
	dput(dir);
	return value;
}

/**
 * fail_page_alloc_arm - give this thread no more pages
 * @test: the test
 * @skip: how many it gets first
 */
void fail_page_alloc_arm(struct kunit *test, unsigned int skip)
{
	struct fault_attr *attr = container_of(knob(test, "times"), struct fault_attr, times);

	/* Also single pages, and also for those who could wait for reclaim. */
	*(u32 *)knob(test, "min-order") = 0;
	*(bool *)knob(test, "ignore-gfp-wait") = false;
	attr->probability = 100;
	attr->interval = 1;
	attr->verbose = 0;
	attr->task_filter = true;
	/* Counted in pages; the one that finds one left is the first to fail. */
	atomic_set(&attr->space, skip + 1);
	atomic_set(&attr->times, -1);
	current->make_it_fail = 1;
}

void fail_page_alloc_disarm(void)
{
	current->make_it_fail = 0;
}
