/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A swap area, for files whose pages are not in memory.
 */
#ifndef _WRITE_KUNIT_TEST_SWAP_H
#define _WRITE_KUNIT_TEST_SWAP_H

#include "write_file.h"

void test_swap_on(struct kunit *test);
void test_swap_out(struct write_file *wf, size_t offset, size_t len);
bool test_swapped(struct write_file *wf, loff_t pos);

#endif /* _WRITE_KUNIT_TEST_SWAP_H */
