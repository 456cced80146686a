/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CRASHCHECK_H
#define CRASHCHECK_H

#include <errno.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define die(...)					\
	do {						\
		fprintf(stderr, "crashcheck: " __VA_ARGS__);	\
		fprintf(stderr, "\n");			\
		exit(2);				\
	} while (0)

/* replay.c */
int show_log(const char *log);
int replay(const char *log, const char *image, unsigned long point, const char *how,
	   __u64 seed);

/* judge.c */
int judge(const char *rule, __u64 seed, unsigned int done, const char *dir);
int make_files(__u64 seed, unsigned int done, const char *dir);

#endif
