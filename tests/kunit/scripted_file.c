// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file in plain memory that does of each read and write only as much as the
 * test says, at once or, as direct I/O may, later and in interrupt context.
 */
#include <linux/hrtimer.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "scripted_file.h"
#include "write_file.h"

/* A result that is on its way. */
struct scripted_result {
	struct hrtimer timer;
	struct kiocb *iocb;
	ssize_t result;
};

static enum hrtimer_restart scripted_file_complete(struct hrtimer *timer)
{
	struct scripted_result *sr = container_of(timer, struct scripted_result, timer);
	struct kiocb *iocb = sr->iocb;
	ssize_t result = sr->result;

	kfree(sr);
	iocb->ki_complete(iocb, result);
	return HRTIMER_NORESTART;
}

static ssize_t scripted_file_later(struct scripted_file *sf, struct kiocb *iocb,
				   ssize_t result)
{
	struct scripted_result *sr = kmalloc(sizeof(*sr), GFP_NOIO | __GFP_NOFAIL);
	enum hrtimer_mode mode = sf->when == SCRIPTED_HARDIRQ ?
				 HRTIMER_MODE_REL_HARD : HRTIMER_MODE_REL_SOFT;

	sr->iocb = iocb;
	sr->result = result;
	hrtimer_setup(&sr->timer, scripted_file_complete, CLOCK_MONOTONIC, mode);
	hrtimer_start(&sr->timer, ns_to_ktime(NSEC_PER_USEC), mode);
	return -EIOCBQUEUED;
}

static ssize_t scripted_file_io(struct kiocb *iocb, struct iov_iter *iter)
{
	struct scripted_file *sf = file_inode(iocb->ki_filp)->i_private;
	unsigned int nr = sf->nr_calls++;
	size_t len = iov_iter_count(iter);
	ssize_t result = SCRIPT_ALL;

	if (sf->on_call)
		sf->on_call(sf);
	if (nr < SCRIPT_MAX)
		sf->calls[nr] = (struct scripted_call) {
			iocb->ki_pos, len, iocb->ki_flags,
		};
	if (nr < sf->nr_script)
		result = sf->script[nr];
	if (nr >= sf->max_calls)
		result = -ELOOP;
	if (iocb->ki_pos > sf->size || len > sf->size - iocb->ki_pos)
		result = -EFBIG;

	if (result > 0) {
		u8 *at = sf->bytes + iocb->ki_pos;

		len = min(result, len);
		result = iov_iter_rw(iter) == ITER_SOURCE ?
			 copy_from_iter(at, len, iter) : copy_to_iter(at, len, iter);
		iocb->ki_pos += result;
	}
	if (sf->when != SCRIPTED_AT_ONCE && !is_sync_kiocb(iocb))
		return scripted_file_later(sf, iocb, result);
	return result;
}

static int scripted_file_fsync(struct file *file, loff_t start, loff_t end,
			       int datasync)
{
	struct scripted_file *sf = file_inode(file)->i_private;

	sf->nr_syncs++;
	return sf->error;
}

static long scripted_file_fallocate(struct file *file, int mode, loff_t pos,
				    loff_t len)
{
	struct scripted_file *sf = file_inode(file)->i_private;

	if (!sf->error)
		memset(sf->bytes + pos, 0, len);
	return sf->error;
}

static const struct file_operations scripted_file_fops = {
	.read_iter	= scripted_file_io,
	.write_iter	= scripted_file_io,
	.fsync		= scripted_file_fsync,
	.fallocate	= scripted_file_fallocate,
};

/**
 * scripted_file_create - a file full of poison that does all it is asked for
 * @test: the test; the file goes away with it
 * @size: in bytes
 */
struct scripted_file *scripted_file_create(struct kunit *test, size_t size)
{
	struct scripted_file *sf = kunit_kzalloc(test, sizeof(*sf), GFP_KERNEL);
	struct vfsmount *mnt = write_file_mount_pseudo(test);
	struct inode *inode;

	KUNIT_ASSERT_NOT_NULL(test, sf);
	sf->test = test;
	sf->size = size;
	sf->max_calls = UINT_MAX;
	sf->bytes = kunit_kmalloc(test, size, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sf->bytes);
	memset(sf->bytes, SCRIPT_POISON, size);

	inode = new_inode(mnt->mnt_sb);
	KUNIT_ASSERT_NOT_NULL(test, inode);
	inode->i_private = sf;
	i_size_write(inode, size);
	sf->file = write_file_open_pseudo(test, mnt, inode, &scripted_file_fops);
	sf->file->f_mode |= FMODE_CAN_ODIRECT;
	return sf;
}

/* Poison the file and start with a new script. */
void scripted_file_script(struct scripted_file *sf, const ssize_t *script,
			  unsigned int nr)
{
	memset(sf->bytes, SCRIPT_POISON, sf->size);
	memcpy(sf->script, script, nr * sizeof(*script));
	sf->nr_script = nr;
	sf->nr_calls = 0;
}
