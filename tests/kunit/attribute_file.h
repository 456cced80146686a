/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of an attribute of the kernel, what its store() has been given, and
 * the checks that follow every write.
 */
#ifndef _WRITE_KUNIT_ATTRIBUTE_FILE_H
#define _WRITE_KUNIT_ATTRIBUTE_FILE_H

#include <kunit/test.h>
#include <linux/fs.h>
#include <linux/sizes.h>

#include "compat.h"
#include "user_mem.h"

#define ATTRIBUTE_MAX_SIZE	SZ_32K

/**
 * struct attribute_value - an attribute that remembers how it was stored
 * @value: what it was set to last
 * @size: of @value, in bytes
 * @stores: how often store() was called, also if it has refused
 * @terminated: whether a NUL was behind what store() was given
 * @result: what store() returns: 0 for all it was given, an error, or how many
 *	bytes it makes use of
 */
struct attribute_value {
	u8 value[ATTRIBUTE_MAX_SIZE];
	size_t size;
	unsigned int stores;
	bool terminated;
	ssize_t result;
};

/**
 * struct attribute_file - an attribute's file
 * @test: the test that owns it
 * @file: open
 * @value: what is behind the file
 * @label: printed with every failure
 */
struct attribute_file {
	struct kunit *test;
	struct file *file;
	struct attribute_value *value;
	char label[80];
};

/* For the callbacks of the attribute. */
ssize_t attribute_value_store(struct attribute_value *av, const void *buf, size_t count);
ssize_t attribute_value_store_text(struct attribute_value *av, const char *buf, size_t count);
ssize_t attribute_value_show(struct attribute_value *av, void *buf);

struct attribute_file *attribute_file_open(struct kunit *test, const char *fs_type,
					   const char *path, int flags,
					   struct attribute_value *av);
void attribute_file_close(struct attribute_file *af);

void attribute_file_write(struct attribute_file *af, loff_t pos,
			  struct user_iter *ui, ssize_t expected);
void attribute_file_set(struct attribute_file *af, struct user_iter *ui, size_t size);
void attribute_file_refuse(struct attribute_file *af, struct user_iter *ui, int error);
void attribute_file_set_old(struct attribute_file *af, struct user_mem *um);
void attribute_file_write_nothing(struct attribute_file *af, struct user_mem *um);
void attribute_file_check(struct attribute_file *af);
void attribute_file_read_pieces(struct attribute_file *af, struct user_mem *um);
void attribute_file_read_no_room(struct attribute_file *af, struct user_mem *um);
void attribute_file_check_page_cache(struct attribute_file *af);

/* Where an attribute's value comes from; all of it fits into 4095 bytes. */
#define ATTRIBUTE_HOLE		4	/* the page of the memory that can be missing */
#define ATTRIBUTE_MEM_SIZE	(8 * PAGE_SIZE)

void attribute_source_iter(struct user_iter *ui, struct user_mem *um,
			   const struct user_source *source);
GENERATOR(attribute_whole_gen_params);
GENERATOR(attribute_short_gen_params);

void attribute_test_whole(struct attribute_file *af, struct user_mem *um,
			  const struct user_source *source);
void attribute_test_bad_address(struct attribute_file *af, struct user_mem *um,
				const struct user_source *source);
void attribute_test_copy_fails(struct attribute_file *af, struct user_mem *um);
void attribute_test_source_lost(struct attribute_file *af, struct user_mem *um, size_t len);
void attribute_test_leaves_no_tail(struct attribute_file *af, struct user_mem *um, size_t len);
void attribute_test_refused_by_store(struct attribute_file *af, struct user_mem *um);
void attribute_test_accepted_in_part(struct attribute_file *af, struct user_mem *um);
void attribute_test_reads(struct attribute_file *af, struct user_mem *um);

#endif /* _WRITE_KUNIT_ATTRIBUTE_FILE_H */
