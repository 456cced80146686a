// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file that is written in batches, with a record of them, and with
 * operations that a test can replace.
 *
 * The operations keep every rule, as simply as that can be done: a folio is
 * all uptodate before anything is copied into it.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "batch_file.h"

int batch_file_begin(struct pagecache_write *pw)
{
	int error = pagecache_write_get_folios(pw);
	unsigned int n;

	for (n = 0; n < folio_batch_count(&pw->folios); n++) {
		struct folio *folio = pw->folios.folios[n];

		if (folio_test_uptodate(folio))
			continue;
		folio_zero_range(folio, 0, folio_size(folio));
		folio_mark_uptodate(folio);
	}
	return error;
}

ssize_t batch_file_end(struct pagecache_write *pw, size_t copied)
{
	struct inode *inode = pw->mapping->host;
	unsigned int n;

	for (n = 0; n < folio_batch_count(&pw->folios); n++)
		if (copied && folio_pos(pw->folios.folios[n]) < pw->pos + (loff_t)copied)
			folio_mark_dirty(pw->folios.folios[n]);
	if (copied && pw->pos + copied > i_size_read(inode))
		i_size_write(inode, pw->pos + copied);
	pagecache_write_put_folios(pw);
	return copied;
}

static int recorded_begin(struct pagecache_write *pw)
{
	struct batch_file *bf = pw->mapping->host->i_private;

	bf->begins++;
	return bf->begin ? bf->begin(bf, pw) : batch_file_begin(pw);
}

static ssize_t recorded_end(struct pagecache_write *pw, size_t copied)
{
	struct batch_file *bf = pw->mapping->host->i_private;
	struct batch_record record = {
		.pos = pw->pos,
		.len = pw->len,
		.copied = copied,
		.rung = pw->rung,
	};

	record.accepted = bf->end ? bf->end(bf, pw, copied) : batch_file_end(pw, copied);
	if (bf->nr < BATCH_FILE_RECORDS)
		bf->records[bf->nr] = record;
	bf->nr++;
	return record.accepted;
}

const struct pagecache_write_ops batch_file_ops = {
	.begin		= recorded_begin,
	.end		= recorded_end,
	.max_len	= PAGECACHE_WRITE_BATCH,
#ifdef CONFIG_SPLICE_MOVES_PAGES
	/* Not with batch_file_begin(), which would zero what is in them. */
	.moves		= true,
#endif
};

static ssize_t batch_file_perform_write(aops_writer_t *writer, struct address_space *mapping,
					struct iov_iter *iter, loff_t pos)
{
	return pagecache_perform_write(writer, mapping, iter, pos, &batch_file_ops);
}

static int batch_file_read_folio(struct file *file, struct folio *folio)
{
	return ram_aops.read_folio(file, folio);
}

static const struct address_space_operations batch_file_aops = {
	.read_folio	= batch_file_read_folio,
	.perform_write	= batch_file_perform_write,
	.dirty_folio	= noop_dirty_folio,
};

static void restore_aops(void *context)
{
	struct batch_file *bf = context;
	struct address_space *mapping = bf->wf->file->f_mapping;

	mapping->a_ops = bf->aops;
	mapping->host->i_private = NULL;
}

struct batch_file *batch_file_create(struct kunit *test)
{
	struct batch_file *bf = kunit_kzalloc(test, sizeof(*bf), GFP_KERNEL);
	struct address_space *mapping;

	KUNIT_ASSERT_NOT_NULL(test, bf);
	bf->test = test;
	bf->wf = write_file_create(test, write_file_open_ramfs(test), BATCH_FILE_CAPACITY);
	bf->um = user_mem_create(test, BATCH_FILE_SOURCE, 1);
	/* So that no batch is short but those that a test makes short. */
	user_mem_populate(bf->um, 0, BATCH_FILE_SOURCE);

	mapping = bf->wf->file->f_mapping;
	bf->aops = mapping->a_ops;
	mapping->a_ops = &batch_file_aops;
	mapping->host->i_private = bf;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, restore_aops, bf));
	return bf;
}

/* Start to count and to record anew. */
void batch_file_forget(struct batch_file *bf)
{
	bf->begins = 0;
	bf->nr = 0;
}

/* Write user memory from @source on, and check all that a write promises. */
ssize_t batch_file_write(struct batch_file *bf, loff_t pos, size_t source, size_t len)
{
	struct user_iter ui;

	user_iter_ubuf(&ui, bf->um, source, len);
	return write_file_write(bf->wf, pos, &ui.iter, ui.source);
}
