/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WRITE_KUNIT_WRITE_BATCHES_H
#define _WRITE_KUNIT_WRITE_BATCHES_H

#include <linux/atomic.h>
#include <kunit/test.h>

/* In how many batches something was written, from now on up to the end of the test. */
atomic_t *count_write_batches(struct kunit *test);

#endif /* _WRITE_KUNIT_WRITE_BATCHES_H */
