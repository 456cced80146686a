// SPDX-License-Identifier: GPL-2.0-only
/*
 * iov_iter as the source of a buffered write.
 *
 * Every test keeps a model beside the iterator (struct cursor) and compares
 * the two after each step: what came back, what was copied, what was left
 * alone, and that the iterator goes on to yield exactly the rest.
 *
 * The same layouts of segments, empty ones and holes among them, go through
 * every iterator type they make sense for and every operator that copies.
 */
#include <kunit/test.h>
#include <linux/bvec.h>
#include <linux/folio_queue.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/xarray.h>

#include "compat.h"
#include "user_mem.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MEM_PAGES	40
#define HOLE		4	/* first page of a layout's hole */
#define POISON		0xa5
#define MAX_LISTED	6

/* The first file page of an ITER_XARRAY; aligned for any folio in it. */
#define XARRAY_INDEX	1024UL

/*
 * Layouts: where the segments of a source lie, and whether they meet a hole
 */

/**
 * struct layout - pieces of MEM_PAGES pages of memory
 * @name: of the test parameter
 * @nr_segs: number of segments; more than MAX_LISTED are computed
 * @segs: the segments
 * @hole_pages: pages from page HOLE on that can't be read
 */
struct layout {
	const char *name;
	unsigned int nr_segs;
	struct user_seg segs[MAX_LISTED];
	unsigned int hole_pages;
};

static const struct layout layouts[] = {
	{ "one byte", 1, { { 77, 1 } } },
	{ "one page", 1, { { PAGES(1), PAGE_SIZE } } },
	{ "one segment from inside a page", 1, { { 100, PAGES(3) } } },
	{ "one segment from inside a large folio", 1, { { PAGES(3) - 3, PAGES(4) + 7 } } },
	{ "one segment over 35 pages", 1, { { 0, PAGES(35) } } },
	{ "one segment over all memory", 1, { { PAGES(1) - 1, PAGES(MEM_PAGES - 1) + 1 } } },
	{ "two segments", 2, { { 5, 3000 }, { PAGES(2) - 1, PAGE_SIZE + 2 } } },
	{ "two segments that join", 2, { { 10, PAGE_SIZE - 10 }, { PAGE_SIZE, 500 } } },
	{ "the same memory twice", 2, { { 900, PAGE_SIZE }, { 900, PAGE_SIZE } } },
	{ "17 segments", 17 },
	{ "1024 segments", 1024 },

	{ "no segment", 0 },
	{ "one empty segment", 1, { { 10, 0 } } },
	{ "only empty segments", 3, { { 0, 0 }, { 10, 0 }, { PAGES(1), 0 } } },
	{ "empty segment first", 2, { { 50, 0 }, { 60, 5000 } } },
	{ "empty segment in the middle", 3, { { 9, 100 }, { 50, 0 }, { 60, 5000 } } },
	{ "empty segment last", 2, { { 60, 5000 }, { 50, 0 } } },
	{ "empty segments in a row first", 4, { { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 5000 } } },
	{ "empty segments in a row in the middle", 5,
	  { { 9, 100 }, { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 5000 } } },
	{ "empty segments first, in the middle and last", 6,
	  { { 1, 0 }, { 9, 100 }, { 2, 0 }, { 3, 0 }, { PAGES(1) - 2, 4 }, { 4, 0 } } },

	{ "hole on the first byte", 1, { { PAGES(HOLE), PAGES(2) } }, 1 },
	{ "hole after one byte", 1, { { PAGES(HOLE) - 1, 20 } }, 1 },
	{ "hole in the middle of a segment", 1, { { PAGES(2) + 100, PAGES(4) } }, 1 },
	{ "hole at a page border", 1, { { PAGES(2), PAGES(4) } }, 1 },
	{ "hole on the last byte", 1, { { PAGES(3), PAGE_SIZE + 1 } }, 1 },
	{ "hole right behind the last byte", 1, { { PAGES(3) + 1, PAGE_SIZE - 1 } }, 1 },
	{ "hole right before the first byte", 1, { { PAGES(HOLE + 1), PAGES(2) } }, 1 },
	{ "hole of three pages", 1, { { PAGES(1) + 1, PAGES(9) } }, 3 },
	{ "hole on the first byte of two segments", 2,
	  { { PAGES(HOLE) + 7, 10 }, { 0, 100 } }, 1 },
	{ "hole at a segment border", 3,
	  { { PAGES(3) + 50, PAGE_SIZE - 50 }, { PAGES(HOLE), 100 }, { 0, 200 } }, 1 },
	{ "hole in the middle of the second segment", 3,
	  { { 3, 300 }, { PAGES(HOLE) - 200, 700 }, { 0, 200 } }, 1 },
	{ "hole behind an empty segment", 4,
	  { { 100, 100 }, { 0, 0 }, { PAGES(HOLE), 100 }, { 0, 50 } }, 1 },
	{ "empty segment in a hole", 3, { { 0, 100 }, { PAGES(HOLE) + 5, 0 }, { 200, 100 } }, 1 },
	{ "17 segments with a hole", 17, { }, 1 },
	{ "1024 segments with a hole", 1024, { }, 1 },
};

/* The segments of @layout; the second half of computed ones meets its hole. */
static const struct user_seg *layout_segs(struct kunit *test, const struct layout *layout)
{
	size_t max = layout->nr_segs > 100 ? 80 : 2000;
	struct user_seg *segs;
	unsigned int i;

	if (layout->nr_segs <= MAX_LISTED)
		return layout->segs;

	segs = kunit_kcalloc(test, layout->nr_segs, sizeof(*segs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, segs);
	for (i = 0; i < layout->nr_segs; i++) {
		size_t end = i < layout->nr_segs / 2 ? PAGES(HOLE) : PAGES(HOLE + 3);

		segs[i].len = i % 5 ? 1 + i * 31 % max : 0;
		segs[i].offset = i * 1237 % (end - segs[i].len);
	}
	return segs;
}

struct hole_kind {
	const char *name;
	int prot;	/* -1: nothing is mapped */
};

static const struct hole_kind hole_kinds[] = {
	{ "unmapped", -1 },
	{ "PROT_NONE", PROT_NONE },
	{ "write-only", PROT_WRITE },
	{ "read-only", PROT_READ },
};

static void make_hole(struct user_mem *um, const struct hole_kind *kind,
		      size_t offset, size_t len)
{
	if (kind->prot < 0)
		user_mem_unmap(um, offset, len);
	else
		user_mem_protect(um, offset, len, kind->prot);
}

/*
 * Sources: an iterator of any type, and all that is known about it
 */

/**
 * struct source - an iterator of any type over a user_mem or a copy of it
 * @test: the test that owns it
 * @um: the memory; iterators over kernel memory read its shadow
 * @hole: what is at page HOLE and behind, if the layout has a hole
 * @iter: the iterator, never moved: tests work on copies
 * @data: what @iter yields
 * @count: how many bytes that is
 * @page: which page of @um each byte of @data comes from
 * @good: for each byte of @data, 1 if it can be read, or written in a test of that
 * @seg_len: lengths of the segments, for iov_iter_single_seg_count()
 * @nr_segs: how many there are
 * @rest: room for @count bytes
 * @name: printed with every failure: the layout and its hole, or the seed
 * @step: printed with every failure: the operation
 */
struct source {
	struct kunit *test;
	struct user_mem *um;
	const struct hole_kind *hole;
	struct iov_iter iter;
	const u8 *data;
	size_t count;
	u8 *page;
	u8 *good;
	size_t *seg_len;
	unsigned int nr_segs;
	u8 *rest;
	char name[80];
	char step[80];
};

#define SOURCE_EQ(src, left, right)						\
do {										\
	const struct source *_src = (src);					\
	KUNIT_ASSERT_EQ_MSG(_src->test, left, right, "%s: %s", _src->name, _src->step); \
} while (0)

#define SOURCE_NULL(src, pointer)						\
do {										\
	const struct source *_src = (src);					\
	KUNIT_ASSERT_NULL_MSG(_src->test, pointer, "%s: %s", _src->name, _src->step); \
} while (0)

static void *source_alloc(struct source *src, size_t n, size_t size)
{
	void *p = kunit_kcalloc(src->test, max_t(size_t, n, 1), size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(src->test, p);
	return p;
}

KUNIT_DEFINE_ACTION_WRAPPER(put_folio, folio_put, struct folio *);

static struct folio *alloc_folio(struct kunit *test, unsigned int order)
{
	struct folio *folio = folio_alloc(GFP_KERNEL, order);

	KUNIT_ASSERT_NOT_NULL(test, folio);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, put_folio, folio));
	return folio;
}

/* Orders for folios that follow each other from page @page of memory on. */
static unsigned int folio_order_at(unsigned int page)
{
	static const unsigned int orders[] = { 0, 0, 1, 1, 2, 2, 2, 2 };

	return page < ARRAY_SIZE(orders) ? orders[page] : 0;
}

static struct folio *copy_of_memory(struct source *src, unsigned int page, unsigned int order)
{
	struct folio *folio = alloc_folio(src->test, order);

	memcpy(folio_address(folio), src->um->shadow + PAGES(page), folio_size(folio));
	return folio;
}

static void source_kvec(struct source *src, const struct user_seg *segs)
{
	struct kvec *kvec = source_alloc(src, src->nr_segs, sizeof(*kvec));
	unsigned int i;

	for (i = 0; i < src->nr_segs; i++) {
		kvec[i].iov_base = src->um->shadow + segs[i].offset;
		kvec[i].iov_len = segs[i].len;
	}
	iov_iter_kvec(&src->iter, ITER_SOURCE, kvec, src->nr_segs, src->count);
}

static void source_bvec(struct source *src, const struct user_seg *segs)
{
	struct bio_vec *bvec = source_alloc(src, src->nr_segs, sizeof(*bvec));
	unsigned int i;

	for (i = 0; i < src->nr_segs; i++)
		bvec_set_virt(&bvec[i], src->um->shadow + segs[i].offset, segs[i].len);
	iov_iter_bvec(&src->iter, ITER_SOURCE, bvec, src->nr_segs, src->count);
}

/* Folios of several orders, more than one folio_queue holds. */
static void source_folioq(struct source *src, const struct user_seg *seg)
{
	struct folio_queue *queue, *first_queue = NULL, *last = NULL;
	size_t start = seg->offset, end = seg->offset + seg->len;
	unsigned int page, slot, first_slot = 0;
	size_t first_offset = 0;

	src->nr_segs = 0;
	src->seg_len = source_alloc(src, MEM_PAGES, sizeof(*src->seg_len));

	for (page = 0; page < MEM_PAGES; page += 1U << folio_order_at(page)) {
		struct folio *folio = copy_of_memory(src, page, folio_order_at(page));
		size_t from = PAGES(page), to = from + folio_size(folio);

		if (!last || folioq_full(last)) {
			queue = source_alloc(src, 1, sizeof(*queue));
			plain_folioq_init(queue);
			queue->prev = last;
			if (last)
				last->next = queue;
			last = queue;
		}
		slot = folioq_append(last, folio);
		if (start >= from && start < to) {
			first_queue = last;
			first_slot = slot;
			first_offset = start - from;
		}
		if (from < end && to > start)
			src->seg_len[src->nr_segs++] = min(to, end) - max(from, start);
	}
	iov_iter_folio_queue(&src->iter, ITER_SOURCE, first_queue, first_slot,
			     first_offset, src->count);
}

/* Store folios with the content of @src's memory, but for page @missing. */
static struct xarray *memory_xarray(struct source *src, int missing)
{
	struct xarray *xa = source_alloc(src, 1, sizeof(*xa));
	unsigned int page, order;

	xa_init(xa);
	for (page = 0; page < MEM_PAGES; page += 1U << order) {
		order = IS_ENABLED(CONFIG_XARRAY_MULTI) ? folio_order_at(page) : 0;
		if (page != missing) {
			struct folio *folio = copy_of_memory(src, page, order);
			unsigned long index = XARRAY_INDEX + page;
			XA_STATE_ORDER(xas, xa, index, order);

			do {
				xas_lock(&xas);
				xas_store(&xas, folio);
				xas_unlock(&xas);
			} while (xas_nomem(&xas, GFP_KERNEL));
			KUNIT_ASSERT_EQ(src->test, 0, xas_error(&xas));
		}
	}
	return xa;
}

KUNIT_DEFINE_ACTION_WRAPPER(destroy_xarray, xa_destroy, struct xarray *);

static void source_xarray(struct source *src, const struct user_seg *seg, int missing)
{
	struct xarray *xa = memory_xarray(src, missing);

	KUNIT_ASSERT_EQ(src->test, 0, kunit_add_action_or_reset(src->test, destroy_xarray, xa));
	iov_iter_xarray(&src->iter, ITER_SOURCE, xa, PAGES(XARRAY_INDEX) + seg->offset,
			seg->len);
}

static struct source *source_create(struct kunit *test, enum iter_type type,
				    struct user_mem *um, const struct user_seg *segs,
				    unsigned int nr_segs)
{
	struct source *src = kunit_kzalloc(test, sizeof(*src), GFP_KERNEL);
	struct user_iter ui;
	size_t pos = 0, done, part;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, src);
	src->test = test;
	src->um = um;
	if (type == ITER_UBUF)
		user_iter_ubuf(&ui, um, segs[0].offset, segs[0].len);
	else
		user_iter_iovec(&ui, um, segs, nr_segs);
	src->iter = ui.iter;
	src->data = ui.source;
	src->count = iov_iter_count(&ui.iter);
	src->rest = source_alloc(src, src->count, 1);
	src->page = source_alloc(src, src->count, 1);
	src->good = source_alloc(src, src->count, 1);
	src->seg_len = source_alloc(src, nr_segs, sizeof(*src->seg_len));
	src->nr_segs = nr_segs;

	for (i = 0; i < nr_segs; i++) {
		src->seg_len[i] = segs[i].len;
		for (done = 0; done < segs[i].len; done += part, pos += part) {
			size_t offset = segs[i].offset + done;

			part = min(segs[i].len - done, PAGE_SIZE - offset_in_page(offset));
			memset(src->page + pos, offset / PAGE_SIZE, part);
			memset(src->good + pos, user_mem_readable(um, offset, 1), part);
		}
	}

	switch (type) {
	case ITER_KVEC:
		source_kvec(src, segs);
		break;
	case ITER_BVEC:
		source_bvec(src, segs);
		break;
	case ITER_FOLIOQ:
		source_folioq(src, segs);
		break;
	case ITER_XARRAY:
		source_xarray(src, segs, -1);
		break;
	default:
		KUNIT_ASSERT_TRUE(test, user_backed_iter(&src->iter));
	}
	KUNIT_ASSERT_EQ(test, iov_iter_type(&src->iter), type);
	KUNIT_ASSERT_EQ(test, iov_iter_count(&src->iter), src->count);
	return src;
}

/* How many of the @len bytes from @pos on come before one that can't be read. */
static size_t source_readable(const struct source *src, size_t pos, size_t len)
{
	const u8 *bad = memchr(src->good + pos, 0, len);

	return bad ? bad - (src->good + pos) : len;
}

/* How many bytes are left of the segment that the byte at @pos is in. */
static size_t source_seg_left(const struct source *src, size_t pos)
{
	size_t end = 0;
	unsigned int i;

	for (i = 0; i < src->nr_segs; i++) {
		end += src->seg_len[i];
		if (pos < end)
			return end - pos;
	}
	return 0;
}

/* Make every page fault once more, or none of those that can be read. */
static void source_zap(struct source *src)
{
	if (user_backed_iter(&src->iter))
		user_mem_zap(src->um, 0, src->um->len);
}

static void source_populate(struct source *src)
{
	if (user_backed_iter(&src->iter))
		user_mem_populate(src->um, 0, src->um->len);
}

/*
 * Operators: the functions that copy out of an iterator
 */

struct copy_op {
	const char *name;
	size_t (*copy)(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *i);
	bool atomic;	/* takes no page faults */
	bool moves;	/* the iterator, past what was copied */
};

static size_t copy_from_iter_to_folio(struct folio *folio, size_t offset, size_t bytes,
				      struct iov_iter *i)
{
	return copy_from_iter(folio_address(folio) + offset, bytes, i);
}

/* The page that is given may be a tail page, with the offset counted from it. */
static size_t copy_from_iter_to_tail_page(struct folio *folio, size_t offset, size_t bytes,
					  struct iov_iter *i)
{
	return copy_page_from_iter(folio_page(folio, offset / PAGE_SIZE),
				   offset % PAGE_SIZE, bytes, i);
}

static size_t copy_from_iter_to_tail_page_atomic(struct folio *folio, size_t offset,
						 size_t bytes, struct iov_iter *i)
{
	return copy_page_from_iter_atomic(folio_page(folio, offset / PAGE_SIZE),
					  offset % PAGE_SIZE, bytes, i);
}

#ifdef CONFIG_IOV_ITER_PEEK
static size_t peek(struct folio *folio, size_t offset, size_t bytes, struct iov_iter *i)
{
	return peek_folio_from_iter(folio, offset, bytes, i);
}
#endif

static const struct copy_op copy_ops[] = {
	{ "copy_from_iter", copy_from_iter_to_folio, false, true },
	{ "copy_folio_from_iter", copy_folio_from_iter, false, true },
	{ "copy_page_from_iter", copy_from_iter_to_tail_page, false, true },
	{ "copy_folio_from_iter_atomic", copy_folio_from_iter_atomic, true, true },
	{ "copy_page_from_iter_atomic", copy_from_iter_to_tail_page_atomic, true, true },
#ifdef CONFIG_IOV_ITER_PEEK
	{ "peek_folio_from_iter", peek, false, false },
#endif
};

static const struct copy_op copy_atomic_op = {
	"copy_folio_from_iter_atomic", copy_folio_from_iter_atomic, true, true
};

/*
 * Cursors: an iterator on its way, and where the model says it is
 */

struct cursor {
	struct iov_iter iter;
	size_t pos;	/* offset in source->data of the next byte */
	size_t left;	/* bytes up to the end, or to where it was truncated */
};

static struct cursor cursor_start(const struct source *src)
{
	return (struct cursor){ .iter = src->iter, .left = src->count };
}

/* Does the iterator yield what the model says, and no more? */
static void cursor_check(struct source *src, const struct cursor *cur)
{
	struct iov_iter rest = cur->iter;
	size_t readable = source_readable(src, cur->pos, cur->left);

	SOURCE_EQ(src, iov_iter_count(&cur->iter), cur->left);
	memset(src->rest, POISON, readable);
	SOURCE_EQ(src, copy_from_iter(src->rest, cur->left, &rest), readable);
	SOURCE_EQ(src, memcmp(src->rest, src->data + cur->pos, readable), 0);
	SOURCE_EQ(src, iov_iter_count(&rest), cur->left - readable);
}

static void cursor_moved(struct source *src, struct cursor *cur, ssize_t by)
{
	cur->pos += by;
	cur->left -= by;
	cursor_check(src, cur);
}

static void cursor_advance(struct source *src, struct cursor *cur, size_t bytes)
{
	scnprintf(src->step, sizeof(src->step), "advance %zu from %zu", bytes, cur->pos);
	iov_iter_advance(&cur->iter, bytes);
	cursor_moved(src, cur, min(bytes, cur->left));
}

static void cursor_revert(struct source *src, struct cursor *cur, size_t bytes)
{
	scnprintf(src->step, sizeof(src->step), "revert %zu from %zu", bytes, cur->pos);
	iov_iter_revert(&cur->iter, bytes);
	cursor_moved(src, cur, -(ssize_t)bytes);
}

/* Copy at most @bytes, of which the first @expected are copied, and no other. */
static void cursor_copy_expect(struct source *src, struct cursor *cur,
			       const struct copy_op *op, struct folio *folio,
			       size_t offset, size_t bytes, size_t expected)
{
	u8 *dst = folio_address(folio);
	size_t size = folio_size(folio);
	struct iov_iter before;
	size_t copied;

	scnprintf(src->step, sizeof(src->step), "%s of %zu from %zu to %zu",
		  op->name, bytes, cur->pos, offset);
	memset(dst, POISON, size);
	memcpy(&before, &cur->iter, sizeof(before));

	copied = op->copy(folio, offset, bytes, &cur->iter);

	SOURCE_EQ(src, copied, expected);
	SOURCE_NULL(src, memchr_inv(dst, POISON, offset));
	SOURCE_EQ(src, memcmp(dst + offset, src->data + cur->pos, copied), 0);
	SOURCE_NULL(src, memchr_inv(dst + offset + copied, POISON, size - offset - copied));
	if (!op->moves) {
		SOURCE_EQ(src, memcmp(&before, &cur->iter, sizeof(before)), 0);
		iov_iter_advance(&cur->iter, copied);
	}
	cursor_moved(src, cur, copied);
}

/* Returns how many bytes were copied. */
static size_t cursor_copy(struct source *src, struct cursor *cur, const struct copy_op *op,
			  struct folio *folio, size_t offset, size_t bytes)
{
	size_t expected = source_readable(src, cur->pos, min(bytes, cur->left));

	/* What may fault has to, and what may not finds its pages. */
	if (op->atomic)
		source_populate(src);
	else
		source_zap(src);
	cursor_copy_expect(src, cur, op, folio, offset, bytes, expected);
	return expected;
}

/*
 * Parameters: each type of iterator with each layout that it can express
 */

struct source_param {
	enum iter_type type;
	const struct layout *layout;
};

static const char * const type_names[] = {
	[ITER_UBUF]	= "ubuf",
	[ITER_IOVEC]	= "iovec",
	[ITER_BVEC]	= "bvec",
	[ITER_KVEC]	= "kvec",
	[ITER_FOLIOQ]	= "folioq",
	[ITER_XARRAY]	= "xarray",
};

static bool type_can_express(enum iter_type type, const struct layout *layout)
{
	switch (type) {
	case ITER_IOVEC:
		return true;
	case ITER_UBUF:
		return layout->nr_segs == 1;
	case ITER_KVEC:
	case ITER_BVEC:
		return !layout->hole_pages;
	default:
		return !layout->hole_pages && layout->nr_segs == 1;
	}
}

/* One parameter at a time is all KUnit looks at. */
static const void *next_source_param(const void *prev, char *desc, enum iter_type last)
{
	static struct source_param param;

	if (prev)
		param.layout++;
	else
		param = (struct source_param){ ITER_UBUF, layouts };

	for (; param.type <= last; param.type++, param.layout = layouts) {
		for (; param.layout < layouts + ARRAY_SIZE(layouts); param.layout++) {
			if (!type_can_express(param.type, param.layout))
				continue;
			snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s",
				 type_names[param.type], param.layout->name);
			return &param;
		}
	}
	return NULL;
}

static GENERATOR(source_gen_params)
{
	return next_source_param(prev, desc, ITER_XARRAY);
}

static GENERATOR(user_source_gen_params)
{
	return next_source_param(prev, desc, ITER_IOVEC);
}

static struct source *param_source(struct kunit *test, const struct hole_kind *kind)
{
	const struct source_param *param = test->param_value;
	const struct layout *layout = param->layout;
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), layout->nr_segs);
	struct source *src;

	if (layout->hole_pages)
		make_hole(um, kind, PAGES(HOLE), PAGES(layout->hole_pages));
	else
		kind = NULL;
	src = source_create(test, param->type, um, layout_segs(test, layout),
			    layout->nr_segs);
	src->hole = kind;
	scnprintf(src->name, sizeof(src->name), "%s hole", kind ? kind->name : "no");
	return src;
}

/* Run @fn with each kind of hole, or once if the layout has none. */
static void with_each_hole(struct kunit *test, void (*fn)(struct source *))
{
	const struct source_param *param = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hole_kinds); i++) {
		fn(param_source(test, &hole_kinds[i]));
		if (!param->layout->hole_pages)
			break;
	}
}

/*
 * Tests
 */

/* From start to end, or up to a hole, in steps of at most @step. */
static void walk(struct source *src, const struct copy_op *op, struct folio *folio, size_t step)
{
	const size_t offsets[] = { 0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1789 };
	size_t readable = source_readable(src, 0, src->count);
	struct cursor cur = cursor_start(src);
	size_t offset, copied;
	unsigned int i = 0;

	cursor_copy(src, &cur, op, folio, 0, 0);
	do {
		offset = offsets[i++ % ARRAY_SIZE(offsets)] % folio_size(folio);
		copied = cursor_copy(src, &cur, op, folio, offset,
				     min(step, folio_size(folio) - offset));
	} while (copied);
	SOURCE_EQ(src, cur.pos, readable);
	cursor_copy(src, &cur, op, folio, 0, 0);
}

static void copy_source(struct source *src)
{
	struct folio *small = alloc_folio(src->test, 0);
	struct folio *large = alloc_folio(src->test, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copy_ops); i++) {
		walk(src, &copy_ops[i], small, PAGE_SIZE);
		walk(src, &copy_ops[i], small, 1021);
		walk(src, &copy_ops[i], large, PAGES(4));
		walk(src, &copy_ops[i], large, PAGE_SIZE + 3);
		if (src->count <= 400)
			walk(src, &copy_ops[i], large, 1);
	}
}

static void copy(struct kunit *test)
{
	with_each_hole(test, copy_source);
}

/* copy_from_iter_full() copies all or leaves the iterator where it was. */
static void copy_full_source(struct source *src)
{
	size_t positions[] = { 0, src->count / 3, src->count };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		struct cursor cur = cursor_start(src);
		bool readable;

		cursor_advance(src, &cur, positions[i]);
		readable = source_readable(src, cur.pos, cur.left) == cur.left;

		source_zap(src);
		scnprintf(src->step, sizeof(src->step), "copy_from_iter_full from %zu", cur.pos);
		SOURCE_EQ(src, copy_from_iter_full(src->rest, cur.left, &cur.iter), readable);
		cursor_moved(src, &cur, readable ? cur.left : 0);
		SOURCE_EQ(src, copy_from_iter_full(src->rest, cur.left + 1, &cur.iter), false);
		cursor_check(src, &cur);
	}
}

static void copy_full(struct kunit *test)
{
	with_each_hole(test, copy_full_source);
}

/*
 * Positions where off-by-one lives: around segment borders, of which 16 at
 * most are taken, and around both ends.
 */
#define MAX_MARKS	56

static unsigned int source_marks(const struct source *src, size_t *marks)
{
	unsigned int i, nr = 0, every = DIV_ROUND_UP(src->nr_segs, 16);
	size_t border = 0;

	marks[nr++] = 0;
	marks[nr++] = min_t(size_t, 1, src->count);
	for (i = 0; i < src->nr_segs; i++) {
		border += src->seg_len[i];
		if (i % every)
			continue;
		if (border)
			marks[nr++] = border - 1;
		marks[nr++] = border;
		if (border < src->count)
			marks[nr++] = border + 1;
	}
	marks[nr++] = src->count;
	return nr;
}

/* Forward to one mark, back to another: across everything in between. */
static void advance_revert_source(struct source *src)
{
	size_t marks[MAX_MARKS];
	unsigned int a, b, nr = source_marks(src, marks);
	struct cursor cur;

	for (a = 0; a < nr; a++) {
		for (b = 0; b < nr; b++) {
			if (marks[b] > marks[a])
				continue;
			cur = cursor_start(src);
			cursor_advance(src, &cur, marks[a]);
			cursor_revert(src, &cur, marks[a] - marks[b]);
		}
	}

	/* The end is as far as it goes, and from there all the way back. */
	cur = cursor_start(src);
	cursor_advance(src, &cur, src->count + 1);
	cursor_advance(src, &cur, 1);
	cursor_revert(src, &cur, src->count);
}

static void advance_revert(struct kunit *test)
{
	with_each_hole(test, advance_revert_source);
}

/* What a caller does that could not use all that was copied. */
static void revert_after_copy_source(struct source *src)
{
	struct folio *folio = alloc_folio(src->test, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(copy_ops); i++) {
		struct cursor cur = cursor_start(src);
		size_t copied;

		do {
			copied = cursor_copy(src, &cur, &copy_ops[i], folio, 5, PAGES(3));
			cursor_revert(src, &cur, copied);
			cursor_copy(src, &cur, &copy_ops[i], folio, 6, PAGES(3));
			cursor_revert(src, &cur, copied / 2);
		} while (copied > 1);
	}
}

static void revert_after_copy(struct kunit *test)
{
	with_each_hole(test, revert_after_copy_source);
}

static void truncate_source(struct source *src)
{
	struct folio *folio = alloc_folio(src->test, 2);
	size_t marks[MAX_MARKS];
	unsigned int i, nr = source_marks(src, marks);

	for (i = 0; i < nr; i++) {
		struct cursor cur = cursor_start(src);
		size_t cut;

		scnprintf(src->step, sizeof(src->step), "truncate to %zu", marks[i]);
		iov_iter_truncate(&cur.iter, marks[i]);
		cut = cur.left - marks[i];
		cur.left = marks[i];
		cursor_check(src, &cur);
		/* A truncation can't lengthen. */
		iov_iter_truncate(&cur.iter, (u64)src->count + 1);
		cursor_check(src, &cur);

		cursor_copy(src, &cur, &copy_atomic_op, folio, 1, PAGES(2));
		cursor_advance(src, &cur, src->count);

		scnprintf(src->step, sizeof(src->step), "reexpand after %zu", marks[i]);
		iov_iter_reexpand(&cur.iter, iov_iter_count(&cur.iter) + cut);
		cur.left += cut;
		cursor_check(src, &cur);
		cursor_copy(src, &cur, &copy_atomic_op, folio, 1, PAGES(2));
	}
}

static void truncate_reexpand(struct kunit *test)
{
	with_each_hole(test, truncate_source);
}

/* Is the segment that the iterator is in, before it skips any, an empty one? */
static bool in_empty_segment(const struct source *src, const struct iov_iter *i)
{
	return (iter_is_iovec(i) || iov_iter_is_kvec(i) || iov_iter_is_bvec(i)) &&
	       i->nr_segs && !src->seg_len[src->nr_segs - i->nr_segs];
}

static void check_single_seg_count(struct source *src, struct cursor *cur)
{
	size_t expected = min(cur->left, source_seg_left(src, cur->pos));

	scnprintf(src->step, sizeof(src->step), "single_seg_count at %zu of %zu",
		  cur->pos, cur->pos + cur->left);
	if (in_empty_segment(src, &cur->iter))
		SOURCE_EQ(src, iov_iter_single_seg_count(&cur->iter), 0);
	else
		SOURCE_EQ(src, iov_iter_single_seg_count(&cur->iter), expected);

	cursor_advance(src, cur, 0);
	scnprintf(src->step, sizeof(src->step), "single_seg_count behind empty segments at %zu",
		  cur->pos);
	SOURCE_EQ(src, iov_iter_single_seg_count(&cur->iter), expected);
}

/*
 * The count belongs to the address that the iterator is at, so it is 0 in an
 * empty segment.  An iov_iter_advance() by 0 steps over those, and then 0 must
 * mean the end: a write falls back to this many bytes, and would spin.
 */
static void single_seg_count(struct kunit *test)
{
	struct source *src = param_source(test, &hole_kinds[0]);
	size_t marks[MAX_MARKS];
	unsigned int i, nr = source_marks(src, marks);
	struct cursor cur;

	for (i = 0; i < nr; i++) {
		/* by a single stride */
		cur = cursor_start(src);
		cursor_advance(src, &cur, marks[i]);
		check_single_seg_count(src, &cur);

		/* backwards */
		cur = cursor_start(src);
		cursor_advance(src, &cur, src->count);
		cursor_revert(src, &cur, src->count - marks[i]);
		check_single_seg_count(src, &cur);

		/* by a copy, as far as it gets: not every one skips what is empty */
		cur = cursor_start(src);
		cur.pos = copy_from_iter(src->rest, marks[i], &cur.iter);
		cur.left -= cur.pos;
		check_single_seg_count(src, &cur);

		/* with the end moved forward */
		cur = cursor_start(src);
		iov_iter_truncate(&cur.iter, marks[i]);
		cur.left = marks[i];
		check_single_seg_count(src, &cur);
	}
}

/* The fallback of a write that can't copy a batch gets to the end, or to a hole. */
static void copy_by_segment_source(struct source *src)
{
	struct folio *folio = alloc_folio(src->test, 2);
	struct cursor cur = cursor_start(src);
	size_t segment;

	do {
		cursor_advance(src, &cur, 0);
		segment = min(iov_iter_single_seg_count(&cur.iter), PAGES(4));
	} while (cursor_copy(src, &cur, &copy_atomic_op, folio, 0, segment));
	SOURCE_EQ(src, cur.pos, source_readable(src, 0, src->count));
}

static void copy_by_segment(struct kunit *test)
{
	with_each_hole(test, copy_by_segment_source);
}

/* The iterator ends with a full folio_queue, to which another is then added. */
static void single_seg_count_folioq_extended(struct kunit *test)
{
	const struct user_seg seg = { 0, PAGES(MEM_PAGES) };
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	struct source *src = source_create(test, ITER_FOLIOQ, um, &seg, 1);
	struct folio_queue *first, *second;
	struct cursor cur = cursor_start(src);
	size_t first_size = 0;
	unsigned int slot;

	first = (struct folio_queue *)src->iter.folioq;
	for (slot = 0; slot < folioq_nr_slots(first); slot++)
		first_size += folioq_folio_size(first, slot);
	second = source_alloc(src, 1, sizeof(*second));
	plain_folioq_init(second);
	folioq_append(second, alloc_folio(test, 3));
	second->prev = first;
	first->next = NULL;

	/* Not checked on the way: the model doesn't know the new folio's data. */
	iov_iter_truncate(&cur.iter, first_size);
	KUNIT_ASSERT_EQ(test, copy_from_iter(src->rest, first_size, &cur.iter), first_size);
	KUNIT_EXPECT_EQ(test, iov_iter_single_seg_count(&cur.iter), 0);
	first->next = second;
	iov_iter_reexpand(&cur.iter, PAGES(8));
	KUNIT_EXPECT_EQ(test, iov_iter_single_seg_count(&cur.iter), PAGES(8));
}

static void fault_in_at(struct source *src, size_t pos, size_t size)
{
	struct cursor cur = cursor_start(src);
	struct iov_iter before;
	size_t readable, copied;

	cursor_advance(src, &cur, pos);
	memcpy(&before, &cur.iter, sizeof(before));
	source_zap(src);
	scnprintf(src->step, sizeof(src->step), "fault in %zu from %zu", size, pos);

	if (!user_backed_iter(&src->iter)) {
		SOURCE_EQ(src, fault_in_iov_iter_readable(&cur.iter, size), 0);
		return;
	}

	readable = source_readable(src, cur.pos, min(size, cur.left));
	SOURCE_EQ(src, fault_in_iov_iter_readable(&cur.iter, size), size - readable);
	SOURCE_EQ(src, memcmp(&before, &cur.iter, sizeof(before)), 0);

	/* What it says is there must be there. */
	memset(src->rest, POISON, readable);
	pagefault_disable();
	copied = copy_from_iter(src->rest, readable, &cur.iter);
	pagefault_enable();
	SOURCE_EQ(src, copied, readable);
	SOURCE_EQ(src, memcmp(src->rest, src->data + cur.pos, readable), 0);
	cursor_moved(src, &cur, copied);
}

static void fault_in_readable_source(struct source *src)
{
	size_t positions[] = { 0, src->count / 3, src->count - !!src->count, src->count };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		size_t left = src->count - positions[i];
		size_t sizes[] = {
			0, 1, left / 2, left - !!left, left, left + 1, left + PAGES(3), SIZE_MAX,
		};

		for (j = 0; j < ARRAY_SIZE(sizes); j++)
			fault_in_at(src, positions[i], sizes[j]);
	}
}

static void fault_in_for_reading(struct kunit *test)
{
	with_each_hole(test, fault_in_readable_source);
}

/* The same for the other direction, where it is PROT_WRITE that counts. */
static void fault_in_writeable_source(struct source *src)
{
	const struct source_param *param = src->test->param_value;
	size_t sizes[] = { 0, 1, src->count / 2, src->count, src->count + 1, SIZE_MAX };
	size_t copied, writable, pos;
	unsigned int i;

	for (pos = 0; pos < src->count; pos++)
		src->good[pos] = !src->hole || src->hole->prot == PROT_WRITE ||
				 src->page[pos] < HOLE ||
				 src->page[pos] >= HOLE + param->layout->hole_pages;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct iov_iter to = src->iter;

		to.data_source = ITER_DEST;
		writable = source_readable(src, 0, min(sizes[i], src->count));
		source_zap(src);
		scnprintf(src->step, sizeof(src->step), "fault in %zu for writing", sizes[i]);
		if (!user_backed_iter(&to)) {
			SOURCE_EQ(src, fault_in_iov_iter_writeable(&to, sizes[i]), 0);
			continue;
		}
		SOURCE_EQ(src, fault_in_iov_iter_writeable(&to, sizes[i]), sizes[i] - writable);
		SOURCE_EQ(src, iov_iter_count(&to), src->count);

		pagefault_disable();
		copied = copy_to_iter(src->data, writable, &to);
		pagefault_enable();
		SOURCE_EQ(src, copied, writable);
	}
}

static void fault_in_for_writing(struct kunit *test)
{
	with_each_hole(test, fault_in_writeable_source);
}

/*
 * A page goes away between fault-in and copy.  The copy with page faults
 * disabled ends there, and after another fault-in goes on from there.
 */
static void zapped_source(struct source *src)
{
	struct folio *folio = alloc_folio(src->test, 2);
	unsigned int page, i;

	for (page = 0; page < MEM_PAGES; page++) {
		const u8 *zapped = memchr(src->page, page, src->count);
		size_t limit = source_readable(src, 0, zapped ? zapped - src->page : 0);

		if (!zapped)
			continue;

		for (i = 0; i < ARRAY_SIZE(copy_ops); i++) {
			const struct copy_op *op = &copy_ops[i];
			struct cursor cur = cursor_start(src);
			size_t bytes, expected;

			if (!op->atomic)
				continue;
			do {
				bytes = min(cur.left, PAGES(4) - 1);
				expected = min(bytes, limit - cur.pos);
				source_populate(src);
				user_mem_zap(src->um, PAGES(page), PAGE_SIZE);
				cursor_copy_expect(src, &cur, op, folio, 1, bytes, expected);
			} while (expected);

			bytes = min(cur.left, PAGES(4) - 1);
			expected = source_readable(src, cur.pos, bytes);
			user_mem_zap(src->um, PAGES(page), PAGE_SIZE);
			SOURCE_EQ(src, fault_in_iov_iter_readable(&cur.iter, bytes),
				  bytes - expected);
			cursor_copy_expect(src, &cur, op, folio, 1, bytes, expected);
		}
	}
}

static void zapped_before_atomic_copy(struct kunit *test)
{
	with_each_hole(test, zapped_source);
}

/* Kernel memory is not user memory, whatever an iterator says. */
static void kernel_address(struct kunit *test)
{
	struct folio *from = alloc_folio(test, 0), *to = alloc_folio(test, 2);
	void __user *address = (void __user *)folio_address(from);
	struct iovec iov[] = { { address, 100 }, { address, PAGE_SIZE } };
	struct iov_iter iters[2];
	unsigned int i, j;

	iov_iter_ubuf(&iters[0], ITER_SOURCE, address, PAGE_SIZE);
	iov_iter_init(&iters[1], ITER_SOURCE, iov, ARRAY_SIZE(iov), 100 + PAGE_SIZE);
	user_mem_create(test, PAGE_SIZE, 1);
	memset(folio_address(to), POISON, folio_size(to));

	for (i = 0; i < ARRAY_SIZE(iters); i++) {
		size_t count = iov_iter_count(&iters[i]);

		KUNIT_EXPECT_EQ(test, fault_in_iov_iter_readable(&iters[i], count), count);
		for (j = 0; j < ARRAY_SIZE(copy_ops); j++) {
			KUNIT_EXPECT_EQ_MSG(test, copy_ops[j].copy(to, 10, 200, &iters[i]), 0,
					    "%s", copy_ops[j].name);
			KUNIT_EXPECT_EQ(test, iov_iter_count(&iters[i]), count);
		}
	}
	KUNIT_EXPECT_NULL(test, memchr_inv(folio_address(to), POISON, folio_size(to)));
}

/* An ITER_XARRAY must not pass off the data behind a missing folio as its own. */
static void xarray_ends_at_a_missing_folio(struct kunit *test)
{
	static const unsigned int missing[] = { 0, 1, 8, MEM_PAGES - 1 };
	const struct user_seg seg = { 700, PAGES(MEM_PAGES) - 700 };
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	struct source *src = source_create(test, ITER_XARRAY, um, &seg, 1);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(missing); i++) {
		source_xarray(src, &seg, missing[i]);
		for (j = 0; j < src->count; j++)
			src->good[j] = src->page[j] != missing[i];
		scnprintf(src->name, sizeof(src->name), "folio %u missing", missing[i]);
		copy_source(src);
	}
}

/*
 * Who fills an ITER_XARRAY, or takes from it, by other means: up to @bytes of @folio.
 */

static size_t fill(struct folio *folio, size_t bytes, struct iov_iter *i)
{
	return copy_to_iter(folio_address(folio), bytes, i);
}

static size_t fill_from_page(struct folio *folio, size_t bytes, struct iov_iter *i)
{
	return copy_page_to_iter_nofault(folio_page(folio, 0), 0, bytes, i);
}

static size_t fill_with_zeroes(struct folio *folio, size_t bytes, struct iov_iter *i)
{
	memset(folio_address(folio), 0, bytes);
	return iov_iter_zero(bytes, i);
}

static size_t take_nocache(struct folio *folio, size_t bytes, struct iov_iter *i)
{
	return copy_from_iter_nocache(folio_address(folio), bytes, i);
}

static const struct xarray_op {
	const char *name;
	unsigned int direction;
	size_t (*run)(struct folio *folio, size_t bytes, struct iov_iter *i);
} xarray_ops[] = {
	{ "copy_to_iter", ITER_DEST, fill },
	{ "copy_page_to_iter_nofault", ITER_DEST, fill_from_page },
	{ "iov_iter_zero", ITER_DEST, fill_with_zeroes },
	{ "copy_from_iter_nocache", ITER_SOURCE, take_nocache },
};

/* The folios of @xa hold what @src->rest has, from @seg->offset on. */
static void check_xarray(struct source *src, struct xarray *xa, const struct user_seg *seg)
{
	unsigned long index;
	struct folio *folio;

	xa_for_each(xa, index, folio) {
		size_t start = PAGES(index - XARRAY_INDEX);
		size_t skip = start < seg->offset ? seg->offset - start : 0;
		u8 *bytes = folio_address(folio);

		SOURCE_EQ(src, memcmp(bytes, src->um->shadow + start, skip), 0);
		SOURCE_EQ(src, memcmp(bytes + skip, src->rest + start + skip - seg->offset,
				      folio_size(folio) - skip), 0);
	}
}

/* By each operation, up to the missing folio; what is behind it is not touched. */
static void xarray_ends_for_all(struct kunit *test)
{
	static const unsigned int missing[] = { 0, 1, 8, MEM_PAGES - 1 };
	const struct user_seg seg = { 700, PAGES(MEM_PAGES) - 700 };
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), 1);
	struct folio *folio = alloc_folio(test, 1);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(missing); i++)
		for (j = 0; j < ARRAY_SIZE(xarray_ops); j++) {
			const struct xarray_op *op = &xarray_ops[j];
			struct source *src = source_create(test, ITER_XARRAY, um, &seg, 1);
			size_t end = missing[i] ? PAGES(missing[i]) - seg.offset : 0;
			size_t done = 0, n;

			source_xarray(src, &seg, missing[i]);
			memcpy(src->rest, src->data, src->count);
			src->iter.data_source = op->direction;
			scnprintf(src->step, sizeof(src->step), "%s, folio %u missing",
				  op->name, missing[i]);
			do {
				memset(folio_address(folio), POISON, folio_size(folio));
				n = op->run(folio, PAGE_SIZE + 3, &src->iter);
				if (op->direction == ITER_DEST)
					memcpy(src->rest + done, folio_address(folio), n);
				else
					SOURCE_EQ(src, memcmp(folio_address(folio),
							      src->data + done, n), 0);
				done += n;
			} while (n && done <= end);
			SOURCE_EQ(src, done, end);
			SOURCE_EQ(src, iov_iter_count(&src->iter), seg.len - end);
			check_xarray(src, src->iter.xarray, &seg);
		}
}

#ifdef CONFIG_IOV_ITER_PEEK
/* A peek is the copy that would follow, any number of times. */
static void peek_equals_copy_source(struct source *src)
{
	struct folio *peeked = alloc_folio(src->test, 2), *copied = alloc_folio(src->test, 2);
	const size_t steps[] = { 1021, PAGE_SIZE, PAGES(3) };
	unsigned int i, times;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		size_t step = steps[i], n, again;
		struct iov_iter iter = src->iter;

		source_populate(src);
		do {
			scnprintf(src->step, sizeof(src->step), "peek %zu, %zu left", step,
				  iov_iter_count(&iter));
			memset(folio_address(peeked), POISON, folio_size(peeked));
			memset(folio_address(copied), POISON, folio_size(copied));
			for (times = 0; times < 3; times++)
				n = peek(peeked, 99, step, &iter);
			again = copy_folio_from_iter(copied, 99, step, &iter);
			SOURCE_EQ(src, n, again);
			SOURCE_EQ(src, memcmp(folio_address(peeked), folio_address(copied),
					      folio_size(copied)), 0);
		} while (n);
	}
}

static void peek_equals_copy(struct kunit *test)
{
	with_each_hole(test, peek_equals_copy_source);
}
#endif

/*
 * Random layouts, random holes, random walks
 */

#define RANDOM_SEEDS	8
#define RANDOM_STEPS	150

struct random_param {
	enum iter_type type;
	u32 seed;
};

static GENERATOR(random_gen_params)
{
	static struct random_param param;

	if (!prev)
		param = (struct random_param){ ITER_UBUF, 1 };
	else if (++param.seed > RANDOM_SEEDS)
		param = (struct random_param){ param.type + 1, 1 };
	if (param.type > ITER_XARRAY)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, seed %u", type_names[param.type], param.seed);
	return &param;
}

/* Anything in [@from, @to], the ends of pages more often than their middle. */
static size_t random_between(struct rnd_state *rnd, size_t from, size_t to)
{
	size_t value = from + prandom_u32_state(rnd) % (to - from + 1);

	if (prandom_u32_state(rnd) % 3 == 0)
		value = round_up(value, PAGE_SIZE) + prandom_u32_state(rnd) % 3 - 1;
	return clamp(value, from, to);
}

static struct source *random_source(struct kunit *test, struct rnd_state *rnd)
{
	static const unsigned int nr_segs[] = { 1, 2, 5, 17, 100 };
	const struct random_param *param = test->param_value;
	struct user_mem *um = user_mem_create(test, PAGES(MEM_PAGES), param->seed);
	bool user_backed = param->type == ITER_UBUF || param->type == ITER_IOVEC;
	bool vector = param->type == ITER_IOVEC || param->type == ITER_KVEC ||
		      param->type == ITER_BVEC;
	unsigned int i, nr = 1;
	struct user_seg *segs;
	struct source *src;

	if (vector)
		nr = nr_segs[prandom_u32_state(rnd) % ARRAY_SIZE(nr_segs)];
	segs = kunit_kcalloc(test, nr, sizeof(*segs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, segs);
	for (i = 0; i < nr; i++) {
		size_t longest = nr == 1 ? um->len : min(um->len, PAGES(50) / nr);

		if (vector && prandom_u32_state(rnd) % 3 == 0)
			longest = 0;
		segs[i].len = random_between(rnd, 0, longest);
		segs[i].offset = random_between(rnd, 0, um->len - segs[i].len);
	}
	for (i = 0; i < MEM_PAGES && user_backed; i++)
		if (prandom_u32_state(rnd) % 16 == 0)
			make_hole(um, &hole_kinds[prandom_u32_state(rnd) % ARRAY_SIZE(hole_kinds)],
				  PAGES(i), PAGE_SIZE);

	src = source_create(test, param->type, um, segs, nr);
	scnprintf(src->name, sizeof(src->name), "%s, seed %u", type_names[param->type],
		  param->seed);
	return src;
}

static void random_walk(struct kunit *test)
{
	const struct random_param *param = test->param_value;
	struct folio *folio = alloc_folio(test, 2);
	struct rnd_state rnd;
	struct source *src;
	struct cursor cur;
	unsigned int step;

	prandom_seed_state(&rnd, param->seed);
	src = random_source(test, &rnd);
	cur = cursor_start(src);

	for (step = 0; step < RANDOM_STEPS; step++) {
		u32 nr_op = prandom_u32_state(&rnd) % ARRAY_SIZE(copy_ops);
		const struct copy_op *op = &copy_ops[nr_op];
		size_t offset = random_between(&rnd, 0, folio_size(folio));
		size_t bytes = random_between(&rnd, 0, folio_size(folio) - offset);
		size_t cut;

		switch (prandom_u32_state(&rnd) % 8) {
		case 0:
			cursor_advance(src, &cur, random_between(&rnd, 0, cur.left + 1));
			break;
		case 1:
			cursor_revert(src, &cur, random_between(&rnd, 0, cur.pos));
			break;
		case 2:
			fault_in_at(src, cur.pos, random_between(&rnd, 0, cur.left + 1));
			break;
		case 3:
			/* Nothing is mapped: an atomic copy gets nowhere. */
			if (op->atomic && user_backed_iter(&src->iter)) {
				source_zap(src);
				cursor_copy_expect(src, &cur, op, folio, offset, bytes, 0);
			}
			break;
		case 4:
			cut = random_between(&rnd, 0, cur.left);
			iov_iter_truncate(&cur.iter, cur.left - cut);
			cur.left -= cut;
			cursor_copy(src, &cur, op, folio, offset, bytes);
			iov_iter_reexpand(&cur.iter, iov_iter_count(&cur.iter) + cut);
			cur.left += cut;
			break;
		default:
			cursor_copy(src, &cur, op, folio, offset, bytes);
		}
		cursor_check(src, &cur);
	}
}

static struct kunit_case iov_iter_write_cases[] = {
	KUNIT_CASE_PARAM(copy, source_gen_params),
	KUNIT_CASE_PARAM(copy_full, source_gen_params),
	KUNIT_CASE_PARAM(advance_revert, source_gen_params),
	KUNIT_CASE_PARAM(revert_after_copy, source_gen_params),
	KUNIT_CASE_PARAM(truncate_reexpand, source_gen_params),
	KUNIT_CASE_PARAM(single_seg_count, source_gen_params),
	KUNIT_CASE_PARAM(copy_by_segment, source_gen_params),
	KUNIT_CASE(single_seg_count_folioq_extended),
	KUNIT_CASE_PARAM(fault_in_for_reading, source_gen_params),
	KUNIT_CASE_PARAM(fault_in_for_writing, source_gen_params),
	KUNIT_CASE_PARAM(zapped_before_atomic_copy, user_source_gen_params),
	KUNIT_CASE(kernel_address),
	KUNIT_CASE(xarray_ends_at_a_missing_folio),
	KUNIT_CASE(xarray_ends_for_all),
#ifdef CONFIG_IOV_ITER_PEEK
	KUNIT_CASE_PARAM(peek_equals_copy, source_gen_params),
#endif
	KUNIT_CASE_PARAM(random_walk, random_gen_params),
	{}
};

static struct kunit_suite iov_iter_write_suite = {
	.name = "iov_iter_write",
	.test_cases = iov_iter_write_cases,
};

kunit_test_suite(iov_iter_write_suite);

MODULE_DESCRIPTION("KUnit: iov_iter as the source of a buffered write");
MODULE_LICENSE("GPL");
