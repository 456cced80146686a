// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints of a batch, over the whole ladder, down which the fault
 * injection sends the write.
 */
#include <linux/pagemap.h>
#include <trace/events/filemap.h>

#include "batch_file.h"
#include "compat.h"
#include "fail_write_copy.h"
#include "test_pipe.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MAX_EVENTS	32

/* What a probe has seen; a begin has no @copied and @accepted, an end no @asked. */
struct event {
	bool end;
	loff_t pos;
	size_t asked;
	size_t len;
	unsigned int folios;
	enum pagecache_write_rung rung;
	size_t copied;
	ssize_t ret;
};

struct trace {
	struct kunit *test;
	const struct address_space *mapping;
	unsigned int nr;
	struct event events[MAX_EVENTS];
};

static struct event *new_event(struct trace *trace, const struct pagecache_write *pw)
{
	struct event *event = &trace->events[min(trace->nr, MAX_EVENTS - 1)];

	trace->nr++;
	event->pos = pw->pos;
	event->len = pw->len;
	event->rung = pw->rung;
	return event;
}

static void probe_begin(void *data, const struct pagecache_write *pw, size_t asked, int ret)
{
	struct trace *trace = data;
	struct event *event;

	if (pw->mapping != trace->mapping)
		return;
	event = new_event(trace, pw);
	event->end = false;
	event->asked = asked;
	event->folios = pw->folios.nr;
	event->ret = ret;
}

static void probe_end(void *data, const struct pagecache_write *pw, size_t copied,
		      ssize_t accepted)
{
	struct trace *trace = data;
	struct event *event;

	if (pw->mapping != trace->mapping)
		return;
	event = new_event(trace, pw);
	event->end = true;
	event->copied = copied;
	event->ret = accepted;
}

static void stop(void *trace)
{
	unregister_trace_pagecache_write_batch_begin(probe_begin, trace);
	unregister_trace_pagecache_write_batch_end(probe_end, trace);
	/* Not before no probe runs any more. */
	tracepoint_synchronize_unregister();
}

static struct trace *start(struct kunit *test, struct file *file)
{
	struct trace *trace = kunit_kzalloc(test, sizeof(*trace), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, trace);
	trace->test = test;
	trace->mapping = file->f_mapping;
	KUNIT_ASSERT_EQ(test, 0, register_trace_pagecache_write_batch_begin(probe_begin, trace));
	KUNIT_ASSERT_EQ(test, 0, register_trace_pagecache_write_batch_end(probe_end, trace));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop, trace));
	return trace;
}

static void expect_begin(struct trace *trace, unsigned int n, loff_t pos, size_t asked,
			 size_t len, unsigned int folios, enum pagecache_write_rung rung, int ret)
{
	struct event *event = &trace->events[n];

	KUNIT_EXPECT_FALSE_MSG(trace->test, event->end, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->pos, pos, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->asked, asked, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->len, len, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->folios, folios, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->rung, rung, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->ret, ret, "event %u", n);
}

static void expect_end(struct trace *trace, unsigned int n, loff_t pos, size_t len,
		       size_t copied, ssize_t accepted, enum pagecache_write_rung rung)
{
	struct event *event = &trace->events[n];

	KUNIT_EXPECT_TRUE_MSG(trace->test, event->end, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->pos, pos, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->len, len, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->copied, copied, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->ret, accepted, "event %u", n);
	KUNIT_EXPECT_EQ_MSG(trace->test, event->rung, rung, "event %u", n);
}

static void traced_write_whole(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	struct trace *trace = start(test, bf->wf->file);

	KUNIT_EXPECT_EQ(test, PAGES(3), batch_file_write(bf, 100, 0, PAGES(3)));
	KUNIT_EXPECT_EQ(test, trace->nr, 2);
	expect_begin(trace, 0, 100, PAGES(3), PAGES(3), 4, WRITE_RUNG_BATCH, 0);
	expect_end(trace, 1, 100, PAGES(3), PAGES(3), PAGES(3), WRITE_RUNG_BATCH);
}

/* From event @n on: what is left goes through, whole, from the top of the ladder. */
static void expect_whole(struct trace *trace, unsigned int n, loff_t pos, loff_t end)
{
	for (; n + 1 < min(trace->nr, MAX_EVENTS) && pos < end; n += 2) {
		const struct event *event = &trace->events[n];
		size_t len = event->len;

		expect_begin(trace, n, pos, len, len, event->folios, WRITE_RUNG_BATCH, 0);
		expect_end(trace, n + 1, pos, len, len, len, WRITE_RUNG_BATCH);
		pos += len;
	}
	KUNIT_EXPECT_EQ(trace->test, pos, end);
	KUNIT_EXPECT_EQ(trace->test, trace->nr, n);
}

/*
 * From the whole batch down to the two copies, and back up: each attempt but the
 * last copies ten bytes, and the next one is for what is missing, or less.
 */
static void traced_write_ladder(struct kunit *test)
{
	static const struct user_seg segs[] = { { 0, 500 }, { PAGES(1), PAGES(2) } };
	const size_t len = 500 + PAGES(2);
	struct batch_file *bf = batch_file_create(test);
	struct trace *trace = start(test, bf->wf->file);
	struct user_iter ui;
	unsigned int n = 0;
	loff_t pos = 0;

	user_iter_iovec(&ui, bf->um, segs, ARRAY_SIZE(segs));
	fail_write_copy_arm(test, 0, 4, 10);
	write_file_expect(bf->wf, 0, &ui, len);

	/* The first does not count: nothing was faulted in before. */
	for (; n < 4; n += 2, pos += 10) {
		expect_begin(trace, n, pos, len - pos, len - pos, 3, WRITE_RUNG_BATCH, 0);
		expect_end(trace, n + 1, pos, len - pos, 10, 10, WRITE_RUNG_BATCH);
	}
	expect_begin(trace, n++, pos, PAGE_SIZE - pos, PAGE_SIZE - pos, 1, WRITE_RUNG_FOLIO, 0);
	expect_end(trace, n++, pos, PAGE_SIZE - pos, 10, 10, WRITE_RUNG_FOLIO);
	pos += 10;
	expect_begin(trace, n++, pos, 500 - pos, 500 - pos, 1, WRITE_RUNG_SEGMENT, 0);
	expect_end(trace, n++, pos, 500 - pos, 10, 10, WRITE_RUNG_SEGMENT);
	pos += 10;
	expect_begin(trace, n++, pos, 500 - pos, 500 - pos, 1, WRITE_RUNG_TWO_COPY, 0);
	expect_end(trace, n++, pos, 500 - pos, 500 - pos, 500 - pos, WRITE_RUNG_TWO_COPY);
	expect_whole(trace, n, 500, len);
}

static int begin_one_page(struct batch_file *bf, struct pagecache_write *pw)
{
	pw->len = min(pw->len, PAGE_SIZE - offset_in_page(pw->pos));
	return bf->begins == 1 ? batch_file_begin(pw) : -ENOSPC;
}

/* Less prepared than was asked for, and then an error. */
static void traced_write_begin(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	struct trace *trace = start(test, bf->wf->file);

	bf->begin = begin_one_page;
	KUNIT_EXPECT_EQ(test, PAGE_SIZE, batch_file_write(bf, 0, 0, PAGES(3)));
	KUNIT_EXPECT_EQ(test, trace->nr, 3);
	expect_begin(trace, 0, 0, PAGES(3), PAGE_SIZE, 1, WRITE_RUNG_BATCH, 0);
	expect_end(trace, 1, 0, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, WRITE_RUNG_BATCH);
	expect_begin(trace, 2, PAGE_SIZE, PAGES(2), PAGE_SIZE, 0, WRITE_RUNG_BATCH, -ENOSPC);
}

static ssize_t end_one_less(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	return batch_file_end(pw, bf->begins == 1 ? copied - 1 : copied);
}

static ssize_t end_fails(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	folio_zero_range(pw->folios.folios[0], 0, copied);
	batch_file_end(pw, 0);
	return -EIO;
}

/* Less accepted than was copied, and an error. */
static void traced_write_end(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	struct trace *trace = start(test, bf->wf->file);

	bf->end = end_one_less;
	KUNIT_EXPECT_EQ(test, 100, batch_file_write(bf, 0, 0, 100));
	KUNIT_EXPECT_EQ(test, trace->nr, 4);
	expect_end(trace, 1, 0, 100, 100, 99, WRITE_RUNG_BATCH);
	expect_begin(trace, 2, 99, 1, 1, 1, WRITE_RUNG_FOLIO, 0);
	expect_end(trace, 3, 99, 1, 1, 1, WRITE_RUNG_FOLIO);

	trace->nr = 0;
	bf->end = end_fails;
	write_file_truncate(bf->wf, 0);
	KUNIT_EXPECT_EQ(test, -EIO, batch_file_write(bf, 0, 0, 100));
	KUNIT_EXPECT_EQ(test, trace->nr, 2);
	expect_end(trace, 1, 0, 100, 100, -EIO, WRITE_RUNG_BATCH);
}

static int plain_write_end(aops_writer_t *writer, struct address_space *mapping, loff_t pos,
			   unsigned int len, unsigned int copied, struct folio *folio,
			   void *fsdata)
{
	return ram_aops.write_end(writer, mapping, pos, len, copied, folio, fsdata);
}

static int plain_read_folio(struct file *file, struct folio *folio)
{
	return ram_aops.read_folio(file, folio);
}

/* Those of a ramfs, but for ->perform_write(). */
static const struct address_space_operations plain_aops = {
	.read_folio	= plain_read_folio,
	.write_begin	= simple_write_begin,
	.write_end	= plain_write_end,
	.dirty_folio	= noop_dirty_folio,
};

/* Without ->perform_write() it is the same loop, a folio at a time. */
static void traced_write_begin_end(struct kunit *test)
{
	struct file *file = write_file_open_ramfs(test);
	struct write_file *wf = write_file_create(test, file, PAGES(8));
	struct user_mem *um = user_mem_create(test, PAGES(4), 1);
	const struct address_space_operations *aops = file->f_mapping->a_ops;
	struct trace *trace = start(test, file);
	struct user_iter ui;

	file->f_mapping->a_ops = &plain_aops;
	user_iter_ubuf(&ui, um, 0, PAGES(2));
	write_file_expect(wf, 0, &ui, PAGES(2));
	file->f_mapping->a_ops = aops;

	KUNIT_EXPECT_EQ(test, trace->nr, 4);
	expect_begin(trace, 0, 0, PAGE_SIZE, PAGE_SIZE, 1, WRITE_RUNG_BATCH, 0);
	expect_end(trace, 1, 0, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, WRITE_RUNG_BATCH);
	expect_begin(trace, 2, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, 1, WRITE_RUNG_BATCH, 0);
	expect_end(trace, 3, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, WRITE_RUNG_BATCH);
}

#ifdef CONFIG_SPLICE_MOVES_PAGES
/* What was moved and what was copied can be told apart, and counted. */
struct moves {
	unsigned int batches;
	size_t moved;
	size_t copied;
};

static void probe_moved(void *data, const struct pagecache_write *pw, size_t copied,
			ssize_t accepted)
{
	struct moves *moves = data;

	moves->batches++;
	if (pw->move)
		moves->moved += accepted;
	else
		moves->copied += accepted;
}

static void stop_counting(void *moves)
{
	unregister_trace_pagecache_write_batch_end(probe_moved, moves);
	tracepoint_synchronize_unregister();
}

static void traced_write_moved(struct kunit *test)
{
	struct file *file = write_file_open_ramfs(test);
	struct write_file *wf = write_file_create(test, file, PAGES(64));
	struct test_pipe *tp = test_pipe_create(test);
	u8 *source = kunit_kzalloc(test, PAGES(40), GFP_KERNEL);
	struct moves *moves = kunit_kzalloc(test, sizeof(*moves), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_ASSERT_NOT_NULL(test, moves);
	test_pipe_write(tp, source, PAGES(40));
	test_pipe_from_nosteal(tp, source, PAGES(3));
	test_pipe_write(tp, source, PAGES(1) + 100);
	KUNIT_ASSERT_EQ(test, 0, register_trace_pagecache_write_batch_end(probe_moved, moves));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stop_counting, moves));

	KUNIT_EXPECT_EQ(test, PAGES(44) + 100,
			test_pipe_splice(tp, wf, file, 0, PAGES(64), SPLICE_F_MOVE));
	KUNIT_EXPECT_EQ(test, moves->moved, PAGES(41));
	KUNIT_EXPECT_EQ(test, moves->copied, PAGES(3) + 100);
	/* As few as can be: 31 and 9 pages, 3, 1, and what is left. */
	KUNIT_EXPECT_EQ(test, moves->batches, 5);

	/* Over what is there all is copied, and in as few again. */
	memset(moves, 0, sizeof(*moves));
	test_pipe_write(tp, source, PAGES(40));
	KUNIT_EXPECT_EQ(test, PAGES(40),
			test_pipe_splice(tp, wf, file, 0, PAGES(40), SPLICE_F_MOVE));
	KUNIT_EXPECT_EQ(test, moves->moved, 0);
	KUNIT_EXPECT_EQ(test, moves->copied, PAGES(40));
	KUNIT_EXPECT_EQ(test, moves->batches, 2);
}
#endif

static struct kunit_case traced_write_cases[] = {
	KUNIT_CASE(traced_write_whole),
	KUNIT_CASE(traced_write_ladder),
	KUNIT_CASE(traced_write_begin),
	KUNIT_CASE(traced_write_end),
	KUNIT_CASE(traced_write_begin_end),
#ifdef CONFIG_SPLICE_MOVES_PAGES
	KUNIT_CASE(traced_write_moved),
#endif
	{}
};

static struct kunit_suite traced_write_suite = {
	.name = "traced_write",
	.test_cases = traced_write_cases,
};

kunit_test_suite(traced_write_suite);

MODULE_DESCRIPTION("KUnit tests of the tracepoints of buffered writes");
MODULE_LICENSE("GPL");
