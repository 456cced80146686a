// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for splice(2) from a pipe to a file, with SPLICE_F_MOVE: what gets
 * into the file, what stays in the pipe, and which pages move instead of being
 * copied.
 *
 * What does not move is copied, with the same result.  So on a kernel that never
 * moves pages, all of this holds too, but for their number.
 */
#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/statfs.h>
#include <linux/uaccess.h>

#include "../fs/ext4/ext4.h"
#include <trace/events/ext4.h>

#include "compat.h"
#include "fail_write_copy.h"
#include "splice_file.h"

static struct splice_test *create(struct kunit *test)
{
	return splice_test_create(test, test->param_value);
}

/* More than one batch, and less. */
static const unsigned int numbers[] = { 1, 2, 15, 16, 17, 30, 31, 32, 33, 63, 64, 128 };

/* To an empty file, into a hole, and past the end, with a gap. */
static void whole_pages(struct kunit *test)
{
	static const struct {
		const char *name;
		loff_t size, pos;
	} places[] = {
		{ "empty file", 0, 0 },
		{ "hole", PAGES(140), PAGES(7) },
		{ "partly in a hole", PAGES(10) + 77, PAGES(9) },
		{ "past the end", 100, PAGES(3) },
	};
	struct splice_test *st = create(test);
	unsigned int n, p;

	for (p = 0; p < ARRAY_SIZE(places); p++) {
		for (n = 0; n < ARRAY_SIZE(numbers); n++) {
			unsigned int nr = numbers[n], moved = nr;

			splice_label(st, "%u pages, %s", nr, places[p].name);
			splice_fresh_file(st, places[p].size);
			splice_put_pages(st, nr);
			splice_expect(st, places[p].pos, PAGES(nr), PAGES(nr), moved);
			splice_forget(st, st->wf);
			write_file_check(st->wf);
		}
		splice_settle(st);
	}
}

/* Nothing moves if nobody asks for it. */
static void without_the_flag(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_put_pages(st, 40);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(40),
			test_pipe_splice(st->pipe, st->wf, st->wf->file, 0, PAGES(40), 0));
	KUNIT_EXPECT_EQ(test, st->pipe->moved, 0);
	splice_settle(st);
}

/* Borders of pages in the pipe that are not borders of pages in the file. */
static void unaligned(struct kunit *test)
{
	static const loff_t starts[] = { 1, 512, 1024, PAGE_SIZE - 1, PAGES(5) + 100 };
	struct splice_test *st = create(test);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(starts); n++) {
		splice_label(st, "at %lld", starts[n]);
		splice_fresh_file(st, 0);
		splice_put_pages(st, 35);
		splice_expect(st, starts[n], PAGES(35), PAGES(35), 0);
		splice_settle(st);
	}
}

/* The last buffer is a part of a page; the others are not. */
static void tail(struct kunit *test)
{
	static const size_t tails[] = { 1, 511, 1024, PAGE_SIZE - 1 };
	struct splice_test *st = create(test);
	unsigned int n, nr;

	for (nr = 0; nr < 34; nr += 11) {
		for (n = 0; n < ARRAY_SIZE(tails); n++) {
			size_t len = PAGES(nr) + tails[n];

			splice_label(st, "%u pages and %zu bytes", nr, tails[n]);
			splice_fresh_file(st, 0);
			test_pipe_write(st->pipe, st->bytes, len);
			splice_expect(st, PAGES(2), len, len, nr);
			splice_settle(st);
		}
	}
}

/* A page that is not as it came from the allocator belongs to someone: it is copied. */
static void marked_pages(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct page *pages[3];
	unsigned int mark;

	for (mark = 0; mark < 3; mark++) {
		splice_label(st, "mark %u", mark);
		splice_fresh_file(st, 0);
		splice_put_pages(st, ARRAY_SIZE(pages));
		KUNIT_ASSERT_EQ(test, test_pipe_pages(st->pipe, pages, ARRAY_SIZE(pages)),
				ARRAY_SIZE(pages));
		if (mark == 0)
			set_page_private(pages[1], 1);
		else if (mark == 1)
			folio_set_dirty(page_folio(pages[1]));
		else
			folio_set_referenced(page_folio(pages[1]));
		splice_expect(st, 0, PAGES(3), PAGES(3), 2);
		splice_forget(st, st->wf);
		write_file_check(st->wf);
	}
	splice_settle(st);
}

/*
 * Where the pages come from
 */

/* A file to splice from, of which nothing is cached. */
static struct write_file *uncached_source(struct splice_test *st)
{
	struct write_file *source = splice_source_on_disk(st, "-b 4096");

	splice_fill_file(st, source, PAGES(20));
	splice_forget(st, source);
	return source;
}

static struct write_file *written(struct splice_test *st, size_t len)
{
	test_pipe_write(st->pipe, st->bytes, len);
	return NULL;
}

static struct write_file *clean_file(struct splice_test *st, size_t len)
{
	struct write_file *source = uncached_source(st);

	test_pipe_from_file(st->pipe, source, PAGES(3), len);
	return source;
}

static struct write_file *clean_file_of_small_blocks(struct splice_test *st, size_t len)
{
	struct write_file *source = splice_source_on_disk(st, "-b 1024");

	splice_fill_file(st, source, PAGES(20));
	KUNIT_ASSERT_EQ(st->test, 0, vfs_fsync(source->file, 0));
	test_pipe_from_file(st->pipe, source, PAGES(3), len);
	return source;
}

/* All of it is in the page cache, and some of it is spliced. */
static struct write_file *full_file(struct splice_test *st, struct write_file *source,
				    size_t len)
{
	splice_fill_file(st, source, PAGES(20));
	test_pipe_from_file(st->pipe, source, PAGES(3), len);
	return source;
}

static struct write_file *dirty_file(struct splice_test *st, size_t len)
{
	return full_file(st, splice_source_on_disk(st, "-b 4096"), len);
}

static struct write_file *mapped_file(struct splice_test *st, size_t len)
{
	struct write_file *source = uncached_source(st);

	write_file_map(source);
	/* Looks through the mapping, too. */
	write_file_check(source);
	test_pipe_from_file(st->pipe, source, PAGES(3), len);
	return source;
}

/* The pages are nobody's any more, but they come from a file. */
static struct write_file *truncated_file(struct splice_test *st, size_t len)
{
	struct write_file *source = clean_file(st, len);

	KUNIT_ASSERT_EQ(st->test, 0, vfs_truncate(&source->file->f_path, 0));
	memset(source->model, 0, source->size);
	source->size = 0;
	return source;
}

static struct write_file *tmpfs_file(struct splice_test *st, size_t len)
{
	return full_file(st, splice_source_in_memory(st, "tmpfs"), len);
}

/* All zero pages of the kernel, or empty pages of the cache. */
static struct write_file *hole_of_tmpfs(struct splice_test *st, size_t len)
{
	struct write_file *source = splice_source_in_memory(st, "tmpfs");

	write_file_truncate(source, PAGES(20));
	test_pipe_from_file(st->pipe, source, PAGES(3), len);
	return source;
}

/* Its pages are nowhere else, and would be lost. */
static struct write_file *ramfs_file(struct splice_test *st, size_t len)
{
	return full_file(st, splice_source_in_memory(st, "ramfs"), len);
}

static struct write_file *copied_file(struct splice_test *st, size_t len)
{
	struct write_file *source = splice_source_in_memory(st, "ramfs");

	splice_fill_file(st, source, PAGES(20));
	test_pipe_from_copy(st->pipe, source, PAGES(3), len);
	return source;
}

static struct write_file *lent(struct splice_test *st, size_t len)
{
	test_pipe_from_user(st->pipe, splice_user_memory(st, len), st->bytes, len, 0);
	return NULL;
}

static struct write_file *gift(struct splice_test *st, size_t len)
{
	test_pipe_from_user(st->pipe, splice_user_memory(st, len), st->bytes, len, SPLICE_F_GIFT);
	return NULL;
}

/* Nobody else has the pages now. */
static struct write_file *gift_let_go(struct splice_test *st, size_t len)
{
	unsigned long addr = splice_user_memory(st, len);

	test_pipe_from_user(st->pipe, addr, st->bytes, len, SPLICE_F_GIFT);
	KUNIT_ASSERT_EQ(st->test, 0, vm_munmap(addr, PAGE_ALIGN(len)));
	return NULL;
}

static struct write_file *nosteal(struct splice_test *st, size_t len)
{
	test_pipe_from_nosteal(st->pipe, st->bytes, len);
	return NULL;
}

static struct write_file *teed(struct splice_test *st, size_t len)
{
	test_pipe_write(st->pipe, st->bytes, len);
	test_pipe_tee(st->pipe, test_pipe_create(st->test), len);
	return NULL;
}

/* The other pipe is empty again. */
static struct write_file *teed_and_read(struct splice_test *st, size_t len)
{
	struct test_pipe *other = test_pipe_create(st->test);

	test_pipe_write(st->pipe, st->bytes, len);
	test_pipe_tee(st->pipe, other, len);
	test_pipe_drain(other);
	return NULL;
}

static struct write_file *passed_on(struct splice_test *st, size_t len)
{
	struct test_pipe *other = test_pipe_create(st->test);

	test_pipe_write(other, st->bytes, len);
	test_pipe_pass(other, st->pipe, len);
	return NULL;
}

static const struct source {
	const char *name;
	struct write_file *(*fill)(struct splice_test *st, size_t len);
	bool moves;
} sources[] = {
	{ "write", written, true },
	{ "clean file", clean_file },
	{ "clean file, 1k", clean_file_of_small_blocks },
	{ "dirty file", dirty_file },
	{ "mapped file", mapped_file },
	{ "truncated file", truncated_file },
	{ "tmpfs", tmpfs_file },
	{ "hole of tmpfs", hole_of_tmpfs },
	{ "ramfs", ramfs_file },
	{ "copied file", copied_file, true },
	{ "vmsplice", lent },
	{ "gift", gift },
	{ "gift, let go", gift_let_go },
	{ "no steal", nosteal },
	{ "tee", teed },
	{ "tee, read", teed_and_read, true },
	{ "pipe", passed_on, true },
};

/*
 * From each source, whole pages and a part of one.  What the source was must not
 * change, neither in its cache nor on its disk.
 */
static void from_sources(struct kunit *test)
{
	struct splice_test *st = create(test);
	const size_t len = PAGES(10) + 100;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(sources); n++) {
		struct write_file *source;
		unsigned long cached;

		splice_label(st, "from %s", sources[n].name);
		splice_fresh_file(st, 0);
		source = sources[n].fill(st, len);
		cached = source ? source->file->f_mapping->nrpages : 0;
		splice_expect(st, PAGES(4), len, len, sources[n].moves ? 10 : 0);
		if (source) {
			/* Others would have to read it again. */
			KUNIT_EXPECT_EQ_MSG(test, source->file->f_mapping->nrpages,
					    cached, "%s", st->wf->label);
			write_file_check(source);
			splice_forget(st, source);
			write_file_check(source);
		}
		splice_settle(st);
	}
}

/* Pages that can move and pages that can't, by turns and in groups. */
static void mixture(struct kunit *test)
{
	struct splice_test *st = create(test);
	unsigned int n, group, moved;
	const u8 *bytes = st->bytes;

	for (group = 1; group < 20; group += 6) {
		splice_label(st, "groups of %u", group);
		splice_fresh_file(st, 0);
		for (n = 0, moved = 0; n + group <= 64; n += group) {
			if (n / group % 2) {
				test_pipe_from_nosteal(st->pipe, bytes + PAGES(n), PAGES(group));
			} else {
				test_pipe_write(st->pipe, bytes + PAGES(n), PAGES(group));
				moved += group;
			}
		}
		splice_expect(st, 0, PAGES(n), PAGES(n), moved);
		splice_settle(st);
	}

	splice_label(st, "parts that make a page");
	splice_fresh_file(st, 0);
	test_pipe_write(st->pipe, bytes, PAGES(2));
	test_pipe_from_nosteal(st->pipe, bytes, 1000);
	test_pipe_write(st->pipe, bytes, PAGE_SIZE - 1000);
	test_pipe_write(st->pipe, bytes, PAGES(3));
	test_pipe_from_nosteal(st->pipe, bytes, 1000);
	/* Out of step from here on. */
	test_pipe_write(st->pipe, bytes, PAGES(4));
	splice_expect(st, PAGES(1), PAGES(11), PAGES(10) + 1000, 2 + 3);
	splice_settle(st);
}

#ifdef CONFIG_FAIL_WRITE_COPY
/*
 * Copies of the pages that can't move end early.  How many of those around them
 * move then is up to the kernel; all is written.
 */
static void copies_stop(struct kunit *test)
{
	static const u32 stops[] = { 0, 1, 700, PAGE_SIZE - 1, PAGE_SIZE, PAGES(2) + 1 };
	struct splice_test *st = create(test);
	unsigned int i, n, skip;

	for (i = 0; i < ARRAY_SIZE(stops); i++) {
		for (skip = 0; skip < 4; skip++) {
			splice_label(st, "after %u copies they stop at %u bytes", skip, stops[i]);
			splice_fresh_file(st, 0);
			for (n = 0; n < 40; n += 5) {
				const u8 *bytes = st->bytes + PAGES(n);

				test_pipe_write(st->pipe, bytes, PAGES(2));
				test_pipe_from_nosteal(st->pipe, bytes + PAGES(2), PAGES(3));
			}
			fail_write_copy_arm(test, skip, 2, stops[i]);
			KUNIT_EXPECT_EQ_MSG(test, (ssize_t)PAGES(40),
					    test_pipe_splice(st->pipe, st->wf, st->wf->file, 0,
							     PAGES(40), SPLICE_F_MOVE),
					    "%s", st->wf->label);
			fail_write_copy_disarm();
			splice_forget(st, st->wf);
			write_file_check(st->wf);
		}
	}
	splice_settle(st);
}
#endif

/* How much is asked for is not how much there is. */
static void lengths(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_label(st, "less than there is");
	splice_put_pages(st, 40);
	splice_expect(st, 0, PAGES(3), PAGES(3), 3);
	splice_label(st, "a page and a half");
	splice_expect(st, PAGES(3), PAGES(1) + 2000, PAGES(1) + 2000, 1);
	splice_label(st, "to the end of the page");
	splice_expect(st, PAGES(4) + 2000, PAGE_SIZE - 2000, PAGE_SIZE - 2000, 0);
	splice_label(st, "more than there is");
	splice_expect(st, PAGES(5), PAGES(100), PAGES(35), 35);
	splice_settle(st);

	splice_label(st, "one byte less");
	splice_fresh_file(st, 0);
	splice_put_pages(st, 4);
	splice_expect(st, 0, PAGES(4) - 1, PAGES(4) - 1, 3);
	splice_label(st, "that byte");
	splice_expect(st, PAGES(4) - 1, PAGES(4), 1, 0);
	splice_label(st, "nothing");
	splice_expect(st, PAGES(4), PAGES(4), -EAGAIN, 0);
	splice_settle(st);
}

/*
 * What is in the file already
 */

struct slow_writeback {
	struct delayed_work work;
	struct folio *folio;
};

static void end_writeback(struct work_struct *work)
{
	struct slow_writeback *sw = container_of(to_delayed_work(work), struct slow_writeback,
						 work);

	folio_end_writeback(sw->folio);
}

/* Page @index is under writeback from now on until a moment later. */
static void start_writeback(struct splice_test *st, struct slow_writeback *sw, pgoff_t index)
{
	sw->folio = filemap_lock_folio(st->wf->file->f_mapping, index);
	KUNIT_ASSERT_FALSE(st->test, IS_ERR(sw->folio));
	folio_start_writeback(sw->folio);
	folio_unlock(sw->folio);
	INIT_DELAYED_WORK_ONSTACK(&sw->work, end_writeback);
	schedule_delayed_work(&sw->work, 2);
}

static void wait_for_writeback(struct slow_writeback *sw)
{
	flush_delayed_work(&sw->work);
	destroy_delayed_work_on_stack(&sw->work);
	folio_put(sw->folio);
}

#define EXISTING	3	/* the page that is there */

enum existing { DIRTY, CLEAN, HOLE, MAPPED, WRITEBACK };

static void over_a_page(struct splice_test *st, enum existing existing)
{
	loff_t pos = PAGES(EXISTING);
	struct slow_writeback sw;
	unsigned long addr = 0;
	u8 byte;

	splice_fresh_file(st, PAGES(20));
	if (existing != HOLE) {
		memcpy(st->wf->model + pos, st->bytes + 77, PAGE_SIZE);
		KUNIT_ASSERT_EQ(st->test, (ssize_t)PAGE_SIZE,
				kernel_write(st->wf->file, st->bytes + 77, PAGE_SIZE, &pos));
		pos = PAGES(EXISTING);
	}
	if (existing == CLEAN || existing == WRITEBACK)
		KUNIT_ASSERT_EQ(st->test, 0, vfs_fsync(st->wf->file, 0));
	if (existing == HOLE)
		KUNIT_ASSERT_EQ(st->test, 1, kernel_read(st->wf->file, &byte, 1, &pos));
	if (existing == MAPPED) {
		addr = kunit_vm_mmap(st->test, st->wf->file, 0, PAGE_SIZE, PROT_READ,
				     MAP_SHARED, PAGES(EXISTING));
		KUNIT_ASSERT_EQ(st->test, 0, get_user(byte, (u8 __user *)addr));
	}
	KUNIT_ASSERT_EQ(st->test, 1UL, st->wf->file->f_mapping->nrpages);
	if (existing == WRITEBACK)
		start_writeback(st, &sw, EXISTING);

	splice_put_pages(st, 8);
	/* Its reference is one too many for the checks. */
	KUNIT_EXPECT_EQ_MSG(st->test, (ssize_t)PAGES(8),
			    test_pipe_splice(st->pipe, st->wf, st->wf->file, 0, PAGES(8),
					     SPLICE_F_MOVE), "%s", st->wf->label);
	splice_expect_moved(st, 7);
	if (existing == WRITEBACK)
		wait_for_writeback(&sw);
	if (existing == MAPPED) {
		KUNIT_EXPECT_EQ(st->test, 0, get_user(byte, (u8 __user *)addr));
		KUNIT_EXPECT_EQ(st->test, byte, st->wf->model[PAGES(EXISTING)]);
		KUNIT_ASSERT_EQ(st->test, 0, vm_munmap(addr, PAGE_SIZE));
	}
	splice_settle(st);
}

/* What is in the page cache stays there, and the others move around it. */
static void over_pages(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_label(st, "dirty page");
	over_a_page(st, DIRTY);
	splice_label(st, "mapped page");
	over_a_page(st, MAPPED);
	/* Without a disk, pages are never clean, but for holes of ramfs. */
	if (!st->fs)
		return;
	splice_label(st, "clean page");
	over_a_page(st, CLEAN);
	splice_label(st, "hole in the cache");
	over_a_page(st, HOLE);
	splice_label(st, "page under writeback");
	over_a_page(st, WRITEBACK);
}

/* Data that is on the disk and not in the cache. */
static void over_uncached_data(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_fill_file(st, st->wf, PAGES(50));
	splice_forget(st, st->wf);
	splice_put_pages(st, 40);
	splice_expect(st, PAGES(2), PAGES(40), PAGES(40), 40);
	splice_settle(st);
}

/* Pages of the file itself go to other places of it. */
static void from_itself(struct kunit *test)
{
	struct splice_test *st = create(test);

	splice_fill_file(st, st->wf, PAGES(20));
	splice_forget(st, st->wf);
	splice_label(st, "to a place further on");
	test_pipe_from_file(st->pipe, st->wf, 0, PAGES(10));
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(10),
			test_pipe_splice(st->pipe, st->wf, st->wf->file, PAGES(40), PAGES(10),
					 SPLICE_F_MOVE));
	splice_settle(st);

	splice_label(st, "to the same place");
	test_pipe_from_file(st->pipe, st->wf, PAGES(5), PAGES(10));
	splice_expect(st, PAGES(5), PAGES(10), PAGES(10), 0);
	splice_settle(st);

	splice_label(st, "to the page before");
	test_pipe_from_file(st->pipe, st->wf, PAGES(5), PAGES(1));
	splice_expect(st, PAGES(4), PAGES(1), PAGES(1), 0);
	splice_settle(st);
}

/*
 * Writes that end early
 */

/* What did not fit stays in the pipe, and fits when there is room again. */
static void no_space(struct kunit *test)
{
	/* In a hole, nothing is truncated that a failed write has left behind. */
	static const struct {
		loff_t size, pos;
	} places[] = { { 0, 0 }, { 0, PAGES(2) }, { PAGES(60), PAGES(1) } };
	struct splice_test *st = create(test);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(places); n++) {
		const loff_t first = places[n].pos;
		loff_t pos;

		splice_label(st, "at %lld of %lld", first, places[n].size);
		splice_fresh_file(st, places[n].size);
		splice_fill_disk(st, PAGES(10));
		splice_put_pages(st, 40);
		pos = splice_until_full(st, first);
		KUNIT_EXPECT_GT_MSG(test, pos, first, "%s", st->wf->label);
		KUNIT_EXPECT_LE_MSG(test, pos, first + PAGES(12), "%s", st->wf->label);
		write_file_check(st->wf);

		splice_free_disk(st);
		KUNIT_EXPECT_EQ_MSG(test, (ssize_t)st->pipe->len,
				    test_pipe_splice(st->pipe, st->wf, st->wf->file, pos,
						     PAGES(40), SPLICE_F_MOVE),
				    "%s", st->wf->label);
		splice_settle(st);
	}
}

/* The blocks of a tmpfs are those of its pages, also of those that moved. */
static void tmpfs_blocks(struct kunit *test)
{
	static const struct splice_target small = { "tmpfs", "tmpfs", NULL, "size=48k" };
	struct splice_test *st = splice_test_create(test, &small);
	struct kstatfs statfs;

	splice_put_pages(st, 20);
	splice_expect(st, 0, PAGES(20), PAGES(12), 12);
	splice_expect(st, PAGES(12), PAGES(8), -ENOSPC, 0);
	KUNIT_EXPECT_EQ(test, 0, vfs_statfs(&st->wf->file->f_path, &statfs));
	KUNIT_EXPECT_EQ(test, statfs.f_bfree, 0ULL);
	write_file_truncate(st->wf, PAGES(7));
	KUNIT_EXPECT_EQ(test, 0, vfs_statfs(&st->wf->file->f_path, &statfs));
	KUNIT_EXPECT_EQ(test, statfs.f_bfree, 5ULL);
	KUNIT_EXPECT_EQ(test, file_inode(st->wf->file)->i_blocks, PAGES(7) / 512);
	splice_expect(st, PAGES(7), PAGES(5), PAGES(5), 5);
	write_file_truncate(st->wf, 0);
	KUNIT_EXPECT_EQ(test, 0, vfs_statfs(&st->wf->file->f_path, &statfs));
	KUNIT_EXPECT_EQ(test, statfs.f_bfree, 12ULL);
}

/* A limit within a page: the iterator ends there, and the page does not. */
static void size_limit(struct kunit *test)
{
	static const loff_t limits[] = { 1, 100, PAGES(1), PAGES(3) + 100, PAGES(33) - 1 };
	struct rlimit *limit = &current->signal->rlim[RLIMIT_FSIZE];
	unsigned long old = limit->rlim_cur;
	struct splice_test *st = create(test);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(limits); n++) {
		splice_label(st, "limit of %lld bytes", limits[n]);
		splice_fresh_file(st, 0);
		splice_put_pages(st, 40);
		limit->rlim_cur = limits[n];
		splice_expect(st, 0, PAGES(40), limits[n], limits[n] / PAGE_SIZE);
		splice_expect(st, limits[n], PAGES(40), -EFBIG, 0);
		limit->rlim_cur = old;
		KUNIT_EXPECT_EQ_MSG(test, (ssize_t)st->pipe->len,
				    test_pipe_splice(st->pipe, st->wf, st->wf->file, limits[n],
						     PAGES(40), SPLICE_F_MOVE),
				    "%s", st->wf->label);
		splice_settle(st);
	}
}

static void close_memfd(void *file)
{
	__fput_sync(file);
}

/* A file as memfd_create(2) makes it, with room for seals. */
static struct splice_test *memfd_create(struct kunit *test, loff_t size)
{
	struct file *file = shmem_file_setup("memfd", size, SHMEM_NORESERVE);
	struct write_file *wf;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_memfd, file));
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	SHMEM_I(file_inode(file))->seals &= ~F_SEAL_SEAL;
	wf = write_file_create(test, file, SPLICE_CAPACITY);
	wf->size = size;
	return splice_test_of(test, wf);
}

static void sealed(struct kunit *test)
{
	static const unsigned int no_write[] = { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE };
	struct splice_test *st = memfd_create(test, PAGES(6));
	/* Untouched, a kernel with large folios asks for all at once. */
	bool at_once = !IS_ENABLED(CONFIG_SHMEM_PERFORM_WRITE) &&
		       IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE);
	unsigned int i;

	splice_label(st, "must not grow");
	KUNIT_ASSERT_EQ(test, 0, memfd_fcntl(st->wf->file, F_ADD_SEALS, F_SEAL_GROW));
	splice_put_pages(st, 10);
	splice_expect(st, PAGES(1), PAGES(2), PAGES(2), 2);
	if (at_once)
		splice_expect(st, PAGES(4), PAGES(4), -EPERM, 0);
	else
		splice_expect(st, PAGES(4), PAGES(4), PAGES(2), 2);
	splice_expect(st, PAGES(6), PAGES(4), -EPERM, 0);
	splice_expect(st, PAGES(8), PAGES(4), -EPERM, 0);

	for (i = 0; i < ARRAY_SIZE(no_write); i++) {
		splice_label(st, "seal %u", no_write[i]);
		/* It is refused as long as anybody has a page of the file. */
		KUNIT_ASSERT_EQ(test, 0, memfd_fcntl(st->wf->file, F_ADD_SEALS, no_write[i]));
		splice_expect(st, 0, PAGES(1), -EPERM, 0);
		splice_expect(st, PAGES(3), PAGES(1), -EPERM, 0);
	}
	test_pipe_drain(st->pipe);
}

/*
 * Files that are open in other ways
 */

static ssize_t splice_to(struct splice_test *st, struct file *file, loff_t pos, size_t len)
{
	return test_pipe_splice(st->pipe, st->wf, file, pos, len, SPLICE_F_MOVE);
}

static void append(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file = splice_open(st, "file", O_RDWR | O_APPEND);

	splice_put_pages(st, 4);
	KUNIT_EXPECT_EQ(test, -EINVAL, splice_to(st, file, 0, PAGES(4)));
	test_pipe_drain(st->pipe);
	write_file_check(st->wf);
	splice_close(st, file);
}

static void read_only(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file = splice_open(st, "file", O_RDONLY);

	splice_put_pages(st, 4);
	KUNIT_EXPECT_EQ(test, -EBADF, splice_to(st, file, 0, PAGES(4)));
	test_pipe_drain(st->pipe);
	write_file_check(st->wf);
	splice_close(st, file);
}

/* All that is in the pipe is spliced to @file, and gets to @pos of the file. */
static void splice_past(struct splice_test *st, struct file *file, loff_t pos)
{
	struct kunit *test = st->test;
	struct test_pipe *tp = st->pipe;
	size_t len = tp->len;
	loff_t at = 0;

	KUNIT_ASSERT_EQ_MSG(test, (ssize_t)len,
			    do_splice(tp->out, NULL, file, &at, len, SPLICE_F_MOVE), "%s",
			    st->wf->label);
	memcpy(st->wf->model + pos, tp->bytes, len);
	st->wf->size = max_t(loff_t, st->wf->size, pos + len);
	tp->len = 0;
	write_file_check(st->wf);
	test_pipe_drain(tp);
	test_pipe_write(tp, st->bytes + 77, len);
	test_pipe_drain(tp);
	write_file_check(st->wf);
}

/* fcntl(2) sets O_APPEND when splice(2) has looked at it. */
static void append_meanwhile(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file = splice_open(st, "file", O_RDWR);

	splice_fill_file(st, st->wf, PAGES(3));
	splice_put_pages(st, 6);
	file->f_iocb_flags |= IOCB_APPEND;
	splice_past(st, file, PAGES(3));
	splice_settle(st);
}

/* What a write is to a file that has another one below it. */
static ssize_t write_a_page_further(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *lower = iocb->ki_filp->private_data;
	struct kiocb clone;
	ssize_t ret;

	kiocb_clone(&clone, iocb, lower);
	clone.ki_pos += PAGE_SIZE;
	file_start_write(lower);
	ret = lower->f_op->write_iter(&clone, from);
	file_end_write(lower);
	if (ret > 0)
		iocb->ki_pos += ret;
	return ret;
}

/* In pieces, through other iterators. */
static ssize_t write_in_pieces(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *lower = iocb->ki_filp->private_data;
	ssize_t done = 0, ret = 0;

	iocb->ki_filp = lower;
	file_start_write(lower);
	while (iov_iter_count(from)) {
		const void *copy;
		struct iov_iter piece;

		copy = dup_iter(&piece, from, GFP_KERNEL);
		if (!copy) {
			ret = -ENOMEM;
			break;
		}
		iov_iter_truncate(&piece, PAGES(3) + 1000);
		ret = lower->f_op->write_iter(iocb, &piece);
		kfree(copy);
		if (ret <= 0)
			break;
		iov_iter_advance(from, ret);
		done += ret;
	}
	file_end_write(lower);
	return done ?: ret;
}

static const struct file_operations further_fops = {
	.write_iter	= write_a_page_further,
	.splice_write	= iter_file_splice_write,
};

static const struct file_operations pieces_fops = {
	.write_iter	= write_in_pieces,
	.splice_write	= iter_file_splice_write,
};

/* The pages are offered to one file, and get to another: all must get there. */
static void stacked(struct kunit *test)
{
	static const struct {
		const char *name;
		const struct file_operations *fops;
		loff_t pos;
	} ways[] = {
		{ "a page further", &further_fops, PAGE_SIZE },
		{ "in pieces", &pieces_fops, 0 },
	};
	struct splice_test *st = create(test);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(ways); n++) {
		struct file *upper = write_file_open_ramfs(test);

		splice_label(st, "%s", ways[n].name);
		upper->f_op = ways[n].fops;
		upper->private_data = st->wf->file;
		splice_fresh_file(st, 0);
		splice_put_pages(st, 40);
		splice_past(st, upper, ways[n].pos);
		splice_settle(st);
	}
}

/* Compare the file with the bytes where its blocks are on the disk. */
static void check_disk(struct splice_test *st)
{
	loff_t pos;

	for (pos = 0; pos < st->wf->size; pos += 1024) {
		size_t len = min(1024, st->wf->size - pos);
		loff_t at = test_fs_locate(st->wf->file, pos);

		KUNIT_ASSERT_GE_MSG(st->test, at, 0, "no block at %lld, %s", pos, st->wf->label);
		KUNIT_EXPECT_FALSE_MSG(st->test, memcmp(st->fs->disk->bytes + at,
							st->wf->model + pos, len),
				       "on the disk, at %lld, %s", pos, st->wf->label);
	}
}

/* If the sync failed, a page would have to go back. */
static void synchronous(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file = splice_open(st, "file", O_RDWR | O_SYNC);

	test_pipe_write(st->pipe, st->bytes, PAGES(40) + 100);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(40) + 100, splice_to(st, file, 0, PAGES(50)));
	splice_expect_moved(st, 0);
	KUNIT_EXPECT_FALSE(test, mapping_tagged(file->f_mapping, PAGECACHE_TAG_DIRTY));
	check_disk(st);
	splice_close(st, file);
	splice_settle(st);
}

/* The file is, however it is opened. */
static void synchronous_inode(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct inode *inode = file_inode(st->wf->file);
	struct page *pages[8];
	unsigned int n;

	splice_put_pages(st, 8);
	KUNIT_ASSERT_EQ(test, 8, test_pipe_pages(st->pipe, pages, 8));
	inode_set_flags(inode, S_SYNC, S_SYNC);
	splice_past(st, st->wf->file, 0);
	KUNIT_EXPECT_FALSE(test, mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY));
	for (n = 0; n < 8; n++) {
		struct folio *folio = filemap_get_folio(inode->i_mapping, n);

		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		KUNIT_EXPECT_PTR_NE(test, &folio->page, pages[n]);
		folio_put(folio);
	}
	inode_set_flags(inode, 0, S_SYNC);
	splice_settle(st);
}

/* It goes past the page cache, which has no use for a page. */
static void direct(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file;

	splice_fill_file(st, st->wf, PAGES(20));
	splice_forget(st, st->wf);
	file = splice_open(st, "file", O_RDWR | O_DIRECT);
	splice_put_pages(st, 10);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(10), splice_to(st, file, PAGES(2), PAGES(10)));
	KUNIT_EXPECT_EQ(test, st->pipe->moved, 0);
	splice_close(st, file);
	splice_settle(st);
}

/* Into a hole it goes by way of the page cache, where this is synced. */
static void direct_into_a_hole(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct file *file;

	splice_fresh_file(st, PAGES(20));
	file = splice_open(st, "file", O_RDWR | O_DIRECT);
	splice_put_pages(st, 10);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(10), splice_to(st, file, PAGES(2), PAGES(10)));
	splice_expect_moved(st, 0);
	splice_close(st, file);
	splice_settle(st);
}

/* What could not be synced is in the pipe still, to try it again. */
static void sync_fails(struct kunit *test)
{
	struct splice_test *st = create(test);
	const size_t len = PAGES(5) + 100;

	splice_fail_sync(st, len);
	KUNIT_EXPECT_EQ(test, (ssize_t)len, splice_to(st, st->wf->file, 0, len));
	splice_settle(st);
}

#ifdef CONFIG_SPLICE_MOVES_PAGES
static const struct splice_target journals[] = {
	{ "ext3, ordered", "ext3", "-b 4096 -m 0 -N 64", "commit=1000,data=ordered" },
	{ "ext3, writeback", "ext3", "-b 4096 -m 0 -N 64", "commit=1000,data=writeback" },
	{ "ext4, nodelalloc", "ext4", "-b 4096 -m 0 -N 64", "commit=1000,nodelalloc" },
	{ "ext4, delalloc", "ext4", "-b 4096 -m 0 -N 64", "commit=1000,delalloc" },
};

KUNIT_ARRAY_PARAM_DESC(journal, journals, name);

/* As a commit that fails does it at any moment. */
static void abort_journal(void *journal, struct inode *inode, loff_t pos, unsigned int len,
			  unsigned int copied)
{
	journal_t *j = journal;

	write_lock(&j->j_state_lock);
	j->j_flags |= JBD2_ABORT;
	write_unlock(&j->j_state_lock);
}

/* Some kernels refuse to read from a file system whose journal has failed. */
static void check_cached(struct splice_test *st)
{
	struct write_file *wf = st->wf;
	unsigned int n;

	KUNIT_EXPECT_EQ(st->test, wf->size, i_size_read(file_inode(wf->file)));
	for (n = 0; n < wf->size / PAGE_SIZE; n++) {
		struct folio *folio = filemap_get_folio(wf->file->f_mapping, n);

		KUNIT_ASSERT_FALSE(st->test, IS_ERR(folio));
		KUNIT_EXPECT_FALSE_MSG(st->test, memcmp(folio_address(folio),
							wf->model + PAGES(n), PAGE_SIZE),
				       "page %u", n);
		folio_put(folio);
	}
}

/*
 * The journal fails when the pages are in the file.  They are dirty, and will be
 * written; whoever wants to know whether they were has to ask fsync(2).
 */
static void journal_fails(struct kunit *test)
{
	struct splice_test *st = splice_test_create(test, test->param_value);
	journal_t *journal = EXT4_SB(st->wf->file->f_mapping->host->i_sb)->s_journal;
	ssize_t done;

	/* The first batch extends the file within a block that it has. */
	splice_fill_file(st, st->wf, PAGES(FOLIO_BATCH_SIZE) - 100);
	splice_forget(st, st->wf);
	splice_put_pages(st, 2 * FOLIO_BATCH_SIZE);
	KUNIT_ASSERT_EQ(test, 0, register_trace_ext4_write_end(abort_journal, journal));
	KUNIT_ASSERT_EQ(test, 0, register_trace_ext4_da_write_end(abort_journal, journal));
	/* The second batch may fail, with nothing in the file. */
	done = test_pipe_splice(st->pipe, st->wf, st->wf->file, 0, PAGES(2 * FOLIO_BATCH_SIZE),
				SPLICE_F_MOVE);
	KUNIT_EXPECT_GE(test, done, (ssize_t)PAGES(FOLIO_BATCH_SIZE));
	splice_expect_moved(st, done / PAGE_SIZE);
	check_cached(st);
	unregister_trace_ext4_write_end(abort_journal, journal);
	unregister_trace_ext4_da_write_end(abort_journal, journal);
	tracepoint_synchronize_unregister();
	KUNIT_EXPECT_LT(test, vfs_fsync(st->wf->file, 0), 0);
	test_pipe_drain(st->pipe);
	/* It can't be clean after that. */
	test_fs_unmount(st->fs);
	run_tool(test, "mke2fs -q -F -t %s %s", st->fs->type, st->fs->device);
}
#endif

#ifdef CONFIG_MEMCG
static void put_group(void *memcg)
{
	mem_cgroup_put(memcg);
}

static struct mem_cgroup *make_group(struct kunit *test, struct vfsmount *mnt, const char *name)
{
	struct inode *root = d_inode(mnt->mnt_root);
	struct cgroup_subsys_state *css;
	struct mem_cgroup *memcg;
	struct dentry *dentry;

	inode_lock(root);
	dentry = lookup_child(mnt->mnt_root, name);
	/* It stays, for the next test. */
	if (!IS_ERR(dentry) && d_is_negative(dentry)) {
		KUNIT_EXPECT_EQ(test, 0, mkdir_child(root, dentry, 0755));
		/* kernfs leaves it to the next lookup to find what was made. */
		dput(dentry);
		dentry = lookup_child(mnt->mnt_root, name);
	}
	inode_unlock(root);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dentry));
	css = css_tryget_online_from_dir(dentry, &memory_cgrp_subsys);
	dput(dentry);
	KUNIT_ASSERT_FALSE(test, IS_ERR(css));
	memcg = mem_cgroup_from_css(css);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_group, memcg));
	return memcg;
}

static unsigned long kernel_memory(struct mem_cgroup *memcg)
{
	css_rstat_flush(&memcg->css);
	return memcg_page_state(memcg, MEMCG_KMEM);
}

/*
 * The pages of the pipe are charged to who has filled it, as kernel memory, and
 * those of the file to who has written it.
 */
static void charged(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct vfsmount *mnt = write_file_mount(test, "cgroup2", NULL);
	struct file *control = write_file_open(test, mnt, "cgroup.subtree_control", O_WRONLY);
	struct mem_cgroup *filler, *writer, *old;
	struct folio *folio, *ordinary;
	unsigned long before, kept;
	loff_t pos = PAGES(10);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 7, kernel_write(control, "+memory", 7, NULL));
	filler = make_group(test, mnt, "filler");
	writer = make_group(test, mnt, "writer");

	before = kernel_memory(filler);
	old = set_active_memcg(filler);
	splice_put_pages(st, 4);
	KUNIT_EXPECT_EQ(test, kernel_memory(filler), before + 4);
	set_active_memcg(writer);
	splice_expect(st, 0, PAGES(4), PAGES(4), 4);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGE_SIZE,
			kernel_write(st->wf->file, st->bytes, PAGE_SIZE, &pos));
	set_active_memcg(old);
	memcpy(st->wf->model + PAGES(10), st->bytes, PAGE_SIZE);
	st->wf->size = PAGES(11);

	/* Copied pages may stay with the pipe. */
	for (i = 0, kept = 0; i < PIPE_KEPT_MAX; i++)
		kept += !!pipe_kept(get_pipe_info(st->pipe->in, false), i);
	KUNIT_EXPECT_EQ(test, kernel_memory(filler), before + kept);
	ordinary = filemap_get_folio(st->wf->file->f_mapping, 10);
	KUNIT_ASSERT_FALSE(test, IS_ERR(ordinary));
	KUNIT_EXPECT_PTR_EQ(test, folio_memcg(ordinary), writer);
	for (i = 0; i < 4; i++) {
		folio = filemap_get_folio(st->wf->file->f_mapping, i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		KUNIT_EXPECT_PTR_EQ(test, folio_memcg(folio), writer);
		folio_put(folio);
	}
	folio_put(ordinary);
	splice_settle(st);
}
#endif

/*
 * Any of the above, in any order, on a file that lives on.
 */

static void random_fill(struct splice_test *st, struct write_file *source,
			struct rnd_state *rnd)
{
	size_t len = random_below(rnd, 3) ? PAGES(1 + random_below(rnd, 20)) :
					    1 + random_below(rnd, PAGES(5));
	size_t from = random_below(rnd, PAGES(30));

	switch (random_below(rnd, 6)) {
	case 0:
		test_pipe_from_file(st->pipe, source, from, len);
		break;
	case 1:
		test_pipe_from_file(st->pipe, source, PAGES(from / PAGE_SIZE), len);
		break;
	case 2:
		test_pipe_from_nosteal(st->pipe, st->bytes + from, len);
		break;
	default:
		test_pipe_write(st->pipe, st->bytes + from, len);
	}
}

static void random_splice(struct splice_test *st, struct write_file *source,
			  struct rnd_state *rnd)
{
	unsigned int flags = random_below(rnd, 5) ? SPLICE_F_MOVE : 0;
	loff_t pos = random_below(rnd, PAGES(100));
	size_t len = random_below(rnd, 2) ? PAGES(60) : 1 + random_below(rnd, PAGES(40));
	unsigned int n;

	if (random_below(rnd, 4))
		pos = round_down(pos, PAGE_SIZE);
	for (n = random_below(rnd, 3); st->pipe->len < PAGES(20) && n < 3; n++)
		random_fill(st, source, rnd);
	if (!random_below(rnd, 4))
		fail_write_copy_arm(st->test, random_below(rnd, 4), random_below(rnd, 6),
				    STOP_ANYWHERE);
	KUNIT_EXPECT_EQ_MSG(st->test, (ssize_t)min(len, st->pipe->len) ?: -EAGAIN,
			    test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, len, flags),
			    "%s", st->wf->label);
	fail_write_copy_disarm();
	if (!flags)
		splice_expect_moved(st, 0);
	write_file_check(st->wf);
}

static void random_step(struct splice_test *st, struct write_file *source,
			struct rnd_state *rnd)
{
	switch (random_below(rnd, 14)) {
	case 0:
		write_file_truncate(st->wf, random_below(rnd, SPLICE_CAPACITY));
		break;
	case 1:
		splice_settle(st);
		break;
	case 2:
	case 3:
		splice_forget(st, st->wf);
		break;
	case 4:
		test_pipe_drain(st->pipe);
		write_file_check(source);
		splice_forget(st, source);
		write_file_check(source);
		splice_forget(st, source);
		break;
	default:
		random_splice(st, source, rnd);
	}
}

static void random_steps(struct kunit *test)
{
	struct splice_test *st = create(test);
	struct write_file *source = splice_source_on_disk(st, "-b 4096");
	struct rnd_state rnd;
	u32 seed, step;

	splice_fill_file(st, source, PAGES(60));
	for (seed = 1; seed <= 4; seed++) {
		prandom_seed_state(&rnd, seed);
		for (step = 0; step < 60; step++) {
			splice_label(st, "seed %u, step %u", seed, step);
			random_step(st, source, &rnd);
			if (READ_ONCE(test->status) == KUNIT_FAILURE)
				return;
		}
	}
	splice_settle(st);
}

static struct kunit_case splice_write_cases[] = {
	KUNIT_CASE_PARAM(whole_pages, splice_target_gen_params),
	KUNIT_CASE_PARAM(without_the_flag, splice_target_gen_params),
	KUNIT_CASE_PARAM(unaligned, splice_target_gen_params),
	KUNIT_CASE_PARAM(tail, splice_target_gen_params),
	KUNIT_CASE_PARAM(marked_pages, splice_target_gen_params),
	KUNIT_CASE_PARAM(from_sources, splice_target_gen_params),
	KUNIT_CASE_PARAM(mixture, splice_target_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(copies_stop, splice_target_gen_params),
#endif
	KUNIT_CASE_PARAM(lengths, splice_target_gen_params),
	KUNIT_CASE_PARAM(over_pages, splice_target_gen_params),
	KUNIT_CASE_PARAM(over_uncached_data, splice_disk_gen_params),
	KUNIT_CASE_PARAM(from_itself, splice_target_gen_params),
	KUNIT_CASE_PARAM(no_space, splice_limited_gen_params),
	KUNIT_CASE(tmpfs_blocks),
	KUNIT_CASE_PARAM(size_limit, splice_target_gen_params),
	KUNIT_CASE(sealed),
	KUNIT_CASE_PARAM(append, splice_target_gen_params),
	KUNIT_CASE_PARAM(append_meanwhile, splice_target_gen_params),
	KUNIT_CASE_PARAM(stacked, splice_target_gen_params),
	KUNIT_CASE_PARAM(read_only, splice_target_gen_params),
	KUNIT_CASE_PARAM(synchronous, splice_disk_gen_params),
	KUNIT_CASE_PARAM(synchronous_inode, splice_disk_gen_params),
	KUNIT_CASE_PARAM(direct, splice_disk_gen_params),
	KUNIT_CASE_PARAM(direct_into_a_hole, splice_disk_gen_params),
	KUNIT_CASE_PARAM(sync_fails, splice_disk_gen_params),
#ifdef CONFIG_SPLICE_MOVES_PAGES
	KUNIT_CASE_PARAM(journal_fails, journal_gen_params),
#endif
#ifdef CONFIG_MEMCG
	KUNIT_CASE_PARAM(charged, splice_target_gen_params),
#endif
	KUNIT_CASE_PARAM(random_steps, splice_target_gen_params),
	{}
};

static struct kunit_suite splice_write_suite = {
	.name = "splice_write",
	.test_cases = splice_write_cases,
};

kunit_test_suite(splice_write_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite for splice to files, and pages that move");
