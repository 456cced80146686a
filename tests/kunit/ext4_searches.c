// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts how often ext4 searches for free blocks, by its own tracepoint.
 */
#include "../fs/ext4/ext4.h"
#include <trace/events/ext4.h>

#include "ext4_searches.h"

static void found(void *searches, struct ext4_allocation_request *ar,
		  unsigned long long block)
{
	atomic_inc(searches);
}

static void stop(void *searches)
{
	unregister_trace_ext4_allocate_blocks(found, searches);
	/* Not before no probe runs any more. */
	tracepoint_synchronize_unregister();
}

atomic_t *count_ext4_searches(struct kunit *test)
{
	atomic_t *searches = kunit_kzalloc(test, sizeof(*searches), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, searches);
	KUNIT_ASSERT_EQ(test, 0, register_trace_ext4_allocate_blocks(found, searches));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, searches));
	return searches;
}
