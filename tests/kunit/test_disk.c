// SPDX-License-Identifier: GPL-2.0-only
/*
 * A disk in plain memory: a test can look at every byte, make reads and writes
 * fail, and see which reads are in flight together.
 */
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "test_disk.h"

static bool test_disk_fails(struct test_disk *td, struct bio *bio)
{
	loff_t start = bio->bi_iter.bi_sector << SECTOR_SHIFT;
	unsigned int *left = bio_op(bio) == REQ_OP_READ ? &td->fail_reads :
							  &td->fail_writes;

	if (!*left || td->fail_pos < start ||
	    td->fail_pos >= start + bio->bi_iter.bi_size)
		return false;
	--*left;
	return true;
}

static void test_disk_transfer(struct test_disk *td, struct bio *bio)
{
	u8 *at = td->bytes + (bio->bi_iter.bi_sector << SECTOR_SHIFT);
	struct bvec_iter iter;
	struct bio_vec bvec;

	if (test_disk_fails(td, bio)) {
		bio_io_error(bio);
		return;
	}
	bio_for_each_segment(bvec, bio, iter) {
		if (bio_op(bio) == REQ_OP_READ)
			memcpy_to_bvec(&bvec, at);
		else
			memcpy_from_bvec(at, &bvec);
		at += bvec.bv_len;
	}
	bio_endio(bio);
}

static void test_disk_complete(struct work_struct *work)
{
	struct test_disk *td = container_of(to_delayed_work(work),
					    struct test_disk, complete);
	struct bio_list reads;
	struct bio *bio;

	spin_lock(&td->lock);
	reads = td->reads;
	bio_list_init(&td->reads);
	td->max_reads = max(td->max_reads, bio_list_size(&reads));
	spin_unlock(&td->lock);

	while ((bio = bio_list_pop(&reads)))
		test_disk_transfer(td, bio);
}

static void test_disk_submit_bio(struct bio *bio)
{
	struct test_disk *td = bio->bi_bdev->bd_disk->private_data;

	if (bio_op(bio) != REQ_OP_READ || !td->slow_reads) {
		test_disk_transfer(td, bio);
		return;
	}
	spin_lock(&td->lock);
	bio_list_add(&td->reads, bio);
	spin_unlock(&td->lock);
	schedule_delayed_work(&td->complete, 1);
}

static const struct block_device_operations test_disk_fops = {
	.submit_bio	= test_disk_submit_bio,
};

/* Poison the disk, forget what is cached of it and all injected errors. */
void test_disk_reset(struct test_disk *td)
{
	truncate_inode_pages(td->disk->part0->bd_mapping, 0);
	memset(td->bytes, DISK_POISON, td->size);
	td->fail_reads = 0;
	td->fail_writes = 0;
	td->slow_reads = false;
	td->max_reads = 0;
}

static int test_disk_add(struct test_disk *td)
{
	static atomic_t created;
	int err;

	td->disk->flags |= GENHD_FL_NO_PART;
	td->disk->fops = &test_disk_fops;
	td->disk->private_data = td;
	/* The last file of an older one may still be on its way out. */
	snprintf(td->disk->disk_name, DISK_NAME_LEN, "write_kunit%d",
		 atomic_inc_return(&created));
	set_capacity(td->disk, td->size >> SECTOR_SHIFT);
	err = add_disk(td->disk);
	if (!err)
		test_disk_reset(td);
	return err;
}

/**
 * test_disk_create - add a disk full of poison to the system
 * @size: in bytes
 *
 * Return: the disk, or an error pointer.
 */
struct test_disk *test_disk_create(size_t size)
{
	struct test_disk *td = kzalloc(sizeof(*td), GFP_KERNEL);
	int err = -ENOMEM;

	if (!td)
		return ERR_PTR(err);
	td->size = size;
	spin_lock_init(&td->lock);
	bio_list_init(&td->reads);
	INIT_DELAYED_WORK(&td->complete, test_disk_complete);

	td->bytes = vmalloc(size);
	if (!td->bytes)
		goto free_td;

	td->disk = blk_alloc_disk(NULL, NUMA_NO_NODE);
	if (IS_ERR(td->disk)) {
		err = PTR_ERR(td->disk);
		goto free_bytes;
	}
	err = test_disk_add(td);
	if (!err)
		return td;

	put_disk(td->disk);
free_bytes:
	vfree(td->bytes);
free_td:
	kfree(td);
	return ERR_PTR(err);
}

void test_disk_destroy(struct test_disk *td)
{
	if (td->file)
		__fput_sync(td->file);
	flush_delayed_work(&td->complete);
	del_gendisk(td->disk);
	put_disk(td->disk);
	vfree(td->bytes);
	kfree(td);
}

/* The same, open, so that the block size can be set and nobody mounts it. */
struct test_disk *test_disk_create_claimed(size_t size)
{
	struct test_disk *td = test_disk_create(size);
	struct file *file;

	if (IS_ERR(td))
		return td;
	file = bdev_file_open_by_dev(disk_devt(td->disk), BLK_OPEN_READ | BLK_OPEN_WRITE,
				     td, NULL);
	if (IS_ERR(file)) {
		test_disk_destroy(td);
		return ERR_CAST(file);
	}
	td->file = file;
	return td;
}
