// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be in the files after a crash. Each byte of a file has had a sequence
 * of values: it was not there (past the end, or there was no file), it was zero
 * (in a hole), or an action wrote it. After a crash it has one of those that it
 * had since it was last made durable, up to the action that was going on. That
 * goes for all rules, and:
 *
 *  ordered    a byte that was not there may also read as zero: the size of a file
 *             may reach the disk before what was written to a block that it had.
 *             Never is it what the disk held before.
 *  writeback  a byte that was not there, or was in a hole, may be anything: its
 *             block may be new. All others as above.
 *  journal    all bytes of all files come from the same moment.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "crashcheck.h"
#include "history.h"

#define NOT_THERE	(-1)
#define NEVER		(~0U)

struct byte {
	short durable;		/* its value then: a byte or NOT_THERE */
	short now;		/* the same, at the end of what was done */
	bool matches;		/* what was found is something that it was ... */
	bool last;		/* ... and is so by the latest action seen */
	bool unwritten;		/* it was not there, or in a hole, since */
	unsigned int since;	/* the action that made it durable */
	unsigned int from;	/* what was found was the byte's value from this ... */
	unsigned int to;	/* ... to this action */
};

static struct file {
	struct byte bytes[FILE_SIZE_MAX];
	short found[FILE_SIZE_MAX];
	size_t size;		/* as found */
	size_t durable_size, smallest, largest;
	unsigned int since;
} files[FILES];

static bool strict;		/* the rule is journal's */

static void read_file(const char *dir, int nr)
{
	static unsigned char buf[FILE_SIZE_MAX + 1];
	struct file *f = &files[nr];
	char name[4096];
	ssize_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "%s/file%d", dir, nr);
	fd = open(name, O_RDONLY);
	if (fd >= 0) {
		n = read(fd, buf, sizeof(buf));
		close(fd);
	} else if (errno != ENOENT) {
		die("open %s: %s", name, strerror(errno));
	}
	if (n < 0)
		die("read %s: %s", name, strerror(errno));
	f->size = n;
	for (size_t i = 0; i < FILE_SIZE_MAX; i++)
		f->found[i] = i < f->size ? buf[i] : NOT_THERE;
}

/* Nothing else may turn up. */
static int strangers(const char *dir)
{
	struct dirent *d;
	DIR *stream = opendir(dir);
	int bad = 0;

	if (!stream)
		die("open %s: %s", dir, strerror(errno));
	while ((d = readdir(stream))) {
		if (d->d_name[0] == '.' || !strcmp(d->d_name, "lost+found") ||
		    (!strncmp(d->d_name, "file", 4) && atoi(d->d_name + 4) < FILES))
			continue;
		printf("there is a file '%s'\n", d->d_name);
		bad = 1;
	}
	closedir(stream);
	return bad;
}

/* Call @fn for each byte that an action gives a value to, with that value. */
static void change(const struct action *a, unsigned int nr,
		   void (*fn)(struct file *f, size_t pos, short value, unsigned int nr))
{
	struct file *f = &files[a->file];
	size_t i;

	if (is_write(a)) {
		for (i = a->old_size; i < a->pos; i++)
			fn(f, i, 0, nr);
		for (i = a->pos; i < a->pos + a->len; i++)
			fn(f, i, content(a->file, i, nr), nr);
	} else if (a->kind == TRUNCATE) {
		for (i = a->old_size; i < a->pos; i++)
			fn(f, i, 0, nr);
		for (i = a->pos; i < a->old_size; i++)
			fn(f, i, NOT_THERE, nr);
	} else if (a->kind == PUNCH) {
		for (i = a->pos; i < a->pos + a->len; i++)
			fn(f, i, 0, nr);
	} else if (a->kind == UNLINK) {
		for (i = 0; i < a->old_size; i++)
			fn(f, i, NOT_THERE, nr);
	}
}

static void becomes(struct file *f, size_t pos, short value, unsigned int nr)
{
	(void)nr;
	f->bytes[pos].now = value;
}

static void make_bytes_durable(struct file *f, size_t from, size_t to, unsigned int nr)
{
	for (size_t i = from; i < to; i++) {
		f->bytes[i].durable = f->bytes[i].now;
		f->bytes[i].since = nr;
	}
}

static void make_durable(struct file *f, size_t size, unsigned int nr)
{
	make_bytes_durable(f, 0, FILE_SIZE_MAX, nr);
	f->durable_size = size;
	f->since = nr;
}

/* What was on disk for certain after @done actions. */
static void find_durable(__u64 seed, unsigned int done)
{
	struct history h;

	for (int i = 0; i < FILES; i++) {
		for (size_t pos = 0; pos < FILE_SIZE_MAX; pos++)
			files[i].bytes[pos].now = NOT_THERE;
		make_durable(&files[i], 0, 0);
	}
	history_start(&h, seed);
	for (unsigned int nr = 1; nr <= done; nr++) {
		struct action a = history_next(&h);

		change(&a, nr, becomes);
		/* What lies past it may still have no blocks, and the size be less. */
		if (a.kind == WRITE_DSYNC)
			make_bytes_durable(&files[a.file], a.pos, a.pos + a.len, nr);
		for (int i = 0; i < FILES; i++)
			if (a.kind == SYNC || (a.kind == FSYNC && i == a.file))
				make_durable(&files[i], h.size[i], nr);
	}
}

static bool same(short found, short value)
{
	return found == value || (!strict && !found && value == NOT_THERE);
}

static void could_be(struct file *f, size_t pos, short value, unsigned int nr)
{
	struct byte *b = &f->bytes[pos];
	bool match = same(f->found[pos], value);

	if (nr <= b->since && nr)
		return;
	if (match && !b->matches)
		b->from = nr;
	if (match)
		b->to = NEVER;
	else if (b->last)
		b->to = nr;
	b->matches |= match;
	b->last = match;
	b->unwritten |= value <= 0;
}

static void find_matches(__u64 seed, unsigned int done)
{
	struct history h;

	for (int i = 0; i < FILES; i++) {
		struct file *f = &files[i];

		for (size_t pos = 0; pos < FILE_SIZE_MAX; pos++)
			could_be(f, pos, f->bytes[pos].durable, 0);
		f->smallest = f->durable_size;
		f->largest = f->durable_size;
	}
	history_start(&h, seed);
	for (unsigned int nr = 1; nr <= done + 1; nr++) {
		struct action a = history_next(&h);
		struct file *f = &files[a.file];

		change(&a, nr, could_be);
		if (nr <= f->since)
			continue;
		if (f->smallest > h.size[a.file])
			f->smallest = h.size[a.file];
		if (f->largest < h.size[a.file])
			f->largest = h.size[a.file];
	}
}

static int judge_file(int nr, bool writeback)
{
	struct file *f = &files[nr];
	size_t pos, wrong = 0, first = 0;

	if (f->size < f->smallest || f->size > f->largest) {
		printf("file%d has %zu bytes, not %zu to %zu\n", nr, f->size, f->smallest,
		       f->largest);
		return 1;
	}
	for (pos = 0; pos < FILE_SIZE_MAX; pos++) {
		struct byte *b = &f->bytes[pos];

		if (b->matches || (writeback && b->unwritten))
			continue;
		if (!wrong++)
			first = pos;
	}
	if (wrong)
		printf("file%d: %zu bytes cannot be there, the first at %zu is 0x%02x%s\n",
		       nr, wrong, first, f->found[first] & 0xff,
		       f->found[first] == NOT_THERE ? ", past the end" : "");
	return wrong != 0;
}

/* There is a moment at which all was as it is now. */
static int judge_moment(void)
{
	unsigned int from = 0, to = NEVER;

	for (int i = 0; i < FILES; i++) {
		for (size_t pos = 0; pos < FILE_SIZE_MAX; pos++) {
			struct byte *b = &files[i].bytes[pos];

			if (b->from > from)
				from = b->from;
			if (b->to < to)
				to = b->to;
		}
	}
	if (from > to)
		printf("some bytes are from after action %u, others from before %u\n", from,
		       to);
	return from > to;
}

int judge(const char *rule, __u64 seed, unsigned int done, const char *dir)
{
	bool writeback = !strcmp(rule, "writeback");
	int bad = strangers(dir);

	strict = !strcmp(rule, "journal");
	if (!strict && !writeback && strcmp(rule, "ordered"))
		die("no rule '%s'", rule);
	for (int i = 0; i < FILES; i++)
		read_file(dir, i);
	find_durable(seed, done);
	find_matches(seed, done);
	for (int i = 0; i < FILES; i++)
		bad |= judge_file(i, writeback);
	if (strict && !bad)
		bad = judge_moment();
	return bad;
}

int make_files(__u64 seed, unsigned int done, const char *dir)
{
	char name[4096];
	FILE *out;

	find_durable(seed, done);
	for (int i = 0; i < FILES; i++) {
		struct byte *b = files[i].bytes;

		if (b->now == NOT_THERE)
			continue;
		snprintf(name, sizeof(name), "%s/file%d", dir, i);
		out = fopen(name, "w");
		if (!out)
			die("create %s: %s", name, strerror(errno));
		for (; b < files[i].bytes + FILE_SIZE_MAX && b->now != NOT_THERE; b++)
			putc(b->now, out);
		fclose(out);
	}
	return 0;
}
