// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies into the page cache that stop early, from whatever source.
 *
 * This is the injection point of the series.  It has a knob for the byte at
 * which a copy stops, and stops copies from kernel memory as well, which
 * nothing else does.
 */
#include "fail_write_copy.h"

#ifdef CONFIG_FAIL_WRITE_COPY

static struct fault_attr *attr;

static const struct copy_stop copy_stops[] = {
	{ "0 bytes", 0 },
	{ "1 byte", 1 },
	{ "inside a block", 700 },
	{ "a block", 1024 },
	{ "a page less one", PAGE_SIZE - 1 },
	{ "a page", PAGE_SIZE },
	{ "a page and one", PAGE_SIZE + 1 },
	{ "all but one", STOP_AT_THE_END },
	{ "any number of bytes", STOP_ANYWHERE },
};

GENERATOR(copy_stop_gen_params)
{
	const struct copy_stop *stop = prev ? (const struct copy_stop *)prev + 1 : copy_stops;

	if (stop == copy_stops + ARRAY_SIZE(copy_stops))
		return NULL;
	strscpy(desc, stop->name, KUNIT_PARAM_DESC_SIZE);
	return stop;
}

/**
 * fail_write_copy_arm - stop copies of this thread's next write
 * @test: the test
 * @skip: how many batches are copied whole first
 * @times: how many are not then, or FAIL_ALWAYS
 * @bytes: after how many bytes they stop, or STOP_ANYWHERE
 *
 * Return: the attribute, for a test that turns more of its knobs or counts.
 */
struct fault_attr *fail_write_copy_arm(struct kunit *test, unsigned int skip,
				       int times, u32 bytes)
{
	bool *random = fault_knob(test, "fail_write_copy", "random");
	u32 *stop = fault_knob(test, "fail_write_copy", "bytes");

	attr = fault_attr_of(test, "fail_write_copy");
	*random = bytes == STOP_ANYWHERE;
	*stop = bytes;
	fault_attr_arm(attr, skip, times);
	return attr;
}

/* The writes of write_file.h do this themselves, before they check anything. */
void fail_write_copy_disarm(void)
{
	if (attr)
		fault_attr_disarm(attr);
}

#endif /* CONFIG_FAIL_WRITE_COPY */
