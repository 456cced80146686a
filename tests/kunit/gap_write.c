// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for files that grow over a gap, on each filesystem.
 *
 * A mapping of the page that a file ends in shows bytes behind the end, too, and can
 * store to them.  They are not the file's.  Whatever makes it grow, and however far,
 * what lies between the old end and what is written reads as zeros: at once, in the
 * mapping and after it was read again from disk.  What is stored there from then on
 * is the file's, and stays.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "splice_file.h"
#include "user_mem.h"

#define MAPPED		PAGES(12)
#define STALE		0x5a
#define LATER		0x33

/* What makes the file grow; @pos is behind its end, of zeros if nothing is written. */
struct way {
	const char *name;
	ssize_t (*grow)(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len);
	/* How far the file goes then. */
	bool to_pos;
	/* What nobody needs to support. */
	bool optional;
};

static ssize_t by_iter(struct splice_test *st, struct file *file, struct user_iter *ui,
		       loff_t pos)
{
	ssize_t written = vfs_iter_write(file, &ui->iter, &pos, 0);

	if (written > 0)
		memcpy(st->wf->model + pos - written, ui->source, written);
	return written;
}

static ssize_t by_write(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, um, 512, len);
	return by_iter(st, st->wf->file, &ui, pos);
}

static ssize_t by_writev(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	struct user_iter ui;

	user_iter_pieces(&ui, um, 1, 77, len);
	return by_iter(st, st->wf->file, &ui, pos);
}

static ssize_t by_direct_write(struct splice_test *st, struct user_mem *um, loff_t pos,
			       size_t len)
{
	struct file *file = splice_open(st, "file", O_RDWR | O_DIRECT);
	struct user_iter ui;
	ssize_t written;

	user_iter_ubuf(&ui, um, 0, len);
	written = by_iter(st, file, &ui, pos);
	splice_close(st, file);
	return written;
}

static ssize_t by_splice(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	test_pipe_write(st->pipe, st->bytes, len);
	return test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, len, 0);
}

static ssize_t by_moving_pages(struct splice_test *st, struct user_mem *um, loff_t pos,
			       size_t len)
{
	test_pipe_write(st->pipe, st->bytes, len);
	return test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, len, SPLICE_F_MOVE);
}

static ssize_t by_truncate(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	return vfs_truncate(&st->wf->file->f_path, pos) ?: len;
}

static ssize_t by_fallocate(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	return vfs_fallocate(st->wf->file, 0, pos, len) ?: len;
}

static ssize_t by_zero_range(struct splice_test *st, struct user_mem *um, loff_t pos, size_t len)
{
	return vfs_fallocate(st->wf->file, FALLOC_FL_ZERO_RANGE, pos, len) ?: len;
}

/* Bytes of the page that the file ends in, which a mapping can store to. */
static const loff_t ends[] = {
	100, 1024, 1100, PAGES(2) + 2500, PAGES(3) - 1,
};

static const struct {
	loff_t from_end;	/* of the page that the file ends in, ... */
	loff_t at;		/* ... or, if that is 0, in this page */
	size_t len;
} gaps[] = {
	{ 0, 500, 50 },
	{ 0, 3000, 50 },
	{ 0, 3000, PAGES(2) },
	{ 0, PAGE_SIZE - 1, 1 },
	{ PAGE_SIZE, 0, PAGES(2) },
	{ PAGE_SIZE, 9, 50 },
	{ PAGES(2), 0, PAGE_SIZE },
	{ PAGES(3), 1536, PAGES(3) + 7 },
};

/**
 * struct gap_test - a file that is mapped and stored to behind its end
 * @st: the file
 * @um: what is written to it
 * @addr: where the file is mapped
 */
struct gap_test {
	struct splice_test *st;
	struct user_mem *um;
	unsigned long addr;
};

static struct gap_test *gap_test_create(struct kunit *test)
{
	struct gap_test *gt = kunit_kzalloc(test, sizeof(*gt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gt);
	gt->st = splice_test_create(test, test->param_value);
	gt->um = user_mem_create(test, PAGES(8), 1);
	gt->addr = splice_map(gt->st, gt->st->wf->file, MAPPED, MAP_SHARED);
	return gt;
}

static void store(struct gap_test *gt, loff_t pos, u8 byte, size_t len)
{
	static u8 bytes[PAGE_SIZE];

	memset(bytes, byte, len);
	KUNIT_ASSERT_EQ_MSG(gt->st->test, 0UL,
			    copy_to_user((void __user *)(gt->addr + (size_t)pos), bytes, len),
			    "storing at %lld, %s", pos, gt->st->wf->label);
}

static void check_bytes(struct gap_test *gt, loff_t pos, const u8 *bytes, size_t len,
			const char *seen)
{
	struct write_file *wf = gt->st->wf;
	size_t i;

	for (i = 0; i < len && bytes[i] == wf->model[pos + i]; i++)
		;
	KUNIT_EXPECT_EQ_MSG(gt->st->test, i, len, "first wrong byte %s is %lld, %#x, %s", seen,
			    pos + i, bytes[i], wf->label);
}

/* Read, and through the mapping; what the page has behind the end is no matter. */
static void check_reads(struct gap_test *gt)
{
	struct write_file *wf = gt->st->wf;
	static u8 bytes[PAGE_SIZE];
	loff_t at;

	KUNIT_EXPECT_EQ_MSG(gt->st->test, i_size_read(file_inode(wf->file)), wf->size,
			    "i_size, %s", wf->label);
	for (at = 0; at < wf->size && !write_file_failed(wf); at += PAGE_SIZE) {
		size_t len = min_t(loff_t, wf->size - at, PAGE_SIZE);
		loff_t pos = at;

		KUNIT_EXPECT_EQ_MSG(gt->st->test, (ssize_t)len,
				    kernel_read(wf->file, bytes, PAGE_SIZE, &pos), "%s",
				    wf->label);
		check_bytes(gt, at, bytes, len, "read");
		KUNIT_EXPECT_EQ_MSG(gt->st->test, 0UL,
				    copy_from_user(bytes, (void __user *)(gt->addr + (size_t)at),
						   len), "%s", wf->label);
		check_bytes(gt, at, bytes, len, "in the mapping");
	}
}

/* A file of @end bytes, stored to behind them, and written back in between or not. */
static void make_file(struct gap_test *gt, loff_t end, bool synced)
{
	size_t len = PAGE_SIZE - offset_in_page(end);

	splice_fresh_file(gt->st, 0);
	splice_fill_file(gt->st, gt->st->wf, end);
	store(gt, end, STALE, len);
	if (synced) {
		KUNIT_ASSERT_EQ(gt->st->test, 0, vfs_fsync(gt->st->wf->file, 0));
		store(gt, end + len - 1, STALE, 1);
	}
}

/* Return: whether that is possible. */
static bool grow(struct gap_test *gt, const struct way *way, loff_t pos, size_t len)
{
	struct write_file *wf = gt->st->wf;
	ssize_t grown = way->grow(gt->st, gt->um, pos, len);

	if (way->optional && grown == -EOPNOTSUPP) {
		splice_fresh_file(gt->st, 0);
		return false;
	}
	KUNIT_EXPECT_EQ_MSG(gt->st->test, (ssize_t)len, grown, "return value, %s", wf->label);
	wf->size = max_t(loff_t, wf->size, way->to_pos ? pos : pos + len);
	return true;
}

/* Lets the file grow over all that was stored; then as it is on disk. */
static void finish(struct gap_test *gt)
{
	struct write_file *wf = gt->st->wf;

	check_reads(gt);
	KUNIT_EXPECT_EQ_MSG(gt->st->test, 0, vfs_truncate(&wf->file->f_path, MAPPED), "%s",
			    wf->label);
	wf->size = MAPPED;
	check_reads(gt);
	splice_forget(gt->st, wf);
	check_reads(gt);
	write_file_check(wf);
}

static void grow_over(struct gap_test *gt, const struct way *way, loff_t end, loff_t pos,
		      size_t len, bool synced)
{
	splice_label(gt->st, "%s, from %lld to %lld, %zu%s", way->name, end, pos, len,
		     synced ? ", synced" : "");
	make_file(gt, end, synced);
	if (grow(gt, way, pos, len))
		finish(gt);
}

/* The next gap from @end on; Return: whether there is one. */
static bool next_gap(loff_t end, unsigned int *i, loff_t *pos, size_t *len)
{
	for (; *i < ARRAY_SIZE(gaps); ++*i) {
		*pos = round_down(end, PAGE_SIZE) + gaps[*i].from_end + gaps[*i].at;
		*len = gaps[*i].len;
		if (*pos > end) {
			++*i;
			return true;
		}
	}
	return false;
}

static void settle(struct gap_test *gt)
{
	KUNIT_ASSERT_EQ(gt->st->test, 0, vm_munmap(gt->addr, MAPPED));
	if (write_file_failed(gt->st->wf))
		return;
	splice_label(gt->st, "at the end");
	splice_settle(gt->st);
}

static void grow_by(struct kunit *test, const struct way *way)
{
	struct gap_test *gt = gap_test_create(test);
	unsigned int e, i, synced;
	loff_t pos;
	size_t len;

	for (e = 0; e < ARRAY_SIZE(ends); e++) {
		for (synced = 0; synced < 2; synced++) {
			for (i = 0; next_gap(ends[e], &i, &pos, &len); ) {
				grow_over(gt, way, ends[e], pos, len, synced);
				if (write_file_failed(gt->st->wf))
					break;
			}
		}
	}
	settle(gt);
}

static void written(struct kunit *test)
{
	grow_by(test, &(struct way){ "write", by_write });
}

static void written_from_pieces(struct kunit *test)
{
	grow_by(test, &(struct way){ "writev", by_writev });
}

static void spliced(struct kunit *test)
{
	grow_by(test, &(struct way){ "splice", by_splice });
}

static void moved(struct kunit *test)
{
	grow_by(test, &(struct way){ "splice that moves", by_moving_pages });
}

static void truncated(struct kunit *test)
{
	grow_by(test, &(struct way){ "truncate", by_truncate, .to_pos = true });
}

static void allocated(struct kunit *test)
{
	grow_by(test, &(struct way){ "fallocate", by_fallocate, .optional = true });
}

static void zeroed(struct kunit *test)
{
	grow_by(test, &(struct way){ "zero range", by_zero_range, .optional = true });
}

/* Whole blocks, behind the page that the file ends in or in it. */
static void written_directly(struct kunit *test)
{
	static const loff_t places[] = { 1024, 2048, PAGES(1), PAGES(2) + 1024, PAGES(3) };
	const struct way way = { "direct write", by_direct_write };
	struct gap_test *gt = gap_test_create(test);
	size_t bs = i_blocksize(file_inode(gt->st->wf->file));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && !write_file_failed(gt->st->wf); i++) {
		if (places[i] % bs)
			continue;
		grow_over(gt, &way, 100, places[i], bs, false);
		grow_over(gt, &way, 100, places[i], PAGES(2), false);
	}
	settle(gt);
}

/*
 * Can the mapping be stored to without a fault, of which the filesystem would hear?
 * It has been stored to, so there is a page table, which nobody else uses.
 */
static bool stores_unheard(struct gap_test *gt, loff_t pos)
{
	unsigned long addr = gt->addr + (size_t)pos;
	pte_t pte = ptep_get(pte_offset_kernel(pmd_off(current->mm, addr), addr));

	return pte_present(pte) && pte_write(pte);
}

/* Did the page that the file ended in get blocks behind that, up to @pos? */
static bool has_new_blocks(struct gap_test *gt, loff_t end, loff_t pos)
{
	loff_t next = round_up(end, i_blocksize(file_inode(gt->st->wf->file)));

	return offset_in_page(next) && pos > next;
}

static void store_later(struct gap_test *gt, const struct way *way, loff_t end, loff_t pos,
			size_t len)
{
	size_t gap = min_t(loff_t, pos, round_up(end, PAGE_SIZE)) - end;

	splice_label(gt->st, "%s, from %lld to %lld, %zu", way->name, end, pos, len);
	make_file(gt, end, false);
	if (!grow(gt, way, pos, len))
		return;
	if (has_new_blocks(gt, end, pos))
		KUNIT_EXPECT_FALSE_MSG(gt->st->test, stores_unheard(gt, end), "%s",
				       gt->st->wf->label);
	store(gt, end, LATER, gap);
	memset(gt->st->wf->model + end, LATER, gap);
	finish(gt);
}

/*
 * What is stored to the gap by a mapping that could store there before is the
 * file's now, although it was nobody's then.  The filesystem has to hear of it where
 * that takes blocks.
 */
static void stored_later(struct kunit *test)
{
	static const struct way ways[] = {
		{ "write", by_write }, { "splice that moves", by_moving_pages },
		{ "truncate", by_truncate, .to_pos = true },
		{ "fallocate", by_fallocate, .optional = true },
	};
	struct gap_test *gt = gap_test_create(test);
	unsigned int w, e, i;
	loff_t pos;
	size_t len;

	for (w = 0; w < ARRAY_SIZE(ways); w++) {
		for (e = 0; e < ARRAY_SIZE(ends); e++) {
			for (i = 0; next_gap(ends[e], &i, &pos, &len); ) {
				store_later(gt, &ways[w], ends[e], pos, len);
				if (write_file_failed(gt->st->wf))
					break;
			}
		}
	}
	settle(gt);
}

static void stored_after_direct_write(struct kunit *test)
{
	static const loff_t places[] = { 2048, PAGES(1), PAGES(2) };
	const struct way way = { "direct write", by_direct_write };
	struct gap_test *gt = gap_test_create(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && !write_file_failed(gt->st->wf); i++)
		if (!(places[i] % i_blocksize(file_inode(gt->st->wf->file))))
			store_later(gt, &way, 100, places[i], PAGES(1));
	settle(gt);
}

static struct kunit_case gap_write_cases[] = {
	KUNIT_CASE_PARAM(written, splice_any_gen_params),
	KUNIT_CASE_PARAM(written_from_pieces, splice_any_gen_params),
	KUNIT_CASE_PARAM(written_directly, splice_disk_gen_params),
	KUNIT_CASE_PARAM(spliced, splice_any_gen_params),
	KUNIT_CASE_PARAM(moved, splice_any_gen_params),
	KUNIT_CASE_PARAM(truncated, splice_any_gen_params),
	KUNIT_CASE_PARAM(allocated, splice_any_gen_params),
	KUNIT_CASE_PARAM(zeroed, splice_any_gen_params),
	KUNIT_CASE_PARAM(stored_later, splice_any_gen_params),
	KUNIT_CASE_PARAM(stored_after_direct_write, splice_disk_gen_params),
	{}
};

static struct kunit_suite gap_write_suite = {
	.name = "gap_write",
	.test_cases = gap_write_cases,
};

kunit_test_suite(gap_write_suite);

MODULE_DESCRIPTION("KUnit tests of files that grow over a gap");
MODULE_LICENSE("GPL");
