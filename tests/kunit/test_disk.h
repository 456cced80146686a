/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk in plain memory: a test can look at every byte, make reads and writes
 * fail, and see which reads are in flight together.
 */
#ifndef _WRITE_KUNIT_TEST_DISK_H
#define _WRITE_KUNIT_TEST_DISK_H

#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/workqueue.h>

/* What a block holds that nobody has written. */
#define DISK_POISON	0xa5

/**
 * struct test_disk - the disk
 * @disk: as the block layer sees it
 * @file: opened exclusively by test_disk_create_claimed(), or NULL
 * @bytes: all it holds
 * @size: in bytes
 * @fail_pos: reads and writes of the byte at this offset fail, ...
 * @fail_reads: ... so many reads
 * @fail_writes: ... and so many writes
 * @slow_reads: complete reads a moment later, so that they can overlap
 * @max_reads: how many slow reads were ever in flight at once
 */
struct test_disk {
	struct gendisk *disk;
	struct file *file;
	u8 *bytes;
	size_t size;

	loff_t fail_pos;
	unsigned int fail_reads;
	unsigned int fail_writes;

	bool slow_reads;
	unsigned int max_reads;

	/* private: */
	spinlock_t lock;
	struct bio_list reads;
	struct delayed_work complete;
};

struct test_disk *test_disk_create(size_t size);
struct test_disk *test_disk_create_claimed(size_t size);
void test_disk_destroy(struct test_disk *td);
void test_disk_reset(struct test_disk *td);

#endif /* _WRITE_KUNIT_TEST_DISK_H */
