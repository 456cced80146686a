/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A real file system on a disk under test control: made by mke2fs, mounted,
 * and judged by e2fsck.
 */
#ifndef _WRITE_KUNIT_TEST_FS_H
#define _WRITE_KUNIT_TEST_FS_H

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/mount.h>

#include "test_disk.h"
#include "user_tool.h"
#include "write_file.h"

/**
 * struct test_fs - the file system
 * @test: the test that owns it
 * @mnt: where it is mounted; it is another one after test_fs_remount()
 * @disk: what it is on; bytes that nobody has written are DISK_POISON.  Reads
 *	and writes can be made to fail, see &struct test_disk
 * @device: path of the disk, for run_tool()
 * @type: "ext2", "ext3" or "ext4"
 * @mount_options: as mount(8) takes them after -o, or NULL
 */
struct test_fs {
	struct kunit *test;
	struct vfsmount *mnt;
	struct test_disk *disk;
	char device[DISK_NAME_LEN + sizeof("/dev/")];
	const char *type;
	const char *mount_options;

	/* private: */
	struct list_head files;
};

struct test_fs *test_fs_create(struct kunit *test, const char *type,
			       const char *mkfs_options,
			       const char *mount_options, size_t size);

struct file *test_fs_open(struct test_fs *fs, const char *name, int flags);
void test_fs_close(struct test_fs *fs, struct file *file);
void test_fs_keep_open(struct test_fs *fs, void (*reopened)(void *data, struct file *file),
		       void *data);
struct write_file *test_fs_write_file(struct test_fs *fs, const char *name,
				      int flags, size_t capacity);

void test_fs_unmount(struct test_fs *fs);
void test_fs_mount(struct test_fs *fs);
void test_fs_remount(struct test_fs *fs);
void test_fs_check(struct test_fs *fs);

loff_t test_fs_locate(struct file *file, loff_t pos);
int test_fs_make_device(const char *path, dev_t dev);

#endif /* _WRITE_KUNIT_TEST_FS_H */
