/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User memory that gets lost while it is faulted in, and how often it was.
 */
#ifndef _WRITE_KUNIT_USER_TRAP_H
#define _WRITE_KUNIT_USER_TRAP_H

#include "user_mem.h"

#define TRAP_ALWAYS	UINT_MAX
#define TRAP_PAGES	64

void user_trap_set(struct user_mem *um, size_t offset, size_t len,
		   unsigned int faults, bool gone);
unsigned int user_trap_taken(size_t offset, size_t len);

#endif /* _WRITE_KUNIT_USER_TRAP_H */
