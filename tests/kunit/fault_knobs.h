/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own fault injection, set up for one thread and one write.
 */
#ifndef _WRITE_KUNIT_FAULT_KNOBS_H
#define _WRITE_KUNIT_FAULT_KNOBS_H

#include <kunit/test.h>
#include <linux/fault-inject.h>

#define FAIL_ALWAYS	-1

void *fault_knob(struct kunit *test, const char *dir, const char *name);
struct fault_attr *fault_attr_of(struct kunit *test, const char *dir);
void fault_attr_arm(struct fault_attr *attr, unsigned int skip, int times);
void fault_attr_disarm(struct fault_attr *attr);

#endif /* _WRITE_KUNIT_FAULT_KNOBS_H */
