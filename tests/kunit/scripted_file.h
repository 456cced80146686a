/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file in plain memory that does of each read and write only as much as the
 * test says, at once or, as direct I/O may, later and in interrupt context.
 */
#ifndef _WRITE_KUNIT_SCRIPTED_FILE_H
#define _WRITE_KUNIT_SCRIPTED_FILE_H

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/fs.h>
#include <linux/limits.h>

#define SCRIPT_MAX	1024
#define SCRIPT_ALL	SSIZE_MAX
#define SCRIPT_POISON	0xa5

enum scripted_when {
	SCRIPTED_AT_ONCE,	/* ->write_iter() returns the result */
	SCRIPTED_SOFTIRQ,	/* ->ki_complete() gets it, in this context */
	SCRIPTED_HARDIRQ,
};

/**
 * struct scripted_call - what a call asked for
 * @pos: first byte
 * @len: in bytes
 * @flags: ->ki_flags
 */
struct scripted_call {
	loff_t pos;
	size_t len;
	int flags;
};

/**
 * struct scripted_file - the file
 * @test: the test that owns it
 * @file: open for reading and writing, able to do direct I/O
 * @bytes: what it holds; at first poison
 * @size: in bytes
 * @script: result of each call in turn: a negative error, or how many bytes it
 *	does at most
 * @nr_script: after as many calls, each does all it is asked for
 * @when: the results get known
 * @max_calls: later ones fail, so that who tries for ever comes to an end
 * @calls: what the first SCRIPT_MAX calls asked for
 * @nr_calls: how many calls there were
 * @error: of ->fsync() and ->fallocate()
 * @nr_syncs: calls of ->fsync()
 * @on_call: if set, called first in each read and write
 * @data: for @on_call
 */
struct scripted_file {
	struct kunit *test;
	struct file *file;
	u8 *bytes;
	size_t size;

	ssize_t script[SCRIPT_MAX];
	unsigned int nr_script;
	enum scripted_when when;
	unsigned int max_calls;

	struct scripted_call calls[SCRIPT_MAX];
	unsigned int nr_calls;
	int error;
	unsigned int nr_syncs;
	void (*on_call)(struct scripted_file *sf);
	void *data;
};

struct scripted_file *scripted_file_create(struct kunit *test, size_t size);
void scripted_file_script(struct scripted_file *sf, const ssize_t *script,
			  unsigned int nr);

#endif /* _WRITE_KUNIT_SCRIPTED_FILE_H */
