/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that gets no pages from the allocator.
 */
#ifndef _WRITE_KUNIT_FAIL_PAGE_ALLOC_H
#define _WRITE_KUNIT_FAIL_PAGE_ALLOC_H

#include "fault_knobs.h"

struct fault_attr *fail_page_alloc_arm(struct kunit *test, unsigned int skip, int times);
void fail_page_alloc_disarm(void);

#endif /* _WRITE_KUNIT_FAIL_PAGE_ALLOC_H */
