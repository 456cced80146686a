// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file on a disk whose block map is under test control, written through the
 * buffer-head functions as ext2 does.
 *
 * Where a block lies on the disk is fixed, so that the map is one state per
 * block.  Blocks that nobody has written, or that have been freed, hold
 * poison: it shows when such a block is taken for data.
 *
 * write_file checks what a reader of the file sees.  The checks here are about
 * what a reader sees some day: a block that is not dirty must already be right
 * on the disk.
 */
#include <linux/backing-dev.h>
#ifdef CONFIG_BLOCK_PERFORM_WRITE
#include <linux/pagecache_write.h>
#endif
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/writeback.h>

#include "block_file.h"
#include "compat.h"

/*
 * Five blocks in a row, then two that no file owns.  A page of small blocks is
 * contiguous or not, and a write that misses its block by one is found out.
 */
#define RUN_BLOCKS	5
#define GAP_BLOCKS	2

static unsigned int disk_block(unsigned int iblock)
{
	return GAP_BLOCKS + iblock + iblock / RUN_BLOCKS * GAP_BLOCKS;
}

static bool owned_block(unsigned int block)
{
	return block >= GAP_BLOCKS &&
	       (block - GAP_BLOCKS) % (RUN_BLOCKS + GAP_BLOCKS) < RUN_BLOCKS;
}

/* What the disk has for block @iblock of the file. */
u8 *block_file_on_disk(struct block_file *bf, sector_t iblock)
{
	return bf->disk->bytes + ((size_t)disk_block(iblock) << bf->blkbits);
}

static bool needs_allocation(struct block_file *bf, sector_t iblock)
{
	return bf->state[iblock] == BLOCK_HOLE ||
	       (bf->allocating && bf->state[iblock] == BLOCK_RESERVED);
}

/* How many blocks from @iblock on, at most @max, one mapping can cover. */
static unsigned int run_length(struct block_file *bf, sector_t iblock,
			       unsigned int max, int create)
{
	unsigned int n;

	for (n = 1; n < max; n++) {
		sector_t next = iblock + n;

		if (next >= bf->nr_blocks ||
		    bf->state[next] != bf->state[iblock] ||
		    bf->delay[next] != bf->delay[iblock] ||
		    disk_block(next) != disk_block(iblock) + n ||
		    (create && bf->fail_error && next == bf->fail_block))
			break;
	}
	return n;
}

static void map_for_write(struct block_file *bf, sector_t iblock,
			  unsigned int nr, struct buffer_head *bh)
{
	if (needs_allocation(bf, iblock)) {
		bool reserve = bf->delay[iblock] && !bf->allocating;

		memset(bf->state + iblock, reserve ? BLOCK_RESERVED : BLOCK_MAPPED, nr);
		bf->initialised = max_t(loff_t, bf->initialised,
					(iblock + nr) << bf->blkbits);
		set_buffer_new(bh);
	}
	bh->b_bdev = file_bdev(bf->disk->file);
	bh->b_blocknr = disk_block(iblock);
	set_buffer_mapped(bh);
	switch (bf->state[iblock]) {
	case BLOCK_RESERVED:
		/* No such block yet: I/O there must fail. */
		bh->b_blocknr = bf->disk->size >> bf->blkbits;
		set_buffer_delay(bh);
		break;
	case BLOCK_UNWRITTEN:
		set_buffer_unwritten(bh);
		set_buffer_new(bh);
		break;
	}
}

/*
 * A run may not go on over a block that is mapped: what is delayed would be
 * reserved twice, and what is unwritten not be told from what is written.
 */
static void check_run(struct block_file *bf, sector_t iblock, unsigned int nr)
{
	sector_t next;

	for (next = iblock + 1; next < min(iblock + nr, bf->nr_blocks); next++) {
		struct folio *folio = filemap_get_folio(bf->mapping,
							next << bf->blkbits >> PAGE_SHIFT);

		if (IS_ERR(folio))
			continue;
		KUNIT_EXPECT_FALSE_MSG(bf->wf->test, folio_buffers(folio) &&
				       buffer_mapped(block_file_buffer(bf, folio, next)),
				       "a run from block %llu goes over block %llu, %s",
				       iblock, next, bf->wf->label);
		folio_put(folio);
	}
}

/* The file system's get_block_t; maps runs of blocks if asked to. */
int block_file_get_block(struct inode *inode, sector_t iblock,
			 struct buffer_head *bh, int create)
{
	struct block_file *bf = inode->i_private;
	unsigned int max = max_t(size_t, bh->b_size >> bf->blkbits, 1);
	unsigned int nr;

	if (iblock >= bf->nr_blocks)
		return create ? -EFBIG : 0;
	if (create && bf->fail_error && iblock == bf->fail_block) {
		bf->failures++;
		return bf->fail_error;
	}

	if (create)
		check_run(bf, iblock, max);
	nr = run_length(bf, iblock, max, create);
	bh->b_size = (size_t)nr << bf->blkbits;
	if (create) {
		map_for_write(bf, iblock, nr, bh);
		if (bf->on_lock && !bf->allocating)
			bf->on_lock(bf);
	} else if (bf->state[iblock] == BLOCK_MAPPED) {
		bh->b_bdev = file_bdev(bf->disk->file);
		bh->b_blocknr = disk_block(iblock);
		set_buffer_mapped(bh);
	}
	return 0;
}

static void free_blocks(struct block_file *bf, loff_t size)
{
	sector_t iblock = (size + i_blocksize(bf->inode) - 1) >> bf->blkbits;

	for (; iblock < bf->nr_blocks; iblock++) {
		if (bf->state[iblock] == BLOCK_HOLE)
			continue;
		bf->state[iblock] = BLOCK_HOLE;
		memset(block_file_on_disk(bf, iblock), DISK_POISON,
		       i_blocksize(bf->inode));
	}
}

/* A write to @to failed: free what it has allocated beyond the file. */
void block_file_trim(struct address_space *mapping, loff_t to)
{
	struct inode *inode = mapping->host;

	if (to > inode->i_size) {
		truncate_pagecache(inode, inode->i_size);
		free_blocks(inode->i_private, inode->i_size);
	}
}

static int block_file_write_begin(aops_writer_t *writer, struct address_space *mapping,
				  loff_t pos, unsigned int len,
				  struct folio **foliop, void **fsdata)
{
	struct block_file *bf = mapping->host->i_private;
	int err;

	err = block_write_begin(mapping, pos, len, foliop, block_file_get_block);
	if (err)
		block_file_trim(mapping, pos + len);
	else if (bf->on_lock)
		bf->on_lock(bf);
	return err;
}

/* For a file system without holes. */
static int block_file_cont_write_begin(aops_writer_t *writer,
				       struct address_space *mapping, loff_t pos,
				       unsigned int len, struct folio **foliop,
				       void **fsdata)
{
	struct block_file *bf = mapping->host->i_private;

	return cont_write_begin(writer, mapping, pos, len, foliop, fsdata,
				block_file_get_block, &bf->initialised);
}

static int block_file_write_end(aops_writer_t *writer, struct address_space *mapping,
				loff_t pos, unsigned int len, unsigned int copied,
				struct folio *folio, void *fsdata)
{
	int ret;

	ret = generic_write_end(writer, mapping, pos, len, copied, folio, fsdata);
	if (ret < (int)len)
		block_file_trim(mapping, pos + len);
	return ret;
}

static int block_file_read_folio(struct file *file, struct folio *folio)
{
	return block_read_full_folio(folio, block_file_get_block);
}

/* What goes to an unwritten block makes it a written one. */
static void convert_unwritten(struct block_file *bf, struct folio *folio)
{
	sector_t iblock = folio_pos(folio) >> bf->blkbits;
	struct buffer_head *head = folio_buffers(folio);
	struct buffer_head *bh = head;

	if (!head)
		return;
	do {
		if (buffer_dirty(bh) && buffer_unwritten(bh)) {
			clear_buffer_unwritten(bh);
			bf->state[iblock] = BLOCK_MAPPED;
		}
		iblock++;
		bh = bh->b_this_page;
	} while (bh != head);
}

/* Not mpage_writepages(): that knows nothing of delayed blocks. */
static int block_file_writepages(struct address_space *mapping,
				 struct writeback_control *wbc)
{
	struct block_file *bf = mapping->host->i_private;
	struct folio *folio = NULL;
	int err;

	bf->allocating = true;
	while ((folio = writeback_iter(mapping, wbc, folio, &err))) {
		convert_unwritten(bf, folio);
		err = block_write_full_folio(folio, wbc, block_file_get_block);
	}
	bf->allocating = false;
	return err;
}

/* All but what writes. */
#define BLOCK_FILE_AOPS							\
	.dirty_folio		= block_dirty_folio,			\
	.invalidate_folio	= block_invalidate_folio,		\
	.read_folio		= block_file_read_folio,		\
	.writepages		= block_file_writepages,		\
	.is_partially_uptodate	= block_is_partially_uptodate

const struct address_space_operations block_file_aops = {
	BLOCK_FILE_AOPS,
	.write_begin	= block_file_write_begin,
	.write_end	= block_file_write_end,
};

#ifdef CONFIG_BLOCK_PERFORM_WRITE
static int block_file_batch_begin(struct pagecache_write *pw)
{
	struct block_file *bf = pw->mapping->host->i_private;
	loff_t end = pw->pos + pw->len;
	int err;

	err = block_batch_begin(pw, block_file_get_block);
	if (err)
		block_file_trim(pw->mapping, end);
	else if (bf->on_lock)
		bf->on_lock(bf);
	return err;
}

static ssize_t block_file_batch_end(struct pagecache_write *pw, size_t copied)
{
	ssize_t ret = block_batch_end(pw, copied);

	if (ret < (ssize_t)pw->len)
		block_file_trim(pw->mapping, pw->pos + pw->len);
	return ret;
}

static const struct pagecache_write_ops block_file_batch_ops = {
	.begin		= block_file_batch_begin,
	.end		= block_file_batch_end,
	.max_len	= PAGECACHE_WRITE_BATCH,
};

static ssize_t block_file_perform_write(aops_writer_t *writer,
					struct address_space *mapping,
					struct iov_iter *iter, loff_t pos)
{
	return pagecache_perform_write(writer, mapping, iter, pos,
				       &block_file_batch_ops);
}

const struct address_space_operations block_file_batch_aops = {
	BLOCK_FILE_AOPS,
	.perform_write	= block_file_perform_write,
};
#endif /* CONFIG_BLOCK_PERFORM_WRITE */

const struct address_space_operations block_file_cont_aops = {
	BLOCK_FILE_AOPS,
	.write_begin	= block_file_cont_write_begin,
	.write_end	= block_file_write_end,
};

static int block_file_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			      struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int err;

	err = block_truncate_page(inode->i_mapping, attr->ia_size,
				  block_file_get_block);
	if (err)
		return err;
	truncate_setsize(inode, attr->ia_size);
	free_blocks(inode->i_private, attr->ia_size);
	return 0;
}

static const struct inode_operations block_file_iops = {
	.setattr	= block_file_setattr,
};

static const struct file_operations block_file_fops = {
	.read_iter	= generic_file_read_iter,
};

/*
 * The inode is in no hash table, so the flusher threads never see it: what is
 * dirty stays dirty until the test writes it back.
 */
static struct file *block_file_open(struct kunit *test, struct block_file *bf,
				    const struct address_space_operations *aops)
{
	struct vfsmount *mnt = write_file_mount_pseudo(test);
	struct inode *inode;

	/* Without a backing device of its own it would not be written back. */
	KUNIT_ASSERT_EQ(test, 0, super_setup_bdi(mnt->mnt_sb));

	inode = new_inode(mnt->mnt_sb);
	KUNIT_ASSERT_NOT_NULL(test, inode);
	inode->i_blkbits = bf->blkbits;
	inode->i_op = &block_file_iops;
	inode->i_private = bf;
	inode->i_mapping->a_ops = aops;
	return write_file_open_pseudo(test, mnt, inode, &block_file_fops);
}

/**
 * block_file_create - an empty file without blocks
 * @test: the test; the file goes away with it
 * @disk: of BLOCK_FILE_DISK_SIZE
 * @blocksize: at least 1024
 * @aops: block_file_aops, or others on the same functions
 */
struct block_file *block_file_create(struct kunit *test, struct test_disk *disk,
				     unsigned int blocksize,
				     const struct address_space_operations *aops)
{
	struct block_file *bf = kunit_kzalloc(test, sizeof(*bf), GFP_KERNEL);
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, bf);
	KUNIT_ASSERT_EQ(test, 0, set_blocksize(disk->file, blocksize));
	test_disk_reset(disk);
	bf->disk = disk;
	bf->blkbits = ilog2(blocksize);
	bf->nr_blocks = BLOCK_FILE_CAPACITY >> bf->blkbits;
	file = block_file_open(test, bf, aops);
	bf->inode = file_inode(file);
	bf->mapping = file->f_mapping;
	bf->wf = write_file_create(test, file, BLOCK_FILE_CAPACITY);
	return bf;
}

static void reset_block(struct block_file *bf, sector_t iblock, char kind)
{
	loff_t pos = (loff_t)iblock << bf->blkbits;
	size_t blocksize = i_blocksize(bf->inode);
	bool inside = pos < bf->wf->size;

	bf->state[iblock] = BLOCK_HOLE;
	bf->delay[iblock] = kind == 'D';
	if (inside && kind == 'M')
		bf->state[iblock] = BLOCK_MAPPED;
	else if (inside && kind == 'U')
		bf->state[iblock] = BLOCK_UNWRITTEN;

	if (bf->state[iblock] == BLOCK_MAPPED)
		memcpy(block_file_on_disk(bf, iblock), bf->wf->model + pos, blocksize);
	else
		memset(bf->wf->model + pos, 0, blocksize);
}

/**
 * block_file_reset - forget the file, the disk and all injected errors
 * @bf: the file
 * @pattern: kinds of its blocks, repeated to the end: M mapped, H hole,
 *	D hole whose allocation is delayed, U unwritten
 * @size: of the file; blocks beyond are D, or else H
 * @seed: of the content of mapped blocks
 */
void block_file_reset(struct block_file *bf, const char *pattern, loff_t size,
		      u32 seed)
{
	struct write_file *wf = bf->wf;
	struct rnd_state rnd;
	unsigned int iblock;

	bf->fail_error = 0;
	bf->failures = 0;
	bf->on_lock = NULL;
	truncate_inode_pages(bf->mapping, 0);
	test_disk_reset(bf->disk);

	inode_lock(bf->inode);
	i_size_write(bf->inode, size);
	inode_unlock(bf->inode);

	wf->size = size;
	bf->initialised = size;
	prandom_seed_state(&rnd, seed);
	prandom_bytes_state(&rnd, wf->model, size);
	memset(wf->model + size, 0, wf->capacity - size);
	for (iblock = 0; iblock < bf->nr_blocks; iblock++)
		reset_block(bf, iblock, pattern[iblock % strlen(pattern)]);
}

/* The buffer of block @iblock of the file in @folio, if it has one. */
struct buffer_head *block_file_buffer(struct block_file *bf,
				      struct folio *folio, sector_t iblock)
{
	struct buffer_head *bh = folio_buffers(folio);
	sector_t at = folio_pos(folio) >> bf->blkbits;

	while (bh && at++ < iblock)
		bh = bh->b_this_page;
	return bh;
}

static void check_on_disk(struct block_file *bf, sector_t iblock)
{
	const u8 *model = bf->wf->model + (iblock << bf->blkbits);
	size_t blocksize = i_blocksize(bf->inode);
	struct kunit *test = bf->wf->test;

	switch (bf->state[iblock]) {
	case BLOCK_MAPPED:
		KUNIT_EXPECT_TRUE_MSG(test, !memcmp(block_file_on_disk(bf, iblock),
						    model, blocksize),
				      "clean block %llu is wrong on disk, %s",
				      iblock, bf->wf->label);
		break;
	case BLOCK_RESERVED:
		KUNIT_FAIL(test, "clean block %llu has a reservation, %s",
			   iblock, bf->wf->label);
		break;
	default:
		KUNIT_EXPECT_TRUE_MSG(test, !memchr_inv(model, 0, blocksize),
				      "data of block %llu is lost, %s",
				      iblock, bf->wf->label);
	}
}

static void check_mapping(struct block_file *bf, sector_t iblock,
			  struct buffer_head *bh)
{
	struct kunit *test = bf->wf->test;
	const char *label = bf->wf->label;
	u8 state = bf->state[iblock];

	KUNIT_EXPECT_NE_MSG(test, state, BLOCK_HOLE,
			    "block %llu is mapped to a free block, %s", iblock, label);
	KUNIT_EXPECT_EQ_MSG(test, buffer_delay(bh), state == BLOCK_RESERVED,
			    "buffer_delay of block %llu, %s", iblock, label);
	KUNIT_EXPECT_EQ_MSG(test, buffer_unwritten(bh), state == BLOCK_UNWRITTEN,
			    "buffer_unwritten of block %llu, %s", iblock, label);
	if (state != BLOCK_RESERVED)
		KUNIT_EXPECT_EQ_MSG(test, bh->b_blocknr, disk_block(iblock),
				    "mapping of block %llu, %s", iblock, label);
}

static void check_buffer(struct block_file *bf, struct folio *folio,
			 sector_t iblock, struct buffer_head *bh)
{
	struct kunit *test = bf->wf->test;
	const char *label = bf->wf->label;
	loff_t pos = (loff_t)iblock << bf->blkbits;

	KUNIT_EXPECT_FALSE_MSG(test, buffer_new(bh),
			       "block %llu is left new, %s", iblock, label);
	KUNIT_EXPECT_FALSE_MSG(test, buffer_locked(bh),
			       "block %llu is left locked, %s", iblock, label);
	if (buffer_mapped(bh))
		check_mapping(bf, iblock, bh);
	if (buffer_dirty(bh))
		KUNIT_EXPECT_TRUE_MSG(test, buffer_mapped(bh) && buffer_uptodate(bh) &&
				      folio_test_dirty(folio),
				      "dirty block %llu: state %lx, folio dirty %d, %s",
				      iblock, bh->b_state, folio_test_dirty(folio), label);
	/* Also if the folio is not: it will be, and this block won't be read. */
	if (buffer_uptodate(bh))
		KUNIT_EXPECT_TRUE_MSG(test, !memcmp(bh->b_data, bf->wf->model + pos,
						    bh->b_size),
				      "uptodate block %llu is wrong in memory, %s",
				      iblock, label);
}

static void check_block(struct block_file *bf, sector_t iblock)
{
	loff_t pos = (loff_t)iblock << bf->blkbits;
	struct buffer_head *bh = NULL;
	struct folio *folio;

	folio = filemap_get_folio(bf->mapping, pos / PAGE_SIZE);
	if (!IS_ERR(folio)) {
		bh = block_file_buffer(bf, folio, iblock);
		if (bh)
			check_buffer(bf, folio, iblock, bh);
	}
	if (pos >= bf->wf->size)
		KUNIT_EXPECT_EQ_MSG(bf->wf->test, bf->state[iblock], BLOCK_HOLE,
				    "block %llu past the end is still allocated, %s",
				    iblock, bf->wf->label);
	if (!bh || !buffer_dirty(bh))
		check_on_disk(bf, iblock);
	if (!IS_ERR(folio))
		folio_put(folio);
}

/*
 * Compare block map, buffers and disk with the model: nothing is allocated
 * past the end, no buffer is in a state that outlives a write only by mistake,
 * and what is not dirty is on disk.
 */
void block_file_check(struct block_file *bf)
{
	size_t blocksize = i_blocksize(bf->inode);
	unsigned int nr = bf->disk->size >> bf->blkbits;
	unsigned int block;

	for (block = 0; block < bf->nr_blocks; block++)
		check_block(bf, block);
	for (block = 0; block < nr; block++) {
		if (owned_block(block))
			continue;
		KUNIT_EXPECT_TRUE_MSG(bf->wf->test,
				      !memchr_inv(bf->disk->bytes + block * blocksize,
						  DISK_POISON, blocksize),
				      "block %u of the disk was hit, %s",
				      block, bf->wf->label);
	}
}

/* Write everything back, after which nothing may be dirty. */
void block_file_sync(struct block_file *bf)
{
	KUNIT_EXPECT_EQ_MSG(bf->wf->test, 0, filemap_write_and_wait(bf->mapping),
			    "writeback, %s", bf->wf->label);
	KUNIT_EXPECT_FALSE_MSG(bf->wf->test,
			       mapping_tagged(bf->mapping, PAGECACHE_TAG_DIRTY),
			       "dirty after writeback, %s", bf->wf->label);
	block_file_check(bf);
}

/* Write back, forget the page cache, and read everything from disk. */
void block_file_evict(struct block_file *bf)
{
	block_file_sync(bf);
	KUNIT_EXPECT_EQ_MSG(bf->wf->test, 0, invalidate_inode_pages2(bf->mapping),
			    "eviction, %s", bf->wf->label);
	write_file_check(bf->wf);
}
