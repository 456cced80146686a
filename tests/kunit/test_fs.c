// SPDX-License-Identifier: GPL-2.0-only
/*
 * A real file system on a disk under test control: made by mke2fs, mounted,
 * and judged by e2fsck.
 *
 * Nothing of it is simulated but the disk, and that only so that every byte of
 * it can be looked at and reads and writes can fail.  The kernel's code above
 * the disk is what runs in any machine, and whether it did right is said by
 * programs that share no line with it.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/list.h>
#include <linux/mount.h>
#include <linux/namei.h>

#include "compat.h"
#include "test_fs.h"

/*
 * A file that is open.  The test's own allocations are gone when the file system
 * goes, this is not.
 */
struct test_fs_file {
	struct list_head node;
	struct file *file;
	int flags;
	void (*reopened)(void *data, struct file *file);
	void *data;
	char name[];
};

/*
 * A device file, for system calls and for programs.  Nobody else makes one: there
 * is no user space.
 */
int test_fs_make_device(const char *path, dev_t dev)
{
	struct dentry *dentry;
	struct inode *inode;
	struct path dir;
	int err;

	scoped_with_init_fs()
		dentry = start_creating_path(AT_FDCWD, path, &dir, 0);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	inode = d_inode(dir.dentry);
	err = inode->i_op->mknod(mnt_idmap(dir.mnt), inode, dentry, S_IFBLK | 0600, dev);
	end_creating_path(&dir, dentry);
	return err;
}

static void remove_device(struct test_fs *fs)
{
	struct dentry *dentry;
	struct path dir;

	scoped_with_init_fs()
		dentry = start_removing_path(fs->device, &dir);
	if (IS_ERR(dentry))
		return;
	vfs_unlink(mnt_idmap(dir.mnt), d_inode(dir.dentry), dentry, NULL);
	end_removing_path(&dir, dentry);
}

static void close_file(struct test_fs_file *tf)
{
	if (!tf->file)
		return;
	__fput_sync(tf->file);
	tf->file = NULL;
}

static void forget_file(struct test_fs_file *tf)
{
	close_file(tf);
	list_del(&tf->node);
	kfree(tf);
}

static void open_file(struct test_fs *fs, struct test_fs_file *tf, int flags)
{
	struct file *file = file_open_root_mnt(fs->mnt, tf->name,
					       flags | O_LARGEFILE, 0600);

	KUNIT_ASSERT_FALSE_MSG(fs->test, IS_ERR(file), "opening %s fails: %pe",
			       tf->name, file);
	tf->file = file;
}

/**
 * test_fs_open - open a file
 * @fs: the file system
 * @name: the file's path; it is created if it does not exist
 * @flags: as for open(2)
 *
 * Return: the file, for test_fs_close(); unmounting and the test's end close it
 * as well.
 */
struct file *test_fs_open(struct test_fs *fs, const char *name, int flags)
{
	struct test_fs_file *tf = kzalloc(struct_size(tf, name, strlen(name) + 1),
					  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(fs->test, tf);
	list_add_tail(&tf->node, &fs->files);
	memcpy(tf->name, name, strlen(name) + 1);
	tf->flags = flags;
	open_file(fs, tf, flags | O_CREAT);
	return tf->file;
}

void test_fs_close(struct test_fs *fs, struct file *file)
{
	struct test_fs_file *tf;

	list_for_each_entry(tf, &fs->files, node) {
		if (tf->file == file) {
			forget_file(tf);
			return;
		}
	}
	KUNIT_FAIL(fs->test, "a file to be closed is not open");
}

/**
 * test_fs_keep_open - have the last file opened again by each mount
 * @fs: the file system, on which test_fs_open() opened it
 * @reopened: told of the new file; and before it is closed, of NULL
 * @data: for @reopened
 */
void test_fs_keep_open(struct test_fs *fs, void (*reopened)(void *data, struct file *file),
		       void *data)
{
	struct test_fs_file *tf = list_last_entry(&fs->files, struct test_fs_file, node);

	tf->reopened = reopened;
	tf->data = data;
}

/* Where on its disk a byte of the file is, or -1 if it is in a hole. */
loff_t test_fs_locate(struct file *file, loff_t pos)
{
	struct inode *inode = file_inode(file);
	sector_t block = pos >> inode->i_blkbits;

	if (bmap(inode, &block) || !block)
		return -1;
	return ((loff_t)block << inode->i_blkbits) + (pos & (i_blocksize(inode) - 1));
}

/*
 * Close all files, unmount, and forget all that is cached of the disk.  Return:
 * whether that was possible.
 */
static bool unmount(struct test_fs *fs)
{
	struct test_fs_file *tf;
	unsigned int n;

	list_for_each_entry(tf, &fs->files, node)
		close_file(tf);
	if (fs->mnt)
		mntput(fs->mnt);
	fs->mnt = NULL;
	/*
	 * The block device is closed, and a mapping of a file by a thread that
	 * has ended is taken apart, a moment later.  With the last user its
	 * cache goes.
	 */
	for (n = 0; n < 500; n++) {
		flush_delayed_fput();
		if (!disk_openers(fs->disk->disk))
			return true;
		msleep(20);
	}
	return false;
}

/* Close all files and unmount.  What is open beyond that fails the test. */
void test_fs_unmount(struct test_fs *fs)
{
	struct test_fs_file *tf;

	list_for_each_entry(tf, &fs->files, node) {
		if (tf->reopened)
			tf->reopened(tf->data, NULL);
	}
	KUNIT_ASSERT_TRUE_MSG(fs->test, unmount(fs),
			      "%s is still in use after unmounting", fs->device);
}

static struct vfsmount *try_mount(struct test_fs *fs)
{
	struct file_system_type *type = get_fs_type(fs->type);
	/* Parsing cuts it into pieces. */
	char *options = kunit_kstrdup(fs->test, fs->mount_options ?: "", GFP_KERNEL);
	struct vfsmount *mnt;

	KUNIT_ASSERT_NOT_NULL(fs->test, type);
	KUNIT_ASSERT_NOT_NULL(fs->test, options);
	/* An internal mount goes with its last reference, and not later. */
	scoped_with_init_fs()
		mnt = vfs_kern_mount(type, SB_KERNMOUNT, fs->device, options);
	put_filesystem(type);
	kunit_kfree(fs->test, options);
	return mnt;
}

/* Mount it, and open the files again that are to be kept open. */
void test_fs_mount(struct test_fs *fs)
{
	struct test_fs_file *tf, *next;
	struct vfsmount *mnt = try_mount(fs);

	KUNIT_ASSERT_FALSE_MSG(fs->test, IS_ERR(mnt), "mounting %s with '%s' fails: %pe",
			       fs->type, fs->mount_options ?: "", mnt);
	fs->mnt = mnt;
	list_for_each_entry_safe(tf, next, &fs->files, node) {
		if (!tf->reopened) {
			forget_file(tf);
			continue;
		}
		open_file(fs, tf, tf->flags & ~(O_CREAT | O_EXCL | O_TRUNC));
		tf->reopened(tf->data, tf->file);
	}
}

/**
 * test_fs_remount - unmount, forget all that is cached, and mount again
 * @fs: the file system
 *
 * Files of test_fs_write_file() are open again afterwards, others are closed.
 */
void test_fs_remount(struct test_fs *fs)
{
	test_fs_unmount(fs);
	test_fs_mount(fs);
}

static void judge(struct test_fs *fs)
{
	struct tool_run run = try_tool(fs->test, "e2fsck -fn %s", fs->device);

	if (run.status)
		KUNIT_FAIL(fs->test, "%s is not clean, e2fsck ends with %d:\n%s",
			   fs->type, run.status, run.output);
}

/**
 * test_fs_check - have e2fsck judge the file system
 * @fs: the file system, which is unmounted, checked and mounted again
 *
 * The test fails if it is not clean.  All file systems are checked at the end
 * of their tests; this is for a test that goes on.
 */
void test_fs_check(struct test_fs *fs)
{
	test_fs_unmount(fs);
	judge(fs);
	test_fs_mount(fs);
}

/* Without assertions, which would leave the rest undone. */
static void test_fs_destroy(void *data)
{
	struct test_fs *fs = data;
	struct test_fs_file *tf, *next;
	bool unmounted;

	fs->disk->fail_reads = 0;
	fs->disk->fail_writes = 0;
	unmounted = unmount(fs);
	list_for_each_entry_safe(tf, next, &fs->files, node)
		forget_file(tf);
	if (!unmounted) {
		/* Better a disk that stays than one in use that has gone. */
		KUNIT_FAIL(fs->test, "%s is still in use at the end", fs->device);
		return;
	}
	judge(fs);
	remove_device(fs);
	test_disk_destroy(fs->disk);
}

/* Before there is a file system, there is nothing to judge. */
static int add_device(struct test_fs *fs, size_t size)
{
	int err;

	fs->disk = test_disk_create(size);
	if (IS_ERR(fs->disk))
		return PTR_ERR(fs->disk);
	snprintf(fs->device, sizeof(fs->device), "/dev/%s",
		 fs->disk->disk->disk_name);
	err = test_fs_make_device(fs->device, disk_devt(fs->disk->disk));
	if (err)
		test_disk_destroy(fs->disk);
	return err;
}

/**
 * test_fs_create - make a file system and mount it
 * @test: the test, which is skipped if there is no mke2fs.  When it ends, the
 *	file system is unmounted and must be clean
 * @type: "ext2", "ext3" or "ext4"
 * @mkfs_options: for mke2fs, e.g. "-b 1024 -O ^resize_inode", or NULL
 * @mount_options: as mount(8) takes them after -o, or NULL
 * @size: of the disk, in bytes
 */
struct test_fs *test_fs_create(struct kunit *test, const char *type,
			       const char *mkfs_options,
			       const char *mount_options, size_t size)
{
	struct test_fs *fs = kunit_kzalloc(test, sizeof(*fs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fs);
	need_tools(test);
	INIT_LIST_HEAD(&fs->files);
	fs->test = test;
	fs->type = type;
	fs->mount_options = mount_options;
	KUNIT_ASSERT_EQ(test, 0, add_device(fs, size));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, test_fs_destroy, fs));

	/* A fixed UUID: the same image each time. */
	run_tool(test, "mke2fs -q -F -t %s -U 00000000-0000-4000-8000-000000000001 %s %s",
		 type, mkfs_options ?: "", fs->device);
	test_fs_mount(fs);
	return fs;
}
