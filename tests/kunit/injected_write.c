// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection of short copies: when a copy stops, and after how many
 * bytes.  What filesystems make of it is for their suites.
 */
#include <linux/mm.h>
#include <linux/sched.h>

#include "batch_file.h"
#include "fail_write_copy.h"

#define PAGES(n)	((n) * PAGE_SIZE)

/* One page in a batch, so that a write has many. */
static int begin_a_page(struct batch_file *bf, struct pagecache_write *pw)
{
	pw->len = min(pw->len, PAGE_SIZE - offset_in_page(pw->pos));
	return batch_file_begin(pw);
}

static struct batch_file *paged_file(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);

	bf->begin = begin_a_page;
	return bf;
}

static unsigned int short_copies(struct batch_file *bf)
{
	unsigned int i, found = 0;

	KUNIT_ASSERT_LE(bf->test, bf->nr, BATCH_FILE_RECORDS);
	for (i = 0; i < bf->nr; i++)
		found += bf->records[i].copied < bf->records[i].len;
	return found;
}

static void write_pages(struct batch_file *bf, unsigned int nr)
{
	batch_file_forget(bf);
	KUNIT_EXPECT_EQ(bf->test, PAGES(nr), batch_file_write(bf, 0, 0, PAGES(nr)));
}

static void injected_write_probability(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	unsigned int i, n, some = 0, whole = 0;
	struct fault_attr *attr;

	attr = fail_write_copy_arm(test, 0, FAIL_ALWAYS, 0);
	attr->probability = 0;
	write_pages(bf, 16);
	KUNIT_EXPECT_EQ(test, 0, short_copies(bf));
	KUNIT_EXPECT_EQ(test, 16, bf->nr);

	/* Some, but not all: once in 10^19 runs it is all or nothing by chance. */
	for (i = 0; i < 4; i++) {
		attr = fail_write_copy_arm(test, 0, FAIL_ALWAYS, 100);
		attr->probability = 50;
		write_pages(bf, 16);
		some += short_copies(bf);
		/* Those that an injection could have stopped, and did not. */
		for (n = 0; n < bf->nr; n++)
			whole += bf->records[n].rung != WRITE_RUNG_TWO_COPY &&
				 bf->records[n].copied == bf->records[n].len;
	}
	KUNIT_EXPECT_GT(test, some, 0);
	KUNIT_EXPECT_GT(test, whole, 0);

	attr = fail_write_copy_arm(test, 0, FAIL_ALWAYS, 100);
	attr->probability = 100;
	write_pages(bf, 4);
	/* Three that stop, and the one through a page of the kernel's own. */
	KUNIT_EXPECT_EQ(test, 16, bf->nr);
	KUNIT_EXPECT_EQ(test, 12, short_copies(bf));
}

static void injected_write_times(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	struct fault_attr *attr;
	int times;

	for (times = 0; times < 6; times++) {
		attr = fail_write_copy_arm(test, 0, times, 7);
		write_pages(bf, 8);
		KUNIT_EXPECT_EQ_MSG(test, times, short_copies(bf), "%d times", times);
		KUNIT_EXPECT_EQ_MSG(test, 0, atomic_read(&attr->times), "%d times", times);
	}
}

static void injected_write_space(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	unsigned int skip, i;

	for (skip = 0; skip < 6; skip++) {
		fail_write_copy_arm(test, skip, 1, 7);
		write_pages(bf, 8);
		for (i = 0; i < bf->nr; i++)
			KUNIT_EXPECT_EQ_MSG(test, bf->records[i].copied < bf->records[i].len,
					    i == skip, "batch %u, %u are left alone", i, skip);
	}
}

static void injected_write_interval(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	struct fault_attr *attr;
	unsigned int i;

	attr = fail_write_copy_arm(test, 0, FAIL_ALWAYS, 7);
	attr->interval = 3;
	attr->count = 0;
	write_pages(bf, 12);
	for (i = 0; i < bf->nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, bf->records[i].copied < bf->records[i].len,
				    i % 3 == 2, "batch %u", i);
}

static void injected_write_task_filter(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	struct fault_attr *attr;

	fail_write_copy_arm(test, 0, FAIL_ALWAYS, 7);
	current->make_it_fail = 0;
	write_pages(bf, 8);
	KUNIT_EXPECT_EQ(test, 0, short_copies(bf));

	attr = fail_write_copy_arm(test, 0, 5, 7);
	attr->task_filter = false;
	current->make_it_fail = 0;
	write_pages(bf, 8);
	KUNIT_EXPECT_EQ(test, 5, short_copies(bf));
}

struct bytes_case {
	const char *name;
	u32 bytes;
};

#define BYTES_LEN	PAGES(3)

static const struct bytes_case bytes_cases[] = {
	{ "nothing", 0 },
	{ "a byte", 1 },
	{ "inside a page", 1000 },
	{ "a page less one", PAGE_SIZE - 1 },
	{ "a page", PAGE_SIZE },
	{ "a page and one", PAGE_SIZE + 1 },
	{ "all but one", BYTES_LEN - 1 },
	{ "all", BYTES_LEN },
	{ "more than there is", BYTES_LEN + 1 },
};

KUNIT_ARRAY_PARAM_DESC(bytes, bytes_cases, name);

/* From inside a page: what counts is the byte of the batch. */
static void injected_write_bytes(struct kunit *test)
{
	const struct bytes_case *param = test->param_value;
	struct batch_file *bf = batch_file_create(test);

	fail_write_copy_arm(test, 0, 1, param->bytes);
	KUNIT_EXPECT_EQ(test, BYTES_LEN, batch_file_write(bf, 100, 9, BYTES_LEN));
	KUNIT_EXPECT_EQ(test, BYTES_LEN, bf->records[0].len);
	KUNIT_EXPECT_EQ(test, min(param->bytes, BYTES_LEN), bf->records[0].copied);
	KUNIT_EXPECT_EQ(test, param->bytes < BYTES_LEN, short_copies(bf));
}

static void injected_write_anywhere(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);
	size_t least = SIZE_MAX, most = 0;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		fail_write_copy_arm(test, 0, 1, STOP_ANYWHERE);
		batch_file_forget(bf);
		KUNIT_EXPECT_EQ(test, 100, batch_file_write(bf, 0, i, 100));
		KUNIT_EXPECT_LT(test, bf->records[0].copied, 100);
		least = min(least, bf->records[0].copied);
		most = max(most, bf->records[0].copied);
	}
	/* That it is not so by chance: once in 10^15 runs. */
	KUNIT_EXPECT_LT(test, least, 50);
	KUNIT_EXPECT_GE(test, most, 50);

	/* Of one byte it can only be none. */
	fail_write_copy_arm(test, 0, 1, STOP_ANYWHERE);
	batch_file_forget(bf);
	KUNIT_EXPECT_EQ(test, 1, batch_file_write(bf, 0, 0, 1));
	KUNIT_EXPECT_EQ(test, 0, bf->records[0].copied);
}

static int begin_nothing(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	pw->len = 0;
	return error;
}

/* Where nothing is prepared, nothing is copied: no number is below 0. */
static void injected_write_of_nothing(struct kunit *test)
{
	struct batch_file *bf = batch_file_create(test);

	kunit_info(test, "provokes a warning of mm/pagecache_write_debug.c\n");
	bf->begin = begin_nothing;
	fail_write_copy_arm(test, 0, 1, STOP_ANYWHERE);
	KUNIT_EXPECT_EQ(test, -EIO, batch_file_write(bf, 0, 0, 100));
	KUNIT_EXPECT_EQ(test, 0, bf->records[0].copied);
}

/* Whatever is set: the last rung copies whole, so a write always ends. */
static void injected_write_progress(struct kunit *test)
{
	struct batch_file *bf = paged_file(test);
	unsigned int i;

	fail_write_copy_arm(test, 0, FAIL_ALWAYS, 0);
	write_pages(bf, 8);
	KUNIT_EXPECT_EQ(test, 32, bf->nr);
	for (i = 0; i < bf->nr; i++) {
		bool last = bf->records[i].rung == WRITE_RUNG_TWO_COPY;

		KUNIT_EXPECT_EQ_MSG(test, last, i % 4 == 3, "batch %u", i);
		KUNIT_EXPECT_EQ_MSG(test, bf->records[i].copied,
				    last ? bf->records[i].len : 0, "batch %u", i);
	}
}

static struct kunit_case injected_write_cases[] = {
	KUNIT_CASE(injected_write_probability),
	KUNIT_CASE(injected_write_times),
	KUNIT_CASE(injected_write_space),
	KUNIT_CASE(injected_write_interval),
	KUNIT_CASE(injected_write_task_filter),
	KUNIT_CASE_PARAM(injected_write_bytes, bytes_gen_params),
	KUNIT_CASE(injected_write_anywhere),
	KUNIT_CASE(injected_write_of_nothing),
	KUNIT_CASE(injected_write_progress),
	{}
};

static struct kunit_suite injected_write_suite = {
	.name = "injected_write",
	.test_cases = injected_write_cases,
};

kunit_test_suite(injected_write_suite);

MODULE_DESCRIPTION("KUnit tests of the fault injection of short copies");
MODULE_LICENSE("GPL");
