// SPDX-License-Identifier: GPL-2.0-only
/*
 * generic_cont_expand_simple(), which extends files that can't have holes, as
 * truncate(2) does on FAT: everything up to the new end is allocated, and zero.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "block_file.h"
#include "compat.h"

#define PAGES(n)	((n) * PAGE_SIZE)

static const unsigned int block_sizes[] = { 1024, 2048, 4096 };

static void block_size_desc(const unsigned int *blocksize, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%uk blocks", *blocksize / 1024);
}

KUNIT_ARRAY_PARAM(block_size, block_sizes, block_size_desc);

static const loff_t sizes[] = {
	0, 1, 100, 1023, 1024, 1025, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1,
	PAGES(2) - 1000, PAGES(2) + 1024, PAGES(5) + 7, PAGES(8),
};

static struct test_disk *suite_disk;

static int expand_write_suite_init(struct kunit_suite *suite)
{
	suite_disk = test_disk_create_claimed(BLOCK_FILE_DISK_SIZE);
	return PTR_ERR_OR_ZERO(suite_disk);
}

static void expand_write_suite_exit(struct kunit_suite *suite)
{
	test_disk_destroy(suite_disk);
}

static struct block_file *expand_file(struct kunit *test)
{
	const unsigned int *blocksize = test->param_value;

	write_file_poison_free_memory(test);
	return block_file_create(test, suite_disk, *blocksize, &block_file_cont_aops);
}

static int expand(struct block_file *bf, loff_t to)
{
	int err;

	inode_lock(bf->inode);
	err = generic_cont_expand_simple(bf->inode, to);
	inode_unlock(bf->inode);
	return err;
}

/* All of the file is there, in memory and on the disk. */
static void check_expanded(struct block_file *bf)
{
	struct write_file *wf = bf->wf;
	unsigned int block;

	write_file_check(wf);
	for (block = 0; (loff_t)block << bf->blkbits < wf->size; block++)
		KUNIT_EXPECT_EQ_MSG(wf->test, bf->state[block], BLOCK_MAPPED,
				    "block %u, %s", block, wf->label);
	block_file_check(bf);
	block_file_evict(bf);
}

/* From each size to each that is larger. */
static void expand_from_size_to_size(struct kunit *test)
{
	struct block_file *bf = expand_file(test);
	struct write_file *wf = bf->wf;
	unsigned int from, to;

	for (from = 0; from < ARRAY_SIZE(sizes); from++) {
		for (to = from + 1; to < ARRAY_SIZE(sizes); to++) {
			write_file_label(wf, "from %lld to %lld", sizes[from], sizes[to]);
			block_file_reset(bf, "M", sizes[from], from + 1);
			KUNIT_EXPECT_EQ_MSG(test, 0, expand(bf, sizes[to]), "%s", wf->label);
			wf->size = sizes[to];
			check_expanded(bf);
		}
	}
}

/* The disk is full before the file is as long as it shall be. */
static void expand_to_full_disk(struct kunit *test)
{
	struct block_file *bf = expand_file(test);
	struct write_file *wf = bf->wf;
	unsigned int block;

	for (block = 1; block < PAGES(3) >> bf->blkbits; block++) {
		write_file_label(wf, "no block %u", block);
		block_file_reset(bf, "M", 500, block);
		bf->fail_block = block;
		bf->fail_error = -ENOSPC;
		KUNIT_EXPECT_EQ_MSG(test, -ENOSPC, expand(bf, PAGES(3)), "%s", wf->label);
		/* As truncate does after that. */
		block_file_trim(bf->mapping, PAGES(3));
		wf->size = i_size_read(bf->inode);
		KUNIT_EXPECT_GE_MSG(test, wf->size, 500, "%s", wf->label);
		KUNIT_EXPECT_LE_MSG(test, wf->size, (loff_t)block << bf->blkbits, "%s",
				    wf->label);
		check_expanded(bf);
	}
}

#ifdef CONFIG_BLOCK_PERFORM_WRITE
/*
 * Zeroes that the filesystem does not take.  The untouched kernel has a BUG()
 * for that, which would take the other tests with it.  The patch that removes it
 * sets no symbol, as it is one of the fixes; this one is set by a later patch.
 */
static unsigned int refused_call, calls;
static int refused_error;	/* or 0, if only half of the zeroes is refused */

static int refusing_write_begin(aops_writer_t *writer, struct address_space *mapping,
				loff_t pos, unsigned int len, struct folio **foliop,
				void **fsdata)
{
	return block_file_cont_aops.write_begin(writer, mapping, pos, len, foliop, fsdata);
}

static int refusing_write_end(aops_writer_t *writer, struct address_space *mapping,
			      loff_t pos, unsigned int len, unsigned int copied,
			      struct folio *folio, void *fsdata)
{
	bool refused = ++calls == refused_call;
	int accepted;

	if (refused)
		copied = refused_error ? 0 : copied / 2;
	accepted = block_file_cont_aops.write_end(writer, mapping, pos, len, copied, folio,
						  fsdata);
	return refused && refused_error ? refused_error : accepted;
}

static const struct address_space_operations refusing_aops = {
	.dirty_folio		= block_dirty_folio,
	.invalidate_folio	= block_invalidate_folio,
	.write_begin		= refusing_write_begin,
	.write_end		= refusing_write_end,
};

static void expand_refused(struct kunit *test, int error)
{
	struct block_file *bf = expand_file(test);
	struct write_file *wf = bf->wf;

	refused_error = error;
	for (refused_call = 1; refused_call <= 4; refused_call++) {
		write_file_label(wf, "call %u", refused_call);
		block_file_reset(bf, "M", 500, refused_call);
		calls = 0;
		bf->mapping->a_ops = &refusing_aops;
		KUNIT_EXPECT_EQ_MSG(test, error ?: -EIO, expand(bf, PAGES(3) + 100), "%s",
				    wf->label);
		bf->mapping->a_ops = &block_file_cont_aops;
		KUNIT_EXPECT_EQ_MSG(test, calls, refused_call, "%s", wf->label);
		wf->size = i_size_read(bf->inode);
		KUNIT_EXPECT_LT_MSG(test, wf->size, PAGES(3) + 100, "%s", wf->label);
		bf->initialised = wf->size;
		check_expanded(bf);

		/* The next attempt goes on from there. */
		KUNIT_EXPECT_EQ_MSG(test, 0, expand(bf, PAGES(3) + 100), "%s", wf->label);
		wf->size = PAGES(3) + 100;
		check_expanded(bf);
	}
}

static void expand_zeroes_refused(struct kunit *test)
{
	expand_refused(test, 0);
}

static void expand_zeroes_fail(struct kunit *test)
{
	expand_refused(test, -EDQUOT);
}
#endif

static struct kunit_case expand_write_cases[] = {
	KUNIT_CASE_PARAM(expand_from_size_to_size, block_size_gen_params),
	KUNIT_CASE_PARAM(expand_to_full_disk, block_size_gen_params),
#ifdef CONFIG_BLOCK_PERFORM_WRITE
	KUNIT_CASE_PARAM(expand_zeroes_refused, block_size_gen_params),
	KUNIT_CASE_PARAM(expand_zeroes_fail, block_size_gen_params),
#endif
	{}
};

static struct kunit_suite expand_write_suite = {
	.name = "expand_write",
	.suite_init = expand_write_suite_init,
	.suite_exit = expand_write_suite_exit,
	.test_cases = expand_write_cases,
};

kunit_test_suite(expand_write_suite);

MODULE_DESCRIPTION("KUnit tests of extending files without holes");
MODULE_LICENSE("GPL");
