/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies from user memory that fail although the memory is there.
 */
#ifndef _WRITE_KUNIT_FAIL_USERCOPY_H
#define _WRITE_KUNIT_FAIL_USERCOPY_H

#include "fault_knobs.h"

void fail_usercopy_arm(struct kunit *test, unsigned int skip, int times);
void fail_usercopy_disarm(void);

#endif /* _WRITE_KUNIT_FAIL_USERCOPY_H */
