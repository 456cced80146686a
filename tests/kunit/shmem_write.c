// SPDX-License-Identifier: GPL-2.0-only
/*
 * tmpfs, written through the VFS: from user memory that is not all there, up to
 * limits of space, quota, size and seals, over pages that are fallocated,
 * swapped out or poisoned, and with large folios where the kernel has them.
 *
 * After each write the blocks of the file, of the mount and of the user's quota
 * must be those of the pages that hold something, and no more.
 */
#include <linux/cred.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/pagemap.h>
#include <linux/quotaops.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/statfs.h>
#include <linux/swapops.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "fail_usercopy.h"
#include "test_swap.h"
#include "user_trap.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
/* More than a batch has, if all its folios are single pages. */
#define MANY_PAGES	(FOLIO_BATCH_SIZE + 3)
#define MEM_PAGES	40
#define HOLE		4	/* the page of the source that holes are made of */

/* Of the model, in bytes. */
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
#define CAPACITY	(HPAGE_PMD_SIZE + PAGES(128))
#else
#define CAPACITY	PAGES(128)
#endif

/**
 * struct mount_kind - what folios the file is made of
 * @name: for the log
 * @options: of the mount
 * @border: where large folios meet, in bytes, or any page border
 */
struct mount_kind {
	const char *name;
	const char *options;
	size_t border;
};

static const struct mount_kind mount_kinds[] = {
	{ "single pages", "huge=never", PAGES(48) },
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	{ "huge", "huge=always", HPAGE_PMD_SIZE },
	{ "huge within size", "huge=within_size", HPAGE_PMD_SIZE },
#endif
};

KUNIT_ARRAY_PARAM_DESC(kind, mount_kinds, name);

static const struct mount_kind *const single_pages = &mount_kinds[0];

/**
 * struct shmem_test - a tmpfs file and memory to write from
 * @test: the test that owns it
 * @kind: of the mount
 * @wf: the file and its model
 * @um: the memory
 * @kept: the pages of the file that must be allocated; not known if it is
 *	mapped, which allocates holes when they are read
 */
struct shmem_test {
	struct kunit *test;
	const struct mount_kind *kind;
	struct write_file *wf;
	struct user_mem *um;
	unsigned long *kept;
};

static struct shmem_test *shmem_test_of(struct kunit *test, struct file *file,
					const struct mount_kind *kind, u32 seed)
{
	struct shmem_test *st = kunit_kzalloc(test, sizeof(*st), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, st);
	st->test = test;
	st->kind = kind;
	st->wf = write_file_create(test, file, CAPACITY);
	st->um = user_mem_create(test, PAGES(MEM_PAGES), seed);
	st->kept = kunit_kcalloc(test, BITS_TO_LONGS(CAPACITY / PAGE_SIZE),
				 sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, st->kept);
	return st;
}

static struct shmem_test *shmem_test_create(struct kunit *test,
					    const struct mount_kind *kind,
					    const char *options, u32 seed)
{
	char all[100];

	snprintf(all, sizeof(all), "%s,%s", kind->options, options);
	return shmem_test_of(test,
			     write_file_open(test, write_file_mount(test, "tmpfs", all),
					     "file", O_CREAT | O_RDWR),
			     kind, seed);
}

static struct inode *inode_of(struct shmem_test *st)
{
	return file_inode(st->wf->file);
}

static unsigned long pages_of(struct inode *inode)
{
	return inode->i_mapping->nrpages + SHMEM_I(inode)->swapped;
}

static void check_blocks(struct shmem_test *st)
{
	struct inode *inode = inode_of(st);
	unsigned long pages;
	struct kstatfs statfs;
	struct kstat stat;

	/* Counts anew, as stat(2) does. */
	KUNIT_EXPECT_EQ(st->test, 0, vfs_getattr(&st->wf->file->f_path, &stat,
						 STATX_BLOCKS, 0));
	pages = pages_of(inode);
	KUNIT_EXPECT_EQ_MSG(st->test, stat.blocks, pages * (PAGE_SIZE / 512),
			    "blocks of %lu pages, %s", pages, st->wf->label);
	if (!st->wf->mapped && st->kind == single_pages)
		KUNIT_EXPECT_EQ_MSG(st->test, pages,
				    bitmap_weight(st->kept, CAPACITY / PAGE_SIZE),
				    "pages, %s", st->wf->label);

	/* The internal mount has no limit, and does not count. */
	KUNIT_EXPECT_EQ(st->test, 0, vfs_statfs(&st->wf->file->f_path, &statfs));
	if (statfs.f_blocks)
		KUNIT_EXPECT_EQ_MSG(st->test, statfs.f_blocks - statfs.f_bfree, pages,
				    "blocks of the mount, %s", st->wf->label);
}

static ssize_t write_and_check(struct shmem_test *st, loff_t pos, struct user_iter *ui)
{
	ssize_t written = write_file_write_iter(st->wf, st->wf->file, pos,
						&ui->iter, ui->source);

	if (written > 0)
		bitmap_set(st->kept, pos / PAGE_SIZE,
			   DIV_ROUND_UP(pos + written, PAGE_SIZE) - pos / PAGE_SIZE);
	check_blocks(st);
	return written;
}

static void expect_write(struct shmem_test *st, loff_t pos, struct user_iter *ui,
			 ssize_t expected)
{
	KUNIT_EXPECT_EQ_MSG(st->test, expected, write_and_check(st, pos, ui),
			    "return value of the write at %lld, %s", pos, st->wf->label);
}

/* Write what is at @offset of the memory. */
static void expect_ubuf(struct shmem_test *st, loff_t pos, size_t offset, size_t len,
			ssize_t expected)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, st->um, offset, len);
	expect_write(st, pos, &ui, expected);
}

static void truncate_to(struct shmem_test *st, loff_t size)
{
	unsigned long first = DIV_ROUND_UP(size, PAGE_SIZE);

	write_file_truncate(st->wf, size);
	bitmap_clear(st->kept, first, CAPACITY / PAGE_SIZE - first);
	check_blocks(st);
}

static void poison_free_memory(struct shmem_test *st)
{
	write_file_poison_free_memory(st->test);
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	if (st->kind != single_pages) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, HPAGE_PMD_ORDER);

		if (page) {
			memset(page_address(page), 0x5a, HPAGE_PMD_SIZE);
			__free_pages(page, HPAGE_PMD_ORDER);
		}
	}
#endif
}

/* @size bytes, all hole, and free memory that does not read as zeros. */
static void restart(struct shmem_test *st, loff_t size)
{
	truncate_to(st, 0);
	truncate_to(st, size);
	KUNIT_EXPECT_EQ(st->test, pages_of(inode_of(st)), 0UL);
	poison_free_memory(st);
}

static const size_t lens[] = {
	1, 123, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, PAGES(3),
	PAGES(FOLIO_BATCH_SIZE), PAGES(FOLIO_BATCH_SIZE) + 1, PAGES(MANY_PAGES) + 99,
};

/* Distances from a border. */
static const int distances[] = {
	-(int)PAGES(MANY_PAGES), -(int)PAGE_SIZE - 1, -(int)PAGE_SIZE, -123, 0, 1, PAGE_SIZE + 7,
};

/*
 * From and to each side of borders: past the end of an empty file, with a gap;
 * into a hole; and over what another write has left.
 */
static void shmem_write_borders(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 1);
	unsigned int l, d;

	for (l = 0; l < ARRAY_SIZE(lens); l++) {
		write_file_label(st->wf, "%zu bytes at 0", lens[l]);
		restart(st, 0);
		expect_ubuf(st, 0, 5, lens[l], lens[l]);

		for (d = 0; d < ARRAY_SIZE(distances); d++) {
			loff_t pos = kind->border + distances[d];

			write_file_label(st->wf, "%zu bytes past the end, at %lld", lens[l],
					 pos);
			restart(st, 0);
			expect_ubuf(st, pos, 3 + d, lens[l], lens[l]);

			write_file_label(st->wf, "%zu bytes into a hole, at %lld", lens[l],
					 pos);
			restart(st, CAPACITY);
			expect_ubuf(st, pos, PAGES(1) - d, lens[l], lens[l]);

			write_file_label(st->wf, "%zu bytes over that, before %lld",
					 lens[l], pos);
			expect_ubuf(st, pos - 50, PAGES(2) + d, lens[l], lens[l]);
		}
	}
}

/* What comes before a hole of the source is written, and nothing else is kept. */
static void shmem_write_short(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 2);
	static const size_t before[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGES(2) + 1234, PAGES(4),
	};
	unsigned int b, d;

	user_mem_unmap(st->um, PAGES(HOLE), PAGE_SIZE);
	user_mem_protect(st->um, PAGES(30), PAGE_SIZE, PROT_NONE);
	for (b = 0; b < ARRAY_SIZE(before); b++) {
		for (d = 0; d < ARRAY_SIZE(distances); d++) {
			loff_t pos = kind->border + distances[d];

			write_file_label(st->wf, "%zu bytes past the end, at %lld",
					 before[b], pos);
			restart(st, pos / 2);
			expect_ubuf(st, pos, PAGES(HOLE) - before[b], PAGES(8),
				    before[b] ?: -EFAULT);
			/* What was left behind must not come to light. */
			truncate_to(st, CAPACITY);
			write_file_label(st->wf, "%zu bytes over that, at %lld", before[b],
					 pos + 11);
			expect_ubuf(st, pos + 11, PAGES(30) - before[b], PAGES(8),
				    before[b] ?: -EFAULT);
		}
	}
}

/*
 * A copy fails in spite of the fault-in before it: the write goes on when it
 * works again.  The first copy is the one of the whole batch.
 */
static void shmem_write_copy_fails(struct kunit *test)
{
	static const struct user_seg segs[] = {
		{ 7, 600 }, { PAGES(2) - 9, 900 }, { 0, 0 }, { 10, PAGES(2) }, { 20, 5000 },
		{ PAGES(5), 1 },
	};
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 3);
	unsigned int skip, times;
	struct user_iter ui;

	for (skip = 0; skip < 6; skip++) {
		for (times = 1; times <= 2; times++) {
			write_file_label(st->wf, "ubuf, %u fail after %u", times, skip);
			restart(st, 0);
			fail_usercopy_arm(test, skip, times);
			expect_ubuf(st, kind->border - PAGES(2) + 50, 100, PAGES(5), PAGES(5));

			write_file_label(st->wf, "iovec over that, %u fail after %u", times,
					 skip);
			user_iter_iovec(&ui, st->um, segs, ARRAY_SIZE(segs));
			fail_usercopy_arm(test, skip, times);
			expect_write(st, kind->border - 100, &ui, iov_iter_count(&ui.iter));
		}
	}
}

/* Copies fail for good: the address is bad, and nothing of the file changes. */
static void shmem_write_copy_always_fails(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 4);
	unsigned int d;

	for (d = 0; d < ARRAY_SIZE(distances); d++) {
		loff_t pos = kind->border + distances[d];

		write_file_label(st->wf, "past the end, at %lld", pos);
		restart(st, 0);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_ubuf(st, pos, 100, PAGES(5), -EFAULT);
		KUNIT_EXPECT_EQ(test, pages_of(inode_of(st)), 0UL);

		write_file_label(st->wf, "into a hole, at %lld", pos);
		restart(st, CAPACITY);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_ubuf(st, pos, 100, PAGES(5), -EFAULT);
		KUNIT_EXPECT_EQ(test, pages_of(inode_of(st)), 0UL);

		write_file_label(st->wf, "over data, at %lld", pos);
		expect_ubuf(st, pos, 100, PAGES(5), PAGES(5));
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_ubuf(st, pos + 5, 0, PAGES(7), -EFAULT);
	}
}

/*
 * One page of the source at a time is present: each fault takes the others
 * away.  Every byte can be read, so every byte is written.
 */
static void shmem_write_source_lost(struct kunit *test)
{
	static const struct user_seg segs[] = {
		{ 800, 800 }, { PAGES(1) + 800, 800 }, { PAGES(3) - 800, 1600 }, { PAGES(5), 800 },
	};
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 5);
	static const unsigned int faults[] = { 2, 9, TRAP_ALWAYS };
	struct user_iter ui;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		restart(st, 0);
		write_file_label(st->wf, "ubuf over a gap, %u faults", faults[i]);
		user_trap_set(st->um, 0, PAGES(8), faults[i], false);
		expect_ubuf(st, kind->border - PAGES(2), 1024, PAGES(4), PAGES(4));

		write_file_label(st->wf, "iovec in front of that, %u faults", faults[i]);
		user_trap_set(st->um, 0, PAGES(8), faults[i], false);
		user_iter_iovec(&ui, st->um, segs, ARRAY_SIZE(segs));
		expect_write(st, kind->border - PAGES(3) + 96, &ui, ui.readable);
	}
}

/*
 * The source is lost between fault-in and copy, for good.  How much is written
 * depends on how much is faulted in at once; the rest must leave no trace.
 */
static void shmem_write_source_gone(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 6);
	unsigned int page, d;

	for (page = 0; page < 12; page += 3) {
		for (d = 0; d < ARRAY_SIZE(distances); d++) {
			loff_t pos = kind->border + distances[d];
			struct user_iter ui;
			ssize_t written;

			write_file_label(st->wf, "at %lld, gone after %u pages", pos, page);
			restart(st, d & 1 ? CAPACITY : 0);
			user_trap_set(st->um, PAGES(page), PAGES(2), 2, true);
			user_iter_ubuf(&ui, st->um, 64, PAGES(20));
			written = write_and_check(st, pos, &ui);
			KUNIT_EXPECT_TRUE_MSG(test, written == -EFAULT ||
					      (written > 0 && written <= PAGES(20)),
					      "returned %zd, %s", written, st->wf->label);
			if (page)
				KUNIT_EXPECT_GE_MSG(test, written, (ssize_t)PAGES(page) - 64,
						    "that was there to read, %s", st->wf->label);
			/* Nothing that was left behind comes to light. */
			truncate_to(st, CAPACITY);
		}
	}
}

/*
 * Past the end, with a gap, and nothing can be copied: the file does not grow.  Only
 * a kernel that copies the first page before it faults the second one in gets both.
 */
static void shmem_write_nothing_past_the_end(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 7);
	struct user_iter ui;
	ssize_t written;

	write_file_label(st->wf, "the write before it");
	expect_ubuf(st, 0, 0, 100, 100);
	write_file_label(st->wf, "source gone");
	/* The second fault takes away what the first brought. */
	user_trap_set(st->um, PAGES(2), PAGES(2), 2, true);
	user_iter_ubuf(&ui, st->um, PAGES(3) - 64, 128);
	written = write_and_check(st, kind->border + 100, &ui);
	if (written != 128)
		KUNIT_EXPECT_EQ(test, written, -EFAULT);

	write_file_label(st->wf, "copies fail");
	fail_usercopy_arm(test, 0, FAIL_ALWAYS);
	expect_ubuf(st, kind->border + PAGES(9) + 100, 0, 128, -EFAULT);
}

static void allocate_range(struct shmem_test *st, int mode, loff_t pos, loff_t len)
{
	unsigned long first = DIV_ROUND_UP(pos, PAGE_SIZE);
	unsigned long end = (pos + len) / PAGE_SIZE;
	loff_t inside = min(len, st->wf->size - pos);

	KUNIT_EXPECT_EQ_MSG(st->test, 0, vfs_fallocate(st->wf->file, mode, pos, len),
			    "fallocate at %lld, %s", pos, st->wf->label);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (inside > 0)
			memset(st->wf->model + pos, 0, inside);
		if (end > first)
			bitmap_clear(st->kept, first, end - first);
	} else {
		first = pos / PAGE_SIZE;
		bitmap_set(st->kept, first, DIV_ROUND_UP(pos + len, PAGE_SIZE) - first);
		if (!(mode & FALLOC_FL_KEEP_SIZE))
			st->wf->size = max(st->wf->size, pos + len);
	}
	write_file_check(st->wf);
	check_blocks(st);
}

/* What was fallocated stays, reads zeros, and is zeroed around what is written. */
static void shmem_write_fallocated(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 8);
	static const int modes[] = { 0, FALLOC_FL_KEEP_SIZE };
	loff_t pos = kind->border - PAGES(4);
	unsigned long pages;
	unsigned int m;

	for (m = 0; m < ARRAY_SIZE(modes); m++) {
		write_file_label(st->wf, "mode %d", modes[m]);
		restart(st, 0);
		allocate_range(st, modes[m], pos, PAGES(8));
		pages = pages_of(inode_of(st));
		KUNIT_EXPECT_GE(test, pages, 8UL);

		write_file_label(st->wf, "mode %d, a write that fails", modes[m]);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_ubuf(st, pos + 10, 100, PAGES(6), -EFAULT);
		KUNIT_EXPECT_EQ(test, pages_of(inode_of(st)), pages);

		write_file_label(st->wf, "mode %d, a write whose source ends", modes[m]);
		user_mem_unmap(st->um, PAGES(HOLE), PAGE_SIZE);
		expect_ubuf(st, pos + 10, PAGES(HOLE) - 200, PAGES(6), 200);
		user_mem_protect(st->um, PAGES(HOLE), PAGE_SIZE, PROT_READ);

		write_file_label(st->wf, "mode %d, a write inside a page", modes[m]);
		expect_ubuf(st, pos + PAGES(2) + 77, 1, 100, 100);
		write_file_label(st->wf, "mode %d, a write over pages", modes[m]);
		expect_ubuf(st, pos + PAGES(3) + 77, 1, PAGES(3), PAGES(3));
		KUNIT_EXPECT_EQ(test, pages_of(inode_of(st)), pages);
		truncate_to(st, CAPACITY);
	}
}

static GENERATOR(room_gen_params)
{
	unsigned long room = (unsigned long)prev;

	if (room > MANY_PAGES)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu pages", room);
	return (void *)(room + 1);
}

/*
 * The limit, of the mount or of a user's quota, is one page more than the test
 * has room for: wherever a batch meets it, what comes before is written.
 */
static void write_up_to_limit(struct shmem_test *st, unsigned long room, int error)
{
	struct user_mem *um = st->um;
	unsigned long left = room - 1;
	loff_t far = PAGES(100);
	ssize_t n;

	write_file_label(st->wf, "a page elsewhere");
	expect_ubuf(st, far, 0, PAGE_SIZE, PAGE_SIZE);
	write_file_label(st->wf, "more than there is room for");
	n = PAGES(room);
	expect_ubuf(st, 0, 9, PAGES(MANY_PAGES + 1), n ?: error);
	write_file_label(st->wf, "with no room left");
	expect_ubuf(st, n, 9, PAGES(2), error);
	write_file_label(st->wf, "over what is there, with no room left");
	expect_ubuf(st, far, 5, PAGE_SIZE, PAGE_SIZE);
	expect_ubuf(st, far + 5, 5, PAGE_SIZE, PAGE_SIZE - 5);

	write_file_label(st->wf, "exactly the limit");
	restart(st, 0);
	expect_ubuf(st, 0, 3, PAGES(room + 1), PAGES(room + 1));

	write_file_label(st->wf, "from inside a page");
	restart(st, 0);
	expect_ubuf(st, 100, 3, PAGES(MANY_PAGES + 2), PAGES(room + 1) - 100);
	expect_ubuf(st, PAGES(room + 1), 3, 1, error);

	if (room < 2)
		return;
	for (n = 0; n < MANY_PAGES + 2 && (n == 2 || n == 5 || left); n++)
		left -= n != 2 && n != 5;
	KUNIT_ASSERT_LE(st->test, PAGES(n), um->len);
	write_file_label(st->wf, "over pages that are there");
	restart(st, 0);
	expect_ubuf(st, PAGES(2), 0, PAGE_SIZE, PAGE_SIZE);
	expect_ubuf(st, PAGES(5) + 10, 0, 10, 10);
	expect_ubuf(st, 0, 3, PAGES(MANY_PAGES + 2), PAGES(n));

	write_file_label(st->wf, "over pages that are allocated");
	restart(st, 0);
	allocate_range(st, 0, PAGES(2), PAGE_SIZE);
	allocate_range(st, FALLOC_FL_KEEP_SIZE, PAGES(5), PAGE_SIZE);
	expect_ubuf(st, 0, 3, PAGES(MANY_PAGES + 2), PAGES(n));
}

static void shmem_write_no_space(struct kunit *test)
{
	unsigned long room = (unsigned long)test->param_value - 1;
	struct shmem_test *st;
	char options[40];
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(mount_kinds); k++) {
		snprintf(options, sizeof(options), "size=%luk", PAGES(room + 1) / 1024);
		st = shmem_test_create(test, &mount_kinds[k], options, 9);
		write_up_to_limit(st, room, -ENOSPC);
		truncate_to(st, 0);
	}
}

#ifdef CONFIG_TMPFS_QUOTA
#define QUOTA_UID	1000

static void shmem_write_no_quota(struct kunit *test)
{
	unsigned long room = (unsigned long)test->param_value - 1;
	kuid_t uid = make_kuid(&init_user_ns, QUOTA_UID);
	struct iattr attr = { .ia_valid = ATTR_UID, .ia_vfsuid = VFSUIDT_INIT(uid) };
	struct qc_dqblk dqblk;
	struct shmem_test *st;
	const struct cred *old;
	struct dentry *dentry;
	char options[80];

	snprintf(options, sizeof(options), "size=16m,usrquota,usrquota_block_hardlimit=%luk",
		 PAGES(room + 1) / 1024);
	st = shmem_test_create(test, single_pages, options, 10);
	dentry = file_dentry(st->wf->file);
	inode_lock(d_inode(dentry));
	KUNIT_EXPECT_EQ(test, 0, notify_change(&nop_mnt_idmap, dentry, &attr, NULL));
	inode_unlock(d_inode(dentry));

	old = write_file_obey_limits(test);
	write_up_to_limit(st, room, -EDQUOT);
	write_file_revert_creds(old);

	KUNIT_EXPECT_EQ(test, 0, dquot_get_dqblk(dentry->d_sb, make_kqid_uid(uid), &dqblk));
	KUNIT_EXPECT_EQ(test, dqblk.d_space, PAGES(pages_of(inode_of(st))));
	truncate_to(st, 0);
	KUNIT_EXPECT_EQ(test, 0, dquot_get_dqblk(dentry->d_sb, make_kqid_uid(uid), &dqblk));
	KUNIT_EXPECT_EQ(test, dqblk.d_space, 0);
}
#endif

/* Nothing is left of what a failed write had to pay for. */
static void shmem_write_fails_when_full(struct kunit *test)
{
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=32k", 11);
	unsigned int i;

	for (i = 0; i < 10; i++) {
		write_file_label(st->wf, "failure %u", i);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_ubuf(st, PAGES(i) + 9, PAGES(3) - 64, 128, -EFAULT);
	}
	write_file_label(st->wf, "after that");
	expect_ubuf(st, 0, 0, PAGES(9), PAGES(8));
}

/* A process's limit of the size of files, which cuts the write short. */
static void shmem_write_size_limit(struct kunit *test)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_FSIZE];
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 12);
	unsigned long old = limit->rlim_cur;
	loff_t size = kind->border + PAGES(5) + 10;

	limit->rlim_cur = size;
	write_file_label(st->wf, "across the limit");
	expect_ubuf(st, kind->border, 7, PAGES(10), PAGES(5) + 10);
	write_file_label(st->wf, "at the limit");
	expect_ubuf(st, size, 7, 1, -EFBIG);
	write_file_label(st->wf, "past the limit");
	expect_ubuf(st, size + PAGE_SIZE, 7, PAGES(2), -EFBIG);
	write_file_label(st->wf, "up to the limit");
	expect_ubuf(st, size - 20, 7, 20, 20);
	limit->rlim_cur = old;
}

/*
 * In the last page that a file can have, the end of the page is not a loff_t.
 */
static void shmem_write_at_the_last_byte(struct kunit *test)
{
	static const size_t tails[] = { 1, 100, PAGE_SIZE - 1 };
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=16m", 13);
	struct file *file = st->wf->file;
	struct inode *inode = inode_of(st);
	struct user_iter ui;
	struct kiocb iocb;
	u8 *read;
	int i;

	read = kunit_kmalloc(test, PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, read);
	file->f_flags |= O_LARGEFILE;
	for (i = 0; i < ARRAY_SIZE(tails); i++) {
		loff_t pos = MAX_LFS_FILESIZE - tails[i];

		write_file_poison_free_memory(test);
		user_iter_ubuf(&ui, st->um, 0, PAGE_SIZE);
		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = pos;
		KUNIT_EXPECT_EQ(test, tails[i], file->f_op->write_iter(&iocb, &ui.iter));
		KUNIT_EXPECT_EQ(test, MAX_LFS_FILESIZE, i_size_read(inode));
		KUNIT_ASSERT_EQ(test, 1, inode->i_mapping->nrpages);
		KUNIT_EXPECT_EQ(test, tails[i], kernel_read(file, read, tails[i], &pos));
		KUNIT_EXPECT_MEMEQ(test, read, st->um->shadow, tails[i]);
	}
}

/* A file as memfd_create(2) makes it, with room for seals. */
static struct shmem_test *memfd_test_create(struct kunit *test, loff_t size, u32 seed)
{
	struct file *file = shmem_file_setup("memfd", 0, SHMEM_NORESERVE);
	struct shmem_test *st;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	write_file_close_at_end(test, file);
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	SHMEM_I(file_inode(file))->seals &= ~F_SEAL_SEAL;
	st = shmem_test_of(test, file, single_pages, seed);
	write_file_label(st->wf, "before it is sealed");
	if (size)
		expect_ubuf(st, 0, 0, size, size);
	return st;
}

#define SEALED_SIZE	(PAGES(8) + PAGE_SIZE / 2)

struct seal_case {
	const char *name;
	loff_t pos;
	size_t len;
	ssize_t result;		/* with F_SEAL_GROW */
};

/* Page by page: one in which the file would grow is refused as a whole. */
static const struct seal_case seal_cases[] = {
	{ "a page", 0, PAGE_SIZE, PAGE_SIZE },
	{ "some pages", 10, PAGES(5), PAGES(5) },
	{ "all of it", 0, SEALED_SIZE, SEALED_SIZE },
	{ "all of it and a byte", 0, SEALED_SIZE + 1, PAGES(8) },
	{ "more than a batch", 100, PAGES(MANY_PAGES), PAGES(8) - 100 },
	{ "up to the end", PAGES(8), PAGE_SIZE / 2, PAGE_SIZE / 2 },
	{ "across the end", SEALED_SIZE - 10, 11, -EPERM },
	{ "across the end from the page before", PAGES(8) - 10, PAGE_SIZE, 10 },
	{ "at the end", SEALED_SIZE, 1, -EPERM },
	{ "past the end", PAGES(12), PAGE_SIZE, -EPERM },
};

KUNIT_ARRAY_PARAM_DESC(seal, seal_cases, name);

static void shmem_write_sealed(struct kunit *test)
{
	static const unsigned int no_write[] = { F_SEAL_FUTURE_WRITE, F_SEAL_WRITE };
	const struct seal_case *param = test->param_value;
	struct shmem_test *st = memfd_test_create(test, SEALED_SIZE, 14);
	ssize_t result = param->result;
	unsigned int i;

	/*
	 * As untouched, a kernel with large folios asks for up to two megabytes
	 * at once, and refuses them as a whole.
	 */
	if (!IS_ENABLED(CONFIG_SHMEM_PERFORM_WRITE) &&
	    IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) &&
	    param->pos + param->len > SEALED_SIZE)
		result = -EPERM;

	KUNIT_ASSERT_EQ(test, 0, memfd_fcntl(st->wf->file, F_ADD_SEALS, F_SEAL_GROW));
	write_file_label(st->wf, "must not grow");
	expect_ubuf(st, param->pos, 77, param->len, result);

	for (i = 0; i < ARRAY_SIZE(no_write); i++) {
		write_file_label(st->wf, "seal %u", no_write[i]);
		KUNIT_ASSERT_EQ(test, 0, memfd_fcntl(st->wf->file, F_ADD_SEALS, no_write[i]));
		expect_ubuf(st, param->pos, 99, param->len, -EPERM);
	}
}

#ifdef SHMEM_F_MAPPING_FROZEN
/* What a live update has frozen must not grow, as if it was sealed. */
static void shmem_write_frozen(struct kunit *test)
{
	const struct seal_case *param = test->param_value;
	struct shmem_test *st = memfd_test_create(test, SEALED_SIZE, 14);
	struct inode *inode = file_inode(st->wf->file);
	ssize_t result = param->result;

	if (!IS_ENABLED(CONFIG_SHMEM_PERFORM_WRITE) &&
	    IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) &&
	    param->pos + param->len > SEALED_SIZE)
		result = -EPERM;

	inode_lock(inode);
	shmem_freeze(inode, true);
	inode_unlock(inode);
	write_file_label(st->wf, "frozen");
	expect_ubuf(st, param->pos, 77, param->len, result);
	inode_lock(inode);
	shmem_freeze(inode, false);
	inode_unlock(inode);
	write_file_label(st->wf, "not frozen any more");
	expect_ubuf(st, param->pos, 99, param->len, param->len);
}
#endif

struct swap_case {
	const char *name;
	unsigned int first;
	unsigned int step;
};

#define SWAPPED_PAGES	12

static const struct swap_case swap_cases[] = {
	{ "all pages", 0, 1 },
	{ "the first page", 0, SWAPPED_PAGES },
	{ "the second page", 1, SWAPPED_PAGES },
	{ "a page in the middle", 6, SWAPPED_PAGES },
	{ "the last page", SWAPPED_PAGES - 1, SWAPPED_PAGES },
	{ "every other page", 0, 2 },
	{ "every third page", 2, 3 },
};

KUNIT_ARRAY_PARAM_DESC(swap, swap_cases, name);

/* Pages in the range are swapped out; of some only a part is overwritten. */
static void shmem_write_swapped(struct kunit *test)
{
	static const struct { loff_t pos; size_t len; } writes[] = {
		{ 0, PAGES(SWAPPED_PAGES) }, { 50, PAGES(SWAPPED_PAGES) - 100 },
		{ PAGES(1) - 1, 2 }, { PAGES(6) + 5, 100 }, { PAGES(5) + 5, PAGES(2) },
		{ PAGES(11) + 7, PAGES(3) },
	};
	const struct swap_case *param = test->param_value;
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=16m", 15);
	unsigned int i, page;

	test_swap_on(test);
	write_file_map(st->wf);
	for (i = 0; i < ARRAY_SIZE(writes); i++) {
		write_file_label(st->wf, "before write %u", i);
		expect_ubuf(st, 0, 3, PAGES(SWAPPED_PAGES), PAGES(SWAPPED_PAGES));
		for (page = param->first; page < SWAPPED_PAGES; page += param->step)
			test_swap_out(st->wf, PAGES(page), PAGE_SIZE);
		write_file_label(st->wf, "write %u", i);
		expect_ubuf(st, writes[i].pos, PAGES(7) + i, writes[i].len, writes[i].len);

		/* Once more, with copies that fail at first. */
		for (page = param->first; page < SWAPPED_PAGES; page += param->step)
			test_swap_out(st->wf, PAGES(page), PAGE_SIZE);
		write_file_label(st->wf, "write %u, copy fails twice", i);
		fail_usercopy_arm(test, 0, 2);
		expect_ubuf(st, writes[i].pos, PAGES(5) + i, writes[i].len, writes[i].len);
	}
	truncate_to(st, 0);
}

/* What was stored behind the end is in swap, and comes from there as it was. */
static void shmem_grow_over_swapped(struct kunit *test)
{
	static const loff_t ends[] = { 100, PAGES(2) + 1000 };
	static const loff_t gaps[] = { 500, PAGE_SIZE - 1, PAGES(3) + 7 };
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=16m", 18);
	unsigned int i;

	test_swap_on(test);
	write_file_map(st->wf);
	for (i = 0; i < 3 * ARRAY_SIZE(ends) * ARRAY_SIZE(gaps); i++) {
		loff_t end = ends[i / 3 % ARRAY_SIZE(ends)];
		loff_t pos = end + gaps[i / 3 / ARRAY_SIZE(ends)];
		unsigned long addr, at;

		write_file_label(st->wf, "way %u, from %lld to %lld", i % 3, end, pos);
		truncate_to(st, 0);
		expect_ubuf(st, 0, 3, end, end);
		addr = vm_mmap(st->wf->file, 0, CAPACITY, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
		KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
		for (at = end; at < pos && (at == end || !PAGE_ALIGNED(at)); at++)
			KUNIT_ASSERT_EQ(test, 0, put_user(0x5a, (u8 __user *)(addr + at)));
		KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, CAPACITY));
		test_swap_out(st->wf, round_down(st->wf->size, PAGE_SIZE), PAGE_SIZE);

		switch (i % 3) {
		case 0:
			expect_ubuf(st, pos, 7, 50, 50);
			break;
		case 1:
			expect_ubuf(st, pos, 7, PAGES(3), PAGES(3));
			break;
		default:
			truncate_to(st, pos);
		}
	}
	truncate_to(st, 0);
}

/* A page that could not be swapped in: the write ends before it, then fails. */
static void shmem_write_swap_error(struct kunit *test)
{
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=16m", 16);
	void *lost = swp_to_radix_entry(make_poisoned_swp_entry());
	struct xarray *pages = &inode_of(st)->i_mapping->i_pages;
	struct user_iter ui;
	unsigned int page;

	for (page = 0; page < MANY_PAGES; page++) {
		loff_t pos = 10;
		ssize_t expected = page ? PAGES(page) - 10 : -EIO;

		restart(st, 0);
		KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store_irq(pages, page, lost, GFP_KERNEL)));
		user_iter_ubuf(&ui, st->um, 3, PAGES(MANY_PAGES));
		KUNIT_EXPECT_EQ_MSG(test, expected,
				    vfs_iter_write(st->wf->file, &ui.iter, &pos, 0),
				    "page %u is lost", page);
		pos = PAGES(page);
		KUNIT_EXPECT_EQ_MSG(test, -EIO, vfs_iter_write(st->wf->file, &ui.iter, &pos, 0),
				    "page %u is lost", page);
		KUNIT_EXPECT_PTR_EQ(test, lost, xa_erase_irq(pages, page));

		write_file_label(st->wf, "page %u was lost", page);
		if (page) {
			memcpy(st->wf->model + 10, ui.source, expected);
			st->wf->size = PAGES(page);
			bitmap_set(st->kept, 0, page);
		}
		write_file_check(st->wf);
		check_blocks(st);
	}
}

/* One folio, as drivers write.  Return: whether that could begin. */
static int begin_folio(struct shmem_test *st, loff_t pos)
{
	struct address_space *mapping = st->wf->file->f_mapping;
	struct folio *folio;
	void *fsdata;
	int err;

	inode_lock(inode_of(st));
	err = mapping->a_ops->write_begin(NULL, mapping, pos, 100, &folio, &fsdata);
	if (!err)
		mapping->a_ops->write_end(NULL, mapping, pos, 100, 0, folio, fsdata);
	inode_unlock(inode_of(st));
	return err;
}

/* A file that ends in a page which could not be swapped in does not grow. */
static void shmem_grow_over_lost(struct kunit *test)
{
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=16m", 19);
	void *lost = swp_to_radix_entry(make_poisoned_swp_entry());
	struct xarray *pages = &inode_of(st)->i_mapping->i_pages;
	struct file *file = st->wf->file;
	static const size_t lens[] = { 50, PAGES(3) };
	loff_t size = PAGES(2) + 1000, pos = size + 500;
	struct user_iter ui;
	unsigned int i;

	restart(st, size);
	KUNIT_ASSERT_FALSE(test, xa_is_err(xa_store_irq(pages, 2, lost, GFP_KERNEL)));
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		loff_t at = PAGES(3) + 7;

		user_iter_ubuf(&ui, st->um, 3, lens[i]);
		KUNIT_EXPECT_EQ(test, -EIO, vfs_iter_write(file, &ui.iter, &at, 0));
	}
	KUNIT_EXPECT_EQ(test, -EIO, begin_folio(st, PAGES(3) + 7));
	KUNIT_EXPECT_EQ(test, -EIO, vfs_truncate(&file->f_path, pos));
	KUNIT_EXPECT_EQ(test, -EIO, vfs_fallocate(file, 0, PAGES(3), PAGES(2)));
	KUNIT_EXPECT_EQ(test, size, i_size_read(inode_of(st)));
	KUNIT_EXPECT_PTR_EQ(test, lost, xa_erase_irq(pages, 2));

	write_file_label(st->wf, "nothing is lost any more");
	write_file_check(st->wf);
	check_blocks(st);
	expect_ubuf(st, pos, 7, PAGES(3), PAGES(3));
}

/* Pages that reclaim has dropped, as they were clean, are paid for no longer. */
static void shmem_write_after_reclaim(struct kunit *test)
{
	struct shmem_test *st = shmem_test_create(test, single_pages, "size=64k", 20);
	unsigned long addr;

	write_file_label(st->wf, "after reclaim");
	restart(st, PAGES(40));
	addr = vm_mmap(st->wf->file, 0, PAGES(40), PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_EQ(test, 0UL,
			fault_in_readable((char __user *)addr + PAGES(20), PAGES(9)));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, PAGES(40)));
	write_file_drop_clean(st->wf);
	KUNIT_ASSERT_EQ(test, pages_of(inode_of(st)), 0UL);
	expect_ubuf(st, 0, 5, PAGES(20), PAGES(16));
}

#ifdef CONFIG_MEMORY_FAILURE
/* The memory of a page has failed: the write ends before it, then fails. */
static void shmem_write_hwpoison(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 17);
	struct file *file = st->wf->file;
	struct user_iter ui;
	unsigned int page;

	for (page = 0; page < 8; page++) {
		struct folio *folio;
		loff_t pos = 0;
		u8 byte;

		write_file_label(st->wf, "before page %u fails", page);
		restart(st, 0);
		expect_ubuf(st, 0, 1, PAGES(8), PAGES(8));
		folio = filemap_get_folio(file->f_mapping, page);
		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		folio_put(folio);
		KUNIT_ASSERT_EQ(test, 0, memory_failure(page_to_pfn(folio_file_page(folio, page)),
							0));

		user_iter_ubuf(&ui, st->um, PAGES(10), PAGES(8));
		KUNIT_EXPECT_EQ_MSG(test, page ? PAGES(page) : -EIO,
				    vfs_iter_write(file, &ui.iter, &pos, 0),
				    "page %u has failed", page);
		pos = PAGES(page) + 5;
		KUNIT_EXPECT_EQ_MSG(test, -EIO, vfs_iter_write(file, &ui.iter, &pos, 0),
				    "page %u has failed", page);
		pos = PAGES(page);
		KUNIT_EXPECT_EQ_MSG(test, -EIO, kernel_read(file, &byte, 1, &pos),
				    "page %u has failed", page);

		/* It goes with its page; what else there is can be checked. */
		memcpy(st->wf->model, ui.source, PAGES(page));
		write_file_label(st->wf, "page %u has failed", page);
		truncate_to(st, PAGES(page));
	}
}
#endif

/* The source is a mapping of the very pages that are written. */
static void shmem_write_from_itself(struct kunit *test)
{
	const struct self_case *param = test->param_value;
	struct user_iter ui;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(mount_kinds); k++) {
		struct shmem_test *st;

		st = shmem_test_create(test, &mount_kinds[k], "size=16m", 18);
		write_file_map(st->wf);
		write_file_label(st->wf, "%s", st->kind->name);
		truncate_to(st, PAGES(8));
		if (!param->sparse)
			expect_ubuf(st, 0, 1, PAGES(8), PAGES(8));
		write_file_iter(st->wf, &ui, param->from, param->len);
		fail_usercopy_arm(test, 0, param->fails);
		expect_write(st, param->to, &ui, param->len);
	}
}

/* A fatal signal ends a write before it has changed anything. */
static void shmem_write_killed(struct kunit *test)
{
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 19);

	/* Else a page fault may see the signal first. */
	user_mem_populate(st->um, 0, PAGES(9));
	allow_signal(SIGKILL);
	write_file_label(st->wf, "killed");
	send_sig(SIGKILL, current, 1);
	expect_ubuf(st, 100, 0, PAGES(8), -EINTR);
	write_file_label(st->wf, "not killed");
	expect_ubuf(st, 100, 0, PAGES(8), PAGES(8));
	write_file_label(st->wf, "killed again");
	send_sig(SIGKILL, current, 1);
	expect_ubuf(st, 200, 9, PAGES(8), -EINTR);
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
static struct folio *folio_at(struct shmem_test *st, loff_t pos)
{
	struct folio *folio = filemap_get_folio(st->wf->file->f_mapping, pos / PAGE_SIZE);

	KUNIT_ASSERT_FALSE(st->test, IS_ERR(folio));
	folio_put(folio);
	return folio;
}

/* A large folio is had where the mount and the write call for one. */
static void shmem_write_huge(struct kunit *test)
{
	struct user_mem *um = user_mem_create(test, HPAGE_PMD_SIZE + PAGES(2), 20);
	struct shmem_test *st;
	struct user_iter ui;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(mount_kinds); k++) {
		bool always = !strcmp(mount_kinds[k].options, "huge=always");
		bool huge = &mount_kinds[k] != single_pages;

		st = shmem_test_create(test, &mount_kinds[k], "size=16m", 20);
		write_file_label(st->wf, "%s, a few bytes", st->kind->name);
		poison_free_memory(st);
		expect_ubuf(st, PAGES(7) + 5, 3, 100, 100);
		KUNIT_EXPECT_EQ(test, always, folio_test_large(folio_at(st, PAGES(7))));

		write_file_label(st->wf, "%s, all that a large folio holds",
				 st->kind->name);
		restart(st, 0);
		user_iter_ubuf(&ui, um, 3, HPAGE_PMD_SIZE);
		expect_write(st, 0, &ui, HPAGE_PMD_SIZE);
		KUNIT_EXPECT_EQ(test, huge, folio_test_large(folio_at(st, 0)));

		write_file_label(st->wf, "%s, across two of them", st->kind->name);
		restart(st, HPAGE_PMD_SIZE);
		expect_ubuf(st, HPAGE_PMD_SIZE - PAGES(2) - 7, 3, PAGES(5), PAGES(5));
		KUNIT_EXPECT_EQ(test, huge,
				folio_test_large(folio_at(st, HPAGE_PMD_SIZE - PAGES(2))));
		KUNIT_EXPECT_EQ(test, always, folio_test_large(folio_at(st, HPAGE_PMD_SIZE)));

		/* Within size: a single page is in the way of a large one. */
		write_file_label(st->wf, "%s, over a page that is there", st->kind->name);
		restart(st, 0);
		expect_ubuf(st, 10, 3, 100, 100);
		user_iter_ubuf(&ui, um, 9, HPAGE_PMD_SIZE + PAGE_SIZE);
		expect_write(st, 100, &ui, HPAGE_PMD_SIZE + PAGE_SIZE);
	}
}

/* With room for less than a large folio, it is single pages, up to the last. */
static void shmem_write_no_space_for_huge(struct kunit *test)
{
	struct user_mem *um = user_mem_create(test, HPAGE_PMD_SIZE, 21);
	struct shmem_test *st;
	struct user_iter ui;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(mount_kinds); k++) {
		st = shmem_test_create(test, &mount_kinds[k], "size=2044k", 21);
		write_file_label(st->wf, "%s", st->kind->name);
		user_iter_ubuf(&ui, um, 0, HPAGE_PMD_SIZE);
		expect_write(st, 0, &ui, HPAGE_PMD_SIZE - PAGE_SIZE);
		user_iter_ubuf(&ui, um, 0, PAGE_SIZE);
		expect_write(st, HPAGE_PMD_SIZE - PAGE_SIZE, &ui, -ENOSPC);
	}
}
#endif

/* One folio, through ->write_begin() and ->write_end(), as drivers write. */
static void shmem_write_one_folio(struct kunit *test)
{
	static const size_t all_copied[] = { 0, 1, 100 };
	const struct mount_kind *kind = test->param_value;
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", 22);
	struct file *file = st->wf->file;
	const struct address_space_operations *aops = file->f_mapping->a_ops;
	unsigned int i, d;

	for (i = 0; i < ARRAY_SIZE(all_copied); i++) {
		for (d = 0; d < ARRAY_SIZE(distances); d++) {
			size_t copied = all_copied[i];
			/* Within a page. */
			loff_t pos = PAGE_ALIGN(kind->border + distances[d]) + 50;
			struct folio *folio;
			void *fsdata;

			write_file_label(st->wf, "%zu of 100 bytes at %lld", copied, pos);
			restart(st, d & 1 ? CAPACITY : 0);
			inode_lock(inode_of(st));
			KUNIT_ASSERT_EQ(test, 0, aops->write_begin(NULL, file->f_mapping, pos,
								   100, &folio, &fsdata));
			memcpy_to_folio(folio, offset_in_folio(folio, pos), st->um->shadow,
					copied);
			KUNIT_EXPECT_EQ(test, copied,
					aops->write_end(NULL, file->f_mapping, pos, 100,
							copied, folio, fsdata));
			inode_unlock(inode_of(st));
			if (copied) {
				memcpy(st->wf->model + pos, st->um->shadow, copied);
				st->wf->size = max_t(loff_t, st->wf->size, pos + copied);
				set_bit(pos / PAGE_SIZE, st->kept);
			} else {
				KUNIT_EXPECT_EQ(test, pages_of(inode_of(st)), 0UL);
			}
			write_file_check(st->wf);
			check_blocks(st);
		}
	}
}

static const unsigned int symlink_lens[] = { 1, 126, 127, 128, 129, 1000, PAGE_SIZE - 1 };

/* A long one is in a page of its mapping, which nobody writes through ours. */
static void shmem_write_symlink(struct kunit *test)
{
	struct vfsmount *mnt = write_file_mount(test, "tmpfs", "size=64k");
	struct inode *dir = d_inode(mnt->mnt_root);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symlink_lens); i++) {
		char *target = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
		unsigned int len = symlink_lens[i];
		DEFINE_DELAYED_CALL(done);
		struct dentry *dentry;
		const char *read;
		char name[16];

		KUNIT_ASSERT_NOT_NULL(test, target);
		memset(target, 'a' + i, len);
		snprintf(name, sizeof(name), "link%u", len);
		write_file_poison_free_memory(test);
		inode_lock(dir);
		dentry = lookup_child(mnt->mnt_root, name);
		KUNIT_EXPECT_EQ(test, 0, dir->i_op->symlink(&nop_mnt_idmap, dir, dentry, target));
		inode_unlock(dir);

		read = vfs_get_link(dentry, &done);
		KUNIT_EXPECT_FALSE(test, IS_ERR(read));
		if (!IS_ERR(read))
			KUNIT_EXPECT_STREQ(test, target, read);
		do_delayed_call(&done);
		KUNIT_EXPECT_EQ(test, len, i_size_read(d_inode(dentry)));
		KUNIT_EXPECT_EQ(test, len > 127 ? PAGE_SIZE / 512 : 0, d_inode(dentry)->i_blocks);
		dput(dentry);
	}
}

#define RANDOM_STEPS	60
#define RANDOM_SEEDS	8
#define RANDOM_SEGS	20

static GENERATOR(mount_random_gen_params)
{
	unsigned long index = (unsigned long)prev;

	if (index == RANDOM_SEEDS * ARRAY_SIZE(mount_kinds))
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, seed %lu",
		 mount_kinds[index / RANDOM_SEEDS].name, index % RANDOM_SEEDS);
	return (void *)(index + 1);
}

static void random_source(struct shmem_test *st, struct rnd_state *rnd, struct user_iter *ui)
{
	static const size_t longest[] = { 10, 300, PAGE_SIZE + 9, PAGES(MANY_PAGES) };
	size_t max = longest[random_below(rnd, ARRAY_SIZE(longest))];
	unsigned int i, nr_segs = 1 + random_below(rnd, max > PAGE_SIZE ? 2 : RANDOM_SEGS);
	struct user_seg segs[RANDOM_SEGS];

	for (i = 0; i < nr_segs; i++) {
		segs[i].len = random_below(rnd, 4) ? 1 + random_below(rnd, max) : 0;
		segs[i].offset = random_below(rnd, st->um->len - segs[i].len);
	}
	segs[0].len = max(segs[0].len, 1);
	if (nr_segs == 1 && random_below(rnd, 2))
		user_iter_ubuf(ui, st->um, segs->offset, segs->len);
	else
		user_iter_iovec(ui, st->um, segs, nr_segs);
}

/* A place near the border, or not. */
static loff_t random_pos(struct shmem_test *st, struct rnd_state *rnd, size_t len)
{
	size_t limit = CAPACITY - len;

	if (random_below(rnd, 2))
		return random_below(rnd, limit);
	return min_t(loff_t, limit, st->kind->border - PAGES(2) + random_below(rnd, PAGES(3)));
}

/*
 * Holes of the source come and go, pages get lost, copies fail; the file is cut,
 * extended, fallocated and punched.
 */
static void shmem_write_random(struct kunit *test)
{
	unsigned long index = (unsigned long)test->param_value - 1;
	const struct mount_kind *kind = &mount_kinds[index / RANDOM_SEEDS];
	struct shmem_test *st = shmem_test_create(test, kind, "size=16m", index);
	struct rnd_state rnd;
	unsigned int step;

	prandom_seed_state(&rnd, index);
	for (step = 0; step < RANDOM_STEPS; step++) {
		size_t page = PAGES(random_below(&rnd, MEM_PAGES));
		struct user_iter ui;
		unsigned int faults;
		loff_t pos, len;

		write_file_label(st->wf, "step %u", step);
		len = 1 + random_below(&rnd, PAGES(9));
		pos = random_pos(st, &rnd, len);
		switch (random_below(&rnd, 10)) {
		case 0:
			user_mem_unmap(st->um, page, PAGE_SIZE);
			break;
		case 1:
		case 2:
			user_mem_protect(st->um, 0, st->um->len, PROT_READ | PROT_WRITE);
			break;
		case 3:
			truncate_to(st, random_below(&rnd, CAPACITY));
			break;
		case 4:
			allocate_range(st, random_below(&rnd, 2) * FALLOC_FL_KEEP_SIZE, pos, len);
			break;
		case 5:
			allocate_range(st, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, pos, len);
			break;
		}
		if (random_below(&rnd, 2))
			poison_free_memory(st);
		random_source(st, &rnd, &ui);
		pos = random_pos(st, &rnd, iov_iter_count(&ui.iter));
		/* Not both, or the copy that may fault is made to fail. */
		faults = random_below(&rnd, 2) ? random_below(&rnd, 10) : 0;
		user_trap_set(st->um, 0, st->um->len, faults, false);
		if (!faults)
			fail_usercopy_arm(test, random_below(&rnd, 5), random_below(&rnd, 3));
		expect_write(st, pos, &ui, ui.readable ?: -EFAULT);
	}
}

static struct kunit_case shmem_write_cases[] = {
	KUNIT_CASE_PARAM(shmem_write_borders, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_short, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_copy_fails, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_copy_always_fails, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_source_lost, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_source_gone, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_nothing_past_the_end, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_fallocated, kind_gen_params),
	KUNIT_CASE_PARAM(shmem_write_no_space, room_gen_params),
#ifdef CONFIG_TMPFS_QUOTA
	KUNIT_CASE_PARAM(shmem_write_no_quota, room_gen_params),
#endif
	KUNIT_CASE(shmem_write_fails_when_full),
	KUNIT_CASE_PARAM(shmem_write_size_limit, kind_gen_params),
	KUNIT_CASE(shmem_write_at_the_last_byte),
	KUNIT_CASE_PARAM(shmem_write_sealed, seal_gen_params),
#ifdef SHMEM_F_MAPPING_FROZEN
	KUNIT_CASE_PARAM(shmem_write_frozen, seal_gen_params),
#endif
	KUNIT_CASE_PARAM(shmem_write_swapped, swap_gen_params),
	KUNIT_CASE(shmem_grow_over_swapped),
	KUNIT_CASE(shmem_write_swap_error),
	KUNIT_CASE(shmem_grow_over_lost),
	KUNIT_CASE(shmem_write_after_reclaim),
#ifdef CONFIG_MEMORY_FAILURE
	KUNIT_CASE_PARAM(shmem_write_hwpoison, kind_gen_params),
#endif
	KUNIT_CASE_PARAM(shmem_write_from_itself, from_itself_gen_params),
	KUNIT_CASE_PARAM(shmem_write_killed, kind_gen_params),
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	KUNIT_CASE(shmem_write_huge),
	KUNIT_CASE(shmem_write_no_space_for_huge),
#endif
	KUNIT_CASE_PARAM(shmem_write_one_folio, kind_gen_params),
	KUNIT_CASE(shmem_write_symlink),
	KUNIT_CASE_PARAM(shmem_write_random, mount_random_gen_params),
	{}
};

static struct kunit_suite shmem_write_suite = {
	.name = "shmem_write",
	.test_cases = shmem_write_cases,
};

kunit_test_suite(shmem_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes to tmpfs");
MODULE_LICENSE("GPL");
