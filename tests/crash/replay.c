// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of the log-writes target (the kernel's
 * Documentation/admin-guide/device-mapper/log-writes.rst): a superblock, then
 * for each write a sector that describes it, and its data.
 *
 * A write is logged when a flush has made it durable, so the log as far as any
 * entry is what a disk may hold that loses all that was not flushed. Of the
 * writes since the last flush a disk may as well hold some and lose others.
 */

#define _GNU_SOURCE
#include <endian.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashcheck.h"

#define LOG_MAGIC	0x6a736677736872ULL
#define LOG_VERSION	1ULL

enum {
	LOG_FLUSH = 1 << 0,
	LOG_FUA = 1 << 1,
	LOG_DISCARD = 1 << 2,
	LOG_MARK = 1 << 3,
};

struct log_super {
	__u64 magic;
	__u64 version;
	__u64 nr_entries;
	__u32 sectorsize;
};

struct log_entry {
	__u64 sector;
	__u64 nr_sectors;
	__u64 flags;
	__u64 data_len;
};

struct entry {
	__u64 pos;		/* on the disk, in bytes, as all of these */
	__u64 len;
	__u64 flags;
	const unsigned char *data;
	unsigned int mark;	/* the number of an action */
};

static struct entry *entries;
static unsigned long nr_entries;

static void open_log(const char *log)
{
	const struct log_super *super;
	const unsigned char *map;
	struct stat st;
	__u64 at, size;
	int fd = open(log, O_RDONLY);

	if (fd < 0 || fstat(fd, &st))
		die("open %s: %s", log, strerror(errno));
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap %s: %s", log, strerror(errno));
	super = (const void *)map;
	if (le64toh(super->magic) != LOG_MAGIC || le64toh(super->version) != LOG_VERSION)
		die("%s is no log of log-writes", log);
	nr_entries = le64toh(super->nr_entries);
	size = le32toh(super->sectorsize);
	entries = calloc(nr_entries + 1, sizeof(*entries));
	if (!entries)
		die("no memory");
	at = size;
	for (unsigned long i = 0; i < nr_entries; i++) {
		const struct log_entry *from = (const void *)(map + at);
		struct entry *e = &entries[i];

		if (at + size > (__u64)st.st_size)
			die("%s ends in entry %lu", log, i);
		e->pos = le64toh(from->sector) * size;
		e->len = le64toh(from->nr_sectors) * size;
		e->flags = le64toh(from->flags);
		e->data = map + at + size;
		at += size;
		if (e->flags & LOG_MARK)
			e->mark = strtoul((const char *)(from + 1), NULL, 10);
		else if (!(e->flags & LOG_DISCARD))
			at += e->len;
	}
	close(fd);
}

int show_log(const char *log)
{
	unsigned long i, first = 0, marks = 0;

	open_log(log);
	for (i = 0; i < nr_entries; i++) {
		marks += entries[i].mark != 0;
		if (entries[i].mark == 1)
			first = i;
	}
	printf("%lu %lu %lu\n", nr_entries, first, marks);
	return 0;
}

static void put(int fd, const struct entry *e)
{
	if (e->flags & LOG_DISCARD || !e->len)
		return;
	if (pwrite(fd, e->data, e->len, e->pos) != (ssize_t)e->len)
		die("write at %llu: %s", (unsigned long long)e->pos, strerror(errno));
}

/* Does the disk lose this one? */
static bool lost(__u64 *random)
{
	*random = *random * 6364136223846793005ULL + 1442695040888963407ULL;
	return *random >> 63;
}

int replay(const char *log, const char *image, unsigned long point, const char *how,
	   __u64 seed)
{
	unsigned long i, flushed = 0;
	__u64 random = seed * 0x9e3779b97f4a7c15 + point;
	unsigned int done = 0;
	int fd = open(image, O_WRONLY);

	open_log(log);
	if (fd < 0)
		die("open %s: %s", image, strerror(errno));
	if (point > nr_entries)
		die("%s has %lu entries", log, nr_entries);
	for (i = 0; i < point; i++)
		if (entries[i].flags & LOG_FLUSH)
			flushed = i;
	if (!strcmp(how, "all"))
		flushed = point;
	else if (!strcmp(how, "lies"))
		flushed = 0;
	else if (strcmp(how, "cache"))
		die("do not know how: %s", how);

	for (i = 0; i < point; i++) {
		const struct entry *e = &entries[i];

		if (e->mark)
			done = e->mark;
		else if (i < flushed || e->flags & LOG_FUA || !lost(&random))
			put(fd, e);
	}
	close(fd);
	printf("%u\n", done);
	return 0;
}
