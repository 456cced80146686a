// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of an attribute of the kernel, what its store() has been given, and
 * the checks that follow every write.
 *
 * What is checked are the promises of a write to an attribute, whichever
 * filesystem it is in: a value arrives whole, in one call of store(), or not at
 * all, and then the attribute keeps the one it had; the file position and the
 * iterator move by what was accepted.
 */
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>

#include "attribute_file.h"
#include "fail_usercopy.h"
#include "user_trap.h"
#include "write_file.h"

#define PAGES(n)	((n) * PAGE_SIZE)

/* What store() of a binary attribute does. */
ssize_t attribute_value_store(struct attribute_value *av, const void *buf, size_t count)
{
	av->stores++;
	if (av->result < 0)
		return av->result;
	if (av->result)
		count = min_t(size_t, count, av->result);
	av->size = min_t(size_t, count, sizeof(av->value));
	if (buf)
		memcpy(av->value, buf, av->size);
	return count;
}

/* What store() of a text attribute does: the value has to end in a NUL. */
ssize_t attribute_value_store_text(struct attribute_value *av, const char *buf, size_t count)
{
	av->terminated = !buf[count];
	return attribute_value_store(av, buf, count);
}

ssize_t attribute_value_show(struct attribute_value *av, void *buf)
{
	if (buf)
		memcpy(buf, av->value, av->size);
	return av->size;
}

/* Open attribute @path of @fs_type; @av is what its callbacks work on. */
struct attribute_file *attribute_file_open(struct kunit *test, const char *fs_type,
					   const char *path, int flags,
					   struct attribute_value *av)
{
	struct attribute_file *af = kunit_kzalloc(test, sizeof(*af), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, af);
	af->test = test;
	af->value = av;
	af->file = write_file_open(test, write_file_mount(test, fs_type, NULL),
				   path, flags);
	strscpy(af->label, path);
	return af;
}

void attribute_file_close(struct attribute_file *af)
{
	write_file_close(af->test, af->file);
}

/* Write what @ui yields at @pos; @expected is what must be returned. */
void attribute_file_write(struct attribute_file *af, loff_t pos,
			  struct user_iter *ui, ssize_t expected)
{
	struct iov_iter before = ui->iter;
	loff_t end_pos = pos;
	ssize_t written = vfs_iter_write(af->file, &ui->iter, &end_pos, 0);

	fail_usercopy_disarm();
	KUNIT_EXPECT_EQ_MSG(af->test, written, expected,
			    "return value of the write at %lld, %s", pos, af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, end_pos, pos + max(written, 0),
			    "file position, %s", af->label);
	write_file_check_iter(af->test, &before, &ui->iter, written, af->label);
}

/* The first @size bytes of what @ui yields become the value, in one store(). */
void attribute_file_set(struct attribute_file *af, struct user_iter *ui, size_t size)
{
	struct attribute_value *av = af->value;
	unsigned int stores = av->stores;

	av->terminated = false;
	attribute_file_write(af, 0, ui, size);
	KUNIT_EXPECT_EQ_MSG(af->test, av->stores, stores + 1, "stores, %s", af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, av->size, size, "size, %s", af->label);
	KUNIT_EXPECT_TRUE_MSG(af->test, av->terminated, "no NUL, %s", af->label);
	KUNIT_EXPECT_MEMEQ_MSG(af->test, av->value, ui->source, size, "value, %s", af->label);
}

/* Nothing is stored, and the value is what it was. */
void attribute_file_refuse(struct attribute_file *af, struct user_iter *ui, int error)
{
	struct attribute_value *av = af->value;
	unsigned int stores = av->stores;
	size_t size = av->size;
	void *value = kunit_kmalloc(af->test, size + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(af->test, value);
	memcpy(value, av->value, size);
	attribute_file_write(af, 0, ui, error);
	KUNIT_EXPECT_EQ_MSG(af->test, av->stores, stores, "stores, %s", af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, av->size, size, "size, %s", af->label);
	KUNIT_EXPECT_MEMEQ_MSG(af->test, av->value, value, size, "value, %s", af->label);
}

/* Give the attribute a value that a failed write could spoil. */
void attribute_file_set_old(struct attribute_file *af, struct user_mem *um)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, um, 11, 300);
	attribute_file_set(af, &ui, 300);
}

/*
 * Writes of nothing succeed and store nothing, however nothing is spelled.
 * vfs_iter_write() would not let any but the first through.
 */
void attribute_file_write_nothing(struct attribute_file *af, struct user_mem *um)
{
	static const struct user_seg empty[] = { { 5, 0 }, { PAGES(ATTRIBUTE_HOLE), 0 } };
	unsigned int stores = af->value->stores;
	struct user_iter ui;
	struct kiocb iocb;
	loff_t pos = 0;
	int nr_segs;

	KUNIT_EXPECT_EQ_MSG(af->test, vfs_write(af->file, user_mem_ptr(um, 0), 0, &pos), 0,
			    "write, %s", af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, pos, 0, "%s", af->label);
	for (nr_segs = 0; nr_segs <= ARRAY_SIZE(empty); nr_segs++) {
		user_iter_iovec(&ui, um, empty, nr_segs);
		init_sync_kiocb(&iocb, af->file);
		KUNIT_EXPECT_EQ_MSG(af->test, af->file->f_op->write_iter(&iocb, &ui.iter), 0,
				    "writev of %d segments, %s", nr_segs, af->label);
		KUNIT_EXPECT_EQ_MSG(af->test, iocb.ki_pos, 0, "%s", af->label);
	}
	KUNIT_EXPECT_EQ_MSG(af->test, af->value->stores, stores, "stores, %s", af->label);
}

/* A reader, by the same open file, sees the value that was stored last. */
void attribute_file_check(struct attribute_file *af)
{
	void *value = kunit_kmalloc(af->test, ATTRIBUTE_MAX_SIZE, GFP_KERNEL);
	struct attribute_value *av = af->value;
	size_t size = 0;
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(af->test, value);
	do {
		n = kernel_read(af->file, value + size, ATTRIBUTE_MAX_SIZE - size, &pos);
		size += max(n, 0);
	} while (n > 0);
	KUNIT_EXPECT_EQ_MSG(af->test, n, 0, "end of what is read, %s", af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, size, av->size, "size that is read, %s", af->label);
	if (size == av->size)
		KUNIT_EXPECT_MEMEQ_MSG(af->test, value, av->value, size,
				       "value that is read, %s", af->label);
	kunit_kfree(af->test, value);
}

/* Read up to @len bytes at @pos to @offset of @um, whose shadow does not follow. */
static ssize_t read_to_user(struct attribute_file *af, struct user_mem *um,
			    size_t offset, size_t len, loff_t *pos)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, ITER_DEST, user_mem_ptr(um, offset), len);
	return vfs_iter_read(af->file, &to, pos, 0);
}

static void read_pieces_of(struct attribute_file *af, struct user_mem *um, size_t len)
{
	const struct attribute_value *av = af->value;
	u8 *value = kunit_kzalloc(af->test, PAGE_SIZE, GFP_KERNEL);
	loff_t pos = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(af->test, value);
	do {
		/* To the last page, which nothing is written from. */
		size_t offset = um->len - PAGE_SIZE + pos;
		loff_t at = pos;

		n = read_to_user(af, um, offset, min(len, PAGE_SIZE - at), &pos);
		KUNIT_ASSERT_EQ_MSG(af->test, pos, at + max(n, 0), "position, %s", af->label);
		KUNIT_ASSERT_EQ(af->test, 0,
				copy_from_user(value + at, user_mem_ptr(um, offset), pos - at));
	} while (n > 0);
	KUNIT_EXPECT_EQ_MSG(af->test, n, 0, "end, pieces of %zu, %s", len, af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, pos, av->size, "pieces of %zu, %s", len, af->label);
	KUNIT_EXPECT_MEMEQ_MSG(af->test, value, av->value, av->size, "pieces of %zu, %s",
			       len, af->label);
}

/* The value comes in pieces as it does at once, and no bytes are no error. */
void attribute_file_read_pieces(struct attribute_file *af, struct user_mem *um)
{
	loff_t pos;

	KUNIT_ASSERT_LT(af->test, af->value->size, PAGE_SIZE);
	read_pieces_of(af, um, 1);
	read_pieces_of(af, um, 7);
	read_pieces_of(af, um, 100);
	read_pieces_of(af, um, PAGE_SIZE);
	for (pos = 0; pos <= af->value->size; pos++)
		KUNIT_EXPECT_EQ_MSG(af->test, 0,
				    vfs_read(af->file, user_mem_ptr(um, 0), 0, &pos),
				    "no bytes at %lld, %s", pos, af->label);
}

/*
 * Memory that ends too early takes what it has room for, or the read fails; in
 * both cases the next one goes on behind what was returned.
 */
void attribute_file_read_no_room(struct attribute_file *af, struct user_mem *um)
{
	const struct attribute_value *av = af->value;
	const size_t room = 5;
	size_t offset = PAGES(ATTRIBUTE_HOLE) - room;
	loff_t pos = 0;
	ssize_t n;
	u8 value[32];

	KUNIT_ASSERT_GT(af->test, av->size, room);
	KUNIT_ASSERT_LE(af->test, av->size, sizeof(value));
	n = read_to_user(af, um, offset, av->size, &pos);
	KUNIT_ASSERT_EQ_MSG(af->test, pos, max(n, 0), "position, %s", af->label);
	if (n != -EFAULT)
		KUNIT_EXPECT_EQ_MSG(af->test, n, room, "room, %s", af->label);
	KUNIT_EXPECT_EQ(af->test, 0, copy_from_user(value, user_mem_ptr(um, offset), pos));

	n = read_to_user(af, um, PAGES(ATTRIBUTE_HOLE), 1, &pos);
	KUNIT_EXPECT_EQ_MSG(af->test, n, -EFAULT, "no room, %s", af->label);

	n = kernel_read(af->file, value + pos, sizeof(value) - pos, &pos);
	KUNIT_EXPECT_EQ_MSG(af->test, pos, av->size, "the rest, %s", af->label);
	KUNIT_EXPECT_MEMEQ_MSG(af->test, value, av->value, av->size, "%s", af->label);
}

/*
 * The mapping of an attribute's inode can do buffered writes, but what is
 * written to the attribute does not go there, and cannot be mapped.
 */
void attribute_file_check_page_cache(struct attribute_file *af)
{
	struct address_space *mapping = af->file->f_mapping;

	KUNIT_EXPECT_PTR_EQ_MSG(af->test, mapping->a_ops, &ram_aops, "%s", af->label);
#ifdef CONFIG_SIMPLE_PERFORM_WRITE
	KUNIT_EXPECT_NOT_NULL_MSG(af->test, mapping->a_ops->perform_write, "%s", af->label);
#endif
	KUNIT_EXPECT_EQ_MSG(af->test, mapping->nrpages, 0, "%s", af->label);
	KUNIT_EXPECT_EQ_MSG(af->test, -ENODEV,
			    vm_mmap(af->file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0),
			    "mmap, %s", af->label);
}

static const struct user_source whole_sources[] = {
	{ "ubuf, one byte", 0, { { 17, 1 } } },
	{ "ubuf, over a page border", 0, { { PAGES(2) - 5, 10 } } },
	{ "ubuf, all but one", 0, { { 3, 4094 } } },
	{ "ubuf, all that fits", 0, { { 99, 4095 } } },
	{ "iovec, one segment", 1, { { 5, 20 } } },
	{ "iovec, two segments", 2, { { 5, 20 }, { PAGES(2) - 3, 7 } } },
	{ "iovec, backwards over a page border", 3, { { PAGES(2), 9 }, { PAGES(2) - 9, 9 },
	  { 0, 4 } } },
	{ "iovec, empty first", 3, { { 0, 0 }, { PAGES(ATTRIBUTE_HOLE), 0 }, { 9, 30 } } },
	{ "iovec, empty between", 4, { { 9, 30 }, { 0, 0 }, { PAGES(ATTRIBUTE_HOLE), 0 },
	  { 77, 3 } } },
	{ "iovec, empty last", 3, { { 9, 30 }, { 50, 1 }, { PAGES(ATTRIBUTE_HOLE), 0 } } },
	{ "iovec, all that fits", 3, { { 9, 4000 }, { 50, 1 }, { PAGES(1), 94 } } },
	{ "iovec, 17 segments", 17, { { 0, 4 } } },
	{ "iovec, 1024 segments", 1024, { { 0, 4 } } },
};

static const struct user_source short_sources[] = {
	{ "ubuf, the first byte", 0, { { PAGES(ATTRIBUTE_HOLE), 100 } } },
	{ "ubuf, all but one byte", 0, { { PAGES(ATTRIBUTE_HOLE) - 1, 100 } } },
	{ "ubuf, the last byte", 0, { { PAGES(ATTRIBUTE_HOLE) - 99, 100 } } },
	{ "ubuf, the last byte that fits", 0, { { PAGES(ATTRIBUTE_HOLE) - 4094, 4095 } } },
	{ "iovec, first segment", 2, { { PAGES(ATTRIBUTE_HOLE) + 7, 20 }, { 5, 20 } } },
	{ "iovec, second segment", 2, { { 5, 20 }, { PAGES(ATTRIBUTE_HOLE) + 7, 20 } } },
	{ "iovec, inside the second segment", 2, { { 5, 20 },
	  { PAGES(ATTRIBUTE_HOLE) - 7, 20 } } },
	{ "iovec, behind empty ones", 3, { { 5, 0 }, { 100, 0 },
	  { PAGES(ATTRIBUTE_HOLE) - 7, 20 } } },
	{ "iovec, between empty ones", 5, { { 5, 60 }, { 100, 0 },
	  { PAGES(ATTRIBUTE_HOLE), 1 }, { 100, 0 }, { 7, 60 } } },
	{ "iovec, the last byte that fits", 2, { { 5, 4094 }, { PAGES(ATTRIBUTE_HOLE), 1 } } },
	{ "iovec, last of 17 segments", 17, { { PAGES(ATTRIBUTE_HOLE) - 2, 4 } } },
	{ "iovec, last of 1024 segments", 1024,
	  { { PAGES(ATTRIBUTE_HOLE) - 2, 4 } } },
};

/* The source that a test has as its parameter; all of it fits. */
void attribute_source_iter(struct user_iter *ui, struct user_mem *um,
			   const struct user_source *source)
{
	user_iter_source(ui, um, source, PAGES(ATTRIBUTE_HOLE - 1), 4000);
}

/* The tests, as far as they are the same for an attribute of any filesystem. */

/* A value of any segments is stored at once. */
void attribute_test_whole(struct attribute_file *af, struct user_mem *um,
			  const struct user_source *source)
{
	struct user_iter ui;

	user_mem_unmap(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE);
	attribute_source_iter(&ui, um, source);
	attribute_file_set(af, &ui, iov_iter_count(&ui.iter));
	attribute_file_check(af);
}

/*
 * Part of the value can't be read: the attribute keeps the one it has, also
 * for readers of the same open file, and takes the next one.
 */
void attribute_test_bad_address(struct attribute_file *af, struct user_mem *um,
				const struct user_source *source)
{
	struct user_iter ui;

	user_mem_unmap(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE);
	attribute_source_iter(&ui, um, source);
	attribute_file_refuse(af, &ui, -EFAULT);
	attribute_file_check(af);
	user_mem_protect(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE, PROT_NONE);
	attribute_source_iter(&ui, um, source);
	attribute_file_refuse(af, &ui, -EFAULT);

	user_iter_ubuf(&ui, um, 77, 2);
	attribute_file_set(af, &ui, 2);
	attribute_file_check(af);
}

/* The memory is there, and the copy of one segment fails all the same. */
void attribute_test_copy_fails(struct attribute_file *af, struct user_mem *um)
{
	static const struct user_seg segs[] = { { 5, 20 }, { 0, 0 }, { 900, 30 }, { 60, 1 } };
	struct user_iter ui;
	int skip;

	attribute_file_set_old(af, um);
	for (skip = 0; skip < 3; skip++) {
		user_iter_iovec(&ui, um, segs, ARRAY_SIZE(segs));
		fail_usercopy_arm(af->test, skip, 1);
		attribute_file_refuse(af, &ui, -EFAULT);
	}
	user_iter_iovec(&ui, um, segs, ARRAY_SIZE(segs));
	fail_usercopy_arm(af->test, skip, 1);
	attribute_file_set(af, &ui, 51);
}

/*
 * Pages of the source that get lost are faulted in again, while that works.
 * @len is what fits into the attribute.
 */
void attribute_test_source_lost(struct attribute_file *af, struct user_mem *um, size_t len)
{
	struct user_iter ui;

	attribute_file_set_old(af, um);
	user_trap_set(um, 0, PAGES(4), TRAP_ALWAYS, false);
	user_iter_ubuf(&ui, um, 1024, len);
	attribute_file_set(af, &ui, len);

	user_trap_set(um, 0, PAGES(4), 1, true);
	user_iter_ubuf(&ui, um, 1024, len);
	attribute_file_refuse(af, &ui, -EFAULT);
	user_mem_protect(um, 0, um->len, PROT_READ | PROT_WRITE);
}

/* What came before must not be behind a shorter value; @len is what fits. */
void attribute_test_leaves_no_tail(struct attribute_file *af, struct user_mem *um, size_t len)
{
	const size_t lens[] = { 4000, 1, 399, 3, len, 2 };
	struct user_iter ui;
	int i;

	user_mem_unmap(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		user_iter_ubuf(&ui, um, 100 * i, lens[i]);
		attribute_file_set(af, &ui, lens[i]);
		user_iter_ubuf(&ui, um, PAGES(ATTRIBUTE_HOLE) - 3000, 3001);
		attribute_file_refuse(af, &ui, -EFAULT);
	}
}

/* store() refuses the value: that moves nothing either. */
void attribute_test_refused_by_store(struct attribute_file *af, struct user_mem *um)
{
	struct user_iter ui;

	attribute_file_set_old(af, um);
	af->value->result = -EINVAL;
	user_iter_ubuf(&ui, um, 500, 10);
	attribute_file_write(af, 0, &ui, -EINVAL);
	af->value->result = 0;
	attribute_file_check(af);
}

/* store() makes use of less: the rest is still to be written. */
void attribute_test_accepted_in_part(struct attribute_file *af, struct user_mem *um)
{
	static const struct user_seg segs[] = { { 5, 2 }, { 0, 0 }, { 900, 30 }, { 60, 1 } };
	struct attribute_value *av = af->value;
	struct user_iter ui;

	user_iter_iovec(&ui, um, segs, ARRAY_SIZE(segs));
	av->result = 2;
	attribute_file_write(af, 0, &ui, 2);
	av->result = 7;
	attribute_file_write(af, 0, &ui, 7);
	KUNIT_EXPECT_EQ(af->test, av->size, 7);
	KUNIT_EXPECT_MEMEQ(af->test, av->value, ui.source + 2, 7);
	av->result = 0;
	attribute_file_write(af, 0, &ui, 24);
	KUNIT_EXPECT_MEMEQ(af->test, av->value, ui.source + 9, 24);
}

void attribute_test_reads(struct attribute_file *af, struct user_mem *um)
{
	struct user_iter ui;

	attribute_file_set_old(af, um);
	attribute_file_read_pieces(af, um);

	user_iter_ubuf(&ui, um, 99, 20);
	attribute_file_set(af, &ui, 20);
	user_mem_unmap(um, PAGES(ATTRIBUTE_HOLE), PAGE_SIZE);
	attribute_file_read_no_room(af, um);
	user_mem_protect(um, 0, um->len, PROT_READ | PROT_WRITE);
}

KUNIT_ARRAY_PARAM_DESC(whole, whole_sources, name);
KUNIT_ARRAY_PARAM_DESC(short, short_sources, name);

GENERATOR(attribute_whole_gen_params)
{
	return generate(whole_gen_params, prev, desc);
}

GENERATOR(attribute_short_gen_params)
{
	return generate(short_gen_params, prev, desc);
}
