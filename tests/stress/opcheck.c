// SPDX-License-Identifier: GPL-2.0-only
/*
 * opcheck - random operations on a file, compared to a model of it.
 *
 *	opcheck [-f] [-l LABEL] [-s SEED] [-n COUNT] [-t SECONDS]
 *		NAME DIR [DEVICE TYPE OPTIONS]
 *
 * Runs in the guest of scripts/stress.sh, on the filesystem at DIR, until COUNT
 * operations are done, SECONDS have passed, or one went wrong. With a DEVICE it
 * also mounts anew in between. With -f it fills the filesystem first, almost, so
 * that writes meet ENOSPC. A failure prints the operations that led there, and a
 * run with the same SEED and a COUNT repeats them:
 *
 *	boot: count NAME OPERATION TIMES BYTES
 *	boot: log NUMBER OPERATION
 *	boot: check NAME LABEL pass|fail TEXT
 *	boot: repeat OPTIONS of scripts/stress.sh
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "opcheck.h"

#define LOG_LINES	100
#define FREE_WHEN_FULL	(160 * 1024UL)

static char lines[LOG_LINES][sizeof(((struct step *)0)->text)];

void open_files(struct target *t)
{
	t->fd = open(t->row.name, O_RDWR | O_CREAT, 0644);
	must(t->fd >= 0, "open", t->row.name);
	t->append = open(t->row.name, O_WRONLY | O_APPEND);
	must(t->append >= 0, "open", t->row.name);
	t->direct = open(t->row.name, O_RDWR | O_DIRECT);
	t->from = open(t->source.name, O_RDONLY);
	must(t->from >= 0, "open", t->source.name);
}

void close_files(struct target *t)
{
	close(t->fd);
	close(t->append);
	if (t->direct >= 0)
		close(t->direct);
	close(t->from);
}

/* @len bytes at @pos, or as many as there are in the file. */
void compare_range(struct target *t, int fd, size_t pos, size_t len, const char *how)
{
	static unsigned char *got;
	size_t want = 0, done, i;
	long n = 0;

	/* O_DIRECT asks for aligned memory. */
	if (!got)
		got = aligned_alloc(PAGE, LEN_MAX);
	must(got, "aligned_alloc", how);
	if (pos < t->row.size)
		want = len < t->row.size - pos ? len : t->row.size - pos;
	for (done = 0; done < len; done += n) {
		n = result(pread(fd, got + done, len - done, pos + done));
		if (n <= 0)
			break;
	}
	if (n < 0)
		wrong(&t->row, "%s at %zu returned %ld", how, pos + done, n);
	if (done != want)
		wrong(&t->row, "%s of %zu bytes at %zu got %zu", how, want, pos, done);
	for (i = 0; i < done && i < want && got[i] == t->row.want[pos + i]; i++)
		;
	if (i < want)
		wrong(&t->row, "%s: byte %zu is 0x%02x, not 0x%02x", how, pos + i, got[i],
		      t->row.want[pos + i]);
}

void compare_whole(struct target *t, const char *when)
{
	moment = when;
	/* On a full tmpfs, holes cannot be read through a mapping. */
	if (!t->full)
		compare_file(&t->row);
	for (size_t pos = 0; t->full && pos < t->row.size; pos += LEN_MAX)
		compare_range(t, t->fd, pos, LEN_MAX, when);
	compare_file(&t->source);
	if (t->source.wrong[0])
		wrong(&t->row, "the source: %.150s", t->source.wrong);
}

static void compare_size(struct target *t)
{
	struct stat st;

	must(!fstat(t->fd, &st), "fstat", t->row.name);
	if ((size_t)st.st_size != t->row.size)
		wrong(&t->row, "the size is %lld, not %zu", (long long)st.st_size,
		      t->row.size);
}

/* All but FREE_WHEN_FULL, in a file that stays. */
static void fill_disk(struct target *t)
{
	char name[PATH_MAX + 8];
	struct statvfs st;
	int fd;

	snprintf(name, sizeof(name), "%s/ballast", t->dir);
	fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
	must(fd >= 0, "open", name);
	for (;;) {
		size_t len = MIB, room;

		/* What is promised to delayed allocation is not free. */
		sync();
		must(!statvfs(t->dir, &st), "statvfs", t->dir);
		room = st.f_bavail * st.f_frsize;
		if (room < FREE_WHEN_FULL + 2 * st.f_frsize)
			break;
		if (room < 4 * MIB)
			len = (room - FREE_WHEN_FULL + 1) / 2;
		for (int i = 0; i < (room < 4 * MIB ? 1 : (int)(room / MIB) - 2); i++)
			must(write(fd, data(len), len) > 0, "write", name);
	}
	close(fd);
}

static __u32 sum_of_weights(struct target *t)
{
	__u32 sum = 0;

	for (size_t i = 0; i < nr_ops; i++)
		sum += !t->full || ops[i].when_full ? ops[i].weight : 0;
	return sum;
}

static size_t pick(struct target *t, struct step *s)
{
	__u32 n = roll(s, sum_of_weights(t));
	size_t i;

	for (i = 0;; i++) {
		__u32 weight = !t->full || ops[i].when_full ? ops[i].weight : 0;

		if (n < weight)
			return i;
		n -= weight;
	}
}

int main(int argc, char **argv)
{
	static struct target t;
	static unsigned long times[64], bytes[64];
	unsigned long nr, count = -1UL;
	__u64 seed = 1;
	time_t end = 0;
	const char *name, *label = "opcheck";
	int c;

	while ((c = getopt(argc, argv, "fl:s:n:t:")) != -1) {
		switch (c) {
		case 'f':
			t.full = true;
			break;
		case 'l':
			label = optarg;
			break;
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			count = strtoul(optarg, NULL, 0);
			break;
		case 't':
			end = time(NULL) + strtoul(optarg, NULL, 0);
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 2 && argc != 5) {
		fprintf(stderr, "opcheck: see the comment at the top of opcheck.c\n");
		return 2;
	}
	name = argv[0];
	t.dir = argv[1];
	if (argc == 5) {
		t.device = argv[2];
		t.type = argv[3];
		t.options = strcmp(argv[4], "-") ? argv[4] : NULL;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	fill_pool();
	row_start(&t.row, name, label, t.dir);
	row_start(&t.source, name, "opcheck-source", t.dir);
	close(create(&t.row));
	c = create(&t.source);
	put(&t.source, c, 0, data(SOURCE_SIZE), SOURCE_SIZE);
	close(c);
	open_files(&t);
	if (t.full)
		fill_disk(&t);

	for (nr = 0; nr < count && !t.row.wrong[0] && (!end || time(NULL) < end); nr++) {
		struct step s = { .random = seed * 0x2545f4914f6cdd1d + nr };
		size_t i = pick(&t, &s);

		ops[i].run(&t, &s);
		compare_size(&t);
		if (nr % 16 == 15)
			compare_whole(&t, "now and then");
		snprintf(lines[nr % LOG_LINES], sizeof(lines[0]), "%s",
			 s.done ? s.text : "(nothing to do)");
		times[i] += s.done;
		bytes[i] += s.bytes;
	}
	if (!t.row.wrong[0])
		compare_whole(&t, "at the end");
	if (t.row.wrong[0]) {
		for (unsigned long i = nr > LOG_LINES ? nr - LOG_LINES : 0; i < nr; i++)
			printf("boot: log %lu %s\n", i + 1, lines[i % LOG_LINES]);
		printf("boot: repeat --only=%s --seed=%llu --ops=%lu%s\n", name,
		       (unsigned long long)seed, nr, t.full ? " --full" : "");
	}
	if (t.early)
		printf("boot: count %s (no-space) %lu 0\n", name, t.early);
	for (size_t i = 0; i < nr_ops; i++)
		if (times[i])
			printf("boot: count %s %s %lu %lu\n", name, ops[i].name, times[i],
			       bytes[i]);
	printf("boot: check %s %s %s %s\n", name, t.row.path,
	       t.row.wrong[0] ? "fail" : "pass", t.row.wrong);
	close_files(&t);
	return t.row.wrong[0] ? 1 : 0;
}
