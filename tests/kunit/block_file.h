/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file on a disk whose block map is under test control, written through the
 * buffer-head functions as ext2 does.
 */
#ifndef _WRITE_KUNIT_BLOCK_FILE_H
#define _WRITE_KUNIT_BLOCK_FILE_H

#include <kunit/test.h>
#include <linux/buffer_head.h>
#include <linux/fs.h>

#include "test_disk.h"
#include "write_file.h"

#define BLOCK_FILE_CAPACITY	(12 * PAGE_SIZE)
#define BLOCK_FILE_MAX_BLOCKS	(BLOCK_FILE_CAPACITY / 1024)
/* Twice the file, as it does not lie on the disk in one piece. */
#define BLOCK_FILE_DISK_SIZE	(2 * BLOCK_FILE_CAPACITY)

/**
 * enum block_state - what the file system knows about a block of the file
 * @BLOCK_HOLE: no block on disk; reads as zeros
 * @BLOCK_RESERVED: as a hole, but space is reserved, to be allocated by writeback
 * @BLOCK_UNWRITTEN: a block on disk, full of poison; reads as zeros
 * @BLOCK_MAPPED: a block on disk that has been written
 */
enum block_state {
	BLOCK_HOLE,
	BLOCK_RESERVED,
	BLOCK_UNWRITTEN,
	BLOCK_MAPPED,
};

/**
 * struct block_file - the file
 * @wf: the file and the model of what it must read as
 * @disk: where its blocks are
 * @mapping: its page cache
 * @inode: its inode
 * @blkbits: log2 of the block size
 * @nr_blocks: as many blocks as the model has room for
 * @state: of each block
 * @delay: blocks whose allocation is put off until writeback
 * @initialised: for cont_write_begin(): all before is allocated and written
 *
 * @fail_block: mapping this block for a write fails ...
 * @fail_error: ... with this error, unless it is 0
 * @failures: how often it did
 * @on_lock: called with a folio locked and its blocks mapped, before the copy:
 *	once for each mapping made and once for each ->write_begin()
 * @on_lock_data: for @on_lock
 *
 * @allocating: writeback is running: reserved blocks are to be allocated
 */
struct block_file {
	struct write_file *wf;
	struct test_disk *disk;
	struct address_space *mapping;
	struct inode *inode;
	unsigned int blkbits;
	unsigned int nr_blocks;
	u8 state[BLOCK_FILE_MAX_BLOCKS];
	bool delay[BLOCK_FILE_MAX_BLOCKS];
	loff_t initialised;

	sector_t fail_block;
	int fail_error;
	unsigned int failures;
	void (*on_lock)(struct block_file *bf);
	void *on_lock_data;
	bool allocating;
};

struct block_file *block_file_create(struct kunit *test, struct test_disk *disk,
				     unsigned int blocksize,
				     const struct address_space_operations *aops);
void block_file_reset(struct block_file *bf, const char *pattern, loff_t size,
		      u32 seed);

int block_file_get_block(struct inode *inode, sector_t iblock,
			 struct buffer_head *bh, int create);
void block_file_trim(struct address_space *mapping, loff_t to);

u8 *block_file_on_disk(struct block_file *bf, sector_t iblock);
struct buffer_head *block_file_buffer(struct block_file *bf,
				      struct folio *folio, sector_t iblock);
void block_file_check(struct block_file *bf);
void block_file_sync(struct block_file *bf);
void block_file_evict(struct block_file *bf);

extern const struct address_space_operations block_file_aops;
extern const struct address_space_operations block_file_cont_aops;
#ifdef CONFIG_BLOCK_PERFORM_WRITE
extern const struct address_space_operations block_file_batch_aops;
#endif

#endif /* _WRITE_KUNIT_BLOCK_FILE_H */
