// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watches how many blocks the handles of the journal are started for, by the
 * journal's own tracepoint.
 */
#include <linux/jbd2.h>
#include <trace/events/jbd2.h>

#include "journal_credits.h"

struct watch {
	atomic_t most;
	struct task_struct *task;
};

static void started(void *data, dev_t dev, tid_t tid, unsigned int type, unsigned int line,
		    int blocks)
{
	struct watch *watch = data;

	if (current == watch->task && blocks > atomic_read(&watch->most))
		atomic_set(&watch->most, blocks);
}

static void stop(void *watch)
{
	unregister_trace_jbd2_handle_start(started, watch);
	/* Not before no probe runs any more. */
	tracepoint_synchronize_unregister();
}

atomic_t *watch_journal_credits(struct kunit *test)
{
	struct watch *watch = kunit_kzalloc(test, sizeof(*watch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, watch);
	watch->task = current;
	KUNIT_ASSERT_EQ(test, 0, register_trace_jbd2_handle_start(started, watch));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, watch));
	return &watch->most;
}
