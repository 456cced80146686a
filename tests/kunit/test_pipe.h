/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pipe, a model of what is in it, and all ways to fill it.
 */
#ifndef _WRITE_KUNIT_TEST_PIPE_H
#define _WRITE_KUNIT_TEST_PIPE_H

#include <kunit/test.h>
#include <linux/pipe_fs_i.h>
#include <linux/splice.h>

#include "write_file.h"

/* More than a batch of a write has pages, several times. */
#define TEST_PIPE_SLOTS	128

/**
 * struct test_pipe - the pipe
 * @test: the test that owns it
 * @in: the end that is written to
 * @out: the end that is read from
 * @bytes: what must be in it, from what is read next on
 * @len: how many bytes that are
 * @moved: how many pages became pages of the file in the last test_pipe_splice()
 * @before: called right before the splice of test_pipe_splice(), or NULL
 * @data: for @before
 */
struct test_pipe {
	struct kunit *test;
	struct file *in;
	struct file *out;
	u8 *bytes;
	size_t len;
	unsigned int moved;
	void (*before)(void *data);
	void *data;

	/* private: */
	void __user *iov;
};

struct test_pipe *test_pipe_create(struct kunit *test);
void test_pipe_resize(struct test_pipe *tp, unsigned int slots);

void test_pipe_write(struct test_pipe *tp, const u8 *bytes, size_t len);
void test_pipe_from_file(struct test_pipe *tp, struct write_file *wf, loff_t pos, size_t len);
void test_pipe_from_copy(struct test_pipe *tp, struct write_file *wf, loff_t pos, size_t len);
void test_pipe_from_user(struct test_pipe *tp, unsigned long addr, const u8 *bytes,
			 size_t len, unsigned int flags);
void test_pipe_from_nosteal(struct test_pipe *tp, const u8 *bytes, size_t len);
void test_pipe_tee(struct test_pipe *from, struct test_pipe *to, size_t len);
void test_pipe_pass(struct test_pipe *from, struct test_pipe *to, size_t len);

ssize_t test_pipe_splice(struct test_pipe *tp, struct write_file *wf, struct file *file,
			 loff_t pos, size_t len, unsigned int flags);

unsigned int test_pipe_pages(struct test_pipe *tp, struct page **pages, unsigned int max);
void test_pipe_check(struct test_pipe *tp);
void test_pipe_drain(struct test_pipe *tp);

#endif /* _WRITE_KUNIT_TEST_PIPE_H */
