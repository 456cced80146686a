// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loop devices over files that do less of a write than they were asked for: as
 * the disk is full, the file as large as it may get, or because a test says so.
 *
 * What is checked is always the same: a bio that ended well is in the file, one
 * that is not in the file ended with the error that the file gave.
 */
#include <linux/blkdev.h>
#include <linux/blk-mq.h>
#include <linux/delay.h>
#include <linux/loop.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include "fault_knobs.h"
#include "loop_disk.h"
#include "scripted_file.h"
#include "write_file.h"

#define DEVICE	SZ_1M

/* How the device reaches its file. */
struct mode {
	const char *name;
	u32 flags;
	enum scripted_when when;
	u64 offset;
};

static const struct mode modes[] = {
	{ "buffered" },
	{ "buffered, at byte 1000", .offset = 1000 },
	{ "direct", LO_FLAGS_DIRECT_IO },
	{ "direct, done in softirq", LO_FLAGS_DIRECT_IO, SCRIPTED_SOFTIRQ },
	{ "direct, done in hardirq", LO_FLAGS_DIRECT_IO, SCRIPTED_HARDIRQ },
};

/**
 * struct loop_test - a loop device over a file with a script
 * @test: the test
 * @sf: the file, DEVICE bytes and what comes before the device
 * @ld: the device
 * @mode: how they are connected
 */
struct loop_test {
	struct kunit *test;
	struct scripted_file *sf;
	struct loop_disk *ld;
	const struct mode *mode;
};

static struct loop_test *loop_test_create(struct kunit *test, const struct mode *mode)
{
	struct loop_test *lt = kunit_kzalloc(test, sizeof(*lt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, lt);
	lt->test = test;
	lt->mode = mode;
	lt->sf = scripted_file_create(test, DEVICE + PAGE_SIZE);
	lt->sf->when = mode->when;
	lt->ld = loop_disk_create(test);
	KUNIT_ASSERT_EQ(test, 0, loop_disk_bind(lt->ld, lt->sf->file, mode->flags,
						mode->offset));
	return lt;
}

/* Bios of @io that end within the first @done bytes are fine, others met @error. */
static void expect_status(struct kunit *test, struct loop_io *io, size_t done,
			  int error, const char *label)
{
	size_t end = 0;
	unsigned int i;

	for (i = 0; i < io->nr; i++) {
		end += io->bios[i].len;
		KUNIT_EXPECT_EQ_MSG(test, blk_status_to_errno(io->bios[i].status),
				    end <= done ? 0 :
				    blk_status_to_errno(errno_to_blk_status(error)),
				    "bio %u, of %zu bytes there are %zu, %s",
				    i, io->len, done, label);
	}
}

/* Of the file, only @done bytes at @start are new. */
static void expect_written(struct loop_test *lt, struct loop_io *io, loff_t start,
			   size_t done, const char *label)
{
	const u8 *bytes = lt->sf->bytes;

	KUNIT_EXPECT_TRUE_MSG(lt->test, !memchr_inv(bytes, SCRIPT_POISON, start),
			      "bytes before were hit, %s", label);
	KUNIT_EXPECT_TRUE_MSG(lt->test, !memcmp(bytes + start, io->data, done),
			      "the data is wrong, %s", label);
	KUNIT_EXPECT_TRUE_MSG(lt->test,
			      !memchr_inv(bytes + start + done, SCRIPT_POISON,
					  lt->sf->size - start - done),
			      "bytes behind were hit, %s", label);
}

/*
 * Go through the script as the device should have: with all that is left of the
 * request, in one piece, until it is done or an error ends it. A call that does
 * nothing is one.
 */
static size_t expect_calls(struct loop_test *lt, struct loop_io *io, int *error,
			   const char *label)
{
	loff_t start = lt->mode->offset + io->pos;
	struct scripted_file *sf = lt->sf;
	size_t done = 0;
	unsigned int n;

	*error = 0;
	for (n = 0; done < io->len && !*error; n++) {
		ssize_t result = n < sf->nr_script ? sf->script[n] : SCRIPT_ALL;

		if (n < min(SCRIPT_MAX, sf->nr_calls)) {
			KUNIT_EXPECT_EQ_MSG(lt->test, sf->calls[n].pos, start + done,
					    "position of call %u, %s", n, label);
			KUNIT_EXPECT_EQ_MSG(lt->test, sf->calls[n].len, io->len - done,
					    "length of call %u, %s", n, label);
		}
		if (result <= 0)
			*error = result ?: -EIO;
		else
			done += min_t(size_t, result, io->len - done);
	}
	KUNIT_EXPECT_EQ_MSG(lt->test, sf->nr_calls, n, "number of calls, %s", label);
	return done;
}

static void run_write(struct loop_test *lt, struct loop_io *io, const char *label)
{
	size_t done;
	int error;

	loop_io_run(io, REQ_OP_WRITE);
	done = expect_calls(lt, io, &error, label);
	expect_status(lt->test, io, done, error, label);
	expect_written(lt, io, lt->mode->offset + io->pos, done, label);
}

static void run_read(struct loop_test *lt, struct loop_io *io, const char *label)
{
	const u8 *want;
	size_t done, end = 0;
	struct rnd_state rnd;
	unsigned int i;
	int error;

	prandom_seed_state(&rnd, io->len);
	prandom_bytes_state(&rnd, lt->sf->bytes, lt->sf->size);
	want = lt->sf->bytes + lt->mode->offset + io->pos;
	loop_io_run(io, REQ_OP_READ);
	done = expect_calls(lt, io, &error, label);
	expect_status(lt->test, io, done, error, label);
	for (i = 0; i < io->nr; end += io->bios[i++].len)
		if (end + io->bios[i].len <= done)
			KUNIT_EXPECT_TRUE_MSG(lt->test,
					      !memcmp(io->data + end, want + end,
						      io->bios[i].len),
					      "bio %u read wrong data, %s", i, label);
}

/*
 * What the file answers, for requests of one bio and of many.
 */
struct script_case {
	const char *name;
	unsigned int nr_bios;
	size_t bio_len;
	unsigned int nr;
	ssize_t script[8];
};

#define SCRIPT(...)						\
	.nr = sizeof((ssize_t []){ __VA_ARGS__ }) / sizeof(ssize_t), \
	.script = { __VA_ARGS__ }

static const struct script_case scripts[] = {
	{ "all, one bio", 1, 64 * SZ_1K },
	{ "all, many bios", 16, SZ_4K },
	{ "a sector is left", 1, 64 * SZ_1K, SCRIPT(64 * SZ_1K - 512) },
	{ "a byte is left", 1, 64 * SZ_1K, SCRIPT(64 * SZ_1K - 1) },
	{ "a byte is left, many bios", 16, SZ_4K, SCRIPT(64 * SZ_1K - 1) },
	{ "a page, then all", 1, 64 * SZ_1K, SCRIPT(SZ_4K) },
	{ "a byte, then all", 1, 64 * SZ_1K, SCRIPT(1) },
	{ "less than a sector, again and again", 1, SZ_4K,
	  SCRIPT(511, 1, 100, 411, 513, 511, 1, 1) },
	{ "more than a sector", 4, SZ_1K, SCRIPT(513, 700) },
	{ "to the end of a bio", 4, SZ_4K, SCRIPT(2 * SZ_4K) },
	{ "to the middle of a bio", 4, SZ_4K, SCRIPT(SZ_4K + 2048, 1) },
	{ "across pages, unaligned", 4, SZ_8K, SCRIPT(SZ_4K + 1, SZ_4K, SZ_8K + 3) },
	{ "a page, then ENOSPC", 1, 64 * SZ_1K, SCRIPT(SZ_4K, -ENOSPC) },
	{ "half of the bios, then ENOSPC", 16, SZ_4K, SCRIPT(32 * SZ_1K, -ENOSPC) },
	{ "less than a bio, then ENOSPC", 16, SZ_4K, SCRIPT(SZ_4K - 1, -ENOSPC) },
	{ "a byte of a bio, then EIO", 16, SZ_4K, SCRIPT(SZ_4K + 1, -EIO) },
	{ "all but a byte, then EIO", 16, SZ_4K, SCRIPT(64 * SZ_1K - 1, -EIO) },
	{ "some, some, EFBIG", 16, SZ_4K, SCRIPT(5000, 5000, -EFBIG) },
	{ "some, some, EDQUOT", 16, SZ_4K, SCRIPT(SZ_4K, 100, -EDQUOT) },
	{ "ENOSPC", 4, SZ_4K, SCRIPT(-ENOSPC) },
	{ "EIO", 1, SZ_4K, SCRIPT(-EIO) },
	{ "nothing", 4, SZ_4K, SCRIPT(0) },
	{ "a bio, then nothing", 4, SZ_4K, SCRIPT(SZ_4K, 0) },
	{ "a byte, then nothing", 4, SZ_4K, SCRIPT(1, 0) },
	{ "nothing for ever", 1, SZ_4K, SCRIPT(0, 0, 0, 0, 0, 0, 0, 0) },
};

static void script_desc(const struct script_case *sc, char *desc)
{
	strscpy(desc, sc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(script, scripts, script_desc);

static void run_script(struct kunit *test,
		       void (*run)(struct loop_test *, struct loop_io *, const char *))
{
	const struct script_case *sc = test->param_value;
	struct loop_test *lt;
	struct loop_io *io;
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		lt = loop_test_create(test, &modes[i]);
		lt->sf->max_calls = 100;
		scripted_file_script(lt->sf, sc->script, sc->nr);
		io = loop_io_create(lt->ld, 7 * SZ_1K, sc->bio_len, sc->nr_bios, i + 1);
		run(lt, io, modes[i].name);
	}
}

static void loop_write_script(struct kunit *test)
{
	run_script(test, run_write);
}

static void loop_write_read_script(struct kunit *test)
{
	run_script(test, run_read);
}

static void mode_desc(const struct mode *m, char *desc)
{
	strscpy(desc, m->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(mode, modes, mode_desc);

/* However small the steps are, it gets there. */
static void loop_write_byte_by_byte(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *io = loop_io_create(lt->ld, SZ_4K, 512, 2, 1);
	int i;

	lt->sf->nr_script = 512 + 7;
	for (i = 0; i < lt->sf->nr_script; i++)
		lt->sf->script[i] = 1;
	run_write(lt, io, "a byte at a time");
}

/* Lengths of bios and of results by chance; at last, perhaps, an error. */
static void random_script(struct loop_test *lt, struct loop_io *io,
			  struct rnd_state *rnd)
{
	static const ssize_t ends[] = { SCRIPT_ALL, SCRIPT_ALL, -ENOSPC, -EIO, 0 };
	static const size_t limits[] = { 2, 600, SZ_4K, SZ_32K };
	ssize_t script[16];
	unsigned int i, nr = random_below(rnd, ARRAY_SIZE(script) - 1);
	size_t moved;

	for (i = 0; i + 1 < io->nr; i += 2) {
		moved = random_below(rnd, io->bios[i].len / 512) * 512;
		io->bios[i].len -= moved;
		io->bios[i + 1].len += moved;
	}
	for (i = 0; i < nr; i++)
		script[i] = 1 + random_below(rnd, limits[random_below(rnd, 4)]);
	script[nr] = ends[random_below(rnd, ARRAY_SIZE(ends))];
	scripted_file_script(lt->sf, script, nr + 1);
}

static void loop_write_random(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct rnd_state rnd;
	char label[32];
	int step;

	prandom_seed_state(&rnd, 20070402);
	for (step = 0; step < 60; step++) {
		loff_t pos = 512 * random_below(&rnd, 256);
		size_t len = 512 * (1 + random_below(&rnd, 16));
		unsigned int nr = 1 + random_below(&rnd, 12);
		struct loop_io *io = loop_io_create(lt->ld, pos, len, nr, step);

		snprintf(label, sizeof(label), "step %d", step);
		random_script(lt, io, &rnd);
		if (random_below(&rnd, 3))
			run_write(lt, io, label);
		else
			run_read(lt, io, label);
	}
}

/* Some are continued while others wait. Each says the truth about itself. */
static void loop_write_in_flight(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *ios[16];
	unsigned int i, bio, failed = 0;
	struct rnd_state rnd;
	size_t at;

	prandom_seed_state(&rnd, 1);
	lt->sf->nr_script = 60;
	for (i = 0; i < lt->sf->nr_script; i++)
		lt->sf->script[i] = i % 20 == 7 ? -ENOSPC :
				    1 + (int)random_below(&rnd, SZ_4K);

	for (i = 0; i < ARRAY_SIZE(ios); i++) {
		ios[i] = loop_io_create(lt->ld, i * SZ_32K, SZ_4K, 4, i);
		loop_io_submit(ios[i], REQ_OP_WRITE);
	}
	for (i = 0; i < ARRAY_SIZE(ios); i++)
		loop_io_wait(ios[i]);

	for (i = 0; i < ARRAY_SIZE(ios); i++) {
		const u8 *bytes = lt->sf->bytes + lt->mode->offset + ios[i]->pos;

		for (bio = 0, at = 0; bio < ios[i]->nr; bio++, at += SZ_4K) {
			if (!ios[i]->bios[bio].status)
				KUNIT_EXPECT_TRUE_MSG(test,
						      !memcmp(bytes + at, ios[i]->data + at,
							      SZ_4K),
						      "request %u, bio %u", i, bio);
		}
		/* An error is that of the request's last bio, if of any. */
		if (ios[i]->bios[ios[i]->nr - 1].status) {
			failed++;
			KUNIT_EXPECT_EQ(test, ios[i]->bios[ios[i]->nr - 1].status,
					BLK_STS_NOSPC);
		}
	}
	KUNIT_EXPECT_EQ(test, failed, 3);
}

/*
 * A short write with a flush before and behind it is a request in the hands of
 * the block layer's flush code.
 */
static void loop_write_flushed(struct kunit *test)
{
	static const ssize_t scripts[][3] = {
		{ SCRIPT_ALL, 0, 0 }, { 700, 1, SCRIPT_ALL }, { SZ_4K, 1, -ENOSPC },
		{ 3000, 0, 0 }, { -EIO, 0, 0 },
	};
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *io = loop_io_create(lt->ld, SZ_4K, SZ_16K, 1, 1);
	size_t done;
	int i, error;

	for (i = 0; i < ARRAY_SIZE(scripts); i++) {
		scripted_file_script(lt->sf, scripts[i], 3);
		lt->sf->nr_syncs = 0;
		loop_io_run(io, REQ_OP_WRITE | REQ_PREFLUSH | REQ_FUA);
		done = expect_calls(lt, io, &error, "flushed");
		expect_status(test, io, done, error, "flushed");
		expect_written(lt, io, lt->mode->offset + io->pos, done, "flushed");
		KUNIT_EXPECT_EQ(test, lt->sf->nr_syncs, error ? 1 : 2);
	}
}

/*
 * Requests that the test holds on to while the file works on them.
 */
struct held {
	struct completion called;
	struct completion go;
};

static void hold_first_call(struct scripted_file *sf)
{
	struct held *held = sf->data;

	if (sf->nr_calls > 1)
		return;
	complete(&held->called);
	wait_for_completion(&held->go);
}

static void hold(struct loop_test *lt, struct held *held)
{
	init_completion(&held->called);
	init_completion(&held->go);
	lt->sf->data = held;
	lt->sf->on_call = hold_first_call;
}

/*
 * Have @io written to byte @done, and what is left of it wait in the queue,
 * which stays quiesced.
 */
static void write_and_quiesce(struct loop_test *lt, struct loop_io *io, ssize_t done)
{
	struct request_queue *q = bdev_get_queue(lt->ld->bdev);
	struct held held;

	hold(lt, &held);
	scripted_file_script(lt->sf, &done, 1);
	loop_io_submit(io, REQ_OP_WRITE);
	wait_for_completion(&held.called);
	blk_mq_quiesce_queue(q);
	complete(&held.go);
	/* There is no event to wait for: it must not go on, and doesn't. */
	msleep(100);
	flush_delayed_work(&q->requeue_work);
}

/*
 * What is put before or behind a request that was begun must not become part of
 * it. Less than a sector is done, so that its first sector is the same.
 */
static void loop_write_put_before(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *io = loop_io_create(lt->ld, SZ_4K, SZ_4K, 1, 1);
	struct loop_io *before = loop_io_create(lt->ld, 0, SZ_4K, 1, 2);
	struct loop_io *behind = loop_io_create(lt->ld, SZ_8K, SZ_4K, 1, 3);
	const u8 *bytes = lt->sf->bytes + lt->mode->offset;

	write_and_quiesce(lt, io, 300);
	loop_io_submit(before, REQ_OP_WRITE);
	loop_io_submit(behind, REQ_OP_WRITE);
	blk_mq_unquiesce_queue(bdev_get_queue(lt->ld->bdev));
	loop_io_wait(io);
	loop_io_wait(before);
	loop_io_wait(behind);

	expect_status(test, io, io->len, 0, "the short one");
	expect_status(test, before, before->len, 0, "the one before");
	expect_status(test, behind, behind->len, 0, "the one behind");
	KUNIT_EXPECT_MEMEQ(test, bytes, before->data, SZ_4K);
	KUNIT_EXPECT_MEMEQ(test, bytes + SZ_4K, io->data, SZ_4K);
	KUNIT_EXPECT_MEMEQ(test, bytes + SZ_8K, behind->data, SZ_4K);
}

/* What was begun when the device is cleared goes on, as long as it is open. */
static void loop_write_cleared(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *io = loop_io_create(lt->ld, 0, SZ_4K, 4, 1);

	write_and_quiesce(lt, io, SZ_4K + 700);
	KUNIT_EXPECT_EQ(test, 0, loop_disk_ioctl(lt->ld, LOOP_CLR_FD, 0));
	blk_mq_unquiesce_queue(bdev_get_queue(lt->ld->bdev));
	loop_io_wait(io);
	expect_status(test, io, io->len, 0, "cleared");
	expect_written(lt, io, lt->mode->offset, io->len, "cleared");
}

static struct fault_attr *failslab;

/*
 * Without memory for a vector of all segments a request takes more calls. What
 * fails is all that the thread of the device allocates between a call and the
 * next one, which is of another request: bio_put() is among them, and allocates
 * with CONFIG_SLUB_RCU_DEBUG.
 */
static void fail_allocations(struct scripted_file *sf)
{
	hold_first_call(sf);
	if (sf->nr_calls == 1)
		fault_attr_arm(failslab, 0, FAIL_ALWAYS);
	else
		fault_attr_disarm(failslab);
}

static void loop_write_no_memory(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct loop_io *first = loop_io_create(lt->ld, SZ_64K, SZ_4K, 1, 1);
	struct loop_io *io = loop_io_create(lt->ld, 0, SZ_8K, 4, 2);
	bool *ignore = fault_knob(test, "failslab", "ignore-gfp-wait");
	struct held held;

	failslab = fault_attr_of(test, "failslab");
	/* Its own allocation would come between. */
	lt->sf->when = SCRIPTED_AT_ONCE;
	hold(lt, &held);
	lt->sf->on_call = fail_allocations;
	*ignore = false;
	loop_io_submit(first, REQ_OP_WRITE);
	wait_for_completion(&held.called);
	loop_io_submit(io, REQ_OP_WRITE);
	complete(&held.go);
	loop_io_wait(first);
	loop_io_wait(io);
	*ignore = true;

	expect_status(test, first, first->len, 0, "first");
	expect_status(test, io, io->len, 0, "no memory");
	KUNIT_EXPECT_TRUE(test, !memcmp(lt->sf->bytes + lt->mode->offset, io->data,
					io->len));
	/* It did fail, but not again. */
	KUNIT_EXPECT_EQ(test, lt->sf->nr_calls, 3);
	KUNIT_EXPECT_EQ(test, lt->sf->calls[1].len, SZ_8K);
	KUNIT_EXPECT_EQ(test, lt->sf->calls[2].len, 3 * SZ_8K);
}

/* Requests without data do 0 bytes, and that is all of them. */
static void loop_write_without_data(struct kunit *test)
{
	struct loop_test *lt = loop_test_create(test, test->param_value);
	struct block_device *bdev = lt->ld->bdev;
	u8 *bytes = lt->sf->bytes + lt->mode->offset;

	/* Some kernels sync the file when it is bound. */
	lt->sf->nr_syncs = 0;
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_flush(bdev));
	KUNIT_EXPECT_EQ(test, lt->sf->nr_syncs, 1);

	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_discard(bdev, 8, 8, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes + SZ_4K, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, bytes[SZ_4K - 1], SCRIPT_POISON);
	KUNIT_EXPECT_EQ(test, bytes[SZ_8K], SCRIPT_POISON);

	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_zeroout(bdev, 32, 8, GFP_KERNEL,
						      BLKDEV_ZERO_NOFALLBACK));
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes + SZ_16K, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, bytes[SZ_16K - 1], SCRIPT_POISON);
	KUNIT_EXPECT_EQ(test, bytes[SZ_16K + SZ_4K], SCRIPT_POISON);
	KUNIT_EXPECT_EQ(test, lt->sf->nr_calls, 0);

	lt->sf->error = -EIO;
	KUNIT_EXPECT_EQ(test, -EIO, blkdev_issue_flush(bdev));
	KUNIT_EXPECT_EQ(test, -EIO, blkdev_issue_discard(bdev, 64, 8, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EIO, blkdev_issue_zeroout(bdev, 64, 8, GFP_KERNEL,
							 BLKDEV_ZERO_NOFALLBACK));
	KUNIT_EXPECT_EQ(test, bytes[64 * 512], SCRIPT_POISON);
}

/* A file that has no ->write_iter() can be read, if it is not to be written. */
static void loop_write_cannot(struct kunit *test)
{
	struct scripted_file *sf = scripted_file_create(test, DEVICE);
	const struct file_operations *fops = sf->file->f_op;
	const struct file_operations reading = {
		.read_iter = fops->read_iter,
		.fsync = fops->fsync,
	};
	struct loop_disk *ld = loop_disk_create(test);
	struct loop_io *io = loop_io_create(ld, 0, SZ_4K, 1, 1);

	sf->file->f_op = &reading;
	KUNIT_EXPECT_EQ(test, -EINVAL, loop_disk_bind(ld, sf->file, 0, 0));

	sf->file->f_mode &= ~FMODE_WRITE;
	KUNIT_EXPECT_EQ(test, 0, loop_disk_bind(ld, sf->file, 0, 0));
	loop_io_run(io, REQ_OP_READ);
	expect_status(test, io, io->len, 0, "read");
	loop_io_run(io, REQ_OP_WRITE);
	expect_status(test, io, 0, -EIO, "write");
	KUNIT_EXPECT_NULL(test, memchr_inv(sf->bytes, SCRIPT_POISON, sf->size));
	KUNIT_EXPECT_EQ(test, sf->nr_calls, 1);

	sf->file->f_mode |= FMODE_WRITE;
	sf->file->f_op = fops;
}

/*
 * Files of a real filesystem.
 */
/* A new file on a tmpfs of its own that has room for @room bytes. */
static struct file *tmpfs_file(struct kunit *test, size_t room, loff_t size)
{
	char options[32];
	struct file *file;

	snprintf(options, sizeof(options), "size=%zu", room);
	file = write_file_open(test, write_file_mount(test, "tmpfs", options),
			       "file", O_CREAT | O_RDWR);
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&file->f_path, size));
	return file;
}

static struct loop_disk *loop_over(struct kunit *test, struct file *file, u32 flags,
				   u64 offset)
{
	struct loop_disk *ld = loop_disk_create(test);

	KUNIT_ASSERT_EQ(test, 0, loop_disk_bind(ld, file, flags, offset));
	return ld;
}

static u8 *read_file(struct kunit *test, struct file *file, loff_t pos, size_t len)
{
	u8 *bytes = kunit_kmalloc(test, len, GFP_KERNEL);
	ssize_t got;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	got = kernel_read(file, bytes, len, &pos);
	KUNIT_ASSERT_EQ(test, got, len);
	return bytes;
}

/* Where @io went, the file has its first @done bytes, and a hole behind. */
static void expect_in_file(struct kunit *test, struct loop_io *io, struct file *file,
			   u64 offset, size_t done)
{
	u8 *bytes = read_file(test, file, offset + io->pos, io->len);

	KUNIT_EXPECT_TRUE(test, !memcmp(bytes, io->data, done));
	KUNIT_EXPECT_TRUE(test, !memchr_inv(bytes + done, 0, io->len - done));
	kunit_kfree(test, bytes);
}

struct full_case {
	const char *name;
	size_t bio_len;
	unsigned int nr_bios;
	loff_t pos;
	u32 flags;
	u64 offset;
};

static const struct full_case full_cases[] = {
	{ "one bio", 1280 * SZ_1K, 1 },
	{ "one bio, direct", 1280 * SZ_1K, 1, 0, LO_FLAGS_DIRECT_IO },
	{ "20 bios", SZ_64K, 20 },
	{ "20 bios, direct", SZ_64K, 20, 0, LO_FLAGS_DIRECT_IO },
	{ "20 bios, not aligned to pages", SZ_64K, 20, 512 },
	{ "20 bios, not aligned to pages, direct", SZ_64K, 20, 512, LO_FLAGS_DIRECT_IO },
	{ "39 bios, at an odd byte", SZ_32K, 39, SZ_4K, 0, 1001 },
};

static void full_desc(const struct full_case *fc, char *desc)
{
	strscpy(desc, fc->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_desc);

/* The file takes as many pages as there are, the first perhaps in part. */
static void loop_write_full(struct kunit *test)
{
	const struct full_case *fc = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, SZ_2M);
	struct loop_disk *ld = loop_over(test, file, fc->flags, fc->offset);
	struct loop_io *io = loop_io_create(ld, fc->pos, fc->bio_len, fc->nr_bios, 1);
	size_t done = SZ_1M - offset_in_page(fc->offset + fc->pos);

	loop_io_run(io, REQ_OP_WRITE);
	expect_status(test, io, done, -ENOSPC, "full");
	expect_in_file(test, io, file, fc->offset, done);

	/* With room again, all of it fits. */
	KUNIT_EXPECT_EQ(test, 0, vfs_truncate(&file->f_path, 0));
	KUNIT_EXPECT_EQ(test, 0, vfs_truncate(&file->f_path, SZ_2M));
	io = loop_io_create(ld, SZ_1M, SZ_32K, 16, 2);
	loop_io_run(io, REQ_OP_WRITE);
	expect_status(test, io, io->len, 0, "room again");
	expect_in_file(test, io, file, fc->offset, io->len);
}

/* What user space sees, with O_DIRECT and with fsync(2). */
static void loop_write_full_device(struct kunit *test)
{
	struct file *file = tmpfs_file(test, SZ_1M, SZ_2M);
	struct loop_disk *ld = loop_over(test, file, 0, 0);
	struct loop_io *io = loop_io_create(ld, 0, 1280 * SZ_1K, 1, 1);
	struct kvec kvec = { io->data, io->len };
	struct iov_iter iter;
	struct kiocb iocb;
	loff_t pos = 0;

	init_sync_kiocb(&iocb, ld->file);
	iocb.ki_flags |= IOCB_DIRECT;
	iov_iter_kvec(&iter, ITER_SOURCE, &kvec, 1, io->len);
	KUNIT_EXPECT_EQ(test, -ENOSPC, ld->file->f_op->write_iter(&iocb, &iter));
	expect_in_file(test, io, file, 0, SZ_1M);

	KUNIT_EXPECT_EQ(test, io->len, kernel_write(ld->file, io->data, io->len, &pos));
	KUNIT_EXPECT_GT(test, 0, vfs_fsync(ld->file, 0));
	expect_in_file(test, io, file, 0, SZ_1M);
}

/*
 * A file opened without O_LARGEFILE ends at a byte that is the last of no sector.
 */
static void loop_write_large_file(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, (loff_t)SZ_2G + SZ_64K);
	struct loop_disk *ld = loop_over(test, file, mode->flags, mode->offset);
	struct loop_io *io = loop_io_create(ld, SZ_2G - SZ_4K, 512, 16, 1);
	size_t done = MAX_NON_LFS - io->pos - mode->offset;

	loop_io_run(io, REQ_OP_WRITE);
	expect_status(test, io, done, -EFBIG, "large file");
	expect_in_file(test, io, file, mode->offset, done);
}

static void loop_write_maxbytes(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, SZ_1M);
	struct loop_disk *ld = loop_over(test, file, mode->flags, mode->offset);
	struct loop_io *io = loop_io_create(ld, SZ_64K, SZ_4K, 16, 1);
	struct super_block *sb = file_inode(file)->i_sb;
	loff_t maxbytes = sb->s_maxbytes;
	size_t done = 100000 - io->pos - mode->offset;

	/* Without O_LARGEFILE the limit is 2 GiB, whatever the filesystem says. */
	file->f_flags |= O_LARGEFILE;
	sb->s_maxbytes = 100000;
	loop_io_run(io, REQ_OP_WRITE);
	sb->s_maxbytes = maxbytes;
	expect_status(test, io, done, -EFBIG, "s_maxbytes");
	expect_in_file(test, io, file, mode->offset, done);
}

/* The file has become shorter than the device, and ends within a sector. */
static void loop_write_read_past_end(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, SZ_64K);
	struct loop_disk *ld = loop_over(test, file, mode->flags, mode->offset);
	struct loop_io *written = loop_io_create(ld, 0, SZ_1K, 16, 1);
	struct loop_io *io = loop_io_create(ld, 0, SZ_1K, 16, 2);
	size_t left = SZ_4K + 700;

	loop_io_run(written, REQ_OP_WRITE);
	expect_status(test, written, written->len, 0, "write");
	KUNIT_ASSERT_EQ(test, 0, vfs_truncate(&file->f_path, mode->offset + left));
	loop_io_run(io, REQ_OP_READ);
	expect_status(test, io, left, -EIO, "read");
	KUNIT_EXPECT_MEMEQ(test, io->data, written->data, SZ_4K);
	KUNIT_EXPECT_NULL(test, memchr_inv(io->data + SZ_4K + SZ_1K, 0,
					   io->len - SZ_4K - SZ_1K));
}

/* A hole is punched, and what the file cannot do is written as zeroes. */
static void loop_write_tmpfs_without_data(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, SZ_256K);
	struct loop_disk *ld = loop_over(test, file, mode->flags, mode->offset);
	struct loop_io *io = loop_io_create(ld, 0, SZ_4K, 16, 1);
	u8 *bytes;

	loop_io_run(io, REQ_OP_WRITE);
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_discard(ld->bdev, 8, 16, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_zeroout(ld->bdev, 32, 8, GFP_KERNEL, 0));
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_zeroout(ld->bdev, 48, 8, GFP_KERNEL,
						      BLKDEV_ZERO_NOUNMAP));
	KUNIT_EXPECT_EQ(test, 0, blkdev_issue_flush(ld->bdev));

	memset(io->data + 8 * 512, 0, 16 * 512);
	memset(io->data + 32 * 512, 0, 8 * 512);
	memset(io->data + 48 * 512, 0, 8 * 512);
	bytes = read_file(test, file, mode->offset, io->len);
	KUNIT_EXPECT_MEMEQ(test, bytes, io->data, io->len);
}

#ifdef CONFIG_FAIL_WRITE_COPY
/* Short copies are the business of whoever copies, and nothing loop gets to see. */
static void loop_write_short_copies(struct kunit *test)
{
	const struct mode *mode = test->param_value;
	struct file *file = tmpfs_file(test, SZ_1M, SZ_1M);
	struct loop_disk *ld = loop_over(test, file, mode->flags, mode->offset);
	struct loop_io *io = loop_io_create(ld, 512, SZ_8K, 32, 1);
	struct fault_attr *attr = fault_attr_of(test, "fail_write_copy");
	struct fault_attr before = *attr;

	attr->verbose = 0;
	attr->probability = 50;
	atomic_set(&attr->times, -1);
	loop_io_run(io, REQ_OP_WRITE);
	*attr = before;
	expect_status(test, io, io->len, 0, "short copies");
	expect_in_file(test, io, file, mode->offset, io->len);
}
#endif /* CONFIG_FAIL_WRITE_COPY */

static struct kunit_case loop_write_cases[] = {
	KUNIT_CASE_PARAM(loop_write_script, script_gen_params),
	KUNIT_CASE_PARAM(loop_write_read_script, script_gen_params),
	KUNIT_CASE_PARAM(loop_write_byte_by_byte, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_random, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_in_flight, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_flushed, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_put_before, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_cleared, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_no_memory, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_without_data, mode_gen_params),
	KUNIT_CASE(loop_write_cannot),
	KUNIT_CASE_PARAM(loop_write_full, full_gen_params),
	KUNIT_CASE(loop_write_full_device),
	KUNIT_CASE_PARAM(loop_write_large_file, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_maxbytes, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_read_past_end, mode_gen_params),
	KUNIT_CASE_PARAM(loop_write_tmpfs_without_data, mode_gen_params),
#ifdef CONFIG_FAIL_WRITE_COPY
	KUNIT_CASE_PARAM(loop_write_short_copies, mode_gen_params),
#endif
	{}
};

static struct kunit_suite loop_write_suite = {
	.name = "loop_write",
	.test_cases = loop_write_cases,
};

kunit_test_suite(loop_write_suite);

MODULE_DESCRIPTION("KUnit tests of writes through the loop driver");
MODULE_LICENSE("GPL");
