// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices over files of real ext2 and ext3 file systems that get full, or
 * whose disk fails.
 *
 * Whatever the device said is compared with what is on the disk below after it
 * was flushed: the file system is mounted anew before the file is read.
 */
#include <linux/blkdev.h>
#include <linux/file.h>
#include <linux/loop.h>
#include <linux/sizes.h>

#include "compat.h"
#include "fault_knobs.h"
#include "loop_disk.h"
#include "test_fs.h"

#define DISK_SIZE	SZ_8M
#define MAX_IOS		64

struct ext_case {
	const char *name;
	const char *type;
	const char *mkfs;
	const char *mount;
	u32 flags;
};

static const struct ext_case ext_cases[] = {
	{ "ext2, 1k blocks", "ext2", "-b 1024" },
	{ "ext2, 1k blocks, direct", "ext2", "-b 1024", NULL, LO_FLAGS_DIRECT_IO },
	{ "ext2, 4k blocks", "ext2", "-b 4096" },
	{ "ext2, 4k blocks, direct", "ext2", "-b 4096", NULL, LO_FLAGS_DIRECT_IO },
	{ "ext3, 1k blocks, ordered", "ext3", "-b 1024", "data=ordered" },
	{ "ext3, 1k blocks, ordered, direct", "ext3", "-b 1024", "data=ordered",
	  LO_FLAGS_DIRECT_IO },
	{ "ext3, 1k blocks, writeback", "ext3", "-b 1024", "data=writeback" },
	{ "ext3, 1k blocks, journal", "ext3", "-b 1024", "data=journal" },
	{ "ext3, 4k blocks, ordered", "ext3", "-b 4096", "data=ordered" },
	{ "ext3, 4k blocks, ordered, direct", "ext3", "-b 4096", "data=ordered",
	  LO_FLAGS_DIRECT_IO },
};

static void ext_desc(const struct ext_case *ec, char *desc)
{
	strscpy(desc, ec->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ext, ext_cases, ext_desc);

/*
 * Without those that write data to the journal first: when it gets to its place
 * on disk, nobody waits for it any more.
 */
static GENERATOR(in_place_gen_params)
{
	const struct ext_case *ec = generate(ext_gen_params, prev, desc);

	while (ec && ec->mount && strstr(ec->mount, "journal"))
		ec = generate(ext_gen_params, ec, desc);
	return ec;
}

/**
 * struct ext_test - a loop device over a file on a disk under test control
 * @test: the test
 * @fs: the file system
 * @ld: the device
 * @ios: what was written to the device, in this order
 * @nr: how many that are
 */
struct ext_test {
	struct kunit *test;
	struct test_fs *fs;
	struct loop_disk *ld;
	struct loop_io *ios[MAX_IOS];
	unsigned int nr;
};

/* The file is as large as the device and all holes. */
static struct ext_test *ext_test_create(struct kunit *test, loff_t size)
{
	const struct ext_case *ec = test->param_value;
	struct ext_test *et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);
	struct file *file;

	KUNIT_ASSERT_NOT_NULL(test, et);
	et->test = test;
	et->fs = test_fs_create(test, ec->type, ec->mkfs, ec->mount, DISK_SIZE);
	file = test_fs_open(et->fs, "image", O_RDWR);
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&file->f_path, size));
	et->ld = loop_disk_create(test);
	KUNIT_ASSERT_EQ(test, 0, loop_disk_bind(et->ld, file, ec->flags, 0));
	/* The device has its own reference. */
	test_fs_close(et->fs, file);
	return et;
}

static struct loop_io *ext_test_write(struct ext_test *et, loff_t pos, size_t len,
				      unsigned int nr)
{
	struct loop_io *io = loop_io_create(et->ld, pos, len, nr, et->nr + 1);

	KUNIT_ASSERT_LT(et->test, et->nr, MAX_IOS);
	et->ios[et->nr++] = io;
	loop_io_run(io, REQ_OP_WRITE);
	return io;
}

/*
 * The device is no longer needed: what it claimed to have written is
 * there when nothing is cached any more.
 */
static void expect_on_disk(struct ext_test *et)
{
	struct kunit *test = et->test;
	struct file *file;
	unsigned int i, bio;
	size_t at;

	loop_disk_unbind(et->ld);
	test_fs_remount(et->fs);
	file = test_fs_open(et->fs, "image", O_RDWR);
	for (i = 0; i < et->nr; i++) {
		struct loop_io *io = et->ios[i];
		u8 *bytes = kunit_kmalloc(test, io->len, GFP_KERNEL);
		loff_t pos = io->pos;

		KUNIT_ASSERT_NOT_NULL(test, bytes);
		KUNIT_ASSERT_EQ(test, io->len, kernel_read(file, bytes, io->len, &pos));
		for (bio = 0, at = 0; bio < io->nr; at += io->bios[bio++].len)
			if (!io->bios[bio].status)
				KUNIT_EXPECT_TRUE_MSG(test,
						      !memcmp(bytes + at, io->data + at,
							      io->bios[bio].len),
						      "write %u, bio %u", i, bio);
		kunit_kfree(test, bytes);
	}
	test_fs_close(et->fs, file);
}

/*
 * Fill the disk. What is left when it is full depends on the file system, but
 * it is less than all, and more than nothing.
 */
static void loop_ext_write_full(struct kunit *test)
{
	struct ext_test *et = ext_test_create(test, 2 * DISK_SIZE);
	unsigned int i, bio, written = 0, failed = 0;

	/* An odd number of sectors, lest the end be that of a request. */
	for (i = 0; i < 40; i++)
		ext_test_write(et, i * 57 * SZ_4K + SZ_1K, 19 * SZ_1K, 12);
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_flush(et->ld->bdev));

	for (i = 0; i < et->nr; i++) {
		for (bio = 0; bio < et->ios[i]->nr; bio++) {
			blk_status_t status = et->ios[i]->bios[bio].status;

			if (!status) {
				written++;
				continue;
			}
			failed++;
			KUNIT_EXPECT_EQ(test, status, BLK_STS_NOSPC);
		}
	}
	KUNIT_EXPECT_GT(test, written, 100);
	KUNIT_EXPECT_GT(test, failed, 40);
	expect_on_disk(et);
}

/*
 * A block of the disk can't be written. With direct I/O that is an error of the
 * write, otherwise of the flush that a user of the device waits for.
 */
static void loop_ext_write_bad_block(struct kunit *test)
{
	const struct ext_case *ec = test->param_value;
	struct ext_test *et = ext_test_create(test, SZ_1M);
	struct test_disk *disk = et->fs->disk;
	struct loop_io *io;
	struct file *file;
	unsigned int bio;

	/* It must have its place on disk before that can be made to fail. */
	ext_test_write(et, 0, SZ_4K, 16);
	KUNIT_ASSERT_EQ(test, 0, blkdev_issue_flush(et->ld->bdev));
	et->nr = 0;
	file = test_fs_open(et->fs, "image", O_RDWR);
	disk->fail_pos = test_fs_locate(file, 5 * SZ_4K + 700);
	test_fs_close(et->fs, file);
	KUNIT_ASSERT_GT(test, disk->fail_pos, 0);

	disk->fail_writes = 1;
	io = ext_test_write(et, SZ_4K, SZ_4K, 8);
	if (ec->flags & LO_FLAGS_DIRECT_IO) {
		KUNIT_EXPECT_EQ(test, io->bios[4].status, BLK_STS_IOERR);
	} else {
		KUNIT_EXPECT_EQ(test, io->bios[4].status, BLK_STS_OK);
		KUNIT_EXPECT_EQ(test, -EIO, blkdev_issue_flush(et->ld->bdev));
		/* Any of them may be gone after that, and who flushed knows. */
		for (bio = 0; bio < io->nr; bio++)
			io->bios[bio].status = BLK_STS_IOERR;
	}
	KUNIT_EXPECT_EQ(test, disk->fail_writes, 0);
	/* The disk has recovered. */
	io = ext_test_write(et, 8 * SZ_4K, SZ_4K, 8);
	KUNIT_EXPECT_EQ(test, io->bios[0].status, BLK_STS_OK);
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_flush(et->ld->bdev));
	expect_on_disk(et);
}

#ifdef CONFIG_FAIL_WRITE_COPY
/* Short copies are the business of whoever copies, and nothing loop gets to see. */
static void loop_ext_write_short_copies(struct kunit *test)
{
	struct ext_test *et = ext_test_create(test, SZ_1M);
	struct fault_attr *attr = fault_attr_of(test, "fail_write_copy");
	struct fault_attr before = *attr;
	unsigned int i, bio;

	attr->verbose = 0;
	attr->probability = 50;
	atomic_set(&attr->times, -1);
	for (i = 0; i < 4; i++)
		ext_test_write(et, i * 7 * SZ_16K + SZ_1K, 7 * SZ_1K, 16);
	*attr = before;
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_flush(et->ld->bdev));
	for (i = 0; i < et->nr; i++)
		for (bio = 0; bio < et->ios[i]->nr; bio++)
			KUNIT_EXPECT_EQ(test, et->ios[i]->bios[bio].status, BLK_STS_OK);
	expect_on_disk(et);
}
#endif /* CONFIG_FAIL_WRITE_COPY */

static struct kunit_case loop_ext_write_cases[] = {
	KUNIT_CASE_PARAM(loop_ext_write_full, ext_gen_params),
	KUNIT_CASE_PARAM(loop_ext_write_bad_block, in_place_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(loop_ext_write_short_copies, ext_gen_params),
#endif
	{}
};

static struct kunit_suite loop_ext_write_suite = {
	.name = "loop_ext_write",
	.test_cases = loop_ext_write_cases,
};

kunit_test_suite(loop_ext_write_suite);

MODULE_DESCRIPTION("KUnit tests of loop devices over ext2 and ext3");
MODULE_LICENSE("GPL");
