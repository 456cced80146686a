// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies from user memory that fail although the memory is there.
 *
 * The kernel's own fault injection makes a copy fail and leaves alone what
 * faults the source in.  For the write path that is a source page that was
 * taken away just between the two, at a moment that no callback of a
 * filesystem gives a test.
 *
 * Its knobs are files in debugfs, and writing them from here would itself be
 * a copy that can fail.  So they are set where the files point to.
 */
#include <linux/dcache.h>
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>

#include "fail_usercopy.h"

static struct fault_attr *fail_usercopy_attr(struct kunit *test)
{
	struct dentry *dir = debugfs_lookup("fail_usercopy", NULL);
	struct dentry *times;
	struct fault_attr *attr;

	KUNIT_ASSERT_NOT_NULL(test, dir);
	times = debugfs_lookup("times", dir);
	KUNIT_ASSERT_NOT_NULL(test, times);
	attr = container_of(d_inode(times)->i_private, struct fault_attr, times);
	dput(times);
	dput(dir);
	return attr;
}

/**
 * fail_usercopy_arm - make copies from user memory fail in this thread's next write
 * @test: the test
 * @skip: how many succeed first
 * @times: how many fail then, or FAIL_ALWAYS
 *
 * A copy is one contiguous piece: a segment of an iovec, or all of a ubuf
 * that is asked for at once.
 */
void fail_usercopy_arm(struct kunit *test, unsigned int skip, int times)
{
	struct fault_attr *attr = fail_usercopy_attr(test);

	fail_usercopy_disarm();
	attr->probability = 100;
	attr->interval = 1;
	attr->verbose = 0;
	/* Other threads go on unharmed. */
	attr->task_filter = true;
	/* Each copy takes one; the one that finds one left is the first to fail. */
	atomic_set(&attr->space, skip + 1);
	atomic_set(&attr->times, times);
	current->make_it_fail = 1;
}

/* The writes of write_file.h do this themselves, before they check anything. */
void fail_usercopy_disarm(void)
{
	current->make_it_fail = 0;
}
