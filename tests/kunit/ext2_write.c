// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit suite for buffered writes to ext2, on file systems that mke2fs made and
 * that e2fsck judges after each test.
 *
 * After every write the file must read as its model does, and its block map must
 * be what the model needs: no block past the end, and i_blocks the sum of all.
 * Then all is written back and forgotten, and compared once more.
 */
#include <kunit/test.h>
#include <linux/cred.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/prandom.h>
#include <linux/quota.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/statfs.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "fail_usercopy.h"
#include "test_fs.h"
#include "user_mem.h"
#include "user_trap.h"
#include "write_file.h"

/* Beyond the first block of the second level, if blocks are of 1k. */
#define CAPACITY	(80 * PAGE_SIZE)
/* In the middle of a block, whatever its size. */
#define FILE_SIZE	(36 * PAGE_SIZE + 100)
/* More than what one batch can write. */
#define MANY_PAGES	(34 * PAGE_SIZE)
#define SOURCE_SIZE	(46 * PAGE_SIZE)

#define DIRECT_BLOCKS	12

static const unsigned int block_sizes[] = { 1024, 2048, 4096 };

/* What the file has before the write. */
enum layout {
	LAYOUT_MAPPED,
	LAYOUT_HOLE,
	LAYOUT_THIRDS,		/* each third block is there */
	LAYOUT_CACHED,		/* mapped, and in the page cache */
	NR_LAYOUTS,
};

static const char * const layout_names[] = {
	[LAYOUT_MAPPED]	= "mapped",
	[LAYOUT_HOLE]	= "hole",
	[LAYOUT_THIRDS]	= "thirds mapped",
	[LAYOUT_CACHED]	= "cached",
};

struct ext2_test {
	struct kunit *test;
	struct test_fs *fs;
	struct write_file *wf;
	struct user_mem *um;
	enum layout layout;
	unsigned int blocksize;
	/* How many blocks an indirect block maps. */
	unsigned int fanout;
};

static void blocks_desc(const unsigned int *blocksize, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%uk blocks", *blocksize / 1024);
}

KUNIT_ARRAY_PARAM(blocks, block_sizes, blocks_desc);

/* Parameters that are numbers, one more than the index of a combination. */
static GENERATOR(layouts_gen_params)
{
	unsigned long index = (unsigned long)prev;

	if (index == ARRAY_SIZE(block_sizes) * NR_LAYOUTS)
		return NULL;
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%uk blocks, %s",
		 block_sizes[index / NR_LAYOUTS] / 1024,
		 layout_names[index % NR_LAYOUTS]);
	return (void *)(index + 1);
}

static struct ext2_test *make_reserved(struct kunit *test, unsigned int blocksize,
				       unsigned int reserved,
				       const char *mount_options, size_t size)
{
	struct ext2_test *et = kunit_kzalloc(test, sizeof(*et), GFP_KERNEL);
	char options[64];

	KUNIT_ASSERT_NOT_NULL(test, et);
	write_file_poison_free_memory(test);
	snprintf(options, sizeof(options), "-b %u -m %u -N 16 -O ^resize_inode", blocksize,
		 reserved);
	et->test = test;
	et->blocksize = blocksize;
	et->fanout = blocksize / sizeof(__le32);
	et->fs = test_fs_create(test, "ext2", options, mount_options, size);
	et->wf = test_fs_write_file(et->fs, "file", O_RDWR, CAPACITY);
	et->um = user_mem_create(test, SOURCE_SIZE, 1);
	return et;
}

static struct ext2_test *make_fs(struct kunit *test, unsigned int blocksize,
				 const char *mount_options, size_t size)
{
	return make_reserved(test, blocksize, 0, mount_options, size);
}

static struct ext2_test *make_sized(struct kunit *test)
{
	const unsigned int *blocksize = test->param_value;

	return make_fs(test, *blocksize, NULL, SZ_4M);
}

static struct ext2_test *make_layout(struct kunit *test)
{
	unsigned long index = (unsigned long)test->param_value - 1;
	struct ext2_test *et = make_fs(test, block_sizes[index / NR_LAYOUTS], NULL, SZ_4M);

	et->layout = index % NR_LAYOUTS;
	return et;
}

/* How many indirect blocks it takes to map the first @nr blocks of a file. */
static u64 indirect_blocks(struct ext2_test *et, u64 nr)
{
	u64 fanout = et->fanout, indirect = 0, leaves;

	if (nr > DIRECT_BLOCKS)
		indirect++;
	if (nr > DIRECT_BLOCKS + fanout) {
		leaves = DIV_ROUND_UP_ULL(nr - DIRECT_BLOCKS - fanout, fanout);
		indirect += 1 + leaves;
	}
	return indirect;
}

/* Of how many blocks can a file be that may take up @nr, with what maps them? */
static u64 data_blocks(struct ext2_test *et, u64 nr)
{
	u64 data = nr;

	while (data + indirect_blocks(et, data) > nr)
		data--;
	return data;
}

static u64 blocks_of(struct ext2_test *et, loff_t size)
{
	return DIV_ROUND_UP_ULL(size, et->blocksize);
}

/*
 * Compare the block map with the size and with i_blocks.  Indirect blocks are
 * counted by what they map: one without any should not be there.
 */
static void check_blocks(struct ext2_test *et)
{
	u64 nr = blocks_of(et, CAPACITY), block, leaf = 0, mapped = 0, indirect = 0;
	struct write_file *wf = et->wf;

	for (block = 0; block < nr; block++) {
		loff_t pos = block * et->blocksize;
		u64 of = block < DIRECT_BLOCKS ? 0 :
			 1 + div_u64(block - DIRECT_BLOCKS, et->fanout);

		if (test_fs_locate(wf->file, pos) < 0)
			continue;
		KUNIT_EXPECT_LT_MSG(et->test, pos, wf->size,
				    "block %llu is past the end, %s", block, wf->label);
		mapped++;
		if (of != leaf) {
			/* The first of the second level has one above it. */
			indirect += of > 1 && leaf <= 1 ? 2 : 1;
			leaf = of;
		}
	}
	KUNIT_EXPECT_EQ_MSG(et->test, (mapped + indirect) * (et->blocksize / 512),
			    file_inode(wf->file)->i_blocks, "i_blocks, %s", wf->label);
}

/* For a file without holes: not a block too many. */
static void check_no_more_blocks(struct ext2_test *et)
{
	u64 nr = blocks_of(et, et->wf->size);

	KUNIT_EXPECT_EQ_MSG(et->test, (nr + indirect_blocks(et, nr)) * (et->blocksize / 512),
			    file_inode(et->wf->file)->i_blocks, "i_blocks, %s",
			    et->wf->label);
}

static void check(struct ext2_test *et)
{
	write_file_check(et->wf);
	check_blocks(et);
}

/* Write back, forget the page cache. */
static void evict(struct ext2_test *et)
{
	KUNIT_ASSERT_EQ_MSG(et->test, 0, vfs_fsync(et->wf->file, 0), "%s", et->wf->label);
	write_file_drop_clean(et->wf);
	KUNIT_ASSERT_EQ_MSG(et->test, 0UL, et->wf->file->f_mapping->nrpages, "%s",
			    et->wf->label);
}

/* ... and read everything from the disk. */
static void check_on_disk(struct ext2_test *et)
{
	evict(et);
	check(et);
}

/*
 * Write without the checks of write_file_write_iter(), which read the file, and
 * so meet what is injected for the write.
 */
static ssize_t write_unchecked(struct ext2_test *et, loff_t pos, const u8 *bytes, size_t len)
{
	struct write_file *wf = et->wf;
	loff_t end = pos;
	ssize_t written = kernel_write(wf->file, bytes, len, &end);

	if (written > 0) {
		memcpy(wf->model + pos, bytes, written);
		wf->size = max_t(loff_t, wf->size, pos + written);
	}
	return written;
}

static void fill(struct ext2_test *et, loff_t pos, size_t len)
{
	/* Not what the tests write, which starts at the source's first pages. */
	const u8 *bytes = et->um->shadow + SOURCE_SIZE - len;

	KUNIT_ASSERT_EQ_MSG(et->test, write_unchecked(et, pos, bytes, len), len,
			    "%s", et->wf->label);
}

static void fresh_file(struct ext2_test *et, enum layout layout)
{
	loff_t pos;

	write_file_truncate(et->wf, 0);
	switch (layout) {
	case LAYOUT_MAPPED:
	case LAYOUT_CACHED:
		for (pos = 0; pos < FILE_SIZE; pos += PAGE_SIZE)
			fill(et, pos, min(FILE_SIZE - pos, PAGE_SIZE));
		break;
	case LAYOUT_THIRDS:
		write_file_truncate(et->wf, FILE_SIZE);
		for (pos = 0; pos + et->blocksize <= FILE_SIZE; pos += 3 * et->blocksize)
			fill(et, pos, et->blocksize);
		break;
	default:
		write_file_truncate(et->wf, FILE_SIZE);
	}
	if (layout != LAYOUT_CACHED)
		evict(et);
}

/* Write user memory from @source on, and compare with the model. */
static ssize_t write_user_to(struct ext2_test *et, struct file *file, loff_t pos,
			     size_t source, size_t len)
{
	struct user_iter ui;
	ssize_t written;

	user_iter_ubuf(&ui, et->um, source, len);
	written = write_file_write_iter(et->wf, file, pos, &ui.iter, ui.source);
	check_blocks(et);
	return written;
}

static ssize_t write_user(struct ext2_test *et, loff_t pos, size_t source, size_t len)
{
	return write_user_to(et, et->wf->file, pos, source, len);
}

static void expect_written(struct ext2_test *et, ssize_t expected, ssize_t written)
{
	KUNIT_EXPECT_EQ_MSG(et->test, expected, written, "return value, %s", et->wf->label);
}

/* Writes that differ: where they begin, and how far they go. */

struct span {
	loff_t pos;
	size_t len;
	size_t stop;		/* something happens after so many bytes */

	unsigned int nr, nr_stop;
};

static bool next_span(struct ext2_test *et, struct span *span)
{
	const unsigned int bs = et->blocksize;
	const loff_t starts[] = {
		0, bs - 1, PAGE_SIZE + bs / 2, (DIRECT_BLOCKS - 1) * bs + 1,
		DIRECT_BLOCKS * bs, FILE_SIZE - bs, FILE_SIZE, FILE_SIZE + 60,
		FILE_SIZE + 2 * PAGE_SIZE + 7,
	};
	const size_t lens[] = { 1, bs, 3 * PAGE_SIZE + 100, MANY_PAGES };

	if (span->nr == ARRAY_SIZE(starts) * ARRAY_SIZE(lens) || write_file_failed(et->wf))
		return false;
	span->pos = starts[span->nr / ARRAY_SIZE(lens)];
	span->len = lens[span->nr % ARRAY_SIZE(lens)];
	span->nr++;
	span->nr_stop = 0;
	return true;
}

/* Around the borders of blocks, pages and batches. */
static bool next_stop(struct ext2_test *et, struct span *span)
{
	loff_t end = span->pos + span->len;
	loff_t block = round_up(span->pos + 1, et->blocksize);
	loff_t page = round_up(span->pos + 1, PAGE_SIZE);
	loff_t batch = round_down(span->pos, PAGE_SIZE) + 31 * PAGE_SIZE;
	const loff_t stops[] = {
		span->pos, span->pos + 1, block, block + et->blocksize / 2, page + 1,
		batch, batch + et->blocksize, end - 1,
	};

	while (span->nr_stop < ARRAY_SIZE(stops) && !write_file_failed(et->wf)) {
		unsigned int n = span->nr_stop++, same = 0;

		if (stops[n] < span->pos || stops[n] >= end)
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

/*
 * Where in user memory a write must start for a page of it to begin @before
 * bytes further on, and which page that is.
 */
static size_t source_before_page(size_t before, size_t *page)
{
	*page = (before / PAGE_SIZE + 1) * PAGE_SIZE;
	return *page - before;
}

/* Nothing goes wrong. */
static void whole_copy(struct kunit *test)
{
	struct ext2_test *et = make_layout(test);
	struct span span = {};

	while (next_span(et, &span)) {
		write_file_label(et->wf, "%zu at %lld", span.len, span.pos);
		fresh_file(et, et->layout);
		expect_written(et, span.len, write_user(et, span.pos, 0, span.len));
		check_on_disk(et);
		test_fs_remount(et->fs);
		check(et);
	}
}

/* From some byte on, the source can't be read, now or ever. */
static void source_ends(struct kunit *test)
{
	struct ext2_test *et = make_layout(test);
	struct span span = {};

	while (next_span(et, &span)) {
		while (next_stop(et, &span)) {
			size_t page, source = source_before_page(span.stop, &page);

			write_file_label(et->wf, "%zu at %lld, no source for %zu", span.len,
					 span.pos, span.stop);
			fresh_file(et, et->layout);
			user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_NONE);
			expect_written(et, span.stop ?: -EFAULT,
				       write_user(et, span.pos, source, span.len));
			user_mem_protect(et->um, page, SOURCE_SIZE - page,
					 PROT_READ | PROT_WRITE);
			check_on_disk(et);
		}
	}
}

/* Faulting in one page of the source takes away the others. */
static void source_zapped(struct kunit *test)
{
	static const unsigned int faults[] = { 2, 3, 33, 70, TRAP_ALWAYS };
	struct ext2_test *et = make_layout(test);
	struct span span = {};
	unsigned int n;

	while (next_span(et, &span)) {
		for (n = 0; n < ARRAY_SIZE(faults) && !write_file_failed(et->wf); n++) {
			if (faults[n] == TRAP_ALWAYS && span.pos % sizeof(u64))
				continue;
			write_file_label(et->wf, "%zu at %lld, %u faults zap", span.len,
					 span.pos, faults[n]);
			fresh_file(et, et->layout);
			user_trap_set(et->um, 0, SOURCE_SIZE, faults[n], false);
			expect_written(et, span.len,
				       write_user(et, span.pos, 48, span.len));
			check_on_disk(et);
		}
	}
}

/* Copies fail although the source was faulted in, and all of it is there. */
static void copies_fail(struct kunit *test)
{
	static const struct {
		unsigned int skip;
		int times;
	} fails[] = { { 0, 1 }, { 0, 2 }, { 0, 5 }, { 1, 1 }, { 2, 40 } };
	struct ext2_test *et = make_layout(test);
	struct span span = {};
	unsigned int n;

	while (next_span(et, &span)) {
		for (n = 0; n < ARRAY_SIZE(fails) && !write_file_failed(et->wf); n++) {
			size_t len = span.len;
			ssize_t written;

			write_file_label(et->wf, "%zu at %lld, after %u copies %d fail",
					 len, span.pos, fails[n].skip, fails[n].times);
			fresh_file(et, et->layout);
			fail_usercopy_arm(test, fails[n].skip, fails[n].times);
			written = write_user(et, span.pos, 50, len);
			/* More in a row than there are ways to copy look like no memory. */
			if (fails[n].times < 4)
				expect_written(et, len, written);
			else if (written < 0)
				expect_written(et, -EFAULT, written);
			check_on_disk(et);
		}
		write_file_label(et->wf, "%zu at %lld, all copies fail", span.len,
				 span.pos);
		fresh_file(et, et->layout);
		fail_usercopy_arm(test, 0, FAIL_ALWAYS);
		expect_written(et, -EFAULT, write_user(et, span.pos, 50, span.len));
		check_on_disk(et);
	}
}

/* The same to a file that was empty: then each block of it can be accounted for. */
static void nothing_is_left_behind(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	struct span span = {};

	while (next_span(et, &span)) {
		if (span.pos)
			continue;
		while (next_stop(et, &span)) {
			size_t page, source = source_before_page(span.stop, &page);

			write_file_label(et->wf, "%zu, no source for %zu", span.len,
					 span.stop);
			write_file_truncate(et->wf, 0);
			user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_NONE);
			expect_written(et, span.stop ?: -EFAULT,
				       write_user(et, 0, source, span.len));
			check_no_more_blocks(et);
			user_mem_protect(et->um, page, SOURCE_SIZE - page,
					 PROT_READ | PROT_WRITE);
			check_on_disk(et);
		}
		for (span.stop = 2; span.stop < 40; span.stop += 7) {
			write_file_label(et->wf, "%zu, %zu faults zap", span.len,
					 span.stop);
			write_file_truncate(et->wf, 0);
			user_trap_set(et->um, 0, SOURCE_SIZE, span.stop, false);
			expect_written(et, span.len, write_user(et, 0, 50, span.len));
			check_no_more_blocks(et);
			check_on_disk(et);
		}
	}
}

/*
 * The source is a mapping of what is written, whose pages are locked when it is
 * copied.  Where both overlap there is no telling what must come of it.
 */
static void from_itself(struct kunit *test)
{
	struct ext2_test *et = make_layout(test);
	struct span span = {};

	write_file_map(et->wf);
	while (next_span(et, &span)) {
		size_t at = span.pos < FILE_SIZE / 2 ? round_up(span.pos + span.len, PAGE_SIZE) : 0;
		struct user_iter ui;

		if (at + span.len > FILE_SIZE || (!at && span.len > span.pos))
			continue;
		write_file_label(et->wf, "%zu at %lld, from %zu", span.len, span.pos, at);
		fresh_file(et, et->layout);
		write_file_iter(et->wf, &ui, at, span.len);
		expect_written(et, span.len,
			       write_file_write_iter(et->wf, et->wf->file, span.pos,
						     &ui.iter, ui.source));
		check_on_disk(et);
	}
}

/* What is before and behind in the same page is the file's own mapping. */
static void from_the_same_page(struct kunit *test)
{
	struct ext2_test *et = make_layout(test);
	const size_t len = PAGE_SIZE / 2;
	struct user_iter ui;
	unsigned int n;

	write_file_map(et->wf);
	for (n = 0; n < 2; n++) {
		size_t from = n ? len : 0;

		write_file_label(et->wf, "half %u", n);
		fresh_file(et, et->layout);
		write_file_iter(et->wf, &ui, 5 * PAGE_SIZE + from, len);
		expect_written(et, len,
			       write_file_write_iter(et->wf, et->wf->file,
						     5 * PAGE_SIZE + len - from,
						     &ui.iter, ui.source));
		check_on_disk(et);
	}
}

/*
 * Far from the start, where a level of indirect blocks ends, in a file that has
 * nothing before.  Too far for a model.
 */
static void check_far(struct ext2_test *et, struct file *file, loff_t pos, size_t len,
		      const u8 *source)
{
	const size_t gap = 2 * PAGE_SIZE;
	u8 *read = kunit_kmalloc(et->test, gap + len + 1, GFP_KERNEL);
	loff_t at = pos - gap;

	KUNIT_ASSERT_NOT_NULL(et->test, read);
	KUNIT_ASSERT_EQ(et->test, (ssize_t)(gap + len),
			kernel_read(file, read, gap + len + 1, &at));
	KUNIT_EXPECT_NULL_MSG(et->test, memchr_inv(read, 0, gap), "before, %s",
			      et->wf->label);
	KUNIT_EXPECT_FALSE_MSG(et->test, memcmp(read + gap, source, len), "%s",
			       et->wf->label);
	kunit_kfree(et->test, read);
}

static void write_far(struct ext2_test *et, loff_t pos, size_t len, u64 indirect)
{
	struct file *file = test_fs_open(et->fs, "far", O_RDWR | O_TRUNC);
	u64 first = div_u64(pos, et->blocksize);
	u64 nr = blocks_of(et, pos + len) - first;
	struct user_iter ui;
	loff_t end = pos;

	user_iter_ubuf(&ui, et->um, 0, len);
	expect_written(et, len, vfs_iter_write(file, &ui.iter, &end, 0));
	KUNIT_EXPECT_EQ_MSG(et->test, end, pos + len, "%s", et->wf->label);
	KUNIT_EXPECT_EQ_MSG(et->test, file_inode(file)->i_blocks,
			    (nr + indirect) * (et->blocksize / 512), "i_blocks, %s",
			    et->wf->label);
	check_far(et, file, pos, len, ui.source);
	test_fs_remount(et->fs);
	file = test_fs_open(et->fs, "far", O_RDWR);
	check_far(et, file, pos, len, ui.source);
	test_fs_close(et->fs, file);
}

/* Where blocks begin to be mapped by one level more, and how many levels then. */
static void level_borders(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	u64 fanout = et->fanout;
	const u64 borders[] = {
		DIRECT_BLOCKS,
		DIRECT_BLOCKS + fanout,
		DIRECT_BLOCKS + fanout + fanout,
		DIRECT_BLOCKS + fanout + fanout * fanout,
		DIRECT_BLOCKS + fanout + fanout * fanout + fanout,
	};
	/* Indirect blocks that map one block on both sides. */
	const u64 indirect[] = { 1, 1 + 2, 1 + 2, 2 + 3, 1 + 1 + 2 };
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(borders) && !write_file_failed(et->wf); n++) {
		loff_t border = borders[n] * et->blocksize;

		write_file_label(et->wf, "border %u", n);
		if (border < 3 * PAGE_SIZE)
			continue;
		write_far(et, border - 1, 2, indirect[n]);
		write_far(et, border - et->blocksize, 2 * et->blocksize, indirect[n]);
		write_far(et, border - et->blocksize - 10, 7 * PAGE_SIZE, indirect[n]);
	}
}

/* Free blocks of the file system. */
static u64 free_blocks(struct ext2_test *et)
{
	struct kstatfs st;

	KUNIT_ASSERT_EQ(et->test, 0, vfs_statfs(&et->wf->file->f_path, &st));
	return st.f_bfree;
}

/* Fill the disk but for @nr blocks, or one or two less. */
static u64 leave_free(struct ext2_test *et, u64 nr)
{
	struct file *filler = test_fs_open(et->fs, "filler", O_RDWR | O_TRUNC);
	loff_t pos = 0;

	while (free_blocks(et) > nr) {
		size_t len = free_blocks(et) > nr + 40 ? 32 * et->blocksize : et->blocksize;

		KUNIT_ASSERT_EQ(et->test, (ssize_t)min(len, SOURCE_SIZE),
				kernel_write(filler, et->um->shadow,
					     min(len, SOURCE_SIZE), &pos));
	}
	/* Its reservation goes as well. */
	test_fs_close(et->fs, filler);
	return free_blocks(et);
}

/*
 * What there is room for is written, and then comes the error.  Through
 * ->write_begin, a page is written or it is not.
 */
static void expect_full(struct ext2_test *et, loff_t pos, loff_t room, int error,
			ssize_t written)
{
	loff_t least = room;

	if (!IS_ENABLED(CONFIG_EXT2_PERFORM_WRITE))
		least = round_down(room, PAGE_SIZE);
	if (least <= pos && written < 0) {
		expect_written(et, error, written);
		return;
	}
	KUNIT_EXPECT_GE_MSG(et->test, written, least - pos, "%s", et->wf->label);
	KUNIT_EXPECT_LE_MSG(et->test, written, room - pos, "%s", et->wf->label);
}

static void disk_full(struct kunit *test)
{
	static const unsigned int left[] = { 0, 1, 2, 5, 13, 14, 15, 20, 31, 40 };
	static const loff_t starts[] = { 0, 100 };
	const unsigned int *blocksize = test->param_value;
	struct ext2_test *et = make_fs(test, *blocksize, NULL, SZ_1M);
	u64 all = free_blocks(et), free;
	unsigned int n, s;

	for (n = 0; n < ARRAY_SIZE(left) && !write_file_failed(et->wf); n++) {
		for (s = 0; s < ARRAY_SIZE(starts) && !write_file_failed(et->wf); s++) {
			loff_t pos = starts[s];
			ssize_t written;

			free = leave_free(et, left[n]);
			write_file_label(et->wf, "%llu blocks left, at %lld", free, pos);
			written = write_user(et, pos, 0, 42 * *blocksize);
			expect_full(et, pos, data_blocks(et, free) * *blocksize, -ENOSPC, written);
			check_no_more_blocks(et);
			/* The next one gets the error, and changes nothing. */
			written = write_user(et, et->wf->size, 0, 5 * *blocksize);
			expect_full(et, et->wf->size, et->wf->size, -ENOSPC, written);
			check_no_more_blocks(et);
			check_on_disk(et);
			write_file_truncate(et->wf, 0);
			KUNIT_EXPECT_EQ_MSG(test, free, free_blocks(et), "%s", et->wf->label);
		}
	}
	leave_free(et, all);
	KUNIT_EXPECT_EQ(test, all, free_blocks(et));
}

/* The same in a hole, which does not go when the write fails. */
static void disk_full_in_hole(struct kunit *test)
{
	static const unsigned int left[] = { 0, 1, 2, 3, 7, 13, 14, 31 };
	static const loff_t starts[] = { 0, 100, 1024 };
	const unsigned int *blocksize = test->param_value;
	struct ext2_test *et = make_fs(test, *blocksize, NULL, SZ_1M);
	unsigned int n, s;
	u64 free;

	for (n = 0; n < ARRAY_SIZE(left) && !write_file_failed(et->wf); n++) {
		for (s = 0; s < ARRAY_SIZE(starts) && !write_file_failed(et->wf); s++) {
			loff_t pos = starts[s];
			ssize_t written;
			u64 room;

			free = leave_free(et, left[n]);
			/* Blocks before the write take no space, but a place. */
			room = data_blocks(et, pos / *blocksize + free);
			write_file_truncate(et->wf, 60 * *blocksize);
			write_file_label(et->wf, "%llu blocks left, at %lld", free, pos);
			written = write_user(et, pos, 0, 42 * *blocksize);
			expect_full(et, pos, room * *blocksize, -ENOSPC, written);
			pos += max(written, 0);
			written = write_user(et, pos, 0, 5 * *blocksize);
			expect_full(et, pos, pos, -ENOSPC, written);
			check_on_disk(et);
			write_file_truncate(et->wf, 0);
			KUNIT_EXPECT_EQ_MSG(test, free, free_blocks(et), "%s", et->wf->label);
		}
	}
}

/* What is reserved for root is not for others, however much they ask for at once. */
static void reserve_stays(struct kunit *test)
{
	static const unsigned int left[] = { 0, 1, 2, 5, 12, 13, 14, 20, 40 };
	const unsigned int *blocksize = test->param_value;
	struct ext2_test *et = make_reserved(test, *blocksize, 10, NULL, SZ_1M);
	u64 reserved = SZ_1M / *blocksize / 10;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(left) && !write_file_failed(et->wf); n++) {
		u64 free = leave_free(et, reserved + left[n]);
		u64 room = free > reserved ? data_blocks(et, free - reserved) : 0;
		const struct cred *old = write_file_become(test, KUIDT_INIT(1000));
		ssize_t written;

		write_file_label(et->wf, "%llu of %llu free blocks reserved", reserved, free);
		written = write_user(et, 0, 0, 42 * *blocksize);
		write_file_revert_creds(old);
		expect_full(et, 0, room * *blocksize, -ENOSPC, written);
		KUNIT_EXPECT_GE_MSG(test, free_blocks(et), min(free, reserved), "%s",
				    et->wf->label);
		check_on_disk(et);
		write_file_label(et->wf, "%llu of %llu free blocks, for root", reserved, free);
		written = write_user(et, et->wf->size, 0, 12 * *blocksize);
		expect_written(et, 12 * *blocksize, written);
		check_on_disk(et);
		write_file_truncate(et->wf, 0);
	}
}

/* The block that maps those after the first twelve. */
static loff_t locate_indirect(struct ext2_test *et)
{
	loff_t first = test_fs_locate(et->wf->file, DIRECT_BLOCKS * et->blocksize);
	/* Allocated along with what it maps. */
	loff_t pos = first - et->blocksize;

	KUNIT_ASSERT_GT(et->test, first, 0);
	KUNIT_ASSERT_EQ(et->test, div_u64(first, et->blocksize),
			le32_to_cpup((__le32 *)(et->fs->disk->bytes + pos)));
	return pos;
}

/* A write of which the read at @fail_pos of the disk fails, which is for @block. */
static void read_fails_at(struct ext2_test *et, loff_t pos, size_t len,
			  loff_t fail_pos, u64 block)
{
	loff_t room = max_t(loff_t, block * et->blocksize, pos);
	ssize_t written;

	et->fs->disk->fail_pos = fail_pos;
	et->fs->disk->fail_reads = UINT_MAX;
	written = write_unchecked(et, pos, et->um->shadow, len);
	/* Nothing was allocated and nothing is there that can't be read again. */
	et->fs->disk->fail_reads = 0;

	expect_full(et, pos, room, -EIO, written);
	check(et);
	check_on_disk(et);
}

/* What is there of the first and the last block must be read, and nothing else. */
static void read_fails_in(struct ext2_test *et, loff_t pos, size_t len)
{
	u64 first = div_u64(pos, et->blocksize);
	u64 last = div_u64(pos + len - 1, et->blocksize), block;

	for (block = first; block <= last && !write_file_failed(et->wf); block++) {
		loff_t fail_pos;

		write_file_label(et->wf, "%zu at %lld, block %llu", len, pos, block);
		fresh_file(et, LAYOUT_MAPPED);
		fail_pos = test_fs_locate(et->wf->file, block * et->blocksize);
		if (fail_pos < 0)
			break;
		if (block == first || block == last) {
			read_fails_at(et, pos, len, fail_pos, block);
			continue;
		}
		et->fs->disk->fail_pos = fail_pos;
		et->fs->disk->fail_reads = 1;
		expect_written(et, len, write_unchecked(et, pos, et->um->shadow, len));
		KUNIT_EXPECT_EQ_MSG(et->test, et->fs->disk->fail_reads, 1, "%s", et->wf->label);
		et->fs->disk->fail_reads = 0;
		check_on_disk(et);
	}
}

static void read_fails(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);

	read_fails_in(et, 2 * et->blocksize + 10, 5 * PAGE_SIZE);
	/* Blocks past the end are allocated before the read is known to fail. */
	read_fails_in(et, FILE_SIZE, 5 * PAGE_SIZE);
	read_fails_in(et, FILE_SIZE - et->blocksize, 5 * PAGE_SIZE);
}

/* What maps the blocks can't be read: the write ends before the first of them. */
static void map_unreadable(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	static const int starts[] = { -3, -1, 0, 2 };
	loff_t fail_pos;
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(starts) && !write_file_failed(et->wf); n++) {
		write_file_label(et->wf, "%d blocks from the border", starts[n]);
		fresh_file(et, LAYOUT_MAPPED);
		fail_pos = locate_indirect(et);
		test_fs_remount(et->fs);
		read_fails_at(et, (DIRECT_BLOCKS + starts[n]) * (loff_t)et->blocksize + 7,
			      3 * PAGE_SIZE, fail_pos,
			      DIRECT_BLOCKS);
	}
}

/* In how many pieces the file is on the disk. */
static unsigned int fragments(struct ext2_test *et, struct file *file, u64 nr)
{
	unsigned int pieces = 0;
	loff_t next = -1;
	u64 block;

	for (block = 0; block < nr; block++) {
		loff_t at = test_fs_locate(file, block * et->blocksize);

		KUNIT_EXPECT_GT_MSG(et->test, at, 0, "block %llu", block);
		if (at != next)
			pieces++;
		next = at + et->blocksize;
	}
	return pieces;
}

/* One write is in one piece, but for the blocks that map it. */
static void one_piece(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	u64 nr = blocks_of(et, MANY_PAGES);

	expect_written(et, MANY_PAGES, write_user(et, 0, 0, MANY_PAGES));
	KUNIT_EXPECT_LE(test, fragments(et, et->wf->file, nr),
			1 + !!indirect_blocks(et, nr));
	check_on_disk(et);
}

/* Files that grow by turns do not get into each other's way. */
static void by_turns(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	struct file *other = test_fs_open(et->fs, "other", O_RDWR);
	const size_t len = 3 * PAGE_SIZE + et->blocksize;
	const unsigned int turns = 12;
	unsigned int n, most = turns + 2;
	loff_t pos = 0;

	for (n = 0; n < turns; n++) {
		loff_t at = pos;

		write_file_label(et->wf, "turn %u", n);
		expect_written(et, len, write_user(et, pos, 0, len));
		expect_written(et, len, kernel_write(other, et->um->shadow, len, &at));
		pos = at;
	}
	check_no_more_blocks(et);
	KUNIT_EXPECT_LE(test, fragments(et, et->wf->file, blocks_of(et, pos)), most);
	KUNIT_EXPECT_LE(test, fragments(et, other, blocks_of(et, pos)), most);
	check_on_disk(et);
}

/*
 * Cut the power: what the disk has now is all that is left.  Counters of free
 * blocks need not be right then, and e2fsck mends them.
 */
static void cut_power(struct ext2_test *et)
{
	struct test_disk *disk = et->fs->disk;
	u8 *image = vmalloc(disk->size);
	struct tool_run run;

	KUNIT_ASSERT_NOT_NULL(et->test, image);
	memcpy(image, disk->bytes, disk->size);
	test_fs_unmount(et->fs);
	memcpy(disk->bytes, image, disk->size);
	vfree(image);
	run = try_tool(et->test, "e2fsck -fy %s", et->fs->device);
	KUNIT_ASSERT_LE_MSG(et->test, run.status, 1, "%s", run.output);
	KUNIT_ASSERT_NULL_MSG(et->test, strstr(run.output, "i_blocks"), "%s", run.output);
	test_fs_mount(et->fs);
}

/* Write to a file that is open in another way, which need not leave it dirty. */
static void write_as(struct ext2_test *et, int flags, loff_t pos, size_t len)
{
	struct file *file = test_fs_open(et->fs, "file", O_RDWR | flags);
	struct write_file *wf = et->wf;
	struct user_iter ui;
	loff_t end = pos;

	user_iter_ubuf(&ui, et->um, 0, len);
	expect_written(et, len, vfs_iter_write(file, &ui.iter, &end, 0));
	memcpy(wf->model + pos, ui.source, len);
	wf->size = max_t(loff_t, wf->size, end);
	KUNIT_EXPECT_FALSE_MSG(et->test, mapping_tagged(file->f_mapping, PAGECACHE_TAG_DIRTY),
			       "%s", wf->label);
	test_fs_close(et->fs, file);
}

static void synchronous(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);

	/* Its name is not what the write has to care for. */
	test_fs_remount(et->fs);
	write_as(et, O_SYNC, 100, MANY_PAGES);
	check(et);
	cut_power(et);
	check(et);
}

/* ext2 does not fill holes by direct I/O, but through the page cache. */
static void direct_to_holes(struct kunit *test)
{
	struct ext2_test *et = make_layout(test);
	struct span span = {};

	while (next_span(et, &span)) {
		loff_t pos = round_down(span.pos, PAGE_SIZE);
		size_t len = round_up(span.len, PAGE_SIZE);

		write_file_label(et->wf, "%zu at %lld", len, pos);
		fresh_file(et, et->layout);
		KUNIT_ASSERT_EQ(test, 0, vfs_fsync(et->wf->file, 0));
		write_as(et, O_DIRECT, pos, len);
		check(et);
		check_on_disk(et);
	}
}

static void append(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	struct file *file = test_fs_open(et->fs, "file", O_RDWR | O_APPEND);
	unsigned int n;

	for (n = 1; n < 6; n++) {
		write_file_label(et->wf, "write %u", n);
		expect_written(et, n * PAGE_SIZE + 10 * n,
			       write_user_to(et, file, 0, n, n * PAGE_SIZE + 10 * n));
		check_no_more_blocks(et);
		check_on_disk(et);
	}
}

/* A file of quotas, as quotacheck makes it when nobody has used anything. */
static void make_quota_file(struct ext2_test *et)
{
	struct {
		__le32 magic, version;
		__le32 bgrace, igrace, flags, blocks, free_blk, free_entry;
	} head = {
		.magic		= cpu_to_le32(0xd9c01f11),
		.version	= cpu_to_le32(1),
		.blocks		= cpu_to_le32(2),
	};
	struct file *file = test_fs_open(et->fs, "aquota.user", O_RDWR);
	struct super_block *sb = et->fs->mnt->mnt_sb;
	u8 *bytes = kunit_kzalloc(et->test, 2048, GFP_KERNEL);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(et->test, bytes);
	memcpy(bytes, &head, sizeof(head));
	KUNIT_ASSERT_EQ(et->test, 2048, kernel_write(file, bytes, 2048, &pos));
	/* As quotactl(2) holds it. */
	down_write(&sb->s_umount);
	KUNIT_EXPECT_EQ(et->test, 0, sb->s_qcop->quota_on(sb, USRQUOTA, QFMT_VFS_V1,
							  &file->f_path));
	up_write(&sb->s_umount);
	test_fs_close(et->fs, file);
}

#define QUOTA_USER	1000

static void set_quota(struct ext2_test *et, u64 blocks)
{
	struct qc_dqblk limit = {
		.d_fieldmask	= QC_SPC_HARD,
		.d_spc_hardlimit = blocks * et->blocksize,
	};
	struct super_block *sb = et->fs->mnt->mnt_sb;

	down_read(&sb->s_umount);
	KUNIT_EXPECT_EQ(et->test, 0,
			sb->s_qcop->set_dqblk(sb, make_kqid(&init_user_ns, USRQUOTA, QUOTA_USER),
					      &limit));
	up_read(&sb->s_umount);
}

static void check_quota(struct ext2_test *et)
{
	struct super_block *sb = et->fs->mnt->mnt_sb;
	struct qc_dqblk used = {};

	down_read(&sb->s_umount);
	KUNIT_EXPECT_EQ(et->test, 0,
			sb->s_qcop->get_dqblk(sb, make_kqid(&init_user_ns, USRQUOTA, QUOTA_USER),
					      &used));
	up_read(&sb->s_umount);
	KUNIT_EXPECT_EQ_MSG(et->test, used.d_space,
			    file_inode(et->wf->file)->i_blocks * 512, "quota, %s",
			    et->wf->label);
}

static void give_file_to_user(struct ext2_test *et)
{
	struct iattr attr = { .ia_valid = ATTR_UID, .ia_uid = KUIDT_INIT(QUOTA_USER) };
	struct dentry *dentry = file_dentry(et->wf->file);

	inode_lock(d_inode(dentry));
	KUNIT_ASSERT_EQ(et->test, 0, notify_change(&nop_mnt_idmap, dentry, &attr, NULL));
	inode_unlock(d_inode(dentry));
}

static void quota_full(struct kunit *test)
{
	static const unsigned int limits[] = { 1, 2, 5, 12, 13, 14, 15, 20, 31, 40 };
	const unsigned int *blocksize = test->param_value;
	struct ext2_test *et = make_fs(test, *blocksize, "usrquota", SZ_4M);
	const struct cred *old;
	unsigned int n;

	make_quota_file(et);
	give_file_to_user(et);
	old = write_file_obey_limits(test);
	for (n = 0; n < ARRAY_SIZE(limits) && !write_file_failed(et->wf); n++) {
		u64 room = data_blocks(et, limits[n]) * *blocksize;
		size_t page, source = source_before_page(2 * *blocksize + 5, &page);
		ssize_t written;

		write_file_label(et->wf, "%u blocks allowed", limits[n]);
		set_quota(et, limits[n]);
		written = write_user(et, 0, 0, 42 * *blocksize);
		expect_full(et, 0, room, -EDQUOT, written);
		check_quota(et);
		written = write_user(et, et->wf->size, 0, 5 * *blocksize);
		expect_full(et, et->wf->size, et->wf->size, -EDQUOT, written);
		check_no_more_blocks(et);
		check_quota(et);
		check_on_disk(et);
		write_file_truncate(et->wf, 0);
		check_quota(et);

		/* What a short copy has no use for is given back. */
		write_file_label(et->wf, "%u blocks allowed, short copy", limits[n]);
		user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_NONE);
		written = write_user(et, 0, source, 42 * *blocksize);
		if (limits[n] > 2)
			expect_written(et, 2 * *blocksize + 5, written);
		check_no_more_blocks(et);
		check_quota(et);
		user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_READ | PROT_WRITE);
		write_file_truncate(et->wf, 0);
	}
	write_file_revert_creds(old);
}

/* Any of the above, in any order, on a file that lives on. */

static void random_write(struct ext2_test *et, struct rnd_state *rnd)
{
	size_t max = random_below(rnd, 2) ? 2 * et->blocksize : MANY_PAGES;
	size_t len = 1 + random_below(rnd, max);
	loff_t pos = random_below(rnd, CAPACITY - len);
	size_t source = random_below(rnd, SOURCE_SIZE - len);
	size_t page = PAGE_SIZE * random_below(rnd, SOURCE_SIZE / PAGE_SIZE);
	unsigned int kind = random_below(rnd, 4);
	size_t readable = len;

	/* Not along with copies that fail: four in a row look like no memory. */
	user_trap_set(et->um, 0, SOURCE_SIZE, kind == 0 ? random_below(rnd, 50) : 0, false);
	if (kind == 1) {
		user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_NONE);
		readable = user_mem_readable(et->um, source, len);
	} else if (kind == 2) {
		/* One that is not present fails a copy by itself, on a later kernel. */
		user_mem_populate(et->um, 0, SOURCE_SIZE);
		fail_usercopy_arm(et->test, random_below(rnd, 4), 1 + random_below(rnd, 3));
	}
	expect_written(et, readable ?: -EFAULT, write_user(et, pos, source, len));
	user_mem_protect(et->um, page, SOURCE_SIZE - page, PROT_READ | PROT_WRITE);
}

static void random_step(struct ext2_test *et, struct rnd_state *rnd)
{
	switch (random_below(rnd, 12)) {
	case 0:
		write_file_truncate(et->wf, random_below(rnd, CAPACITY));
		check_blocks(et);
		break;
	case 1:
		check_on_disk(et);
		break;
	case 2:
	case 3:
		evict(et);
		break;
	case 4:
		test_fs_remount(et->fs);
		break;
	default:
		random_write(et, rnd);
	}
}

static void random_steps(struct kunit *test)
{
	struct ext2_test *et = make_sized(test);
	struct rnd_state rnd;
	u32 seed, step;

	for (seed = 1; seed <= 8 && !write_file_failed(et->wf); seed++) {
		prandom_seed_state(&rnd, seed);
		write_file_label(et->wf, "seed %u", seed);
		fresh_file(et, seed % NR_LAYOUTS);
		for (step = 0; step < 60 && !write_file_failed(et->wf); step++) {
			write_file_label(et->wf, "seed %u, step %u", seed, step);
			random_step(et, &rnd);
		}
		check_on_disk(et);
		test_fs_check(et->fs);
	}
}

static struct kunit_case ext2_write_cases[] = {
	KUNIT_CASE_PARAM(whole_copy, layouts_gen_params),
	KUNIT_CASE_PARAM(source_ends, layouts_gen_params),
	KUNIT_CASE_PARAM(source_zapped, layouts_gen_params),
	KUNIT_CASE_PARAM(copies_fail, layouts_gen_params),
	KUNIT_CASE_PARAM(nothing_is_left_behind, blocks_gen_params),
	KUNIT_CASE_PARAM(from_itself, layouts_gen_params),
	KUNIT_CASE_PARAM(from_the_same_page, layouts_gen_params),
	KUNIT_CASE_PARAM(level_borders, blocks_gen_params),
	KUNIT_CASE_PARAM(disk_full, blocks_gen_params),
	KUNIT_CASE_PARAM(disk_full_in_hole, blocks_gen_params),
	KUNIT_CASE_PARAM(reserve_stays, blocks_gen_params),
	KUNIT_CASE_PARAM(read_fails, blocks_gen_params),
	KUNIT_CASE_PARAM(map_unreadable, blocks_gen_params),
	KUNIT_CASE_PARAM(one_piece, blocks_gen_params),
	KUNIT_CASE_PARAM(by_turns, blocks_gen_params),
	KUNIT_CASE_PARAM(synchronous, blocks_gen_params),
	KUNIT_CASE_PARAM(direct_to_holes, layouts_gen_params),
	KUNIT_CASE_PARAM(append, blocks_gen_params),
	KUNIT_CASE_PARAM(quota_full, blocks_gen_params),
	KUNIT_CASE_PARAM(random_steps, blocks_gen_params),
	{}
};

static struct kunit_suite ext2_write_suite = {
	.name = "ext2_write",
	.test_cases = ext2_write_cases,
};

kunit_test_suite(ext2_write_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit suite for buffered writes to ext2");
