// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies from user memory that fail although the memory is there.
 *
 * The kernel's own fault injection makes a copy fail and leaves alone what
 * faults the source in.  For the write path that is a source page that was
 * taken away just between the two, at a moment that no callback of a
 * filesystem gives a test.
 */
#include "fail_usercopy.h"

static struct fault_attr *attr;

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
	attr = fault_attr_of(test, "fail_usercopy");
	fault_attr_arm(attr, skip, times);
}

/* The writes of write_file.h do this themselves, before they check anything. */
void fail_usercopy_disarm(void)
{
	if (attr)
		fault_attr_disarm(attr);
}
