// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for buffered writes through buffer heads: block_write_begin(),
 * block_write_end(), folio_zero_new_buffers() and generic_write_end(), over a
 * file whose block map the test controls.
 *
 * Most tests write a file of known blocks in every way that differs, one
 * thing going wrong at every place where it can, and compare the result with
 * the model: in the page cache, on disk, and read back from disk.  What can't
 * be placed through generic_perform_write() calls the functions directly.
 */
#include <kunit/test.h>
#include <linux/blkdev.h>
#include <linux/highmem.h>
#include <linux/mman.h>
#ifdef CONFIG_BLOCK_PERFORM_WRITE
#include <linux/pagecache_write.h>
#endif
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/sched/signal.h>

#include "block_file.h"
#include "compat.h"
#include "fail_write_copy.h"
#include "test_disk.h"
#include "user_mem.h"
#include "write_file.h"

/* In the middle of a block, whatever its size. */
#define FILE_SIZE	(5 * PAGE_SIZE + 100)
#define SOURCE_SIZE	(8 * PAGE_SIZE)
/* Enough to tell a call that makes progress from one that never ends. */
#define NEVER_ENDS	1000

/* How the file is written: which aops generic_perform_write() finds. */
struct write_path {
	const char *name;
	const struct address_space_operations *aops;
};

static const struct write_path write_paths[] = {
	{ "write_begin", &block_file_aops },
#ifdef CONFIG_BLOCK_PERFORM_WRITE
	{ "batch", &block_file_batch_aops },
#endif
};

static const unsigned int block_sizes[] = { 1024, 2048, 4096 };

/* Kinds of blocks, as block_file_reset() takes them. */
struct block_pattern {
	const char *name;
	const char *kinds;
};

static const struct block_pattern block_patterns[] = {
	{ "mapped",		"M" },
	{ "holes",		"H" },
	{ "delayed",		"D" },
	{ "unwritten",		"U" },
	{ "mapped and holes",	"MH" },
	{ "all kinds",		"UMDHM" },
};

/* What the page cache has of the file before the write. */
enum cached {
	CACHED_NOTHING,
	CACHED_A_BLOCK,		/* the second half of each page, if that is a block */
	CACHED_ALL,
	NR_CACHED,
};

static const char * const cached_names[] = {
	[CACHED_NOTHING]	= "cold",
	[CACHED_A_BLOCK]	= "partly cached",
	[CACHED_ALL]		= "cached",
};

struct write_test {
	struct kunit *test;
	struct test_disk *disk;
	struct block_file *bf;
	struct write_file *wf;
	struct user_mem *um;
	const struct write_path *path;
	const struct block_pattern *pattern;
	enum cached cached;
	unsigned int blocksize;
};

/*
 * Parameters are numbers, one more than the index of a combination; block
 * size and path come first so that tests which need no more share the code.
 */
#define NR_SIZES	(ARRAY_SIZE(block_sizes) * ARRAY_SIZE(write_paths))
#define NR_COMBINATIONS	(NR_SIZES * ARRAY_SIZE(block_patterns) * NR_CACHED)

static void decode(unsigned long index, struct write_test *wt)
{
	wt->blocksize = block_sizes[index % ARRAY_SIZE(block_sizes)];
	index /= ARRAY_SIZE(block_sizes);
	wt->path = &write_paths[index % ARRAY_SIZE(write_paths)];
	index /= ARRAY_SIZE(write_paths);
	wt->pattern = &block_patterns[index % ARRAY_SIZE(block_patterns)];
	index /= ARRAY_SIZE(block_patterns);
	wt->cached = index;
}

static const void *next_size(unsigned long index, char *desc)
{
	struct write_test wt;

	if (index >= NR_SIZES)
		return NULL;
	decode(index, &wt);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %uk blocks",
		 wt.path->name, wt.blocksize / 1024);
	return (void *)(index + 1);
}

static const void *next_combination(unsigned long index, char *desc)
{
	struct write_test wt;

	if (index >= NR_COMBINATIONS)
		return NULL;
	decode(index, &wt);
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %uk blocks, %s, %s",
		 wt.path->name, wt.blocksize / 1024, wt.pattern->name,
		 cached_names[wt.cached]);
	return (void *)(index + 1);
}

#ifdef CONFIG_FAIL_WRITE_COPY
/* With a cold page cache only, which comes first: every block is asked for. */
static GENERATOR(cold_gen_params)
{
	unsigned long index = (unsigned long)prev;

	return index < NR_COMBINATIONS / NR_CACHED ? next_combination(index, desc) : NULL;
}
#endif

static GENERATOR(sizes_gen_params)
{
	return next_size((unsigned long)prev, desc);
}

static GENERATOR(combinations_gen_params)
{
	return next_combination((unsigned long)prev, desc);
}

/* For tests that are about one of the paths: the next index with that one. */
static unsigned long next_with_path(const void *prev, const struct write_path *path)
{
	unsigned long index = (unsigned long)prev;
	struct write_test wt;

	for (decode(index, &wt); wt.path != path; decode(index, &wt))
		index++;
	return index;
}

/* Also for tests that call block_write_begin() by themselves. */
static GENERATOR(write_begin_sizes_gen_params)
{
	return next_size(next_with_path(prev, &write_paths[0]), desc);
}

static GENERATOR(write_begin_combinations_gen_params)
{
	return next_combination(next_with_path(prev, &write_paths[0]), desc);
}

#ifdef CONFIG_BLOCK_PERFORM_WRITE
static GENERATOR(batch_sizes_gen_params)
{
	return next_size(next_with_path(prev, &write_paths[1]), desc);
}
#endif

#ifdef CONFIG_BLOCK_PERFORM_WRITE
/* With a cold page cache only: the folios are the test's own. */
static GENERATOR(batch_cold_gen_params)
{
	unsigned long index = next_with_path(prev, &write_paths[1]);

	return index < NR_COMBINATIONS / NR_CACHED ? next_combination(index, desc) : NULL;
}
#endif

static struct test_disk *suite_disk;

static int buffer_write_suite_init(struct kunit_suite *suite)
{
	suite_disk = test_disk_create_claimed(BLOCK_FILE_DISK_SIZE);
	return PTR_ERR_OR_ZERO(suite_disk);
}

static void buffer_write_suite_exit(struct kunit_suite *suite)
{
	test_disk_destroy(suite_disk);
}

static int buffer_write_init(struct kunit *test)
{
	struct write_test *wt = kunit_kzalloc(test, sizeof(*wt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, wt);
	KUNIT_ASSERT_NOT_NULL(test, test->param_value);
	decode((unsigned long)test->param_value - 1, wt);
	write_file_poison_free_memory(test);
	wt->test = test;
	wt->disk = suite_disk;
	wt->bf = block_file_create(test, wt->disk, wt->blocksize, wt->path->aops);
	wt->wf = wt->bf->wf;
	wt->um = user_mem_create(test, SOURCE_SIZE, 1);
	test->priv = wt;
	return 0;
}

/*
 * Write without write_file_write(), which then reads the file, so that only
 * what the write itself brings in is cached.
 */
static void write_unchecked(struct write_test *wt, loff_t pos, size_t len)
{
	struct kvec kvec = { wt->um->shadow, len };
	struct iov_iter iter;
	struct kiocb iocb;
	ssize_t written;

	init_sync_kiocb(&iocb, wt->wf->file);
	iocb.ki_pos = pos;
	iov_iter_kvec(&iter, ITER_SOURCE, &kvec, 1, len);
	inode_lock(wt->bf->inode);
	written = generic_perform_write(&iocb, &iter);
	inode_unlock(wt->bf->inode);
	KUNIT_EXPECT_EQ(wt->test, written, len);
	memcpy(wt->wf->model + pos, wt->um->shadow, len);
	wt->wf->size = max_t(loff_t, wt->wf->size, pos + len);
}

/* A file of FILE_SIZE, its blocks and its page cache as they are to be. */
static void fresh_file_of(struct write_test *wt, const char *kinds, enum cached cached)
{
	loff_t pos;

	block_file_reset(wt->bf, kinds, FILE_SIZE, 2);
	switch (cached) {
	case CACHED_A_BLOCK:
		for (pos = round_down(PAGE_SIZE / 2, wt->blocksize);
		     pos + wt->blocksize <= FILE_SIZE; pos += PAGE_SIZE)
			write_unchecked(wt, pos, wt->blocksize);
		break;
	case CACHED_ALL:
		write_file_check(wt->wf);
		break;
	default:
		break;
	}
}

static void fresh_file(struct write_test *wt)
{
	fresh_file_of(wt, wt->pattern->kinds, wt->cached);
}

/* Write what @ui yields, and compare with the model. */
static ssize_t write_iter(struct write_test *wt, loff_t pos, struct user_iter *ui)
{
	ssize_t written = write_file_write(wt->wf, pos, &ui->iter, ui->source);

	/* Errors are for the write, not for what follows. */
	wt->bf->fail_error = 0;
	wt->bf->on_lock = NULL;
	block_file_check(wt->bf);
	return written;
}

/* Write user memory from @source on, and compare with the model. */
static ssize_t write_user(struct write_test *wt, loff_t pos, size_t source, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, wt->um, source, len);
	return write_iter(wt, pos, &ui);
}

static void expect_written(struct write_test *wt, ssize_t expected, ssize_t written)
{
	KUNIT_EXPECT_EQ_MSG(wt->test, expected, written, "return value, %s", wt->wf->label);
}

/*
 * A place in the file.  Half a block is the smallest distance that makes a
 * difference, apart from single bytes.
 */
struct place {
	int pages;
	int half_blocks;
	int bytes;
};

struct geometry {
	const char *name;
	bool from_end;			/* places are relative to the end of file */
	struct place start, end;
};

static const struct geometry geometries[] = {
	{ "a block",			false, { 0, 2 },	{ 0, 4 } },
	{ "start of a block",		false, { 0, 2 },	{ 0, 3 } },
	{ "end of a block",		false, { 0, 1 },	{ 0, 2 } },
	{ "middle of a block",		false, { 0, 2, 10 },	{ 0, 3, 10 } },
	{ "first byte of a block",	false, { 1, 2 },	{ 1, 2, 1 } },
	{ "last byte of a block",	false, { 1, 2, -1 },	{ 1, 2 } },
	{ "across a block border",	false, { 0, 1 },	{ 0, 3 } },
	{ "middle to middle of a page",	false, { 0, 1 },	{ 0, 5 } },
	{ "a page",			false, { 1, 0 },	{ 2, 0 } },
	{ "across a page border",	false, { 1, 0, -100 },	{ 1, 0, 200 } },
	{ "blocks at a page border",	false, { 1, -2 },	{ 1, 2 } },
	{ "pages",			false, { 1, 0 },	{ 3, 0 } },
	{ "several pages, in blocks",	false, { 0, 2 },	{ 3, 2 } },
	{ "several pages, mid-block",	false, { 0, 1 },	{ 3, 1 } },
	{ "append",			true,  { 0, 0 },	{ 1, 0, 200 } },
	{ "append within the block",	true,  { 0, 0 },	{ 0, 0, 50 } },
	{ "across the end",		true,  { 0, -1 },	{ 0, 3 } },
	{ "gap within the block",	true,  { 0, 0, 60 },	{ 0, 0, 160 } },
	{ "gap of a block",		true,  { 0, 3 },	{ 0, 6 } },
	{ "gap up to a block border",	true,  { 1, 0, -100 },	{ 1, 1 } },
	{ "gap of pages",		true,  { 2, 0, 7 },	{ 3, 1, 50 } },
};

/* What next_span() and next_stop() step through: writes, and where they stop. */
struct span {
	const char *name;
	bool from_end;
	loff_t pos, end;
	size_t len;
	size_t stop;		/* after so many bytes */

	unsigned int nr, nr_stop;
};

static loff_t locate(struct write_test *wt, const struct geometry *geo,
		     const struct place *place)
{
	return (geo->from_end ? FILE_SIZE : 0) + place->pages * (loff_t)PAGE_SIZE +
	       place->half_blocks * (int)(wt->blocksize / 2) + place->bytes;
}

/* The first failure ends a test: what follows would mostly repeat it. */
static bool next_span(struct write_test *wt, struct span *span)
{
	const struct geometry *geo = &geometries[span->nr];

	if (span->nr == ARRAY_SIZE(geometries) || write_file_failed(wt->wf))
		return false;
	span->nr++;
	span->nr_stop = 0;
	span->name = geo->name;
	span->from_end = geo->from_end;
	span->pos = locate(wt, geo, &geo->start);
	span->end = locate(wt, geo, &geo->end);
	span->len = span->end - span->pos;
	return true;
}

static bool within_page(const struct span *span)
{
	return span->pos / PAGE_SIZE == (span->end - 1) / PAGE_SIZE;
}

/* Not a division: 32-bit machines can't divide a loff_t. */
static sector_t block_at(struct write_test *wt, loff_t pos)
{
	return pos >> wt->bf->blkbits;
}

static bool leaves_gap(const struct span *span)
{
	return span->pos > FILE_SIZE;
}

/* Places at which a copy is stopped: around the borders of blocks and pages. */
static bool next_stop(struct write_test *wt, struct span *span)
{
	unsigned int half = wt->blocksize / 2;
	loff_t block = round_up(span->pos + 1, wt->blocksize);
	loff_t page = round_up(span->pos + 1, PAGE_SIZE);
	const loff_t stops[] = {
		span->pos, span->pos + 1, block - 1, block, block + half,
		block + 2 * half, page, page + 1, page + half, span->end - 1,
	};

	while (span->nr_stop < ARRAY_SIZE(stops) && !write_file_failed(wt->wf)) {
		unsigned int n = span->nr_stop++;
		unsigned int same = 0;

		if (stops[n] < span->pos || stops[n] >= span->end)
			continue;
		while (stops[same] != stops[n])
			same++;
		if (same < n)
			continue;
		span->stop = stops[n] - span->pos;
		return true;
	}
	return false;
}

/* Nothing goes wrong. */
static void whole_copy(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		write_file_label(wt->wf, "%s", span.name);
		fresh_file(wt);
		expect_written(wt, span.len, write_user(wt, span.pos, 0, span.len));
		block_file_evict(wt->bf);
	}
}

/*
 * Where in user memory a write must start for a page of it to begin @before
 * bytes further on, and which page that is.
 */
static size_t source_before_page(size_t before, size_t *page)
{
	*page = (before / PAGE_SIZE + 1) * PAGE_SIZE;
	return *page - before;
}

/* From some byte on, the source can't be read, now or ever. */
static void source_ends(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		while (next_stop(wt, &span)) {
			size_t page, source = source_before_page(span.stop, &page);

			write_file_label(wt->wf, "%s, no source for %zu", span.name,
					 span.stop);
			fresh_file(wt);
			user_mem_protect(wt->um, page, SOURCE_SIZE - page, PROT_NONE);
			expect_written(wt, span.stop ?: -EFAULT,
				       write_user(wt, span.pos, source, span.len));
			user_mem_protect(wt->um, page, SOURCE_SIZE - page,
					 PROT_READ | PROT_WRITE);
			block_file_evict(wt->bf);
		}
	}
}

/*
 * What happens under the folio lock, between fault-in and copy: the source is
 * zapped from @page on, @times times; then perhaps the caller is killed, or
 * the disk fills up.
 */
struct disturbance {
	struct user_mem *um;
	size_t page;
	unsigned int times;
	unsigned int done;
	bool kill;
	int error;
	sector_t error_block;
};

static void disturb(struct block_file *bf)
{
	struct disturbance *d = bf->on_lock_data;

	if (d->done == d->times)
		return;
	d->done++;
	user_mem_zap(d->um, d->page, d->um->len - d->page);
	if (d->kill)
		send_sig(SIGKILL, current, 1);
	if (d->error) {
		bf->fail_error = d->error;
		bf->fail_block = d->error_block;
	}
}

static ssize_t write_disturbed(struct write_test *wt, loff_t pos, size_t source,
			       size_t len, struct disturbance *d)
{
	d->um = wt->um;
	wt->bf->on_lock_data = d;
	wt->bf->on_lock = disturb;
	return write_user(wt, pos, source, len);
}

/* From some byte on, the source needs another fault; after that it is there. */
static void source_zapped(struct kunit *test)
{
	static const unsigned int times[] = { 1, 20 };
	struct write_test *wt = test->priv;
	struct span span = {};
	unsigned int t;

	while (next_span(wt, &span)) {
		while (next_stop(wt, &span)) {
			for (t = 0; t < ARRAY_SIZE(times); t++) {
				struct disturbance d = { .times = times[t] };
				size_t source = source_before_page(span.stop, &d.page);

				write_file_label(wt->wf, "%s, zapped %u times at %zu",
						 span.name, times[t], span.stop);
				fresh_file(wt);
				expect_written(wt, span.len,
					       write_disturbed(wt, span.pos, source, span.len, &d));
				block_file_evict(wt->bf);
			}
		}
	}
}

/*
 * A write from @pos fails at @block.  All before the folio that @block is in
 * must be written, all before @block may be.
 */
static void expect_failure(struct write_test *wt, loff_t pos, sector_t block,
			   int error, ssize_t written)
{
	loff_t at = max_t(loff_t, block * wt->blocksize, pos);
	loff_t folio = max_t(loff_t, round_down(at, PAGE_SIZE), pos);

	if (written <= 0) {
		expect_written(wt, error, written);
		KUNIT_EXPECT_EQ_MSG(wt->test, folio, pos,
				    "pages before the failing one, %s", wt->wf->label);
		return;
	}
	KUNIT_EXPECT_GE_MSG(wt->test, pos + written, folio, "%s", wt->wf->label);
	KUNIT_EXPECT_LE_MSG(wt->test, pos + written, at, "%s", wt->wf->label);
}

static void mapping_fails_with(struct write_test *wt, int error)
{
	struct block_file *bf = wt->bf;
	struct span span = {};
	sector_t block;

	while (next_span(wt, &span)) {
		for (block = block_at(wt, span.pos);
		     block <= block_at(wt, span.end - 1) && !write_file_failed(wt->wf);
		     block++) {
			bool hole;
			ssize_t written;

			write_file_label(wt->wf, "%s, block %llu fails", span.name,
					 block - block_at(wt, span.pos));
			fresh_file(wt);
			hole = bf->state[block] == BLOCK_HOLE;
			bf->fail_block = block;
			bf->fail_error = error;
			written = write_user(wt, span.pos, 0, span.len);

			if (bf->failures)
				expect_failure(wt, span.pos, block, error, written);
			else
				expect_written(wt, span.len, written);
			/* Only of what is cached the mapping may be known. */
			if (hole || wt->cached == CACHED_NOTHING)
				KUNIT_EXPECT_GT_MSG(wt->test, bf->failures, 0,
						    "get_block was not called, %s",
						    wt->wf->label);
			block_file_evict(bf);
		}
	}
}

static void no_space(struct kunit *test)
{
	mapping_fails_with(test->priv, -ENOSPC);
}

static void map_unreadable(struct kunit *test)
{
	mapping_fails_with(test->priv, -EIO);
}

#ifdef CONFIG_FAIL_WRITE_COPY
/*
 * The next copies are to stop at @bytes; @n picks a source, and how many of
 * them.  What is written next must use them.
 */
static struct fault_attr *stop_copies(struct write_test *wt, const struct span *span,
				      u32 bytes, unsigned int n, struct user_iter *ui)
{
	static const int times[] = { STOP_ALWAYS, 1, 2, STOP_ALWAYS, 3 };
	const char *source = user_iter_pieces(ui, wt->um, n, 9, span->len);

	write_file_label(wt->wf, "%s, %s, copies stop at %d, %d times", span->name, source,
			 (int)bytes, times[n % ARRAY_SIZE(times)]);
	return fail_write_copy_arm(wt->test, 0, times[n % ARRAY_SIZE(times)], bytes);
}

static void copy_stops_at(struct write_test *wt, const struct span *span, u32 bytes,
			  unsigned int n)
{
	struct fault_attr *attr;
	struct user_iter ui;
	int times;

	fresh_file(wt);
	attr = stop_copies(wt, span, bytes, n, &ui);
	times = atomic_read(&attr->times);
	expect_written(wt, span->len, write_iter(wt, span->pos, &ui));
	KUNIT_EXPECT_LT_MSG(wt->test, atomic_read(&attr->times), times, "%s", wt->wf->label);
	block_file_evict(wt->bf);
}

/* Copies stop at each byte where it matters, and at random ones. */
static void copy_stops(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};
	unsigned int n = 0;

	while (next_span(wt, &span)) {
		while (next_stop(wt, &span))
			copy_stops_at(wt, &span, span.stop, n++);
		if (!write_file_failed(wt->wf))
			copy_stops_at(wt, &span, STOP_ANYWHERE, n++);
	}
}

static void copy_stops_then_block_fails(struct write_test *wt, const struct span *span,
					u32 bytes, sector_t block, unsigned int n)
{
	int error = n & 1 ? -EIO : -ENOSPC;
	struct block_file *bf = wt->bf;
	struct user_iter ui;
	ssize_t written;

	fresh_file(wt);
	stop_copies(wt, span, bytes, n, &ui);
	bf->fail_block = block;
	bf->fail_error = error;
	written = write_iter(wt, span->pos, &ui);
	KUNIT_EXPECT_GT_MSG(wt->test, bf->failures, 0, "get_block was not called, %s",
			    wt->wf->label);
	expect_failure(wt, span->pos, block, error, written);
	block_file_evict(bf);
}

/* So they do, and each of the blocks can't be mapped. */
static void copy_stops_and_mapping_fails(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};
	unsigned int n = 0;
	sector_t block;

	while (next_span(wt, &span))
		while (next_stop(wt, &span))
			for (block = block_at(wt, span.pos);
			     block <= block_at(wt, span.end - 1) && !write_file_failed(wt->wf);
			     block++)
				copy_stops_then_block_fails(wt, &span, span.stop, block, n++);
}
#endif

/* The rest of a partly overwritten block can't be read. */
static void read_fails_at(struct write_test *wt, const char *kinds,
			  const struct span *span, loff_t byte)
{
	sector_t block = block_at(wt, byte);
	struct block_file *bf = wt->bf;
	ssize_t written;

	write_file_label(wt->wf, "%s of %s, block %llu unreadable", span->name, kinds,
			 block);
	fresh_file_of(wt, kinds, CACHED_NOTHING);
	if (bf->state[block] != BLOCK_MAPPED)
		return;
	wt->disk->fail_pos = block_file_on_disk(bf, block) - wt->disk->bytes;
	wt->disk->fail_reads = 1;
	written = write_user(wt, span->pos, 0, span->len);
	KUNIT_EXPECT_EQ_MSG(wt->test, wt->disk->fail_reads, 0,
			    "the block was not read, %s", wt->wf->label);
	/* A second try would be fine and find the block readable. */
	if (written != span->len)
		expect_failure(wt, span->pos, block, -EIO, written);
	block_file_evict(bf);
}

static void read_fails(struct kunit *test)
{
	static const char * const kinds[] = { "M", "HM", "MH", "UM", "DM", "MMHHMU" };
	struct write_test *wt = test->priv;
	struct span span = {};
	unsigned int i;

	while (next_span(wt, &span)) {
		for (i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (!IS_ALIGNED(span.pos, wt->blocksize))
				read_fails_at(wt, kinds[i], &span, span.pos);
			if (!IS_ALIGNED(span.end, wt->blocksize))
				read_fails_at(wt, kinds[i], &span, span.end);
		}
	}
}

/*
 * The first copy into new blocks beyond the end gets nothing.  Those blocks
 * are given back, and when they are asked for again the disk is full: the file
 * must not have grown.
 */
static void failure_beyond_end_keeps_size(struct kunit *test)
{
	struct write_test *wt = test->priv;
	const loff_t places[] = {
		round_up(FILE_SIZE, wt->blocksize),
		round_up(FILE_SIZE, wt->blocksize) + wt->blocksize,
		round_up(FILE_SIZE, PAGE_SIZE),
		round_up(FILE_SIZE, PAGE_SIZE) + 2 * PAGE_SIZE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && !write_file_failed(wt->wf); i++) {
		struct disturbance d = {
			.times = 1,
			.error = -ENOSPC,
			.error_block = block_at(wt, places[i]),
		};
		size_t source = source_before_page(0, &d.page);
		ssize_t written;

		write_file_label(wt->wf, "at %lld", places[i]);
		fresh_file(wt);
		written = write_disturbed(wt, places[i], source, PAGE_SIZE + 10, &d);
		KUNIT_EXPECT_EQ_MSG(test, d.done, 1, "%s", wt->wf->label);
		/* To keep the blocks for the second attempt is fine, too. */
		expect_written(wt, wt->bf->failures ? -ENOSPC : PAGE_SIZE + 10, written);
		block_file_evict(wt->bf);
	}
}

/*
 * The caller is killed while a copy comes up short, so that nobody repeats
 * it: what is not returned as written must not be in the file.
 */
static void killed_in_short_copy_of(struct write_test *wt, const struct span *span)
{
	struct disturbance d = { .times = 1, .kill = true };
	size_t source = source_before_page(span->stop, &d.page);
	ssize_t written;

	write_file_label(wt->wf, "%s, killed at %zu", span->name, span->stop);
	fresh_file(wt);
	written = write_disturbed(wt, span->pos, source, span->len, &d);
	KUNIT_EXPECT_EQ_MSG(wt->test, d.done, 1, "%s", wt->wf->label);
	if (written <= 0)
		expect_written(wt, -EINTR, written);
	block_file_evict(wt->bf);
}

static void killed_in_short_copy(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span))
		while (!leaves_gap(&span) && next_stop(wt, &span))
			killed_in_short_copy_of(wt, &span);
}

static void killed_beyond_end(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span))
		while (leaves_gap(&span) && next_stop(wt, &span))
			killed_in_short_copy_of(wt, &span);
}

/* Whenever the folio is locked, the source is gone: still the write ends. */
static void source_always_zapped(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct disturbance d = { .times = NEVER_ENDS };
	size_t source = source_before_page(0, &d.page);

	/* New blocks beyond the end: each attempt has to map them again. */
	block_file_reset(wt->bf, "H", PAGE_SIZE, 2);
	expect_written(wt, wt->blocksize,
		       write_disturbed(wt, PAGE_SIZE, source, wt->blocksize, &d));
	KUNIT_EXPECT_LT_MSG(test, d.done, NEVER_ENDS, "made no progress");
	block_file_evict(wt->bf);
}

/*
 * The last byte of a hole and the block after it are written, and that block
 * can't be allocated: the first one is new and has to read as zeros.
 */
static void new_block_before_full_disk(struct kunit *test)
{
	struct write_test *wt = test->priv;
	unsigned int bs = wt->blocksize;

	block_file_reset(wt->bf, "H", 2 * PAGE_SIZE, 2);
	wt->bf->fail_block = 1;
	wt->bf->fail_error = -ENOSPC;
	expect_failure(wt, bs - 1, 1, -ENOSPC, write_user(wt, bs - 1, 0, bs + 1));
	/* A batch meets it twice: it ends before the block, and the next starts there. */
	KUNIT_EXPECT_GT(test, wt->bf->failures, 0);
	block_file_evict(wt->bf);
}

/*
 * The disk's own page cache has something dirty for a block that becomes part
 * of the file.  It must not get to the disk after the file's data.
 */
static void stale_alias_of_new_block(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct block_file *bf = wt->bf;
	const sector_t block = 2;
	u8 *stale = kunit_kmalloc(test, wt->blocksize, GFP_KERNEL);
	loff_t pos = block_file_on_disk(bf, block) - wt->disk->bytes;

	KUNIT_ASSERT_NOT_NULL(test, stale);
	memset(stale, 0x5a, wt->blocksize);
	block_file_reset(bf, "H", FILE_SIZE, 2);
	KUNIT_ASSERT_EQ(test, kernel_write(wt->disk->file, stale, wt->blocksize, &pos),
			wt->blocksize);

	expect_written(wt, wt->blocksize,
		       write_user(wt, block * wt->blocksize, 0, wt->blocksize));
	block_file_sync(bf);
	KUNIT_EXPECT_EQ(test, 0, sync_blockdev(file_bdev(wt->disk->file)));
	block_file_evict(bf);
}

/* Both ends of a write within a page are read at the same time. */
static void head_and_tail_read_together(struct kunit *test)
{
	struct write_test *wt = test->priv;
	/* In one block they are the same read. */
	unsigned int reads = wt->blocksize == PAGE_SIZE ? 1 : 2;

	block_file_reset(wt->bf, "M", FILE_SIZE, 2);
	wt->disk->slow_reads = true;
	write_unchecked(wt, 10, PAGE_SIZE - 20);
	KUNIT_EXPECT_EQ(test, wt->disk->max_reads, reads);
	block_file_evict(wt->bf);
}

#ifdef CONFIG_BLOCK_PERFORM_WRITE
static void both_ends_of_a_batch_read_together(struct kunit *test)
{
	struct write_test *wt = test->priv;

	block_file_reset(wt->bf, "M", FILE_SIZE, 2);
	wt->disk->slow_reads = true;
	write_unchecked(wt, 10, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, wt->disk->max_reads, 2);
	block_file_evict(wt->bf);
}
#endif

/* cont_write_begin() fills the gap before a write with blocks of zeros. */
static void gap_without_holes(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};
	sector_t block;

	wt->bf->mapping->a_ops = &block_file_cont_aops;
	while (next_span(wt, &span)) {
		if (!span.from_end)
			continue;
		write_file_label(wt->wf, "%s", span.name);
		fresh_file_of(wt, "M", CACHED_NOTHING);
		expect_written(wt, span.len, write_user(wt, span.pos, 0, span.len));
		for (block = 0; block <= block_at(wt, span.end - 1); block++)
			KUNIT_EXPECT_EQ_MSG(test, wt->bf->state[block], BLOCK_MAPPED,
					    "block %llu, %s", block, wt->wf->label);
		block_file_evict(wt->bf);
	}
}

/* The functions one by one, under the folio lock. */

static struct folio *begin(struct write_test *wt, loff_t pos, size_t len)
{
	struct folio *folio;

	KUNIT_ASSERT_EQ(wt->test, 0,
			block_write_begin(wt->bf->mapping, pos, len, &folio,
					  block_file_get_block));
	KUNIT_EXPECT_TRUE(wt->test, folio_test_locked(folio));
	KUNIT_EXPECT_EQ(wt->test, folio_pos(folio), round_down(pos, PAGE_SIZE));
	return folio;
}

static void begin_fails(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct folio *folio = ERR_PTR(-EINVAL);

	block_file_reset(wt->bf, "H", FILE_SIZE, 2);
	wt->bf->fail_error = -EDQUOT;
	KUNIT_EXPECT_EQ(test, -EDQUOT,
			block_write_begin(wt->bf->mapping, 0, 1, &folio,
					  block_file_get_block));
	KUNIT_EXPECT_NULL(test, folio);
	wt->bf->fail_error = 0;
	write_file_check(wt->wf);
	block_file_evict(wt->bf);
}

/* @bh of @folio after a copy of @copied bytes of which @ret were accepted. */
static void check_short_end(struct write_test *wt, struct folio *folio,
			    sector_t block, struct buffer_head *bh, bool was_hole,
			    loff_t pos, size_t copied, size_t ret)
{
	loff_t start = (loff_t)block * wt->blocksize;
	const char *label = wt->wf->label;
	loff_t at;

	KUNIT_EXPECT_FALSE_MSG(wt->test, buffer_new(bh), "block %llu, %s", block, label);
	if (was_hole || (ret && start < pos + ret && pos < start + wt->blocksize))
		KUNIT_EXPECT_TRUE_MSG(wt->test, buffer_uptodate(bh) && buffer_dirty(bh),
				      "block %llu: state %lx, %s", block, bh->b_state, label);
	if (!buffer_uptodate(bh))
		return;
	for (at = start; at < start + wt->blocksize; at++) {
		u8 byte = bh->b_data[at - start];
		bool in_copy = at >= pos && at < pos + copied;
		bool accepted = at >= pos && at < pos + ret;

		if (!accepted && byte == wt->wf->model[at])
			continue;
		if (in_copy && byte == wt->um->shadow[at - pos])
			continue;
		KUNIT_FAIL(wt->test, "byte %lld, %s", at, label);
		return;
	}
}

/*
 * A short copy of @copied bytes: what is accepted is in the file, what is new
 * holds zeros or the copy and is going to be written, and nothing is stale.
 */
static void short_end_at(struct write_test *wt, loff_t pos, size_t len, size_t copied)
{
	u8 was[BLOCK_FILE_MAX_BLOCKS];
	struct block_file *bf = wt->bf;
	struct folio *folio;
	sector_t block;
	bool uptodate;
	size_t ret;

	fresh_file(wt);
	memcpy(was, bf->state, sizeof(was));
	folio = begin(wt, pos, len);
	uptodate = folio_test_uptodate(folio);
	memcpy_to_folio(folio, offset_in_folio(folio, pos), wt->um->shadow, copied);
	ret = block_write_end(pos, len, copied, folio);
	KUNIT_EXPECT_LE_MSG(wt->test, ret, copied, "%s", wt->wf->label);
	/* Where it would have to be read first, it may be refused. */
	if (copied == len || uptodate)
		KUNIT_EXPECT_EQ_MSG(wt->test, ret, copied, "%s", wt->wf->label);

	for (block = block_at(wt, pos); block <= block_at(wt, pos + len - 1); block++)
		check_short_end(wt, folio, block, block_file_buffer(bf, folio, block),
				was[block] == BLOCK_HOLE, pos, copied, ret);
	folio_unlock(folio);
	folio_put(folio);
}

static void end_of_short_copy(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		if (span.from_end || !within_page(&span))
			continue;
		while (next_stop(wt, &span)) {
			write_file_label(wt->wf, "%s, %zu copied", span.name, span.stop);
			short_end_at(wt, span.pos, span.len, span.stop);
		}
		write_file_label(wt->wf, "%s, all copied", span.name);
		short_end_at(wt, span.pos, span.len, span.len);
	}
}

#ifdef CONFIG_BLOCK_PERFORM_WRITE
/* Of the folios of a batch, by their number: each lies where its size says. */
static const unsigned int large_orders[] = { 0, 0, 1, 2, 1, 0 };

/*
 * The folios of a batch at @pos, large ones among them.  They are in no page cache,
 * which may have none of that size.
 */
static void get_large_folios(struct write_test *wt, struct pagecache_write *pw)
{
	loff_t at = 0;
	unsigned int n;

	folio_batch_init(&pw->folios);
	for (n = 0; n < ARRAY_SIZE(large_orders) && at < pw->pos + pw->len; n++) {
		struct folio *folio;
		loff_t start = at;

		at += PAGE_SIZE << large_orders[n];
		if (at <= pw->pos)
			continue;
		folio = folio_alloc(GFP_KERNEL, large_orders[n]);
		KUNIT_ASSERT_NOT_NULL(wt->test, folio);
		memset(folio_address(folio), DISK_POISON, folio_size(folio));
		folio->mapping = wt->bf->mapping;
		folio->index = start >> PAGE_SHIFT;
		folio_lock(folio);
		folio_batch_add(&pw->folios, folio);
	}
	KUNIT_ASSERT_GE(wt->test, at, pw->pos + pw->len);
}

static void put_large_folios(struct write_test *wt, struct pagecache_write *pw)
{
	unsigned int n;

	for (n = 0; n < folio_batch_count(&pw->folios); n++) {
		struct folio *folio = pw->folios.folios[n];

		block_invalidate_folio(folio, 0, folio_size(folio));
		folio_cancel_dirty(folio);
		KUNIT_EXPECT_NULL_MSG(wt->test, folio_buffers(folio), "%s", wt->wf->label);
		folio->mapping = NULL;
		folio_unlock(folio);
		folio_put(folio);
	}
}

static void copy_to_batch(struct write_test *wt, struct pagecache_write *pw, size_t copied)
{
	size_t done = 0;
	unsigned int n;

	for (n = 0; done < copied; n++) {
		struct folio *folio = pw->folios.folios[n];
		size_t offset = offset_in_folio(folio, pw->pos + done);
		size_t len = min(folio_size(folio) - offset, copied - done);

		memcpy_to_folio(folio, offset, wt->um->shadow + done, len);
		done += len;
	}
}

/* After a batch of @pw of which @copied bytes were copied and @ret accepted. */
static void check_large_folio(struct write_test *wt, struct pagecache_write *pw,
			      struct folio *folio, const u8 *was, size_t copied, size_t ret)
{
	sector_t first = block_at(wt, folio_pos(folio));
	sector_t block;

	for (block = first; block < first + (folio_size(folio) >> wt->bf->blkbits); block++) {
		struct buffer_head *bh = block_file_buffer(wt->bf, folio, block);
		const char *label = wt->wf->label;

		if (block < block_at(wt, pw->pos) ||
		    block > block_at(wt, pw->pos + pw->len - 1)) {
			KUNIT_EXPECT_FALSE_MSG(wt->test, buffer_mapped(bh) || buffer_dirty(bh),
					       "block %llu: state %lx, %s", block,
					       bh->b_state, label);
			continue;
		}
		KUNIT_EXPECT_TRUE_MSG(wt->test, buffer_mapped(bh), "block %llu, %s", block,
				      label);
		KUNIT_EXPECT_EQ_MSG(wt->test, buffer_delay(bh),
				    wt->bf->state[block] == BLOCK_RESERVED,
				    "block %llu, %s", block, label);
		KUNIT_EXPECT_EQ_MSG(wt->test, buffer_unwritten(bh),
				    wt->bf->state[block] == BLOCK_UNWRITTEN,
				    "block %llu, %s", block, label);
		if (!buffer_delay(bh))
			KUNIT_EXPECT_PTR_EQ_MSG(wt->test, block_file_on_disk(wt->bf, block),
						wt->disk->bytes +
						(bh->b_blocknr << wt->bf->blkbits),
						"block %llu, %s", block, label);
		check_short_end(wt, folio, block, bh, was[block] == BLOCK_HOLE, pw->pos,
				copied, ret);
	}
}

static void large_batch_at(struct write_test *wt, loff_t pos, size_t len, size_t copied)
{
	struct pagecache_write pw = {
		.mapping = wt->bf->mapping,
		.pos = pos,
		.len = len,
	};
	u8 was[BLOCK_FILE_MAX_BLOCKS];
	unsigned int n;
	size_t ret;

	write_file_label(wt->wf, "%zu of %zu at %lld, %s", copied, len, pos,
			 wt->pattern->name);
	block_file_reset(wt->bf, wt->pattern->kinds, FILE_SIZE, 2);
	memcpy(was, wt->bf->state, sizeof(was));
	get_large_folios(wt, &pw);
	KUNIT_EXPECT_EQ_MSG(wt->test, 0, block_batch_map(&pw, block_file_get_block), "%s",
			    wt->wf->label);
	KUNIT_EXPECT_EQ_MSG(wt->test, 0, block_batch_fill(&pw), "%s", wt->wf->label);
	KUNIT_EXPECT_EQ_MSG(wt->test, len, pw.len, "%s", wt->wf->label);
	copy_to_batch(wt, &pw, copied);
	ret = block_batch_commit(&pw, copied);
	KUNIT_EXPECT_LE_MSG(wt->test, ret, copied, "%s", wt->wf->label);
	/* Only what is in a block that would have to be read may be refused. */
	KUNIT_EXPECT_LT_MSG(wt->test, copied - ret, wt->blocksize, "%s", wt->wf->label);
	if (copied == len)
		KUNIT_EXPECT_EQ_MSG(wt->test, ret, copied, "%s", wt->wf->label);
	for (n = 0; n < folio_batch_count(&pw.folios); n++)
		check_large_folio(wt, &pw, pw.folios.folios[n], was, copied, ret);
	put_large_folios(wt, &pw);
}

static void batch_of_large_folios(struct kunit *test)
{
	struct write_test *wt = test->priv;
	const loff_t places[] = {
		0, 100, PAGE_SIZE, 2 * PAGE_SIZE - 1, 2 * PAGE_SIZE, 3 * PAGE_SIZE + 1024,
		4 * PAGE_SIZE + 5, 5 * PAGE_SIZE, 7 * PAGE_SIZE - 1, 8 * PAGE_SIZE,
		9 * PAGE_SIZE + 2048,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = i + 1; j < ARRAY_SIZE(places); j++) {
			size_t len = places[j] - places[i];
			size_t stop;

			if (len > SOURCE_SIZE)
				break;
			for (stop = 0; stop < len; stop += len / 7 + 1) {
				large_batch_at(wt, places[i], len, stop);
				if (write_file_failed(wt->wf))
					return;
			}
			large_batch_at(wt, places[i], len, len);
		}
	}
	block_file_reset(wt->bf, "M", FILE_SIZE, 2);
}
#endif /* CONFIG_BLOCK_PERFORM_WRITE */

/* Of new blocks only, and only in the range that is asked for. */
static void zero_new_buffers_in(struct write_test *wt, size_t from, size_t to)
{
	const u8 fill = 0x11;
	struct folio *folio;
	sector_t block;
	size_t at;

	write_file_label(wt->wf, "%zu to %zu", from, to);
	block_file_reset(wt->bf, "HM", FILE_SIZE, 2);
	/* The second page, where odd blocks are not the same as in the first. */
	folio = begin(wt, PAGE_SIZE, PAGE_SIZE);
	memset(folio_address(folio), fill, PAGE_SIZE);
	folio_zero_new_buffers(folio, from, to);

	for (block = 0; block < PAGE_SIZE / wt->blocksize; block++) {
		sector_t iblock = PAGE_SIZE / wt->blocksize + block;
		struct buffer_head *bh = block_file_buffer(wt->bf, folio, iblock);
		size_t start = block * wt->blocksize;
		bool new = iblock % 2 == 0;
		bool hit = new && from < start + wt->blocksize && start < to;

		KUNIT_EXPECT_EQ_MSG(wt->test, buffer_new(bh), new && !hit,
				    "block %llu, %s", block, wt->wf->label);
		KUNIT_EXPECT_EQ_MSG(wt->test, buffer_dirty(bh), hit,
				    "block %llu, %s", block, wt->wf->label);
		KUNIT_EXPECT_EQ_MSG(wt->test, buffer_uptodate(bh), hit,
				    "block %llu, %s", block, wt->wf->label);
		for (at = start; at < start + wt->blocksize; at++) {
			u8 expected = hit && at >= from && at < to ? 0 : fill;

			if (((u8 *)folio_address(folio))[at] != expected) {
				KUNIT_FAIL(wt->test, "byte %zu, %s", at, wt->wf->label);
				break;
			}
		}
	}
	folio_unlock(folio);
	folio_put(folio);
}

static void zero_new_buffers(struct kunit *test)
{
	struct write_test *wt = test->priv;
	unsigned int bs = wt->blocksize;
	const size_t places[] = {
		0, 1, bs / 2, bs - 1, bs, PAGE_SIZE / 2, PAGE_SIZE - bs, PAGE_SIZE - 1, PAGE_SIZE,
	};
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(places); i++)
		for (j = 0; j < ARRAY_SIZE(places); j++)
			if (places[i] < places[j] && !write_file_failed(wt->wf))
				zero_new_buffers_in(wt, places[i], places[j]);
}

/* A direct call of generic_write_end(), after a copy of all or nothing. */
static void generic_end_of(struct write_test *wt, loff_t pos, size_t len, size_t copied)
{
	struct write_file *wf = wt->wf;
	struct folio *folio;

	fresh_file(wt);
	inode_lock(wt->bf->inode);
	folio = begin(wt, pos, len);
	memcpy_to_folio(folio, offset_in_folio(folio, pos), wt->um->shadow, copied);
	KUNIT_EXPECT_EQ_MSG(wt->test, copied,
			    generic_write_end(NULL, wt->bf->mapping, pos, len,
					      copied, folio, NULL),
			    "%s", wf->label);
	if (!copied)
		block_file_trim(wt->bf->mapping, pos + len);
	inode_unlock(wt->bf->inode);

	memcpy(wf->model + pos, wt->um->shadow, copied);
	if (copied)
		wf->size = max_t(loff_t, wf->size, pos + copied);
	write_file_check(wf);
	block_file_evict(wt->bf);
}

static void generic_end_of_whole_copy(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		write_file_label(wt->wf, "%s", span.name);
		if (within_page(&span))
			generic_end_of(wt, span.pos, span.len, span.len);
	}
}

static void generic_end_of_empty_copy(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		write_file_label(wt->wf, "%s", span.name);
		if (within_page(&span) && !leaves_gap(&span))
			generic_end_of(wt, span.pos, span.len, 0);
	}
}

/* Nothing is what the file grows by, wherever the copy was to go. */
static void generic_end_beyond_end(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct span span = {};

	while (next_span(wt, &span)) {
		write_file_label(wt->wf, "%s", span.name);
		if (within_page(&span) && leaves_gap(&span))
			generic_end_of(wt, span.pos, span.len, 0);
	}
}

/* Any of the above, in any order, on a file that lives on. */

static void random_write(struct write_test *wt, struct rnd_state *rnd)
{
	struct block_file *bf = wt->bf;
	size_t max = prandom_u32_state(rnd) % 2 ? wt->blocksize : 4 * PAGE_SIZE;
	size_t len = 1 + prandom_u32_state(rnd) % max;
	loff_t pos = prandom_u32_state(rnd) % (BLOCK_FILE_CAPACITY - len);
	size_t source = prandom_u32_state(rnd) % (SOURCE_SIZE - len);
	struct disturbance d = {
		.times = prandom_u32_state(rnd) % 4,
		.page = PAGE_SIZE * (prandom_u32_state(rnd) % (SOURCE_SIZE / PAGE_SIZE)),
	};
	size_t readable = len;
	ssize_t written;

	if (prandom_u32_state(rnd) % 4 == 0) {
		user_mem_protect(wt->um, d.page, SOURCE_SIZE - d.page, PROT_NONE);
		readable = user_mem_readable(wt->um, source, len);
	}
	if (prandom_u32_state(rnd) % 4 == 0) {
		bf->fail_error = -ENOSPC;
		bf->fail_block = prandom_u32_state(rnd) % bf->nr_blocks;
		bf->failures = 0;
	}
	if (prandom_u32_state(rnd) % 4 == 0)
		fail_write_copy_arm(wt->test, prandom_u32_state(rnd) % 3,
				    prandom_u32_state(rnd) % 6,
				    prandom_u32_state(rnd) % 2 ? STOP_ANYWHERE :
				    prandom_u32_state(rnd) % (2 * PAGE_SIZE));
	written = write_disturbed(wt, pos, source, len, &d);
	if (!bf->failures)
		expect_written(wt, readable ?: -EFAULT, written);
	else if (written <= 0)
		expect_written(wt, -ENOSPC, written);
	bf->failures = 0;
	user_mem_protect(wt->um, d.page, SOURCE_SIZE - d.page, PROT_READ | PROT_WRITE);
}

static void random_step(struct write_test *wt, struct rnd_state *rnd)
{
	unsigned int n;

	switch (prandom_u32_state(rnd) % 10) {
	case 0:
		write_file_truncate(wt->wf, prandom_u32_state(rnd) % BLOCK_FILE_CAPACITY);
		block_file_check(wt->bf);
		break;
	case 1:
		block_file_sync(wt->bf);
		break;
	case 2:
	case 3:
		/* The check has read everything; forget that, and cache a bit of it. */
		block_file_evict(wt->bf);
		truncate_inode_pages(wt->bf->mapping, 0);
		for (n = prandom_u32_state(rnd) % 4; n; n--) {
			size_t len = 1 + prandom_u32_state(rnd) % (2 * wt->blocksize);

			write_unchecked(wt, prandom_u32_state(rnd) %
					(BLOCK_FILE_CAPACITY - len), len);
		}
		break;
	default:
		random_write(wt, rnd);
	}
}

static void random_steps(struct kunit *test)
{
	struct write_test *wt = test->priv;
	struct rnd_state rnd;
	u32 seed, step;

	for (seed = 1; seed <= 16; seed++) {
		write_file_label(wt->wf, "seed %u", seed);
		prandom_seed_state(&rnd, seed);
		fresh_file_of(wt, "MHUDMMHHUUDDM", CACHED_NOTHING);
		wt->disk->slow_reads = seed % 4 == 0;
		for (step = 0; step < 60 && !write_file_failed(wt->wf); step++) {
			write_file_label(wt->wf, "seed %u, step %u", seed, step);
			random_step(wt, &rnd);
		}
		block_file_evict(wt->bf);
	}
}

static struct kunit_case buffer_write_cases[] = {
	KUNIT_CASE_PARAM(whole_copy, combinations_gen_params),
	KUNIT_CASE_PARAM(source_ends, combinations_gen_params),
	KUNIT_CASE_PARAM(source_zapped, combinations_gen_params),
	KUNIT_CASE_PARAM(no_space, combinations_gen_params),
	KUNIT_CASE_PARAM(map_unreadable, combinations_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(copy_stops, combinations_gen_params),
	KUNIT_CASE_PARAM(copy_stops_and_mapping_fails, cold_gen_params),
#endif
	KUNIT_CASE_PARAM(read_fails, sizes_gen_params),
	KUNIT_CASE_PARAM(failure_beyond_end_keeps_size, sizes_gen_params),
	KUNIT_CASE_PARAM(killed_in_short_copy, combinations_gen_params),
	KUNIT_CASE_PARAM(killed_beyond_end, sizes_gen_params),
	KUNIT_CASE_PARAM(source_always_zapped, sizes_gen_params),
	KUNIT_CASE_PARAM(new_block_before_full_disk, sizes_gen_params),
	KUNIT_CASE_PARAM(stale_alias_of_new_block, sizes_gen_params),
	KUNIT_CASE_PARAM(head_and_tail_read_together, sizes_gen_params),
#ifdef CONFIG_BLOCK_PERFORM_WRITE
	KUNIT_CASE_PARAM(both_ends_of_a_batch_read_together, batch_sizes_gen_params),
	KUNIT_CASE_PARAM(batch_of_large_folios, batch_cold_gen_params),
#endif
	KUNIT_CASE_PARAM(gap_without_holes, write_begin_sizes_gen_params),
	KUNIT_CASE_PARAM(begin_fails, write_begin_sizes_gen_params),
	KUNIT_CASE_PARAM(end_of_short_copy, write_begin_combinations_gen_params),
	KUNIT_CASE_PARAM(zero_new_buffers, write_begin_sizes_gen_params),
	KUNIT_CASE_PARAM(generic_end_of_whole_copy, write_begin_combinations_gen_params),
	KUNIT_CASE_PARAM(generic_end_of_empty_copy, write_begin_combinations_gen_params),
	KUNIT_CASE_PARAM(generic_end_beyond_end, write_begin_sizes_gen_params),
	KUNIT_CASE_PARAM(random_steps, sizes_gen_params),
	{}
};

static struct kunit_suite buffer_write_suite = {
	.name = "buffer_write",
	.suite_init = buffer_write_suite_init,
	.suite_exit = buffer_write_suite_exit,
	.init = buffer_write_init,
	.test_cases = buffer_write_cases,
};

kunit_test_suite(buffer_write_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite for buffered writes through buffer heads");
