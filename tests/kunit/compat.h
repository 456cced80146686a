/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the suites run on, and nowhere else.
 *
 * Where they can, the tests use today's interfaces, and here is what makes up for
 * them in an older kernel; where they can't, there is a name of our own.  The
 * Makefile looks which of the interfaces a tree has.
 */
#ifndef _WRITE_KUNIT_COMPAT_H
#define _WRITE_KUNIT_COMPAT_H

#include <linux/buffer_head.h>
#include <linux/cgroup.h>
#include <linux/folio_queue.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hrtimer.h>
#include <linux/iomap.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/pipe_fs_i.h>
#include <linux/timer.h>
#include <linux/uio.h>
/* For folio_batch, which has moved. */
#include <linux/writeback.h>
/* Not complete by itself. */
#include <linux/memfd.h>

#ifndef FOLIO_BATCH_SIZE
#define FOLIO_BATCH_SIZE	PAGEVEC_SIZE
#endif

/* A generator of parameters, and how one calls another. */
#ifdef HAS_TEST_IN_GENERATOR
#define GENERATOR(name)	const void *(name)(struct kunit *test, const void *prev, char *desc)
#define generate(name, prev, desc)	name(test, prev, desc)
#else
#define GENERATOR(name)	const void *(name)(const void *prev, char *desc)
#define generate(name, prev, desc)	name(prev, desc)
#endif

/* What the operations of a mapping are told of who writes; may be NULL. */
#ifdef HAS_KIOCB_IN_AOPS
#define aops_writer_t	const struct kiocb
#else
#define aops_writer_t	struct file
#endif

static inline struct file *aops_writer_file(aops_writer_t *writer)
{
#ifdef HAS_KIOCB_IN_AOPS
	return writer ? writer->ki_filp : NULL;
#else
	return writer;
#endif
}

static inline aops_writer_t *aops_writer(struct kiocb *iocb)
{
#ifdef HAS_KIOCB_IN_AOPS
	return iocb;
#else
	return iocb->ki_filp;
#endif
}

/* Of a batch. */
#ifdef HAS_KIOCB_IN_AOPS
#define batch_writer(pw)	((pw)->iocb)
#else
#define batch_writer(pw)	((pw)->file)
#endif

#ifndef HAS_SHORT_BLOCK_WRITE_END
static inline int short_block_write_end(loff_t pos, unsigned int len, unsigned int copied,
					struct folio *folio)
{
	return block_write_end(NULL, folio->mapping, pos, len, copied, folio, NULL);
}

#define block_write_end	short_block_write_end
#endif

#ifndef HAS_COPY_PAGE_ATOMIC
static inline size_t copy_page_from_iter_atomic(struct page *page, size_t offset,
						size_t bytes, struct iov_iter *i)
{
	struct folio *folio = page_folio(page);

	offset += folio_page_idx(folio, page) * PAGE_SIZE;
	return copy_folio_from_iter_atomic(folio, offset, bytes, i);
}
#endif

#ifdef HAS_NUMBERED_FOLIOQ
#define plain_folioq_init(folioq)	folioq_init(folioq, 0)
#else
#define plain_folioq_init(folioq)	folioq_init(folioq)
#endif

/* What a filesystem tells iomap: where its blocks are, and what is to be done to folios. */
#ifdef DEFINE_IOMAP_ITER_NEXT
#define DEFINE_IOMAP_OPS(name, begin)					\
	static DEFINE_IOMAP_ITER_NEXT(name##_next, begin);		\
	static const struct iomap_ops name = { .iomap_next = name##_next }
#else
#define DEFINE_IOMAP_OPS(name, begin)					\
	static const struct iomap_ops name = { .iomap_begin = begin }
#endif

/* An older kernel finds the latter in the map. */
#ifdef HAS_IOMAP_WRITE_OPS
static inline void iomap_set_write_ops(struct iomap *iomap, const struct iomap_write_ops *ops)
{
}
#else
#define iomap_write_ops	iomap_folio_ops

static inline void iomap_set_write_ops(struct iomap *iomap, const struct iomap_write_ops *ops)
{
	iomap->folio_ops = ops;
}

static inline ssize_t long_iomap_write(struct kiocb *iocb, struct iov_iter *from,
				       const struct iomap_ops *ops,
				       const struct iomap_write_ops *write_ops, void *private)
{
	return iomap_file_buffered_write(iocb, from, ops, private);
}

#define iomap_file_buffered_write	long_iomap_write
#endif

#ifndef HAS_IOMAP_BIO_READ
#define iomap_bio_read_folio	iomap_read_folio
#endif

/* For shmem_file_setup(). */
#ifdef HAS_VMA_FLAGS
#define SHMEM_NORESERVE	mk_vma_flags(VMA_NORESERVE_BIT)
#else
#define SHMEM_NORESERVE	VM_NORESERVE
#endif

/* With the directory locked. */
static inline struct dentry *lookup_child(struct dentry *dir, const char *name)
{
#ifdef HAS_LOOKUP_NOPERM
	return lookup_noperm(&QSTR(name), dir);
#else
	return lookup_one_len(name, dir, strlen(name));
#endif
}

/*
 * For filesystems that take the dentry as it is: what they return, an int or a
 * pointer, is then 0 or an error.
 */
static inline int mkdir_child(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return (long)dir->i_op->mkdir(&nop_mnt_idmap, dir, dentry, mode);
}

/* For paths: the root of the threads of a newer kernel is an empty filesystem. */
#ifndef scoped_with_init_fs
#define scoped_with_init_fs()
#endif

#ifndef HAS_START_CREATING_PATH
#define start_creating_path	kern_path_create
#define end_creating_path	done_path_create
#define start_removing_path	kern_path_locked

static inline void end_removing_path(struct path *dir, struct dentry *dentry)
{
	dput(dentry);
	inode_unlock(d_inode(dir->dentry));
	path_put(dir);
}
#endif

#ifndef HAS_TIMER_DESTROY
#define timer_destroy_on_stack	destroy_timer_on_stack
#endif

#ifndef HAS_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef HAS_CSS_RSTAT_FLUSH
#define css_rstat_flush(css)	cgroup_rstat_flush((css)->cgroup)
#endif

/* A struct bin_attribute, which is const in a newer kernel. */
#define bin_attribute_t	typeof(*((struct attribute_group *)NULL)->bin_attrs[0])

/*
 * The pages that a pipe keeps for the next write to it, or NULL: one, two, or a
 * pool of them.
 */
#ifdef PIPE_PREALLOC_MAX
#define PIPE_KEPT_MAX	PIPE_PREALLOC_MAX

static inline struct page *pipe_kept(struct pipe_inode_info *pipe, unsigned int i)
{
	return i < pipe->prealloc.count ? pipe->prealloc.pages[i] : NULL;
}
#else
#define PIPE_KEPT_MAX							\
	(sizeof_field(struct pipe_inode_info, tmp_page) / sizeof(struct page *))

static inline struct page *pipe_kept(struct pipe_inode_info *pipe, unsigned int i)
{
	return ((struct page **)&pipe->tmp_page)[i];
}
#endif

#endif /* _WRITE_KUNIT_COMPAT_H */
