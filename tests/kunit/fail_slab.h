/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that once gets no memory from the slab allocator.
 */
#ifndef _WRITE_KUNIT_FAIL_SLAB_H
#define _WRITE_KUNIT_FAIL_SLAB_H

#include "fault_knobs.h"

struct fault_attr *fail_slab_arm(struct kunit *test, unsigned int skip);
void fail_slab_disarm(void);

#endif /* _WRITE_KUNIT_FAIL_SLAB_H */
