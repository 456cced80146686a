/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file under test, the model of what it must hold, and the checks that
 * follow every write.
 */
#ifndef _WRITE_KUNIT_WRITE_FILE_H
#define _WRITE_KUNIT_WRITE_FILE_H

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/prandom.h>
#include <linux/uio.h>

#include "compat.h"
#include "user_mem.h"

/**
 * struct write_file - a file and its model
 * @test: the test that owns it
 * @file: the file, open for reading and writing
 * @model: what the file must read as; zeros from @size to @capacity
 * @size: what i_size must be
 * @capacity: the model's length in bytes, whole pages; writes must end below it
 * @mapped: where write_file_map() has mapped the file for reading, or 0
 * @label: printed with every failure, e.g. the seed and step of a random test
 */
struct write_file {
	struct kunit *test;
	struct file *file;
	u8 *model;
	loff_t size;
	size_t capacity;
	unsigned long mapped;
	char label[80];
};

struct write_file *write_file_create(struct kunit *test, struct file *file,
				     size_t capacity);
struct vfsmount *write_file_mount(struct kunit *test, const char *name,
				  const char *options);
struct file *write_file_open(struct kunit *test, struct vfsmount *mnt,
			     const char *path, int flags);
struct file *write_file_open_ramfs(struct kunit *test);
struct vfsmount *write_file_mount_pseudo(struct kunit *test);
struct file *write_file_open_pseudo(struct kunit *test, struct vfsmount *mnt,
				    struct inode *inode,
				    const struct file_operations *fops);
void write_file_close_at_end(struct kunit *test, struct file *file);
void write_file_close(struct kunit *test, struct file *file);
void write_file_poison_free_memory(struct kunit *test);
const struct cred *write_file_become(struct kunit *test, kuid_t fsuid);
const struct cred *write_file_obey_limits(struct kunit *test);
void write_file_revert_creds(const struct cred *old);

__printf(2, 3) void write_file_label(struct write_file *wf, const char *fmt, ...);
bool write_file_failed(struct write_file *wf);

ssize_t write_file_write(struct write_file *wf, loff_t pos,
			 struct iov_iter *from, const u8 *source);
ssize_t write_file_write_iter(struct write_file *wf, struct file *file, loff_t pos,
			      struct iov_iter *from, const u8 *source);
void write_file_expect(struct write_file *wf, loff_t pos,
		       struct user_iter *ui, ssize_t expected);
void write_file_check(struct write_file *wf);
void write_file_check_dirty(struct write_file *wf, loff_t pos, ssize_t written);
void write_file_check_iter(struct kunit *test, const struct iov_iter *before,
			   const struct iov_iter *after, ssize_t written,
			   const char *label);
void write_file_truncate(struct write_file *wf, loff_t size);
void write_file_drop_clean(struct write_file *wf);
void write_file_map(struct write_file *wf);
void write_file_iter(struct write_file *wf, struct user_iter *ui, size_t offset,
		     size_t len);

/**
 * struct self_case - a write of a file whose source is a mapping of it
 * @name: of the parameter
 * @from: where the source starts in the file
 * @to: where it is written to
 * @len: how much of it
 * @fails: how many times the suite lets a copy fail, in its own way
 * @sparse: whether no page of the file is there
 *
 * Source and destination of one copy may overlap only where both are zeros:
 * what memcpy() does with it is undefined.
 */
struct self_case {
	const char *name;
	size_t from;
	size_t to;
	size_t len;
	unsigned int fails;
	bool sparse;
};

/* For files of 8 pages, with room for three more. */
GENERATOR(from_itself_gen_params);
GENERATOR(random_gen_params);

static inline u32 random_below(struct rnd_state *rnd, u32 limit)
{
	return prandom_u32_state(rnd) % limit;
}

#endif /* _WRITE_KUNIT_WRITE_FILE_H */
