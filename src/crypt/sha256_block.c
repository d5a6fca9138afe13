// SPDX-License-Identifier: MIT
#include "crypt/sha256_block.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

/* Only what carries this uses the instructions: the rest of the program runs on any x86-64. */
#define SHA_TARGET __attribute__((target("sha,sse4.1")))
/* -Os would call them, and a call spills every register. */
#define SHA_INLINE SHA_TARGET __attribute__((always_inline)) static inline

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* The working variables as the instructions want them, the first letter in the highest lane. */
struct lanes {
	__m128i abef, cdgh;
};

bool sha256_block_usable(void)
{
	const unsigned simd = bit_SSSE3 | bit_SSE4_1;
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & simd) != simd)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

SHA_INLINE __m128i load(const void *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

/* Four words of the message; they are big-endian. */
SHA_INLINE __m128i load_words(const uint8_t *p)
{
	return _mm_shuffle_epi8(load(p), _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

SHA_INLINE struct lanes lanes_load(const uint32_t state[8])
{
	__m128i cdab = _mm_shuffle_epi32(load(state), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(load(state + 4), 0x1b);

	return (struct lanes){ _mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0) };
}

SHA_INLINE void lanes_store(struct lanes v, uint32_t state[8])
{
	__m128i feba = _mm_shuffle_epi32(v.abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(v.cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Rounds t to t + 3 with the four words w. */
SHA_INLINE void rounds(struct lanes *v, __m128i w, int t)
{
	__m128i wk = _mm_add_epi32(w, load(round_constants + t));

	v->cdgh = _mm_sha256rnds2_epu32(v->cdgh, v->abef, wk);
	v->abef = _mm_sha256rnds2_epu32(v->abef, v->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* The four words of the message schedule that follow the sixteen w0 ... w3. */
SHA_INLINE __m128i schedule(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));

	return _mm_sha256msg2_epu32(sum, w3);
}

SHA_TARGET void sha256_block(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	struct lanes v = lanes_load(state);

	for (; blocks > 0; blocks--, data += SHA256_BLOCK) {
		const struct lanes before = v;
		__m128i w0 = load_words(data), w1 = load_words(data + 16);
		__m128i w2 = load_words(data + 32), w3 = load_words(data + 48);

		for (int t = 0;; t += 16) {
			rounds(&v, w0, t);
			rounds(&v, w1, t + 4);
			rounds(&v, w2, t + 8);
			rounds(&v, w3, t + 12);
			if (t == 48)
				break;
			w0 = schedule(w0, w1, w2, w3);
			w1 = schedule(w1, w2, w3, w0);
			w2 = schedule(w2, w3, w0, w1);
			w3 = schedule(w3, w0, w1, w2);
		}
		v.abef = _mm_add_epi32(v.abef, before.abef);
		v.cdgh = _mm_add_epi32(v.cdgh, before.cdgh);
	}
	lanes_store(v, state);
}

#else

#include <stdlib.h>

/* On arm64 mbedTLS itself uses the instructions where there are any. */
bool sha256_block_usable(void)
{
	return false;
}

void sha256_block(uint32_t state[8], const uint8_t *data, size_t blocks)
{
	(void)state, (void)data, (void)blocks;
	abort();
}

#endif
