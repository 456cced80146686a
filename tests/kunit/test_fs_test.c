// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for the suites' own way to make and check real file systems: that
 * e2fsck finds damage, that remounting forgets what is cached, and that the disk
 * fails where it is told to.
 */
#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/sizes.h>

#include "test_fs.h"

#define WRITE_SIZE	(3 * PAGE_SIZE + 100)

static const char * const types[] = { "ext2", "ext3", "ext4" };

static void type_desc(const char * const *type, char *desc)
{
	strscpy(desc, *type, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(types, types, type_desc);

static struct test_fs *make_fs(struct kunit *test)
{
	const char * const *type = test->param_value;

	return test_fs_create(test, *type, "-b 1024", NULL, SZ_8M);
}

static void write_something(struct test_fs *fs, struct write_file *wf)
{
	struct user_mem *um = user_mem_create(fs->test, WRITE_SIZE, 1);
	struct user_iter ui;

	user_iter_ubuf(&ui, um, 0, WRITE_SIZE);
	KUNIT_ASSERT_EQ(fs->test, (ssize_t)WRITE_SIZE,
			write_file_write_iter(wf, wf->file, 0, &ui.iter, ui.source));
}

/* With a model, a mapping, and a file that the test leaves open. */
static void keeps_what_is_written(struct kunit *test)
{
	struct test_fs *fs = make_fs(test);
	struct write_file *wf = test_fs_write_file(fs, "file", O_RDWR, SZ_64K);

	test_fs_open(fs, "other", O_RDWR);
	write_something(fs, wf);
	write_file_map(wf);
	write_file_check(wf);
	test_fs_remount(fs);
	write_file_check(wf);
	test_fs_check(fs);
	write_file_check(wf);
}

/* What is on disk counts after mounting again, and not what was cached. */
static void remount_forgets(struct kunit *test)
{
	struct test_fs *fs = make_fs(test);
	struct write_file *wf = test_fs_write_file(fs, "file", O_RDWR, SZ_64K);
	loff_t pos;

	write_something(fs, wf);
	KUNIT_ASSERT_EQ(test, 0, vfs_fsync(wf->file, 0));
	pos = test_fs_locate(wf->file, 2000);
	KUNIT_ASSERT_GT(test, pos, 0);
	KUNIT_EXPECT_EQ(test, fs->disk->bytes[pos], wf->model[2000]);
	fs->disk->bytes[pos] ^= 1;
	write_file_check(wf);
	test_fs_remount(fs);
	wf->model[2000] ^= 1;
	write_file_check(wf);
}

static void hole_is_nowhere(struct kunit *test)
{
	struct test_fs *fs = make_fs(test);
	struct file *file = test_fs_open(fs, "file", O_RDWR);

	KUNIT_EXPECT_EQ(test, -1, test_fs_locate(file, 0));
	test_fs_close(fs, file);
}

/* A block in use that the bitmap has as free, and an inode of a name cleared. */
static void e2fsck_finds_damage(struct kunit *test)
{
	static const struct {
		const char *debugfs, *e2fsck;
	} damage[] = {
		{ "freeb 8", "Block bitmap differences:  +8" },
		{ "clri file", "Entry 'file' in / (2) has deleted/unused inode" },
	};
	struct test_fs *fs = make_fs(test);
	unsigned int i;

	test_fs_open(fs, "file", O_RDWR);
	for (i = 0; i < ARRAY_SIZE(damage); i++) {
		struct tool_run run;

		test_fs_unmount(fs);
		run_tool(test, "debugfs -w -R '%s' %s", damage[i].debugfs, fs->device);
		run = try_tool(test, "e2fsck -fn %s", fs->device);
		KUNIT_EXPECT_EQ_MSG(test, run.status, 4, "%s", run.output);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(run.output, damage[i].e2fsck),
					  "%s", run.output);
		run = try_tool(test, "e2fsck -fy %s", fs->device);
		KUNIT_EXPECT_EQ_MSG(test, run.status, 1, "%s", run.output);
		test_fs_mount(fs);
	}
}

static void disk_fails(struct kunit *test)
{
	struct test_fs *fs = make_fs(test);
	struct write_file *wf = test_fs_write_file(fs, "file", O_RDWR, SZ_64K);
	loff_t pos = PAGE_SIZE;
	u8 byte;

	write_something(fs, wf);
	KUNIT_ASSERT_EQ(test, 0, vfs_fsync(wf->file, 0));
	fs->disk->fail_pos = test_fs_locate(wf->file, pos);
	fs->disk->bytes[fs->disk->fail_pos] = DISK_POISON;
	write_something(fs, wf);
	fs->disk->fail_writes = 1;
	KUNIT_EXPECT_EQ(test, -EIO, vfs_fsync(wf->file, 0));
	KUNIT_EXPECT_EQ(test, fs->disk->fail_writes, 0);
	/* It was dirty when it was written, and is no longer. */
	test_fs_remount(fs);
	KUNIT_EXPECT_EQ(test, 1, kernel_read(wf->file, &byte, 1, &pos));
	KUNIT_EXPECT_EQ(test, byte, DISK_POISON);

	test_fs_remount(fs);
	fs->disk->fail_reads = UINT_MAX;
	pos = PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -EIO, kernel_read(wf->file, &byte, 1, &pos));
}

static void unknown_tool(struct kunit *test)
{
	need_tools(test);
	KUNIT_EXPECT_EQ(test, -ENOENT, try_tool(test, "mkfs.nothing").status);
}

static void two_file_systems(struct kunit *test)
{
	struct test_fs *one = make_fs(test);
	struct test_fs *two = make_fs(test);

	KUNIT_EXPECT_PTR_NE(test, file_inode(test_fs_open(one, "file", O_RDWR))->i_sb,
			    file_inode(test_fs_open(two, "file", O_RDWR))->i_sb);
}

static struct kunit_case test_fs_cases[] = {
	KUNIT_CASE_PARAM(keeps_what_is_written, types_gen_params),
	KUNIT_CASE_PARAM(remount_forgets, types_gen_params),
	KUNIT_CASE_PARAM(hole_is_nowhere, types_gen_params),
	KUNIT_CASE_PARAM(e2fsck_finds_damage, types_gen_params),
	KUNIT_CASE_PARAM(disk_fails, types_gen_params),
	KUNIT_CASE(unknown_tool),
	KUNIT_CASE_PARAM(two_file_systems, types_gen_params),
	{}
};

static struct kunit_suite test_fs_suite = {
	.name = "test_fs",
	.test_cases = test_fs_cases,
};

kunit_test_suite(test_fs_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite for real file systems in suites");
