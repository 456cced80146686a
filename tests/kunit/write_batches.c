// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counts the batches in which files are written, by the tracepoint of their end.
 */
#include <trace/events/filemap.h>

#include "write_batches.h"

static void ended(void *batches, const struct pagecache_write *pw, size_t copied,
		  ssize_t accepted)
{
	if (accepted > 0)
		atomic_inc(batches);
}

static void stop(void *batches)
{
	unregister_trace_pagecache_write_batch_end(ended, batches);
	/* Not before no probe runs any more. */
	tracepoint_synchronize_unregister();
}

atomic_t *count_write_batches(struct kunit *test)
{
	atomic_t *batches = kunit_kzalloc(test, sizeof(*batches), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, batches);
	KUNIT_ASSERT_EQ(test, 0, register_trace_pagecache_write_batch_end(ended, batches));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, batches));
	return batches;
}
