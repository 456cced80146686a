/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that gets no pages from the allocator.
 */
#ifndef _WRITE_KUNIT_FAIL_PAGE_ALLOC_H
#define _WRITE_KUNIT_FAIL_PAGE_ALLOC_H

#include <kunit/test.h>

void fail_page_alloc_arm(struct kunit *test, unsigned int skip);
void fail_page_alloc_disarm(void);

#endif /* _WRITE_KUNIT_FAIL_PAGE_ALLOC_H */
