/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vocabulary of opcheck: a file, and the operations on it.
 */
#ifndef OPCHECK_H
#define OPCHECK_H

#include "../boot/bootwrite.h"

#define FILE_SIZE_MAX	(384 * 1024UL)
#define LEN_MAX		(72 * 1024UL)
#define SOURCE_SIZE	(160 * 1024UL)

struct target {
	struct row row;		/* the file, and the model of it */
	struct row source;	/* a second file, which is only read */
	int fd;
	int append;
	int direct;		/* or -1, if the filesystem has no O_DIRECT */
	int from;
	bool full;		/* the disk is: writes may end early */
	unsigned long early;	/* how many did */
	const char *dir;
	const char *device;	/* what to mount anew, or NULL */
	const char *type;
	const char *options;
};

/*
 * One operation. All about it follows from the seed and its number, so that it
 * is the same one however those before it went.
 */
struct step {
	__u64 random;
	bool done;		/* there was something to do */
	size_t bytes;
	char text[160];		/* what it was, for the log */
};

typedef void (*op_fn)(struct target *t, struct step *s);

struct op {
	const char *name;
	op_fn run;
	unsigned int weight;
	bool when_full;		/* its outcome is defined on a full disk */
};

extern const struct op ops[];
extern const size_t nr_ops;

__u32 roll(struct step *s, __u32 limit);

/* opcheck.c */
void open_files(struct target *t);
void close_files(struct target *t);
void compare_range(struct target *t, int fd, size_t pos, size_t len, const char *how);
void compare_whole(struct target *t, const char *when);

#endif
