// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for writes for which there is no memory: on each filesystem, each
 * allocation of a call fails once, in turn.
 *
 * The call may do with less, and nobody sees a difference.  Or it ends early, or
 * fails: then the file is what it was, but for what the call says that it has
 * written, and the next call finds nothing of it in its way.
 */
#include <linux/fs.h>
#include <linux/falloc.h>

#include "compat.h"
#include "fail_page_alloc.h"
#include "fail_slab.h"
#include "splice_file.h"
#include "user_mem.h"

#define MEM_PAGES	8
/* No call allocates more often. */
#define MAX_SKIP	400

/**
 * struct nomem_test - a file, and what is written to it
 * @st: the file
 * @um: the memory, which is all present
 * @pages: whether pages are what there is none of, or memory of the slab allocator
 * @skip: how many allocations succeed before one does not
 * @attr: what makes it fail
 */
struct nomem_test {
	struct splice_test *st;
	struct user_mem *um;
	bool pages;
	unsigned int skip;
	struct fault_attr *attr;
};

/* Until the call has ended. */
static void arm(void *data)
{
	struct nomem_test *nt = data;

	if (nt->pages)
		nt->attr = fail_page_alloc_arm(nt->st->test, nt->skip, 1);
	else
		nt->attr = fail_slab_arm(nt->st->test, nt->skip);
}

static void disarm(void)
{
	fail_page_alloc_disarm();
	fail_slab_disarm();
}

static bool has_failed(struct nomem_test *nt)
{
	return !atomic_read(&nt->attr->times);
}

/* Return: what became of @len bytes at @pos, of which the model knows. */
typedef ssize_t (*call_t)(struct nomem_test *nt, loff_t pos, size_t len);

static ssize_t by_write(struct nomem_test *nt, loff_t pos, size_t len)
{
	struct write_file *wf = nt->st->wf;
	struct user_iter ui;

	user_iter_ubuf(&ui, nt->um, 300, len);
	arm(nt);
	return write_file_write_iter(wf, wf->file, pos, &ui.iter, ui.source);
}

/* Of which only the first part can be read: what was prepared for the others goes. */
static ssize_t by_short_write(struct nomem_test *nt, loff_t pos, size_t len)
{
	struct write_file *wf = nt->st->wf;
	struct user_iter ui;

	user_iter_ubuf(&ui, nt->um, nt->um->len - PAGE_SIZE - len, len + PAGE_SIZE);
	arm(nt);
	return write_file_write_iter(wf, wf->file, pos, &ui.iter, ui.source);
}

static ssize_t by_splice(struct nomem_test *nt, loff_t pos, size_t len)
{
	struct splice_test *st = nt->st;
	ssize_t done;

	test_pipe_write(st->pipe, st->bytes, len);
	st->pipe->before = arm;
	st->pipe->data = nt;
	done = test_pipe_splice(st->pipe, st->wf, st->wf->file, pos, len, SPLICE_F_MOVE);
	if (done < (ssize_t)len)
		test_pipe_drain(st->pipe);
	write_file_check(st->wf);
	return done;
}

/* It grows by what the others leave out. */
static ssize_t by_truncate(struct nomem_test *nt, loff_t pos, size_t len)
{
	struct write_file *wf = nt->st->wf;
	loff_t size = wf->size + pos;
	int err;

	arm(nt);
	err = vfs_truncate(&wf->file->f_path, size);
	disarm();
	if (!err)
		wf->size = size;
	write_file_check(wf);
	return err ?: len;
}

/* Which may get a part of the blocks, and then fails. */
static ssize_t by_fallocate(struct nomem_test *nt, loff_t pos, size_t len)
{
	struct write_file *wf = nt->st->wf;
	loff_t size = wf->size;
	int err;

	arm(nt);
	err = vfs_fallocate(wf->file, 0, pos, len);
	disarm();
	wf->size = max_t(loff_t, wf->size, err ? i_size_read(file_inode(wf->file)) : pos + len);
	KUNIT_EXPECT_LE_MSG(nt->st->test, wf->size, max_t(loff_t, size, pos + len), "%s",
			    wf->label);
	write_file_check(wf);
	return err ?: len;
}

static const struct {
	const char *name;
	loff_t data;	/* so many bytes the file has, ... */
	loff_t size;	/* ... and so many with the hole behind them */
	loff_t pos;
	size_t len;
} places[] = {
	{ "empty file", 0, 0, 0, PAGES(3) + 700 },
	{ "end", PAGES(2) + 1100, PAGES(2) + 1100, PAGES(2) + 1100, PAGES(2) },
	{ "behind the end", 100, 100, PAGES(2) + 512, PAGES(2) },
	{ "behind the end, whole pages", 1500, 1500, PAGES(3), PAGES(3) },
	{ "hole", 100, PAGES(20), PAGES(10) + 300, PAGES(3) },
	{ "data", PAGES(8), PAGES(8), PAGES(2) + 100, PAGES(3) },
};

static void make_file(struct nomem_test *nt, unsigned int p)
{
	struct splice_test *st = nt->st;

	splice_fresh_file(st, 0);
	if (places[p].data)
		splice_fill_file(st, st->wf, places[p].data);
	write_file_truncate(st->wf, places[p].size);
	splice_forget(st, st->wf);
	user_mem_populate(nt->um, 0, nt->um->len);
}

/* Return: whether there may be another allocation to fail. */
static bool try_once(struct nomem_test *nt, unsigned int p, call_t call)
{
	struct splice_test *st = nt->st;
	size_t len = places[p].len;
	ssize_t done;

	make_file(nt, p);
	done = call(nt, places[p].pos, len);
	if (done == -EOPNOTSUPP)
		return false;
	if (!has_failed(nt)) {
		KUNIT_EXPECT_EQ_MSG(st->test, (ssize_t)len, done, "%s", st->wf->label);
		return false;
	}
	/* What can't be read for want of memory is an I/O error to some. */
	KUNIT_EXPECT_TRUE_MSG(st->test, done > 0 || done == -ENOMEM || done == -EIO,
			      "%zd, %s", done, st->wf->label);
	KUNIT_EXPECT_LE_MSG(st->test, done, (ssize_t)len, "%s", st->wf->label);
	return !write_file_failed(st->wf);
}

static void without_memory(struct kunit *test, const char *name, call_t call)
{
	struct nomem_test *nt = kunit_kzalloc(test, sizeof(*nt), GFP_KERNEL);
	unsigned int p, pages;

	KUNIT_ASSERT_NOT_NULL(test, nt);
	nt->st = splice_test_create(test, test->param_value);
	nt->um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	user_mem_unmap(nt->um, PAGES(MEM_PAGES - 1), PAGE_SIZE);
	for (p = 0; p < ARRAY_SIZE(places); p++)
		for (pages = 0; pages < 2; pages++) {
			nt->pages = pages;
			nt->skip = 0;
			do {
				splice_label(nt->st, "%s, %s, %s %u", name, places[p].name,
					     pages ? "page" : "object", nt->skip);
				KUNIT_ASSERT_LT(test, nt->skip, MAX_SKIP);
			} while (try_once(nt, p, call) && ++nt->skip);
			if (write_file_failed(nt->st->wf))
				return;
			splice_forget(nt->st, nt->st->wf);
			write_file_check(nt->st->wf);
		}
	splice_settle(nt->st);
}

static void writes(struct kunit *test)
{
	without_memory(test, "write", by_write);
}

static void short_writes(struct kunit *test)
{
	without_memory(test, "short write", by_short_write);
}

static void splices(struct kunit *test)
{
	without_memory(test, "splice", by_splice);
}

static void truncates(struct kunit *test)
{
	without_memory(test, "truncate", by_truncate);
}

static void allocates(struct kunit *test)
{
	without_memory(test, "fallocate", by_fallocate);
}

static struct kunit_case nomem_write_cases[] = {
	KUNIT_CASE_PARAM(writes, splice_any_gen_params),
	KUNIT_CASE_PARAM(short_writes, splice_any_gen_params),
	KUNIT_CASE_PARAM(splices, splice_any_gen_params),
	KUNIT_CASE_PARAM(truncates, splice_any_gen_params),
	KUNIT_CASE_PARAM(allocates, splice_any_gen_params),
	{}
};

static struct kunit_suite nomem_write_suite = {
	.name = "nomem_write",
	.test_cases = nomem_write_cases,
};

kunit_test_suite(nomem_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes without memory");
MODULE_LICENSE("GPL");
