// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagecache_perform_write() over operations and folios of the test's own.
 *
 * The folios are in no page cache, so that they can have any size on any
 * machine: what is tested is how the engine goes over them.  The operations
 * check every call, and leave to each test what they prepare, what they accept,
 * and what happens to the source before it is copied.
 */
#include <linux/mm.h>
#include <linux/pagecache_write.h>

#include "compat.h"
#include "fail_page_alloc.h"
#include "fail_usercopy.h"
#include "user_mem.h"
#include "user_trap.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MEM_PAGES	48
#define STORE_PAGES	64
#define HOLE		20	/* the page of the source that can't be read */
#define POISON		0x5a
#define ALWAYS		UINT_MAX

/* So many calls of begin for a page or a segment are a spin. */
#define MAX_BEGINS	20

/**
 * struct layout - a parameter: the sizes of the folios of a file
 * @name: of the parameter
 * @orders: of the folios, over and over
 * @nr: how many there are
 */
struct layout {
	const char *name;
	unsigned int orders[8];
	unsigned int nr;
};

static const struct layout layouts[] = {
	{ "single pages", { 0 }, 1 },
	{ "two pages", { 1 }, 1 },
	{ "sixteen pages", { 4 }, 1 },
	{ "growing", { 0, 0, 1, 2, 3 }, 5 },
	{ "mixed", { 2, 0, 0, 1, 3, 4 }, 6 },
};

KUNIT_ARRAY_PARAM_DESC(layout, layouts, name);

/**
 * struct batch_test - a file of folios
 * @test: the test that owns it
 * @um: memory to write from
 * @file: whose mapping is written to, by name only
 * @folios: the file
 * @starts: where each of them starts, in bytes
 * @nr_folios: how many there are
 * @model: what they must hold
 * @seen: what they held when that was compared
 * @label: printed with every failure
 * @begin: called by begin, may shorten the batch or fail; may be NULL
 * @end: called by end: how much to accept, or an error; may be NULL
 * @left: for the hooks: how many calls do so
 * @zaps: how many calls lose the source
 * @writer: who writes
 * @start: where the write under way starts
 * @count: how much it is asked to write
 * @source: what it writes
 * @accepted: how much of it was accepted so far
 * @asked: how much begin was asked for, in all
 * @from: where in the memory the write takes its bytes from
 * @reach: how much of them the batches so far were to have, the failed ones too
 * @begins: calls of begin
 * @first: the first folio of the batch
 * @error: what an operation has failed with
 * @busy: a batch is begun
 */
struct batch_test {
	struct kunit *test;
	struct user_mem *um;
	struct file *file;
	struct folio *folios[STORE_PAGES];
	size_t starts[STORE_PAGES];
	unsigned int nr_folios;
	u8 *model;
	u8 *seen;
	char label[80];

	int (*begin)(struct batch_test *bt, struct pagecache_write *pw);
	ssize_t (*end)(struct batch_test *bt, struct pagecache_write *pw, size_t copied);
	unsigned int left;
	unsigned int zaps;

	aops_writer_t *writer;
	loff_t start;
	size_t count;
	const u8 *source;
	size_t accepted;
	size_t asked;
	size_t from;
	size_t reach;
	unsigned int begins;
	unsigned int first;
	int error;
	bool busy;
};

static void expect_eq(struct batch_test *bt, long long left, long long right,
		      const char *what)
{
	KUNIT_EXPECT_EQ_MSG(bt->test, left, right, "%s, %s", what, bt->label);
}

static void expect_true(struct batch_test *bt, bool condition, const char *what)
{
	KUNIT_EXPECT_TRUE_MSG(bt->test, condition, "%s, %s", what, bt->label);
}

#define BT_EQ(bt, left, right)	expect_eq(bt, left, right, #left " == " #right)
#define BT_TRUE(bt, condition)	expect_true(bt, condition, #condition)

static bool take_one(unsigned int *left)
{
	if (*left && *left != ALWAYS)
		return (*left)--;
	return *left;
}

static u8 *store_byte(struct batch_test *bt, unsigned int n, size_t at)
{
	return (u8 *)folio_address(bt->folios[n]) + at - bt->starts[n];
}

/* Copy [@at, @at + @len) of the folios to or from @bytes. */
static void store_copy(struct batch_test *bt, size_t at, u8 *bytes, size_t len, bool store)
{
	unsigned int n;

	for (n = 0; len; n++) {
		size_t end = bt->starts[n] + folio_size(bt->folios[n]), part;

		if (at >= end)
			continue;
		part = min(len, end - at);
		if (store)
			memcpy(store_byte(bt, n, at), bytes, part);
		else
			memcpy(bytes, store_byte(bt, n, at), part);
		at += part;
		bytes += part;
		len -= part;
	}
}

/* The folios hold what the model says, but for [@from, @to). */
static void check_store(struct batch_test *bt, size_t from, size_t to)
{
	store_copy(bt, 0, bt->seen, PAGES(STORE_PAGES), false);
	BT_TRUE(bt, !memcmp(bt->seen, bt->model, from));
	BT_TRUE(bt, !memcmp(bt->seen + to, bt->model + to, PAGES(STORE_PAGES) - to));
}

/*
 * The operations.  Folios are locked here: no check may end the test.
 */

static int test_begin(struct pagecache_write *pw)
{
	struct batch_test *bt = pw->mapping->host->i_private;
	unsigned int n;
	size_t end;

	bt->begins++;
	bt->asked += pw->len;
	BT_TRUE(bt, !bt->busy);
	BT_EQ(bt, bt->error, 0);
	BT_TRUE(bt, batch_writer(pw) == bt->writer);
	BT_TRUE(bt, !pw->fsdata);
	BT_EQ(bt, folio_batch_count(&pw->folios), 0);
	BT_EQ(bt, pw->pos, bt->start + bt->accepted);
	BT_TRUE(bt, pw->len > 0 && pw->len <= bt->count - bt->accepted);
	if (bt->begin)
		bt->error = bt->begin(bt, pw);
	if (bt->error)
		return bt->error;

	for (n = 0; bt->starts[n] + folio_size(bt->folios[n]) <= pw->pos; n++)
		;
	bt->first = n;
	end = pw->pos + pw->len;
	do {
		folio_get(bt->folios[n]);
		folio_lock(bt->folios[n]);
		folio_batch_add(&pw->folios, bt->folios[n++]);
	} while (n < bt->nr_folios && bt->starts[n] < end && folio_batch_space(&pw->folios));
	if (n < bt->nr_folios)
		pw->len = min(end, bt->starts[n]) - pw->pos;
	pw->fsdata = bt;
	bt->busy = true;
	if (take_one(&bt->zaps))
		user_mem_zap(bt->um, 0, bt->um->len);
	return 0;
}

static ssize_t test_end(struct pagecache_write *pw, size_t copied)
{
	struct batch_test *bt = pw->mapping->host->i_private;
	const u8 *source = bt->source + bt->accepted;
	ssize_t accept = copied;

	BT_TRUE(bt, bt->busy);
	bt->busy = false;
	BT_TRUE(bt, pw->fsdata == bt);
	BT_TRUE(bt, copied <= pw->len);
	BT_EQ(bt, pw->pos, bt->start + bt->accepted);
	check_store(bt, pw->pos, pw->pos + copied);

	store_copy(bt, pw->pos, bt->seen, copied, false);
	BT_TRUE(bt, !memcmp(bt->seen, source, copied));

	if (bt->end)
		accept = bt->end(bt, pw, copied);
	if (accept < 0)
		bt->error = accept;
	else
		bt->accepted += min_t(size_t, accept, copied);
	memcpy(bt->model + pw->pos, source, clamp_t(ssize_t, accept, 0, copied));
	/* What is not accepted is not written: put back what was there. */
	store_copy(bt, pw->pos, bt->model + pw->pos, pw->len, true);
	if (accept > 0 && pw->pos + accept > i_size_read(pw->mapping->host))
		i_size_write(pw->mapping->host, pw->pos + accept);
	pagecache_write_put_folios(pw);
	return accept;
}

static const struct pagecache_write_ops test_ops = {
	.begin		= test_begin,
	.end		= test_end,
	.max_len	= PAGECACHE_WRITE_BATCH,
};

static void put_folios(void *context)
{
	struct batch_test *bt = context;

	while (bt->nr_folios) {
		struct folio *folio = bt->folios[--bt->nr_folios];

		folio->mapping = NULL;
		folio_put_refs(folio, 1 + folio_nr_pages(folio));
	}
	file_inode(bt->file)->i_private = NULL;
}

static struct batch_test *batch_test_create(struct kunit *test, const struct layout *layout,
					    u32 seed)
{
	struct batch_test *bt = kunit_kzalloc(test, sizeof(*bt), GFP_KERNEL);
	size_t size = 0;

	KUNIT_ASSERT_NOT_NULL(test, bt);
	bt->test = test;
	bt->um = user_mem_create(test, PAGES(MEM_PAGES), seed);
	bt->file = write_file_open_ramfs(test);
	bt->model = kunit_kmalloc(test, PAGES(STORE_PAGES), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bt->model);
	bt->seen = kunit_kmalloc(test, PAGES(STORE_PAGES), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bt->seen);
	memset(bt->model, POISON, PAGES(STORE_PAGES));
	file_inode(bt->file)->i_private = bt;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_folios, bt));

	while (size < PAGES(STORE_PAGES)) {
		unsigned int order = layout->orders[bt->nr_folios % layout->nr];
		struct folio *folio;

		while (size + (PAGE_SIZE << order) > PAGES(STORE_PAGES))
			order--;
		folio = folio_alloc(GFP_KERNEL, order);
		KUNIT_ASSERT_NOT_NULL(test, folio);
		/* offset_in_folio() takes a folio to be where its size says. */
		KUNIT_ASSERT_TRUE(test, IS_ALIGNED(size, PAGE_SIZE << order));
		memset(folio_address(folio), POISON, folio_size(folio));
		/* What whoever checks the batch goes by, as if it were in a page cache. */
		folio->mapping = bt->file->f_mapping;
		folio->index = size >> PAGE_SHIFT;
		folio_ref_add(folio, folio_nr_pages(folio));
		bt->starts[bt->nr_folios] = size;
		bt->folios[bt->nr_folios++] = folio;
		size += folio_size(folio);
	}
	return bt;
}

/* Write @ui at @pos; @writer or nobody. */
static ssize_t do_write(struct batch_test *bt, aops_writer_t *writer, loff_t pos,
			struct user_iter *ui)
{
	struct iov_iter before = ui->iter;
	ssize_t written;

	bt->writer = writer;
	bt->start = pos;
	bt->count = iov_iter_count(&ui->iter);
	bt->source = ui->source;
	bt->accepted = 0;
	bt->asked = 0;
	bt->reach = 0;
	bt->begins = 0;
	bt->error = 0;

	written = pagecache_perform_write(writer, bt->file->f_mapping, &ui->iter, pos,
					  &test_ops);
	fail_usercopy_disarm();
	fail_page_alloc_disarm();

	BT_TRUE(bt, !bt->busy);
	if (bt->accepted)
		BT_EQ(bt, written, bt->accepted);
	else if (bt->error)
		BT_EQ(bt, written, bt->error < 0 ? bt->error : -EIO);
	else
		BT_TRUE(bt, written <= 0);
	BT_TRUE(bt, bt->begins <= MAX_BEGINS * (bt->count / PAGE_SIZE + 8));
	write_file_check_iter(bt->test, &before, &ui->iter, written, bt->label);
	check_store(bt, 0, 0);
	return written;
}

static ssize_t write_pieces(struct batch_test *bt, loff_t pos, unsigned int kind, size_t from,
			    size_t len)
{
	struct user_iter ui;
	struct kiocb iocb;
	const char *source;

	init_sync_kiocb(&iocb, bt->file);
	bt->from = from;
	source = user_iter_pieces(&ui, bt->um, kind, from, len);
	snprintf(bt->label, sizeof(bt->label), "%s of %zu at %lld", source, len, pos);
	return do_write(bt, kind & 1 ? aops_writer(&iocb) : NULL, pos, &ui);
}

static const loff_t positions[] = {
	0, 1, PAGE_SIZE - 1, PAGES(1), PAGES(3) + 100, PAGES(7) - 5, PAGES(16), PAGES(21) + 4095,
};

static const size_t lens[] = {
	1, 100, PAGE_SIZE, PAGE_SIZE + 1, PAGES(3) - 7, PAGES(16), PAGES(31) + 1, PAGES(40),
};

/* Every folio gets its bytes, wherever the write and the folios begin and end. */
static void batch_write_borders(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 1);
	unsigned int i, k, kind;

	for (i = 0; i < ARRAY_SIZE(positions); i++)
		for (k = 0; k < ARRAY_SIZE(lens); k++)
			for (kind = 0; kind < USER_ITER_KINDS; kind++) {
				user_mem_zap(bt->um, 0, bt->um->len);
				BT_EQ(bt, lens[k], write_pieces(bt, positions[i], kind, 99 * i,
								lens[k]));
			}
}

/* What is all there is copied once, in batches as long as they may be. */
static void batch_write_present(struct kunit *test)
{
	const struct layout *layout = test->param_value;
	struct batch_test *bt = batch_test_create(test, layout, 2);

	user_mem_populate(bt->um, 0, bt->um->len);
	BT_EQ(bt, PAGES(30), write_pieces(bt, 5, 0, 100, PAGES(30)));
	BT_EQ(bt, bt->begins, 1);
	BT_EQ(bt, PAGES(40), write_pieces(bt, PAGES(16), 0, 7, PAGES(40)));
	BT_EQ(bt, bt->begins, 2);
}

/* Copies fail although the source is there; twice is no reason to give up. */
static void batch_write_copies_fail(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 3);
	unsigned int skip, kind;
	int times;

	for (skip = 0; skip < 5; skip++)
		for (times = 0; times <= 2; times++)
			for (kind = 0; kind < 2; kind++) {
				fail_usercopy_arm(test, skip, times);
				BT_EQ(bt, PAGES(33), write_pieces(bt, PAGES(2) + skip, kind,
								  1000, PAGES(33)));
			}
	fail_usercopy_arm(test, 0, FAIL_ALWAYS);
	BT_EQ(bt, -EFAULT, write_pieces(bt, 0, 0, 0, PAGES(2)));
}

/* The source is lost before each copy, or before some of them. */
static void batch_write_zapped(struct kunit *test)
{
	static const unsigned int zaps[] = { 1, 2, 5, 40, ALWAYS };
	struct batch_test *bt = batch_test_create(test, test->param_value, 4);
	unsigned int i, k, kind;

	for (i = 0; i < ARRAY_SIZE(zaps); i++)
		for (k = 0; k < ARRAY_SIZE(positions); k++)
			for (kind = 0; kind < 2; kind++) {
				bt->zaps = zaps[i];
				BT_EQ(bt, PAGES(18), write_pieces(bt, positions[k], kind, 500,
								  PAGES(18)));
			}
}

/*
 * Where the source never stays, not all of it is asked for, or faulted in, again for
 * each page.
 */
static void batch_write_never_stays(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 9);
	unsigned int kind;

	bt->zaps = ALWAYS;
	for (kind = 0; kind < 2; kind++) {
		BT_EQ(bt, PAGES(40), write_pieces(bt, 0, kind, 0, PAGES(40)));
		BT_TRUE(bt, bt->asked <= 8 * PAGES(40));
		BT_EQ(bt, PAGE_SIZE + 100, write_pieces(bt, 0, kind, 0, PAGE_SIZE + 100));
	}
}

/* A hole in the source ends the write right before it. */
static void batch_write_hole(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 5);
	unsigned int i, kind;
	size_t before;

	user_mem_unmap(bt->um, PAGES(HOLE), PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(positions); i++)
		for (kind = 0; kind < 2; kind++) {
			for (before = 1; before <= PAGES(HOLE); before = before * 3 + 1)
				BT_EQ(bt, before, write_pieces(bt, positions[i], kind,
							       PAGES(HOLE) - before,
							       before + PAGES(2)));
			BT_EQ(bt, -EFAULT, write_pieces(bt, positions[i], kind, PAGES(HOLE),
							PAGES(3)));
		}
}

static ssize_t end_takes_one_less(struct batch_test *bt, struct pagecache_write *pw,
				  size_t copied)
{
	return copied > 1 && take_one(&bt->left) ? copied - 1 : copied;
}

static ssize_t end_takes_nothing(struct batch_test *bt, struct pagecache_write *pw,
				 size_t copied)
{
	return take_one(&bt->left) ? 0 : copied;
}

static ssize_t end_takes_all_prepared(struct batch_test *bt, struct pagecache_write *pw,
				      size_t copied)
{
	return pw->len;
}

/* Of a short copy whole blocks of 1 KiB, as a filesystem may. */
static ssize_t end_takes_blocks(struct batch_test *bt, struct pagecache_write *pw,
				size_t copied)
{
	loff_t end = pw->pos + copied;

	if (copied < pw->len)
		end = max(round_down(end, 1024), pw->pos);
	return end - pw->pos;
}

static ssize_t end_fails(struct batch_test *bt, struct pagecache_write *pw, size_t copied)
{
	return bt->accepted ? -EIO : copied;
}

static void batch_write_end(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 6);
	unsigned int kind;
	ssize_t written;

	/* Of taking more than was copied. */
	kunit_info(test, "provokes a warning of mm/pagecache_write_debug.c\n");
	for (kind = 0; kind < 2; kind++) {
		bt->end = end_takes_one_less;
		bt->left = 1;
		BT_EQ(bt, PAGES(9), write_pieces(bt, 77, kind, 3, PAGES(9)));
		bt->left = ALWAYS;
		BT_EQ(bt, PAGES(3), write_pieces(bt, 77, kind, 3, PAGES(3)));

		bt->end = end_takes_nothing;
		bt->left = 3;
		BT_EQ(bt, PAGES(9), write_pieces(bt, 78, kind, 3, PAGES(9)));
		bt->left = ALWAYS;
		BT_TRUE(bt, write_pieces(bt, 78, kind, 3, PAGES(9)) < 0);

		bt->end = end_takes_all_prepared;
		bt->zaps = 9;
		BT_EQ(bt, PAGES(9), write_pieces(bt, 79, kind, 3, PAGES(9)));

		bt->end = end_takes_blocks;
		bt->zaps = ALWAYS;
		BT_EQ(bt, PAGES(9), write_pieces(bt, 80, kind, 3, PAGES(9)));
		bt->zaps = 0;

		bt->end = end_fails;
		written = write_pieces(bt, 81, kind, 3, PAGES(40));
		BT_TRUE(bt, written > 0 && written < PAGES(40));
	}
}

/* A page at a time, whatever is asked for; and then the disk is full. */
static int begin_a_page(struct batch_test *bt, struct pagecache_write *pw)
{
	pw->len = min(pw->len, PAGE_SIZE - offset_in_page(pw->pos));
	return bt->begins > bt->left ? -ENOSPC : 0;
}

/* No error, and no success. */
static int begin_is_positive(struct batch_test *bt, struct pagecache_write *pw)
{
	return bt->begins > bt->left ? PAGE_SIZE : 0;
}

static void batch_write_begin(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 7);
	unsigned int kind;

	/* Of what is no error code. */
	kunit_info(test, "provokes a warning of mm/pagecache_write_debug.c\n");
	bt->begin = begin_is_positive;
	for (bt->left = 0; bt->left < 2; bt->left++) {
		user_mem_zap(bt->um, 0, bt->um->len);
		BT_EQ(bt, -EIO, write_pieces(bt, 99, 0, 3, PAGES(9)));
	}

	bt->begin = begin_a_page;
	for (kind = 0; kind < 2; kind++) {
		user_mem_populate(bt->um, 0, bt->um->len);
		bt->left = ALWAYS;
		BT_EQ(bt, PAGES(9), write_pieces(bt, 100, kind, 3, PAGES(9)));
		bt->left = 0;
		BT_EQ(bt, -ENOSPC, write_pieces(bt, 100, kind, 3, PAGES(9)));
		bt->left = 4;
		BT_EQ(bt, PAGES(4) - 100, write_pieces(bt, 100, kind, 3, PAGES(9)));
	}
}

static unsigned int faults_from(struct batch_test *bt, size_t offset)
{
	return user_trap_taken(offset, bt->um->len - offset);
}

/* Before the first copy nothing is faulted in, and then only what the batch needs. */
static int begin_counts_faults(struct batch_test *bt, struct pagecache_write *pw)
{
	BT_TRUE(bt, bt->begins > 1 || !faults_from(bt, 0));
	bt->reach = max(bt->reach, bt->accepted + pw->len);
	BT_EQ(bt, faults_from(bt, PAGE_ALIGN(bt->from + bt->reach)), 0);
	return bt->begins > bt->left ? -ENOSPC : 0;
}

/* Lose the source but for @present bytes at @from.  Return: where that begins. */
static size_t lose_source(struct batch_test *bt, size_t from, size_t present)
{
	size_t lost = present ? PAGE_ALIGN(from + present) : 0;

	user_trap_set(bt->um, 0, bt->um->len, 0, false);
	if (present)
		user_mem_populate(bt->um, from, present);
	user_trap_set(bt->um, lost, bt->um->len - lost, 0, false);
	return lost;
}

/* A page of the source is faulted in once, when it is its turn, if it was not there. */
static void batch_write_faults_once(struct kunit *test)
{
	static const size_t present[] = { 0, 1, PAGES(10), PAGES(31), PAGES(40) };
	struct batch_test *bt = batch_test_create(test, test->param_value, 10);
	const size_t from = 99, len = PAGES(40);
	unsigned int i, kind;
	size_t lost, at;

	bt->begin = begin_counts_faults;
	bt->left = ALWAYS;
	for (i = 0; i < ARRAY_SIZE(present); i++)
		for (kind = 0; kind < 2; kind++) {
			lost = lose_source(bt, from, present[i]);
			BT_EQ(bt, len, write_pieces(bt, 7, kind, from, len));
			for (at = 0; at < bt->um->len; at += PAGE_SIZE)
				BT_EQ(bt, user_trap_taken(at, 1), at >= lost && at < from + len);
		}

	/* What is lost again before each copy is faulted in again, but not ahead. */
	bt->zaps = ALWAYS;
	for (kind = 0; kind < 2; kind++) {
		lose_source(bt, from, 0);
		BT_EQ(bt, len, write_pieces(bt, 7, kind, from, len));
		BT_EQ(bt, faults_from(bt, PAGE_ALIGN(from + len)), 0);
	}
}

static ssize_t end_refuses_a_byte(struct batch_test *bt, struct pagecache_write *pw,
				  size_t copied)
{
	return bt->begins == 1 ? copied - 1 : copied;
}

/* Where a write ends early, what comes behind it in the source is left alone. */
static void batch_write_faults_no_further(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 11);
	const size_t from = 99, len = PAGES(40);
	unsigned int kind;

	bt->begin = begin_counts_faults;
	for (kind = 0; kind < 2; kind++) {
		/* The first copy ends with the page, and then there is no space. */
		lose_source(bt, from, 1);
		bt->left = 1;
		BT_EQ(bt, PAGE_SIZE - from, write_pieces(bt, 0, kind, from, len));
		BT_EQ(bt, faults_from(bt, PAGE_ALIGN(from + bt->reach)), 0);

		/* The first copy is whole, but a byte is missing all the same. */
		lose_source(bt, from, PAGES(35));
		bt->left = 2;
		bt->end = end_refuses_a_byte;
		BT_TRUE(bt, write_pieces(bt, 0, kind, from, len) > 0);
		BT_EQ(bt, faults_from(bt, 0), 0);
		bt->end = NULL;
	}
}

#ifdef CONFIG_FAIL_PAGE_ALLOC
/* Where the source never stays, it takes a page of the kernel's own, and else none. */
static void batch_write_no_memory(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, test->param_value, 12);

	user_mem_populate(bt->um, 0, bt->um->len);
	fail_page_alloc_arm(test, 0, FAIL_ALWAYS);
	BT_EQ(bt, PAGES(33), write_pieces(bt, 50, 0, 3, PAGES(33)));
	bt->zaps = ALWAYS;
	fail_page_alloc_arm(test, 0, FAIL_ALWAYS);
	BT_EQ(bt, -ENOMEM, write_pieces(bt, 51, 0, 3, PAGES(33)));
	BT_EQ(bt, PAGES(33), write_pieces(bt, 52, 0, 3, PAGES(33)));
}
#endif

static void batch_write_empty(struct kunit *test)
{
	struct batch_test *bt = batch_test_create(test, &layouts[0], 8);
	struct user_iter ui;
	struct kiocb iocb;

	user_iter_ubuf(&ui, bt->um, 0, 0);
	BT_EQ(bt, 0, do_write(bt, NULL, 5, &ui));
	BT_EQ(bt, bt->begins, 0);

	/* Nor is there a first byte that could be missing. */
	init_sync_kiocb(&iocb, bt->file);
	iocb.ki_pos = 5;
	BT_EQ(bt, 0, generic_perform_write(&iocb, &ui.iter));
	BT_EQ(bt, iocb.ki_pos, 5);
}

#define RANDOM_STEPS	100

static void batch_write_random(struct kunit *test)
{
	static ssize_t (*const ends[])(struct batch_test *bt, struct pagecache_write *pw,
				       size_t copied) = {
		NULL, NULL, end_takes_one_less, end_takes_blocks, end_takes_nothing,
	};
	u32 seed = (unsigned long)test->param_value;
	struct batch_test *bt = batch_test_create(test, &layouts[seed % ARRAY_SIZE(layouts)], seed);
	struct rnd_state rnd;
	unsigned int step;

	prandom_seed_state(&rnd, seed);
	for (step = 0; step < RANDOM_STEPS; step++) {
		size_t len = 1 + random_below(&rnd, PAGES(random_below(&rnd, 2) ? 2 : 40));
		loff_t pos = random_below(&rnd, PAGES(STORE_PAGES) - len);

		bt->end = ends[random_below(&rnd, ARRAY_SIZE(ends))];
		bt->left = random_below(&rnd, 3);
		bt->zaps = random_below(&rnd, 2) ? random_below(&rnd, 30) : 0;
		BT_EQ(bt, len, write_pieces(bt, pos, random_below(&rnd, USER_ITER_KINDS),
					    random_below(&rnd, PAGES(MEM_PAGES) - len), len));
	}
}

static struct kunit_case batch_write_cases[] = {
	KUNIT_CASE_PARAM(batch_write_borders, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_present, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_copies_fail, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_zapped, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_never_stays, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_hole, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_end, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_begin, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_faults_once, layout_gen_params),
	KUNIT_CASE_PARAM(batch_write_faults_no_further, layout_gen_params),
#ifdef CONFIG_FAIL_PAGE_ALLOC
	KUNIT_CASE_PARAM(batch_write_no_memory, layout_gen_params),
#endif
	KUNIT_CASE(batch_write_empty),
	KUNIT_CASE_PARAM(batch_write_random, random_gen_params),
	{}
};

static struct kunit_suite batch_write_suite = {
	.name = "batch_write",
	.test_cases = batch_write_cases,
};

kunit_test_suite(batch_write_suite);

MODULE_DESCRIPTION("KUnit tests of pagecache_perform_write()");
MODULE_LICENSE("GPL");
