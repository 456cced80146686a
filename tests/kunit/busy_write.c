// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for writes that meet folios which somebody else keeps busy.
 *
 * A folio is locked by whoever reads it, and under writeback for as long as a disk
 * takes.  A write has to wait for it, and nobody has to wait for the write in the
 * meantime: it keeps no other folio locked, and no handle of the journal open, which
 * no transaction can do without.
 *
 * A thread writes; the test keeps a folio busy, looks at what the thread holds while
 * it waits, and lets it go on.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <trace/events/jbd2.h>

#include "../fs/ext4/ext4_jbd2.h"
#include "compat.h"
#include "splice_file.h"

#define FILE_PAGES	12
#define WRITTEN		PAGES(8)
#define PATIENCE	(30 * HZ)

enum busy_kind { LOCKED, UNDER_WRITEBACK };

/**
 * struct busy_test - a file with a busy folio, and who writes to it
 * @st: the file
 * @kind: what keeps the folio busy
 * @folio: the folio
 * @page: its index
 * @taken: whether it is busy
 * @task: who writes
 * @written: what came of that
 * @journal_info: a handle that is still open then
 * @done: when that is known
 */
struct busy_test {
	struct splice_test *st;
	enum busy_kind kind;
	struct folio *folio;
	pgoff_t page;
	bool taken;
	struct task_struct *task;
	ssize_t written;
	void *journal_info;
	struct completion done;
};

/* With a journal; with the blocks allocated by write(2), that is, with a handle. */
static bool has_handles(const struct splice_target *target)
{
	return target->mkfs && strcmp(target->type, "ext2") &&
	       !strstr(target->mkfs, "^has_journal") &&
	       !strstr(target->mount, ",delalloc");
}

static GENERATOR(handle_gen_params)
{
	const void *target = prev;

	do {
		target = generate(splice_any_gen_params, target, desc);
	} while (target && !has_handles(target));
	return target;
}

static struct busy_test *busy_test_create(struct kunit *test, enum busy_kind kind)
{
	struct busy_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bt);
	bt->st = splice_test_create(test, test->param_value);
	bt->kind = kind;
	init_completion(&bt->done);
	return bt;
}

static struct address_space *mapping_of(struct busy_test *bt)
{
	return bt->st->wf->file->f_mapping;
}

/* A file that is cached, clean, and not busy. */
static void make_file(struct busy_test *bt, pgoff_t page)
{
	struct splice_test *st = bt->st;

	splice_label(st, "page %lu", page);
	splice_fresh_file(st, 0);
	splice_fill_file(st, st->wf, PAGES(FILE_PAGES));
	splice_forget(st, st->wf);
	write_file_check(st->wf);
	/* As a disk that wants pages to stay as they are while it writes them. */
	if (bt->kind == UNDER_WRITEBACK)
		mapping_set_stable_writes(mapping_of(bt));
	bt->page = page;
	bt->taken = false;
	bt->folio = filemap_get_folio(mapping_of(bt), page);
	KUNIT_ASSERT_FALSE(st->test, IS_ERR(bt->folio));
}

/* In a probe nobody may sleep. */
static void take(struct busy_test *bt)
{
	if (bt->taken || !folio_trylock(bt->folio))
		return;
	if (bt->kind == UNDER_WRITEBACK) {
		folio_start_writeback(bt->folio);
		folio_unlock(bt->folio);
	}
	bt->taken = true;
}

static void release(struct busy_test *bt)
{
	if (!bt->taken)
		return;
	if (bt->kind == UNDER_WRITEBACK)
		folio_end_writeback(bt->folio);
	else
		folio_unlock(bt->folio);
}

static int write_in_thread(void *data)
{
	struct busy_test *bt = data;
	struct kvec kvec = { bt->st->bytes, WRITTEN };
	struct iov_iter from;
	loff_t pos = 0;

	iov_iter_kvec(&from, ITER_SOURCE, &kvec, 1, WRITTEN);
	bt->written = vfs_iter_write(bt->st->wf->file, &from, &pos, 0);
	/* The next handle would be part of it. */
	bt->journal_info = current->journal_info;
	current->journal_info = NULL;
	complete(&bt->done);
	return 0;
}

/* Return: whether the write waits for the busy folio. */
static bool start_write(struct busy_test *bt)
{
	unsigned long end = jiffies + PATIENCE;

	reinit_completion(&bt->done);
	bt->task = kthread_create(write_in_thread, bt, "busy_write");
	KUNIT_ASSERT_FALSE(bt->st->test, IS_ERR(bt->task));
	get_task_struct(bt->task);
	wake_up_process(bt->task);
	while (time_before(jiffies, end) && !completion_done(&bt->done)) {
		if (READ_ONCE(bt->taken) && folio_test_waiters(bt->folio) &&
		    !task_is_running(bt->task))
			return true;
		schedule_timeout_uninterruptible(1);
	}
	return false;
}

static void finish_write(struct busy_test *bt)
{
	struct write_file *wf = bt->st->wf;

	/* With the kernel's own report of a task that hangs, if it does. */
	wait_for_completion(&bt->done);
	put_task_struct(bt->task);
	folio_put(bt->folio);
	mapping_clear_stable_writes(mapping_of(bt));
	memcpy(wf->model, bt->st->bytes, WRITTEN);
	KUNIT_EXPECT_EQ_MSG(bt->st->test, (ssize_t)WRITTEN, bt->written, "%s", wf->label);
	KUNIT_EXPECT_PTR_EQ_MSG(bt->st->test, NULL, bt->journal_info, "a handle, %s", wf->label);
	write_file_check(wf);
}

/* While the write waits. */
static void expect_nothing_held(struct busy_test *bt)
{
	struct kunit *test = bt->st->test;
	const char *label = bt->st->wf->label;
	pgoff_t i;

	for (i = 0; i < FILE_PAGES; i++) {
		struct folio *folio = filemap_get_folio(mapping_of(bt), i);

		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		/* The writer may wait for writeback with this one locked. */
		if (folio != bt->folio) {
			bool locked = !folio_trylock(folio);

			KUNIT_EXPECT_FALSE_MSG(test, locked, "page %lu is locked, %s", i, label);
			if (!locked)
				folio_unlock(folio);
		}
		folio_put(folio);
	}
	/* For the first one a page by page write waits in this way, too. */
	if (bt->page)
		KUNIT_EXPECT_PTR_EQ_MSG(test, NULL, bt->task->journal_info, "a handle, %s", label);
}

static const pgoff_t pages[] = { 0, 1, 5, 7 };

/* The folios were looked up, and are not locked. */
static void handle_has_started(void *data, dev_t dev, tid_t tid, unsigned int type,
			       unsigned int line, int blocks)
{
	struct busy_test *bt = data;

	if (current == READ_ONCE(bt->task) && type == EXT4_HT_WRITE_PAGE)
		take(bt);
}

static void stop_probe(void *data)
{
	unregister_trace_jbd2_handle_start(handle_has_started, data);
	tracepoint_synchronize_unregister();
}

static void start_probe(struct busy_test *bt)
{
	KUNIT_ASSERT_EQ(bt->st->test, 0,
			register_trace_jbd2_handle_start(handle_has_started, bt));
	KUNIT_ASSERT_EQ(bt->st->test, 0,
			kunit_add_action_or_reset(bt->st->test, stop_probe, bt));
}

static void meet_busy(struct busy_test *bt, bool in_between)
{
	unsigned int i;

	if (in_between)
		start_probe(bt);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		make_file(bt, pages[i]);
		if (!in_between)
			take(bt);
		if (start_write(bt))
			expect_nothing_held(bt);
		else
			KUNIT_FAIL(bt->st->test, "no wait, %s", bt->st->wf->label);
		release(bt);
		finish_write(bt);
	}
	splice_settle(bt->st);
}

static void locked(struct kunit *test)
{
	meet_busy(busy_test_create(test, LOCKED), false);
}

static void under_writeback(struct kunit *test)
{
	meet_busy(busy_test_create(test, UNDER_WRITEBACK), false);
}

static void locked_in_between(struct kunit *test)
{
	meet_busy(busy_test_create(test, LOCKED), true);
}

static void under_writeback_in_between(struct kunit *test)
{
	meet_busy(busy_test_create(test, UNDER_WRITEBACK), true);
}

/*
 * As truncation or reclaim does it.  The write waits for the first folio, which is
 * locked here, and meets the one that is gone after that.
 */
static void gone_in_between(struct kunit *test)
{
	struct busy_test *bt = busy_test_create(test, LOCKED);
	unsigned int i;

	start_probe(bt);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		struct folio *folio;

		make_file(bt, 0);
		splice_label(bt->st, "page %lu is gone", pages[i]);
		folio = filemap_get_folio(mapping_of(bt), pages[i]);
		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		if (start_write(bt)) {
			if (folio != bt->folio)
				folio_lock(folio);
			KUNIT_EXPECT_EQ(test, 0,
					generic_error_remove_folio(mapping_of(bt), folio));
			if (folio != bt->folio)
				folio_unlock(folio);
		} else {
			KUNIT_FAIL(test, "no wait, %s", bt->st->wf->label);
		}
		folio_put(folio);
		release(bt);
		finish_write(bt);
	}
	splice_settle(bt->st);
}

static struct kunit_case busy_write_cases[] = {
	KUNIT_CASE_PARAM(locked, splice_any_gen_params),
	KUNIT_CASE_PARAM(under_writeback, splice_disk_gen_params),
	KUNIT_CASE_PARAM(locked_in_between, handle_gen_params),
	KUNIT_CASE_PARAM(under_writeback_in_between, handle_gen_params),
	KUNIT_CASE_PARAM(gone_in_between, handle_gen_params),
	{}
};

static struct kunit_suite busy_write_suite = {
	.name = "busy_write",
	.test_cases = busy_write_cases,
};

kunit_test_suite(busy_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes that meet folios which are busy");
MODULE_LICENSE("GPL");
