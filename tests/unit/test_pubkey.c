// SPDX-License-Identifier: MIT
#include "crypt/pubkey.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "codec/base64.h"
#include "cosign_data.h"
#include "tap.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define BEGIN "-----BEGIN PUBLIC KEY-----\n"
#define END "-----END PUBLIC KEY-----\n"

static struct pubkey *load(const char *pem)
{
	struct pubkey *k = NULL;
	struct err e;

	if (pubkey_parse(&e, "test", pem, &k) < 0)
		note("%s", e.msg);
	return k;
}

static void decode(const char *text, struct str *ret)
{
	if (!base64_decode(text, ret))
		abort();
}

/* ---- which keys ---- */

static const char rsa4096[] = "-----BEGIN PUBLIC KEY-----\n"
			      "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAyC4IIejKY2M2mV94YM3q\n"
			      "dOYJS/kqXbgTWo0D0V9iNK2tgo5+hKK3Tt6nWrq+KoKUnclL0I5d6+y3wyCy8dbb\n"
			      "TxBGHNYMiQ4vJgVLrPqWtEAy3Li+3+/8LTPWRj7kcGqMcDqrQ2pLh36fvc3Ujr5d\n"
			      "5XXZRVYoUwwQ4b1915p1FFpQslSdA+dsbBpaMW3AfSAhk0nPre4E7pWynO7zL3hu\n"
			      "0bXh7VV17CjpQa+hscwUV1OurGd+EzB61euQDhi5vuyhEDRdRd3mrufGIFMaSQUa\n"
			      "DkNBAxjcySe8p6hJXU9bSqhQ2riVZUcbh1qAjq5vN/S5Yf0Fwn9zpLiL4Uy30wZC\n"
			      "BAqXPhIUyKqVv+I3+1rfwkIXeONyg4HDsH9DYtbiO2nWxBbaDTqnchAVWweY0UMa\n"
			      "8cXM9b+tieAPPeet+u/WhECbTjL8RjbzLkF9ZjDOGWg6+eKQnfooFMlTP7qgv3gE\n"
			      "QmfEKCmWLfjh9fdwDgbA+9rTpyzAx1I/3pV0POdQM3sadl9R5/A7eWNkOpWbl8G8\n"
			      "AISUkwJS7kybBpQ3YE+iYjALM5vVz6hYanT0dIAt9/yfoaydXpbaUyvry8zyaAct\n"
			      "Aq4U1ClIJjyMz3gZTmYcbHpaG6D4sfkCQEFbRjhWv7T07JDlfsvU7gZ7xAgqOucX\n"
			      "n+MTMS2cOS5IY+/p/+8kO48CAwEAAQ==\n"
			      "-----END PUBLIC KEY-----\n";

static void test_known(void)
{
	CLEANUP(pubkey_freep) struct pubkey *large = load(rsa4096);
	char text[DIGEST_TEXT_MAX];

	is_str(large ? pubkey_algorithm(large) : NULL, "RSA 4096", "RSA 4096");
	for (size_t i = 0; i < COUNT(cosign_data); i++) {
		CLEANUP(pubkey_freep) struct pubkey *k = load(cosign_data[i].key);

		is_str(k ? pubkey_algorithm(k) : NULL, cosign_data[i].algorithm, "%s",
		       cosign_data[i].algorithm);
		digest_format(pubkey_fingerprint(k), text);
		is_str(text, cosign_data[i].fingerprint, "its fingerprint");
	}
}

static const struct {
	const char *what, *says, *pem;
} refused[] = {
	{ "Ed25519", "Ed25519 keys",
	  BEGIN "MCowBQYDK2VwAyEAu6sTQG9FqEVs8pUod56vnnxwm07XSJn2oFuAMkta6TU=\n" END },
	{ "Ed448", "Ed448 keys",
	  BEGIN "MEMwBQYDK2VxAzoARwVNSEyKz8lqHhpu07dqdUNGCjj+KIp26QptY32ProSeW7n5\n"
	        "zT8kyXbz5cvQczX72nyCmJJAbcuA\n" END },
	{ "X25519", "X25519 keys",
	  BEGIN "MCowBQYDK2VuAyEAaD2YFdky5k/c/+wgp01ZrfeZlTEdtBKKC0Ya4K+eAFc=\n" END },
	{ "RSA-PSS", "RSA-PSS keys",
	  BEGIN "MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAMZc5eiWGbdUn2Vg9zuXCJTk\n"
	        "BahX1VYmPiXwXfSLoI8k8eVui9V8PtXG/185q9YQE7Bt3E4Ayk+5CCAvwuNTOQ7b\n"
	        "R95yq/BhV1080VuHAD8kvJQAEGew1x3/si4urzHWps3axIR4pXbWxgYrgtOdkc6l\n"
	        "EHf+FrpKUbU+7DlMrnSu9E/1Vg43Y64C4S552uh1O1qAwfizqjz2ZG4/tXzLP+cV\n"
	        "f+U0wkcLpzA6F5ScROvvS6dF9SClamdm7nR16xdtN07jOPR1j+G1/jFVzdIEn/U4\n"
	        "GwJyRZC9o+yO+Dn3xxSnEdjGurbXg0MP2eyZxnzxSXunw3oLiyl6Z2j8jauXUYkC\n"
	        "AwEAAQ==\n" END },
	{ "RSA 1024", "an RSA key of 1024 bits",
	  BEGIN "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDEVrtKQ/bF3sjHRoakn/vEmQUk\n"
	        "jQcJ1U+gaVbzib1Jxy1NkVusO9GPiMLexEY7n0SYes+RZcBR7oH+F7n808nU+cC/\n"
	        "n6ICAI+t/tjAicTpfj6Nma8PWcffMx7OFPKWVA9WSn/ZvrMsHBPtRXPMX11/u2pA\n"
	        "+/kutO5WMt3FghueWQIDAQAB\n" END },
	{ "RSA 4104", "an RSA key of 4104 bits",
	  BEGIN "MIICIzANBgkqhkiG9w0BAQEFAAOCAhAAMIICCwKCAgIAo5HFsKqSGZiC1myP7Sdx\n"
	        "641QM5tihcmUWvp6yGHrscsl1nFrkxBkfpFHNJRfyKpMJgVlc/18t5xTeLHRiqTa\n"
	        "fo61SGwcpvDn8jjChqkeRot8uGBhXtvtnePb9hsztWgOCGUOWZblfurJ0R2AlzaW\n"
	        "I1TgDtbpmJ+Z/7o1qIhfvg1W0mUeAJyB0XN/K9ppY7XN28btoSkYVcUU4+Xg2UF8\n"
	        "p5cxd+o+vgvtPh2PezznFn2t3o6DpUBxsV02fhoTLogBbXr4CISfoIKL/QHUQQ65\n"
	        "V8U2lrePVznjhZNnbCfMRPf+qSgrGjQgxdXnilsS7p74o0K6x5u4Imz+EOEJJd66\n"
	        "qRKhyJchTg+ISn/HGAlxcoM+2acIkOG9heyGgMejvZ+TU2ie2MR2ntHs/GsiU8tO\n"
	        "LJFaH9P3AxuAKNLwuzzJsweVVnWGYlWB5ZRkfl5iGDrB5AcQh1ksamHdhkoPz+oT\n"
	        "4c0M12DPd/I00lRnsRrdgsvg4Q4yJ6Ynxcrybpd6CNDvsxRxs69yEqNX7SWRDn7S\n"
	        "lQqEafhKlImHhDS/xGfOYGE3/yqcib/EjOO8bzlTsefj3B3S7/Ea23zwshmRBCXB\n"
	        "e+oKn9v5mXoUkUMci4bN2pHbIIWSzgcvuimjHGH4nHKFdtFZ567S4iz6mc2aVg1y\n"
	        "2AEGdqcOVCwI2ompijW6PcDLAgMBAAE=\n" END },
	{ "RSA with exponent 3", "exponent below 65537",
	  BEGIN "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAtdaYJF7iJii+mhokyTGP\n"
	        "JF+DfTBGoOY0NuNQYe1KWY1L8EqG6wWDTfHR0Ow/djEtId/Flfdhc4nd+AfszQrX\n"
	        "cUP0YRVhmTCAg7V5A4umrEe48N4Q++1/+p7VtwmErmEiPV+HMb+uTA/FrhAchTyj\n"
	        "sA3NB1jNsIyJzDtX5bMbJ1LiUWyOICdE4P+x/QU5vjjtvOgEQG4ziKPChIIy4Rli\n"
	        "TZbGQwNxxcjVQ8wNuC1LjjiTIZT9DcR+wguISGtPFNlDDWYiJoO4tXPdwEyZXCys\n"
	        "Fv5QCiRVlqwihUreTCS17ZfbV7xtBiLu6yMYUUCqhbBKtpOQ5HIRN3rs+Z6pZn/F\n"
	        "cQIBAw==\n" END },
	{ "secp256k1", "an elliptic curve",
	  BEGIN "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEuepYWslEGAj42xkKkkQZtG1K16ktx05j\n"
	        "XmmT4nbIowisfdvda+qjBhmtdDVo3IideHXnn6Tot0cqz2zb0IJQdg==\n" END },
	{ "brainpool", "an elliptic curve",
	  BEGIN "MFowFAYHKoZIzj0CAQYJKyQDAwIIAQEHA0IABBxh8cFFpprTq/T5Al7Haajrqr8C\n"
	        "DI4OlRdszraBCH8hpFUeF7zyadoyIlee0SeVXrQ/wVYgYaEGhJTUL++9nR8=\n" END },
	{ "a compressed point", "a malformed key",
	  BEGIN "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACpAUWdR9wvM8lQKhtadqgbGBgGO3T\n"
	        "MN7wsp3CmLIjerk=\n" END },
	{ "explicit parameters", "a malformed key",
	  BEGIN "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\n"
	        "AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\n"
	        "///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\n"
	        "NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\n"
	        "RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\n"
	        "//////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABKQFFnUfcLzPJUCobWnaoGxg\n"
	        "YBjt0zDe8LKdwpiyI3q5AacmDGU2ywot0kqlJ0qihd8uU7iV0f9FRH+r/eC3TSY=\n" END },
	{ "nothing", "no PEM block", "" },
	{ "text", "no PEM block", "ssh-ed25519 AAAA\n" },
	{ "an empty block", "malformed PEM", BEGIN END },
	{ "no base64", "malformed PEM", BEGIN "!!!!\n" END },
	{ "no DER", "no SubjectPublicKeyInfo", BEGIN "AAAA\n" END },
	{ "a block without end", "malformed PEM", BEGIN "AAAA\n" },
	{ "a certificate", "'CERTIFICATE'",
	  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
	{ "PKCS#1", "'RSA PUBLIC KEY'",
	  "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n" },
	{ "a private key", "private key",
	  "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
	{ "cosign's private key", "private key",
	  "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE "
	  "PRIVATE KEY-----\n" },
};

static void test_refused(void)
{
	CLEANUP(mem_freep) char *two = mem_printf("%s%s", cosign_data[0].key, cosign_data[1].key);
	CLEANUP(mem_freep) char *told = mem_printf("of 2026\n%s\n", cosign_data[0].key);
	CLEANUP(pubkey_freep) struct pubkey *fine = load(told);
	struct err e = { 0 };

	for (size_t i = 0; i < COUNT(refused); i++) {
		CLEANUP(pubkey_freep) struct pubkey *k = NULL;

		e = (struct err){ 0 };
		ok(pubkey_parse(&e, "x.pem", refused[i].pem, &k) < 0 && e.code == ERR_USAGE,
		   "refused: %s", refused[i].what);
		ok(strstr(e.msg, refused[i].says) && str_starts(e.msg, "x.pem: "),
		   "... and the message says so");
		if (!strstr(e.msg, refused[i].says))
			note("%s", e.msg);
	}
	ok(pubkey_parse(&e, "x.pem", two, &fine) < 0 && strstr(e.msg, "one key a file"),
	   "refused: two keys in one file");
	ok(fine, "text around the block is not looked at");
}

/* A bit that is wrong in the file: no key, or one that did not sign. */
static void test_key_flips(void)
{
	const struct cosign_data *c = &cosign_data[3];
	CLEANUP(mem_freep) char *pem = mem_dup(c->key);
	CLEANUP(str_release) struct str signature = { 0 };
	int bits = (int)strlen(pem) * 8, bad = 0, keys = 0;

	CLEANUP(pubkey_freep) struct pubkey *right = load(c->key);

	decode(c->signature, &signature);
	for (int i = 0; i < bits; i++) {
		CLEANUP(pubkey_freep) struct pubkey *k = NULL;
		struct err e;

		pem[i / 8] = (char)(pem[i / 8] ^ 1 << i % 8);
		if (pubkey_parse(&e, "x", pem, &k) == 0) {
			keys++;
			bad += pubkey_verify(k, c->payload, strlen(c->payload), signature.s,
			                     signature.len) &&
			       !digest_equal(pubkey_fingerprint(k), pubkey_fingerprint(right));
		}
		pem[i / 8] = (char)(pem[i / 8] ^ 1 << i % 8);
	}
	note("%d bits flipped in a key: %d are keys", bits, keys);
	is_int(bad, 0, "none of them is another key that made the signature");
}

/* ---- signatures ---- */

static bool verify(struct pubkey *k, const char *payload, const struct str *signature)
{
	return pubkey_verify(k, payload, strlen(payload), signature->s, signature->len);
}

static void test_right_and_wrong(void)
{
	for (size_t i = 0; i < COUNT(cosign_data); i++) {
		const struct cosign_data *c = &cosign_data[i];
		CLEANUP(str_release) struct str signature = { 0 };
		int good = 0;

		decode(c->signature, &signature);
		for (size_t n = 0; n < COUNT(cosign_data); n++) {
			CLEANUP(pubkey_freep) struct pubkey *k = load(cosign_data[n].key);

			if (verify(k, c->payload, &signature) != (n == i))
				good = -1;
		}
		is_int(good, 0, "%s: its own key and no other", c->algorithm);
	}
}

/* Every bit of a signature (or one in `step`), each beginning of it, and a byte more. */
static void test_flips(const struct cosign_data *c, int step)
{
	CLEANUP(pubkey_freep) struct pubkey *k = load(c->key);
	CLEANUP(str_release) struct str s = { 0 };
	int bits, tried = 0, good = 0;
	size_t len;

	decode(c->signature, &s);
	len = s.len;
	bits = (int)len * 8;
	for (int i = 0; i < bits; i += step, tried++) {
		s.s[i / 8] = (char)(s.s[i / 8] ^ 1 << i % 8);
		good += verify(k, c->payload, &s);
		s.s[i / 8] = (char)(s.s[i / 8] ^ 1 << i % 8);
	}
	is_int(good, 0, "%s: %d of %d single-bit flips of the signature tried and rejected",
	       c->algorithm, tried - good, bits);
	for (s.len = 0; s.len < len; s.len++)
		good += verify(k, c->payload, &s);
	is_int(good, 0, "... and each of its %zu beginnings", len);
	str_add(&s, "", 1);
	ok(!verify(k, c->payload, &s), "... and a byte behind it");
	s.len = len;
	ok(verify(k, c->payload, &s), "... and as it was it is good");
}

/* The same two numbers as others than DER would write them. */
static void test_der(void)
{
	const struct cosign_data *c = &cosign_data[0];
	CLEANUP(pubkey_freep) struct pubkey *k = load(c->key);
	CLEANUP(str_release) struct str s = { 0 }, t = { 0 };
	static const char zero[] = "\x30\x06\x02\x01\x00\x02\x01\x00";
	char byte;

	decode(c->signature, &s);
	str_add(&t, "\x30\x81", 2);
	str_add(&t, s.s + 1, s.len - 1);
	ok(!verify(k, c->payload, &t), "a length in more bytes than it needs");
	t.len = 0;
	byte = (char)(s.s[1] + 1);
	str_add(&t, "\x30", 1);
	str_add(&t, &byte, 1);
	byte = (char)(s.s[3] + 1);
	str_add(&t, "\x02", 1);
	str_add(&t, &byte, 1);
	str_add(&t, "", 1);
	str_add(&t, s.s + 4, s.len - 4);
	ok(!verify(k, c->payload, &t), "a number with a needless zero");
	t.len = 0;
	byte = (char)(s.s[1] + 1);
	str_add(&t, "\x30", 1);
	str_add(&t, &byte, 1);
	str_add(&t, s.s + 2, s.len - 2);
	str_add(&t, "", 1);
	ok(!verify(k, c->payload, &t), "a byte behind the numbers");
	t.len = 0;
	str_add(&t, zero, sizeof(zero) - 1);
	ok(!verify(k, c->payload, &t), "two zeros (CVE-2022-21449)");
	t.len = 0;
	ok(!verify(k, c->payload, &t), "nothing");
}

int main(void)
{
	test_known();
	test_refused();
	test_key_flips();
	test_right_and_wrong();
	/* the two large curves are slow */
	test_flips(&cosign_data[0], 1);
	test_flips(&cosign_data[1], 37);
	test_flips(&cosign_data[2], 37);
	test_flips(&cosign_data[3], 1);
	test_der();
	return done_testing();
}
