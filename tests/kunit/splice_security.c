// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite that tries to keep a way to the pages of a file that came there
 * from a pipe, and to change the file without writing to it.
 *
 * Whether the pages moved or were copied: what is in the file afterwards may
 * depend on nothing but writes to the file, and each of its pages has as many
 * references as one that was written.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#ifdef CONFIG_SPLICE_MOVES_PAGES
#include "batch_file.h"
#endif
#include "splice_file.h"

#define NR_PAGES	6

static struct splice_test *create(struct kunit *test)
{
	return splice_test_create(test, test->param_value);
}

/* Splice all that is in the pipe to the start of the file. */
static void splice_all(struct splice_test *st, unsigned int moved)
{
	splice_expect(st, 0, st->pipe->len, st->pipe->len, moved);
}

/* Write to each slot of a pipe twice, pages and parts, and read that again. */
static void use_pipe(struct splice_test *st, struct test_pipe *tp)
{
	unsigned int n;

	/* Two slots at a time. */
	for (n = 0; n < TEST_PIPE_SLOTS; n++) {
		const u8 *bytes = st->bytes + SPLICE_CAPACITY - PAGES(2) + n;

		/* The second is appended to the first, in the same page. */
		test_pipe_write(tp, bytes, 1000);
		test_pipe_write(tp, bytes, 100);
		test_pipe_write(tp, bytes, PAGES(1));
		test_pipe_drain(tp);
	}
	write_file_check(st->wf);
}

/* The same with a pipe that had something to do with it, which is read first. */
static void use_both(struct splice_test *st, struct test_pipe *other)
{
	use_pipe(st, st->pipe);
	test_pipe_drain(other);
	use_pipe(st, other);
	splice_settle(st);
}

/* What the pipe kept of the pages is used by the writes that follow. */
static void pipe_written_later(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_put_pages(st, NR_PAGES);
	splice_all(st, NR_PAGES);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* As soon as the pipe has a page of its own to spare. */
static void pipe_with_a_spare_page(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_put_pages(st, 2);
	test_pipe_drain(st->pipe);
	splice_put_pages(st, NR_PAGES);
	splice_all(st, NR_PAGES);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/*
 * A buffer's flags from before say that writes may be appended to its page.  In
 * each slot there is now a byte of the file, and a write to the pipe follows.
 */
static void append_to_page_of_file(struct kunit *test)
{
	struct splice_test *st = create(test);
	unsigned int n;

	splice_put_pages(st, TEST_PIPE_SLOTS);
	splice_all(st, TEST_PIPE_SLOTS);
	for (n = 0; n < TEST_PIPE_SLOTS; n++) {
		test_pipe_from_file(st->pipe, st->wf, PAGES(n), 1);
		test_pipe_write(st->pipe, st->bytes + 100, 10);
		test_pipe_drain(st->pipe);
	}
	write_file_check(st->wf);
	splice_settle(st);
}

/* The last page is not whole, and the pipe may append to it until it is gone. */
static void append_before(struct kunit *test)
{
	struct splice_test *st = create(test);

	test_pipe_write(st->pipe, st->bytes, PAGES(2) + 100);
	splice_expect(st, 0, PAGES(2) + 50, PAGES(2) + 50, 2);
	test_pipe_write(st->pipe, st->bytes, 1000);
	write_file_check(st->wf);
	splice_expect(st, PAGES(2) + 50, 50 + 1000, 50 + 1000, 0);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* A page that was written in parts is whole at last. */
static void filled_in_parts(struct kunit *test)
{
	struct splice_test *st = create(test);

	test_pipe_write(st->pipe, st->bytes, 1000);
	test_pipe_write(st->pipe, st->bytes, PAGE_SIZE - 1000);
	splice_all(st, 1);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

static void read_later(struct kunit *test)
{
	struct splice_test *st = create(test);
	u8 byte;

	splice_put_pages(st, NR_PAGES);
	splice_expect(st, 0, PAGES(4), PAGES(4), 4);
	test_pipe_drain(st->pipe);
	st->pipe->out->f_flags |= O_NONBLOCK;
	KUNIT_EXPECT_EQ(test, -EAGAIN, kernel_read(st->pipe->out, &byte, 1, NULL));
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* The same pages in two pipes, of which one is spliced. */
static void teed(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *other = test_pipe_create(test);

	splice_put_pages(st, NR_PAGES);
	test_pipe_tee(st->pipe, other, PAGES(NR_PAGES));
	splice_all(st, 0);
	use_both(st, other);
}

/* The same, but the copies are spliced, and their source stays. */
static void teed_from(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *from = test_pipe_create(test);

	test_pipe_write(from, st->bytes, PAGES(NR_PAGES));
	test_pipe_tee(from, st->pipe, PAGES(NR_PAGES));
	splice_all(st, 0);
	use_both(st, from);
}

/* The source has been read: the last who has the pages may give them away. */
static void teed_from_and_read(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *from = test_pipe_create(test);

	test_pipe_write(from, st->bytes, PAGES(NR_PAGES));
	test_pipe_tee(from, st->pipe, PAGES(NR_PAGES));
	test_pipe_drain(from);
	splice_all(st, NR_PAGES);
	use_pipe(st, from);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* What is left of a buffer, after some of it was spliced, goes both ways. */
static void teed_rest(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *other = test_pipe_create(test);

	splice_put_pages(st, NR_PAGES);
	splice_expect(st, 0, PAGES(2) + 100, PAGES(2) + 100, 2);
	test_pipe_tee(st->pipe, other, st->pipe->len);
	splice_expect(st, PAGES(2) + 100, st->pipe->len, st->pipe->len, 0);
	use_both(st, other);
}

static void passed_on(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *from = test_pipe_create(test);

	test_pipe_write(from, st->bytes, PAGES(NR_PAGES) + 100);
	test_pipe_pass(from, st->pipe, PAGES(NR_PAGES));
	splice_all(st, NR_PAGES);
	use_both(st, from);
}

/* A page of which each pipe has a part. */
static void split_buffer(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct test_pipe *from = test_pipe_create(test);

	test_pipe_write(from, st->bytes, PAGES(2));
	test_pipe_pass(from, st->pipe, PAGES(1) + 1000);
	splice_expect(st, 0, PAGES(1) + 1000, PAGES(1) + 1000, 1);
	use_both(st, from);
}

/* Slots are copied elsewhere, with pages in them, before and after. */
static void resized(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_put_pages(st, NR_PAGES);
	test_pipe_resize(st->pipe, 8);
	splice_expect(st, 0, PAGES(2), PAGES(2), 2);
	test_pipe_resize(st->pipe, 4);
	splice_expect(st, PAGES(2), PAGES(4), PAGES(4), 4);
	test_pipe_resize(st->pipe, TEST_PIPE_SLOTS);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/*
 * Pages that others have
 */

/*
 * Somebody has each @step'th page, as a read with O_DIRECT into it has it that is
 * not done yet.
 */
static void hold(struct kunit *test, unsigned int step)
{
	struct splice_test *st = create(test);
	struct page *pages[NR_PAGES];
	unsigned int n, nr_held = 0;

	splice_put_pages(st, NR_PAGES);
	KUNIT_ASSERT_EQ(test, NR_PAGES, test_pipe_pages(st->pipe, pages, NR_PAGES));
	for (n = 0; n < NR_PAGES; n += step, nr_held++)
		get_page(pages[n]);
	splice_all(st, NR_PAGES - nr_held);
	for (n = 0; n < NR_PAGES; n += step) {
		memset(page_address(pages[n]), 0xee, PAGE_SIZE);
		put_page(pages[n]);
	}
	write_file_check(st->wf);
	splice_settle(st);
}

static void held(struct kunit *test)
{
	hold(test, 1);
}

static void some_held(struct kunit *test)
{
	hold(test, 2);
}

static void scribble(struct splice_test *st, unsigned long addr, size_t len)
{
	KUNIT_EXPECT_EQ(st->test, 0UL, clear_user((void __user *)addr, len));
}

static void vmspliced(struct splice_test *st, unsigned int flags)
{
	unsigned long addr = splice_user_memory(st, PAGES(NR_PAGES));

	test_pipe_from_user(st->pipe, addr, st->bytes, PAGES(NR_PAGES), flags);
	splice_all(st, 0);
	scribble(st, addr, PAGES(NR_PAGES));
	write_file_check(st->wf);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* The memory stays mapped, and is written when its pages were spliced. */
static void lent_memory(struct kunit *test)
{
	vmspliced(create(test), 0);
}

static void given_memory(struct kunit *test)
{
	vmspliced(create(test), SPLICE_F_GIFT);
}

/* A shared mapping of the file itself is a gift to it. */
static void given_itself(struct kunit *test)
{
	struct splice_test *st = create(test);
	unsigned long addr;

	splice_fill_file(st, st->wf, PAGES(NR_PAGES));
	addr = splice_map(st, st->wf->file, PAGES(NR_PAGES), MAP_SHARED);
	test_pipe_from_user(st->pipe, addr, st->wf->model, PAGES(NR_PAGES), SPLICE_F_GIFT);
	splice_expect(st, PAGES(20), PAGES(NR_PAGES), PAGES(NR_PAGES), 0);
	scribble(st, addr, PAGES(NR_PAGES));
	memset(st->wf->model, 0, PAGES(NR_PAGES));
	write_file_check(st->wf);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGES(NR_PAGES)));
	splice_settle(st);
}

/* Pages of a file that nobody has any more, but for the pipe: still a gift. */
static void given_truncated_file(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = splice_source_on_disk(st, "-b 4096");
	unsigned long addr;

	splice_fill_file(st, source, PAGES(NR_PAGES));
	splice_forget(st, source);
	addr = splice_map(st, source->file, PAGES(NR_PAGES), MAP_PRIVATE);
	test_pipe_from_user(st->pipe, addr, source->model, PAGES(NR_PAGES), SPLICE_F_GIFT);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGES(NR_PAGES)));
	write_file_drop_clean(source);
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&source->file->f_path, 0));
	splice_all(st, 0);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/*
 * Pages of a file on another disk
 */

static struct write_file *create_source(struct splice_test *st)
{
	struct write_file *source = splice_source_on_disk(st, "-b 4096");

	splice_fill_file(st, source, PAGES(NR_PAGES));
	splice_forget(st, source);
	return source;
}

/* The source keeps its data and has no page in common with the target. */
static void source_written(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);

	test_pipe_from_file(st->pipe, source, 0, PAGES(NR_PAGES));
	splice_all(st, 0);
	write_file_check(source);
	splice_fill_file(st, source, PAGES(NR_PAGES - 1) + 100);
	write_file_check(source);
	write_file_check(st->wf);
	write_file_truncate(source, 100);
	write_file_check(st->wf);
	splice_forget(st, source);
	write_file_check(source);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* Written while its pages are in the pipe: then the pipe has what was written. */
static void source_written_before(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);
	loff_t pos = 100;

	test_pipe_from_file(st->pipe, source, 0, PAGES(NR_PAGES));
	KUNIT_ASSERT_EQ(test, 50, kernel_write(source->file, st->bytes, 50, &pos));
	memcpy(source->model + 100, st->bytes, 50);
	memcpy(st->pipe->bytes + 100, st->bytes, 50);
	splice_all(st, 0);
	write_file_check(source);
	splice_forget(st, source);
	write_file_check(source);
	splice_settle(st);
}

/* Mapped before, but nothing has been looked at. */
static void source_mapped(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);
	unsigned long addr = splice_map(st, source->file, PAGES(NR_PAGES), MAP_SHARED);

	test_pipe_from_file(st->pipe, source, 0, PAGES(NR_PAGES));
	splice_all(st, 0);
	scribble(st, addr, PAGES(NR_PAGES));
	write_file_check(st->wf);
	memset(source->model, 0, PAGES(NR_PAGES));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGES(NR_PAGES)));
	write_file_check(source);
	splice_forget(st, source);
	write_file_check(source);
	splice_settle(st);
}

/* Mapped and looked at: who has it mapped may write to it at any moment. */
static void source_in_page_table(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);
	unsigned long addr = splice_map(st, source->file, PAGES(NR_PAGES), MAP_SHARED);

	KUNIT_ASSERT_EQ(test, 0UL, fault_in_readable((const char __user *)addr, PAGES(NR_PAGES)));
	test_pipe_from_file(st->pipe, source, 0, PAGES(NR_PAGES));
	splice_all(st, 0);
	scribble(st, addr, PAGES(NR_PAGES));
	write_file_check(st->wf);
	memset(source->model, 0, PAGES(NR_PAGES));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGES(NR_PAGES)));
	splice_forget(st, source);
	write_file_check(source);
	splice_settle(st);
}

/* Held by who reads from the source, as it is for O_DIRECT from a mapping of it. */
static void source_held(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);
	struct page *pages[NR_PAGES];

	test_pipe_from_file(st->pipe, source, 0, PAGES(NR_PAGES));
	KUNIT_ASSERT_EQ(test, NR_PAGES, test_pipe_pages(st->pipe, pages, NR_PAGES));
	get_page(pages[2]);
	splice_all(st, 0);
	/* Into the cache of the source, and not to its disk. */
	memset(page_address(pages[2]), 0xee, PAGE_SIZE);
	put_page(pages[2]);
	write_file_check(st->wf);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/* Two buffers with one page, in one splice and in two. */
static void twice_the_same_page(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = create_source(st);

	splice_label(st, "in one splice");
	test_pipe_from_file(st->pipe, source, 0, PAGES(2));
	test_pipe_from_file(st->pipe, source, 0, PAGES(2));
	splice_all(st, 0);
	splice_settle(st);

	splice_label(st, "in two");
	splice_fresh_file(st, 0);
	splice_forget(st, source);
	test_pipe_from_file(st->pipe, source, 0, PAGES(2));
	test_pipe_from_file(st->pipe, source, 0, PAGES(2));
	splice_expect(st, 0, PAGES(2), PAGES(2), 0);
	splice_expect(st, PAGES(4), PAGES(2), PAGES(2), 0);
	write_file_check(source);
	use_pipe(st, st->pipe);
	splice_settle(st);
}

/*
 * Splices that fail
 */

/* What has not gone to the file is the pipe's, and the other way round. */
static void no_space(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_fill_disk(st, PAGES(10));
	test_pipe_write(st->pipe, st->bytes, PAGES(30) + 100);
	splice_until_full(st, 0);
	/* To what is left of the last page. */
	test_pipe_write(st->pipe, st->bytes, 1000);
	test_pipe_drain(st->pipe);
	use_pipe(st, st->pipe);
	splice_free_disk(st);
	splice_settle(st);
}

/* The pages are in the file, and what was in them is in the pipe as well. */
static void sync_fails(struct kunit *test)
{
	static const size_t tails[] = { 0, 100 };
	struct splice_test *st = create(test);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(tails); n++) {
		size_t len = PAGES(NR_PAGES) + tails[n];
		loff_t pos = 0;

		splice_label(st, "%zu bytes", len);
		splice_fresh_file(st, 0);
		splice_fail_sync(st, len);

		test_pipe_write(st->pipe, st->bytes, 1000);
		write_file_check(st->wf);
		test_pipe_drain(st->pipe);
		use_pipe(st, st->pipe);
		KUNIT_EXPECT_EQ(test, (ssize_t)len,
				kernel_write(st->wf->file, st->bytes, len, &pos));
		splice_settle(st);
	}
}

/*
 * Who reads the file at the same time
 */

struct reader {
	struct splice_test *st;
	u8 *page;
	/* Pages that had neither zeroes nor what is written, or both. */
	unsigned int wrong;
	unsigned int empty, full;
};

static int read_all_the_time(void *data)
{
	struct reader *reader = data;
	struct write_file *wf = reader->st->wf;

	while (!kthread_should_stop()) {
		loff_t pos;

		for (pos = 0; pos < PAGES(64);) {
			loff_t at = pos;

			if (kernel_read(wf->file, reader->page, PAGE_SIZE, &pos) != PAGE_SIZE) {
				reader->wrong++;
				break;
			}
			if (!memchr_inv(reader->page, 0, PAGE_SIZE))
				reader->empty++;
			else if (!memcmp(reader->page, reader->st->bytes + at, PAGE_SIZE))
				reader->full++;
			else
				reader->wrong++;
			cond_resched();
		}
	}
	return 0;
}

/* Each page is read as it was, or as it is then. */
static void read_meanwhile(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct reader reader = { .st = st };
	unsigned int round;

	reader.page = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, reader.page);
	for (round = 0; round < 10; round++) {
		struct task_struct *task;
		loff_t pos;

		splice_fresh_file(st, PAGES(64));
		task = kthread_run(read_all_the_time, &reader, "splice_reader");
		KUNIT_ASSERT_FALSE(test, IS_ERR(task));
		for (pos = 0; pos < PAGES(64); pos += PAGES(8)) {
			test_pipe_write(st->pipe, st->bytes + pos, PAGES(8));
			KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(8),
					test_pipe_splice(st->pipe, st->wf, st->wf->file, pos,
							 PAGES(8), SPLICE_F_MOVE));
			schedule_timeout_uninterruptible(1);
		}
		kthread_stop(task);
		write_file_check(st->wf);
	}
	KUNIT_EXPECT_EQ(test, reader.wrong, 0);
	KUNIT_EXPECT_GT(test, reader.empty, 0);
	KUNIT_EXPECT_GT(test, reader.full, 0);
	splice_settle(st);
}

#ifdef CONFIG_SPLICE_MOVES_PAGES
static int begin_moved(struct batch_file *bf, struct pagecache_write *pw)
{
	return pw->move ? pagecache_write_get_folios(pw) : batch_file_begin(pw);
}

static void mark_uptodate(struct pagecache_write *pw)
{
	unsigned int n;

	for (n = 0; n < folio_batch_count(&pw->folios); n++)
		folio_mark_uptodate(pw->folios.folios[n]);
}

/* All is in the file, but nothing of it is reported. */
static ssize_t end_fails(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	mark_uptodate(pw);
	batch_file_end(pw, 0);
	return -EIO;
}

static ssize_t end_takes_two(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	mark_uptodate(pw);
	return batch_file_end(pw, bf->nr ? copied : PAGES(2));
}

static ssize_t end_moved(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	mark_uptodate(pw);
	return batch_file_end(pw, copied);
}

/* @nr pages that another pipe has, too. */
static void put_shared_pages(struct splice_test *st, unsigned int nr)
{
	struct test_pipe *other = test_pipe_create(st->test);

	test_pipe_write(other, st->bytes, PAGES(nr));
	test_pipe_tee(other, st->pipe, PAGES(nr));
}

/* What is not to be had is no reason to ask for it page by page. */
static void shared_pages_in_one_batch(struct kunit *test)
{
	static const unsigned int batches[] = { 10, 11, 7 };
	struct batch_file *bf = batch_file_create(test);
	struct splice_test *st = splice_test_of(test, bf->wf);
	loff_t pos = 0;
	unsigned int n;

	bf->begin = begin_moved;
	bf->end = end_moved;
	splice_put_pages(st, batches[0]);
	put_shared_pages(st, batches[1]);
	splice_put_pages(st, batches[2]);
	splice_expect(st, 0, PAGES(28), PAGES(28), batches[0] + batches[2]);
	KUNIT_EXPECT_EQ(test, bf->begins, ARRAY_SIZE(batches));
	for (n = 0; n < ARRAY_SIZE(batches); pos += PAGES(batches[n++])) {
		KUNIT_EXPECT_EQ(test, bf->records[n].pos, pos);
		KUNIT_EXPECT_EQ(test, bf->records[n].len, PAGES(batches[n]));
	}

	batch_file_forget(bf);
	put_shared_pages(st, 30);
	splice_expect(st, PAGES(30), PAGES(30), PAGES(30), 0);
	KUNIT_EXPECT_EQ(test, bf->begins, 1);
}

/* The pipe keeps the bytes, and the file the pages. */
static void end_of_batch_fails(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	struct splice_test *st = splice_test_of(test, bf->wf);
	struct page *pages[NR_PAGES];
	unsigned int n;

	bf->begin = begin_moved;
	bf->end = end_fails;
	splice_put_pages(st, NR_PAGES);
	KUNIT_EXPECT_EQ(test, -EIO, test_pipe_splice(st->pipe, st->wf, st->wf->file, 0,
						     PAGES(NR_PAGES), SPLICE_F_MOVE));
	KUNIT_ASSERT_EQ(test, NR_PAGES, test_pipe_pages(st->pipe, pages, NR_PAGES));
	for (n = 0; n < NR_PAGES; n++) {
		struct folio *folio = filemap_get_folio(st->wf->file->f_mapping, n);

		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		KUNIT_EXPECT_PTR_NE(test, &folio->page, pages[n]);
		memset(folio_address(folio), 0xee, PAGE_SIZE);
		folio_put(folio);
	}
	/* What is done to the pages is not seen in the pipe. */
	test_pipe_drain(st->pipe);
	truncate_inode_pages(st->wf->file->f_mapping, 0);
	write_file_check(st->wf);
}

/* What is not accepted is written again, from a page that is the file's by now. */
static void end_of_batch_takes_less(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	struct splice_test *st = splice_test_of(test, bf->wf);

	bf->begin = begin_moved;
	bf->end = end_takes_two;
	splice_put_pages(st, NR_PAGES);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(NR_PAGES),
			test_pipe_splice(st->pipe, st->wf, st->wf->file, 0,
					 PAGES(NR_PAGES), SPLICE_F_MOVE));
	write_file_check(st->wf);
	use_pipe(st, st->pipe);
	write_file_check(st->wf);
}
#endif

static struct kunit_case splice_security_cases[] = {
	KUNIT_CASE_PARAM(pipe_written_later, splice_target_gen_params),
	KUNIT_CASE_PARAM(pipe_with_a_spare_page, splice_target_gen_params),
	KUNIT_CASE_PARAM(append_to_page_of_file, splice_target_gen_params),
	KUNIT_CASE_PARAM(append_before, splice_target_gen_params),
	KUNIT_CASE_PARAM(filled_in_parts, splice_target_gen_params),
	KUNIT_CASE_PARAM(read_later, splice_target_gen_params),
	KUNIT_CASE_PARAM(teed, splice_target_gen_params),
	KUNIT_CASE_PARAM(teed_from, splice_target_gen_params),
	KUNIT_CASE_PARAM(teed_from_and_read, splice_target_gen_params),
	KUNIT_CASE_PARAM(teed_rest, splice_target_gen_params),
	KUNIT_CASE_PARAM(passed_on, splice_target_gen_params),
	KUNIT_CASE_PARAM(split_buffer, splice_target_gen_params),
	KUNIT_CASE_PARAM(resized, splice_target_gen_params),
	KUNIT_CASE_PARAM(held, splice_target_gen_params),
	KUNIT_CASE_PARAM(some_held, splice_target_gen_params),
	KUNIT_CASE_PARAM(lent_memory, splice_target_gen_params),
	KUNIT_CASE_PARAM(given_memory, splice_target_gen_params),
	KUNIT_CASE_PARAM(given_itself, splice_target_gen_params),
	KUNIT_CASE_PARAM(given_truncated_file, splice_target_gen_params),
	KUNIT_CASE_PARAM(source_written, splice_target_gen_params),
	KUNIT_CASE_PARAM(source_written_before, splice_target_gen_params),
	KUNIT_CASE_PARAM(source_mapped, splice_target_gen_params),
	KUNIT_CASE_PARAM(source_in_page_table, splice_target_gen_params),
	KUNIT_CASE_PARAM(source_held, splice_target_gen_params),
	KUNIT_CASE_PARAM(twice_the_same_page, splice_target_gen_params),
	KUNIT_CASE_PARAM(no_space, splice_limited_gen_params),
	KUNIT_CASE_PARAM(sync_fails, splice_disk_gen_params),
	KUNIT_CASE_PARAM(read_meanwhile, splice_target_gen_params),
#ifdef CONFIG_SPLICE_MOVES_PAGES
	KUNIT_CASE(shared_pages_in_one_batch),
	KUNIT_CASE(end_of_batch_fails),
	KUNIT_CASE(end_of_batch_takes_less),
#endif
	{}
};

static struct kunit_suite splice_security_suite = {
	.name = "splice_security",
	.test_cases = splice_security_cases,
};

kunit_test_suite(splice_security_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite of attacks on pages that moved from a pipe to a file");
