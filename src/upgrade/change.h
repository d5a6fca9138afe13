/* SPDX-License-Identifier: MIT */
/* change: which files of the node become what. The result of looking, before there is a plan. */
#ifndef UPGRADE_CHANGE_H
#define UPGRADE_CHANGE_H

#include "oci/extract.h"
#include "upgrade/node.h"
#include "upgrade/profile.h"

struct change {
	char *path;        /* on the node, no link */
	struct digest old; /* DIGEST_NONE: the node does not have it */
	struct digest new; /* DIGEST_NONE: it is to be removed; in the store otherwise */
	int64_t size;      /* bytes of the new content */
	unsigned mode;     /* for a file that the node does not have */
	bool says_version; /* it is asked with --version before the swap */
};

struct change_list {
	struct change *items; /* ordered by path, each path once */
	int count;
};

void change_list_release(struct change_list *l);
bool change_is_needed(const struct change *c); /* the content differs */

/*
 * What the image's files mean for this node. ERR_REJECTED when the image lacks a file that the
 * profile requires, ERR_PRECHECK when a place cannot be told.
 */
int change_from_image(struct err *e, const struct node *n, const struct profile *p,
                      const struct extracted_list *files, struct change_list *ret) MUST_USE;

/* The way back from a committed run: `swap` are the arguments of its step. */
int change_from_swap(struct err *e, const struct json *swap, const struct store *s,
                     struct change_list *ret) MUST_USE;

/* Would the new programs and libraries run on this node? Read, not run (host/elf.h). */
int change_check_elf(struct err *e, const struct change_list *l, const struct store *s) MUST_USE;
/* May the directories be written, and is there room for what is staged? */
int change_check_room(struct err *e, const struct change_list *l) MUST_USE;

#endif
