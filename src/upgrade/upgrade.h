/* SPDX-License-Identifier: MIT */
/*
 * upgrade: the jobs, each from its first look at the node to its result.
 *
 * A result is a JSON object that grows as the job learns things:
 *
 *	{"id": "000003", "image": "host/path:tag", "digest": "sha256:...", "from": "20.10.24",
 *	 "to": "26.1.5", "outcome": "upgraded", "downtime_ms": 520, "total_ms": 14200}
 *
 * outcome: "upgraded", "unchanged", "rolled-back", "untouched", "broken", "fetched", "planned",
 * "qualified", "undone", "finished", "nothing-to-do". The caller adds what the error says: job_conclude().
 */
#ifndef UPGRADE_UPGRADE_H
#define UPGRADE_UPGRADE_H

#include "oci/reference.h"
#include "upgrade/run.h"

struct job {
	struct run run;
	struct reference image; /* of job_options.image */
	struct events *events;
	int lock;
	int64_t started; /* clock_ms() */
	struct json *result;
	struct json *recovered; /* {"run": ID, "outcome": "undone" or "finished"}, or NULL */
};

struct job_options {
	const char *command;              /* what the owner of the lock calls itself */
	const char *(*interrupted)(void); /* as in struct run */
	bool at_boot;                     /* the units have not started yet and are left alone */
	bool on_node;      /* needs the node's engine: refused early where there is none */
	const char *image; /* a reference that the job is about, or NULL */
};

/*
 * Takes the node: state directory, lock, store. What an earlier run left unfinished is first
 * finished or undone. What can be refused is refused before anything is created. ERR_BUSY names who
 * has the node. job_close() also after failure.
 */
int job_open(struct err *e, const struct settings *s, struct events *v, const struct job_options *o,
             struct job *ret) MUST_USE;
void job_close(struct job *j);

/* These three are about the job's image. */
int upgrade_to_image(struct err *e, struct job *j) MUST_USE;
/* The same up to the plan; *ret is the caller's, NULL when there is nothing to do. */
int upgrade_plan(struct err *e, struct job *j, struct json **ret) MUST_USE;
/* Verified content into the store. */
int upgrade_fetch(struct err *e, struct job *j) MUST_USE;
/* Back to what the last committed run replaced. */
int upgrade_rollback(struct err *e, struct job *j) MUST_USE;
/* Does the node qualify, as far as can be said without an image? */
int upgrade_check_node(struct err *e, struct job *j) MUST_USE;

/* job_open() has done it: says what it was. */
void upgrade_recover(struct job *j);

/* Fills "status", "name", "message" and times; e is NULL after success. Writes it to the run's
 * directory when there is one. */
void job_conclude(struct job *j, const struct err *e);

#endif
