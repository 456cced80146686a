/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WRITE_KUNIT_EXT4_SEARCHES_H
#define _WRITE_KUNIT_EXT4_SEARCHES_H

#include <linux/atomic.h>
#include <kunit/test.h>

/* How often ext4 searches for free blocks, from now on up to the end of the test. */
atomic_t *count_ext4_searches(struct kunit *test);

#endif /* _WRITE_KUNIT_EXT4_SEARCHES_H */
