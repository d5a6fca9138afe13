/* SPDX-License-Identifier: MIT */
/*
 * store: content by digest, in one directory (/var/lib/nodelift/store).
 *
 *	sha256/HEX   complete and verified when it was written; synced before it got its name
 *	sha512/HEX   the same
 *	partial/HEX  a download that was broken off, to be resumed; its bytes prove nothing
 *	tmp/         content whose digest is not known yet
 *
 * Content is kept until store_prune(). We never change a file in it, but one that was linked from
 * the node (store_add_file) can be changed there: who installs content reads it back.
 * One process writes at a time (the run's lock), several threads may.
 */
#ifndef OCI_STORE_H
#define OCI_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "crypt/digest.h"
#include "io/sink.h"

struct store;

int store_open(struct err *e, const char *dir, struct store **ret) MUST_USE; /* creates it, 0700 */
void store_close(struct store *s);
void store_closep(struct store **s); /* for CLEANUP */

/* Is it there? Its size is compared when it is not negative, its content is not read. */
bool store_has(const struct store *s, const struct digest *d, int64_t size);
/* For reading. ERR_PRECHECK, sys ENOENT, when it is not there. */
int store_read(struct err *e, const struct store *s, const struct digest *d, int *ret_fd) MUST_USE;
char *store_path(const struct store *s, const struct digest *d); /* the caller frees */

/* Forgets it, complete or partial: for content that turned out to be damaged on the disk. */
int store_remove(struct err *e, struct store *s, const struct digest *d) MUST_USE;
/* ERR_PRECHECK when fewer than so many bytes are free. */
int store_need_space(struct err *e, const struct store *s, int64_t bytes) MUST_USE;

/* Small content that is in memory; checked against d before it is written. */
int store_put(struct err *e, struct store *s, const struct digest *d, const void *data,
              size_t len) MUST_USE;

/*
 * A writer is a sink. Its finish verifies size and digest, syncs and gives the content its name:
 * only then does store_has() know it.
 */
struct store_writer;

/*
 * For content whose digest is known. *ret_offset is how many bytes of a former attempt are taken
 * over: go on behind them, or call store_writer_restart() when the other side cannot.
 * Closed without finish, what was written stays in partial/; content that is too long or whose
 * digest is wrong (ERR_REJECTED) does not.
 */
int store_writer_open(struct err *e, struct store *s, const struct digest *d, int64_t size,
                      struct store_writer **ret, int64_t *ret_offset) MUST_USE;
/* Begin again at offset 0. */
int store_writer_restart(struct err *e, struct store_writer *w) MUST_USE;
/* Content of which nothing is known before: digest and size are there after finish. */
int store_writer_open_new(struct err *e, struct store *s, struct store_writer **ret) MUST_USE;
struct sink *store_writer_sink(struct store_writer *w);
const struct digest *store_writer_digest(const struct store_writer *w);
int64_t store_writer_size(const struct store_writer *w);
/* What was written is not to be resumed. */
void store_writer_discard(struct store_writer *w);
/* Releases the writer and closes its sink. */
void store_writer_close(struct store_writer *w);
void store_writer_closep(struct store_writer **w); /* for CLEANUP */

/* Takes in a file of the node: hard link where that is possible, otherwise a copy. The content
 * must be d. */
int store_add_file(struct err *e, struct store *s, const char *path,
                   const struct digest *d) MUST_USE;

/* Removes what a process that was killed left in tmp/. The caller has the node's lock. */
int store_clear_temps(struct err *e, struct store *s) MUST_USE;

/* Removes everything for which keep() says no, and all that is in tmp/ and partial/, if it is there
 * for age_s seconds or more. *ret_bytes is what became free. */
int store_prune(struct err *e, struct store *s, bool (*keep)(const struct digest *d, void *ctx),
                void *ctx, int64_t age_s, int64_t *ret_bytes) MUST_USE;

#endif
