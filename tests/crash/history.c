// SPDX-License-Identifier: GPL-2.0-only
/*
 * The actions, one after the other. They all succeed, so that each follows from
 * the seed and those before it.
 */

#include <string.h>

#include "history.h"

/* splitmix64 */
static __u64 mix(__u64 z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static size_t below(struct history *h, size_t limit)
{
	h->random += 0x9e3779b97f4a7c15;
	return mix(h->random) % limit;
}

/*
 * The byte that action @nr puts at @pos. It is never 0, which is what holes read
 * as, and never below 0x80, which is what the disk was full of before. Those of
 * other places and times are other bytes, but for one in 128; a block of them is
 * never taken for another one.
 */
unsigned char content(int file, size_t pos, unsigned int nr)
{
	return 0x80 | (mix(((__u64)nr << 32 | pos << 4 | file) * 0x9e3779b97f4a7c15) & 0x7f);
}

void history_start(struct history *h, __u64 seed)
{
	memset(h, 0, sizeof(*h));
	h->random = mix(seed + 1);
}

static size_t some_len(struct history *h)
{
	switch (below(h, 4)) {
	case 0:
		return 1 + below(h, 1500);
	case 1:
		return (1 + below(h, LEN_MAX / 4096)) * 4096;
	default:
		return 1 + below(h, LEN_MAX);
	}
}

static enum kind some_kind(struct history *h)
{
	static const struct {
		enum kind kind;
		unsigned int weight;
	} kinds[] = {
		{ WRITE, 30 }, { WRITEV, 15 }, { SPLICE, 10 }, { WRITE_DSYNC, 6 },
		{ TRUNCATE, 9 }, { PUNCH, 6 }, { UNLINK, 4 }, { FSYNC, 18 }, { SYNC, 2 },
	};
	size_t n = below(h, 100);
	size_t i;

	for (i = 0; n >= kinds[i].weight; i++)
		n -= kinds[i].weight;
	return kinds[i].kind;
}

struct action history_next(struct history *h)
{
	struct action a = { .kind = some_kind(h), .file = below(h, FILES) };
	size_t *size = &h->size[a.file];

	/* What there is nothing for becomes what makes something. */
	if (!h->exists[a.file] || (!*size && !is_write(&a)))
		a.kind = WRITE;
	a.old_size = *size;
	switch (a.kind) {
	case WRITE:
	case WRITEV:
	case SPLICE:
	case WRITE_DSYNC:
		a.len = some_len(h);
		/* Append, overwrite, or leave a hole. */
		a.pos = *size;
		if (below(h, 2))
			a.pos = below(h, *size + 1);
		else if (!below(h, 4))
			a.pos += below(h, 20000);
		if (a.pos + a.len > FILE_SIZE_MAX)
			a.pos = below(h, FILE_SIZE_MAX - a.len);
		h->exists[a.file] = true;
		if (*size < a.pos + a.len)
			*size = a.pos + a.len;
		break;
	case TRUNCATE:
		a.pos = below(h, below(h, 4) ? *size : FILE_SIZE_MAX);
		*size = a.pos;
		break;
	case PUNCH:
		a.pos = below(h, *size);
		a.len = 1 + below(h, *size - a.pos);
		break;
	case UNLINK:
		h->exists[a.file] = false;
		*size = 0;
		break;
	case FSYNC:
	case SYNC:
		break;
	}
	h->done++;
	return a;
}
