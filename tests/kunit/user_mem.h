/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User memory of a test: readable, missing, protected or about to be zapped,
 * page by page, with a plain copy of what it holds.
 */
#ifndef _WRITE_KUNIT_USER_MEM_H
#define _WRITE_KUNIT_USER_MEM_H

#include <kunit/test.h>
#include <linux/uio.h>

/**
 * struct user_mem - a mapping in the test's own mm
 * @test: the test that owns it
 * @file: shmem file behind the mapping; zapped pages come back from it
 * @addr: user address of the first byte, page aligned
 * @len: length in bytes, a multiple of PAGE_SIZE
 * @shadow: what the memory holds, in kernel memory
 * @unreadable: one bit a page: reading it faults, for good
 */
struct user_mem {
	struct kunit *test;
	struct file *file;
	unsigned long addr;
	size_t len;
	u8 *shadow;
	unsigned long *unreadable;
};

/* Kinds of sources that user_iter_pieces() makes. */
#define USER_ITER_KINDS	3

/* A piece of a user_mem. */
struct user_seg {
	size_t offset;
	size_t len;
};

/**
 * struct user_iter - an iterator over user memory, and what it will read
 * @iter: of the kind that the function that makes it says
 * @iov: the segments of @iter, if it has any
 * @source: what @iter reads, in kernel memory, iov_iter_count() bytes
 * @readable: how many bytes come before the first that can't be read
 */
struct user_iter {
	struct iov_iter iter;
	struct iovec *iov;
	u8 *source;
	size_t readable;
};

/* What a user_source spells out. */
#define USER_SOURCE_SEGS	5

/**
 * struct user_source - a parameter of a test: where it writes from
 * @name: of the parameter
 * @nr_segs: of an iovec, or 0 for a ubuf
 * @segs: these segments; if that is not enough, the last of them is the first
 *	here, and user_iter_source() makes up the others
 */
struct user_source {
	const char *name;
	unsigned int nr_segs;
	struct user_seg segs[USER_SOURCE_SEGS];
};

struct user_mem *user_mem_create(struct kunit *test, size_t len, u32 seed);
void user_mem_unmap(struct user_mem *um, size_t offset, size_t len);
void user_mem_protect(struct user_mem *um, size_t offset, size_t len, int prot);
void user_mem_zap(struct user_mem *um, size_t offset, size_t len);
void user_mem_populate(struct user_mem *um, size_t offset, size_t len);
size_t user_mem_readable(struct user_mem *um, size_t offset, size_t len);

static inline void __user *user_mem_ptr(struct user_mem *um, size_t offset)
{
	return (void __user *)(um->addr + offset);
}

void user_iter_ubuf(struct user_iter *ui, struct user_mem *um, size_t offset,
		    size_t len);
void user_iter_iovec(struct user_iter *ui, struct user_mem *um,
		     const struct user_seg *segs, unsigned long nr_segs);
void user_iter_kvec(struct user_iter *ui, struct user_mem *um,
		    const struct user_seg *segs, unsigned long nr_segs);
void user_iter_bvec(struct user_iter *ui, struct user_mem *um,
		    const struct user_seg *segs, unsigned long nr_segs);
void user_iter_source(struct user_iter *ui, struct user_mem *um,
		      const struct user_source *source, size_t below, size_t total);
const char *user_iter_pieces(struct user_iter *ui, struct user_mem *um,
			     unsigned int kind, size_t offset, size_t len);

#endif /* _WRITE_KUNIT_USER_MEM_H */
