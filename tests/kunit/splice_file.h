/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files to splice to, on each kind of filesystem that takes pages, and on some
 * that do not.
 */
#ifndef _WRITE_KUNIT_SPLICE_FILE_H
#define _WRITE_KUNIT_SPLICE_FILE_H

#include "compat.h"
#include "test_fs.h"
#include "test_pipe.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define SPLICE_CAPACITY	PAGES(160)

/**
 * struct splice_target - where to splice to
 * @name: of the parameter
 * @type: of the filesystem
 * @mkfs: options of mke2fs, if it is on a disk
 * @mount: options of mount
 * @quirks: what tests have to know of it
 */
struct splice_target {
	const char *name;
	const char *type;
	const char *mkfs;
	const char *mount;
	unsigned int quirks;
};

#define COPIES		BIT(0)	/* it takes no pages */
#define JOURNALS	BIT(1)	/* what is synced is in the journal */
#define ENDLESS		BIT(2)	/* it is never full */
#define UNSPLICED	BIT(3)	/* special to writes, but in no way to splice(2) */

/**
 * struct splice_test - a file, a pipe, and bytes to put into it
 * @test: the test that owns it
 * @target: what the file is on
 * @fs: the file system of the file, if it is on a disk
 * @mnt: where it is mounted, if it is not
 * @wf: the file
 * @pipe: the pipe
 * @bytes: SPLICE_CAPACITY random ones
 */
struct splice_test {
	struct kunit *test;
	const struct splice_target *target;
	struct test_fs *fs;
	struct vfsmount *mnt;
	struct write_file *wf;
	struct test_pipe *pipe;
	u8 *bytes;
};

GENERATOR(splice_target_gen_params);
GENERATOR(splice_limited_gen_params);
GENERATOR(splice_disk_gen_params);
/* These, and what is UNSPLICED. */
GENERATOR(splice_any_gen_params);
GENERATOR(splice_any_limited_gen_params);

struct splice_test *splice_test_create(struct kunit *test, const struct splice_target *target);
struct splice_test *splice_test_of(struct kunit *test, struct write_file *wf);
struct write_file *splice_source_on_disk(struct splice_test *st, const char *mkfs);
struct write_file *splice_source_in_memory(struct splice_test *st, const char *type);
void splice_fill_file(struct splice_test *st, struct write_file *source, size_t len);

__printf(2, 3)
void splice_label(struct splice_test *st, const char *fmt, ...);
struct file *splice_open(struct splice_test *st, const char *name, int flags);
void splice_close(struct splice_test *st, struct file *file);
void splice_forget(struct splice_test *st, struct write_file *wf);
void splice_fresh_file(struct splice_test *st, loff_t size);
void splice_fill_disk(struct splice_test *st, size_t leave);
void splice_free_disk(struct splice_test *st);

void splice_put_pages(struct splice_test *st, unsigned int nr);
unsigned long splice_map(struct splice_test *st, struct file *file, size_t len, int flags);
unsigned long splice_user_memory(struct splice_test *st, size_t len);

void splice_expect(struct splice_test *st, loff_t pos, size_t len, ssize_t expected,
		   unsigned int moved);
void splice_expect_moved(struct splice_test *st, unsigned int moved);
loff_t splice_until_full(struct splice_test *st, loff_t pos);
void splice_fail_sync(struct splice_test *st, size_t len);
void splice_settle(struct splice_test *st);

#endif /* _WRITE_KUNIT_SPLICE_FILE_H */
