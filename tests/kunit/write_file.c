// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file under test, the model of what it must hold, and the checks that
 * follow every write.
 *
 * What is checked are the promises of a buffered write, whoever implements it:
 * with W the return value, exactly W bytes of the file changed, the iterator
 * moved by W and i_size is max(old, pos + W); with W < 0 nothing happened.  No
 * folio stays locked, none keeps a reference too many, what was written is
 * dirty, and no byte can be read that was in neither the file nor the source.
 * And the call ends: one that does not is killed and reported.
 */
#include <linux/backing-dev.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/timer.h>
#include <linux/uaccess.h>

#include "fail_page_alloc.h"
#include "fail_slab.h"
#include "fail_usercopy.h"
#include "fail_write_copy.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define POISON_BYTE	0xa5

/* Writes take milliseconds; the machine may be slow, but not that slow. */
#define DEADLINE	(3 * HZ)

/**
 * write_file_create - start to model a file
 * @test: the test; the model goes away with it
 * @file: an empty file; the caller keeps its reference until the test ends
 * @capacity: how far the test will write, in bytes
 */
struct write_file *write_file_create(struct kunit *test, struct file *file,
				     size_t capacity)
{
	struct write_file *wf = kunit_kzalloc(test, sizeof(*wf), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, wf);
	wf->test = test;
	wf->file = file;
	wf->capacity = capacity;
	wf->model = kunit_kzalloc(test, capacity, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, wf->model);
	return wf;
}

KUNIT_DEFINE_ACTION_WRAPPER(write_file_unmount, kern_unmount, struct vfsmount *);

static int write_file_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, 0x77726974) ? 0 : -ENOMEM;
}

static struct file_system_type write_file_fs_type = {
	.name			= "write_kunit",
	.init_fs_context	= write_file_init_fs_context,
	.kill_sb		= kill_anon_super,
};

/* Mount a filesystem for files whose operations are the caller's. */
struct vfsmount *write_file_mount_pseudo(struct kunit *test)
{
	struct vfsmount *mnt = kern_mount(&write_file_fs_type);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mnt);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, write_file_unmount, mnt));
	return mnt;
}

/**
 * write_file_open_pseudo - open an inode, as a regular file
 * @test: the test; the file is closed with it
 * @mnt: from write_file_mount_pseudo()
 * @inode: on it; belongs to the file from now on
 * @fops: what the file can do
 */
struct file *write_file_open_pseudo(struct kunit *test, struct vfsmount *mnt,
				    struct inode *inode,
				    const struct file_operations *fops)
{
	struct file *file;

	inode->i_mode = S_IFREG | 0600;
	file = alloc_file_pseudo(inode, mnt, "file", O_RDWR, fops);
	if (IS_ERR(file))
		iput(inode);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	write_file_close_at_end(test, file);
	return file;
}

/*
 * Fill memory that is likely to be handed out next, so that a folio that
 * nobody initialised does not happen to read as zeros.
 */
void write_file_poison_free_memory(struct kunit *test)
{
	const int nr = 512;
	struct page **pages = kunit_kcalloc(test, nr, sizeof(*pages), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < nr; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (pages[i])
			memset(page_address(pages[i]), POISON_BYTE, PAGE_SIZE);
	}
	while (i--)
		if (pages[i])
			__free_page(pages[i]);
	kunit_kfree(test, pages);
}

/*
 * Write as @fsuid, who has to obey limits.
 * Return: for write_file_revert_creds().
 */
const struct cred *write_file_become(struct kunit *test, kuid_t fsuid)
{
	struct cred *cred = prepare_creds();

	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_SYS_RESOURCE);
	cred->fsuid = fsuid;
	return override_creds(cred);
}

/* Write as who wrote before.  Whether an override holds a reference is no matter. */
void write_file_revert_creds(const struct cred *old)
{
	const struct cred *cred = current_cred();

	revert_creds(old);
	put_cred(cred);
}

/* Kernel threads may exceed all limits, as long as they have the privilege to. */
const struct cred *write_file_obey_limits(struct kunit *test)
{
	return write_file_become(test, current_fsuid());
}

/* Name what is tried next: it is printed with every failure. */
void write_file_label(struct write_file *wf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(wf->label, sizeof(wf->label), fmt, args);
	va_end(args);
}

/* The first failure ends a loop: what follows would mostly repeat it. */
bool write_file_failed(struct write_file *wf)
{
	return READ_ONCE(wf->test->status) == KUNIT_FAILURE;
}

/* Where an iterator stands: the address of the byte that it yields next. */
static const void *iter_next_byte(const struct iov_iter *i)
{
	size_t skip = i->iov_offset;

	if (!iov_iter_count(i))
		return NULL;
	if (iter_is_ubuf(i))
		return i->ubuf + skip;
	if (iter_is_iovec(i) || iov_iter_is_kvec(i)) {
		const struct iovec *iov = iter_iov(i);

		for (; skip >= iov->iov_len; iov++)
			skip -= iov->iov_len;
		return iov->iov_base + skip;
	}
	if (iov_iter_is_bvec(i)) {
		const struct bio_vec *bvec = i->bvec;

		for (; skip >= bvec->bv_len; bvec++)
			skip -= bvec->bv_len;
		return page_address(bvec->bv_page) + bvec->bv_offset + skip;
	}
	return NULL;
}

/* Check that @after is @before, moved by @written unless that is an error. */
void write_file_check_iter(struct kunit *test, const struct iov_iter *before,
			   const struct iov_iter *after, ssize_t written,
			   const char *label)
{
	struct iov_iter expected = *before;

	iov_iter_advance(&expected, max(written, 0));
	KUNIT_EXPECT_EQ_MSG(test, iov_iter_count(&expected),
			    iov_iter_count(after), "iterator count, %s", label);
	KUNIT_EXPECT_PTR_EQ_MSG(test, iter_next_byte(&expected),
				iter_next_byte(after), "iterator, %s", label);
}

/* The first byte of @len at @pos that is not what the model has, or -1. */
static loff_t first_difference(struct write_file *wf, loff_t pos,
			       const u8 *bytes, size_t len)
{
	size_t i;

	if (pos >= wf->capacity)
		return -1;
	len = min_t(size_t, len, wf->capacity - pos);
	if (!memcmp(wf->model + pos, bytes, len))
		return -1;
	for (i = 0; wf->model[pos + i] == bytes[i]; i++)
		;
	return pos + i;
}

static void check_bytes(struct write_file *wf, loff_t pos, const u8 *bytes,
			size_t len, const char *seen)
{
	loff_t wrong = first_difference(wf, pos, bytes, len);

	KUNIT_EXPECT_EQ_MSG(wf->test, wrong, -1, "first wrong byte %s, %s", seen, wf->label);
}

static void check_folio(struct write_file *wf, struct folio *folio)
{
	struct kunit *test = wf->test;
	loff_t pos = folio_pos(folio);
	/* of the page cache, private data, page tables and the caller's batch */
	int refs = folio_nr_pages(folio) + !!folio_get_private(folio) +
		   folio_mapcount(folio) + 1;
	size_t i;

	KUNIT_EXPECT_FALSE_MSG(test, folio_test_locked(folio),
			       "folio at %lld left locked, %s", pos, wf->label);
	KUNIT_EXPECT_EQ_MSG(test, folio_ref_count(folio), refs,
			    "references of folio at %lld, %s", pos, wf->label);
	/* Also past i_size: a later write beyond it must find zeros there. */
	if (!folio_test_uptodate(folio))
		return;
	for (i = 0; i < folio_nr_pages(folio); i++)
		check_bytes(wf, pos + i * PAGE_SIZE, page_address(folio_page(folio, i)),
			    PAGE_SIZE, "in the page cache");
}

static void check_page_cache(struct write_file *wf)
{
	struct folio_batch fbatch;
	pgoff_t index = 0;
	unsigned int i;

	/* Folios on their way to the LRU lists are held by per-CPU batches. */
	lru_add_drain_all();
	folio_batch_init(&fbatch);
	while (filemap_get_folios(wf->file->f_mapping, &index, ULONG_MAX, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++)
			check_folio(wf, fbatch.folios[i]);
		folio_batch_release(&fbatch);
		cond_resched();
	}
}

/* Read all of the file as a user would, from the page cache or from below. */
static void check_content(struct write_file *wf, u8 *page)
{
	loff_t pos = 0;

	while (pos < wf->size) {
		loff_t at = pos;
		ssize_t expected = min_t(loff_t, wf->size - at, PAGE_SIZE);
		ssize_t n = kernel_read(wf->file, page, PAGE_SIZE, &pos);

		KUNIT_EXPECT_EQ_MSG(wf->test, n, expected, "read at %lld, %s", at, wf->label);
		if (n <= 0)
			break;
		check_bytes(wf, at, page, n, "read");
	}
}

/* Who has the file mapped sees what is in the file, and zeros behind it. */
static void check_mapped(struct write_file *wf, u8 *page)
{
	loff_t pos;

	for (pos = 0; pos < wf->size; pos += PAGE_SIZE) {
		const void __user *addr = (void __user *)(wf->mapped + (size_t)pos);

		KUNIT_EXPECT_EQ_MSG(wf->test, copy_from_user(page, addr, PAGE_SIZE), 0,
				    "mapping at %lld, %s", pos, wf->label);
		check_bytes(wf, pos, page, PAGE_SIZE, "in the mapping");
	}
}

/* Compare the file with its model: size, page cache, content. */
void write_file_check(struct write_file *wf)
{
	u8 *page = kunit_kmalloc(wf->test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(wf->test, page);
	KUNIT_EXPECT_EQ_MSG(wf->test, i_size_read(file_inode(wf->file)), wf->size,
			    "i_size, %s", wf->label);
	check_page_cache(wf);
	check_content(wf, page);
	if (wf->mapped)
		check_mapped(wf, page);
	kunit_kfree(wf->test, page);
}

/* What was accepted must reach the disk some day, so its folios are dirty. */
void write_file_check_dirty(struct write_file *wf, loff_t pos, ssize_t written)
{
	struct address_space *mapping = wf->file->f_mapping;
	loff_t at = pos;

	while (at < pos + written) {
		struct folio *folio = filemap_get_folio(mapping, at / PAGE_SIZE);

		KUNIT_EXPECT_FALSE_MSG(wf->test, IS_ERR(folio),
				       "no folio at %lld, %s", at, wf->label);
		if (IS_ERR(folio))
			return;
		KUNIT_EXPECT_TRUE_MSG(wf->test, folio_test_dirty(folio),
				      "folio at %lld not dirty, %s", at, wf->label);
		at = folio_pos(folio) + folio_size(folio);
		folio_put(folio);
	}
}

/* Ends a call that does not end by itself, and with it the test. */
struct deadline {
	struct timer_list timer;
	struct task_struct *task;
	bool passed;
};

static void deadline_passed(struct timer_list *timer)
{
	struct deadline *deadline = container_of(timer, struct deadline, timer);

	deadline->passed = true;
	send_sig(SIGKILL, deadline->task, 1);
}

static void deadline_start(struct deadline *deadline)
{
	/* Kernel threads ignore all signals unless they ask for them. */
	allow_signal(SIGKILL);
	deadline->task = current;
	deadline->passed = false;
	timer_setup_on_stack(&deadline->timer, deadline_passed, 0);
	mod_timer(&deadline->timer, jiffies + DEADLINE);
}

/*
 * What a test has set up for the write must not hit the checks after it: a
 * SIGKILL, whoever has sent it, would end their reads.
 */
static void deadline_stop(struct deadline *deadline)
{
	fail_usercopy_disarm();
	fail_slab_disarm();
	fail_page_alloc_disarm();
	fail_write_copy_disarm();
	timer_delete_sync(&deadline->timer);
	timer_destroy_on_stack(&deadline->timer);
	spin_lock_irq(&current->sighand->siglock);
	sigdelset(&current->pending.signal, SIGKILL);
	recalc_sigpending();
	spin_unlock_irq(&current->sighand->siglock);
}

/* Check all that must hold after a write, and that it was not killed. */
static void check_write(struct write_file *wf, loff_t pos, loff_t end_pos,
			const struct iov_iter *before, const struct iov_iter *from,
			const u8 *source, ssize_t written,
			const struct deadline *deadline)
{
	write_file_check_iter(wf->test, before, from, written, wf->label);
	KUNIT_EXPECT_EQ_MSG(wf->test, end_pos, pos + max_t(ssize_t, written, 0),
			    "file position, %s", wf->label);
	if (written > 0) {
		KUNIT_ASSERT_LE_MSG(wf->test, written, iov_iter_count(before),
				    "return value, %s", wf->label);
		memcpy(wf->model + pos, source, written);
		wf->size = max(wf->size, pos + written);
		write_file_check_dirty(wf, pos, written);
	}
	write_file_check(wf);
	/* Last, since it ends the test, which would wait again and again. */
	KUNIT_ASSERT_FALSE_MSG(wf->test, deadline->passed,
			       "killed, the write did not end: returned %zd, %s",
			       written, wf->label);
}

/**
 * write_file_write - call generic_perform_write() and check all it promises
 * @wf: the file
 * @pos: where to write
 * @from: what to write
 * @source: a copy of what @from yields, in kernel memory
 *
 * Whether the right number of bytes was written is for the caller to say; that
 * exactly this number was written is checked here.
 *
 * No SIGKILL is pending any more when this returns, and no copies fail any
 * more, as fail_usercopy and fail_write_copy let them.
 *
 * Return: what generic_perform_write() returned.
 */
ssize_t write_file_write(struct write_file *wf, loff_t pos,
			 struct iov_iter *from, const u8 *source)
{
	struct inode *inode = file_inode(wf->file);
	struct iov_iter before = *from;
	struct deadline deadline;
	struct kiocb iocb;
	ssize_t written;

	KUNIT_ASSERT_LE(wf->test, pos + iov_iter_count(from), wf->capacity);
	init_sync_kiocb(&iocb, wf->file);
	iocb.ki_pos = pos;

	deadline_start(&deadline);
	inode_lock(inode);
	written = generic_perform_write(&iocb, from);
	inode_unlock(inode);
	deadline_stop(&deadline);

	check_write(wf, pos, iocb.ki_pos, &before, from, source, written, &deadline);
	return written;
}

/**
 * write_file_write_iter - write as write(2) does, and check all it promises
 * @wf: the file's model
 * @file: the file, opened by any name and with any flags
 * @pos: where to write, unless @file is open for appending
 * @from: what to write
 * @source: a copy of what @from yields, in kernel memory
 *
 * Return: what the file's ->write_iter returned.
 */
ssize_t write_file_write_iter(struct write_file *wf, struct file *file, loff_t pos,
			      struct iov_iter *from, const u8 *source)
{
	struct iov_iter before = *from;
	struct deadline deadline;
	loff_t end_pos = pos;
	ssize_t written;

	deadline_start(&deadline);
	written = vfs_iter_write(file, from, &end_pos, 0);
	deadline_stop(&deadline);

	/*
	 * An append moves to the end of the file before it knows whether it
	 * can write anything; a limit cuts the iterator short for good.
	 */
	if (written > 0 && file->f_flags & O_APPEND)
		pos = wf->size;
	else if (written <= 0)
		end_pos = pos;
	iov_iter_reexpand(from, iov_iter_count(&before) - max(written, 0));
	KUNIT_ASSERT_LE(wf->test, pos + iov_iter_count(&before), wf->capacity);
	check_write(wf, pos, end_pos, &before, from, source, written, &deadline);
	return written;
}

/* Write what @ui yields at @pos; @expected is what must be returned. */
void write_file_expect(struct write_file *wf, loff_t pos,
		       struct user_iter *ui, ssize_t expected)
{
	KUNIT_EXPECT_EQ_MSG(wf->test, expected,
			    write_file_write(wf, pos, &ui->iter, ui->source),
			    "return value of the write at %lld, %s", pos, wf->label);
}

/* Cut or extend the file, and the model with it. */
void write_file_truncate(struct write_file *wf, loff_t size)
{
	struct iattr attr = { .ia_valid = ATTR_SIZE, .ia_size = size };
	struct dentry *dentry = file_dentry(wf->file);
	struct inode *inode = d_inode(dentry);

	inode_lock(inode);
	KUNIT_EXPECT_EQ_MSG(wf->test, 0,
			    notify_change(&nop_mnt_idmap, dentry, &attr, NULL),
			    "truncate to %lld, %s", size, wf->label);
	inode_unlock(inode);
	if (size < wf->size)
		memset(wf->model + size, 0, wf->size - size);
	wf->size = size;
	write_file_check(wf);
}

/*
 * Drop what reading leaves in the page cache, so that the next write finds
 * holes of the file as holes, and no folio there that is uptodate already.
 */
void write_file_drop_clean(struct write_file *wf)
{
	struct address_space *mapping = wf->file->f_mapping;

	unmap_mapping_range(mapping, 0, 0, 1);
	lru_add_drain_all();
	invalidate_mapping_pages(mapping, 0, -1);
}

/* Map the file for reading; every check looks through the mapping as well. */
void write_file_map(struct write_file *wf)
{
	wf->mapped = kunit_vm_mmap(wf->test, wf->file, 0, wf->capacity, PROT_READ,
				   MAP_SHARED, 0);
	KUNIT_ASSERT_NE(wf->test, wf->mapped, 0UL);
	KUNIT_ASSERT_FALSE(wf->test, IS_ERR_VALUE(wf->mapped));
}

/* A source that is the mapping of the file itself. */
void write_file_iter(struct write_file *wf, struct user_iter *ui, size_t offset,
		     size_t len)
{
	void __user *addr = (void __user *)(wf->mapped + offset);

	KUNIT_ASSERT_LE(wf->test, offset + len, PAGE_ALIGN(wf->size));
	ui->iov = NULL;
	ui->readable = len;
	ui->source = kunit_kmalloc(wf->test, len, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(wf->test, ui->source);
	memcpy(ui->source, wf->model + offset, len);
	iov_iter_ubuf(&ui->iter, ITER_SOURCE, addr, len);
}

static const struct self_case self_cases[] = {
	{ "the same bytes", 100, 100, 3000 },
	{ "the same bytes, copy fails twice", 100, 100, 3000, 2 },
	{ "the same page", 100, 2100, 1000 },
	{ "the same page, sparse", 100, 2100, 1000, 0, true },
	{ "the same page, sparse, copy fails once", 100, 2100, 1000, 1, true },
	{ "the whole page, sparse, copy fails once", 0, 0, PAGE_SIZE, 1, true },
	{ "overlapping in a page, sparse", 500, 100, 2000, 0, true },
	{ "overlapping over pages", PAGES(2) + 50, PAGES(1) - 50, PAGES(4) },
	{ "overlapping over pages, sparse", PAGES(2) + 50, PAGES(1) - 50, PAGES(4), 0, true },
	{ "overlapping over pages, copy fails twice", PAGES(2) + 50, PAGES(1) - 50,
	  PAGES(4), 2 },
	{ "to the end from the start", 0, PAGES(8) - 9, PAGES(2) + 1 },
};

KUNIT_ARRAY_PARAM_DESC(self, self_cases, name);

GENERATOR(from_itself_gen_params)
{
	return generate(self_gen_params, prev, desc);
}

#define RANDOM_SEEDS	8

/* For random tests: the parameter is the seed. */
GENERATOR(random_gen_params)
{
	unsigned long seed = (unsigned long)prev + 1;

	if (seed > RANDOM_SEEDS)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %lu", seed);
	return (void *)seed;
}
