/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files that the benchmark writes to, one kind per filesystem.
 */
#ifndef _WRITE_BENCH_FILE_H
#define _WRITE_BENCH_FILE_H

#include <kunit/test.h>
#include <linux/fs.h>

/**
 * struct bench_fs - a filesystem to write to
 * @name: in the table of results
 * @mount: makes and mounts a new one, which goes away with the test
 * @type: of file system, if that is not @name
 * @mkfs_options: for mke2fs, if it is on a disk
 * @mount_options: as for mount(8), or NULL
 * @loop: what is written to is a loop device over the file
 */
struct bench_fs {
	const char *name;
	struct vfsmount *(*mount)(struct kunit *test, const struct bench_fs *fs,
				  size_t disk_size);
	const char *type;
	const char *mkfs_options;
	const char *mount_options;
	bool loop;
};

extern const struct bench_fs bench_filesystems[];
extern const unsigned int nr_bench_filesystems;

struct file *bench_file_open(struct kunit *test, const struct bench_fs *fs,
			     size_t disk_size);
struct file *bench_loop_open(struct kunit *test, struct file *backing, loff_t size);
void bench_file_check(struct kunit *test, struct file *file, const u8 *source,
		      size_t size, size_t len);

#endif /* _WRITE_BENCH_FILE_H */
