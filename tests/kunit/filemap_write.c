// SPDX-License-Identifier: GPL-2.0-only
/*
 * generic_perform_write() over address-space operations that the test
 * controls: what it asks of a filesystem, and what it makes of the answers.
 *
 * The operations keep the file in the page cache as ramfs does, check every
 * call they get, and leave to each test what they refuse, what they accept,
 * and what happens to the source between fault-in and copy.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "fail_write_copy.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MEM_PAGES	24
#define CAPACITY	PAGES(64)
#define HOLE		4	/* the page of the source that holes are made of */
#define POISON		0x5a
#define ALWAYS		UINT_MAX

/* So many calls of write_begin without a byte accepted are a spin. */
#define MAX_IDLE	1000

/**
 * struct aops_test - a file whose operations the test controls
 * @test: the test that owns it
 * @wf: the file and its model
 * @um: memory to write from
 * @aops: what the file had before
 * @strict: refuse a short copy into a folio that is not uptodate, as block
 *	filesystems do; otherwise accept it, as libfs does
 * @begin: called by write_begin, may return an error; may be NULL
 * @begun: called at the end of write_begin, before the copy; may be NULL
 * @end: called by write_end: how much to accept, or an error; may be NULL
 * @nth: for the hooks: which call is meant
 * @left: for the hooks: how many calls accept less
 * @zaps: for the hooks: how many calls lose source pages
 * @err: for the hooks: the error to return
 * @first_page: for the hooks: where the source pages to zap start
 * @nr_pages: for the hooks: how many to zap
 * @file: how the file was opened for the write under way
 * @start: where in the file the write under way starts
 * @count: how much it is asked to write
 * @readable: how much of that can be read
 * @source: what it writes
 * @accepted: how much of it was accepted so far
 * @begins: calls of write_begin
 * @ends: calls of write_end
 * @idle: calls of write_begin since the last byte was accepted
 * @error: the error returned, after which nothing may be called
 * @folio: the folio between write_begin and write_end, or NULL
 * @before: what it held
 * @pos: what write_begin was asked for
 * @len: what write_begin was asked for, as far as it fits @folio
 */
struct aops_test {
	struct kunit *test;
	struct write_file *wf;
	struct user_mem *um;
	const struct address_space_operations *aops;

	bool strict;
	int (*begin)(struct aops_test *at);
	void (*begun)(struct aops_test *at);
	int (*end)(struct aops_test *at, unsigned int copied);
	unsigned int nth;
	unsigned int left;
	unsigned int zaps;
	int err;
	unsigned int first_page;
	unsigned int nr_pages;

	struct file *file;
	loff_t start;
	size_t count;
	size_t readable;
	const u8 *source;
	size_t accepted;
	unsigned int begins;
	unsigned int ends;
	unsigned int idle;
	int error;

	struct folio *folio;
	u8 *before;
	loff_t pos;
	unsigned int len;
};

static void expect_eq(struct aops_test *at, long long left, long long right,
		      const char *what)
{
	KUNIT_EXPECT_EQ_MSG(at->test, left, right, "%s, %s", what, at->wf->label);
}

static void expect_true(struct aops_test *at, bool condition, const char *what)
{
	KUNIT_EXPECT_TRUE_MSG(at->test, condition, "%s, %s", what, at->wf->label);
}

#define AT_EQ(at, left, right)	expect_eq(at, left, right, #left " == " #right)
#define AT_TRUE(at, condition)	expect_true(at, condition, #condition)

/*
 * The operations.  Folios are locked here: no check may end the test.
 */

static int test_write_begin(aops_writer_t *writer, struct address_space *mapping,
			    loff_t pos, unsigned int len, struct folio **foliop,
			    void **fsdata)
{
	struct aops_test *at = mapping->host->i_private;
	size_t chunk = mapping_max_folio_size(mapping);
	struct folio *folio;
	size_t offset;

	at->begins++;
	AT_EQ(at, at->error, 0);
	AT_TRUE(at, !at->folio);
	AT_TRUE(at, aops_writer_file(writer) == at->file);
	AT_EQ(at, pos, at->start + at->accepted);
	AT_TRUE(at, len > 0 && len <= at->count - at->accepted);
	AT_TRUE(at, (pos & (chunk - 1)) + len <= chunk);

	if (++at->idle > MAX_IDLE) {
		KUNIT_FAIL(at->test, "no progress at %lld in %d calls, %s",
			   pos, MAX_IDLE, at->wf->label);
		at->error = -ELOOP;
		return at->error;
	}
	at->error = at->begin ? at->begin(at) : 0;
	if (at->error)
		return at->error;

	folio = __filemap_get_folio(mapping, pos / PAGE_SIZE,
				    FGP_WRITEBEGIN | fgf_set_order(len),
				    mapping_gfp_mask(mapping));
	if (IS_ERR(folio)) {
		at->error = PTR_ERR(folio);
		return at->error;
	}
	offset = offset_in_folio(folio, pos);
	len = min_t(size_t, len, folio_size(folio) - offset);
	at->before = kvmalloc(folio_size(folio), GFP_NOFS | __GFP_NOFAIL);
	if (!folio_test_uptodate(folio)) {
		folio_zero_segments(folio, 0, offset, offset + len, folio_size(folio));
		memset(folio_address(folio) + offset, POISON, len);
	}
	memcpy(at->before, folio_address(folio), folio_size(folio));

	at->folio = folio;
	at->pos = pos;
	at->len = len;
	*foliop = folio;
	*fsdata = &at->folio;
	if (at->begun)
		at->begun(at);
	return 0;
}

static void check_copy(struct aops_test *at, unsigned int copied)
{
	const u8 *bytes = folio_address(at->folio);
	size_t from = offset_in_folio(at->folio, at->pos);
	size_t to = from + copied;

	AT_TRUE(at, !memcmp(bytes, at->before, from));
	AT_TRUE(at, !memcmp(bytes + from, at->source + at->accepted, copied));
	AT_TRUE(at, !memcmp(bytes + to, at->before + to, folio_size(at->folio) - to));
}

static int test_write_end(aops_writer_t *writer, struct address_space *mapping,
			  loff_t pos, unsigned int len, unsigned int copied,
			  struct folio *folio, void *fsdata)
{
	struct aops_test *at = mapping->host->i_private;
	u8 *bytes = folio_address(folio) + offset_in_folio(folio, pos);
	int accept;

	at->ends++;
	AT_TRUE(at, aops_writer_file(writer) == at->file);
	AT_TRUE(at, folio == at->folio);
	AT_TRUE(at, fsdata == &at->folio);
	if (folio != at->folio)
		return -EIO;
	AT_EQ(at, pos, at->pos);
	AT_EQ(at, len, at->len);
	/* It may have begun where nothing can be read: then nothing comes of it. */
	AT_TRUE(at, copied <= min(len, at->readable - at->accepted));
	AT_TRUE(at, folio_test_locked(folio));
	check_copy(at, copied);

	if (at->strict && copied < len && !folio_test_uptodate(folio))
		accept = 0;
	else
		accept = at->end ? at->end(at, copied) : copied;

	/* What is not accepted is not written: put back what was there. */
	len = at->len - max(accept, 0);
	bytes += max(accept, 0);
	if (folio_test_uptodate(folio))
		memcpy(bytes, at->before + (bytes - (u8 *)folio_address(folio)), len);
	if (accept > 0) {
		if (!folio_test_uptodate(folio)) {
			memset(bytes, 0, len);
			folio_mark_uptodate(folio);
		}
		folio_mark_dirty(folio);
		if (pos + accept > i_size_read(mapping->host))
			i_size_write(mapping->host, pos + accept);
		at->accepted += min_t(unsigned int, accept, copied);
		at->idle = 0;
	} else if (accept < 0) {
		at->error = accept;
	}
	kvfree(at->before);
	at->folio = NULL;
	folio_unlock(folio);
	folio_put(folio);
	return accept;
}

static int test_read_folio(struct file *file, struct folio *folio)
{
	return ram_aops.read_folio(file, folio);
}

static const struct address_space_operations test_aops = {
	.read_folio	= test_read_folio,
	.write_begin	= test_write_begin,
	.write_end	= test_write_end,
	.dirty_folio	= noop_dirty_folio,
};

/* The last mapping of the file may go away after the test and its memory. */
static void restore_aops(void *context)
{
	struct aops_test *at = context;
	struct address_space *mapping = at->wf->file->f_mapping;

	mapping->a_ops = at->aops;
	mapping->host->i_private = NULL;
}

static struct aops_test *aops_test_create(struct kunit *test, u32 seed)
{
	struct aops_test *at = kunit_kzalloc(test, sizeof(*at), GFP_KERNEL);
	struct address_space *mapping;

	KUNIT_ASSERT_NOT_NULL(test, at);
	at->test = test;
	at->wf = write_file_create(test, write_file_open_ramfs(test), CAPACITY);
	at->um = user_mem_create(test, PAGES(MEM_PAGES), seed);

	mapping = at->wf->file->f_mapping;
	at->aops = mapping->a_ops;
	mapping->a_ops = &test_aops;
	mapping->host->i_private = at;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore_aops, at));
	write_file_poison_free_memory(test);
	return at;
}

/* For tests that do not count calls: folios of any size the machine has. */
static void allow_large_folios(struct aops_test *at)
{
	mapping_set_large_folios(at->wf->file->f_mapping);
}

/*
 * Write @ui at @pos through generic_perform_write(), or as write(2) does if a
 * @file is given.  @at->accepted is what the operations accepted.
 */
static ssize_t aops_test_do_write(struct aops_test *at, struct file *file, loff_t pos,
				  struct user_iter *ui)
{
	ssize_t written;

	at->file = file ?: at->wf->file;
	at->start = file && file->f_flags & O_APPEND ? at->wf->size : pos;
	at->count = iov_iter_count(&ui->iter);
	at->readable = ui->readable;
	at->source = ui->source;
	at->accepted = 0;
	at->begins = 0;
	at->ends = 0;
	at->idle = 0;
	at->error = 0;

	if (file)
		written = write_file_write_iter(at->wf, file, pos, &ui->iter, ui->source);
	else
		written = write_file_write(at->wf, pos, &ui->iter, ui->source);

	AT_TRUE(at, !at->folio);
	if (at->accepted)
		AT_EQ(at, written, at->accepted);
	else if (at->error)
		AT_EQ(at, written, at->error);
	else
		AT_TRUE(at, written <= 0);
	/* Reported already; the next write would spin just the same. */
	KUNIT_ASSERT_NE(at->test, at->error, -ELOOP);
	return written;
}

static void aops_test_write(struct aops_test *at, loff_t pos, struct user_iter *ui,
			    ssize_t expected)
{
	KUNIT_EXPECT_EQ_MSG(at->test, expected, aops_test_do_write(at, NULL, pos, ui),
			    "return value of the write at %lld, %s", pos, at->wf->label);
}

/* A successful write after the trouble: nothing of it may be left behind. */
static void aops_test_write_again(struct aops_test *at)
{
	struct user_iter ui;

	at->begin = NULL;
	at->begun = NULL;
	at->end = NULL;
	write_file_label(at->wf, "the write after it");
	user_iter_ubuf(&ui, at->um, PAGES(1) - 9, PAGES(2));
	aops_test_write(at, 5, &ui, PAGES(2));
}

/*
 * Hooks
 */

static bool is_nth_call(struct aops_test *at, unsigned int call)
{
	return at->nth == call;
}

static int begin_fails(struct aops_test *at)
{
	return is_nth_call(at, at->begins) ? at->err : 0;
}

static int end_fails(struct aops_test *at, unsigned int copied)
{
	return is_nth_call(at, at->ends) ? at->err : copied;
}

static bool take_one(unsigned int *left)
{
	if (*left && *left != ALWAYS)
		return (*left)--;
	return *left;
}

static int end_takes_nothing(struct aops_test *at, unsigned int copied)
{
	return take_one(&at->left) ? 0 : copied;
}

static int end_takes_one_byte(struct aops_test *at, unsigned int copied)
{
	return min(copied, 1U);
}

/* As affs and vboxsf have it; what was not copied is not written all the same. */
static int end_takes_all_prepared(struct aops_test *at, unsigned int copied)
{
	return at->len;
}

static int end_takes_one_less(struct aops_test *at, unsigned int copied)
{
	return copied > 1 && take_one(&at->left) ? copied - 1 : copied;
}

/* Whole blocks of 1 KiB, but for the last: a short copy ends in one. */
static int end_takes_blocks(struct aops_test *at, unsigned int copied)
{
	loff_t end = at->pos + copied;

	if (copied < at->len)
		end = max(round_down(end, 1024), at->pos);
	return end - at->pos;
}

static int end_takes_a_block(struct aops_test *at, unsigned int copied)
{
	return min_t(loff_t, round_down(at->pos + 1024, 1024) - at->pos, copied);
}

static void zap(struct aops_test *at)
{
	if (take_one(&at->zaps))
		user_mem_zap(at->um, PAGES(at->first_page), PAGES(at->nr_pages));
}

/* The source is all gone in one call, all but its first page in the next. */
static void zap_alternately(struct aops_test *at)
{
	unsigned int keep = at->begins & 1;

	user_mem_zap(at->um, PAGES(at->first_page + keep), PAGES(at->nr_pages - keep));
}

/* What to write when it matters that a copy asks for one segment only. */
static const struct user_seg progress_segs[] = {
	{ PAGES(3) - 1024, 1024 }, { PAGES(5), 1024 }, { PAGES(7), PAGE_SIZE },
};

/* Nothing can be copied by one who asks for more than one segment. */
static void zap_unless_one_segment(struct aops_test *at)
{
	size_t border = 0;
	unsigned int i;

	for (i = 0; border <= at->accepted; i++)
		border += progress_segs[i].len;
	if (at->accepted + at->len > border)
		user_mem_zap(at->um, PAGES(at->first_page), PAGES(at->nr_pages));
}

static void kill(struct aops_test *at)
{
	if (is_nth_call(at, at->begins))
		send_sig(at->err, current, 1);
}

static void kill_and_zap(struct aops_test *at)
{
	kill(at);
	user_mem_zap(at->um, 0, at->um->len);
}

/*
 * Sources
 */

enum source_type { UBUF, IOVEC, KVEC, BVEC };

enum empty_segs { NONE, FIRST, MIDDLE, LAST, ALL_BUT_ONE };

#define MAX_LISTED	5

/**
 * struct shape - a source
 * @name: of the test parameter
 * @type: of the iterator
 * @nr_segs: number of segments; more than MAX_LISTED are computed
 * @segs: the segments
 * @empty: which of the computed segments are empty
 * @hole: page HOLE can't be read
 */
struct shape {
	const char *name;
	enum source_type type;
	unsigned int nr_segs;
	struct user_seg segs[MAX_LISTED];
	enum empty_segs empty;
	bool hole;
};

static const struct shape shapes[] = {
	{ "ubuf: one byte", UBUF, 1, { { 77, 1 } } },
	{ "ubuf: whole pages", UBUF, 1, { { PAGES(1), PAGES(3) } } },
	{ "ubuf: from inside a page", UBUF, 1, { { PAGES(1) + 100, PAGES(3) + 7 } } },
	{ "ubuf: hole on the first byte", UBUF, 1, { { PAGES(HOLE), PAGES(2) } }, .hole = true },
	{ "ubuf: hole after one byte", UBUF, 1, { { PAGES(HOLE) - 1, 20 } }, .hole = true },
	{ "ubuf: hole at a page border of both", UBUF, 1,
	  { { PAGES(HOLE - 2), PAGES(4) } }, .hole = true },
	{ "ubuf: hole inside a page of the file", UBUF, 1,
	  { { PAGES(HOLE - 2) + 1000, PAGES(4) } }, .hole = true },
	{ "ubuf: hole on the last byte", UBUF, 1,
	  { { PAGES(HOLE - 1), PAGE_SIZE + 1 } }, .hole = true },

	{ "iovec: one segment", IOVEC, 1, { { 10, PAGES(2) } } },
	{ "iovec: one segment, hole inside", IOVEC, 1, { { PAGES(HOLE - 1) + 9, PAGES(2) } },
	  .hole = true },
	{ "iovec: two segments", IOVEC, 2, { { 5, 3000 }, { PAGES(2) - 1, PAGE_SIZE + 2 } } },
	{ "iovec: two segments, first empty", IOVEC, 2, { { 5, 0 }, { PAGES(2) - 1, 5000 } } },
	{ "iovec: two segments, last empty", IOVEC, 2, { { PAGES(2) - 1, 5000 }, { 5, 0 } } },
	{ "iovec: first empty, then a hole", IOVEC, 2, { { 5, 0 }, { PAGES(HOLE), 5000 } },
	  .hole = true },
	{ "iovec: empty in a hole", IOVEC, 3, { { 5, 700 }, { PAGES(HOLE), 0 }, { 800, 5000 } },
	  .hole = true },
	{ "iovec: hole at a segment border", IOVEC, 3,
	  { { 5, 700 }, { PAGES(HOLE), 700 }, { 900, 5000 } }, .hole = true },
	{ "iovec: hole at a segment and page border", IOVEC, 3,
	  { { 5, PAGE_SIZE }, { PAGES(HOLE), 700 }, { 900, 5000 } }, .hole = true },
	{ "iovec: hole inside the second segment", IOVEC, 3,
	  { { 5, 700 }, { PAGES(HOLE) - 300, 700 }, { 900, 5000 } }, .hole = true },
	{ "iovec: hole behind an empty segment", IOVEC, 4,
	  { { 5, 700 }, { 9, 0 }, { PAGES(HOLE), 700 }, { 900, 5000 } }, .hole = true },
	{ "iovec: the same bytes three times", IOVEC, 3,
	  { { 50, 3000 }, { 50, 3000 }, { 50, 3000 } } },
	{ "iovec: 17 segments", IOVEC, 17 },
	{ "iovec: 17 segments, hole", IOVEC, 17, .hole = true },
	{ "iovec: 17 segments, first empty", IOVEC, 17, .empty = FIRST },
	{ "iovec: 17 segments, middle empty, hole", IOVEC, 17, .empty = MIDDLE, .hole = true },
	{ "iovec: 17 segments, last empty", IOVEC, 17, .empty = LAST },
	{ "iovec: 17 segments, all but one empty", IOVEC, 17, .empty = ALL_BUT_ONE },
	{ "iovec: 1024 segments", IOVEC, 1024 },
	{ "iovec: 1024 segments, hole", IOVEC, 1024, .hole = true },
	{ "iovec: 1024 segments, first empty, hole", IOVEC, 1024, .empty = FIRST, .hole = true },
	{ "iovec: 1024 segments, middle empty", IOVEC, 1024, .empty = MIDDLE },
	{ "iovec: 1024 segments, last empty, hole", IOVEC, 1024, .empty = LAST, .hole = true },
	{ "iovec: 1024 segments, all but one empty", IOVEC, 1024, .empty = ALL_BUT_ONE },
	{ "iovec: 1024 segments, all but one empty, hole", IOVEC, 1024,
	  .empty = ALL_BUT_ONE, .hole = true },

	{ "kvec: one segment", KVEC, 1, { { 33, PAGES(3) } } },
	{ "kvec: two segments, first empty", KVEC, 2, { { 5, 0 }, { PAGES(2) - 1, 5000 } } },
	{ "kvec: 17 segments, middle empty", KVEC, 17, .empty = MIDDLE },
	{ "kvec: 1024 segments, last empty", KVEC, 1024, .empty = LAST },
	{ "bvec: one segment", BVEC, 1, { { 33, PAGES(3) } } },
	{ "bvec: two segments", BVEC, 2, { { 5, 3000 }, { PAGES(2) - 1, 5000 } } },
	{ "bvec: 17 segments", BVEC, 17 },
	{ "bvec: 1024 segments", BVEC, 1024 },
};

KUNIT_ARRAY_PARAM_DESC(shape, shapes, name);

static bool is_empty_seg(const struct shape *shape, unsigned int i)
{
	unsigned int middle = shape->nr_segs / 2;

	switch (shape->empty) {
	case FIRST:
		return i == 0;
	case MIDDLE:
		return i >= middle && i < middle + 2;
	case LAST:
		return i == shape->nr_segs - 1;
	case ALL_BUT_ONE:
		return i != middle;
	default:
		return false;
	}
}

/* The segments of @shape; if computed, the second half meets its hole. */
static const struct user_seg *shape_segs(struct kunit *test, const struct shape *shape)
{
	size_t max = shape->nr_segs > 100 ? 40 : 2500;
	struct user_seg *segs;
	unsigned int i;

	if (shape->nr_segs <= MAX_LISTED)
		return shape->segs;

	segs = kunit_kcalloc(test, shape->nr_segs, sizeof(*segs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, segs);
	for (i = 0; i < shape->nr_segs; i++) {
		size_t end = i < shape->nr_segs / 2 ? PAGES(HOLE) : PAGES(HOLE + 2);

		if (is_empty_seg(shape, i))
			continue;
		if (shape->empty == ALL_BUT_ONE) {
			segs[i] = (struct user_seg){ PAGES(HOLE) - 3000, 7000 };
			continue;
		}
		segs[i].len = 1 + i * 331 % max;
		segs[i].offset = i * 1237 % (end - segs[i].len);
	}
	return segs;
}

static void shape_iter(struct user_iter *ui, struct user_mem *um, const struct shape *shape,
		       const struct user_seg *segs)
{
	if (shape->type == UBUF) {
		user_iter_ubuf(ui, um, segs->offset, segs->len);
		return;
	}
	if (shape->type == IOVEC)
		user_iter_iovec(ui, um, segs, shape->nr_segs);
	else if (shape->type == KVEC)
		user_iter_kvec(ui, um, segs, shape->nr_segs);
	else
		user_iter_bvec(ui, um, segs, shape->nr_segs);
}

/*
 * Tests
 */

/*
 * Each source to where the file is empty, partly there, all there, and past
 * its end, by operations that accept short copies and by such that do not.
 */
static void filemap_write_source(struct kunit *test)
{
	static const loff_t positions[] = {
		1, 0, PAGE_SIZE - 1, PAGES(2) + 100, PAGES(2) + 3096, PAGES(30), PAGES(20) + 3,
	};
	const struct shape *shape = test->param_value;
	const struct user_seg *segs = shape_segs(test, shape);
	struct aops_test *at = aops_test_create(test, 1);
	struct user_iter ui;
	unsigned int i, round;

	allow_large_folios(at);
	if (shape->hole)
		user_mem_unmap(at->um, PAGES(HOLE), PAGE_SIZE);
	for (round = 0; round < 2; round++) {
		at->strict = round;
		for (i = 0; i < ARRAY_SIZE(positions); i++) {
			write_file_label(at->wf, "%s, at %lld",
					 at->strict ? "strict" : "lenient", positions[i]);
			user_mem_zap(at->um, 0, at->um->len);
			write_file_drop_clean(at->wf);
			shape_iter(&ui, at->um, shape, segs);
			aops_test_write(at, positions[i], &ui, ui.readable ?: -EFAULT);
		}
		write_file_truncate(at->wf, 0);
	}
}

struct end_case {
	const char *name;
	int (*end)(struct aops_test *at, unsigned int copied);
	unsigned int times;
	unsigned int pages;	/* to write */
};

static const struct end_case end_cases[] = {
	{ "nothing once", end_takes_nothing, 1, 3 },
	{ "nothing three times", end_takes_nothing, 3, 3 },
	{ "all but one byte once", end_takes_one_less, 1, 3 },
	{ "all but one byte always", end_takes_one_less, ALWAYS, 3 },
	{ "one byte", end_takes_one_byte, ALWAYS, 1 },
	{ "all that was prepared", end_takes_all_prepared, ALWAYS, 3 },
	{ "blocks of a short copy", end_takes_blocks, ALWAYS, 4 },
	{ "one block", end_takes_a_block, ALWAYS, 4 },
};

KUNIT_ARRAY_PARAM_DESC(end, end_cases, name);

/* However little is accepted at a time, all is written in the end. */
static void filemap_write_end_takes(struct kunit *test)
{
	static const struct shape scattered = { .type = IOVEC, .nr_segs = 17 };
	const struct end_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 2);
	const struct user_seg *segs = shape_segs(test, &scattered);
	struct user_iter ui;
	unsigned int round;

	if (param->end == end_takes_all_prepared)
		kunit_info(test, "provokes a warning of mm/pagecache_write_debug.c\n");
	allow_large_folios(at);
	at->end = param->end;
	at->begun = zap;
	at->first_page = 2;
	at->nr_pages = 1;
	for (round = 0; round < 2; round++) {
		/* In the second round some copies are short as well. */
		at->zaps = 8 * round;

		write_file_label(at->wf, "ubuf, %u zaps", at->zaps);
		at->left = param->times;
		user_iter_ubuf(&ui, at->um, PAGES(1) + 700, PAGES(param->pages));
		aops_test_write(at, PAGE_SIZE - 200, &ui, PAGES(param->pages));

		write_file_label(at->wf, "iovec, %u zaps", at->zaps);
		at->left = param->times;
		user_iter_iovec(&ui, at->um, segs, scattered.nr_segs);
		aops_test_write(at, PAGES(7) + 1, &ui, ui.readable);
	}
	aops_test_write_again(at);
}

/*
 * A filesystem that accepts nothing, ever, without saying why, is broken, but
 * a write must not hang on it.
 */
static void filemap_write_end_takes_nothing(struct kunit *test)
{
	struct aops_test *at = aops_test_create(test, 3);
	struct user_iter ui;

	user_iter_ubuf(&ui, at->um, 0, 100);
	aops_test_write(at, 0, &ui, 100);

	at->end = end_takes_nothing;
	at->left = ALWAYS;
	user_iter_ubuf(&ui, at->um, 0, PAGES(2));
	KUNIT_EXPECT_LT(test, aops_test_do_write(at, NULL, PAGES(5), &ui), 0);
	aops_test_write_again(at);
}

struct error_case {
	const char *name;
	int err;
	unsigned int nth;
};

static const struct error_case error_cases[] = {
	{ "ENOSPC first", -ENOSPC, 1 },	{ "ENOSPC second", -ENOSPC, 2 },
	{ "ENOSPC fifth", -ENOSPC, 5 },
	{ "EIO first", -EIO, 1 },	{ "EIO third", -EIO, 3 },
	{ "ENOMEM first", -ENOMEM, 1 },	{ "ENOMEM fourth", -ENOMEM, 4 },
	{ "EINTR first", -EINTR, 1 },	{ "EINTR second", -EINTR, 2 },
};

KUNIT_ARRAY_PARAM_DESC(error, error_cases, name);

/* What a write at 100 returns if the n-th call fails, one call a page. */
static ssize_t accepted_before(const struct error_case *param)
{
	return param->nth == 1 ? param->err : PAGES(param->nth - 1) - 100;
}

/* All of it can be copied at once, so that no page takes a second call. */
static void present_source(struct aops_test *at, struct user_iter *ui, size_t offset, size_t len)
{
	user_mem_populate(at->um, offset, len);
	user_iter_ubuf(ui, at->um, offset, len);
}

static void filemap_write_begin_error(struct kunit *test)
{
	const struct error_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 4);
	struct user_iter ui;
	unsigned int i;

	at->nth = param->nth;
	at->err = param->err;
	/* First past the end of the file, then over what is there. */
	for (i = 0; i < 2; i++) {
		at->begin = begin_fails;
		present_source(at, &ui, 7, PAGES(6));
		aops_test_write(at, 100, &ui, accepted_before(param));
		aops_test_write_again(at);
	}
}

static void filemap_write_end_error(struct kunit *test)
{
	const struct error_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 5);
	struct user_iter ui;
	unsigned int i;

	at->nth = param->nth;
	at->err = param->err;
	for (i = 0; i < 2; i++) {
		at->end = end_fails;
		present_source(at, &ui, 7, PAGES(6));
		aops_test_write(at, 100, &ui, accepted_before(param));
		aops_test_write_again(at);
	}
}

struct zap_case {
	const char *name;
	unsigned int first_page;
	unsigned int nr_pages;
	unsigned int times;
};

/* Of a source from the middle of page 1 to the middle of page 5. */
static const struct zap_case zap_cases[] = {
	{ "first page once", 1, 1, 1 },
	{ "first page three times", 1, 1, 3 },
	{ "first page always", 1, 1, ALWAYS },
	{ "second page once", 2, 1, 1 },
	{ "second page always", 2, 1, ALWAYS },
	{ "last page three times", 5, 1, 3 },
	{ "last page always", 5, 1, ALWAYS },
	{ "every page once", 1, 5, 1 },
	{ "every page 20 times", 1, 5, 20 },
	{ "every page always", 1, 5, ALWAYS },
};

KUNIT_ARRAY_PARAM_DESC(zap, zap_cases, name);

/*
 * Source pages are lost between fault-in and copy, and are back when touched
 * again: all is written, however often it happens.
 */
static void filemap_write_zapped(struct kunit *test)
{
	static const struct user_seg segs[] = {
		{ PAGES(1) + 2000, 100 }, { PAGES(1) + 2100, PAGE_SIZE }, { 0, 0 },
		{ PAGES(2) + 2100, 1 }, { PAGES(2) + 2101, PAGES(2) },
		{ PAGES(4) + 2101, PAGE_SIZE },
	};
	const struct zap_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 6);
	struct user_iter ui;
	unsigned int i;

	allow_large_folios(at);
	at->begun = zap;
	at->first_page = param->first_page;
	at->nr_pages = param->nr_pages;
	for (i = 0; i < 4; i++) {
		at->strict = i & 1;
		at->zaps = param->times;
		if (i & 2)
			user_iter_iovec(&ui, at->um, segs, ARRAY_SIZE(segs));
		else
			user_iter_ubuf(&ui, at->um, PAGES(1) + 2000, PAGES(4));
		write_file_label(at->wf, "%s, %s", i & 2 ? "iovec" : "ubuf",
				 at->strict ? "strict" : "lenient");
		aops_test_write(at, 1000 + PAGES(5 * i), &ui, ui.readable);
	}
	aops_test_write_again(at);
}

struct progress_case {
	const char *name;
	void (*begun)(struct aops_test *at);
};

static const struct progress_case progress_cases[] = {
	{ "some and none in turn", zap_alternately },
	{ "nothing unless one segment", zap_unless_one_segment },
};

KUNIT_ARRAY_PARAM_DESC(progress, progress_cases, name);

/* Copies that come up short by a pattern that a simple retry walks into. */
static void filemap_write_progress(struct kunit *test)
{
	const struct progress_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 7);
	struct user_iter ui;
	unsigned int i;

	at->begun = param->begun;
	at->first_page = 2;
	at->nr_pages = 6;
	for (i = 0; i < 2; i++) {
		at->strict = i;
		write_file_label(at->wf, "%s", at->strict ? "strict" : "lenient");
		user_iter_iovec(&ui, at->um, progress_segs, ARRAY_SIZE(progress_segs));
		aops_test_write(at, PAGES(3 * i), &ui, ui.readable);
	}
}

struct signal_case {
	const char *name;
	int sig;
	unsigned int nth;	/* call of write_begin that gets it; 0: before the write */
	void (*begun)(struct aops_test *at);
};

static const struct signal_case signal_cases[] = {
	{ "SIGKILL before the write", SIGKILL, 0 },
	{ "SIGKILL in the first page", SIGKILL, 1, kill },
	{ "SIGKILL in the third page", SIGKILL, 3, kill },
	{ "SIGKILL in the last page", SIGKILL, 6, kill },
	{ "SIGUSR1 before the write", SIGUSR1, 0 },
	{ "SIGUSR1 in the first page", SIGUSR1, 1, kill },
	{ "SIGUSR1 in the third page", SIGUSR1, 3, kill },
};

KUNIT_ARRAY_PARAM_DESC(signal, signal_cases, name);

/* A fatal signal ends the call after the page in hand, others do not. */
static void filemap_write_signal(struct kunit *test)
{
	const struct signal_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 8);
	ssize_t expected = PAGES(6);
	struct user_iter ui;

	allow_signal(param->sig);
	if (!param->nth)
		send_sig(param->sig, current, 1);
	at->begun = param->begun;
	at->nth = param->nth;
	at->err = param->sig;
	if (param->sig == SIGKILL && !param->nth)
		expected = -EINTR;
	else if (param->sig == SIGKILL)
		expected = PAGES(param->nth);

	present_source(at, &ui, 0, PAGES(6));
	aops_test_write(at, 0, &ui, expected);
	if (expected < 0)
		KUNIT_EXPECT_EQ(test, at->begins, 0);
	/* The next write will not be the one that was meant. */
	flush_signals(current);
	aops_test_write_again(at);
}

/* A write whose copies all fail can be killed, even where it spins. */
static void filemap_write_signal_no_progress(struct kunit *test)
{
	struct aops_test *at = aops_test_create(test, 9);
	struct user_iter ui;
	ssize_t written;

	allow_signal(SIGKILL);
	at->begun = kill_and_zap;
	at->nth = 1;
	at->err = SIGKILL;
	user_iter_ubuf(&ui, at->um, 0, PAGES(6));
	written = aops_test_do_write(at, NULL, 0, &ui);
	KUNIT_EXPECT_TRUE(test, written == -EINTR || (written > 0 && written <= PAGE_SIZE));
	aops_test_write_again(at);
}

static struct file *open_again(struct aops_test *at, int flags)
{
	struct file *file = dentry_open(&at->wf->file->f_path, flags | O_RDWR | O_LARGEFILE,
					current_cred());

	KUNIT_ASSERT_NOT_ERR_OR_NULL(at->test, file);
	write_file_close_at_end(at->test, file);
	return file;
}

/* An append starts at the end, also after one that failed or was cut short. */
static void filemap_write_append(struct kunit *test)
{
	struct aops_test *at = aops_test_create(test, 10);
	struct file *file = open_again(at, O_APPEND);
	struct user_iter ui;

	user_iter_ubuf(&ui, at->um, 3, PAGE_SIZE + 5);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 0, &ui), PAGE_SIZE + 5);

	user_mem_unmap(at->um, PAGES(HOLE), PAGE_SIZE);
	user_iter_ubuf(&ui, at->um, PAGES(HOLE) - 30, 100);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 7, &ui), 30);
	user_iter_ubuf(&ui, at->um, PAGES(HOLE), 100);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 0, &ui), -EFAULT);

	at->begin = begin_fails;
	at->nth = 2;
	at->err = -ENOSPC;
	user_iter_ubuf(&ui, at->um, 8, PAGES(2));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 1, &ui), PAGE_SIZE - 35);
	at->begin = NULL;

	user_iter_ubuf(&ui, at->um, 9, 1);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 0, &ui), 1);
	aops_test_write_again(at);
}

/* Nothing to write is no error, and asks the filesystem nothing. */
static void filemap_write_empty(struct kunit *test)
{
	static const struct user_seg segs[] = { { 9, 0 }, { PAGES(HOLE), 0 }, { 5, 0 } };
	struct aops_test *at = aops_test_create(test, 11);
	struct file *file = open_again(at, 0);
	struct user_iter ui;

	user_mem_unmap(at->um, PAGES(HOLE), PAGE_SIZE);
	user_iter_iovec(&ui, at->um, segs, ARRAY_SIZE(segs));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, PAGES(2), &ui), 0);
	user_iter_ubuf(&ui, at->um, PAGES(HOLE), 0);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 100, &ui), 0);
	KUNIT_EXPECT_EQ(test, at->begins, 0);
}

static bool sigxfsz_pending(void)
{
	bool pending = sigismember(&current->pending.signal, SIGXFSZ);

	flush_signals(current);
	return pending;
}

/* RLIMIT_FSIZE cuts a write short, and refuses one that starts at the limit. */
static void filemap_write_file_size_limit(struct kunit *test)
{
	struct rlimit *rlim = &current->signal->rlim[RLIMIT_FSIZE];
	struct aops_test *at = aops_test_create(test, 12);
	struct file *file = open_again(at, 0), *append = open_again(at, O_APPEND);
	const loff_t limit = PAGES(3) + 100;
	struct user_iter ui;

	/* A kernel thread shares its limits with none; they end with the test. */
	rlim->rlim_cur = limit;
	allow_signal(SIGXFSZ);

	user_iter_ubuf(&ui, at->um, 3, PAGES(2));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, 10, &ui), PAGES(2));
	user_iter_ubuf(&ui, at->um, 5, PAGES(5));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, append, 0, &ui), limit - PAGES(2) - 10);
	user_iter_ubuf(&ui, at->um, 7, PAGES(5));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, PAGES(3), &ui), 100);
	user_iter_ubuf(&ui, at->um, 7, 1);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, limit - 1, &ui), 1);
	KUNIT_EXPECT_FALSE(test, sigxfsz_pending());

	user_iter_ubuf(&ui, at->um, 7, 1);
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, file, limit, &ui), -EFBIG);
	KUNIT_EXPECT_EQ(test, at->begins, 0);
	KUNIT_EXPECT_TRUE(test, sigxfsz_pending());
	user_iter_ubuf(&ui, at->um, 7, PAGES(2));
	KUNIT_EXPECT_EQ(test, aops_test_do_write(at, append, 0, &ui), -EFBIG);
	KUNIT_EXPECT_TRUE(test, sigxfsz_pending());

	rlim->rlim_cur = RLIM_INFINITY;
	aops_test_write_again(at);
}

/* As from_itself_gen_params() has them; to fail, a copy is zapped. */
static const struct self_case self_cases[] = {
	{ "the same bytes", 100, 100, 3000 },
	{ "the same bytes, zapped once", 100, 100, 3000, 1 },
	{ "the same bytes, zapped always", 100, 100, 3000, ALWAYS },
	{ "the same page", 100, 2100, 1000 },
	{ "the same page, zapped always", 100, 2100, 1000, ALWAYS },
	{ "the same page, sparse", 100, 2100, 1000, 0, true },
	{ "the same page, sparse, zapped once", 100, 2100, 1000, 1, true },
	{ "the same page, sparse, zapped always", 100, 2100, 1000, ALWAYS, true },
	{ "the whole page, sparse, zapped once", 0, 0, PAGE_SIZE, 1, true },
	{ "overlapping in a page, sparse", 500, 100, 2000, 0, true },
	{ "overlapping in a page, sparse, zapped once", 100, 500, 2000, 1, true },
	{ "overlapping over pages", PAGES(2) + 50, PAGES(1) - 50, PAGES(4) },
	{ "overlapping over pages, sparse", PAGES(2) + 50, PAGES(1) - 50, PAGES(4), 0, true },
	{ "overlapping over pages, zapped three times", PAGES(2) + 50, PAGES(1) - 50,
	  PAGES(4), 3 },
	{ "overlapping over pages, zapped always", PAGES(2) + 50, PAGES(1) - 50,
	  PAGES(4), ALWAYS },
	{ "a later page, zapped once", PAGES(3) + 5, 9, 4000, 1 },
	{ "to the end from the start", 0, PAGES(8) - 9, PAGES(2) + 1 },
};

KUNIT_ARRAY_PARAM_DESC(self, self_cases, name);

static void zap_self(struct aops_test *at)
{
	if (take_one(&at->zaps))
		unmap_mapping_range(at->wf->file->f_mapping, 0, 0, 1);
}

/*
 * The source is a mapping of the file that is written.  A fault taken while a
 * folio is locked would wait for that lock for ever.
 */
static void filemap_write_from_itself(struct kunit *test)
{
	const struct self_case *param = test->param_value;
	struct aops_test *at = aops_test_create(test, 13);
	struct user_iter ui;
	unsigned int round;

	write_file_map(at->wf);
	for (round = 0; round < 2; round++) {
		write_file_label(at->wf, "%s", round ? "strict" : "lenient");
		write_file_truncate(at->wf, 0);
		at->begun = NULL;
		if (!param->sparse) {
			user_iter_ubuf(&ui, at->um, 1, PAGES(8));
			aops_test_write(at, 0, &ui, PAGES(8));
		}
		write_file_truncate(at->wf, PAGES(8));
		write_file_drop_clean(at->wf);
		KUNIT_EXPECT_EQ(test, param->sparse, !at->wf->file->f_mapping->nrpages);

		at->strict = round;
		at->begun = zap_self;
		at->zaps = param->fails;
		write_file_iter(at->wf, &ui, param->from, param->len);
		aops_test_write(at, param->to, &ui, param->len);
	}
}

#define RANDOM_STEPS	60
#define RANDOM_SEGS	20

static void random_source(struct aops_test *at, struct rnd_state *rnd, struct user_iter *ui)
{
	static const size_t longest[] = { 10, 300, PAGE_SIZE + 9, PAGES(4) };
	size_t max = longest[random_below(rnd, ARRAY_SIZE(longest))];
	struct user_seg segs[RANDOM_SEGS];
	struct shape shape = {
		.type = random_below(rnd, BVEC + 1),
		.nr_segs = 1 + random_below(rnd, max > PAGE_SIZE ? 3 : RANDOM_SEGS),
	};
	unsigned int i;

	for (i = 0; i < shape.nr_segs; i++) {
		/* A bvec has no empty segments. */
		segs[i].len = random_below(rnd, 4) || shape.type == BVEC ?
			      1 + random_below(rnd, max) : 0;
		segs[i].offset = random_below(rnd, at->um->len - segs[i].len);
	}
	/* An empty write does not come this far down. */
	segs[0].len = max(segs[0].len, 1);
	shape_iter(ui, at->um, &shape, segs);
}

static void random_hooks(struct aops_test *at, struct rnd_state *rnd)
{
	at->strict = random_below(rnd, 2);
	at->nth = 1 + random_below(rnd, 4);
	at->err = random_below(rnd, 2) ? -ENOSPC : -EIO;
	at->left = random_below(rnd, 4);
	at->zaps = random_below(rnd, 4);
	at->first_page = random_below(rnd, MEM_PAGES);
	at->nr_pages = 1 + random_below(rnd, MEM_PAGES - at->first_page);
	at->begin = random_below(rnd, 6) ? NULL : begin_fails;
	at->begun = random_below(rnd, 2) ? NULL : zap;
	switch (random_below(rnd, 10)) {
	case 0:
		at->end = end_fails;
		break;
	case 1:
		at->end = end_takes_nothing;
		break;
	case 2:
		at->end = end_takes_one_less;
		break;
	case 3:
		at->end = end_takes_a_block;
		break;
	case 4:
		at->end = end_takes_blocks;
		break;
	default:
		at->end = NULL;
	}
}

#ifdef CONFIG_FAIL_WRITE_COPY
/* Four pages to @pos, from the kind-th kind of source, of which copies stop. */
static ssize_t write_stopping(struct aops_test *at, loff_t pos, unsigned int kind,
			      const struct copy_stop *stop, unsigned int skip, int times)
{
	struct fault_attr *attr;
	struct user_iter ui;
	const char *source;
	ssize_t written;

	source = user_iter_pieces(&ui, at->um, kind, 77, PAGES(4));
	write_file_label(at->wf, "%s, %s, skip %u, %d times, call %u",
			 at->strict ? "strict" : "lenient", source, skip, times, at->nth);
	attr = fail_write_copy_arm(at->test, skip, times, min(stop->bytes, PAGES(4) - 1));
	written = aops_test_do_write(at, NULL, pos, &ui);
	if (!skip && at->ends)
		AT_TRUE(at, atomic_read(&attr->times) < times);
	return written;
}

/*
 * Copies stop at a given byte, from whatever source, on whatever rung of the
 * ladder, in an empty file, a hole and over what is there: all is written.
 */
static void filemap_write_copy_stops(struct kunit *test)
{
	static const int times[] = { 1, 2, 3, STOP_ALWAYS };
	struct aops_test *at = aops_test_create(test, 14);
	unsigned int round, kind, skip, t;

	for (round = 0; round < 4; round++) {
		at->strict = round & 1;
		if (round == 2)
			allow_large_folios(at);
		for (kind = 0; kind < USER_ITER_KINDS; kind++) {
			for (skip = 0; skip < 3; skip++) {
				for (t = 0; t < ARRAY_SIZE(times); t++) {
					write_file_drop_clean(at->wf);
					AT_EQ(at, PAGES(4),
					      write_stopping(at, 1000 + PAGES(4 * kind), kind,
							     test->param_value, skip, times[t]));
				}
			}
		}
		write_file_truncate(at->wf, 0);
		write_file_truncate(at->wf, PAGES(30));
	}
	aops_test_write_again(at);
}

/* So they do, and then the filesystem can't go on: what it has accepted counts. */
static void filemap_write_copy_stops_then_error(struct kunit *test)
{
	struct aops_test *at = aops_test_create(test, 15);
	unsigned int round, kind;

	at->begin = begin_fails;
	for (round = 0; round < 4; round++) {
		at->strict = round & 1;
		at->err = round & 2 ? -EIO : -ENOSPC;
		for (kind = 0; kind < USER_ITER_KINDS; kind++) {
			for (at->nth = 1; at->nth < 8; at->nth++) {
				write_stopping(at, 1000 + PAGES(4 * kind), kind,
					       test->param_value, 0, STOP_ALWAYS);
				AT_EQ(at, at->error, at->begins >= at->nth ? at->err : 0);
			}
		}
		write_file_truncate(at->wf, 0);
	}
	aops_test_write_again(at);
}
#endif

static void filemap_write_random(struct kunit *test)
{
	u32 seed = (unsigned long)test->param_value;
	struct aops_test *at = aops_test_create(test, seed);
	struct rnd_state rnd;
	unsigned int step;

	allow_large_folios(at);
	prandom_seed_state(&rnd, seed);
	for (step = 0; step < RANDOM_STEPS; step++) {
		size_t page = random_below(&rnd, MEM_PAGES) * PAGE_SIZE;
		struct user_iter ui;
		ssize_t written;
		loff_t pos;

		write_file_label(at->wf, "seed %u, step %u", seed, step);
		switch (random_below(&rnd, 6)) {
		case 0:
			user_mem_unmap(at->um, page, PAGE_SIZE);
			break;
		case 1:
			user_mem_protect(at->um, 0, at->um->len, PROT_READ | PROT_WRITE);
			break;
		case 2:
			write_file_truncate(at->wf, random_below(&rnd, CAPACITY));
			break;
		}
		if (random_below(&rnd, 2))
			write_file_drop_clean(at->wf);
		random_hooks(at, &rnd);
		if (!random_below(&rnd, 3))
			fail_write_copy_arm(test, random_below(&rnd, 4), random_below(&rnd, 6),
					    random_below(&rnd, 2) ? STOP_ANYWHERE :
					    random_below(&rnd, PAGES(2)));
		random_source(at, &rnd, &ui);
		pos = random_below(&rnd, CAPACITY - iov_iter_count(&ui.iter));
		written = aops_test_do_write(at, NULL, pos, &ui);
		if (!at->error)
			AT_EQ(at, written, (ssize_t)ui.readable ?: -EFAULT);
	}
}

static struct kunit_case filemap_write_cases[] = {
	KUNIT_CASE_PARAM(filemap_write_source, shape_gen_params),
	KUNIT_CASE_PARAM(filemap_write_end_takes, end_gen_params),
	KUNIT_CASE(filemap_write_end_takes_nothing),
	KUNIT_CASE_PARAM(filemap_write_begin_error, error_gen_params),
	KUNIT_CASE_PARAM(filemap_write_end_error, error_gen_params),
	KUNIT_CASE_PARAM(filemap_write_zapped, zap_gen_params),
	KUNIT_CASE_PARAM(filemap_write_progress, progress_gen_params),
	KUNIT_CASE_PARAM(filemap_write_signal, signal_gen_params),
	KUNIT_CASE(filemap_write_signal_no_progress),
	KUNIT_CASE(filemap_write_append),
	KUNIT_CASE(filemap_write_empty),
	KUNIT_CASE(filemap_write_file_size_limit),
	KUNIT_CASE_PARAM(filemap_write_from_itself, self_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(filemap_write_copy_stops, copy_stop_gen_params),
	KUNIT_CASE_PARAM(filemap_write_copy_stops_then_error, copy_stop_gen_params),
#endif
	KUNIT_CASE_PARAM(filemap_write_random, random_gen_params),
	{}
};

static struct kunit_suite filemap_write_suite = {
	.name = "filemap_write",
	.test_cases = filemap_write_cases,
};

kunit_test_suite(filemap_write_suite);

MODULE_DESCRIPTION("KUnit tests of generic_perform_write()");
MODULE_LICENSE("GPL");
