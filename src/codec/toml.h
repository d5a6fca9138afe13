/* SPDX-License-Identifier: MIT */
/*
 * toml: configuration files in TOML 1.0.0 (toml.io/en/v1.0.0), as far as containerd's hosts.toml needs
 * it, strictly. No well-kept C library could be had from where the others come (vendor/README.md).
 *
 * A document becomes a JSON object (codec/json.h), so the typed getters there serve both: tables are
 * objects, members stand in the order of the file. Read are tables (also "a.b" and quoted names), basic and
 * literal strings, decimal integers up to 2^53, booleans, arrays, comments. Refused, although TOML has
 * them: floats, dates, other bases, multi-line strings, inline tables, arrays of tables, dotted keys
 * outside of brackets, and the character U+0000.
 */
#ifndef CODEC_TOML_H
#define CODEC_TOML_H

#include "base/limits.h"
#include "codec/json.h"

/* `name` is for messages: "hosts.toml: line 3: ...". Fails with `code`. */
int toml_parse(struct err *e, enum err_code code, const char *name, const char *text, size_t len,
               struct json **ret) MUST_USE;

#endif
