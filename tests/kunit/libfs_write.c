// SPDX-License-Identifier: GPL-2.0-only
/*
 * ram_aops, as used by ramfs and by the mappings of sysfs and configfs, under
 * writes from user memory that is not all there.
 *
 * Nothing here depends on which of the operations a write goes through.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "fail_usercopy.h"
#include "fail_write_copy.h"
#include "user_trap.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define MEM_PAGES	24
#define CAPACITY	PAGES(64)
#define HOLE		4	/* the page of the source that holes are made of */

/**
 * struct libfs_test - a ramfs file and memory to write from
 * @test: the test that owns it
 * @wf: the file and its model
 * @um: the memory
 */
struct libfs_test {
	struct kunit *test;
	struct write_file *wf;
	struct user_mem *um;
};

static struct libfs_test *libfs_test_create(struct kunit *test, u32 seed)
{
	struct libfs_test *lt = kunit_kzalloc(test, sizeof(*lt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lt);
	lt->test = test;
	lt->wf = write_file_create(test, write_file_open_ramfs(test), CAPACITY);
	lt->um = user_mem_create(test, PAGES(MEM_PAGES), seed);
	write_file_poison_free_memory(test);
	return lt;
}

/* @size bytes, all hole, and free memory that does not read as zeros. */
static void restart(struct libfs_test *lt, loff_t size)
{
	write_file_truncate(lt->wf, 0);
	write_file_truncate(lt->wf, size);
	write_file_drop_clean(lt->wf);
	KUNIT_EXPECT_EQ(lt->test, lt->wf->file->f_mapping->nrpages, 0UL);
	write_file_poison_free_memory(lt->test);
}

struct len_case {
	const char *name;
	size_t len;
};

static const struct len_case len_cases[] = {
	{ "one byte", 1 },
	{ "a few bytes", 123 },
	{ "a page less one", PAGE_SIZE - 1 },
	{ "a page", PAGE_SIZE },
	{ "a page and one", PAGE_SIZE + 1 },
	{ "two pages", PAGES(2) },
	{ "many pages and some", PAGES(18) + 99 },
};

KUNIT_ARRAY_PARAM_DESC(len, len_cases, name);

static const loff_t positions[] = {
	0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, PAGES(3) - 123, PAGES(40) + 7,
};

/*
 * From and to each side of page borders: past the end of an empty file, with a
 * gap; into a hole; and over what another write has left.
 */
static void libfs_write_borders(struct kunit *test)
{
	const struct len_case *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 1);
	struct user_iter ui;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		loff_t pos = positions[i];

		write_file_label(lt->wf, "past the end, at %lld", pos);
		restart(lt, 0);
		user_iter_ubuf(&ui, lt->um, 3 + i, param->len);
		write_file_expect(lt->wf, pos, &ui, param->len);

		write_file_label(lt->wf, "into a hole, at %lld", pos);
		restart(lt, CAPACITY);
		user_iter_ubuf(&ui, lt->um, PAGES(1) - i, param->len);
		write_file_expect(lt->wf, pos, &ui, param->len);

		write_file_label(lt->wf, "over that, before %lld", pos);
		user_iter_ubuf(&ui, lt->um, PAGES(2) + i, param->len);
		write_file_expect(lt->wf, max(pos - 50, 0), &ui, param->len);
	}
}

static const struct user_source sources[] = {
	{ "ubuf, hole on the first byte", 0, { { PAGES(HOLE), PAGES(2) } } },
	{ "ubuf, hole after one byte", 0, { { PAGES(HOLE) - 1, PAGES(2) } } },
	{ "ubuf, hole at a page border", 0, { { PAGES(HOLE - 2), PAGES(4) } } },
	{ "ubuf, hole inside a page of the file", 0, { { PAGES(HOLE - 2) + 1234, PAGES(4) } } },
	{ "ubuf, hole on the last byte", 0, { { PAGES(HOLE - 3) + 7, PAGES(3) - 6 } } },
	{ "iovec, hole at a segment border", 3,
	  { { 5, 700 }, { PAGES(HOLE), 700 }, { 900, 5000 } } },
	{ "iovec, hole at a segment and page border", 3,
	  { { 5, PAGE_SIZE }, { PAGES(HOLE), 700 }, { 900, 5000 } } },
	{ "iovec, hole inside a segment", 2,
	  { { 5, 700 }, { PAGES(HOLE) - 3000, 7000 } } },
	{ "iovec, hole behind an empty segment", 4,
	  { { 9, 0 }, { 5, 700 }, { 9, 0 }, { PAGES(HOLE), 700 } } },
	{ "iovec, hole behind empty segments only", 3,
	  { { 9, 0 }, { PAGES(HOLE), 0 }, { PAGES(HOLE), 700 } } },
	{ "iovec, hole in the last of 17", 17, { { PAGES(HOLE) - 100, 300 } } },
	{ "iovec, hole in the last of 1024", 1024, { { PAGES(HOLE) - 100, 300 } } },
};

KUNIT_ARRAY_PARAM_DESC(source, sources, name);

/* What comes before the hole is written; the rest of the page reads zeros. */
static void libfs_write_short(struct kunit *test)
{
	const struct user_source *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 2);
	struct user_iter ui;
	unsigned int i;

	user_mem_unmap(lt->um, PAGES(HOLE), PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		loff_t pos = positions[i];

		write_file_label(lt->wf, "past the end, at %lld", pos);
		restart(lt, pos / 2);
		user_iter_source(&ui, lt->um, param, PAGES(HOLE - 1), PAGES(10));
		write_file_expect(lt->wf, pos, &ui, ui.readable ?: -EFAULT);
		/* What was left behind past the end must not come to light. */
		write_file_truncate(lt->wf, CAPACITY);

		write_file_label(lt->wf, "over that, at %lld", pos);
		user_iter_source(&ui, lt->um, param, PAGES(HOLE - 1), PAGES(10));
		write_file_expect(lt->wf, pos + 11, &ui, ui.readable ?: -EFAULT);
	}
}

struct fail_case {
	const char *name;
	unsigned int skip;
	int times;
};

static const struct fail_case fail_cases[] = {
	{ "first, once", 0, 1 },
	{ "first, twice", 0, 2 },
	{ "first, seven times", 0, 7 },
	{ "first, always", 0, FAIL_ALWAYS },
	{ "second, once", 1, 1 },
	{ "second, always", 1, FAIL_ALWAYS },
	{ "fourth, once", 3, 1 },
	{ "fourth, seven times", 3, 7 },
	{ "fourth, always", 3, FAIL_ALWAYS },
};

KUNIT_ARRAY_PARAM_DESC(fail, fail_cases, name);

/*
 * How many failures of copies that may not fault are tried again without one
 * that may.  If that fails too, the address is bad.
 */
#define RETRIED	2

static void write_with_failing_copies(struct libfs_test *lt, loff_t pos,
				      struct user_iter *ui, const struct fail_case *param)
{
	ssize_t count = iov_iter_count(&ui->iter);
	ssize_t written;

	fail_usercopy_arm(lt->test, param->skip, param->times);
	written = write_file_write(lt->wf, pos, &ui->iter, ui->source);

	if (param->times != FAIL_ALWAYS && (param->times <= RETRIED || written == count))
		KUNIT_EXPECT_EQ_MSG(lt->test, written, count, "%s", lt->wf->label);
	else if (!param->skip)
		KUNIT_EXPECT_EQ_MSG(lt->test, written, -EFAULT, "%s", lt->wf->label);
	else
		KUNIT_EXPECT_TRUE_MSG(lt->test, written > 0 && written < count,
				      "returned %zd, %s", written, lt->wf->label);
}

/*
 * A copy fails in spite of the fault-in before it.  Once it works again the
 * write goes on; if it never does, that is a bad address.
 */
static void libfs_write_copy_fails(struct kunit *test)
{
	static const struct user_seg segs[] = {
		{ 7, 600 }, { PAGES(2) - 9, 900 }, { 0, 0 }, { 10, PAGES(2) }, { 20, 5000 },
		{ PAGES(5), 1 },
	};
	const struct fail_case *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 3);
	struct user_iter ui;

	write_file_label(lt->wf, "ubuf over a gap");
	user_iter_ubuf(&ui, lt->um, 100, PAGES(5));
	write_with_failing_copies(lt, PAGES(2) + 50, &ui, param);

	write_file_label(lt->wf, "iovec at the end");
	user_iter_iovec(&ui, lt->um, segs, ARRAY_SIZE(segs));
	write_with_failing_copies(lt, lt->wf->size, &ui, param);

	write_file_label(lt->wf, "iovec over that");
	user_iter_iovec(&ui, lt->um, segs, ARRAY_SIZE(segs));
	write_with_failing_copies(lt, PAGES(2), &ui, param);
}

#ifdef CONFIG_FAIL_WRITE_COPY
static void write_stopping(struct libfs_test *lt, loff_t pos, unsigned int kind,
			   const struct copy_stop *stop, int times)
{
	const size_t len = PAGES(3) + 77;
	struct fault_attr *attr;
	struct user_iter ui;
	const char *source;

	source = user_iter_pieces(&ui, lt->um, kind, 77 + (pos & 7), len);
	write_file_label(lt->wf, "%s, size %lld, at %lld, %d times", source, lt->wf->size,
			 pos, times);
	attr = fail_write_copy_arm(lt->test, 0, times, min(stop->bytes, len - 1));
	write_file_expect(lt->wf, pos, &ui, len);
	KUNIT_EXPECT_LT_MSG(lt->test, atomic_read(&attr->times), times, "%s", lt->wf->label);
}

/*
 * Copies stop at a given byte, from whatever source, once or always, past the
 * end, into a hole and over what is there: all is written.
 */
static void libfs_write_copy_stops(struct kunit *test)
{
	static const int times[] = { 1, 2, 3, STOP_ALWAYS };
	const struct copy_stop *stop = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 8);
	unsigned int i, kind, t;

	for (i = 0; i < ARRAY_SIZE(positions); i++)
		for (kind = 0; kind < USER_ITER_KINDS; kind++)
			for (t = 0; t < ARRAY_SIZE(times); t++) {
				restart(lt, positions[i] / 2);
				write_stopping(lt, positions[i], kind, stop, times[t]);
				restart(lt, CAPACITY);
				write_stopping(lt, positions[i], kind, stop, times[t]);
				write_stopping(lt, positions[i] + 1, kind, stop, times[t]);
			}
}

/*
 * A copy stops, and then the source is gone for good: what was copied is in
 * the file, the rest of it as it was.
 */
static void libfs_write_copy_stops_before_hole(struct kunit *test)
{
	const struct copy_stop *stop = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 9);
	struct user_iter ui;
	unsigned int i;

	user_mem_unmap(lt->um, PAGES(HOLE), PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		write_file_label(lt->wf, "at %lld", positions[i]);
		restart(lt, positions[i] / 2);
		user_iter_ubuf(&ui, lt->um, PAGES(HOLE - 2) + 5, PAGES(3));
		fail_write_copy_arm(test, 0, STOP_ALWAYS, min(stop->bytes, ui.readable - 1));
		write_file_expect(lt->wf, positions[i], &ui, ui.readable);
	}
}
#endif

struct lost_case {
	const char *name;
	unsigned int faults;
};

static const struct lost_case lost_cases[] = {
	{ "for two faults", 2 },
	{ "for nine faults", 9 },
	{ "always", TRAP_ALWAYS },
};

KUNIT_ARRAY_PARAM_DESC(lost, lost_cases, name);

/*
 * One page of the source at a time is present: each fault takes the others
 * away.  Every byte can be read, so every byte is written.
 */
static void libfs_write_source_lost(struct kunit *test)
{
	/* Whole words at page borders: one load must not need two pages. */
	static const struct user_seg segs[] = {
		{ 800, 800 }, { PAGES(1) + 800, 800 }, { PAGES(3) - 800, 1600 }, { PAGES(5), 800 },
	};
	const struct lost_case *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 4);
	struct user_iter ui;

	write_file_label(lt->wf, "ubuf over a gap");
	user_trap_set(lt->um, 0, PAGES(8), param->faults, false);
	user_iter_ubuf(&ui, lt->um, 1024, PAGES(4));
	write_file_expect(lt->wf, PAGES(2), &ui, PAGES(4));

	write_file_label(lt->wf, "iovec in front of that");
	user_trap_set(lt->um, 0, PAGES(8), param->faults, false);
	user_iter_iovec(&ui, lt->um, segs, ARRAY_SIZE(segs));
	write_file_expect(lt->wf, 96, &ui, ui.readable);
}

struct gone_case {
	const char *name;
	loff_t size;
	loff_t pos;
	size_t before;	/* readable bytes before the page that goes */
};

static const struct gone_case gone_cases[] = {
	{ "over what is there", PAGES(8), PAGES(1) + 1024, 0 },
	{ "at the end", PAGES(3), PAGES(3), 0 },
	{ "at the end inside a page", PAGES(3) + 77, PAGES(3) + 77, 0 },
	{ "past the end", 0, PAGES(5), 0 },
	{ "past the end inside a page", 10, PAGES(5) + 100, 0 },
	{ "past the end, after some bytes", 10, PAGES(5) + 100, 400 },
};

KUNIT_ARRAY_PARAM_DESC(gone, gone_cases, name);

/*
 * The source is lost between fault-in and copy, and this time for good.  A
 * write that fails leaves the file as it was, its size above all.  Nothing is lost
 * to a kernel that copies the first page before it faults the second one in.
 */
static void libfs_write_source_gone(struct kunit *test)
{
	const struct gone_case *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 5);
	struct user_seg segs[] = { { 0, param->before }, { PAGES(3) - 64, 128 } };
	struct user_iter ui;
	ssize_t written;

	write_file_label(lt->wf, "the write before it");
	user_iter_ubuf(&ui, lt->um, 0, param->size);
	if (param->size)
		write_file_expect(lt->wf, 0, &ui, param->size);

	/* The second fault takes away what the first brought. */
	write_file_label(lt->wf, "source gone");
	user_trap_set(lt->um, PAGES(2), PAGES(2), 2, true);
	user_iter_iovec(&ui, lt->um, segs, ARRAY_SIZE(segs));
	written = write_file_write(lt->wf, param->pos, &ui.iter, ui.source);
	if (written != param->before + 128)
		KUNIT_EXPECT_EQ(test, written, (ssize_t)param->before ?: -EFAULT);
	write_file_truncate(lt->wf, CAPACITY);
}

/* Readers of a mapping see each write at once, and never more than it. */
static void libfs_write_mapped(struct kunit *test)
{
	struct libfs_test *lt = libfs_test_create(test, 6);
	struct user_iter ui;
	unsigned int i;

	write_file_map(lt->wf);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		write_file_label(lt->wf, "at %lld", positions[i]);
		restart(lt, PAGES(i));
		/* Have all of the file mapped when it is written. */
		if (i & 1)
			write_file_check(lt->wf);
		user_iter_ubuf(&ui, lt->um, i, PAGES(2) + 9);
		write_file_expect(lt->wf, positions[i], &ui, PAGES(2) + 9);

		user_trap_set(lt->um, PAGES(3), PAGES(2), 2, false);
		user_iter_ubuf(&ui, lt->um, PAGES(4) - 9, 900);
		write_file_expect(lt->wf, positions[i] + 50, &ui, 900);
	}
}

/* The source is a mapping of the file that is written. */
static void libfs_write_from_itself(struct kunit *test)
{
	const struct self_case *param = test->param_value;
	struct libfs_test *lt = libfs_test_create(test, 7);
	struct user_iter ui;

	write_file_map(lt->wf);
	restart(lt, PAGES(8));
	if (!param->sparse) {
		user_iter_ubuf(&ui, lt->um, 1, PAGES(8));
		write_file_expect(lt->wf, 0, &ui, PAGES(8));
	}
	write_file_iter(lt->wf, &ui, param->from, param->len);
	fail_usercopy_arm(test, 0, param->fails);
	write_file_expect(lt->wf, param->to, &ui, param->len);
}

#define RANDOM_STEPS	60
#define RANDOM_SEGS	20

static void random_source(struct libfs_test *lt, struct rnd_state *rnd, struct user_iter *ui)
{
	static const size_t longest[] = { 10, 300, PAGE_SIZE + 9, PAGES(6) };
	size_t max = longest[random_below(rnd, ARRAY_SIZE(longest))];
	unsigned int i, nr_segs = 1 + random_below(rnd, max > PAGE_SIZE ? 3 : RANDOM_SEGS);
	struct user_seg segs[RANDOM_SEGS];

	for (i = 0; i < nr_segs; i++) {
		segs[i].len = random_below(rnd, 4) ? 1 + random_below(rnd, max) : 0;
		segs[i].offset = random_below(rnd, lt->um->len - segs[i].len);
	}
	/* An empty write does not come this far down. */
	segs[0].len = max(segs[0].len, 1);
	if (nr_segs == 1 && random_below(rnd, 2))
		user_iter_ubuf(ui, lt->um, segs->offset, segs->len);
	else
		user_iter_iovec(ui, lt->um, segs, nr_segs);
}

/* Holes come and go, pages get lost, copies fail, the file is cut and grows. */
static void libfs_write_random(struct kunit *test)
{
	u32 seed = (unsigned long)test->param_value;
	struct libfs_test *lt = libfs_test_create(test, seed);
	struct rnd_state rnd;
	unsigned int step;

	write_file_map(lt->wf);
	prandom_seed_state(&rnd, seed);
	for (step = 0; step < RANDOM_STEPS; step++) {
		size_t page = random_below(&rnd, MEM_PAGES) * PAGE_SIZE;
		struct user_iter ui;
		unsigned int faults;
		loff_t pos;

		write_file_label(lt->wf, "seed %u, step %u", seed, step);
		switch (random_below(&rnd, 8)) {
		case 0:
			user_mem_unmap(lt->um, page, PAGE_SIZE);
			break;
		case 1:
		case 2:
			user_mem_protect(lt->um, 0, lt->um->len, PROT_READ | PROT_WRITE);
			break;
		case 3:
			write_file_truncate(lt->wf, random_below(&rnd, CAPACITY));
			break;
		}
		if (random_below(&rnd, 2))
			write_file_drop_clean(lt->wf);
		if (random_below(&rnd, 2))
			write_file_poison_free_memory(test);
		random_source(lt, &rnd, &ui);
		pos = random_below(&rnd, CAPACITY - iov_iter_count(&ui.iter));
		/* One of them, or the copy that may fault is made to fail. */
		faults = random_below(&rnd, 2) ? random_below(&rnd, 10) : 0;
		user_trap_set(lt->um, 0, lt->um->len, faults, false);
		if (!faults && random_below(&rnd, 2))
			fail_usercopy_arm(test, random_below(&rnd, 5),
					  random_below(&rnd, RETRIED + 1));
		else if (!faults)
			fail_write_copy_arm(test, random_below(&rnd, 4), random_below(&rnd, 6),
					    random_below(&rnd, 2) ? STOP_ANYWHERE :
					    random_below(&rnd, PAGES(2)));
		write_file_expect(lt->wf, pos, &ui, ui.readable ?: -EFAULT);
	}
}

/*
 * In the last page that a file can have, the end of the page is not a loff_t.
 * The last of the writes comes from the page before.
 */
static void libfs_write_at_the_limit(struct kunit *test)
{
	static const size_t lens[] = { 1, 100, PAGE_SIZE - 1, PAGE_SIZE + 99 };
	struct user_mem *um = user_mem_create(test, PAGES(2), 1);
	u8 *read = kunit_kmalloc(test, PAGES(2), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, read);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		struct file *file = write_file_open_ramfs(test);
		struct inode *inode = file_inode(file);
		loff_t pos = MAX_LFS_FILESIZE - lens[i];
		struct user_iter ui;
		struct kiocb iocb;
		struct folio *folio;
		u8 *bytes;

		file->f_flags |= O_LARGEFILE;
		write_file_poison_free_memory(test);
		user_iter_ubuf(&ui, um, 0, lens[i]);
		init_sync_kiocb(&iocb, file);
		iocb.ki_pos = pos;
		KUNIT_EXPECT_EQ(test, lens[i], file->f_op->write_iter(&iocb, &ui.iter));
		KUNIT_EXPECT_EQ(test, MAX_LFS_FILESIZE, iocb.ki_pos);
		KUNIT_EXPECT_EQ(test, MAX_LFS_FILESIZE, i_size_read(inode));
		KUNIT_ASSERT_EQ(test, lens[i] < PAGE_SIZE ? 1 : 2, inode->i_mapping->nrpages);

		/* Also the byte behind, which no file has. */
		folio = filemap_get_folio(inode->i_mapping, MAX_LFS_FILESIZE >> PAGE_SHIFT);
		KUNIT_ASSERT_FALSE(test, IS_ERR(folio));
		bytes = folio_address(folio);
		if (lens[i] < PAGE_SIZE)
			KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0, PAGE_SIZE - 1 - lens[i]));
		KUNIT_EXPECT_EQ(test, 0, bytes[PAGE_SIZE - 1]);
		folio_put(folio);
		KUNIT_EXPECT_EQ(test, lens[i], kernel_read(file, read, lens[i], &pos));
		KUNIT_EXPECT_MEMEQ(test, read, um->shadow, lens[i]);
	}
}

static struct kunit_case libfs_write_cases[] = {
	KUNIT_CASE(libfs_write_at_the_limit),
	KUNIT_CASE_PARAM(libfs_write_borders, len_gen_params),
	KUNIT_CASE_PARAM(libfs_write_short, source_gen_params),
	KUNIT_CASE_PARAM(libfs_write_copy_fails, fail_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(libfs_write_copy_stops, copy_stop_gen_params),
	KUNIT_CASE_PARAM(libfs_write_copy_stops_before_hole, copy_stop_gen_params),
#endif
	KUNIT_CASE_PARAM(libfs_write_source_lost, lost_gen_params),
	KUNIT_CASE_PARAM(libfs_write_source_gone, gone_gen_params),
	KUNIT_CASE(libfs_write_mapped),
	KUNIT_CASE_PARAM(libfs_write_from_itself, from_itself_gen_params),
	KUNIT_CASE_PARAM(libfs_write_random, random_gen_params),
	{}
};

static struct kunit_suite libfs_write_suite = {
	.name = "libfs_write",
	.test_cases = libfs_write_cases,
};

kunit_test_suite(libfs_write_suite);

MODULE_DESCRIPTION("KUnit tests of ram_aops");
MODULE_LICENSE("GPL");
