// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipe, a model of what is in it, and all ways to fill it.
 *
 * Nothing here waits: a pipe that is empty or full when it should not be is a
 * failure and no hang.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>
#include <linux/syscalls.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "compat.h"
#include "fail_page_alloc.h"
#include "fail_slab.h"
#include "test_pipe.h"

#define CAPACITY	(TEST_PIPE_SLOTS * PAGE_SIZE)

#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
/* Kconfig lets only x86_64 come here. */
static long vmsplice(int fd, const struct iovec __user *iov, unsigned int flags)
{
	struct pt_regs regs = {
		.di = fd, .si = (unsigned long)iov, .dx = 1, .r10 = flags,
	};

	return x64_sys_call(&regs, __NR_vmsplice);
}
#else
static long vmsplice(int fd, const struct iovec __user *iov, unsigned int flags)
{
	return sys_vmsplice(fd, iov, 1, flags);
}
#endif

static void close_end(void *file)
{
	__fput_sync(file);
}

static struct pipe_inode_info *info(struct test_pipe *tp)
{
	return get_pipe_info(tp->out, false);
}

/* An empty pipe of TEST_PIPE_SLOTS pages. */
struct test_pipe *test_pipe_create(struct kunit *test)
{
	struct test_pipe *tp = kunit_kzalloc(test, sizeof(*tp), GFP_KERNEL);
	struct file *files[2];
	int i;

	KUNIT_ASSERT_NOT_NULL(test, tp);
	tp->test = test;
	tp->bytes = kunit_kzalloc(test, CAPACITY, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tp->bytes);
	KUNIT_ASSERT_EQ(test, 0, create_pipe_files(files, 0));
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, close_end, files[i]));
	tp->out = files[0];
	tp->in = files[1];
	test_pipe_resize(tp, TEST_PIPE_SLOTS);
	return tp;
}

void test_pipe_resize(struct test_pipe *tp, unsigned int slots)
{
	KUNIT_ASSERT_EQ(tp->test, (long)(slots * PAGE_SIZE),
			pipe_fcntl(tp->in, F_SETPIPE_SZ, slots * PAGE_SIZE));
}

/* @len bytes were to come into the pipe, and @done have. */
static void filled(struct test_pipe *tp, const u8 *bytes, size_t len, ssize_t done)
{
	KUNIT_ASSERT_EQ(tp->test, (ssize_t)len, done);
	KUNIT_ASSERT_LE(tp->test, tp->len + len, CAPACITY);
	memcpy(tp->bytes + tp->len, bytes, len);
	tp->len += len;
}

/* Pages of the pipe's own, as write(2) makes them. */
void test_pipe_write(struct test_pipe *tp, const u8 *bytes, size_t len)
{
	filled(tp, bytes, len, kernel_write(tp->in, bytes, len, NULL));
}

typedef ssize_t (take_t)(struct test_pipe *tp, struct file *file, loff_t *pos, size_t len);

/* Of a file; @take may take less than it is asked for, even a page at a time. */
static void fill_from(struct test_pipe *tp, struct write_file *wf, loff_t pos, size_t len,
		      take_t *take)
{
	loff_t at = pos;
	size_t done = 0;
	ssize_t n = 0;

	while (done < len) {
		n = take(tp, wf->file, &at, len - done);
		if (n <= 0)
			break;
		done += n;
	}
	filled(tp, wf->model + pos, len, n < 0 ? n : done);
}

static ssize_t take_pages(struct test_pipe *tp, struct file *file, loff_t *pos, size_t len)
{
	return do_splice(file, pos, tp->in, NULL, len, SPLICE_F_NONBLOCK);
}

static ssize_t take_copies(struct test_pipe *tp, struct file *file, loff_t *pos, size_t len)
{
	ssize_t n;

	pipe_lock(info(tp));
	n = copy_splice_read(file, pos, info(tp), len, 0);
	pipe_unlock(info(tp));
	return n;
}

/* Pages of the page cache of a file, as splice(2) finds them. */
void test_pipe_from_file(struct test_pipe *tp, struct write_file *wf, loff_t pos, size_t len)
{
	fill_from(tp, wf, pos, len, take_pages);
}

/* Pages into which a file was read, as for files that know no other way. */
void test_pipe_from_copy(struct test_pipe *tp, struct write_file *wf, loff_t pos, size_t len)
{
	fill_from(tp, wf, pos, len, take_copies);
}

/**
 * test_pipe_from_user - pages of user memory, as vmsplice(2) lends or gives them
 * @tp: the pipe
 * @addr: of the memory
 * @bytes: what is there
 * @len: how much
 * @flags: SPLICE_F_GIFT, or 0
 */
void test_pipe_from_user(struct test_pipe *tp, unsigned long addr, const u8 *bytes,
			 size_t len, unsigned int flags)
{
	struct iovec iov = { .iov_base = (void __user *)addr, .iov_len = len };
	ssize_t done;
	int fd;

	if (!tp->iov)
		tp->iov = (void __user *)kunit_vm_mmap(tp->test, NULL, 0, PAGE_SIZE,
						       PROT_READ | PROT_WRITE,
						       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_EQ(tp->test, 0UL, copy_to_user(tp->iov, &iov, sizeof(iov)));
	fd = get_unused_fd_flags(0);
	KUNIT_ASSERT_GE(tp->test, fd, 0);
	fd_install(fd, get_file(tp->in));
	done = vmsplice(fd, tp->iov, flags | SPLICE_F_NONBLOCK);
	__fput_sync(file_close_fd(fd));
	filled(tp, bytes, len, done);
}

/* Pages that nobody may take, as a socket has them. */
void test_pipe_from_nosteal(struct test_pipe *tp, const u8 *bytes, size_t len)
{
	ssize_t done = 0, n;

	pipe_lock(info(tp));
	while (done < len) {
		struct pipe_buffer buf = {
			.ops	= &nosteal_pipe_buf_ops,
			.page	= alloc_page(GFP_KERNEL),
			.len	= min(len - done, PAGE_SIZE),
		};

		if (!buf.page)
			break;
		memcpy(page_address(buf.page), bytes + done, buf.len);
		n = add_to_pipe(info(tp), &buf);
		if (n < 0)
			break;
		done += n;
	}
	pipe_unlock(info(tp));
	filled(tp, bytes, len, done);
}

/* Have the same pages in another pipe as well. */
void test_pipe_tee(struct test_pipe *from, struct test_pipe *to, size_t len)
{
	filled(to, from->bytes, len, do_tee(from->out, to->in, len, SPLICE_F_NONBLOCK));
}

static void taken(struct test_pipe *tp, size_t len)
{
	tp->len -= len;
	memmove(tp->bytes, tp->bytes + len, tp->len);
}

/* Hand pages on to another pipe. */
void test_pipe_pass(struct test_pipe *from, struct test_pipe *to, size_t len)
{
	filled(to, from->bytes, len,
	       do_splice(from->out, NULL, to->in, NULL, len, SPLICE_F_NONBLOCK));
	taken(from, len);
}

/* The pages of up to @max buffers in the pipe.  Return: how many. */
unsigned int test_pipe_pages(struct test_pipe *tp, struct page **pages, unsigned int max)
{
	struct pipe_inode_info *pipe = info(tp);
	unsigned int slot, nr = 0;

	pipe_lock(pipe);
	for (slot = pipe->tail; slot != pipe->head && nr < max; slot++)
		pages[nr++] = pipe_buf(pipe, slot)->page;
	pipe_unlock(pipe);
	return nr;
}

/* Compare what is in the pipe with the model, and take nothing out. */
void test_pipe_check(struct test_pipe *tp)
{
	struct pipe_inode_info *pipe = info(tp);
	unsigned int slot;
	size_t at = 0;

	pipe_lock(pipe);
	for (slot = pipe->tail; slot != pipe->head; slot++) {
		struct pipe_buffer *buf = pipe_buf(pipe, slot);
		const u8 *bytes = page_address(buf->page) + buf->offset;

		KUNIT_EXPECT_LE(tp->test, at + buf->len, tp->len);
		if (at + buf->len > tp->len)
			break;
		KUNIT_EXPECT_FALSE_MSG(tp->test, memcmp(bytes, tp->bytes + at, buf->len),
				       "bytes in the pipe from %zu on", at);
		at += buf->len;
	}
	pipe_unlock(pipe);
	KUNIT_EXPECT_EQ_MSG(tp->test, at, tp->len, "bytes in the pipe");
}

/* Read all that is in the pipe, and compare it. */
void test_pipe_drain(struct test_pipe *tp)
{
	u8 *page = kunit_kmalloc(tp->test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(tp->test, page);
	test_pipe_check(tp);
	while (tp->len) {
		ssize_t expected = min(tp->len, PAGE_SIZE);

		KUNIT_ASSERT_EQ(tp->test, expected, kernel_read(tp->out, page, expected, NULL));
		KUNIT_EXPECT_FALSE(tp->test, memcmp(page, tp->bytes, expected));
		taken(tp, expected);
	}
	KUNIT_EXPECT_TRUE(tp->test, pipe_empty(info(tp)->head, info(tp)->tail));
	kunit_kfree(tp->test, page);
}

/*
 * Pages that move
 */

/**
 * struct seen - a buffer of the pipe as it is before a splice
 * @page: its page
 * @end: where it ends, in bytes from the first in the pipe
 * @whole: all of the page is in the buffer
 * @was_mapped: the page was in the cache of the file before
 */
struct seen {
	struct page *page;
	size_t end;
	bool whole;
	bool was_mapped;
};

static unsigned int look(struct test_pipe *tp, struct address_space *mapping,
			 struct seen *seen)
{
	struct pipe_inode_info *pipe = info(tp);
	unsigned int slot, nr = 0;
	size_t end = 0;

	pipe_lock(pipe);
	for (slot = pipe->tail; slot != pipe->head && nr < TEST_PIPE_SLOTS; slot++) {
		struct pipe_buffer *buf = pipe_buf(pipe, slot);

		end += buf->len;
		seen[nr++] = (struct seen) {
			.page		= buf->page,
			.end		= end,
			.whole		= buf->len == PAGE_SIZE && !buf->offset,
			.was_mapped	= folio_mapping(page_folio(buf->page)) == mapping,
		};
	}
	pipe_unlock(pipe);
	return nr;
}

/* Nothing of what the page was before may be left. */
static void check_moved(struct test_pipe *tp, struct address_space *mapping,
			struct folio *folio, const char *label)
{
	struct kunit *test = tp->test;

	KUNIT_EXPECT_FALSE_MSG(test, folio_test_large(folio), "large, %s", label);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_uptodate(folio), "not uptodate, %s", label);
	KUNIT_EXPECT_TRUE_MSG(test, folio_test_lru(folio), "not on a LRU list, %s", label);
	KUNIT_EXPECT_EQ_MSG(test, folio_test_swapbacked(folio), shmem_mapping(mapping),
			    "swapbacked, %s", label);
	KUNIT_EXPECT_EQ_MSG(test, folio_test_unevictable(folio), mapping_unevictable(mapping),
			    "unevictable, %s", label);
	KUNIT_EXPECT_FALSE_MSG(test, folio_test_mappedtodisk(folio), "mapped to disk, %s",
			       label);
	KUNIT_EXPECT_FALSE_MSG(test, folio_test_readahead(folio), "readahead, %s", label);
	if (!mem_cgroup_disabled()) {
		KUNIT_EXPECT_FALSE_MSG(test, folio_memcg_kmem(folio),
				       "charged as kernel memory, %s", label);
		KUNIT_EXPECT_NOT_NULL_MSG(test, folio_memcg(folio), "not charged, %s", label);
	}
}

/* A page that is in the pipe, or kept for the next write to it, is in no file. */
static void check_kept(struct test_pipe *tp, struct address_space *mapping,
		       const struct seen *seen, unsigned int nr, const char *label)
{
	struct pipe_inode_info *pipe = info(tp);
	unsigned int slot, i;

	pipe_lock(pipe);
	for (slot = pipe->tail; slot != pipe->head; slot++) {
		struct page *page = pipe_buf(pipe, slot)->page;

		for (i = 0; i < nr && seen[i].page != page; i++)
			;
		if (i < nr && seen[i].was_mapped)
			continue;
		KUNIT_EXPECT_PTR_NE_MSG(tp->test, folio_mapping(page_folio(page)), mapping,
					"page of the pipe and of the file, %s", label);
	}
	for (i = 0; i < PIPE_KEPT_MAX; i++) {
		struct page *page = pipe_kept(pipe, i);

		if (!page)
			continue;
		KUNIT_EXPECT_NULL_MSG(tp->test, folio_mapping(page_folio(page)),
				      "the pipe keeps a page of the file, %s", label);
		KUNIT_EXPECT_EQ_MSG(tp->test, page_count(page), 1,
				    "the pipe keeps a page of others, %s", label);
	}
	pipe_unlock(pipe);
}

/* Is the page of a buffer that begins at @pos now there in the file? */
static struct folio *get_moved(struct address_space *mapping, const struct seen *seen,
			       loff_t pos)
{
	struct folio *folio;

	if (seen->was_mapped)
		return NULL;
	folio = filemap_get_folio(mapping, pos / PAGE_SIZE);
	if (IS_ERR(folio))
		return NULL;
	if (folio_file_page(folio, pos / PAGE_SIZE) == seen->page)
		return folio;
	folio_put(folio);
	return NULL;
}

/*
 * How many pages have moved: of those that were spliced, all of which may, and
 * of the others none.
 */
static unsigned int count_moved(struct test_pipe *tp, struct address_space *mapping,
				loff_t pos, ssize_t done, const struct seen *seen,
				unsigned int nr, const char *label)
{
	unsigned int i, moved = 0;
	loff_t start = pos;

	/* Folios on their way to the LRU lists are on none yet. */
	lru_add_drain_all();
	for (i = 0; i < nr; start = pos + seen[i++].end) {
		struct folio *folio = get_moved(mapping, &seen[i], start);

		if (!folio)
			continue;
		KUNIT_EXPECT_TRUE_MSG(tp->test, seen[i].whole && PAGE_ALIGNED(start),
				      "a part of a page moved, %s", label);
		KUNIT_EXPECT_LE_MSG(tp->test, pos + seen[i].end, pos + done,
				    "a page moved that was not spliced, %s", label);
		check_moved(tp, mapping, folio, label);
		folio_put(folio);
		moved++;
	}
	return moved;
}

/**
 * test_pipe_splice - splice from the pipe to a file, and check all it promises
 * @tp: the pipe
 * @wf: the file's model
 * @file: the file, opened by any name and with any flags
 * @pos: where to write
 * @len: how much, which may be more than there is
 * @flags: SPLICE_F_MOVE, or 0
 *
 * Whether the right number of bytes went, and how many of the pages had to move,
 * is for the caller to say; that exactly this number of bytes is in the file and
 * no longer in the pipe is checked here, and that no page is in both.
 *
 * Return: what splice(2) returns.
 */
ssize_t test_pipe_splice(struct test_pipe *tp, struct write_file *wf, struct file *file,
			 loff_t pos, size_t len, unsigned int flags)
{
	struct address_space *mapping = file->f_mapping;
	struct kunit *test = tp->test;
	loff_t end = pos;
	size_t whole = min(len, tp->len);
	struct seen *seen;
	unsigned int nr;
	ssize_t done;

	seen = kunit_kcalloc(test, TEST_PIPE_SLOTS, sizeof(*seen), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	/* Only what nobody else holds can move. */
	lru_add_drain_all();
	nr = look(tp, mapping, seen);
	if (tp->before)
		tp->before(tp->data);
	done = do_splice(tp->out, NULL, file, &end, len, flags | SPLICE_F_NONBLOCK);
	fail_slab_disarm();
	fail_page_alloc_disarm();

	KUNIT_EXPECT_EQ_MSG(test, end, pos + max(done, 0), "file position, %s", wf->label);
	if (done > 0) {
		KUNIT_ASSERT_LE_MSG(test, done, whole, "return value, %s", wf->label);
		KUNIT_ASSERT_LE(test, pos + done, wf->capacity);
		memcpy(wf->model + pos, tp->bytes, done);
		wf->size = max(wf->size, pos + done);
		taken(tp, done);
		/* Whoever looks for space may have written back what there was. */
		if (done == whole && !(file->f_flags & (O_DSYNC | O_DIRECT)))
			write_file_check_dirty(wf, pos, done);
	}
	tp->moved = 0;
	/* A write that can't be synced is in the file, although it has failed. */
	if (done != -EIO)
		tp->moved = count_moved(tp, mapping, pos, max(done, 0), seen, nr, wf->label);
	check_kept(tp, mapping, seen, nr, wf->label);
	test_pipe_check(tp);
	kunit_kfree(test, seen);
	return done;
}
