// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: what was written, what has to be there, and whether it is.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bootwrite.h"

#define MODEL_MAX	(4 * MIB)	/* no file of ours gets longer */
#define POOL		(2 * MIB)

bool all_matched = true;
const char *moment;		/* which comparison this is */

void must(bool ok, const char *what, const char *name)
{
	if (!ok)
		die("%s %s: %s", what, name, strerror(errno));
}

void expect(struct row *r, const char *call, long got, long want)
{
	if (got != want)
		wrong(r, "%s returned %ld, not %ld", call, got, want);
}

/*
 * Bytes that differ from place to place, so that data which lands at the wrong
 * offset never looks right. The same in every run, so that a failure repeats.
 */
static unsigned char *pool;

void fill_pool(void)
{
	__u64 x = 0x2545f4914f6cdd1d;

	pool = mmap(NULL, POOL, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pool != MAP_FAILED, "mmap", "pool");
	for (size_t i = 0; i < POOL; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		pool[i] = x >> 32;
	}
}

/* The next @len bytes of the pool, at any alignment. */
unsigned char *data(size_t len)
{
	static size_t next;

	if (next + len > POOL)
		next = 0;
	next += len;
	return pool + next - len;
}

/* The bytes from @offset of the pool, which starts on a page. */
unsigned char *data_at(size_t offset)
{
	return pool + offset;
}

/* FNV-1a */
__u32 checksum(const unsigned char *p, size_t len)
{
	__u32 sum = 2166136261u;

	while (len--)
		sum = (sum ^ *p++) * 16777619u;
	return sum;
}

void row_start(struct row *r, const char *subsystem, const char *path, const char *dir)
{
	memset(r, 0, sizeof(*r));
	r->subsystem = subsystem;
	r->path = path;
	snprintf(r->name, sizeof(r->name), "%s/%s", dir, path);
	r->want = calloc(1, MODEL_MAX);
	must(r->want, "calloc", r->name);
}

void row_end(struct row *r)
{
	printf("boot: row %s %s %zu %08x %s%s\n", r->subsystem, r->path,
	       r->written, r->sum, r->wrong[0] ? "DIFFERS: " : "matched", r->wrong);
	all_matched = all_matched && !r->wrong[0];
	free(r->want);
}

/* @len bytes from @src are now at @pos of the file; a gap reads as zeroes. */
void model(struct row *r, size_t pos, const void *src, size_t len)
{
	if (pos + len > MODEL_MAX)
		die("%s outgrows MODEL_MAX", r->name);
	memcpy(r->want + pos, src, len);
	if (len && r->size < pos + len)
		r->size = pos + len;
	r->written += len;
}

void same(struct row *r, const unsigned char *got, const char *how, const char *name)
{
	size_t i;

	if (!memcmp(got, r->want, r->size))
		return;
	for (i = 0; got[i] == r->want[i]; i++)
		;
	wrong(r, "%s, %s of %s: byte %zu is 0x%02x, not 0x%02x", moment, how, name,
	      i, got[i], r->want[i]);
}

/* Compare the model with a file, or a device, through read(2) and mmap(2). */
void compare(struct row *r, const char *name)
{
	unsigned char *got = malloc(r->size + 1);
	size_t len = 0;
	long n = 0;
	void *map;
	int fd = open(name, O_RDONLY);

	must(got, "malloc", name);
	must(fd >= 0, "open", name);
	while (len <= r->size && (n = read(fd, got + len, r->size + 1 - len)) > 0)
		len += n;
	if (n < 0)
		wrong(r, "%s, read of %s: %s", moment, name, strerror(errno));
	else if (len != r->size)
		wrong(r, "%s, %s has %s than %zu bytes", moment, name,
		      len < r->size ? "less" : "more", r->size);
	else
		same(r, got, "read", name);
	r->sum = checksum(got, len);
	free(got);

	/* What read(2) could not get raises SIGBUS in a mapping. */
	if (r->size && !r->wrong[0]) {
		map = mmap(NULL, r->size, PROT_READ, MAP_SHARED, fd, 0);
		must(map != MAP_FAILED, "mmap", name);
		same(r, map, "mmap", name);
		munmap(map, r->size);
	}
	close(fd);
}

void compare_file(struct row *r)
{
	compare(r, r->name);
}

void empty_caches(void)
{
	static const char sysctl[] = "/proc/sys/vm/drop_caches";
	int fd = open(sysctl, O_WRONLY);

	sync();
	must(fd >= 0 && write(fd, "3", 1) == 1, "write", sysctl);
	close(fd);
}

/* System calls that change a file and its model alike */

int create(struct row *r)
{
	int fd = open(r->name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	must(fd >= 0, "create", r->name);
	return fd;
}

/* Have @call accept @want bytes of the @len at @src. */
void put_some(struct row *r, int fd, size_t pos, const void *src, size_t len, size_t want)
{
	lseek(fd, pos, SEEK_SET);
	expect(r, "write", result(write(fd, src, len)), want);
	model(r, pos, src, want);
}

void put(struct row *r, int fd, size_t pos, const void *src, size_t len)
{
	put_some(r, fd, pos, src, len, len);
}

/*
 * @count segments, among them empty ones first, in between and last. Nobody
 * may look at the address of an empty segment: they point nowhere.
 */
void put_vector(struct row *r, int fd, size_t pos, int count)
{
	static const size_t lengths[] = { 0, 1, 513, 0, 0, 4096, 7, 100, 5, 64 };
	static struct iovec iov[IOV_MAX];
	size_t total = 0;
	int i;

	for (i = 0; i < count; i++) {
		size_t len = lengths[i % ARRAY_SIZE(lengths)];

		if (count == 1)
			len = 5003;
		else if (i == count - 1)
			len = 0;
		iov[i].iov_base = len ? data(len) : NULL;
		iov[i].iov_len = len;
		model(r, pos + total, iov[i].iov_base ?: pool, len);
		total += len;
	}
	lseek(fd, pos, SEEK_SET);
	expect(r, "writev", result(writev(fd, iov, count)), total);
}
