// SPDX-License-Identifier: GPL-2.0-only
/*
 * User memory of a test: readable, missing, protected or about to be zapped,
 * page by page, with a plain copy of what it holds.
 *
 * The memory is a shared mapping of a shmem file, so that a page can lose its
 * page table entry at any moment, also under a folio lock, and have the same
 * content when it is faulted in again.
 */
#include <linux/bitmap.h>
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/shmem_fs.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "user_mem.h"

KUNIT_DEFINE_ACTION_WRAPPER(user_mem_fput, fput, struct file *);

/**
 * user_mem_create - map user memory with random content
 * @test: the test; the memory goes away with it
 * @len: bytes, rounded up to whole pages
 * @seed: of the content
 *
 * The pages are resident but have no page table entries: the first access to
 * each one faults.
 */
struct user_mem *user_mem_create(struct kunit *test, size_t len, u32 seed)
{
	struct rnd_state rnd;
	struct user_mem *um;

	len = PAGE_ALIGN(len);
	um = kunit_kzalloc(test, sizeof(*um), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um);
	um->test = test;
	um->len = len;
	um->shadow = kunit_kzalloc(test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um->shadow);
	um->unreadable = kunit_kcalloc(test, BITS_TO_LONGS(len / PAGE_SIZE),
				       sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, um->unreadable);

	um->file = shmem_kernel_file_setup("user_mem", len, SHMEM_NORESERVE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, um->file);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, user_mem_fput,
							   um->file));

	um->addr = kunit_vm_mmap(test, um->file, 0, len, PROT_READ | PROT_WRITE,
				 MAP_SHARED, 0);
	KUNIT_ASSERT_NE(test, um->addr, 0UL);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(um->addr));

	prandom_seed_state(&rnd, seed);
	prandom_bytes_state(&rnd, um->shadow, len);
	KUNIT_ASSERT_EQ(test, 0UL, copy_to_user(user_mem_ptr(um, 0), um->shadow, len));
	user_mem_zap(um, 0, len);
	return um;
}

static void user_mem_mark(struct user_mem *um, size_t offset, size_t len,
			  bool unreadable)
{
	KUNIT_ASSERT_TRUE(um->test, PAGE_ALIGNED(offset) && PAGE_ALIGNED(len));
	KUNIT_ASSERT_LE(um->test, offset + len, um->len);
	if (unreadable)
		bitmap_set(um->unreadable, offset / PAGE_SIZE, len / PAGE_SIZE);
	else
		bitmap_clear(um->unreadable, offset / PAGE_SIZE, len / PAGE_SIZE);
}

/* Make a hole: nothing is mapped at whole pages [@offset, @offset + @len). */
void user_mem_unmap(struct user_mem *um, size_t offset, size_t len)
{
	user_mem_mark(um, offset, len, true);
	KUNIT_ASSERT_EQ(um->test, 0, vm_munmap(um->addr + offset, len));
}

/*
 * Take the page table entries of [@offset, @offset + @len) away, as reclaim
 * or a racing madvise() would: the next access faults and finds what was
 * there before.  May be called with folios of other mappings locked.
 */
void user_mem_zap(struct user_mem *um, size_t offset, size_t len)
{
	unmap_mapping_range(um->file->f_mapping, offset, len, 0);
}

/*
 * Map whole pages [@offset, @offset + @len) again with protection @prot, also
 * where there was a hole.  Whether write-only memory can be read is up to the
 * architecture, so that is tried out.
 */
void user_mem_protect(struct user_mem *um, size_t offset, size_t len, int prot)
{
	bool readable = prot & PROT_READ;

	KUNIT_ASSERT_EQ(um->test, um->addr + offset,
			vm_mmap(um->file, um->addr + offset, len, prot,
				MAP_SHARED | MAP_FIXED, offset));
	if (prot == PROT_WRITE) {
		readable = !fault_in_readable(user_mem_ptr(um, offset), 1);
		user_mem_zap(um, offset, len);
	}
	user_mem_mark(um, offset, len, !readable);
}

/* Fault in what can be read of [@offset, @offset + @len). */
void user_mem_populate(struct user_mem *um, size_t offset, size_t len)
{
	size_t page;

	for (page = round_down(offset, PAGE_SIZE); page < offset + len;
	     page += PAGE_SIZE)
		if (!test_bit(page / PAGE_SIZE, um->unreadable))
			KUNIT_ASSERT_EQ(um->test, 0,
					fault_in_readable(user_mem_ptr(um, page), 1));
}

/* How many bytes from @offset on can be read, at most @len. */
size_t user_mem_readable(struct user_mem *um, size_t offset, size_t len)
{
	size_t npages = um->len / PAGE_SIZE;
	size_t bad = find_next_bit(um->unreadable, npages, offset / PAGE_SIZE);

	if (bad == npages)
		return len;
	return clamp_t(ssize_t, bad * PAGE_SIZE - offset, 0, len);
}

/* An ITER_UBUF source over [@offset, @offset + @len). */
void user_iter_ubuf(struct user_iter *ui, struct user_mem *um, size_t offset,
		    size_t len)
{
	KUNIT_ASSERT_LE(um->test, offset + len, um->len);
	ui->iov = NULL;
	ui->source = um->shadow + offset;
	ui->readable = user_mem_readable(um, offset, len);
	iov_iter_ubuf(&ui->iter, ITER_SOURCE, user_mem_ptr(um, offset), len);
}

/* An ITER_IOVEC source over @nr_segs pieces, which may overlap or be empty. */
void user_iter_iovec(struct user_iter *ui, struct user_mem *um,
		     const struct user_seg *segs, unsigned long nr_segs)
{
	bool readable = true;
	size_t count = 0;
	unsigned long i;

	for (i = 0; i < nr_segs; i++) {
		KUNIT_ASSERT_LE(um->test, segs[i].offset + segs[i].len, um->len);
		count += segs[i].len;
	}

	ui->iov = kunit_kcalloc(um->test, nr_segs, sizeof(*ui->iov), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(um->test, ui->iov);
	ui->source = kunit_kmalloc(um->test, max_t(size_t, count, 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(um->test, ui->source);
	ui->readable = 0;

	for (i = 0, count = 0; i < nr_segs; i++) {
		size_t len = segs[i].len;

		ui->iov[i].iov_base = user_mem_ptr(um, segs[i].offset);
		ui->iov[i].iov_len = len;
		memcpy(ui->source + count, um->shadow + segs[i].offset, len);
		count += len;
		if (readable) {
			size_t n = user_mem_readable(um, segs[i].offset, len);

			ui->readable += n;
			readable = n == len;
		}
	}
	iov_iter_init(&ui->iter, ITER_SOURCE, ui->iov, nr_segs, count);
}

/* The same bytes as kernel memory, the shadow of @um: ITER_KVEC. */
void user_iter_kvec(struct user_iter *ui, struct user_mem *um,
		    const struct user_seg *segs, unsigned long nr_segs)
{
	struct kvec *kvec = kunit_kcalloc(um->test, nr_segs, sizeof(*kvec), GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(um->test, kvec);
	user_iter_iovec(ui, um, segs, nr_segs);
	ui->readable = iov_iter_count(&ui->iter);
	for (i = 0; i < nr_segs; i++) {
		kvec[i].iov_base = um->shadow + segs[i].offset;
		kvec[i].iov_len = segs[i].len;
	}
	iov_iter_kvec(&ui->iter, ITER_SOURCE, kvec, nr_segs, ui->readable);
}

/* ITER_BVEC, which can't have empty segments. */
void user_iter_bvec(struct user_iter *ui, struct user_mem *um,
		    const struct user_seg *segs, unsigned long nr_segs)
{
	struct bio_vec *bvec = kunit_kcalloc(um->test, nr_segs, sizeof(*bvec), GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(um->test, bvec);
	user_iter_iovec(ui, um, segs, nr_segs);
	ui->readable = iov_iter_count(&ui->iter);
	for (i = 0; i < nr_segs; i++)
		bvec_set_virt(&bvec[i], um->shadow + segs[i].offset, segs[i].len);
	iov_iter_bvec(&ui->iter, ITER_SOURCE, bvec, nr_segs, ui->readable);
}

/**
 * user_iter_source - the iterator that a user_source describes
 * @ui: set to it
 * @um: the memory
 * @source: the description
 * @below: segments that are made up start below that offset ...
 * @total: ... and have at most so many bytes together; some are empty
 */
void user_iter_source(struct user_iter *ui, struct user_mem *um,
		      const struct user_source *source, size_t below, size_t total)
{
	struct user_seg *segs;
	unsigned int i;

	if (!source->nr_segs) {
		user_iter_ubuf(ui, um, source->segs->offset, source->segs->len);
		return;
	}
	if (source->nr_segs <= USER_SOURCE_SEGS) {
		user_iter_iovec(ui, um, source->segs, source->nr_segs);
		return;
	}
	segs = kunit_kcalloc(um->test, source->nr_segs, sizeof(*segs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(um->test, segs);
	for (i = 0; i < source->nr_segs - 1; i++) {
		segs[i].offset = i * 1237 % below;
		segs[i].len = i % 5 ? 1 + i * 331 % (total / source->nr_segs) : 0;
	}
	segs[i] = source->segs[0];
	user_iter_iovec(ui, um, segs, source->nr_segs);
}

/**
 * user_iter_pieces - the same bytes from each kind of source that differs
 * @ui: what to make
 * @um: the memory
 * @kind: any number; USER_ITER_KINDS in a row make all kinds
 * @offset: of the first byte
 * @len: how many bytes
 *
 * Return: what it was made, for the label of a failure.
 */
const char *user_iter_pieces(struct user_iter *ui, struct user_mem *um,
			     unsigned int kind, size_t offset, size_t len)
{
	size_t third = len / 3, one = len > 1;
	const struct user_seg segs[] = {
		{ offset, 0 }, { offset, third },
		{ offset + third, 0 }, { 0, 0 }, { offset + third, one },
		{ offset + third + one, len - third - one }, { offset, 0 },
	};
	struct user_seg filled[ARRAY_SIZE(segs)];
	unsigned int i, nr = 0;

	switch (kind % USER_ITER_KINDS) {
	case 0:
		user_iter_ubuf(ui, um, offset, len);
		return "ubuf";
	case 1:
		user_iter_iovec(ui, um, segs, ARRAY_SIZE(segs));
		return "iovec";
	default:
		for (i = 0; i < ARRAY_SIZE(segs); i++)
			if (segs[i].len)
				filled[nr++] = segs[i];
		user_iter_bvec(ui, um, filled, nr);
		return "bvec";
	}
}
