/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User memory that gets lost while it is faulted in.
 */
#ifndef _WRITE_KUNIT_USER_TRAP_H
#define _WRITE_KUNIT_USER_TRAP_H

#include "user_mem.h"

#define TRAP_ALWAYS	UINT_MAX

void user_trap_set(struct user_mem *um, size_t offset, size_t len,
		   unsigned int faults, bool gone);

#endif /* _WRITE_KUNIT_USER_TRAP_H */
