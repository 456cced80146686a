/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file that is written in batches, with a record of them, and with
 * operations that a test can replace.
 */
#ifndef _WRITE_KUNIT_BATCH_FILE_H
#define _WRITE_KUNIT_BATCH_FILE_H

#include <kunit/test.h>
#include <linux/pagecache_write.h>

#include "compat.h"
#include "user_mem.h"
#include "write_file.h"

#define BATCH_FILE_CAPACITY	(64 * PAGE_SIZE)
#define BATCH_FILE_SOURCE	(16 * PAGE_SIZE)
#define BATCH_FILE_RECORDS	64

/* What a batch was, as its end operation has seen it. */
struct batch_record {
	loff_t pos;
	size_t len;
	size_t copied;
	ssize_t accepted;
	enum pagecache_write_rung rung;
};

/**
 * struct batch_file - a file on a ramfs of its own
 * @test: the test that owns it
 * @wf: the file and its model
 * @um: memory to write from
 * @begin: begin operation, or NULL for batch_file_begin()
 * @end: end operation, or NULL for batch_file_end()
 * @begins: calls of the begin operation
 * @nr: how many batches were ended since batch_file_forget()
 * @records: the first of them
 * @aops: what the file had before
 */
struct batch_file {
	struct kunit *test;
	struct write_file *wf;
	struct user_mem *um;

	int (*begin)(struct batch_file *bf, struct pagecache_write *pw);
	ssize_t (*end)(struct batch_file *bf, struct pagecache_write *pw, size_t copied);

	unsigned int begins;
	unsigned int nr;
	struct batch_record records[BATCH_FILE_RECORDS];

	const struct address_space_operations *aops;
};

extern const struct pagecache_write_ops batch_file_ops;

struct batch_file *batch_file_create(struct kunit *test);
void batch_file_forget(struct batch_file *bf);
ssize_t batch_file_write(struct batch_file *bf, loff_t pos, size_t source, size_t len);

int batch_file_begin(struct pagecache_write *pw);
ssize_t batch_file_end(struct pagecache_write *pw, size_t copied);

#endif /* _WRITE_KUNIT_BATCH_FILE_H */
