/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vocabulary of bootwrite: rows, their models, comparisons.
 */
#ifndef BOOTWRITE_H
#define BOOTWRITE_H

#include <errno.h>
#include <limits.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096UL
#define MIB		(1024 * 1024UL)
#define WRONG_MAX	200

#define MOUNTED		"/mnt/fs"	/* what is tested */
#define BACKING		"/mnt/backing"	/* what holds the files under loop */

/*
 * One way to write (a path) to one subsystem. Whatever is written also goes
 * into a model of the file in plain memory, to which the file is compared.
 */
struct row {
	const char *subsystem;
	const char *path;
	char name[PATH_MAX];	/* the file, or the directory of symlinks */
	unsigned char *want;	/* what the file has to hold */
	size_t size;
	size_t written;		/* bytes that system calls were to accept */
	__u32 sum;		/* of what the last comparison read */
	char wrong[WRONG_MAX];	/* the first thing that was, or empty */
};

struct extent {
	size_t pos;
	size_t len;
};

struct disk {
	char name[32];
	char type[16];
	char options[64];	/* for mount(2), or "-" */
	char below[32];		/* filesystem it is loop-mounted from, or "-" */
	char device[32];
};

static inline const char *mount_options(const struct disk *d)
{
	return strcmp(d->options, "-") ? d->options : NULL;
}

/* The guest cannot go on. */
#define die(...)					\
	do {						\
		printf("boot: stopped: " __VA_ARGS__);	\
		printf("\n");				\
		exit(2);				\
	} while (0)

/* The row has failed; the first reason is the one to keep. */
#define wrong(row, ...)						\
	do {							\
		char *why_ = (row)->wrong;			\
								\
		if (!why_[0])					\
			snprintf(why_, WRONG_MAX, __VA_ARGS__); \
	} while (0)

/* The result of a system call as the kernel has it: a count or -errno. */
static inline long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* row.c */
extern bool all_matched;
extern const char *moment;

void must(bool ok, const char *what, const char *name);
void expect(struct row *r, const char *call, long got, long want);
void fill_pool(void);
unsigned char *data(size_t len);
unsigned char *data_at(size_t offset);
__u32 checksum(const unsigned char *p, size_t len);

void row_start(struct row *r, const char *subsystem, const char *path, const char *dir);
void row_end(struct row *r);
void model(struct row *r, size_t pos, const void *src, size_t len);
void same(struct row *r, const unsigned char *got, const char *how, const char *name);
void compare(struct row *r, const char *name);
void compare_file(struct row *r);
void empty_caches(void);

int create(struct row *r);
void put(struct row *r, int fd, size_t pos, const void *src, size_t len);
void put_some(struct row *r, int fd, size_t pos, const void *src, size_t len, size_t want);
void put_vector(struct row *r, int fd, size_t pos, int count);

/* filesystem.c, loop.c, attribute.c */
void mount_at(const char *dir, const char *device, const char *type, const char *options);
void unmount(const char *dir);
void test_filesystem(const char *subsystem, const char *device, const char *type,
		     const char *options);
void test_loop(const struct disk *d, const struct disk *below);
void test_loop_full(void);
void test_attributes(const char *subsystem, const char *dir, const char *attribute);

#endif
