// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes in configfs, written from user memory that is not all there.
 *
 * A text attribute is stored by each write.  What is written to a binary one is
 * gathered, and stored when the file is closed.
 */
#include <linux/configfs.h>
#include <linux/mman.h>
#include <linux/prandom.h>

#include "attribute_file.h"
#include "fail_usercopy.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define HOLE		ATTRIBUTE_HOLE
#define LIMIT		(PAGES(3) + 5)	/* of the binary attribute that has one */

static struct attribute_value value;
/* Asked for its size, the binary attribute still has that many bytes more. */
static size_t shrinks_by;
/* show() was given a page with something in it. */
static bool page_not_clear;

static ssize_t test_text_show(struct config_item *item, char *page)
{
	page_not_clear |= !!memchr_inv(page, 0, SZ_4K);
	return attribute_value_show(&value, page);
}

static ssize_t test_text_store(struct config_item *item, const char *page, size_t count)
{
	return attribute_value_store_text(&value, page, count);
}

static ssize_t test_blob_read(struct config_item *item, void *buf, size_t size)
{
	ssize_t n = attribute_value_show(&value, buf);

	return buf ? n : n + shrinks_by;
}

static ssize_t test_blob_write(struct config_item *item, const void *buf, size_t size)
{
	return attribute_value_store(&value, buf, size);
}

#define test_limited_read	test_blob_read
#define test_limited_write	test_blob_write
#define test_limit_2g_read	test_blob_read
#define test_limit_2g_write	test_blob_write
#define test_limit_4g_read	test_blob_read
#define test_limit_4g_write	test_blob_write

CONFIGFS_ATTR(test_, text);
CONFIGFS_BIN_ATTR(test_, blob, NULL, 0);
CONFIGFS_BIN_ATTR(test_, limited, NULL, LIMIT);
CONFIGFS_BIN_ATTR(test_, limit_2g, NULL, SZ_2G);
CONFIGFS_BIN_ATTR(test_, limit_4g, NULL, SZ_4G + 1);

static struct configfs_attribute *attributes[] = { &test_attr_text, NULL };
static struct configfs_bin_attribute *bin_attributes[] = {
	&test_attr_blob, &test_attr_limited, &test_attr_limit_2g, &test_attr_limit_4g, NULL,
};

static const struct config_item_type type = {
	.ct_owner = THIS_MODULE,
	.ct_attrs = attributes,
	.ct_bin_attrs = bin_attributes,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = {
		.ci_namebuf = "write_kunit",
		.ci_type = &type,
	},
};

KUNIT_DEFINE_ACTION_WRAPPER(unregister, configfs_unregister_subsystem,
			    struct configfs_subsystem *);

static int configfs_write_init(struct kunit *test)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	KUNIT_ASSERT_EQ(test, 0, configfs_register_subsystem(&subsystem));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, unregister, &subsystem));
	memset(&value, 0, sizeof(value));
	shrinks_by = 0;
	page_not_clear = false;
	test->priv = user_mem_create(test, ATTRIBUTE_MEM_SIZE, 1);
	return 0;
}

static struct attribute_file *open_text(struct kunit *test)
{
	return attribute_file_open(test, "configfs", "write_kunit/text", O_RDWR, &value);
}

static void configfs_write_whole(struct kunit *test)
{
	attribute_test_whole(open_text(test), test->priv, test->param_value);
}

/* One value is refused before anything was read, and one after. */
static void configfs_write_bad_address(struct kunit *test)
{
	struct attribute_file *af = open_text(test);

	attribute_file_set_old(af, test->priv);
	attribute_test_bad_address(af, test->priv, test->param_value);
}

/*
 * A value that was refused is not shown to readers of the same open file, for
 * whom the old one is kept where the new one was copied to.
 */
static void configfs_write_refused_is_not_shown(struct kunit *test)
{
	struct attribute_file *af = open_text(test);
	struct user_mem *um = test->priv;
	struct user_iter ui;

	attribute_file_set_old(af, um);
	attribute_file_check(af);
	user_mem_unmap(um, PAGES(HOLE), PAGE_SIZE);
	user_iter_ubuf(&ui, um, PAGES(HOLE) - 200, 201);
	attribute_file_refuse(af, &ui, -EFAULT);
	attribute_file_check(af);
}

static void configfs_write_copy_fails(struct kunit *test)
{
	attribute_test_copy_fails(open_text(test), test->priv);
}

static void configfs_write_source_lost(struct kunit *test)
{
	attribute_test_source_lost(open_text(test), test->priv, 4000);
}

/* 4095 bytes are what fits; of more, these are taken, and the caller hears of it. */
static void configfs_write_lengths(struct kunit *test)
{
	static const size_t lens[] = { 4094, 4095, 4096, 4097, 8192 };
	struct attribute_file *af = open_text(test);
	struct user_mem *um = test->priv;
	struct user_iter ui;
	int i;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		user_iter_ubuf(&ui, um, i, lens[i]);
		attribute_file_set(af, &ui, min(lens[i], 4095));
		attribute_file_check(af);
	}
	/* Behind that nobody looks. */
	user_mem_unmap(um, PAGES(HOLE), PAGE_SIZE);
	user_iter_ubuf(&ui, um, PAGES(HOLE) - 4095, 5000);
	attribute_file_set(af, &ui, 4095);
	user_iter_ubuf(&ui, um, PAGES(HOLE) - 4094, 5000);
	attribute_file_refuse(af, &ui, -EFAULT);
}

static void configfs_write_nothing(struct kunit *test)
{
	struct attribute_file *af = open_text(test);

	attribute_file_set_old(af, test->priv);
	attribute_file_write_nothing(af, test->priv);
	attribute_file_check(af);
}

static void configfs_write_leaves_no_tail(struct kunit *test)
{
	attribute_test_leaves_no_tail(open_text(test), test->priv, 4095);
}

static void configfs_write_refused_by_store(struct kunit *test)
{
	attribute_test_refused_by_store(open_text(test), test->priv);
}

static void configfs_write_accepted_in_part(struct kunit *test)
{
	attribute_test_accepted_in_part(open_text(test), test->priv);
}

static void configfs_write_reads(struct kunit *test)
{
	attribute_test_reads(open_text(test), test->priv);
}

/* Neither what was written nor what nobody has cleared is there for show(). */
static void configfs_write_then_show_finds_clear_page(struct kunit *test)
{
	struct attribute_file *af;
	int i;

	for (i = 0; i < 16; i++) {
		write_file_poison_free_memory(test);
		af = open_text(test);
		attribute_file_set_old(af, test->priv);
		attribute_file_check(af);
		attribute_file_set_old(af, test->priv);
		attribute_file_check(af);
	}
	KUNIT_EXPECT_FALSE(test, page_not_clear);
}

static void configfs_write_not_to_page_cache(struct kunit *test)
{
	struct attribute_file *af = open_text(test);

	attribute_file_set_old(af, test->priv);
	attribute_file_check(af);
	attribute_file_check_page_cache(af);
}

/**
 * struct blob_file - a binary attribute, open for writing
 * @af: its file
 * @um: memory to write from
 * @model: what is to be stored when the file is closed
 * @size: how many bytes of @model that is
 * @whole: whether anything is to be stored
 */
struct blob_file {
	struct attribute_file *af;
	struct user_mem *um;
	u8 *model;
	size_t size;
	bool whole;
};

static struct blob_file *open_blob(struct kunit *test, const char *name)
{
	struct blob_file *bf = kunit_kzalloc(test, sizeof(*bf), GFP_KERNEL);
	char path[40];

	KUNIT_ASSERT_NOT_NULL(test, bf);
	bf->um = test->priv;
	bf->model = kunit_kzalloc(test, ATTRIBUTE_MAX_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bf->model);
	snprintf(path, sizeof(path), "write_kunit/%s", name);
	bf->af = attribute_file_open(test, "configfs", path, O_WRONLY, &value);
	return bf;
}

/* A write that goes well; nothing is stored yet. */
static void blob_write(struct blob_file *bf, loff_t pos, struct user_iter *ui)
{
	size_t count = iov_iter_count(&ui->iter);
	unsigned int stores = value.stores;

	attribute_file_write(bf->af, pos, ui, count);
	KUNIT_EXPECT_EQ(bf->af->test, value.stores, stores);
	KUNIT_ASSERT_LE(bf->af->test, pos + count, ATTRIBUTE_MAX_SIZE);
	memcpy(bf->model + pos, ui->source, count);
	bf->size = max(bf->size, pos + count);
	bf->whole = true;
}

static void blob_write_ubuf(struct blob_file *bf, loff_t pos, size_t offset, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, bf->um, offset, len);
	blob_write(bf, pos, &ui);
}

/* A write that fails changes nothing, except that the value is not whole. */
static void blob_refuse(struct blob_file *bf, loff_t pos, struct user_iter *ui, int error)
{
	unsigned int stores = value.stores;

	attribute_file_write(bf->af, pos, ui, error);
	KUNIT_EXPECT_EQ(bf->af->test, value.stores, stores);
	bf->whole = false;
}

static void blob_refuse_ubuf(struct blob_file *bf, loff_t pos, size_t offset, size_t len,
			     int error)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, bf->um, offset, len);
	blob_refuse(bf, pos, &ui, error);
}

/* Close the file and look at what it has stored, if it is to store anything. */
static void blob_close(struct blob_file *bf)
{
	struct kunit *test = bf->af->test;
	unsigned int stores = value.stores;

	attribute_file_close(bf->af);
	KUNIT_EXPECT_EQ_MSG(test, value.stores, stores + bf->whole, "stores, %s", bf->af->label);
	if (!bf->whole)
		return;
	KUNIT_EXPECT_EQ_MSG(test, value.size, bf->size, "size, %s", bf->af->label);
	KUNIT_EXPECT_MEMEQ_MSG(test, value.value, bf->model, bf->size, "%s", bf->af->label);
}

/* A value of any segments is stored when the file is closed. */
static void configfs_blob_whole(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "blob");
	struct user_iter ui;

	user_mem_unmap(bf->um, PAGES(HOLE), PAGE_SIZE);
	attribute_source_iter(&ui, bf->um, test->param_value);
	blob_write(bf, 0, &ui);
	blob_close(bf);
}

/* From many writes: behind each other, over each other, and behind a gap. */
static void configfs_blob_in_pieces(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "limited");

	write_file_poison_free_memory(test);
	blob_write_ubuf(bf, 0, 1, 1000);
	blob_write_ubuf(bf, 1000, 5, PAGE_SIZE);
	blob_write_ubuf(bf, 900, 70, 200);
	blob_write_ubuf(bf, PAGES(3), PAGES(2), 5);
	blob_write_ubuf(bf, 0, 0, 1);
	blob_close(bf);

	bf = open_blob(test, "limited");
	write_file_poison_free_memory(test);
	blob_write_ubuf(bf, 4000, 1, 10);
	blob_close(bf);
}

/* The only write fails: there is nothing to store. */
static void configfs_blob_bad_address(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "blob");
	struct user_iter ui;

	user_mem_unmap(bf->um, PAGES(HOLE), PAGE_SIZE);
	attribute_source_iter(&ui, bf->um, test->param_value);
	blob_refuse(bf, 0, &ui, -EFAULT);
	blob_close(bf);
}

/* A later write fails: part of a value is not stored. */
static void configfs_blob_last_write_fails(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "blob");
	struct user_iter ui;

	user_mem_unmap(bf->um, PAGES(HOLE), PAGE_SIZE);
	blob_write_ubuf(bf, 0, 7, 3000);
	attribute_source_iter(&ui, bf->um, test->param_value);
	blob_refuse(bf, 3000, &ui, -EFAULT);
	blob_close(bf);
}

static const loff_t refused_at[] = { 0, 100, 2999, 3000, 3001, PAGES(2) };

/* A blob that has taken 3000 bytes, and then refused some at @pos. */
static struct blob_file *open_refused(struct kunit *test, loff_t pos)
{
	struct blob_file *bf = open_blob(test, "blob");
	struct user_iter ui;

	snprintf(bf->af->label, sizeof(bf->af->label), "at %lld", pos);
	user_mem_unmap(bf->um, PAGES(HOLE), PAGE_SIZE);
	blob_write_ubuf(bf, 0, 7, 3000);
	attribute_source_iter(&ui, bf->um, test->param_value);
	blob_refuse(bf, pos, &ui, -EFAULT);
	return bf;
}

/* A write that failed is done again: of the failed one nothing is stored. */
static void configfs_blob_failed_write_again(struct kunit *test)
{
	struct user_iter ui;
	int i;

	for (i = 0; i < ARRAY_SIZE(refused_at); i++) {
		struct blob_file *bf = open_refused(test, refused_at[i]);

		user_mem_protect(bf->um, PAGES(HOLE), PAGE_SIZE, PROT_READ | PROT_WRITE);
		attribute_source_iter(&ui, bf->um, test->param_value);
		blob_write(bf, refused_at[i], &ui);
		blob_close(bf);
	}
}

/* A write that fails neither extends the value nor changes what is there. */
static void configfs_blob_failed_write_leaves_no_trace(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(refused_at); i++) {
		struct blob_file *bf = open_refused(test, refused_at[i]);

		blob_write_ubuf(bf, 1500, 9, 1);
		blob_close(bf);
	}
}

static void configfs_blob_copy_fails(struct kunit *test)
{
	static const struct user_seg segs[] = { { 5, 20 }, { 0, 0 }, { 900, 30 }, { 60, 1 } };
	struct blob_file *bf = open_blob(test, "blob");
	struct user_iter ui;
	int skip;

	for (skip = 0; skip < 3; skip++) {
		user_iter_iovec(&ui, bf->um, segs, ARRAY_SIZE(segs));
		fail_usercopy_arm(test, skip, 1);
		blob_refuse(bf, 10 * skip, &ui, -EFAULT);
	}
	user_iter_iovec(&ui, bf->um, segs, ARRAY_SIZE(segs));
	fail_usercopy_arm(test, skip, 1);
	blob_write(bf, 0, &ui);
	blob_close(bf);
}

static void configfs_blob_nothing(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "blob");

	attribute_file_write_nothing(bf->af, bf->um);
	blob_close(bf);

	/* It does not mend a failure, and does no harm to what is whole. */
	bf = open_blob(test, "blob");
	blob_write_ubuf(bf, 0, 3, 100);
	attribute_file_write_nothing(bf->af, bf->um);
	blob_close(bf);

	user_mem_unmap(bf->um, PAGES(HOLE), PAGE_SIZE);
	bf = open_blob(test, "blob");
	blob_refuse_ubuf(bf, 0, PAGES(HOLE), 1, -EFAULT);
	attribute_file_write_nothing(bf->af, bf->um);
	blob_close(bf);
}

struct limit_case {
	const char *name;
	loff_t pos;
	size_t len;
	bool fits;
};

static const struct limit_case limit_cases[] = {
	{ "up to the limit", 0, LIMIT, true },
	{ "the last byte", LIMIT - 1, 1, true },
	{ "one byte more", 0, LIMIT + 1 },
	{ "from the last byte on", LIMIT - 1, 2 },
	{ "at the limit", LIMIT, 1 },
	{ "at 2 GiB", SZ_2G, 1 },
	{ "at 4 GiB", SZ_4G, 1 },
	{ "behind 4 GiB", SZ_4G + 1, 10 },
	{ "at the end of all files", LLONG_MAX - 10, 10 },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_cases, name);

/* What is over the limit is refused; what was before it is not a value. */
static void configfs_blob_limit(struct kunit *test)
{
	const struct limit_case *param = test->param_value;
	struct blob_file *bf = open_blob(test, "limited");

	if (param->fits) {
		blob_write_ubuf(bf, param->pos, 5, param->len);
		blob_close(bf);
		return;
	}
	blob_refuse_ubuf(bf, param->pos, 5, param->len, -EFBIG);
	blob_close(bf);

	bf = open_blob(test, "limited");
	blob_write_ubuf(bf, 0, 5, 2000);
	blob_refuse_ubuf(bf, param->pos, 5, param->len, -EFBIG);
	blob_close(bf);

	bf = open_blob(test, "limited");
	blob_write_ubuf(bf, 0, 5, 2000);
	blob_refuse_ubuf(bf, param->pos, 5, param->len, -EFBIG);
	blob_write_ubuf(bf, 2000, 5, LIMIT - 2000);
	blob_close(bf);
}

/* There is no memory for the value, and so there is no value. */
static void configfs_blob_no_memory(struct kunit *test)
{
	struct blob_file *bf = open_blob(test, "blob");

	blob_refuse_ubuf(bf, 1LL << 45, 0, 100, -ENOMEM);
	blob_close(bf);

	bf = open_blob(test, "blob");
	blob_write_ubuf(bf, 0, 0, 100);
	blob_refuse_ubuf(bf, 1LL << 45, 0, 100, -ENOMEM);
	blob_close(bf);

	bf = open_blob(test, "blob");
	blob_write_ubuf(bf, 0, 0, 100);
	blob_refuse_ubuf(bf, 1LL << 45, 0, 100, -ENOMEM);
	blob_write_ubuf(bf, 100, 100, 100);
	blob_close(bf);
}

/* A limit that an int does not hold is a limit too. */
static void configfs_blob_large_limit(struct kunit *test)
{
	static const char *const names[] = { "limit_2g", "limit_4g" };
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct blob_file *bf = open_blob(test, names[i]);
		struct attribute_file *af;
		char path[40];

		blob_write_ubuf(bf, 0, 5, 2000);
		blob_refuse_ubuf(bf, SZ_4G, 5, 2, -EFBIG);
		blob_write_ubuf(bf, 2000, 5, 1);
		blob_close(bf);

		snprintf(path, sizeof(path), "write_kunit/%s", names[i]);
		af = attribute_file_open(test, "configfs", path, O_RDONLY, &value);
		attribute_file_check(af);
	}
}

static void set_blob(struct kunit *test, size_t len)
{
	struct blob_file *bf = open_blob(test, "blob");

	blob_write_ubuf(bf, 0, 5, len);
	blob_close(bf);
}

static struct attribute_file *read_blob(struct kunit *test)
{
	return attribute_file_open(test, "configfs", "write_kunit/blob", O_RDWR, &value);
}

static void configfs_blob_reads(struct kunit *test)
{
	set_blob(test, PAGES(5) + 9);
	attribute_file_check(read_blob(test));
	set_blob(test, 300);
	attribute_file_read_pieces(read_blob(test), test->priv);
	set_blob(test, 20);
	user_mem_unmap(test->priv, PAGES(HOLE), PAGE_SIZE);
	attribute_file_read_no_room(read_blob(test), test->priv);
}

/* The value gets shorter after its size was asked: the rest is no value. */
static void configfs_blob_shrinks_while_read(struct kunit *test)
{
	static const size_t shorter[] = { 1, 200, 299, 300 };
	int i;

	for (i = 0; i < ARRAY_SIZE(shorter); i++) {
		set_blob(test, 300);
		write_file_poison_free_memory(test);
		shrinks_by = shorter[i];
		value.size -= shrinks_by;
		attribute_file_check(read_blob(test));
	}
}

/* Reads and writes don't mix, and what was refused for that changes nothing. */
static void configfs_blob_modes(struct kunit *test)
{
	struct attribute_file *af;
	struct user_iter ui;
	loff_t pos = 0;
	u8 byte;

	set_blob(test, 300);
	af = read_blob(test);
	attribute_file_check(af);
	user_iter_ubuf(&ui, test->priv, 0, 10);
	attribute_file_refuse(af, &ui, -ETXTBSY);
	attribute_file_check(af);
	attribute_file_close(af);
	KUNIT_EXPECT_EQ(test, value.stores, 1);

	af = read_blob(test);
	user_iter_ubuf(&ui, test->priv, 0, 10);
	attribute_file_write(af, 0, &ui, 10);
	KUNIT_EXPECT_EQ(test, -ETXTBSY, kernel_read(af->file, &byte, 1, &pos));
	attribute_file_close(af);
	KUNIT_EXPECT_EQ(test, value.stores, 2);
	KUNIT_EXPECT_EQ(test, value.size, 10);
}

#define RANDOM_FILES	20
#define RANDOM_STEPS	12
#define RANDOM_SEGS	6

/* Good and bad writes anywhere, each file closed after some of them. */
static void configfs_blob_random(struct kunit *test)
{
	u32 seed = (unsigned long)test->param_value;
	struct user_mem *um = test->priv;
	struct rnd_state rnd;
	unsigned int file;

	prandom_seed_state(&rnd, seed);
	user_mem_unmap(um, PAGES(HOLE), PAGE_SIZE);
	for (file = 0; file < RANDOM_FILES; file++) {
		struct blob_file *bf = open_blob(test, "limited");
		unsigned int step, steps = random_below(&rnd, RANDOM_STEPS);

		for (step = 0; step < steps; step++) {
			unsigned int i, nr_segs = 1 + random_below(&rnd, RANDOM_SEGS);
			struct user_seg segs[RANDOM_SEGS];
			loff_t pos = random_below(&rnd, LIMIT);
			struct user_iter ui;
			size_t count;

			for (i = 0; i < nr_segs; i++) {
				segs[i].len = random_below(&rnd, 2500) + !i;
				segs[i].offset = random_below(&rnd, um->len - segs[i].len);
			}
			user_iter_iovec(&ui, um, segs, nr_segs);
			count = iov_iter_count(&ui.iter);
			snprintf(bf->af->label, sizeof(bf->af->label), "seed %u, file %u, step %u",
				 seed, file, step);
			if (pos + count > LIMIT)
				blob_refuse(bf, pos, &ui, -EFBIG);
			else if (ui.readable < count)
				blob_refuse(bf, pos, &ui, -EFAULT);
			else
				blob_write(bf, pos, &ui);
		}
		blob_close(bf);
	}
}

static struct kunit_case configfs_write_cases[] = {
	KUNIT_CASE_PARAM(configfs_write_whole, attribute_whole_gen_params),
	KUNIT_CASE_PARAM(configfs_write_bad_address, attribute_short_gen_params),
	KUNIT_CASE(configfs_write_refused_is_not_shown),
	KUNIT_CASE(configfs_write_copy_fails),
	KUNIT_CASE(configfs_write_source_lost),
	KUNIT_CASE(configfs_write_lengths),
	KUNIT_CASE(configfs_write_nothing),
	KUNIT_CASE(configfs_write_leaves_no_tail),
	KUNIT_CASE(configfs_write_refused_by_store),
	KUNIT_CASE(configfs_write_accepted_in_part),
	KUNIT_CASE(configfs_write_reads),
	KUNIT_CASE(configfs_write_then_show_finds_clear_page),
	KUNIT_CASE(configfs_write_not_to_page_cache),
	KUNIT_CASE_PARAM(configfs_blob_whole, attribute_whole_gen_params),
	KUNIT_CASE(configfs_blob_in_pieces),
	KUNIT_CASE_PARAM(configfs_blob_bad_address, attribute_short_gen_params),
	KUNIT_CASE_PARAM(configfs_blob_last_write_fails, attribute_short_gen_params),
	KUNIT_CASE_PARAM(configfs_blob_failed_write_again, attribute_short_gen_params),
	KUNIT_CASE_PARAM(configfs_blob_failed_write_leaves_no_trace, attribute_short_gen_params),
	KUNIT_CASE(configfs_blob_copy_fails),
	KUNIT_CASE(configfs_blob_nothing),
	KUNIT_CASE_PARAM(configfs_blob_limit, limit_gen_params),
	KUNIT_CASE(configfs_blob_no_memory),
	KUNIT_CASE(configfs_blob_large_limit),
	KUNIT_CASE(configfs_blob_reads),
	KUNIT_CASE(configfs_blob_shrinks_while_read),
	KUNIT_CASE(configfs_blob_modes),
	KUNIT_CASE_PARAM(configfs_blob_random, random_gen_params),
	{}
};

static struct kunit_suite configfs_write_suite = {
	.name = "configfs_write",
	.init = configfs_write_init,
	.test_cases = configfs_write_cases,
};

kunit_test_suite(configfs_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes to configfs attributes");
MODULE_LICENSE("GPL");
