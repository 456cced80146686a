// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files to splice to, on each kind of filesystem that takes pages, and on some
 * that do not.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "splice_file.h"

#define DISK_SIZE	SZ_8M
#define SMALL_INODES	" -m 0 -N 64"
/* Nothing is to be written back while references are counted. */
#define NO_COMMITS	"commit=1000,"

static const struct splice_target targets[] = {
	{ "ramfs", "ramfs", NULL, NULL, ENDLESS },
	{ "tmpfs", "tmpfs", NULL, "size=1m,huge=never" },
	{ "ext2, 4k", "ext2", "-b 4096" SMALL_INODES, NULL },
	{ "ext2, 1k", "ext2", "-b 1024" SMALL_INODES, NULL, COPIES },
	{ "ext3, ordered", "ext3", "-b 4096" SMALL_INODES, NO_COMMITS "data=ordered" },
	{ "ext3, writeback", "ext3", "-b 4096" SMALL_INODES, NO_COMMITS "data=writeback" },
	{ "ext3, journal", "ext3", "-b 4096" SMALL_INODES, NO_COMMITS "data=journal",
	  COPIES | JOURNALS },
	{ "ext3, ordered, 1k", "ext3", "-b 1024" SMALL_INODES, NO_COMMITS "data=ordered",
	  COPIES },
	{ "ext4, nodelalloc", "ext4", "-b 4096" SMALL_INODES, NO_COMMITS "nodelalloc" },
	{ "ext4, delalloc", "ext4", "-b 4096" SMALL_INODES, NO_COMMITS "delalloc" },
	{ "ext4, delalloc, 1k", "ext4", "-b 1024" SMALL_INODES, NO_COMMITS "delalloc", COPIES },
	{ "ext4, inline data", "ext4", "-b 4096" SMALL_INODES " -I 256 -O inline_data",
	  NO_COMMITS "delalloc", UNSPLICED },
	{ "ext4, bigalloc", "ext4", "-b 1024" SMALL_INODES " -O bigalloc -C 16384",
	  NO_COMMITS "nodelalloc", UNSPLICED },
	{ "ext4, no journal", "ext4", "-b 1024" SMALL_INODES " -O ^has_journal", "nodelalloc",
	  UNSPLICED },
	{ "ext4, journal, 1k", "ext4", "-b 1024" SMALL_INODES, NO_COMMITS "data=journal",
	  UNSPLICED },
};

/* The next after @prev that has none of the @quirks. */
static const void *next_target(const struct splice_target *prev, bool on_disk,
			       unsigned int quirks, char *desc)
{
	const struct splice_target *target = prev ? prev + 1 : targets;

	for (; target < targets + ARRAY_SIZE(targets); target++) {
		if ((on_disk && !target->mkfs) || (target->quirks & quirks))
			continue;
		strscpy(desc, target->name, KUNIT_PARAM_DESC_SIZE);
		return target;
	}
	return NULL;
}

GENERATOR(splice_target_gen_params)
{
	return next_target(prev, false, UNSPLICED, desc);
}

/* Filesystems that can get full. */
GENERATOR(splice_limited_gen_params)
{
	return next_target(prev, false, UNSPLICED | ENDLESS, desc);
}

/* Those on a disk, to which fsync() writes the data of a file. */
GENERATOR(splice_disk_gen_params)
{
	return next_target(prev, true, UNSPLICED | JOURNALS, desc);
}

GENERATOR(splice_any_gen_params)
{
	return next_target(prev, false, 0, desc);
}

GENERATOR(splice_any_limited_gen_params)
{
	return next_target(prev, false, ENDLESS, desc);
}

/* For a file that the test has made itself. */
struct splice_test *splice_test_of(struct kunit *test, struct write_file *wf)
{
	struct splice_test *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);
	struct rnd_state rnd;

	KUNIT_ASSERT_NOT_NULL(test, st);
	st->test = test;
	st->wf = wf;
	st->pipe = test_pipe_create(test);
	st->bytes = kunit_kmalloc(test, SPLICE_CAPACITY, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, st->bytes);
	prandom_seed_state(&rnd, 1);
	prandom_bytes_state(&rnd, st->bytes, SPLICE_CAPACITY);
	return st;
}

struct splice_test *splice_test_create(struct kunit *test, const struct splice_target *target)
{
	struct vfsmount *mnt = NULL;
	struct test_fs *fs = NULL;
	struct splice_test *st;
	struct write_file *wf;

	if (target->mkfs) {
		fs = test_fs_create(test, target->type, target->mkfs, target->mount, DISK_SIZE);
		wf = test_fs_write_file(fs, "file", O_RDWR, SPLICE_CAPACITY);
	} else {
		mnt = write_file_mount(test, target->type, target->mount);
		wf = write_file_create(test, write_file_open(test, mnt, "file", O_CREAT | O_RDWR),
				       SPLICE_CAPACITY);
	}
	st = splice_test_of(test, wf);
	st->target = target;
	st->fs = fs;
	st->mnt = mnt;
	return st;
}

/* An empty file to splice from, on an ext2 of its own. */
struct write_file *splice_source_on_disk(struct splice_test *st, const char *mkfs)
{
	struct test_fs *fs = test_fs_create(st->test, "ext2", mkfs, NULL, SZ_4M);

	return test_fs_write_file(fs, "source", O_RDWR, SPLICE_CAPACITY);
}

struct write_file *splice_source_in_memory(struct splice_test *st, const char *type)
{
	struct vfsmount *mnt = write_file_mount(st->test, type, NULL);
	struct file *file = write_file_open(st->test, mnt, "source", O_CREAT | O_RDWR);

	return write_file_create(st->test, file, SPLICE_CAPACITY);
}

/* The last @len bytes, which few tests write to the file from the pipe. */
void splice_fill_file(struct splice_test *st, struct write_file *source, size_t len)
{
	const u8 *bytes = st->bytes + SPLICE_CAPACITY - len;
	loff_t pos = 0;

	KUNIT_ASSERT_EQ(st->test, (ssize_t)len, kernel_write(source->file, bytes, len, &pos));
	memcpy(source->model, bytes, len);
	source->size = max_t(loff_t, source->size, len);
}

/* Name what is tried next: it is printed with every failure. */
void splice_label(struct splice_test *st, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(st->wf->label, sizeof(st->wf->label), fmt, args);
	va_end(args);
}

/* Another file of the filesystem, or the same in another way. */
struct file *splice_open(struct splice_test *st, const char *name, int flags)
{
	if (st->fs)
		return test_fs_open(st->fs, name, flags);
	return write_file_open(st->test, st->mnt, name, flags | O_CREAT);
}

void splice_close(struct splice_test *st, struct file *file)
{
	if (st->fs)
		test_fs_close(st->fs, file);
	else
		write_file_close(st->test, file);
}

/* Write a file back and forget what is cached of it, where that can be had again. */
void splice_forget(struct splice_test *st, struct write_file *wf)
{
	KUNIT_ASSERT_EQ_MSG(st->test, 0, vfs_fsync(wf->file, 0), "%s", wf->label);
	write_file_drop_clean(wf);
}

/* A file of @size bytes that are all hole, nothing of it cached, in poisoned memory. */
void splice_fresh_file(struct splice_test *st, loff_t size)
{
	write_file_truncate(st->wf, 0);
	write_file_truncate(st->wf, size);
	splice_forget(st, st->wf);
	KUNIT_ASSERT_EQ_MSG(st->test, 0UL, st->wf->file->f_mapping->nrpages, "%s",
			    st->wf->label);
	write_file_poison_free_memory(st->test);
}

/* Blocks that are free again may wait for the journal until they can be used. */
static void sync_all(struct splice_test *st)
{
	struct super_block *sb = file_inode(st->wf->file)->i_sb;

	down_read(&sb->s_umount);
	KUNIT_EXPECT_EQ(st->test, 0, sync_filesystem(sb));
	up_read(&sb->s_umount);
}

static void cut(struct splice_test *st, struct file *file, loff_t size)
{
	KUNIT_EXPECT_EQ(st->test, 0, vfs_truncate(&file->f_path, size));
	sync_all(st);
}

/* Fill the disk but for @leave bytes, which may be needed for more than data. */
void splice_fill_disk(struct splice_test *st, size_t leave)
{
	struct file *filler = splice_open(st, "filler", O_RDWR);
	size_t len = PAGES(32);
	loff_t pos = 0;

	while (len) {
		if (kernel_write(filler, st->bytes, len, &pos) != len)
			len /= 2;
		if (len < 512)
			len = 0;
		/* What was promised to delayed allocation has to be there. */
		KUNIT_ASSERT_EQ(st->test, 0, vfs_fsync(filler, 0));
	}
	pos = i_size_read(file_inode(filler));
	KUNIT_ASSERT_GT(st->test, pos, (loff_t)leave);
	cut(st, filler, round_down(pos, PAGE_SIZE) - leave);
	splice_close(st, filler);
}

void splice_free_disk(struct splice_test *st)
{
	struct file *filler = splice_open(st, "filler", O_RDWR);

	cut(st, filler, 0);
	splice_close(st, filler);
}

/* Into the pipe, one to a slot. */
void splice_put_pages(struct splice_test *st, unsigned int nr)
{
	test_pipe_write(st->pipe, st->bytes, PAGES(nr));
}

/* Map the start of a file, or memory if there is none. */
unsigned long splice_map(struct splice_test *st, struct file *file, size_t len, int flags)
{
	unsigned long addr = kunit_vm_mmap(st->test, file, 0, PAGE_ALIGN(len),
					   PROT_READ | PROT_WRITE, flags, 0);

	KUNIT_ASSERT_NE(st->test, addr, 0UL);
	KUNIT_ASSERT_FALSE(st->test, IS_ERR_VALUE(addr));
	return addr;
}

/* User memory with the first @len bytes in it. */
unsigned long splice_user_memory(struct splice_test *st, size_t len)
{
	unsigned long addr = splice_map(st, NULL, len, MAP_PRIVATE | MAP_ANONYMOUS);

	KUNIT_ASSERT_EQ(st->test, 0UL, copy_to_user((void __user *)addr, st->bytes, len));
	return addr;
}

/* That many pages moved in the last splice, if the kernel and the file allow it. */
void splice_expect_moved(struct splice_test *st, unsigned int moved)
{
	if (!IS_ENABLED(CONFIG_SPLICE_MOVES_PAGES) ||
	    (st->target && st->target->quirks & COPIES))
		moved = 0;
	KUNIT_EXPECT_EQ_MSG(st->test, moved, st->pipe->moved, "pages that moved, %s",
			    st->wf->label);
}

/**
 * splice_expect - splice with SPLICE_F_MOVE and compare with the model
 * @st: the test
 * @pos: where to
 * @len: how much
 * @expected: what has to be returned
 * @moved: how many pages have to move, where pages can
 */
void splice_expect(struct splice_test *st, loff_t pos, size_t len, ssize_t expected,
		   unsigned int moved)
{
	KUNIT_EXPECT_EQ_MSG(st->test, expected,
			    test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, len,
					     SPLICE_F_MOVE),
			    "return value, %s", st->wf->label);
	splice_expect_moved(st, moved);
	write_file_check(st->wf);
}

/* Splice from @pos on until there is no space.  Return: how far that was. */
loff_t splice_until_full(struct splice_test *st, loff_t pos)
{
	ssize_t n;

	while ((n = test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, SPLICE_CAPACITY,
				     SPLICE_F_MOVE)) > 0) {
		splice_expect_moved(st, n / PAGE_SIZE);
		pos += n;
	}
	KUNIT_EXPECT_EQ_MSG(st->test, n, -ENOSPC, "%s", st->wf->label);
	return pos;
}

/**
 * splice_fail_sync - splice to a disk that fails
 * @st: the test, with an empty file
 * @len: how much; so much is in the pipe afterwards
 *
 * The file is open with O_SYNC, and has blocks.  As with any write that can't be
 * synced, what was written is in the file, and the call says that it is not.
 */
void splice_fail_sync(struct splice_test *st, size_t len)
{
	struct test_disk *disk = st->fs->disk;
	struct file *file;

	splice_fill_file(st, st->wf, PAGE_ALIGN(len) + PAGE_SIZE);
	splice_forget(st, st->wf);
	file = splice_open(st, "file", O_RDWR | O_SYNC);
	disk->fail_pos = test_fs_locate(file, PAGES(2));
	KUNIT_ASSERT_GT(st->test, disk->fail_pos, 0);
	test_pipe_write(st->pipe, st->bytes, len);
	disk->fail_writes = 1;
	KUNIT_EXPECT_EQ_MSG(st->test, -EIO,
			    test_pipe_splice(st->pipe, st->wf, file, 0, len, SPLICE_F_MOVE),
			    "%s", st->wf->label);
	KUNIT_EXPECT_EQ_MSG(st->test, disk->fail_writes, 0, "%s", st->wf->label);
	disk->fail_writes = 0;
	splice_close(st, file);
	/* Each open file hears of it once. */
	KUNIT_EXPECT_EQ_MSG(st->test, -EIO, vfs_fsync(st->wf->file, 0), "%s", st->wf->label);
	memcpy(st->wf->model, st->bytes, len);
	write_file_check(st->wf);
}

/* Compare the file as it is cached, and as it is once nothing of it is. */
void splice_settle(struct splice_test *st)
{
	write_file_check(st->wf);
	splice_forget(st, st->wf);
	write_file_check(st->wf);
	if (st->fs) {
		test_fs_remount(st->fs);
		write_file_check(st->wf);
	}
}
