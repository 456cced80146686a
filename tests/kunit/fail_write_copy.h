/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies into the page cache that stop early, from whatever source.
 */
#ifndef _WRITE_KUNIT_FAIL_WRITE_COPY_H
#define _WRITE_KUNIT_FAIL_WRITE_COPY_H

#include "compat.h"
#include "fault_knobs.h"

#define STOP_ANYWHERE	U32_MAX
#define STOP_AT_THE_END	(U32_MAX - 1)

/* So often that no write gets there, and yet it can be counted. */
#define STOP_ALWAYS	100000

/**
 * struct copy_stop - where copies stop
 * @name: of the test parameter
 * @bytes: after so many, or STOP_ANYWHERE, or one before the end of the write
 */
struct copy_stop {
	const char *name;
	u32 bytes;
};

#ifdef CONFIG_FAIL_WRITE_COPY
GENERATOR(copy_stop_gen_params);
struct fault_attr *fail_write_copy_arm(struct kunit *test, unsigned int skip,
				       int times, u32 bytes);
void fail_write_copy_disarm(void);
#else
static inline struct fault_attr *
fail_write_copy_arm(struct kunit *test, unsigned int skip, int times, u32 bytes)
{
	return NULL;
}

static inline void fail_write_copy_disarm(void)
{
}
#endif

#endif /* _WRITE_KUNIT_FAIL_WRITE_COPY_H */
