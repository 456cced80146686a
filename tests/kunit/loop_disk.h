/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A loop device over a file, made by its ioctls, and requests to it whose bios
 * tell one by one what became of them.
 */
#ifndef _WRITE_KUNIT_LOOP_DISK_H
#define _WRITE_KUNIT_LOOP_DISK_H

#include <kunit/test.h>
#include <linux/blk_types.h>
#include <linux/completion.h>
#include <linux/fs.h>

#define LOOP_IO_BIOS	64

/**
 * struct loop_disk - a loop device
 * @test: the test that owns it
 * @file: the block device, open for reading and writing
 * @bdev: the same for the block layer
 * @block_size: of a sector, in bytes, for loop_disk_bind(); 0 for the default
 */
struct loop_disk {
	struct kunit *test;
	struct file *file;
	struct block_device *bdev;
	unsigned int block_size;
};

/**
 * struct loop_bio - one bio of a loop_io
 * @io: that it is part of
 * @len: in bytes
 * @status: how it ended
 */
struct loop_bio {
	struct loop_io *io;
	size_t len;
	blk_status_t status;
};

/**
 * struct loop_io - adjacent bios that are submitted together
 * @ld: where they go
 * @pos: of the first byte on the device
 * @len: of all bios in bytes
 * @data: what is to be written, or what was read
 * @nr: number of bios
 * @bios: the bios; their lengths may be changed as long as the sum stays
 */
struct loop_io {
	struct loop_disk *ld;
	loff_t pos;
	size_t len;
	u8 *data;
	unsigned int nr;
	struct loop_bio bios[LOOP_IO_BIOS];

	/* private: */
	size_t stride;
	u8 *memory;
	atomic_t left;
	struct completion done;
};

struct loop_disk *loop_disk_create(struct kunit *test);
int loop_disk_bind(struct loop_disk *ld, struct file *backing, u32 flags,
		   u64 offset);
void loop_disk_unbind(struct loop_disk *ld);
void loop_disk_close(struct loop_disk *ld);
long loop_disk_ioctl(struct loop_disk *ld, unsigned int cmd, unsigned long arg);

struct loop_io *loop_io_create(struct loop_disk *ld, loff_t pos, size_t bio_len,
			       unsigned int nr, u32 seed);
void loop_io_submit(struct loop_io *io, blk_opf_t opf);
void loop_io_wait(struct loop_io *io);

static inline void loop_io_run(struct loop_io *io, blk_opf_t opf)
{
	loop_io_submit(io, opf);
	loop_io_wait(io);
}

#endif /* _WRITE_KUNIT_LOOP_DISK_H */
