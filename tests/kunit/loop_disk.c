// SPDX-License-Identifier: GPL-2.0-only
/*
 * A loop device over a file, made by its ioctls, and requests to it whose bios
 * tell one by one what became of them.
 */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <linux/miscdevice.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/prandom.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "loop_disk.h"
#include "user_mem.h"
#include "write_file.h"

/* /dev/loop-control, on a tmpfs of our own: nobody has mounted /dev yet. */
static struct file *loop_control_open(struct kunit *test)
{
	struct vfsmount *mnt = write_file_mount(test, "tmpfs", NULL);
	struct inode *dir = d_inode(mnt->mnt_root);
	struct dentry *dentry;
	int err;

	inode_lock(dir);
	dentry = lookup_child(mnt->mnt_root, "loop-control");
	err = PTR_ERR_OR_ZERO(dentry);
	if (!err) {
		err = dir->i_op->mknod(&nop_mnt_idmap, dir, dentry, S_IFCHR | 0600,
				       MKDEV(MISC_MAJOR, LOOP_CTRL_MINOR));
		dput(dentry);
	}
	inode_unlock(dir);
	KUNIT_ASSERT_EQ(test, 0, err);
	return write_file_open(test, mnt, "loop-control", O_RDWR);
}

long loop_disk_ioctl(struct loop_disk *ld, unsigned int cmd, unsigned long arg)
{
	return ld->file->f_op->unlocked_ioctl(ld->file, cmd, arg);
}

/* The last close of a device that is to be cleared is what clears it. */
static void close_device(struct loop_disk *ld)
{
	__fput_sync(ld->file);
	/* Of the backing file, lest its filesystem stays mounted. */
	flush_delayed_fput();
}

static void loop_disk_destroy(void *data)
{
	struct loop_disk *ld = data;

	/* An error is that of the last writes, and the device is still there. */
	if (loop_disk_ioctl(ld, LOOP_CLR_FD, 0))
		loop_disk_ioctl(ld, LOOP_CLR_FD, 0);
	close_device(ld);
}

/**
 * loop_disk_create - open a loop device that has no backing file yet
 * @test: the test; the device is cleared and closed with it
 */
struct loop_disk *loop_disk_create(struct kunit *test)
{
	struct loop_disk *ld = kunit_kzalloc(test, sizeof(*ld), GFP_KERNEL);
	struct file *control = loop_control_open(test);
	long nr;

	KUNIT_ASSERT_NOT_NULL(test, ld);
	ld->test = test;
	nr = control->f_op->unlocked_ioctl(control, LOOP_CTL_GET_FREE, 0);
	write_file_close(test, control);
	KUNIT_ASSERT_GE(test, nr, 0L);

	ld->file = bdev_file_open_by_dev(MKDEV(LOOP_MAJOR, nr),
					 BLK_OPEN_READ | BLK_OPEN_WRITE, NULL, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ld->file);
	ld->bdev = file_bdev(ld->file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, loop_disk_destroy, ld));
	return ld;
}

/**
 * loop_disk_bind - LOOP_CONFIGURE
 * @ld: the device
 * @backing: the file
 * @flags: LO_FLAGS_*
 * @offset: of the device's first byte in the file
 *
 * Return: what the ioctl returned.
 */
int loop_disk_bind(struct loop_disk *ld, struct file *backing, u32 flags, u64 offset)
{
	struct user_mem *um = user_mem_create(ld->test, PAGE_SIZE, 1);
	struct loop_config config = {};
	int fd = get_unused_fd_flags(O_CLOEXEC);
	int err;

	KUNIT_ASSERT_GE(ld->test, fd, 0);
	fd_install(fd, get_file(backing));
	config.fd = fd;
	config.block_size = ld->block_size;
	config.info.lo_flags = flags;
	config.info.lo_offset = offset;
	err = copy_to_user(user_mem_ptr(um, 0), &config, sizeof(config)) ? -EFAULT :
	      loop_disk_ioctl(ld, LOOP_CONFIGURE, um->addr);
	close_fd(fd);
	return err;
}

/* Clear and close the device, so that the file it was over is free. */
void loop_disk_unbind(struct loop_disk *ld)
{
	kunit_release_action(ld->test, loop_disk_destroy, ld);
}

/* Close the device and do no more: the test has cleared it, or it clears itself. */
void loop_disk_close(struct loop_disk *ld)
{
	kunit_remove_action(ld->test, loop_disk_destroy, ld);
	close_device(ld);
}

/*
 * Where byte @offset of the data is while the request runs. Small requests have
 * gaps between their pages, so that their bios have more than one segment. Large
 * ones are in one piece, so that the limit on segments does not split them.
 */
static u8 *loop_io_memory(struct loop_io *io, size_t offset)
{
	return io->memory + offset / PAGE_SIZE * io->stride + offset_in_page(offset);
}

static size_t loop_io_memory_size(struct loop_io *io)
{
	return DIV_ROUND_UP(io->len, PAGE_SIZE) * io->stride;
}

static void loop_io_free_memory(void *data)
{
	struct loop_io *io = data;

	free_pages_exact(io->memory, loop_io_memory_size(io));
}

/**
 * loop_io_create - prepare bios of the same length
 * @ld: where they go
 * @pos: of the first one on the device in bytes
 * @bio_len: of each in bytes
 * @nr: number of bios
 * @seed: of the data
 */
struct loop_io *loop_io_create(struct loop_disk *ld, loff_t pos, size_t bio_len,
			       unsigned int nr, u32 seed)
{
	struct kunit *test = ld->test;
	struct loop_io *io = kunit_kzalloc(test, sizeof(*io), GFP_KERNEL);
	struct rnd_state rnd;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, io);
	KUNIT_ASSERT_LE(test, nr, LOOP_IO_BIOS);
	io->ld = ld;
	io->pos = pos;
	io->len = nr * bio_len;
	io->nr = nr;
	for (i = 0; i < nr; i++) {
		io->bios[i].io = io;
		io->bios[i].len = bio_len;
	}
	io->data = kunit_kmalloc(test, io->len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, io->data);
	io->stride = io->len > 64 * PAGE_SIZE ? PAGE_SIZE : 2 * PAGE_SIZE;
	io->memory = alloc_pages_exact(loop_io_memory_size(io), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, io->memory);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, loop_io_free_memory, io));
	prandom_seed_state(&rnd, seed);
	prandom_bytes_state(&rnd, io->data, io->len);
	return io;
}

static void loop_io_copy(struct loop_io *io, bool to_memory)
{
	size_t at, len;

	for (at = 0; at < io->len; at += len) {
		len = min(PAGE_SIZE, io->len - at);
		if (to_memory)
			memcpy(loop_io_memory(io, at), io->data + at, len);
		else
			memcpy(io->data + at, loop_io_memory(io, at), len);
	}
}

static void loop_io_end_bio(struct bio *bio)
{
	struct loop_bio *lb = bio->bi_private;

	lb->status = bio->bi_status;
	bio_put(bio);
	if (atomic_dec_and_test(&lb->io->left))
		complete(&lb->io->done);
}

static struct bio *loop_io_bio(struct loop_io *io, struct loop_bio *lb, size_t at,
			       blk_opf_t opf)
{
	unsigned int nr_vecs = bio_max_segs(lb->len / PAGE_SIZE + 2);
	struct bio *bio = bio_alloc(io->ld->bdev, nr_vecs, opf, GFP_KERNEL);
	size_t end = at + lb->len;
	size_t len;

	bio->bi_iter.bi_sector = (io->pos + at) >> SECTOR_SHIFT;
	bio->bi_private = lb;
	bio->bi_end_io = loop_io_end_bio;
	for (; at < end; at += len) {
		u8 *p = loop_io_memory(io, at);

		len = min(end - at, PAGE_SIZE - offset_in_page(at));
		KUNIT_EXPECT_EQ(io->ld->test, len,
				bio_add_page(bio, virt_to_page(p), len, offset_in_page(p)));
	}
	return bio;
}

/**
 * loop_io_submit - submit all bios at once, for the block layer to merge
 * @io: what to submit; it may be submitted again when it is done
 * @opf: REQ_OP_WRITE or REQ_OP_READ, and flags
 */
void loop_io_submit(struct loop_io *io, blk_opf_t opf)
{
	struct blk_plug plug;
	unsigned int i;
	size_t at = 0;

	if (op_is_write(opf))
		loop_io_copy(io, true);
	init_completion(&io->done);
	atomic_set(&io->left, io->nr);
	blk_start_plug(&plug);
	for (i = 0; i < io->nr; i++) {
		submit_bio(loop_io_bio(io, &io->bios[i], at, opf));
		at += io->bios[i].len;
	}
	blk_finish_plug(&plug);
	KUNIT_EXPECT_EQ(io->ld->test, at, io->len);
}

void loop_io_wait(struct loop_io *io)
{
	/* A request that is lost would take its memory along: no way to go on. */
	wait_for_completion(&io->done);
	loop_io_copy(io, false);
}
