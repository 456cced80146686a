// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mounts and files that go away with the test.
 *
 * Apart from the model of a file, which needs error injection: the benchmark's
 * kernels have none.
 */
#include <linux/file.h>
#include <linux/mount.h>

#include "write_file.h"

KUNIT_DEFINE_ACTION_WRAPPER(write_file_fput, __fput_sync, struct file *);
KUNIT_DEFINE_ACTION_WRAPPER(write_file_mntput, mntput, struct vfsmount *);

/**
 * write_file_mount - mount a filesystem that has no device
 * @test: the test; the mount goes away with it
 * @name: of the filesystem's type
 * @options: as for mount(8), or NULL
 */
struct vfsmount *write_file_mount(struct kunit *test, const char *name,
				  const char *options)
{
	struct file_system_type *type = get_fs_type(name);
	char *data = NULL;
	struct vfsmount *mnt;

	KUNIT_ASSERT_NOT_NULL(test, type);
	/* Parsing options cuts the string into pieces. */
	if (options) {
		data = kunit_kstrdup(test, options, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, data);
	}
	mnt = vfs_kern_mount(type, 0, name, data);
	put_filesystem(type);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, write_file_mntput, mnt));
	return mnt;
}

/* Close @file when the test ends, if write_file_close() has not before. */
void write_file_close_at_end(struct kunit *test, struct file *file)
{
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, write_file_fput, file));
}

/* A file on a mount, closed with the test. */
struct file *write_file_open(struct kunit *test, struct vfsmount *mnt,
			     const char *path, int flags)
{
	struct file *file;

	file = file_open_root_mnt(mnt, path, flags, 0600);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	write_file_close_at_end(test, file);
	return file;
}

/* Close what would be closed with the test, before it ends. */
void write_file_close(struct kunit *test, struct file *file)
{
	kunit_release_action(test, write_file_fput, file);
}

/* An empty file on a ramfs of its own, closed and unmounted with the test. */
struct file *write_file_open_ramfs(struct kunit *test)
{
	return write_file_open(test, write_file_mount(test, "ramfs", NULL),
			       "file", O_CREAT | O_RDWR);
}
