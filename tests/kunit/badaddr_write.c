// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for writes from where nothing can be read, the plainest that fail: on
 * each filesystem, to each kind of place in a file.
 *
 * A kernel may look at the source before it asks the filesystem for a place to put
 * it, or after.  Nobody can tell from the file: that is what it was, its size and its
 * blocks included.
 */
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/stat.h>
#include <linux/statfs.h>

#include "compat.h"
#include "splice_file.h"
#include "user_mem.h"

/* The pages of the source of which the first two can be read. */
#define UNMAPPED	2
#define PROTECTED	7
#define MEM_PAGES	12

/**
 * struct place - where to write
 * @name: of the place
 * @data: so many bytes the file has
 * @size: and so many with the hole behind them
 * @pos: where in the file
 * @no_space: where a full disk may have been noticed first
 */
struct place {
	const char *name;
	loff_t data;
	loff_t size;
	loff_t pos;
	bool no_space;
};

/* What a write that fails must not have used up. */
struct usage {
	u64 blocks;
	u64 free;
};

static struct usage usage(struct splice_test *st)
{
	const struct path *path = &st->wf->file->f_path;
	struct kstatfs statfs = {};
	struct kstat stat = {};

	KUNIT_EXPECT_EQ(st->test, 0, vfs_getattr(path, &stat, STATX_BLOCKS, 0));
	KUNIT_EXPECT_EQ(st->test, 0, vfs_statfs(path, &statfs));
	return (struct usage){ stat.blocks, statfs.f_bfree };
}

/* A source of @len bytes; Return: what it is, or NULL if that was the last. */
static const char *bad_source(struct user_iter *ui, struct user_mem *um, unsigned int kind,
			      size_t len)
{
	const struct user_seg segs[] = {
		{ 0, 0 }, { PAGES(UNMAPPED), len }, { 100, 200 },
	};

	switch (kind) {
	case 0:
		user_iter_ubuf(ui, um, PAGES(UNMAPPED), len);
		return "unmapped";
	case 1:
		user_iter_ubuf(ui, um, PAGES(PROTECTED), len);
		return "protected";
	case 2:
		user_iter_iovec(ui, um, segs, ARRAY_SIZE(segs));
		return "before what can be read";
	default:
		return NULL;
	}
}

static void refuse(struct splice_test *st, struct user_iter *ui, const struct place *place)
{
	struct usage before = usage(st), after;
	ssize_t written = write_file_write_iter(st->wf, st->wf->file, place->pos, &ui->iter,
						ui->source);

	if (!place->no_space || written != -ENOSPC)
		KUNIT_EXPECT_EQ_MSG(st->test, -EFAULT, written, "%s", st->wf->label);
	after = usage(st);
	/* On ramfs who looks at a hole fills it, and the check of the file does. */
	if (place->data == place->size ||
	    file_inode(st->wf->file)->i_sb->s_magic != RAMFS_MAGIC)
		KUNIT_EXPECT_EQ_MSG(st->test, before.blocks, after.blocks,
				    "blocks of the file, %s", st->wf->label);
	KUNIT_EXPECT_EQ_MSG(st->test, before.free, after.free, "free blocks, %s",
			    st->wf->label);
}

/* With nothing of the file cached, and with all of it. */
static void refuse_all(struct splice_test *st, struct user_mem *um, const struct place *place)
{
	static const size_t lens[] = { 1, 1000, PAGE_SIZE, PAGES(3) + 7 };
	unsigned int i, kind;
	struct user_iter ui;
	const char *source;

	for (kind = 0; (source = bad_source(&ui, um, kind, 1)); kind++) {
		for (i = 0; i < 2 * ARRAY_SIZE(lens); i++) {
			size_t len = lens[i / 2];

			splice_label(st, "%s, %zu bytes, %s, %s", place->name, len, source,
				     i & 1 ? "cached" : "not cached");
			bad_source(&ui, um, kind, len);
			if (!(i & 1))
				write_file_drop_clean(st->wf);
			refuse(st, &ui, place);
			/* It is not the file any more that the model is of. */
			if (write_file_failed(st->wf))
				return;
		}
	}
}

static struct user_mem *memory(struct kunit *test)
{
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), 1);

	user_mem_unmap(um, PAGES(UNMAPPED), PAGES(PROTECTED - UNMAPPED));
	user_mem_protect(um, PAGES(PROTECTED), PAGES(MEM_PAGES - PROTECTED), PROT_NONE);
	return um;
}

static void make_file(struct splice_test *st, const struct place *place)
{
	splice_label(st, "making the file, %s", place->name);
	splice_fresh_file(st, 0);
	if (place->data)
		splice_fill_file(st, st->wf, place->data);
	write_file_truncate(st->wf, place->size);
	splice_forget(st, st->wf);
	write_file_poison_free_memory(st->test);
}

/* Nothing of what failed is in the way. */
static void write_there(struct splice_test *st, struct user_mem *um, const struct place *place)
{
	struct user_iter ui;

	splice_label(st, "the write after it, %s", place->name);
	user_iter_ubuf(&ui, um, 50, PAGE_SIZE);
	KUNIT_EXPECT_EQ_MSG(st->test, (ssize_t)PAGE_SIZE,
			    write_file_write_iter(st->wf, st->wf->file, place->pos, &ui.iter,
						  ui.source),
			    "%s", st->wf->label);
	splice_settle(st);
}

static void refuse_at(struct kunit *test, const struct place *places, unsigned int nr)
{
	struct splice_test *st = splice_test_create(test, test->param_value);
	struct user_mem *um = memory(test);
	unsigned int p;

	for (p = 0; p < nr; p++) {
		make_file(st, &places[p]);
		refuse_all(st, um, &places[p]);
		if (write_file_failed(st->wf))
			return;
		write_there(st, um, &places[p]);
	}
}

static void before_the_end(struct kunit *test)
{
	static const struct place places[] = {
		{ "page", PAGES(8), PAGES(8), PAGES(2) },
		{ "in a page", PAGES(8), PAGES(8), PAGES(2) + 100 },
		{ "last bytes", PAGES(3) + 77, PAGES(3) + 77, PAGES(3) + 70 },
	};

	refuse_at(test, places, ARRAY_SIZE(places));
}

static void at_the_end(struct kunit *test)
{
	static const struct place places[] = {
		{ "end", PAGES(3), PAGES(3), PAGES(3) },
		{ "end in a page", PAGES(3) + 77, PAGES(3) + 77, PAGES(3) + 77 },
		{ "end of a few bytes", 5, 5, 5 },
	};

	refuse_at(test, places, ARRAY_SIZE(places));
}

/* Where the file ends is far from where the write would have begun. */
static void behind_the_end(struct kunit *test)
{
	static const struct place places[] = {
		{ "same page", 5, 5, 700 },
		{ "next page", PAGES(2) + 100, PAGES(2) + 100, PAGES(3) },
		{ "far", 5, 5, PAGES(128) },
		{ "far, in a page", PAGES(2), PAGES(2), PAGES(128) + 300 },
		{ "far, behind a hole", PAGES(1), PAGES(9) + 7, PAGES(128) },
	};

	refuse_at(test, places, ARRAY_SIZE(places));
}

static void into_a_hole(struct kunit *test)
{
	static const struct place places[] = {
		{ "hole", 0, PAGES(20), PAGES(10) },
		{ "hole, in a page", 100, PAGES(20), PAGES(10) + 300 },
		{ "hole at the end", PAGES(2), PAGES(20) - 9, PAGES(20) - 100 },
	};

	refuse_at(test, places, ARRAY_SIZE(places));
}

static void to_an_empty_file(struct kunit *test)
{
	static const struct place places[] = {
		{ "empty", 0, 0, 0 },
		{ "empty, in a page", 0, 0, 300 },
		{ "empty, far", 0, 0, PAGES(100) },
	};

	refuse_at(test, places, ARRAY_SIZE(places));
}

/* Of two reasons to fail, either may be told. */
static void on_a_full_disk(struct kunit *test)
{
	static const struct place places[] = {
		{ "page", PAGES(8), PAGES(40), PAGES(2) },
		{ "in a page", PAGES(8), PAGES(40), PAGES(2) + 100 },
		{ "hole", PAGES(8), PAGES(40), PAGES(20) + 100, true },
		{ "end", PAGES(8), PAGES(40), PAGES(40), true },
		{ "far", PAGES(8), PAGES(40), PAGES(128) + 300, true },
	};
	struct splice_test *st = splice_test_create(test, test->param_value);
	struct user_mem *um = memory(test);
	unsigned int p;

	make_file(st, &places[0]);
	splice_fill_disk(st, 0);
	for (p = 0; p < ARRAY_SIZE(places); p++) {
		refuse_all(st, um, &places[p]);
		if (write_file_failed(st->wf))
			return;
	}
	splice_free_disk(st);
	for (p = 0; p < ARRAY_SIZE(places); p++)
		write_there(st, um, &places[p]);
}

static struct kunit_case badaddr_write_cases[] = {
	KUNIT_CASE_PARAM(before_the_end, splice_any_gen_params),
	KUNIT_CASE_PARAM(at_the_end, splice_any_gen_params),
	KUNIT_CASE_PARAM(behind_the_end, splice_any_gen_params),
	KUNIT_CASE_PARAM(into_a_hole, splice_any_gen_params),
	KUNIT_CASE_PARAM(to_an_empty_file, splice_any_gen_params),
	KUNIT_CASE_PARAM(on_a_full_disk, splice_any_limited_gen_params),
	{}
};

static struct kunit_suite badaddr_write_suite = {
	.name = "badaddr_write",
	.test_cases = badaddr_write_cases,
};

kunit_test_suite(badaddr_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes from where nothing can be read");
MODULE_LICENSE("GPL");
