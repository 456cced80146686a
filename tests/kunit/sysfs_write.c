// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes in sysfs, and so kernfs_fop_write_iter(), written from user memory
 * that is not all there.
 */
#include <linux/kobject.h>
#include <linux/mman.h>
#include <linux/sysfs.h>

#include "attribute_file.h"
#include "compat.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define SIZED		5000	/* bytes in a binary attribute that has a size */

static struct attribute_value value;
static loff_t stored_at;

static ssize_t value_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return attribute_value_show(&value, buf);
}

static ssize_t value_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	return attribute_value_store_text(&value, buf, count);
}

static ssize_t blob_read(struct file *file, struct kobject *kobj,
			 bin_attribute_t *attr, char *buf, loff_t pos,
			 size_t count)
{
	if (pos >= value.size)
		return 0;
	count = min(count, value.size - pos);
	memcpy(buf, value.value + pos, count);
	return count;
}

static ssize_t blob_write(struct file *file, struct kobject *kobj,
			  bin_attribute_t *attr, char *buf, loff_t pos,
			  size_t count)
{
	stored_at = pos;
	return attribute_value_store_text(&value, buf, count);
}

static struct kobj_attribute text = __ATTR(text, 0600, value_show, value_store);
static struct kobj_attribute prealloc = __ATTR_PREALLOC(prealloc, 0600, value_show, value_store);
static bin_attribute_t blob = __BIN_ATTR(blob, 0600, blob_read, blob_write, 0);
static bin_attribute_t sized = __BIN_ATTR(sized, 0600, blob_read, blob_write, SIZED);

static struct attribute *attributes[] = { &text.attr, &prealloc.attr, NULL };
static typeof_member(struct attribute_group, bin_attrs[0]) bin_attributes[] = {
	&blob, &sized, NULL,
};

static const struct attribute_group group = {
	.attrs = attributes,
	.bin_attrs = bin_attributes,
};

/* Each of them as a file: what is promised is the same for all. */
static const char *const paths[] = {
	"write_kunit/text", "write_kunit/prealloc", "write_kunit/blob", "write_kunit/sized",
};

KUNIT_DEFINE_ACTION_WRAPPER(remove_kobject, kobject_put, struct kobject *);

static int sysfs_write_init(struct kunit *test)
{
	struct kobject *kobj = kobject_create_and_add("write_kunit", NULL);

	KUNIT_ASSERT_NOT_NULL(test, kobj);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, remove_kobject, kobj));
	KUNIT_ASSERT_EQ(test, 0, sysfs_create_group(kobj, &group));
	memset(&value, 0, sizeof(value));
	test->priv = user_mem_create(test, ATTRIBUTE_MEM_SIZE, 1);
	return 0;
}

static struct attribute_file *open_attribute(struct kunit *test, int i)
{
	return attribute_file_open(test, "sysfs", paths[i], O_RDWR, &value);
}

static void sysfs_write_whole(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_whole(open_attribute(test, i), test->priv, test->param_value);
}

static void sysfs_write_bad_address(struct kunit *test)
{
	struct attribute_file *af;
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		af = open_attribute(test, i);
		attribute_file_set_old(af, test->priv);
		attribute_file_check(af);
		attribute_test_bad_address(af, test->priv, test->param_value);
	}
}

static void sysfs_write_copy_fails(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_copy_fails(open_attribute(test, i), test->priv);
}

static void sysfs_write_source_lost(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_source_lost(open_attribute(test, i), test->priv, PAGE_SIZE);
}

/* A page is what fits; of more, a page is taken, and the caller hears of it. */
static void sysfs_write_lengths(struct kunit *test)
{
	static const size_t lens[] = { PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, PAGES(2) };
	struct user_mem *um = test->priv;
	struct attribute_file *af;
	struct user_iter ui;
	int i, j;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		af = open_attribute(test, i);
		for (j = 0; j < ARRAY_SIZE(lens); j++) {
			user_iter_ubuf(&ui, um, j, lens[j]);
			attribute_file_set(af, &ui, min(lens[j], PAGE_SIZE));
		}
		/* Behind the page nobody looks. */
		user_mem_unmap(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE);
		user_iter_ubuf(&ui, um, PAGES(ATTRIBUTE_HOLE - 1), PAGES(2));
		attribute_file_set(af, &ui, PAGE_SIZE);
		user_iter_ubuf(&ui, um, PAGES(ATTRIBUTE_HOLE - 1) + 1, PAGES(2));
		attribute_file_refuse(af, &ui, -EFAULT);
		user_mem_protect(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE, PROT_READ | PROT_WRITE);
	}
}

static void sysfs_write_nothing(struct kunit *test)
{
	struct attribute_file *af;
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		af = open_attribute(test, i);
		attribute_file_set_old(af, test->priv);
		attribute_file_write_nothing(af, test->priv);
		attribute_file_check(af);
	}
}

static void sysfs_write_leaves_no_tail(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_leaves_no_tail(open_attribute(test, i), test->priv, PAGE_SIZE);
}

static void sysfs_write_refused_by_store(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_refused_by_store(open_attribute(test, i), test->priv);
}

static void sysfs_write_accepted_in_part(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_accepted_in_part(open_attribute(test, i), test->priv);
}

/* A binary attribute is told where; one with a size has an end. */
static void sysfs_write_positions(struct kunit *test)
{
	struct attribute_file *af = open_attribute(test, 2);
	unsigned int stores;
	struct user_iter ui;

	user_iter_ubuf(&ui, test->priv, 0, 100);
	attribute_file_write(af, LLONG_MAX - 100, &ui, 100);
	KUNIT_EXPECT_EQ(test, stored_at, LLONG_MAX - 100);

	af = open_attribute(test, 3);
	user_iter_ubuf(&ui, test->priv, 0, 100);
	attribute_file_write(af, SIZED - 100, &ui, 100);
	KUNIT_EXPECT_EQ(test, stored_at, SIZED - 100);
	user_iter_ubuf(&ui, test->priv, 0, 100);
	attribute_file_write(af, SIZED - 1, &ui, 1);
	KUNIT_EXPECT_EQ(test, stored_at, SIZED - 1);
	KUNIT_EXPECT_EQ(test, value.size, 1);

	stores = value.stores;
	attribute_file_write(af, SIZED, &ui, -EFBIG);
	attribute_file_write(af, LLONG_MAX - 100, &ui, -EFBIG);
	KUNIT_EXPECT_EQ(test, value.stores, stores);
}

static void sysfs_write_reads(struct kunit *test)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		attribute_test_reads(open_attribute(test, i), test->priv);
}

static void sysfs_write_not_to_page_cache(struct kunit *test)
{
	struct attribute_file *af;
	int i;

	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		af = open_attribute(test, i);
		attribute_file_set_old(af, test->priv);
		attribute_file_check(af);
		attribute_file_check_page_cache(af);
	}
}

static struct kunit_case sysfs_write_cases[] = {
	KUNIT_CASE_PARAM(sysfs_write_whole, attribute_whole_gen_params),
	KUNIT_CASE_PARAM(sysfs_write_bad_address, attribute_short_gen_params),
	KUNIT_CASE(sysfs_write_copy_fails),
	KUNIT_CASE(sysfs_write_source_lost),
	KUNIT_CASE(sysfs_write_lengths),
	KUNIT_CASE(sysfs_write_nothing),
	KUNIT_CASE(sysfs_write_leaves_no_tail),
	KUNIT_CASE(sysfs_write_refused_by_store),
	KUNIT_CASE(sysfs_write_accepted_in_part),
	KUNIT_CASE(sysfs_write_positions),
	KUNIT_CASE(sysfs_write_reads),
	KUNIT_CASE(sysfs_write_not_to_page_cache),
	{}
};

static struct kunit_suite sysfs_write_suite = {
	.name = "sysfs_write",
	.init = sysfs_write_init,
	.test_cases = sysfs_write_cases,
};

kunit_test_suite(sysfs_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes to sysfs attributes");
MODULE_LICENSE("GPL");
