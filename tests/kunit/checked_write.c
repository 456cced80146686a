// SPDX-License-Identifier: GPL-2.0-only
/*
 * CONFIG_DEBUG_PAGECACHE_WRITE: an operation that breaks exactly one of the
 * rules for buffered writes is reported, once, by the rule and by the name of
 * the filesystem.
 *
 * What was reported is read from the kernel's log.
 */
#include <asm/sections.h>
#include <linux/blkdev.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "batch_file.h"
#include "fail_write_copy.h"
#include "test_disk.h"

#define PAGES(n)	((n) * PAGE_SIZE)
#define CHECKS		"mm/pagecache_write_debug.c"

/* Where the file ends before the write, and where that starts. */
#define OLD_SIZE	PAGES(2)
#define WRITE_POS	(PAGES(1) + 100)

/**
 * struct rule - a rule, and operations that break it
 * @name: of the test parameter
 * @begin: begin operation that breaks it, or NULL
 * @end: end operation that breaks it, or NULL
 * @perform_write: ->perform_write() that breaks it, or NULL
 * @len: length of the write in bytes
 * @nothing: stop the first copy before its first byte
 * @disk: the rule is for filesystems on a disk
 * @warning: what the report says besides the name of the filesystem; NULL if
 *	the rule is not broken after all
 */
struct rule {
	const char *name;
	int (*begin)(struct batch_file *bf, struct pagecache_write *pw);
	ssize_t (*end)(struct batch_file *bf, struct pagecache_write *pw, size_t copied);
	ssize_t (*perform_write)(aops_writer_t *writer, struct address_space *mapping,
				 struct iov_iter *iter, loff_t pos);
	size_t len;
	bool nothing;
	bool disk;
	const char *warning;
};

/* What a wrong operation leaves to be cleaned up after the write. */
static struct folio *left_locked;

/*
 * Wrong operations.  They are wrong in the first batch, and right from then
 * on, so that the write goes on behind it.
 */

static int begin_prepares_nothing(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins == 1)
		pw->len = 0;
	return error;
}

static int begin_prepares_too_much(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins == 1)
		pw->len++;
	return error;
}

static int begin_without_folio(struct batch_file *bf, struct pagecache_write *pw)
{
	return bf->begins == 1 ? 0 : batch_file_begin(pw);
}

static int begin_without_lock(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins == 1)
		folio_unlock(pw->folios.folios[0]);
	return error;
}

static ssize_t end_locks_again(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	if (bf->begins == 1)
		folio_lock(pw->folios.folios[0]);
	return batch_file_end(pw, copied);
}

/* The folio at @index of @mapping instead of the first one of the batch. */
static void replace_folio(struct pagecache_write *pw, struct address_space *mapping,
			  pgoff_t index)
{
	struct folio *folio = __filemap_get_folio(mapping, index, FGP_WRITEBEGIN,
						  mapping_gfp_mask(mapping));

	if (IS_ERR(folio))
		return;
	pagecache_write_put_folios(pw);
	if (!folio_test_uptodate(folio)) {
		folio_zero_range(folio, 0, folio_size(folio));
		folio_mark_uptodate(folio);
	}
	folio_batch_add(&pw->folios, folio);
}

static int begin_of_other_mapping(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins == 1)
		replace_folio(pw, bf->um->file->f_mapping, pw->pos / PAGE_SIZE);
	return error;
}

static int begin_without_reference(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins > 1)
		return error;
	/* A folio on its way to the LRU lists has a reference more. */
	lru_add_drain_all();
	folio_put(pw->folios.folios[0]);
	return error;
}

static ssize_t end_takes_reference(struct batch_file *bf, struct pagecache_write *pw,
				   size_t copied)
{
	if (bf->begins == 1)
		folio_get(pw->folios.folios[0]);
	return batch_file_end(pw, copied);
}

static int begin_at_other_place(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	if (bf->begins == 1)
		replace_folio(pw, pw->mapping, pw->pos / PAGE_SIZE + 5);
	return error;
}

static int begin_with_too_few(struct batch_file *bf, struct pagecache_write *pw)
{
	size_t len = pw->len;
	int error = batch_file_begin(pw);

	if (bf->begins > 1)
		return error;
	pagecache_write_shorten(pw, PAGE_SIZE - offset_in_page(pw->pos));
	pw->len = len;
	return error;
}

static int begin_returns_one(struct batch_file *bf, struct pagecache_write *pw)
{
	return 1;
}

static int begin_fails_with_folio(struct batch_file *bf, struct pagecache_write *pw)
{
	int error = batch_file_begin(pw);

	left_locked = pw->folios.folios[0];
	return error ?: -ENOSPC;
}

static ssize_t end_accepts_too_much(struct batch_file *bf, struct pagecache_write *pw,
				    size_t copied)
{
	return batch_file_end(pw, copied) + (bf->begins == 1);
}

static ssize_t end_keeps_size(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	struct inode *inode = pw->mapping->host;
	ssize_t accepted = batch_file_end(pw, copied);

	i_size_write(inode, OLD_SIZE);
	return accepted;
}

static ssize_t end_extends_too_far(struct batch_file *bf, struct pagecache_write *pw,
				   size_t copied)
{
	ssize_t accepted = batch_file_end(pw, copied);

	i_size_write(pw->mapping->host, pw->pos + accepted + 1);
	return accepted;
}

static ssize_t end_refuses_and_extends(struct batch_file *bf, struct pagecache_write *pw,
				       size_t copied)
{
	batch_file_end(pw, copied);
	i_size_write(pw->mapping->host, OLD_SIZE + 1);
	return -EIO;
}

static ssize_t end_leaves_lock(struct batch_file *bf, struct pagecache_write *pw, size_t copied)
{
	struct folio *folio = pw->folios.folios[0];
	ssize_t accepted;

	if (bf->begins > 1)
		return batch_file_end(pw, copied);
	folio_get(folio);
	accepted = batch_file_end(pw, copied);
	folio_lock(folio);
	left_locked = folio;
	return accepted;
}

static void unlock_left(struct work_struct *work)
{
	folio_unlock(left_locked);
	folio_put(left_locked);
	left_locked = NULL;
}

static DECLARE_DELAYED_WORK(unlock_soon, unlock_left);

static ssize_t end_leaves_lock_a_while(struct batch_file *bf, struct pagecache_write *pw,
				       size_t copied)
{
	ssize_t accepted = end_leaves_lock(bf, pw, copied);

	if (bf->begins == 1)
		schedule_delayed_work(&unlock_soon, HZ / 5);
	return accepted;
}

static ssize_t perform_does_not_move(aops_writer_t *writer, struct address_space *mapping,
				     struct iov_iter *iter, loff_t pos)
{
	struct iov_iter copy = *iter;

	return pagecache_perform_write(writer, mapping, &copy, pos, &batch_file_ops);
}

static ssize_t perform_moves_and_fails(aops_writer_t *writer, struct address_space *mapping,
				       struct iov_iter *iter, loff_t pos)
{
	iov_iter_advance(iter, 1);
	return -EIO;
}

static const struct rule rules[] = {
	{ "kept", .len = PAGES(4) },
	{ "kept, short copy", .len = PAGES(4), .nothing = true },
	{ "kept, on a disk", .len = PAGES(4), .disk = true },
	{ "begin prepares nothing", begin_prepares_nothing, .len = 100,
	  .warning = "begin prepared 0 bytes when asked for 100" },
	{ "begin prepares too much", begin_prepares_too_much, .len = 100,
	  .warning = "begin prepared 101 bytes when asked for 100" },
	{ "begin has no folio", begin_without_folio, .len = 100, .nothing = true,
	  .warning = "begin succeeded without a folio" },
	{ "begin leaves a folio unlocked", begin_without_lock, end_locks_again, .len = 100,
	  .warning = "begin returned a folio that is not locked" },
	{ "begin takes a folio of another mapping", begin_of_other_mapping, .len = 100,
	  .nothing = true, .warning = "begin returned a folio of another mapping" },
	{ "begin takes no reference", begin_without_reference, end_takes_reference, .len = 100,
	  .warning = "begin returned a folio without a reference" },
	{ "begin takes the folio of another place", begin_at_other_place, .len = 100,
	  .warning = "begin returned a folio at" },
	{ "begin takes too few folios", begin_with_too_few, .len = PAGES(2), .nothing = true,
	  .warning = "begin returned folios of" },
	{ "begin returns 1", begin_returns_one, .len = 100,
	  .warning = "begin returned 1" },
	{ "begin fails and keeps a folio", begin_fails_with_folio, .len = 100,
	  .warning = "begin failed and left 1 folios" },
	{ "end accepts too much", .end = end_accepts_too_much, .len = 100,
	  .warning = "end accepted 101 of 100 bytes" },
	{ "end does not extend the file", .end = end_keeps_size, .len = PAGES(3),
	  .disk = true, .warning = "end accepted bytes up to" },
	{ "end does not extend the file, no disk", .end = end_keeps_size, .len = PAGES(3) },
	{ "end extends the file too far", .end = end_extends_too_far, .len = PAGES(3),
	  .disk = true, .warning = "and i_size went from" },
	{ "end extends the file too far, no disk", .end = end_extends_too_far, .len = PAGES(3) },
	{ "end extends the file and fails", .end = end_refuses_and_extends, .len = 100,
	  .disk = true, .warning = "and i_size went from" },
	{ "end leaves a folio locked", .end = end_leaves_lock, .len = 100,
	  .warning = "end left a folio locked" },
	{ "end leaves a folio locked a while", .end = end_leaves_lock_a_while, .len = 100 },
	{ "perform_write does not move the iterator", .len = 100,
	  .perform_write = perform_does_not_move,
	  .warning = "perform_write returned 100 and moved the iterator by 0" },
	{ "perform_write fails and moves the iterator", .len = 100,
	  .perform_write = perform_moves_and_fails,
	  .warning = "perform_write returned -5 and moved the iterator by 1" },
};

KUNIT_ARRAY_PARAM_DESC(rule, rules, name);

/* Each place warns once per boot; here it is to warn once per test. */
static void let_warn_again(void)
{
	memset(__start_once, 0, __end_once - __start_once);
}

/*
 * How many warnings of the checks the log has since @iter, and how many lines
 * that name the filesystem and then @warning.
 */
static void read_log(struct kmsg_dump_iter *iter, const char *warning,
		     unsigned int *warnings, unsigned int *named)
{
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = 0;
		*warnings += strstr(line, "WARNING: ") && strstr(line, CHECKS ":");
		*named += warning && strstr(line, "ramfs: ") && strstr(line, warning);
	}
}

static void write_by(struct batch_file *bf, const struct rule *rule)
{
	struct address_space *mapping = bf->wf->file->f_mapping;
	struct user_iter ui;
	struct kiocb iocb;

	init_sync_kiocb(&iocb, bf->wf->file);
	iocb.ki_pos = WRITE_POS;
	user_iter_ubuf(&ui, bf->um, 0, rule->len);
	if (rule->nothing)
		fail_write_copy_arm(bf->test, 0, 1, 0);
	inode_lock(mapping->host);
	if (rule->perform_write) {
		const struct address_space_operations *aops = mapping->a_ops;
		const struct address_space_operations wrong = {
			.perform_write	= rule->perform_write,
			.dirty_folio	= aops->dirty_folio,
		};

		mapping->a_ops = &wrong;
		generic_perform_write(&iocb, &ui.iter);
		mapping->a_ops = aops;
	} else {
		/* Not ->perform_write(), which is checked by itself. */
		pagecache_perform_write(aops_writer(&iocb), mapping, &ui.iter, WRITE_POS,
					&batch_file_ops);
	}
	inode_unlock(mapping->host);
	fail_write_copy_disarm();
}

static void checked_write_rule(struct kunit *test)
{
	const struct rule *rule = test->param_value;
	struct batch_file *bf = batch_file_create(test);
	struct super_block *sb = file_inode(bf->wf->file)->i_sb;
	unsigned int warnings = 0, named = 0;
	struct test_disk *disk = NULL;
	struct kmsg_dump_iter iter;

	KUNIT_ASSERT_EQ(test, OLD_SIZE, batch_file_write(bf, 0, 0, OLD_SIZE));
	if (rule->disk) {
		disk = test_disk_create_claimed(PAGES(1));
		KUNIT_ASSERT_FALSE(test, IS_ERR(disk));
		sb->s_bdev = file_bdev(disk->file);
	}
	batch_file_forget(bf);
	bf->begin = rule->begin;
	bf->end = rule->end;

	let_warn_again();
	if (rule->warning)
		kunit_info(test, "provokes a warning of " CHECKS "\n");
	kmsg_dump_rewind(&iter);
	read_log(&iter, rule->warning, &warnings, &named);
	warnings = 0;
	named = 0;
	write_by(bf, rule);
	read_log(&iter, rule->warning, &warnings, &named);

	flush_delayed_work(&unlock_soon);
	if (left_locked)
		unlock_left(NULL);
	if (disk) {
		sb->s_bdev = NULL;
		test_disk_destroy(disk);
	}
	/* What the write made of it is another matter: no check of the file. */
	KUNIT_EXPECT_EQ(test, warnings, !!rule->warning);
	if (rule->warning)
		KUNIT_EXPECT_EQ(test, named, 1);
}

/* Of a rule that is broken again and again only the first time is reported. */
static void checked_write_once(struct kunit *test)
{
	static const struct rule rule = {
		.end	= end_accepts_too_much,
		.len	= 100,
	};
	struct batch_file *bf = batch_file_create(test);
	unsigned int warnings = 0, named = 0;
	struct kmsg_dump_iter iter;
	int i;

	let_warn_again();
	kunit_info(test, "provokes a warning of " CHECKS "\n");
	kmsg_dump_rewind(&iter);
	read_log(&iter, "end accepted 101 of 100 bytes", &warnings, &named);
	warnings = 0;
	named = 0;
	bf->end = rule.end;
	for (i = 0; i < 3; i++)
		write_by(bf, &rule);
	read_log(&iter, "end accepted 101 of 100 bytes", &warnings, &named);
	KUNIT_EXPECT_EQ(test, bf->nr, 3);
	KUNIT_EXPECT_EQ(test, warnings, 1);
	KUNIT_EXPECT_EQ(test, named, 1);
}

static void checked_write_exit(struct kunit *test)
{
	/* The reports of other suites are not swallowed by those of this one. */
	let_warn_again();
}

static struct kunit_case checked_write_cases[] = {
	KUNIT_CASE_PARAM_ATTR(checked_write_rule, rule_gen_params, { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE(checked_write_once),
	{}
};

static struct kunit_suite checked_write_suite = {
	.name = "checked_write",
	.exit = checked_write_exit,
	.test_cases = checked_write_cases,
};

kunit_test_suite(checked_write_suite);

MODULE_DESCRIPTION("KUnit tests of CONFIG_DEBUG_PAGECACHE_WRITE");
MODULE_LICENSE("GPL");
