/* SPDX-License-Identifier: MIT */
#include "crypt/verify.h"

#include <inttypes.h>

static int verify_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct verify_sink *s = (struct verify_sink *)sink;

	s->seen += (int64_t)len;
	if (s->size >= 0 && s->seen > s->size)
		return err_set(e, ERR_REJECTED,
		               "'%s' is longer than the %" PRId64 " bytes it should have", s->name,
		               s->size);
	hash_update(&s->hash, buf, len);
	return s->below ? sink_write(e, s->below, buf, len) : 0;
}

static int verify_finish(struct err *e, struct sink *sink)
{
	struct verify_sink *s = (struct verify_sink *)sink;
	char want[DIGEST_TEXT_MAX], have[DIGEST_TEXT_MAX];
	struct digest digest;

	if (s->size >= 0 && s->seen != s->size)
		return err_set(e, ERR_REJECTED, "'%s' has %" PRId64 " bytes instead of %" PRId64,
		               s->name, s->seen, s->size);
	hash_final(&s->hash, &digest);
	if (!digest_equal(&digest, &s->want)) {
		digest_format(&s->want, want);
		digest_format(&digest, have);
		return err_set(e, ERR_REJECTED, "'%s' should be %s but is %s", s->name, want, have);
	}
	return s->below ? sink_finish(e, s->below) : 0;
}

static const struct sink_ops verify_ops = { .write = verify_write, .finish = verify_finish };

void verify_sink_init(struct verify_sink *s, const struct digest *want, int64_t size,
                      struct sink *below, const char *name)
{
	*s = (struct verify_sink){ .sink = { .ops = &verify_ops },
		                   .below = below,
		                   .want = *want,
		                   .size = size,
		                   .name = name };
	hash_init(&s->hash, want->algorithm);
}

static int hash_write(struct err *e, struct sink *sink, const void *buf, size_t len)
{
	struct hash_sink *s = (struct hash_sink *)sink;

	s->seen += (int64_t)len;
	hash_update(&s->hash, buf, len);
	return s->below ? sink_write(e, s->below, buf, len) : 0;
}

static int hash_finish(struct err *e, struct sink *sink)
{
	struct hash_sink *s = (struct hash_sink *)sink;

	hash_final(&s->hash, s->ret);
	return s->below ? sink_finish(e, s->below) : 0;
}

static const struct sink_ops hash_ops = { .write = hash_write, .finish = hash_finish };

void hash_sink_init(struct hash_sink *s, struct sink *below, struct digest *ret)
{
	*s = (struct hash_sink){ .sink = { .ops = &hash_ops }, .below = below, .ret = ret };
	hash_init(&s->hash, DIGEST_SHA256);
}
