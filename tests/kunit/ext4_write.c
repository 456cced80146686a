// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for buffered writes to ext3 and ext4: real file systems, as mke2fs
 * makes them, mounted in each of their journal modes, with and without delayed
 * allocation, written as write(2) does from user memory that is not all there,
 * and on disks that fill up or fail.
 *
 * After every write the file is compared with its model in the page cache, after
 * mounting again from disk, and e2fsck has to find nothing.  Nothing here depends
 * on which of the operations a write goes through.
 */
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/quota.h>
#include <linux/quotaops.h>
#include <linux/sizes.h>
#include <linux/statfs.h>
#include <linux/vmalloc.h>

#include "../fs/ext4/ext4.h"
#include "../fs/ext4/ext4_jbd2.h"
#include "compat.h"
#include "ext4_searches.h"
#include "fail_usercopy.h"
#include "journal_credits.h"
#include "test_fs.h"
#include "user_mem.h"
#include "user_trap.h"
#include "write_batches.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
/* More than a batch, of 31 pages, holds. */
#define MEM_PAGES	36
#define CAPACITY	PAGES(80)
#define DISK_SIZE	SZ_8M

/*
 * Nothing is to be written back behind the back of a check that looks for locked
 * folios, so a journal commits only when it has to.
 */
#define NO_COMMITS	"commit=1000,"

/**
 * struct setup - a way to make and to mount a file system
 * @name: of the parameter
 * @type: for mke2fs and mount
 * @mkfs: options of mke2fs; all have small inode tables, which is quick
 * @mount: options of mount
 * @quirks: what tests have to know of it
 */
struct setup {
	const char *name;
	const char *type;
	const char *mkfs;
	const char *mount;
	unsigned int quirks;
};

#define DELALLOC	BIT(0)	/* blocks are allocated by writeback */
#define CLUSTERS	BIT(1)	/* space goes in units larger than a block */
#define UNORDERED	BIT(2)	/* a size may be on the disk before its data */
#define ENCRYPTED	BIT(3)	/* what is on the disk is not what was written */

static const struct setup setups[] = {
	{ "ext3, 1k, ordered", "ext3", "-b 1024 -m 0 -N 64", NO_COMMITS "data=ordered" },
	{ "ext3, 4k, ordered", "ext3", "-b 4096 -m 0 -N 64", NO_COMMITS "data=ordered" },
	{ "ext3, 1k, writeback", "ext3", "-b 1024 -m 0 -N 64", NO_COMMITS "data=writeback",
	  UNORDERED },
	{ "ext3, 1k, journal", "ext3", "-b 1024 -m 0 -N 64", NO_COMMITS "data=journal" },
	{ "ext3, 4k, journal", "ext3", "-b 4096 -m 0 -N 64", NO_COMMITS "data=journal" },
	{ "ext4, 1k, nodelalloc", "ext4", "-b 1024 -m 0 -N 64", NO_COMMITS "nodelalloc" },
	{ "ext4, 1k, journal", "ext4", "-b 1024 -m 0 -N 64", NO_COMMITS "data=journal" },
	{ "ext4, 1k, delalloc", "ext4", "-b 1024 -m 0 -N 64", NO_COMMITS "delalloc", DELALLOC },
	{ "ext4, 4k, delalloc", "ext4", "-b 4096 -m 0 -N 64", NO_COMMITS "delalloc", DELALLOC },
	{ "ext4 without extents, 1k, delalloc", "ext4",
	  "-b 1024 -m 0 -N 64 -O ^extent,^flex_bg,^64bit", NO_COMMITS "delalloc", DELALLOC },
	{ "ext4, 1k, delalloc, dioread_lock", "ext4", "-b 1024 -m 0 -N 64",
	  NO_COMMITS "delalloc,dioread_lock", DELALLOC },
	{ "ext4, 4k, inline data", "ext4", "-b 4096 -m 0 -N 64 -I 256 -O inline_data",
	  NO_COMMITS "delalloc", DELALLOC },
	{ "ext4, 1k, bigalloc", "ext4", "-b 1024 -m 0 -N 64 -O bigalloc -C 16384",
	  NO_COMMITS "nodelalloc", CLUSTERS },
	{ "ext4, 1k, bigalloc, delalloc", "ext4", "-b 1024 -m 0 -N 64 -O bigalloc -C 16384",
	  NO_COMMITS "delalloc", CLUSTERS | DELALLOC },
	{ "ext4, 1k, encrypted", "ext4", "-b 1024 -m 0 -N 64 -O encrypt",
	  NO_COMMITS "delalloc,test_dummy_encryption", DELALLOC | ENCRYPTED },
	/* Last, for crash_gen_params(). */
	{ "ext4, 1k, no journal", "ext4", "-b 1024 -m 0 -N 64 -O ^has_journal", "nodelalloc" },
};

KUNIT_ARRAY_PARAM_DESC(setup, setups, name);

struct ext4_test {
	struct kunit *test;
	const struct setup *setup;
	struct test_fs *fs;
	struct write_file *wf;
	struct user_mem *um;
};

static struct ext4_test *ext4_test_create_on(struct kunit *test, const struct setup *setup,
					     size_t size)
{
	struct ext4_test *et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, et);
	et->test = test;
	et->setup = setup;
	et->fs = test_fs_create(test, setup->type, setup->mkfs, setup->mount, size);
	et->wf = test_fs_write_file(et->fs, "file", O_RDWR, CAPACITY);
	et->um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	return et;
}

static struct ext4_test *ext4_test_create(struct kunit *test)
{
	return ext4_test_create_on(test, test->param_value, DISK_SIZE);
}

static size_t blocksize(struct ext4_test *et)
{
	return i_blocksize(file_inode(et->wf->file));
}

/* What space is taken by. */
static size_t unit(struct ext4_test *et)
{
	return et->setup->quirks & CLUSTERS ? 16384 : blocksize(et);
}

static ssize_t write_iter(struct ext4_test *et, loff_t pos, struct user_iter *ui)
{
	return write_file_write_iter(et->wf, et->wf->file, pos, &ui->iter, ui->source);
}

static void expect_written(struct ext4_test *et, ssize_t expected, ssize_t written)
{
	KUNIT_EXPECT_EQ_MSG(et->test, expected, written, "return value, %s", et->wf->label);
}

/* Write @len bytes of user memory from @source on, which must go well. */
static void write_user(struct ext4_test *et, loff_t pos, size_t source, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, et->um, source, len);
	expect_written(et, len, write_iter(et, pos, &ui));
}

/* ... or of which nothing can be copied. */
static void write_fails(struct ext4_test *et, loff_t pos, size_t source, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, et->um, source, len);
	fail_usercopy_arm(et->test, 0, FAIL_ALWAYS);
	expect_written(et, -EFAULT, write_iter(et, pos, &ui));
}

static int remove_name(struct file *file)
{
	/* With another reference to it the dentry stays that of the inode. */
	struct dentry *dentry = dget(file_dentry(file));
	struct inode *dir = d_inode(dentry->d_parent);
	int err;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	err = vfs_unlink(file_mnt_idmap(file), dir, dentry, NULL);
	inode_unlock(dir);
	dput(dentry);
	return err;
}

/* In bytes, with what delayed allocation has reserved. */
static u64 space_used(struct ext4_test *et)
{
	struct kstat stat;

	KUNIT_ASSERT_EQ(et->test, 0, vfs_getattr(&et->wf->file->f_path, &stat, STATX_BLOCKS,
						 AT_STATX_SYNC_AS_STAT));
	return stat.blocks << SECTOR_SHIFT;
}

/* For data that is on the disk, nothing is reserved any more. */
static void check_reservations(struct ext4_test *et)
{
	u64 blocks = file_inode(et->wf->file)->i_blocks;

	/* What is in the inode is counted, too. */
	if (blocks)
		KUNIT_EXPECT_EQ_MSG(et->test, blocks << SECTOR_SHIFT, space_used(et),
				    "blocks and reservations, %s", et->wf->label);
}

/* The file as it must be found on disk, by a kernel that knows nothing of it. */
static void check_on_disk(struct ext4_test *et)
{
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	check_reservations(et);
	test_fs_check(et->fs);
	write_file_check(et->wf);
}

/*
 * After a write that write_file_write_iter() can't check, since what was written
 * is not dirty, or can't be read: it ended at @end.
 */
static void take_over(struct ext4_test *et, loff_t end, const u8 *source, ssize_t written)
{
	struct write_file *wf = et->wf;

	if (written > 0) {
		memcpy(wf->model + end - written, source, written);
		wf->size = max(wf->size, end);
	}
	write_file_check(wf);
}

static u64 space_left(struct ext4_test *et)
{
	struct kstatfs statfs;

	KUNIT_ASSERT_EQ(et->test, 0, vfs_statfs(&et->wf->file->f_path, &statfs));
	return statfs.f_bavail * statfs.f_bsize;
}

/*
 * What is in the file before a write, at PAGES(4) and around: data, a hole, or
 * nothing, as it ends before.  Where it ends, it ends inside of a block.  Where
 * the file system can't allocate without writing, there is a hole, or nothing.
 */
enum before {
	BEFORE_DATA,
	BEFORE_HOLE,
	BEFORE_MIXED,
	BEFORE_UNWRITTEN,
	BEFORE_END,
	BEFORE_ALLOCATED,
	BEFORE_FAR_END,
	BEFORE_NOTHING,
	NR_BEFORE,
};

static const char * const before_names[] = {
	[BEFORE_DATA]		= "data",
	[BEFORE_HOLE]		= "hole",
	[BEFORE_MIXED]		= "data and holes",
	[BEFORE_UNWRITTEN]	= "data and unwritten blocks",
	[BEFORE_END]		= "end",
	[BEFORE_ALLOCATED]	= "end, with blocks allocated behind it",
	[BEFORE_FAR_END]	= "far beyond the end",
	[BEFORE_NOTHING]	= "empty file",
};

static void allocate(struct ext4_test *et, int mode, loff_t pos, loff_t len)
{
	int err = vfs_fallocate(et->wf->file, mode, pos, len);

	KUNIT_ASSERT_TRUE_MSG(et->test, !err || err == -EOPNOTSUPP, "fallocate: %d, %s",
			      err, et->wf->label);
}

/* The file as it is to be, nothing of it cached, and all free memory poisoned. */
static void fresh_file(struct ext4_test *et, enum before before)
{
	loff_t pos;

	write_file_label(et->wf, "before the write");
	write_file_truncate(et->wf, 0);
	switch (before) {
	case BEFORE_DATA:
		write_user(et, 0, 0, PAGES(MEM_PAGES));
		write_user(et, PAGES(MEM_PAGES), 77, PAGES(20));
		break;
	case BEFORE_HOLE:
		write_file_truncate(et->wf, PAGES(70) + 100);
		break;
	case BEFORE_MIXED:
		for (pos = 300; pos < PAGES(50); pos += PAGES(3))
			write_user(et, pos, pos % 1000, PAGES(1) + 99);
		break;
	case BEFORE_UNWRITTEN:
		write_file_truncate(et->wf, PAGES(50));
		allocate(et, 0, 0, PAGES(50));
		for (pos = 300; pos < PAGES(40); pos += PAGES(5))
			write_user(et, pos, pos % 1000, 1024);
		break;
	case BEFORE_END:
		write_user(et, 0, 0, PAGES(4) + 100);
		break;
	case BEFORE_ALLOCATED:
		write_user(et, 0, 0, PAGES(4) + 100);
		allocate(et, FALLOC_FL_KEEP_SIZE, 0, PAGES(40));
		break;
	case BEFORE_FAR_END:
		write_user(et, 0, 0, 100);
		break;
	default:
		break;
	}
	KUNIT_ASSERT_EQ(et->test, 0, vfs_fsync(et->wf->file, 0));
	write_file_drop_clean(et->wf);
	write_file_poison_free_memory(et->test);
}

static const struct {
	loff_t pos;
	size_t len;
} places[] = {
	{ PAGES(4) + 100,	1 },
	{ PAGES(4),		1024 },
	{ PAGES(4) + 100,	PAGE_SIZE },
	{ PAGES(5),		PAGE_SIZE },
	{ PAGES(4) + 1024,	PAGES(2) + 100 },
	{ PAGES(4) + 100,	PAGES(MEM_PAGES) - 200 },
	{ PAGES(8),		PAGES(31) },
};

/* To each kind of file: bytes, pages, and more than a batch. */
static void writes(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	enum before before;
	unsigned int i;

	for (before = 0; before < NR_BEFORE; before++) {
		for (i = 0; i < ARRAY_SIZE(places) && !write_file_failed(et->wf); i++) {
			fresh_file(et, before);
			write_file_label(et->wf, "%s, %zu bytes at %lld",
					 before_names[before], places[i].len,
					 places[i].pos);
			write_user(et, places[i].pos, 13 * i, places[i].len);
		}
		check_on_disk(et);
	}
}

/* Blocks of the file in memory, on disk, or both, as the write finds them. */
static void overwrites(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	loff_t pos;

	fresh_file(et, BEFORE_MIXED);
	for (pos = 100; pos < PAGES(40); pos += 7 * 1024) {
		write_file_label(et->wf, "a part, at %lld", pos);
		write_user(et, pos, pos % 1000, 3000);
	}
	write_file_label(et->wf, "all of it, dirty");
	write_user(et, 50, 0, PAGES(MEM_PAGES));
	test_fs_remount(et->fs);
	for (pos = 100; pos < PAGES(30); pos += PAGES(2) + 1024) {
		write_file_label(et->wf, "a part of a clean file, at %lld", pos);
		write_user(et, pos, 5, 2000);
	}
	write_file_label(et->wf, "all of it, some dirty");
	write_user(et, 150, 9, PAGES(MEM_PAGES) - 9);
	check_on_disk(et);
}

/*
 * A block was found unwritten, by zeroing a part of it, and is not any more when
 * the next write comes: what is there has to be read, and what comes written.
 */
static void found_unwritten(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	write_file_label(et->wf, "a hole punched inside of a block");
	write_file_truncate(et->wf, PAGES(8));
	allocate(et, 0, 0, PAGES(8));
	write_file_poison_free_memory(test);
	allocate(et, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGES(1) + 100, 50);
	/* So near that the blocks between are zeroed, instead of kept unwritten. */
	write_user(et, 0, 0, PAGES(1));
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	write_user(et, PAGES(1) + 700, 9, 8000);
	check_on_disk(et);

	write_file_label(et->wf, "cut inside of a block");
	write_file_truncate(et->wf, 0);
	write_file_truncate(et->wf, PAGES(16));
	allocate(et, 0, 0, PAGES(16));
	write_file_truncate(et->wf, 100);
	write_user(et, 0, 3, PAGES(2));
	check_on_disk(et);
}

/* Appending as a log does, by a file that is open for that, up to CAPACITY. */
static void appends(struct kunit *test)
{
	static const size_t lens[] = { 1, 100, 1023, 1024, PAGE_SIZE, PAGES(12) + 1, 333 };
	struct ext4_test *et = ext4_test_create(test);
	struct file *log = test_fs_open(et->fs, "file", O_WRONLY | O_APPEND);
	unsigned int i;

	for (i = 0; et->wf->size + PAGES(13) < CAPACITY; i++) {
		loff_t pos = et->wf->size;
		struct user_iter ui;
		ssize_t written;

		write_file_label(et->wf, "append %u", i);
		user_iter_ubuf(&ui, et->um, i, lens[i % ARRAY_SIZE(lens)]);
		/* What is in the inode is not dirty. */
		written = vfs_iter_write(log, &ui.iter, &pos, 0);
		expect_written(et, lens[i % ARRAY_SIZE(lens)], written);
		take_over(et, pos, ui.source, written);
	}
	test_fs_close(et->fs, log);
	check_on_disk(et);
}

/*
 * A batch searches for free blocks once.  At the start of a file with indirect blocks
 * it does so for the slots in the inode, for an indirect block, and for its slots.
 */
static void searches_once_for_a_batch(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	/* A small journal has credits for the data of half of it at once. */
	int batches = strstr(et->setup->mount, "data=journal") ? 2 : 1;
	atomic_t *searches;

	if (!IS_ENABLED(CONFIG_EXT4_PERFORM_WRITE))
		kunit_skip(test, "ext4 has no batches");
	if (et->setup->quirks & CLUSTERS)
		kunit_skip(test, "goes page by page");
#ifdef HAS_FS_LAYER_CRYPTO
	if (et->setup->quirks & ENCRYPTED)
		kunit_skip(test, "goes page by page");
#endif
	searches = count_ext4_searches(test);
	write_file_label(et->wf, "a new file");
	write_user(et, 0, 0, SZ_64K);
	KUNIT_ASSERT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
	KUNIT_EXPECT_LE(test, atomic_read(searches), 2 + batches);

	/* What is remembered of holes is forgotten. */
	test_fs_remount(et->fs);
	atomic_set(searches, 0);
	write_file_label(et->wf, "appended");
	write_user(et, SZ_64K, 0, SZ_64K);
	KUNIT_ASSERT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
	KUNIT_EXPECT_GE(test, atomic_read(searches), 1);
	KUNIT_EXPECT_LE(test, atomic_read(searches), batches);
	check_on_disk(et);
}

/*
 * An append to the last block, which is on disk already, so that writeback has
 * nothing to allocate: the new size must get there all the same.
 */
static void append_to_allocated_block(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	write_user(et, 0, 0, PAGES(2) + 100);
	KUNIT_ASSERT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
	write_file_label(et->wf, "inside of the last block");
	write_user(et, PAGES(2) + 100, 5, 200);
	check_on_disk(et);
	write_file_label(et->wf, "over pages, and inside of the last block");
	write_user(et, 100, 9, PAGES(2) + 300);
	check_on_disk(et);
	write_file_label(et->wf, "up to the end of the last block");
	write_user(et, PAGES(2) + 400, 5, blocksize(et) - 400);
	check_on_disk(et);
}

/* Each write is on disk when it returns. */
static void synchronous(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct file *file = test_fs_open(et->fs, "file", O_WRONLY | O_SYNC);
	struct user_iter ui;
	ssize_t written;
	loff_t pos;

	user_iter_ubuf(&ui, et->um, 3, PAGES(33));
	pos = 200;
	written = vfs_iter_write(file, &ui.iter, &pos, 0);
	expect_written(et, PAGES(33), written);
	take_over(et, pos, ui.source, written);
	KUNIT_EXPECT_FALSE(test, mapping_tagged(file->f_mapping, PAGECACHE_TAG_DIRTY));
	test_fs_close(et->fs, file);
	check_on_disk(et);
}

#define HOLE	7	/* the page of the source that is not there */

static const struct {
	const char *name;
	unsigned int nr_segs;
	struct user_seg segs[4];
} sources[] = {
	{ "hole on the first byte", 1, { { PAGES(HOLE), PAGES(2) } } },
	{ "hole after one byte", 1, { { PAGES(HOLE) - 1, PAGES(2) } } },
	{ "hole at a page border", 1, { { PAGES(HOLE - 4), PAGES(9) } } },
	{ "hole inside of a block", 1, { { PAGES(HOLE - 5) + 1234, PAGES(9) } } },
	{ "hole in the second segment", 3, { { 5, 700 }, { PAGES(HOLE), 700 }, { 9, 5000 } } },
	{ "hole behind an empty segment", 4,
	  { { 9, 0 }, { 5, 700 }, { 9, 0 }, { PAGES(HOLE), 700 } } },
	{ "no hole, small segments", 4, { { 5, 7 }, { 9, 0 }, { 1, PAGES(5) }, { 50, 900 } } },
};

/* What comes before the hole is written. */
static void source_with_hole(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	enum before before;
	unsigned int i;

	for (before = 0; before < NR_BEFORE; before++) {
		for (i = 0; i < ARRAY_SIZE(sources) && !write_file_failed(et->wf); i++) {
			struct user_iter ui;

			user_mem_protect(et->um, 0, et->um->len, PROT_READ | PROT_WRITE);
			fresh_file(et, before);
			if (i & 1)
				user_mem_unmap(et->um, PAGES(HOLE), PAGE_SIZE);
			else
				user_mem_protect(et->um, PAGES(HOLE), PAGE_SIZE, PROT_NONE);
			write_file_label(et->wf, "%s, %s", before_names[before],
					 sources[i].name);
			user_iter_iovec(&ui, et->um, sources[i].segs, sources[i].nr_segs);
			expect_written(et, ui.readable ?: -EFAULT,
				       write_iter(et, PAGES(4) + 300, &ui));
		}
		user_mem_protect(et->um, 0, et->um->len, PROT_READ | PROT_WRITE);
		check_on_disk(et);
	}
}

static const struct {
	unsigned int skip;
	int times;
} failures[] = {
	{ 0, 1 }, { 0, 2 }, { 0, FAIL_ALWAYS }, { 1, 1 }, { 1, FAIL_ALWAYS }, { 3, 2 },
};

/*
 * Copies fail although the source was faulted in: blocks were allocated, or
 * reserved, for data that does not come.  When the call returns, and not later,
 * what it took beyond the end of the file is given back.
 */
static void copies_fail(struct kunit *test)
{
	static const struct user_seg segs[] = {
		{ 10, 300 }, { 800, PAGES(2) + 50 }, { 77, 1024 }, { PAGES(3), PAGES(20) },
	};
	struct ext4_test *et = ext4_test_create(test);
	enum before before;
	unsigned int i;

	for (before = 0; before < NR_BEFORE; before++) {
		for (i = 0; i < ARRAY_SIZE(failures) && !write_file_failed(et->wf); i++) {
			struct user_iter ui;
			ssize_t written;
			size_t count;
			u64 used;

			fresh_file(et, before);
			used = space_used(et);
			write_file_label(et->wf, "%s, copies %u to %d fail",
					 before_names[before], failures[i].skip,
					 failures[i].times);
			user_iter_iovec(&ui, et->um, segs, ARRAY_SIZE(segs));
			count = iov_iter_count(&ui.iter);
			fail_usercopy_arm(test, failures[i].skip, failures[i].times);
			written = write_iter(et, PAGES(4) + 300, &ui);
			if (failures[i].times != FAIL_ALWAYS)
				expect_written(et, count, written);
			else if (!failures[i].skip)
				expect_written(et, -EFAULT, written);
			else
				KUNIT_EXPECT_TRUE_MSG(test, written > 0 && written < count,
						      "returned %zd, %s", written,
						      et->wf->label);
			if (written >= 0 || before < BEFORE_END)
				continue;
			/* Where blocks were allocated, that truncates the file. */
			if (before == BEFORE_ALLOCATED && !(et->setup->quirks & DELALLOC))
				KUNIT_EXPECT_GE_MSG(test, used, space_used(et),
						    "space used, %s", et->wf->label);
			else
				KUNIT_EXPECT_EQ_MSG(test, used, space_used(et),
						    "space used, %s", et->wf->label);
		}
		check_on_disk(et);
	}
}

/*
 * A write beyond the end of the file of which nothing can be copied leaves the
 * file as long as it was.
 */
static void failure_beyond_end_keeps_size(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	write_user(et, 0, 0, PAGES(1) + 100);
	/* Each failure another page: the first is not uptodate, the second is new. */
	write_file_label(et->wf, "in the last page");
	write_fails(et, PAGES(1) + 300, 5, 500);

	write_file_label(et->wf, "far beyond");
	write_fails(et, PAGES(20) + 300, 5, PAGES(3));
	/* What was left behind must not come to light. */
	write_file_truncate(et->wf, CAPACITY);
	check_on_disk(et);
}

/* Two pages of the source that are never there together. */
static void source_always_zapped(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	enum before before;
	struct user_iter ui;

	for (before = 0; before < NR_BEFORE; before++) {
		fresh_file(et, before);
		write_file_label(et->wf, "%s", before_names[before]);
		user_trap_set(et->um, PAGES(2), PAGES(2), TRAP_ALWAYS, false);
		user_iter_ubuf(&ui, et->um, PAGES(3) - 704, 1400);
		expect_written(et, 1400, write_iter(et, PAGES(4) + 304, &ui));
		user_mem_protect(et->um, 0, et->um->len, PROT_READ | PROT_WRITE);
	}
	check_on_disk(et);
}

/* The source is a mapping of the file, to be faulted in with nothing locked. */
static void from_itself(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct user_iter ui;

	write_user(et, 0, 0, PAGES(20));
	test_fs_remount(et->fs);
	write_file_map(et->wf);

	write_file_label(et->wf, "the same page");
	write_file_iter(et->wf, &ui, 100, 1000);
	expect_written(et, 1000, write_iter(et, 2100, &ui));
	write_file_label(et->wf, "the same bytes");
	write_file_iter(et->wf, &ui, PAGES(2) + 100, 3000);
	expect_written(et, 3000, write_iter(et, PAGES(2) + 100, &ui));
	write_file_label(et->wf, "other pages");
	write_file_iter(et->wf, &ui, PAGES(4) + 50, PAGES(6));
	expect_written(et, PAGES(6), write_iter(et, PAGES(12) - 7, &ui));
	write_file_label(et->wf, "from the start to the end");
	write_file_iter(et->wf, &ui, 0, PAGES(12));
	expect_written(et, PAGES(12), write_iter(et, PAGES(20), &ui));
	check_on_disk(et);
}

/* Take all space but about @left bytes. */
static void fill_disk(struct ext4_test *et, size_t left)
{
	struct file *filler = test_fs_open(et->fs, "filler", O_RDWR);
	u8 *page = kunit_kzalloc(et->test, PAGE_SIZE, GFP_KERNEL);
	u64 unused = space_left(et);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(et->test, page);
	while (pos < SZ_16M && unused > left) {
		ssize_t n = kernel_write(filler, page,
					 clamp_t(u64, unused - left, 1024, PAGE_SIZE), &pos);

		if (n == -ENOSPC)
			break;
		KUNIT_ASSERT_GT(et->test, n, 0);
		/* With what delayed allocation has not yet taken. */
		if (pos % SZ_256K < PAGE_SIZE || unused < left + SZ_64K)
			KUNIT_ASSERT_EQ(et->test, 0, vfs_fsync(filler, 0));
		unused = space_left(et);
	}
	KUNIT_ASSERT_EQ(et->test, 0, vfs_fsync(filler, 0));
	test_fs_close(et->fs, filler);
}

/*
 * The disk is full in the middle of a write: what fits is written, then there is
 * an error, and nothing is lost or left over.
 */
static void disk_full(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	/* For blocks that map others, and what the file system keeps for itself. */
	size_t slack = 8 * unit(et);
	unsigned int i;

	for (i = 0; i < 4 && !write_file_failed(et->wf); i++) {
		loff_t pos = i & 1 ? PAGES(3) + 700 : 0;
		size_t total = 0;
		ssize_t written;
		loff_t end;
		u64 left;

		write_file_label(et->wf, "round %u", i);
		write_file_truncate(et->wf, 0);
		/* Into a hole, and at the end. */
		if (i & 2)
			write_file_truncate(et->wf, CAPACITY);
		KUNIT_ASSERT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
		fill_disk(et, PAGES(16) + i * 1024);
		left = space_left(et);
		do {
			struct user_iter ui;

			user_iter_ubuf(&ui, et->um, 0, PAGES(MEM_PAGES));
			/* Before it gives up, ext4 commits, and all gets clean. */
			end = pos + total;
			written = vfs_iter_write(et->wf->file, &ui.iter, &end, 0);
			take_over(et, end, ui.source, written);
			if (written > 0)
				total += written;
		} while (written > 0 && total < PAGES(40));
		expect_written(et, -ENOSPC, written);
		KUNIT_EXPECT_GT_MSG(test, total + slack, left, "used of what was left, %s",
				    et->wf->label);
		check_on_disk(et);
		expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	}
	/* All of it can be had again. */
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&test_fs_open(et->fs, "filler", O_RDWR)->f_path, 0));
	write_file_label(et->wf, "space again");
	write_user(et, 0, 0, PAGES(MEM_PAGES));
}

/*
 * What a handle is started for is promised to it, and missing for others.  A batch asks
 * for what a page asks for, and for the data that is journalled.
 */
static void promises_no_more_than_a_page(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	atomic_t *most = watch_journal_credits(test);
	int page, data = 0;

	/* Or the first copy is short, and what was allocated in vain is freed. */
	user_mem_populate(et->um, 0, PAGES(31));
	write_user(et, 0, 0, PAGES(1));
	page = atomic_xchg(most, 0);
	/* What is delayed needs no handle, but maybe for the time of the file. */
	if (!(et->setup->quirks & DELALLOC))
		KUNIT_EXPECT_GT(test, page, 0);
	write_user(et, PAGES(1), 0, PAGES(31));
	if (ext4_should_journal_data(file_inode(et->wf->file)))
		data = PAGES(30) / blocksize(et);
	KUNIT_EXPECT_LE(test, atomic_read(most), page + data + 4);
	check_on_disk(et);
}

/*
 * Of a disk that is full but for @left bytes, free a unit every @step bytes of the
 * first @len of what fills it.
 */
static void free_single_units(struct ext4_test *et, size_t left, loff_t len, size_t step)
{
	struct file *filler;
	loff_t pos;

	fill_disk(et, left);
	filler = test_fs_open(et->fs, "filler", O_RDWR);
	len = min(len, i_size_read(file_inode(filler)));
	for (pos = 0; pos < len; pos += step)
		KUNIT_ASSERT_EQ(et->test, 0, vfs_fallocate(filler, FALLOC_FL_PUNCH_HOLE |
							   FALLOC_FL_KEEP_SIZE, pos,
							   unit(et)));
	/* It can be had after a commit. */
	KUNIT_ASSERT_EQ(et->test, 0, vfs_fsync(filler, 0));
}

/* What is free lies in single blocks, so that a batch has as many runs as blocks. */
static void fragmented(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	free_single_units(et, PAGES(8), 4 * CAPACITY, 2 * unit(et));
	write_file_label(et->wf, "an empty file");
	write_user(et, 300, 0, PAGES(MEM_PAGES));
	write_file_label(et->wf, "an append");
	write_user(et, 300 + PAGES(MEM_PAGES), 77, PAGES(MEM_PAGES) - 77);
	check_on_disk(et);
}

/*
 * Write, with reads of the byte at @bad of the file failing, and only then
 * compare, which is not to meet the error.
 */
static ssize_t write_with_bad_block(struct ext4_test *et, loff_t pos, size_t len, loff_t bad)
{
	struct user_iter ui;
	ssize_t written;

	/* The journal may hold on to what was read. */
	test_fs_remount(et->fs);
	et->fs->disk->fail_pos = test_fs_locate(et->wf->file, bad);
	et->fs->disk->fail_reads = UINT_MAX;
	user_iter_ubuf(&ui, et->um, 11, len);
	written = vfs_iter_write(et->wf->file, &ui.iter, &pos, 0);
	et->fs->disk->fail_reads = 0;
	take_over(et, pos, ui.source, written);
	return written;
}

/* The first or the last block of a write, which has to be read, can't be. */
static void block_unreadable(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	ssize_t written;

	write_user(et, 0, 0, PAGES(MEM_PAGES));
	write_file_label(et->wf, "first block");
	expect_written(et, -EIO, write_with_bad_block(et, PAGES(2) + 100, PAGES(5), PAGES(2)));
	write_file_label(et->wf, "only block");
	expect_written(et, -EIO, write_with_bad_block(et, PAGES(2) + 100, 50, PAGES(2)));
	write_file_label(et->wf, "last block");
	written = write_with_bad_block(et, PAGES(2), PAGES(5) + 2 * 1024 + 100,
				       PAGES(7) + round_down(2 * 1024, blocksize(et)));
	/* All pages before, and maybe the blocks that come first in the last. */
	KUNIT_EXPECT_TRUE_MSG(test, written >= (ssize_t)PAGES(5) &&
			      written <= PAGES(5) + 2 * 1024,
			      "returned %zd, %s", written, et->wf->label);
	write_file_label(et->wf, "a block that is overwritten");
	expect_written(et, PAGES(5), write_with_bad_block(et, PAGES(10), PAGES(5), PAGES(12)));
	check_on_disk(et);
}

/* A quota ends in the middle of a write. */
static ssize_t write_under_quota(struct ext4_test *et, loff_t pos, size_t len)
{
	const struct cred *old = write_file_obey_limits(et->test);
	struct user_iter ui;
	ssize_t written;

	user_iter_ubuf(&ui, et->um, 0, len);
	written = write_iter(et, pos, &ui);
	write_file_revert_creds(old);
	return written;
}

/* A file system with this feature is no ext3, however its files are mapped. */
#define QUOTA_INDIRECT	"quota,^extent,^flex_bg,^64bit,^metadata_csum"

static const struct setup quota_setups[] = {
	{ "indirect, 1k, ordered", "ext4", "-b 1024 -m 0 -N 64 -O " QUOTA_INDIRECT,
	  NO_COMMITS "nodelalloc,data=ordered,usrquota" },
	{ "indirect, 4k, journal", "ext4", "-b 4096 -m 0 -N 64 -O " QUOTA_INDIRECT,
	  NO_COMMITS "data=journal,usrquota" },
	{ "ext4, 1k, nodelalloc", "ext4", "-b 1024 -m 0 -N 64 -O quota",
	  NO_COMMITS "nodelalloc,usrquota" },
	{ "ext4, 1k, delalloc", "ext4", "-b 1024 -m 0 -N 64 -O quota",
	  NO_COMMITS "delalloc,usrquota", DELALLOC },
};

KUNIT_ARRAY_PARAM_DESC(quota, quota_setups, name);

static void quota_exceeded(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create_on(test, test->param_value, DISK_SIZE);
	struct super_block *sb = file_inode(et->wf->file)->i_sb;
	struct kqid qid = make_kqid_uid(GLOBAL_ROOT_UID);
	const size_t allowed = PAGES(14);
	struct qc_dqblk dq;
	ssize_t written;

	KUNIT_ASSERT_EQ(test, 0, sb->s_qcop->get_dqblk(sb, qid, &dq));
	dq.d_fieldmask = QC_SPC_HARD;
	dq.d_spc_hardlimit = dq.d_space + allowed;
	KUNIT_ASSERT_EQ(test, 0, sb->s_qcop->set_dqblk(sb, qid, &dq));

	write_file_label(et->wf, "up to the limit");
	written = write_under_quota(et, 500, PAGES(30));
	/* Blocks that map others take their part. */
	KUNIT_EXPECT_TRUE_MSG(test, written <= (ssize_t)allowed &&
			      written + 500 + 4 * blocksize(et) >= allowed,
			      "returned %zd", written);
	write_file_label(et->wf, "at the limit");
	expect_written(et, -EDQUOT, write_under_quota(et, PAGES(40), PAGES(2)));
	KUNIT_EXPECT_EQ(test, 0, sb->s_qcop->get_dqblk(sb, qid, &dq));
	KUNIT_EXPECT_LE(test, dq.d_space, dq.d_spc_hardlimit);
	write_file_label(et->wf, "overwriting what is there");
	expect_written(et, PAGES(10), write_under_quota(et, 600, PAGES(10)));
	/* e2fsck counts what the quota file has, too. */
	check_on_disk(et);
}

static const struct setup verity_setups[] = {
	{ "1k, delalloc", "ext4", "-b 1024 -m 0 -N 64 -O verity", NO_COMMITS "delalloc" },
	{ "1k, journal", "ext4", "-b 1024 -m 0 -N 64 -O verity", NO_COMMITS "data=journal" },
	{ "4k, nodelalloc", "ext4", "-b 4096 -m 0 -N 64 -O verity", NO_COMMITS "nodelalloc" },
};

KUNIT_ARRAY_PARAM_DESC(verity, verity_setups, name);

static long enable_verity(struct ext4_test *et, struct file *file)
{
	struct fsverity_enable_arg arg = {
		.version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = blocksize(et),
	};
	void __user *ptr = user_mem_ptr(et->um, 0);

	KUNIT_ASSERT_EQ(et->test, 0UL, copy_to_user(ptr, &arg, sizeof(arg)));
	return file->f_op->unlocked_ioctl(file, FS_IOC_ENABLE_VERITY, (unsigned long)ptr);
}

/* fs-verity writes its tree behind the end of the file: all of that, at any size. */
static void verity(struct kunit *test)
{
	static const size_t sizes[] = { 1, 1024, PAGES(3) - 1, PAGES(21) + 77, PAGES(64) };
	struct ext4_test *et = ext4_test_create_on(test, test->param_value, DISK_SIZE);
	u8 *bytes = kunit_kzalloc(test, PAGES(64), GFP_KERNEL);
	unsigned int i;
	char name[2] = {};

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	write_user(et, 0, 0, PAGES(MEM_PAGES));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct file *file;
		loff_t pos = 0;

		name[0] = '0' + i;
		file = test_fs_open(et->fs, name, O_RDWR);
		while (pos < sizes[i])
			KUNIT_ASSERT_GT(test, kernel_write(file, et->wf->model,
							   min_t(size_t, sizes[i] - pos, PAGES(5)),
							   &pos), 0);
		test_fs_close(et->fs, file);
		file = test_fs_open(et->fs, name, O_RDONLY);
		KUNIT_EXPECT_EQ_MSG(test, 0, enable_verity(et, file), "%zu bytes", sizes[i]);
		test_fs_close(et->fs, file);
	}
	test_fs_check(et->fs);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct file *file;
		loff_t pos = 0;

		name[0] = '0' + i;
		file = test_fs_open(et->fs, name, O_RDONLY);
		KUNIT_EXPECT_TRUE_MSG(test, IS_VERITY(file_inode(file)), "%zu bytes", sizes[i]);
		/* What does not match the tree can't be read. */
		KUNIT_EXPECT_EQ_MSG(test, (ssize_t)sizes[i],
				    kernel_read(file, bytes, PAGES(64), &pos), "%zu bytes",
				    sizes[i]);
		for (pos = 0; pos < sizes[i]; pos += PAGES(5))
			KUNIT_EXPECT_MEMEQ(test, bytes + pos, et->wf->model,
					   min_t(size_t, sizes[i] - pos, PAGES(5)));
		test_fs_close(et->fs, file);
	}
}

/*
 * The smallest journal there is, on many small groups of blocks, so that what a
 * batch might have to change is a good part of it.
 */
static const struct setup journal_setups[] = {
	{ "ext3, ordered", "ext3", "-b 1024 -m 0 -N 512 -g 256 -J size=1 -O ^resize_inode",
	  "data=ordered" },
	{ "ext3, journal", "ext3", "-b 1024 -m 0 -N 512 -g 256 -J size=1 -O ^resize_inode",
	  "data=journal" },
	{ "ext4, journal", "ext4", "-b 1024 -m 0 -N 512 -g 256 -J size=1 -O ^resize_inode",
	  "data=journal" },
	{ "ext4, delalloc", "ext4", "-b 1024 -m 0 -N 512 -g 256 -J size=1 -O ^resize_inode",
	  "delalloc", DELALLOC },
};

KUNIT_ARRAY_PARAM_DESC(journal, journal_setups, name);

/* ... and one free block in each of these groups: each has a bitmap of its own. */
static void scattered(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create_on(test, test->param_value, SZ_16M);

	free_single_units(et, PAGES(3), SZ_16M, 256 * blocksize(et));
	write_user(et, 0, 0, PAGES(14));
	check_on_disk(et);
}

static void small_journal(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create_on(test, test->param_value, SZ_32M);
	unsigned int i;

	for (i = 0; i < 40; i++) {
		loff_t pos = i * 12345 % (CAPACITY - PAGES(MEM_PAGES));

		write_file_label(et->wf, "write %u", i);
		write_user(et, pos, i, PAGES(MEM_PAGES) - i);
		if (i % 10 == 9)
			write_file_truncate(et->wf, pos);
	}
	check_on_disk(et);
}

/* All but the one without a journal. */
static GENERATOR(crash_gen_params)
{
	const struct setup *next = generate(setup_gen_params, prev, desc);

	return next == &setups[ARRAY_SIZE(setups) - 1] ? NULL : next;
}

/* Go on with what a crash at this moment leaves. */
static void crash_now(struct ext4_test *et)
{
	struct test_disk *disk = et->fs->disk;
	u8 *image = vmalloc(disk->size);

	KUNIT_ASSERT_NOT_NULL(et->test, image);
	memcpy(image, disk->bytes, disk->size);
	test_fs_unmount(et->fs);
	memcpy(disk->bytes, image, disk->size);
	vfree(image);
	test_fs_mount(et->fs);
	write_file_label(et->wf, "mounted again");
}

/*
 * The journal is replayed: what was synced is there after a crash.  The write
 * that is lost is too small to make the journal commit.
 */
static void crash(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	loff_t synced;
	u8 *model;

	model = kunit_kmalloc(test, CAPACITY, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	write_user(et, 0, 0, PAGES(33));
	write_user(et, PAGES(10) + 5, 77, PAGES(33));
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	memcpy(model, et->wf->model, CAPACITY);
	synced = et->wf->size;
	write_user(et, synced + 300, 0, PAGES(2));
	crash_now(et);
	memcpy(et->wf->model, model, CAPACITY);
	et->wf->size = synced;
	write_file_check(et->wf);
}

static unsigned int delayed(struct ext4_test *et)
{
	return EXT4_I(file_inode(et->wf->file))->i_reserved_data_blocks;
}

static void commit_other(struct ext4_test *et)
{
	struct file *other = test_fs_open(et->fs, "other", O_RDWR);
	loff_t pos = 0;

	expect_written(et, 3, kernel_write(other, "abc", 3, &pos));
	expect_written(et, 0, vfs_fsync(other, 0));
	test_fs_close(et->fs, other);
}

static void release_umount(void *sb)
{
	up_write(&((struct super_block *)sb)->s_umount);
}

/*
 * Where space is short, ext4 allocates blocks at once.  It also has what is delayed
 * written, but only tries to lock s_umount for that: not while the test has it.
 */
static void keep_delayed(struct ext4_test *et)
{
	struct super_block *sb = et->fs->mnt->mnt_sb;

	/* On a small disk what is reserved is more than what is short. */
	atomic64_set(&EXT4_SB(sb)->s_resv_clusters, 0);
	down_write(&sb->s_umount);
	KUNIT_ASSERT_EQ(et->test, 0, kunit_add_action_or_reset(et->test, release_umount, sb));
}

static void stop_keeping_delayed(struct ext4_test *et)
{
	kunit_release_action(et->test, release_umount, et->fs->mnt->mnt_sb);
}

/* Enough for three eighths of it to be some units. */
static loff_t delayed_end(struct ext4_test *et)
{
	return 100 + (et->setup->quirks & CLUSTERS ? PAGES(70) : PAGES(20));
}

/* And write behind what is delayed, and over it. */
static void fill_disk_behind_delayed(struct ext4_test *et)
{
	loff_t pos, end = delayed_end(et);

	keep_delayed(et);
	for (pos = 0; pos < end; pos += PAGES(35))
		write_user(et, pos, 0, min_t(size_t, PAGES(35), end - pos));
	fill_disk(et, delayed(et) * unit(et) * 3 / 8);
	KUNIT_EXPECT_GE(et->test, delayed(et) * unit(et), end);
	write_user(et, end, 7, PAGES(1));
	write_user(et, PAGES(3) + 50, 5, 777);
}

/* Two thirds of what is left and one more, for another file, which keeps space short. */
static void delay_other(struct ext4_test *et)
{
	struct file *other = test_fs_open(et->fs, "delayed", O_RDWR);
	unsigned int nr = space_left(et) / unit(et) * 2 / 3 + 1, n;

	for (n = 1; n <= nr; n++) {
		loff_t pos = n * unit(et);

		expect_written(et, 1, kernel_write(other, "x", 1, &pos));
	}
	KUNIT_EXPECT_EQ(et->test, EXT4_I(file_inode(other))->i_reserved_data_blocks, nr);
}

/*
 * Space gets short behind data that is delayed: the size on disk has to wait for that
 * data, although the blocks of what is written then are allocated at once, and although
 * a write fails then.
 */
static void crash_when_space_is_short(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	if (!(et->setup->quirks & DELALLOC))
		kunit_skip(test, "nothing is delayed");
	fill_disk_behind_delayed(et);
	write_fails(et, delayed_end(et) + PAGES(1), 5, PAGES(1));
	/* To write the other file would have this one written, too. */
	commit_other(et);
	stop_keeping_delayed(et);

	crash_now(et);
	/* All that the size says, or less. */
	et->wf->size = i_size_read(file_inode(et->wf->file));
	KUNIT_EXPECT_LE(test, et->wf->size, delayed_end(et) + PAGES(1));
	memset(et->wf->model + et->wf->size, 0, CAPACITY - et->wf->size);
	write_file_check(et->wf);
}

/* ... or, if it has to be there, all of it. */
static void sync_when_space_is_short(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	if (!(et->setup->quirks & DELALLOC))
		kunit_skip(test, "nothing is delayed");
	fill_disk_behind_delayed(et);
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	/* In a block that is there. */
	delay_other(et);
	write_user(et, delayed_end(et) + PAGES(1), 700, 7);
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	stop_keeping_delayed(et);
	crash_now(et);
	write_file_check(et->wf);
	write_user(et, delayed_end(et) + PAGES(1) + 7, 700, 7);
	check_on_disk(et);
}

/* What fallocate(2) has put behind the end stays there when a write fails. */
static void failure_keeps_allocated_blocks(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	loff_t end = PAGES(2) + 100;
	u64 used;

	write_user(et, 0, 0, end);
	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	if (vfs_fallocate(et->wf->file, FALLOC_FL_KEEP_SIZE, 0, PAGES(70)) == -EOPNOTSUPP)
		kunit_skip(test, "no fallocate(2)");
	used = space_used(et);
	KUNIT_ASSERT_GE(test, used, PAGES(70));
	write_fails(et, end, 5, PAGES(3));
	KUNIT_EXPECT_GE_MSG(test, space_used(et), used - PAGES(4), "a few pages");
	write_fails(et, PAGES(30), 5, PAGES(33));
	KUNIT_EXPECT_GE_MSG(test, space_used(et), used - PAGES(4) - PAGES(33), "a batch");
	check_on_disk(et);
	/* And what is left can be written to. */
	write_user(et, end, 0, PAGES(36));
	check_on_disk(et);
}

/* At the end, and behind it: of a batch, of a page, of the block that it ends in. */
static void writes_fail(struct ext4_test *et)
{
	write_fails(et, et->wf->size, 5, PAGES(34));
	write_fails(et, et->wf->size, 5, 9);
	write_fails(et, et->wf->size + PAGES(20), 5, 700);
}

/* What has no name any more is gone when it is closed, failures and all. */
static void failures_without_a_name(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct write_file *named = et->wf;
	struct file *file;
	u64 left;

	expect_written(et, 0, vfs_fsync(named->file, 0));
	left = space_left(et);
	file = test_fs_open(et->fs, "unlinked", O_RDWR);
	et->wf = write_file_create(test, file, CAPACITY);
	write_file_label(et->wf, "unlinked");
	KUNIT_ASSERT_EQ(test, 0, remove_name(file));
	write_user(et, 0, 0, PAGES(3) + 100);
	writes_fail(et);
	write_user(et, PAGES(3) + 100, 7, PAGES(2));
	writes_fail(et);
	expect_written(et, 0, vfs_fsync(file, 0));
	et->wf = named;
	test_fs_close(et->fs, file);
	expect_written(et, 0, vfs_fsync(named->file, 0));
	KUNIT_EXPECT_EQ(test, left, space_left(et));
	check_on_disk(et);
}

/* There are no blocks behind the end on the disk, right away. */
static void synchronous_failures(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct inode *inode = file_inode(et->wf->file);

	write_user(et, 0, 0, PAGES(3) + 100);
	inode_set_flags(inode, S_SYNC, S_SYNC);
	writes_fail(et);
	inode_set_flags(inode, 0, S_SYNC);
	check_on_disk(et);
}

/*
 * A write fails behind data that is delayed still, and a commit follows, for
 * another file.  On the disk there must not be a size without that data.
 */
static void crash_after_failure(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);

	expect_written(et, 0, vfs_fsync(et->wf->file, 0));
	write_user(et, 0, 0, PAGES(10) + 100);
	write_fails(et, PAGES(10) + 100, 5, PAGES(3));
	commit_other(et);

	crash_now(et);
	if (et->setup->quirks & UNORDERED)
		return;
	/* All of it is there, or nothing. */
	if (!i_size_read(file_inode(et->wf->file))) {
		memset(et->wf->model, 0, et->wf->size);
		et->wf->size = 0;
	}
	write_file_check(et->wf);
}

static const struct setup inline_setups[] = {
	{ "nodelalloc", "ext4", "-b 4096 -m 0 -N 64 -I 256 -O inline_data",
	  NO_COMMITS "nodelalloc" },
	{ "delalloc", "ext4", "-b 4096 -m 0 -N 64 -I 256 -O inline_data",
	  NO_COMMITS "delalloc" },
	{ "delalloc, 1k", "ext4", "-b 1024 -m 0 -N 64 -I 256 -O inline_data",
	  NO_COMMITS "delalloc" },
	{ "journal", "ext4", "-b 4096 -m 0 -N 64 -I 256 -O inline_data",
	  NO_COMMITS "data=journal" },
};

KUNIT_ARRAY_PARAM_DESC(inline, inline_setups, name);

/* What is in the inode is not dirty. */
static void write_inline(struct ext4_test *et, loff_t pos, size_t source, size_t len)
{
	struct user_iter ui;
	ssize_t written;

	user_iter_ubuf(&ui, et->um, source, len);
	written = vfs_iter_write(et->wf->file, &ui.iter, &pos, 0);
	expect_written(et, len, written);
	take_over(et, pos, ui.source, written);
}

/* A file that fits into its inode takes no block, until it grows. */
static void stays_inline(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	loff_t pos;

	for (pos = 0; pos < 90; pos += 30) {
		write_file_label(et->wf, "at %lld", pos);
		write_inline(et, pos, 100 + pos, 30);
		KUNIT_EXPECT_LT(test, space_used(et), blocksize(et));
	}
	check_on_disk(et);
	write_file_label(et->wf, "out of the inode");
	write_user(et, 50, 7, PAGES(3));
	KUNIT_EXPECT_GE(test, space_used(et), PAGES(3));
	check_on_disk(et);
}

#ifdef CONFIG_PAGECACHE_WRITE_TRACEPOINTS
/* The first page of a new file is one for which the inode has no room; a batch follows. */
static void batches_instead_of_inline(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	/* A small journal has credits for half of it. */
	int batches = strstr(et->setup->mount, "data=journal") ? 2 : 1;
	atomic_t *written;

	/* So that no copy is short. */
	user_mem_populate(et->um, 0, PAGES(MEM_PAGES));
	written = count_write_batches(test);
	write_user(et, 0, 7, SZ_64K);
	KUNIT_EXPECT_GE(test, atomic_read(written), 2);
	KUNIT_EXPECT_LE(test, atomic_read(written), 1 + batches);
	check_on_disk(et);
}
#endif

/* A file that has become empty has no extents. */
static void leaves_nothing_inline(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct inode *inode = file_inode(et->wf->file);
	unsigned int i, n;

	for (n = 1; n < 5; n++) {
		struct fiemap_extent_info fi = {};

		write_file_label(et->wf, "%u writes", n);
		for (i = 0; i < n; i++)
			write_inline(et, i * 50, 100, 50);
		write_file_truncate(et->wf, 0);
		KUNIT_EXPECT_EQ(test, 0, inode->i_op->fiemap(inode, &fi, 0, FIEMAP_MAX_OFFSET));
		KUNIT_EXPECT_EQ_MSG(test, 0, fi.fi_extents_mapped, "%s", et->wf->label);
		KUNIT_EXPECT_EQ_MSG(test, -ENXIO, vfs_llseek(et->wf->file, 0, SEEK_DATA), "%s",
				    et->wf->label);
	}
	check_on_disk(et);
}

/*
 * Data has been on its way out of the inode, and the first @keep bytes are left of it.
 * A write that does not delay its blocks finds none, and no room for any: what is in
 * the inode is no block map.
 */
static void write_behind_inline(struct kunit *test, loff_t keep, size_t len)
{
	struct ext4_test *et = ext4_test_create(test);
	struct file *other = test_fs_open(et->fs, "delayed", O_RDWR);
	struct user_iter ui;
	ssize_t written;
	loff_t pos = 0;

	write_inline(et, 0, 100, 60);
	write_inline(et, 60, 7, PAGES(3));
	write_file_truncate(et->wf, keep);
	keep_delayed(et);
	KUNIT_EXPECT_EQ(test, (ssize_t)PAGES(20),
			kernel_write(other, et->wf->model, PAGES(20), &pos));
	fill_disk(et, 7 * blocksize(et));
	pos = keep;
	user_iter_ubuf(&ui, et->um, 7, len);
	written = vfs_iter_write(et->wf->file, &ui.iter, &pos, 0);
	stop_keeping_delayed(et);
	test_fs_close(et->fs, other);
	take_over(et, pos, ui.source, written);
	KUNIT_EXPECT_FALSE(test, EXT4_SB(file_inode(et->wf->file)->i_sb)->s_mount_state &
			   EXT4_ERROR_FS);
	check_on_disk(et);
}

static void inline_when_space_is_short(struct kunit *test)
{
	write_behind_inline(test, 0, PAGES(1));
}

static void part_inline_when_space_is_short(struct kunit *test)
{
	write_behind_inline(test, 40, PAGES(2));
}

/* The write that moves data out of the inode fails. */
static void stays_inline_if_copies_fail(struct kunit *test)
{
	static const size_t lens[] = { 100, 3000, PAGES(3) };
	struct ext4_test *et = ext4_test_create(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		write_file_label(et->wf, "%zu bytes", lens[i]);
		write_file_truncate(et->wf, 0);
		write_inline(et, 0, 100, 50);
		expect_written(et, 0, vfs_fsync(et->wf->file, 0));
		write_fails(et, 50, 5, lens[i]);
		check_on_disk(et);
		write_fails(et, 50, 5, lens[i]);
		write_inline(et, 50, 5, lens[i]);
		check_on_disk(et);
	}
}

/* What whoever copies the file may leave out: blocks without a byte of data. */
static bool has_data(struct ext4_test *et, loff_t pos)
{
	loff_t start = round_down(pos, blocksize(et));

	return memchr_inv(et->wf->model + start, 0,
			  min_t(loff_t, blocksize(et), et->wf->size - start));
}

static void check_seeks(struct ext4_test *et)
{
	loff_t step = blocksize(et), size = et->wf->size;
	loff_t pos, data, hole;

	for (pos = 0; pos < size; pos += pos < 200 ? 25 : 500) {
		for (data = pos; data < size && !has_data(et, data);)
			data = round_down(data, step) + step;
		for (hole = pos; hole < size && has_data(et, hole);)
			hole = round_down(hole, step) + step;
		hole = min(hole, size);
		KUNIT_EXPECT_EQ_MSG(et->test, data < size ? data : -ENXIO,
				    vfs_llseek(et->wf->file, pos, SEEK_DATA),
				    "data from %lld on, %s", pos, et->wf->label);
		KUNIT_EXPECT_EQ_MSG(et->test, hole,
				    vfs_llseek(et->wf->file, pos, SEEK_HOLE),
				    "hole from %lld on, %s", pos, et->wf->label);
	}
	KUNIT_EXPECT_EQ_MSG(et->test, -ENXIO, vfs_llseek(et->wf->file, size, SEEK_DATA),
			    "data from the end on, %s", et->wf->label);
	KUNIT_EXPECT_EQ_MSG(et->test, -ENXIO, vfs_llseek(et->wf->file, size, SEEK_HOLE),
			    "hole from the end on, %s", et->wf->label);
}

/* All data is in an extent, and in no more than one. */
static void check_fiemap(struct ext4_test *et, struct user_mem *um)
{
	struct inode *inode = file_inode(et->wf->file);
	struct fiemap_extent_info fi = {
		.fi_extents_max = um->len / sizeof(struct fiemap_extent),
		.fi_extents_start = user_mem_ptr(um, 0),
	};
	loff_t next, end = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(et->test, 0, inode->i_op->fiemap(inode, &fi, 0, FIEMAP_MAX_OFFSET));
	for (i = 0; i < fi.fi_extents_mapped; i++) {
		struct fiemap_extent fe;

		KUNIT_ASSERT_EQ(et->test, 0, copy_from_user(&fe, fi.fi_extents_start + i,
							    sizeof(fe)));
		KUNIT_EXPECT_GE_MSG(et->test, fe.fe_logical, end, "start of extent %u, %s",
				    i, et->wf->label);
		KUNIT_EXPECT_EQ_MSG(et->test, i + 1 == fi.fi_extents_mapped,
				    !!(fe.fe_flags & FIEMAP_EXTENT_LAST), "extent %u, %s",
				    i, et->wf->label);
		next = min_t(loff_t, fe.fe_logical, et->wf->size);
		KUNIT_EXPECT_TRUE_MSG(et->test, next <= end ||
				      !memchr_inv(et->wf->model + end, 0, next - end),
				      "data before extent %u, %s", i, et->wf->label);
		end = fe.fe_logical + fe.fe_length;
	}
	KUNIT_EXPECT_TRUE_MSG(et->test, end >= et->wf->size ||
			      !memchr_inv(et->wf->model + end, 0, et->wf->size - end),
			      "data behind the last extent, %s", et->wf->label);
}

/* How the data of a file gets out of its inode, or stays there. */
static const struct {
	const char *name;
	struct {
		loff_t pos;
		size_t len;	/* 0: cut the file there, or make it larger */
	} steps[4];
} inline_files[] = {
	{ "empty" },
	{ "in the inode", { { 0, 50 } } },
	{ "behind the block map", { { 0, 50 }, { 50, 50 } } },
	{ "out of the inode by a third write", { { 0, 50 }, { 50, 50 }, { 100, 50 } } },
	{ "out of the inode, and one more",
	  { { 0, 50 }, { 50, 50 }, { 100, 50 }, { 150, 50 } } },
	{ "too large from the start", { { 0, 150 } } },
	{ "blocks added", { { 0, 50 }, { 50, PAGES(3) } } },
	{ "a hole between", { { 0, 50 }, { PAGES(3) + 300, 50 } } },
	{ "two holes between", { { 0, 100 }, { PAGES(6), 50 }, { PAGES(3) + 300, 50 } } },
	{ "begins far behind the start", { { PAGES(3) + 300, 50 } } },
	{ "made larger", { { 0, 50 }, { 90, 0 } } },
	{ "made too large", { { 0, 50 }, { PAGES(2) + 100, 0 } } },
	{ "too large, and cut", { { 0, 50 }, { 50, PAGES(3) }, { 30, 0 } } },
	{ "too large, cut, and larger", { { 0, 50 }, { 50, PAGES(3) }, { 30, 0 }, { 30, 200 } } },
};

static void check_map(struct ext4_test *et, struct user_mem *extents)
{
	check_seeks(et);
	check_fiemap(et, extents);
}

/* lseek(2) and FIEMAP know of data that is on its way from the inode to a block. */
static void maps_inline(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	struct user_mem *extents = user_mem_create(test, PAGE_SIZE, 2);
	unsigned int i, step;

	for (i = 0; i < ARRAY_SIZE(inline_files); i++) {
		const char *name = inline_files[i].name;

		/* A file that had blocks does not go back into its inode. */
		et->wf = test_fs_write_file(et->fs, name, O_RDWR, CAPACITY);
		write_file_poison_free_memory(test);
		for (step = 0; step < ARRAY_SIZE(inline_files[i].steps); step++) {
			loff_t pos = inline_files[i].steps[step].pos;
			size_t len = inline_files[i].steps[step].len;

			write_file_label(et->wf, "%s, step %u", name, step);
			if (len)
				write_inline(et, pos, 100 + step, len);
			else if (pos)
				write_file_truncate(et->wf, pos);
			check_map(et, extents);
		}
		write_file_label(et->wf, "%s, synced", name);
		expect_written(et, 0, vfs_fsync(et->wf->file, 0));
		check_map(et, extents);
		write_file_label(et->wf, "%s, mounted again", name);
		check_on_disk(et);
		check_map(et, extents);
	}
}

#define RANDOM_STEPS	50
#define RANDOM_SEGS	6

static void random_source(struct ext4_test *et, struct rnd_state *rnd, struct user_iter *ui)
{
	static const size_t longest[] = { 10, 1500, PAGE_SIZE + 9, PAGES(10) };
	size_t max = longest[random_below(rnd, ARRAY_SIZE(longest))];
	unsigned int i, nr_segs = 1 + random_below(rnd, RANDOM_SEGS);
	struct user_seg segs[RANDOM_SEGS];

	for (i = 0; i < nr_segs; i++) {
		segs[i].len = i && !random_below(rnd, 4) ? 0 : 1 + random_below(rnd, max);
		segs[i].offset = random_below(rnd, et->um->len - segs[i].len);
	}
	user_iter_iovec(ui, et->um, segs, nr_segs);
}

/* Holes come and go, pages get lost, copies fail, the file is cut and grows. */
static void random_writes(struct kunit *test)
{
	struct ext4_test *et = ext4_test_create(test);
	u32 seed = 1 + (et->setup - setups);
	struct rnd_state rnd;
	unsigned int step;

	prandom_seed_state(&rnd, seed);
	for (step = 0; step < RANDOM_STEPS && !write_file_failed(et->wf); step++) {
		size_t page = random_below(&rnd, MEM_PAGES) * PAGE_SIZE;
		struct user_iter ui;
		unsigned int faults;
		loff_t pos;

		write_file_label(et->wf, "seed %u, step %u", seed, step);
		switch (random_below(&rnd, 12)) {
		case 0:
			user_mem_unmap(et->um, page, PAGE_SIZE);
			break;
		case 1:
		case 2:
			user_mem_protect(et->um, 0, et->um->len, PROT_READ | PROT_WRITE);
			break;
		case 3:
		case 4:
			write_file_truncate(et->wf, random_below(&rnd, CAPACITY));
			break;
		case 5:
			KUNIT_EXPECT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
			break;
		case 6:
			test_fs_remount(et->fs);
			break;
		}
		if (random_below(&rnd, 2))
			write_file_drop_clean(et->wf);
		if (random_below(&rnd, 2))
			write_file_poison_free_memory(test);
		random_source(et, &rnd, &ui);
		pos = random_below(&rnd, CAPACITY - iov_iter_count(&ui.iter));
		/* Not both, or the copy that may fault is made to fail. */
		faults = random_below(&rnd, 2) ? random_below(&rnd, 10) : 0;
		user_trap_set(et->um, 0, et->um->len, faults, false);
		if (!faults)
			fail_usercopy_arm(test, random_below(&rnd, 5), random_below(&rnd, 3));
		expect_written(et, ui.readable ?: -EFAULT, write_iter(et, pos, &ui));
	}
	write_file_label(et->wf, "seed %u, at the end", seed);
	check_on_disk(et);
}

static struct kunit_case ext4_write_cases[] = {
	KUNIT_CASE_PARAM(writes, setup_gen_params),
	KUNIT_CASE_PARAM(overwrites, setup_gen_params),
	KUNIT_CASE_PARAM(found_unwritten, setup_gen_params),
	KUNIT_CASE_PARAM(appends, setup_gen_params),
	KUNIT_CASE_PARAM(searches_once_for_a_batch, setup_gen_params),
	KUNIT_CASE_PARAM(promises_no_more_than_a_page, crash_gen_params),
	KUNIT_CASE_PARAM(fragmented, setup_gen_params),
	KUNIT_CASE_PARAM(append_to_allocated_block, setup_gen_params),
	KUNIT_CASE_PARAM(synchronous, setup_gen_params),
	KUNIT_CASE_PARAM(source_with_hole, setup_gen_params),
	KUNIT_CASE_PARAM(copies_fail, setup_gen_params),
	KUNIT_CASE_PARAM(failure_beyond_end_keeps_size, setup_gen_params),
	KUNIT_CASE_PARAM(source_always_zapped, setup_gen_params),
	KUNIT_CASE_PARAM(from_itself, setup_gen_params),
	KUNIT_CASE_PARAM(disk_full, setup_gen_params),
	KUNIT_CASE_PARAM(block_unreadable, setup_gen_params),
	KUNIT_CASE_PARAM(quota_exceeded, quota_gen_params),
	KUNIT_CASE_PARAM(verity, verity_gen_params),
	KUNIT_CASE_PARAM(scattered, journal_gen_params),
	KUNIT_CASE_PARAM(small_journal, journal_gen_params),
	KUNIT_CASE_PARAM(crash, crash_gen_params),
	KUNIT_CASE_PARAM(crash_after_failure, crash_gen_params),
	KUNIT_CASE_PARAM(crash_when_space_is_short, crash_gen_params),
	KUNIT_CASE_PARAM(sync_when_space_is_short, crash_gen_params),
	KUNIT_CASE_PARAM(failure_keeps_allocated_blocks, setup_gen_params),
	KUNIT_CASE_PARAM(failures_without_a_name, setup_gen_params),
	KUNIT_CASE_PARAM(synchronous_failures, setup_gen_params),
	KUNIT_CASE_PARAM(stays_inline, inline_gen_params),
	KUNIT_CASE_PARAM(stays_inline_if_copies_fail, inline_gen_params),
#ifdef CONFIG_PAGECACHE_WRITE_TRACEPOINTS
	KUNIT_CASE_PARAM(batches_instead_of_inline, inline_gen_params),
#endif
	KUNIT_CASE_PARAM(leaves_nothing_inline, inline_gen_params),
	KUNIT_CASE_PARAM(inline_when_space_is_short, inline_gen_params),
	KUNIT_CASE_PARAM(part_inline_when_space_is_short, inline_gen_params),
	KUNIT_CASE_PARAM(maps_inline, inline_gen_params),
	KUNIT_CASE_PARAM(random_writes, setup_gen_params),
	{}
};

static struct kunit_suite ext4_write_suite = {
	.name = "ext4_write",
	.test_cases = ext4_write_cases,
};

kunit_test_suite(ext4_write_suite);

MODULE_DESCRIPTION("KUnit tests of buffered writes to ext3 and ext4");
MODULE_LICENSE("GPL");
