// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for writes through iomap, which has a loop of its own: to a block
 * device, whose blocks have buffer heads, and to a file of which all blocks are
 * unwritten.  Such a file is in the page cache and nowhere else, and it can grow.
 */
#include <linux/iomap.h>
#include <linux/pagemap.h>

#include "compat.h"
#include "fail_slab.h"
#include "fail_usercopy.h"
#include "test_disk.h"
#include "user_mem.h"
#include "user_trap.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MEM_PAGES	12
#define HOLE		5	/* the page of the source that can't be read */
#define CAPACITY	PAGES(32)

/**
 * struct target - a parameter: where to write
 * @name: of the parameter
 * @disk: to a block device, not to a file
 * @block_size: in bytes
 */
struct target {
	const char *name;
	bool disk;
	unsigned int block_size;
};

static const struct target targets[] = {
	{ "block device, 512", true, 512 },
	{ "block device, 1k", true, 1024 },
	{ "block device, 4k", true, 4096 },
	{ "file, 1k", false, 1024 },
	{ "file, 4k", false, 4096 },
};

KUNIT_ARRAY_PARAM_DESC(target, targets, name);

/**
 * struct iomap_test - a block device, or a file, and its model
 * @test: the test that owns it
 * @target: what it is
 * @disk: of the block device, or NULL
 * @wf: the file, or the block device
 * @um: memory to write from
 * @mapped: how often a write has asked where the blocks of the file are
 * @begun: how many of its folios were begun to be written
 * @stale: at which of them the mapping has become stale
 */
struct iomap_test {
	struct kunit *test;
	const struct target *target;
	struct test_disk *disk;
	struct write_file *wf;
	struct user_mem *um;
	unsigned int mapped;
	unsigned int begun;
	unsigned int stale;
};

static bool file_iomap_valid(struct inode *inode, const struct iomap *iomap)
{
	struct iomap_test *it = inode->i_private;

	return ++it->begun != it->stale;
}

static const struct iomap_write_ops file_write_ops = {
	.iomap_valid	= file_iomap_valid,
};

static int file_iomap_begin(struct inode *inode, loff_t pos, loff_t len, unsigned int flags,
			    struct iomap *iomap, struct iomap *srcmap)
{
	struct iomap_test *it = inode->i_private;

	it->mapped += !!(flags & IOMAP_WRITE);
	iomap->type = IOMAP_UNWRITTEN;
	iomap->addr = 0;
	iomap->offset = 0;
	iomap->length = CAPACITY;
	iomap_set_write_ops(iomap, &file_write_ops);
	return 0;
}

DEFINE_IOMAP_OPS(file_iomap_ops, file_iomap_begin);

static ssize_t file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t written;

	inode_lock(inode);
	written = iomap_file_buffered_write(iocb, from, &file_iomap_ops, &file_write_ops, NULL);
	inode_unlock(inode);
	return written;
}

static int file_read_folio(struct file *file, struct folio *folio)
{
	iomap_bio_read_folio(folio, &file_iomap_ops);
	return 0;
}

static const struct file_operations file_fops = {
	.read_iter	= generic_file_read_iter,
	.write_iter	= file_write_iter,
};

static const struct address_space_operations file_aops = {
	.read_folio		= file_read_folio,
	.dirty_folio		= iomap_dirty_folio,
	.invalidate_folio	= iomap_invalidate_folio,
	.release_folio		= iomap_release_folio,
	.is_partially_uptodate	= iomap_is_partially_uptodate,
};

KUNIT_DEFINE_ACTION_WRAPPER(destroy_disk, test_disk_destroy, struct test_disk *);

static struct write_file *open_disk(struct iomap_test *it)
{
	struct kunit *test = it->test;
	struct write_file *wf;

	it->disk = test_disk_create_claimed(CAPACITY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, it->disk);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, destroy_disk, it->disk));
	KUNIT_ASSERT_EQ(test, 0, set_blocksize(it->disk->file, it->target->block_size));
	wf = write_file_create(test, it->disk->file, CAPACITY);
	memset(wf->model, DISK_POISON, CAPACITY);
	wf->size = CAPACITY;
	return wf;
}

static struct write_file *open_file(struct iomap_test *it)
{
	struct kunit *test = it->test;
	struct vfsmount *mnt = write_file_mount_pseudo(test);
	struct inode *inode = new_inode(mnt->mnt_sb);

	KUNIT_ASSERT_NOT_NULL(test, inode);
	inode->i_private = it;
	inode->i_blkbits = ilog2(it->target->block_size);
	inode->i_mapping->a_ops = &file_aops;
	return write_file_create(test, write_file_open_pseudo(test, mnt, inode, &file_fops),
				 CAPACITY);
}

static struct iomap_test *iomap_test_create(struct kunit *test)
{
	struct iomap_test *it = kunit_kzalloc(test, sizeof(*it), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, it);
	it->test = test;
	it->target = test->param_value;
	it->wf = it->target->disk ? open_disk(it) : open_file(it);
	it->um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	write_file_poison_free_memory(test);
	return it;
}

/* What is in the page cache gets to the disk. */
static void settle(struct iomap_test *it)
{
	if (!it->disk)
		return;
	KUNIT_EXPECT_EQ(it->test, 0, vfs_fsync(it->wf->file, 0));
	KUNIT_EXPECT_TRUE(it->test, !memcmp(it->disk->bytes, it->wf->model, CAPACITY));
}

/* As one segment, or as two with an empty one between them. */
static void make_source(struct iomap_test *it, struct user_iter *ui, bool segments,
			size_t from, size_t len)
{
	size_t first = min_t(size_t, len, 1032);
	const struct user_seg segs[] = {
		{ from, first }, { 0, 0 }, { from + first, len - first },
	};

	if (segments)
		user_iter_iovec(ui, it->um, segs, ARRAY_SIZE(segs));
	else
		user_iter_ubuf(ui, it->um, from, len);
}

static ssize_t write_source(struct iomap_test *it, loff_t pos, bool segments, size_t from,
			    size_t len)
{
	struct user_iter ui;

	make_source(it, &ui, segments, from, len);
	return write_file_write_iter(it->wf, it->wf->file, pos, &ui.iter, ui.source);
}

/*
 * No two pages of the source are ever there together, and most pages of the file
 * get their bytes from two.  All is written, and not by trying for ever.
 */
static void source_always_gone(struct kunit *test)
{
	static const struct {
		loff_t pos;
		size_t from;
		size_t len;
	} writes[] = {
		{ 0, 0, PAGE_SIZE },
		{ 0, 512, PAGES(3) },
		{ PAGES(2) + 1024, 8, PAGES(4) + 16 },
		{ PAGES(9) - 8, 1032, 3000 },
		{ PAGES(20) + 8, 0, PAGES(5) },
		{ PAGES(19) + 512, PAGES(2) + 504, PAGES(7) },
	};
	struct iomap_test *it = iomap_test_create(test);
	unsigned int i, segments;

	for (i = 0; i < ARRAY_SIZE(writes); i++)
		for (segments = 0; segments < 2; segments++) {
			size_t len = writes[i].len;

			write_file_label(it->wf, "write %u, %u", i, segments);
			user_trap_set(it->um, 0, it->um->len, TRAP_ALWAYS, false);
			KUNIT_EXPECT_EQ_MSG(test, (ssize_t)len,
					    write_source(it, writes[i].pos, segments,
							 writes[i].from, len),
					    "%s", it->wf->label);
			KUNIT_EXPECT_LE_MSG(test, user_trap_taken(0, it->um->len),
					    8 * (len / PAGE_SIZE + 2), "faults, %s",
					    it->wf->label);
		}
	settle(it);
}

/* It comes back some times, and then it does not: what was written until then stays. */
static void source_gone_for_good(struct kunit *test)
{
	struct iomap_test *it = iomap_test_create(test);
	const size_t len = PAGES(3);
	unsigned int faults = 0;
	ssize_t written;

	do {
		write_file_label(it->wf, "%u faults", faults);
		user_trap_set(it->um, 0, it->um->len, faults, true);
		written = write_source(it, PAGES(2) + 512, false, 8, len);
		KUNIT_EXPECT_TRUE_MSG(test, written > 0 || written == -EFAULT, "%zd, %s",
				      written, it->wf->label);
		KUNIT_ASSERT_LT(test, faults++, 40);
	} while (written != len);
	settle(it);
}

/* Once or twice is no reason to give up. */
static void copies_fail(struct kunit *test)
{
	struct iomap_test *it = iomap_test_create(test);
	unsigned int skip, segments;
	int times;

	for (skip = 0; skip < 5; skip++)
		for (times = 1; times <= 2; times++)
			for (segments = 0; segments < 2; segments++) {
				write_file_label(it->wf, "%u, then %d fail, %u", skip, times,
						 segments);
				fail_usercopy_arm(test, skip, times);
				KUNIT_EXPECT_EQ_MSG(test, PAGES(4),
						    write_source(it, PAGES(3 * skip) + 512 * times,
								 segments, 8, PAGES(4)),
						    "%s", it->wf->label);
			}
	settle(it);
}

/* Nothing of the file changes, and it does not grow. */
static void all_copies_fail(struct kunit *test)
{
	static const loff_t positions[] = { 0, 100, PAGES(1) + 300, PAGES(2), PAGES(9) + 77 };
	struct iomap_test *it = iomap_test_create(test);
	unsigned int i;

	write_file_label(it->wf, "before");
	KUNIT_EXPECT_EQ(test, 5000, write_source(it, 0, false, 0, 5000));
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		write_file_label(it->wf, "at %lld", positions[i]);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		KUNIT_EXPECT_EQ_MSG(test, -EFAULT,
				    write_source(it, positions[i], false, 50, PAGES(2)), "%s",
				    it->wf->label);
	}
	settle(it);
}

/* A hole in the source ends the write right before it. */
static void source_ends_in_a_hole(struct kunit *test)
{
	struct iomap_test *it = iomap_test_create(test);
	unsigned int segments;
	size_t before;

	user_mem_unmap(it->um, PAGES(HOLE), PAGE_SIZE);
	for (before = 1; before <= PAGES(HOLE); before = before * 3 + 1)
		for (segments = 0; segments < 2; segments++) {
			write_file_label(it->wf, "%zu bytes, %u", before, segments);
			KUNIT_EXPECT_EQ_MSG(test, (ssize_t)before,
					    write_source(it, 3 * before, segments,
							 PAGES(HOLE) - before,
							 before + PAGES(2)),
					    "%s", it->wf->label);
		}
	write_file_label(it->wf, "no byte");
	KUNIT_EXPECT_EQ(test, -EFAULT, write_source(it, PAGES(20), false, PAGES(HOLE), 100));
	settle(it);
}

/* Each allocation of a write fails once, also of the memory for what is always gone. */
static void no_memory(struct kunit *test)
{
	struct iomap_test *it = iomap_test_create(test);
	struct fault_attr *attr;
	unsigned int skip = 0;
	ssize_t written;

	do {
		write_file_label(it->wf, "after %u allocations", skip);
		user_trap_set(it->um, 0, it->um->len, TRAP_ALWAYS, false);
		attr = fail_slab_arm(test, skip);
		written = write_source(it, PAGES(1) + 512, false, 8, PAGES(3));
		if (written != PAGES(3)) {
			KUNIT_EXPECT_EQ_MSG(test, 0, atomic_read(&attr->times), "%s",
					    it->wf->label);
			KUNIT_EXPECT_TRUE_MSG(test, written > 0 || written == -ENOMEM, "%zd, %s",
					      written, it->wf->label);
		}
		KUNIT_ASSERT_LT(test, skip++, 100);
	} while (!atomic_read(&attr->times));
	KUNIT_EXPECT_EQ(test, PAGES(3), written);
	settle(it);
}

/* Where the blocks are is asked again, and the write goes on there. */
static void mapping_gets_stale(struct kunit *test)
{
	struct iomap_test *it = iomap_test_create(test);
	unsigned int stale, gone;

	if (it->disk)
		kunit_skip(test, "a block device does not move its blocks");
	for (stale = 1; stale <= 12; stale++)
		for (gone = 0; gone < 2; gone++) {
			write_file_label(it->wf, "stale at %u, %u", stale, gone);
			user_trap_set(it->um, 0, it->um->len, gone ? TRAP_ALWAYS : 0, false);
			it->stale = stale;
			it->begun = 0;
			it->mapped = 0;
			KUNIT_EXPECT_EQ_MSG(test, PAGES(3),
					    write_source(it, 1024 * stale + 512, stale & 1,
							 2056, PAGES(3)),
					    "%s", it->wf->label);
			KUNIT_EXPECT_EQ_MSG(test, it->mapped, it->begun < stale ? 1 : 2, "%s",
					    it->wf->label);
		}
}

static struct kunit_case iomap_write_cases[] = {
	KUNIT_CASE_PARAM(source_always_gone, target_gen_params),
	KUNIT_CASE_PARAM(source_gone_for_good, target_gen_params),
	KUNIT_CASE_PARAM(copies_fail, target_gen_params),
	KUNIT_CASE_PARAM(all_copies_fail, target_gen_params),
	KUNIT_CASE_PARAM(source_ends_in_a_hole, target_gen_params),
	KUNIT_CASE_PARAM(no_memory, target_gen_params),
	KUNIT_CASE_PARAM(mapping_gets_stale, target_gen_params),
	{}
};

static struct kunit_suite iomap_write_suite = {
	.name = "iomap_write",
	.test_cases = iomap_write_cases,
};

kunit_test_suite(iomap_write_suite);

MODULE_DESCRIPTION("KUnit tests of buffered writes through iomap");
MODULE_LICENSE("GPL");
