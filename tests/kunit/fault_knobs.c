// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own fault injection, set up for one thread and one write.
 *
 * Its knobs are files in debugfs, and writing them from here would itself be
 * a copy that can fail.  So they are set where the files point to.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/sched.h>

#include "fault_knobs.h"

/* What the file @name of the injection point @dir reads and writes. */
void *fault_knob(struct kunit *test, const char *dir, const char *name)
{
	struct dentry *parent = debugfs_lookup(dir, NULL);
	struct dentry *knob;
	void *value;

	KUNIT_ASSERT_NOT_NULL(test, parent);
	knob = debugfs_lookup(name, parent);
	dput(parent);
	KUNIT_ASSERT_NOT_NULL(test, knob);
	value = d_inode(knob)->i_private;
	dput(knob);
	return value;
}

struct fault_attr *fault_attr_of(struct kunit *test, const char *dir)
{
	atomic_t *times = fault_knob(test, dir, "times");

	return container_of(times, struct fault_attr, times);
}

/**
 * fault_attr_arm - make something fail in this thread, and in no other
 * @attr: what
 * @skip: how often it succeeds first
 * @times: how often it fails then, or FAIL_ALWAYS
 */
void fault_attr_arm(struct fault_attr *attr, unsigned int skip, int times)
{
	attr->probability = 100;
	attr->interval = 1;
	attr->verbose = 0;
	attr->task_filter = true;
	/* Each takes one; the one that finds one left is the first to fail. */
	atomic_set(&attr->space, skip + 1);
	atomic_set(&attr->times, times);
	current->make_it_fail = 1;
}

/* The mark of the thread is for all of them: each has to be off by itself. */
void fault_attr_disarm(struct fault_attr *attr)
{
	current->make_it_fail = 0;
	attr->probability = 0;
}
