/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to the files, from a seed: the guest does it, the host knows it.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define FILES		6
#define FILE_SIZE_MAX	(192 * 1024UL)
#define LEN_MAX		(48 * 1024UL)

enum kind {
	WRITE, WRITEV, SPLICE,		/* at pos, len bytes */
	WRITE_DSYNC,			/* ... and have them on disk on return */
	TRUNCATE,			/* to pos */
	PUNCH,				/* at pos, len bytes */
	UNLINK,
	FSYNC,
	SYNC,				/* all files */
};

struct action {
	enum kind kind;
	int file;
	size_t pos;
	size_t len;
	size_t old_size;
};

struct history {
	__u64 random;
	unsigned int done;		/* actions so far */
	size_t size[FILES];
	bool exists[FILES];
};

void history_start(struct history *h, __u64 seed);
struct action history_next(struct history *h);
unsigned char content(int file, size_t pos, unsigned int nr);

static inline bool is_write(const struct action *a)
{
	return a->kind <= WRITE_DSYNC;
}

#endif
