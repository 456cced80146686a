// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files that the benchmark writes to, one kind per filesystem.
 */
#include "bench_file.h"
#include "loop_disk.h"
#include "test_fs.h"
#include "write_file.h"

/*
 * A filesystem without a device.  Not by kern_mount(), for which tmpfs leaves
 * out the accounting that all mounts have that a user can make.
 */
static struct vfsmount *bench_mount_nodev(struct kunit *test,
					  const struct bench_fs *fs, size_t disk_size)
{
	return write_file_mount(test, fs->type ?: fs->name, NULL);
}

/* Made by mke2fs, on a disk in memory, and checked by e2fsck in the end. */
static struct vfsmount *bench_mount_disk(struct kunit *test, const struct bench_fs *fs,
					 size_t disk_size)
{
	return test_fs_create(test, fs->type, fs->mkfs_options, fs->mount_options,
			      disk_size)->mnt;
}

const struct bench_fs bench_filesystems[] = {
	{ "ramfs", bench_mount_nodev },
	{ "tmpfs", bench_mount_nodev },
	{ "ext2-1k", bench_mount_disk, "ext2", "-b 1024" },
	{ "ext2-4k", bench_mount_disk, "ext2", "-b 4096" },
	{ "ext3-ordered", bench_mount_disk, "ext3", "-b 4096", "data=ordered" },
	{ "ext3-writeback", bench_mount_disk, "ext3", "-b 4096", "data=writeback" },
	{ "ext3-journal", bench_mount_disk, "ext3", "-b 4096", "data=journal" },
	{ "ext4", bench_mount_disk, "ext4", "-b 4096" },
	{ "loop-tmpfs", bench_mount_nodev, "tmpfs", .loop = true },
	{ "loop-ext2", bench_mount_disk, "ext2", "-b 4096", .loop = true },
};

const unsigned int nr_bench_filesystems = ARRAY_SIZE(bench_filesystems);

/* An empty file on a new filesystem; both go away with the test. */
struct file *bench_file_open(struct kunit *test, const struct bench_fs *fs,
			     size_t disk_size)
{
	return write_file_open(test, fs->mount(test, fs, disk_size), "file",
			       O_CREAT | O_RDWR | O_LARGEFILE);
}

/* A loop device over @backing, of @size bytes, for direct I/O. */
struct file *bench_loop_open(struct kunit *test, struct file *backing, loff_t size)
{
	struct loop_disk *ld = loop_disk_create(test);

	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&backing->f_path, size));
	KUNIT_ASSERT_EQ(test, 0, loop_disk_bind(ld, backing, 0, 0));
	/* As fcntl(2) does.  The device's own page cache stays empty. */
	ld->file->f_flags |= O_DIRECT;
	ld->file->f_iocb_flags = iocb_flags(ld->file);
	return ld->file;
}

/* The file must consist of copies of @source, @len bytes in all. */
void bench_file_check(struct kunit *test, struct file *file, const u8 *source,
		      size_t size, size_t len)
{
	u8 *read = kunit_kmalloc(test, size, GFP_KERNEL);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(test, read);
	KUNIT_ASSERT_EQ(test, i_size_read(file_inode(file)), len);
	while (pos < len) {
		KUNIT_ASSERT_EQ(test, size, kernel_read(file, read, size, &pos));
		KUNIT_ASSERT_MEMEQ(test, source, read, size);
	}
	kunit_kfree(test, read);
}
