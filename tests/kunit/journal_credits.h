/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _WRITE_KUNIT_JOURNAL_CREDITS_H
#define _WRITE_KUNIT_JOURNAL_CREDITS_H

#include <linux/atomic.h>
#include <kunit/test.h>

/*
 * The most blocks that a journal handle of this task was started for, from now on up
 * to the end of the test.
 */
atomic_t *watch_journal_credits(struct kunit *test);

#endif /* _WRITE_KUNIT_JOURNAL_CREDITS_H */
