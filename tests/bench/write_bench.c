// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long buffered writes take, from ->write_iter down.
 *
 * A row of the results is a filesystem, an access, a size and a source.  Each
 * row starts anew: its own mount, file and source.  What it prints is for
 * tests/bench/report.py:
 *
 *	write_bench: row <fs>/<access>/<size>/<source> <bytes> <time>
 *
 * where <time> is how many nanoseconds the fastest pass took, of many that
 * wrote <bytes> bytes each.  What else the machine does makes passes slower and
 * none faster.  Where virtual time goes on by a nanosecond per instruction it
 * is how many instructions.
 */
#include <linux/bitmap.h>
#include <linux/blk_types.h>
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/glob.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/pipe_fs_i.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/splice.h>
#include <linux/string.h>

#include "bench_file.h"
#include "compat.h"
#include "user_mem.h"
#include "write_file.h"

static char *rows = "*";
module_param(rows, charp, 0444);
MODULE_PARM_DESC(rows, "Rows to measure, a shell pattern");

static unsigned int ms_per_row = 20;
module_param(ms_per_row, uint, 0444);
MODULE_PARM_DESC(ms_per_row, "How long to repeat a row");

/*
 * A pass writes that much at least: reading the clock must not count, nor that
 * some clocks tick a few times in a microsecond only.
 */
#define MIN_PASS	SZ_1M

/* The file that is in the page cache, and the disk that it is on. */
#define CACHED_SIZE	SZ_64M
#define CACHED_DISK	SZ_128M

/* The disk of all other files. */
#define DISK_SIZE	SZ_16M

/* However long a row takes. */
#define MIN_PASSES	3

enum bench_access {
	/* to the end of a file, or the device over it, that was empty before the pass */
	BENCH_APPEND,
	/* over what was written before, all in the page cache */
	BENCH_OVERWRITE,
	/*
	 * here and there over a large file that is in the page cache, in folios
	 * as large as the filesystem makes them
	 */
	BENCH_CACHED,
	/* copies into plain memory instead of a file: what any write must do */
	BENCH_COPY,
	BENCH_MEMCPY,
};

static const char * const access_names[] = {
	[BENCH_APPEND]		= "append",
	[BENCH_OVERWRITE]	= "overwrite",
	[BENCH_CACHED]		= "cached",
	[BENCH_COPY]		= "copy",
	[BENCH_MEMCPY]		= "memcpy",
};

static const struct bench_size {
	const char *name;
	size_t bytes;
	/* For BENCH_CACHED, and for nothing else. */
	bool cached;
} sizes[] = {
	{ "512", 512 },
	{ "4k", SZ_4K },
	{ "16k", SZ_16K },
	{ "64k", SZ_64K },
	{ "1m", SZ_1M },
	{ "4m", SZ_4M },
	{ "1k", SZ_1K, .cached = true },
	{ "10k", 10 * SZ_1K, .cached = true },
};

static const struct bench_source {
	const char *name;
	enum iter_type type;
	unsigned int nr_segs;
	/* Also to loop devices, for which all sources become bios. */
	bool loop;
	bool pipe;
	unsigned int flags;
} sources[] = {
	{ "ubuf", ITER_UBUF, 1, .loop = true },
	{ "iovec1", ITER_IOVEC, 1 },
	{ "iovec16", ITER_IOVEC, 16, .loop = true },
	{ "iovec1024", ITER_IOVEC, 1024 },
	{ "bvec", ITER_BVEC, 1, .loop = true },
	/* Pages of a pipe; what is measured is splice(2), without and with MOVE. */
	{ "pipe", .pipe = true },
	{ "pipe-move", .pipe = true, .flags = SPLICE_F_MOVE },
};

/* memcpy() knows no sources but this. */
static const struct bench_source kernel_memory = { "kernel", ITER_KVEC, 1 };

struct bench_row {
	const struct bench_fs *fs;
	enum bench_access access;
	const struct bench_size *size;
	const struct bench_source *source;
	char name[KUNIT_PARAM_DESC_SIZE];
};

/**
 * struct bench - a row at work
 * @test: the test that all this belongs to
 * @row: what to measure
 * @pass: how many bytes a pass writes
 * @iter: the source, of which each write takes a copy
 * @source: what @iter yields, in kernel memory
 * @pipe: where each write is spliced from, both ends, or NULL
 * @file: where to write to, or NULL
 * @kept_in: the file that has it then: @file, or the one below a loop device
 * @memory: where to copy to, if there is no file
 * @rnd: where in a cached file to write, in units of a write
 * @places: those of a pass
 * @written: a bit for each that was written
 */
struct bench {
	struct kunit *test;
	const struct bench_row *row;
	size_t pass;
	struct iov_iter iter;
	const u8 *source;
	struct file *pipe[2];
	struct file *file;
	struct file *kept_in;
	u8 *memory;
	struct rnd_state rnd;
	unsigned int *places;
	unsigned long *written;
};

static void bench_user_source(struct bench *bench)
{
	size_t size = bench->row->size->bytes;
	unsigned int nr_segs = bench->row->source->nr_segs;
	struct user_mem *um = user_mem_create(bench->test, size, 1);
	struct user_seg *segs;
	struct user_iter ui;
	unsigned int i;

	user_mem_populate(um, 0, size);
	if (bench->row->source->type == ITER_UBUF) {
		user_iter_ubuf(&ui, um, 0, size);
	} else {
		segs = kunit_kcalloc(bench->test, nr_segs, sizeof(*segs), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(bench->test, segs);
		for (i = 0; i < nr_segs; i++) {
			segs[i].offset = i * (size / nr_segs);
			segs[i].len = size / nr_segs;
		}
		user_iter_iovec(&ui, um, segs, nr_segs);
	}
	bench->iter = ui.iter;
	bench->source = ui.source;
}

/* A page per segment, as splice and loop have it. */
static void bench_kernel_source(struct bench *bench)
{
	size_t size = bench->row->size->bytes;
	unsigned int nr_segs = DIV_ROUND_UP(size, PAGE_SIZE);
	struct rnd_state rnd;
	struct bio_vec *bvec;
	unsigned int i;
	u8 *source;

	source = kunit_kmalloc(bench->test, PAGE_ALIGN(size), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(bench->test, source);
	prandom_seed_state(&rnd, 1);
	prandom_bytes_state(&rnd, source, size);

	bvec = kunit_kcalloc(bench->test, nr_segs, sizeof(*bvec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(bench->test, bvec);
	for (i = 0; i < nr_segs; i++)
		bvec_set_virt(&bvec[i], source + i * PAGE_SIZE,
			      min(size - i * PAGE_SIZE, PAGE_SIZE));
	iov_iter_bvec(&bench->iter, ITER_SOURCE, bvec, nr_segs, size);
	bench->source = source;
}

/* As many pages as a write has; they are filled anew for each. */
static void bench_pipe_source(struct bench *bench)
{
	struct kunit *test = bench->test;
	size_t size = bench->row->size->bytes;
	unsigned int n;

	bench_kernel_source(bench);
	KUNIT_ASSERT_EQ(test, 0, create_pipe_files(bench->pipe, 0));
	for (n = 0; n < 2; n++)
		write_file_close_at_end(test, bench->pipe[n]);
	KUNIT_ASSERT_EQ(test, size, pipe_fcntl(bench->pipe[1], F_SETPIPE_SZ, size));
}

/* One write; returns how many bytes it wrote and moves @pos on by as many. */
static ssize_t bench_write(struct bench *bench, loff_t *pos)
{
	size_t size = bench->row->size->bytes;
	struct iov_iter from = bench->iter;
	u8 *to = bench->memory + *pos;

	switch (bench->row->access) {
	case BENCH_APPEND:
	case BENCH_OVERWRITE:
	case BENCH_CACHED:
		return vfs_iter_write(bench->file, &from, pos, 0);
	case BENCH_COPY:
		*pos += size;
		return copy_from_iter(to, size, &from);
	case BENCH_MEMCPY:
		*pos += size;
		memcpy(to, bench->source, size);
		return size;
	}
	return -EINVAL;
}

/* Return: how long the splicing of @bench->pass bytes took, in nanoseconds. */
static u64 bench_splice_pass(struct bench *bench)
{
	ssize_t size = bench->row->size->bytes;
	loff_t pos = 0;
	u64 total = 0;

	while (pos < bench->pass) {
		ssize_t filled, spliced;
		u64 start;

		filled = kernel_write(bench->pipe[1], bench->source, size, NULL);
		KUNIT_ASSERT_EQ(bench->test, filled, size);
		start = ktime_get_ns();
		spliced = do_splice(bench->pipe[0], NULL, bench->file, &pos, size,
				    bench->row->source->flags);
		total += ktime_get_ns() - start;
		KUNIT_ASSERT_EQ_MSG(bench->test, spliced, size, "up to %lld", pos);
	}
	return total;
}

/* How many places there are to write to in a cached file. */
static unsigned int bench_nr_places(struct bench *bench)
{
	return CACHED_SIZE / bench->row->size->bytes;
}

/*
 * Return: how long as many writes took as a pass has, in nanoseconds.  The file
 * is on the disk, if there is one, when they begin: writeback would be counted
 * otherwise whenever it happened to run, and it is most where folios are large.
 */
static u64 bench_cached_pass(struct bench *bench)
{
	ssize_t size = bench->row->size->bytes;
	unsigned int nr = bench->pass / size, n;
	ssize_t written = size;
	u64 start;

	for (n = 0; n < nr; n++)
		bench->places[n] = prandom_u32_state(&bench->rnd) % bench_nr_places(bench);
	KUNIT_ASSERT_EQ(bench->test, 0, vfs_fsync(bench->file, 0));

	start = ktime_get_ns();
	for (n = 0; n < nr && written == size; n++) {
		loff_t pos = (loff_t)bench->places[n] * size;

		written = bench_write(bench, &pos);
	}
	start = ktime_get_ns() - start;

	KUNIT_ASSERT_EQ_MSG(bench->test, written, size, "write %u", n);
	while (n--)
		__set_bit(bench->places[n], bench->written);
	return start;
}

/* Zeroes, written as a large file is. */
static void bench_fill_cached(struct bench *bench)
{
	u8 *zeroes = kunit_kzalloc(bench->test, SZ_1M, GFP_KERNEL);
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(bench->test, zeroes);
	while (pos < CACHED_SIZE)
		KUNIT_ASSERT_EQ(bench->test, SZ_1M,
				kernel_write(bench->file, zeroes, SZ_1M, &pos));
	kunit_kfree(bench->test, zeroes);

	prandom_seed_state(&bench->rnd, 1);
	bench->places = kunit_kcalloc(bench->test, bench->pass / bench->row->size->bytes,
				      sizeof(*bench->places), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(bench->test, bench->places);
	bench->written = kunit_kcalloc(bench->test, BITS_TO_LONGS(bench_nr_places(bench)),
				       sizeof(long), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(bench->test, bench->written);
}

/* The source where it was written to, zeroes everywhere else. */
static void bench_check_cached(struct bench *bench)
{
	size_t size = bench->row->size->bytes;
	u8 *read = kunit_kmalloc(bench->test, size, GFP_KERNEL);
	unsigned int place;
	loff_t pos = 0;

	KUNIT_ASSERT_NOT_NULL(bench->test, read);
	KUNIT_ASSERT_EQ(bench->test, i_size_read(file_inode(bench->file)), CACHED_SIZE);
	for (place = 0; place < bench_nr_places(bench); place++) {
		KUNIT_ASSERT_EQ(bench->test, size, kernel_read(bench->file, read, size, &pos));
		if (test_bit(place, bench->written))
			KUNIT_ASSERT_MEMEQ(bench->test, bench->source, read, size);
		else
			KUNIT_ASSERT_NULL(bench->test, memchr_inv(read, 0, size));
	}
}

static void bench_open(struct bench *bench)
{
	const struct bench_fs *fs = bench->row->fs;
	bool cached = bench->row->access == BENCH_CACHED;

	bench->kept_in = bench_file_open(bench->test, fs, cached ? CACHED_DISK : DISK_SIZE);
	bench->file = fs->loop ? bench_loop_open(bench->test, bench->kept_in, bench->pass) :
				 bench->kept_in;
	if (cached)
		bench_fill_cached(bench);
}

static void bench_make_empty(struct bench *bench)
{
	const struct path *path = &bench->kept_in->f_path;

	KUNIT_ASSERT_EQ(bench->test, 0, vfs_truncate(path, 0));
	/* A device keeps its size: what it is over is all hole. */
	if (bench->row->fs->loop)
		KUNIT_ASSERT_EQ(bench->test, 0, vfs_truncate(path, bench->pass));
}

/* Return: how long it took to write @bench->pass bytes, in nanoseconds. */
static u64 bench_pass(struct bench *bench)
{
	ssize_t size = bench->row->size->bytes;
	ssize_t written = size;
	loff_t pos = 0;
	u64 start;

	if (bench->row->access == BENCH_APPEND)
		bench_make_empty(bench);
	cond_resched();
	if (bench->row->access == BENCH_CACHED)
		return bench_cached_pass(bench);
	if (bench->row->source->pipe)
		return bench_splice_pass(bench);

	start = ktime_get_ns();
	while (pos < bench->pass && written == size)
		written = bench_write(bench, &pos);
	start = ktime_get_ns() - start;

	KUNIT_ASSERT_EQ_MSG(bench->test, written, size, "written at %lld", pos);
	return start;
}

static void write_bench_row(struct kunit *test)
{
	const struct bench_row *row = test->param_value;
	struct bench bench = { .test = test, .row = row };
	u64 fastest = U64_MAX, total = 0;
	unsigned int n;

	bench.pass = max(row->size->bytes, rounddown(MIN_PASS, row->size->bytes));
	if (row->source->pipe)
		bench_pipe_source(&bench);
	else if (row->source->type == ITER_UBUF || row->source->type == ITER_IOVEC)
		bench_user_source(&bench);
	else
		bench_kernel_source(&bench);
	if (row->fs) {
		bench_open(&bench);
	} else {
		bench.memory = kunit_kzalloc(test, bench.pass, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, bench.memory);
	}

	/* The first one fills caches and, to overwrite, the file. */
	bench_pass(&bench);
	for (n = 0; n < MIN_PASSES || total < ms_per_row * NSEC_PER_MSEC; n++) {
		u64 time = bench_pass(&bench);

		fastest = min(fastest, time);
		total += time;
	}

	/* Nothing is fast that is wrong. */
	if (row->access == BENCH_CACHED)
		bench_check_cached(&bench);
	else if (row->fs)
		bench_file_check(test, bench.kept_in, bench.source,
				 row->size->bytes, bench.pass);
	pr_info("write_bench: row %s %zu %llu\n", row->name, bench.pass, fastest);
}

/* Row number @n, counting those as well that make no sense. */
static bool bench_row_get(struct bench_row *row, unsigned int n)
{
	unsigned int files = nr_bench_filesystems * BENCH_COPY;
	unsigned int source, size;

	source = n % ARRAY_SIZE(sources);
	n /= ARRAY_SIZE(sources);
	size = n % ARRAY_SIZE(sizes);
	n /= ARRAY_SIZE(sizes);

	row->size = &sizes[size];
	row->source = &sources[source];
	if (n < files) {
		row->fs = &bench_filesystems[n / BENCH_COPY];
		row->access = n % BENCH_COPY;
	} else {
		row->fs = NULL;
		row->access = BENCH_COPY + n - files;
		if (row->access > BENCH_MEMCPY)
			return false;
		if (row->access == BENCH_MEMCPY)
			row->source = source ? NULL : &kernel_memory;
	}
	return true;
}

static bool bench_row_wanted(struct bench_row *row)
{
	bool cached = row->access == BENCH_CACHED;

	/* memcpy() is measured once per size, and no segment is empty. */
	if (!row->source || row->size->bytes < row->source->nr_segs)
		return false;
	/* By write(2); these sizes are for nothing else. */
	if (row->size->cached != cached ||
	    (cached && (row->fs->loop || row->source != &sources[0])))
		return false;
	/* Whole pages, into a file, and no more than fit into a pipe. */
	if (row->source->pipe && (!row->fs || row->size->bytes < PAGE_SIZE ||
				  row->size->bytes > SZ_1M))
		return false;
	/* To a device go whole pages, and from each segment whole sectors. */
	if (row->fs && row->fs->loop &&
	    (!row->source->loop || row->size->bytes < PAGE_SIZE ||
	     row->size->bytes / row->source->nr_segs < SECTOR_SIZE))
		return false;
	snprintf(row->name, sizeof(row->name), "%s/%s/%s/%s",
		 row->fs ? row->fs->name : "memory", access_names[row->access],
		 row->size->name, row->source->name);
	return glob_match(rows, row->name);
}

static GENERATOR(next_bench_row)
{
	static struct bench_row row;
	static unsigned int n;

	if (!prev)
		n = 0;
	while (bench_row_get(&row, n++)) {
		if (!bench_row_wanted(&row))
			continue;
		strscpy(desc, row.name, KUNIT_PARAM_DESC_SIZE);
		return &row;
	}
	return NULL;
}

static struct kunit_case write_bench_cases[] = {
	KUNIT_CASE_PARAM_ATTR(write_bench_row, next_bench_row, { .speed = KUNIT_SPEED_SLOW }),
	{}
};

static struct kunit_suite write_bench_suite = {
	.name = "write_bench",
	.test_cases = write_bench_cases,
};

kunit_test_suite(write_bench_suite);
