/* SPDX-License-Identifier: MIT */
/*
 * job: a command's work on the node, from taking it to the result.
 *
 * A result is a JSON object that grows as the job learns things:
 *
 *	{"id": "000003", "image": "host/path:tag", "digest": "sha256:...", "from": "20.10.24",
 *	 "signed_by": [...], "channel": "stable", "epoch": 3, "allowed": ["downgrade"] (candidate.h), "to": "26.1.5", "outcome": "upgraded", "downtime_ms": 520, "total_ms": 14200}
 *
 * image: the full name, or where else it is from; then "reference" is its name, where it has one.
 * outcome: "upgraded", "unchanged", "rolled-back", "untouched", "broken", "fetched", "saved", "planned",
 * "qualified", "undone", "finished", "nothing-to-do". The caller adds what the error says: job_conclude().
 */
#ifndef UPGRADE_JOB_H
#define UPGRADE_JOB_H

#include "oci/origin.h"
#include "upgrade/run.h"

struct job {
	struct run run;
	struct origin image; /* of job_options.image */
	struct events *events;
	int lock;
	int64_t started; /* clock_ms() */
	char *id;        /* of its directory in runs/, or of the run that would come next */
	struct json *result;
	struct json *recovered; /* {"run": ID, "outcome": "undone" or "finished"}, or NULL */
};

struct job_options {
	const char *command;              /* what the owner of the lock calls itself */
	const char *(*interrupted)(void); /* as in struct run */
	bool at_boot;                     /* the units have not started yet and are left alone */
	bool on_node;      /* needs the node's engine: refused early where there is none */
	const char *image; /* what the job is about, as in oci/origin.h, or NULL */
	const char *as;    /* its name, for one that is from no registry, or NULL */
	bool handed_over;  /* to this process, by one that may not live to hear how it ended */
	bool recorded;     /* it is a run: what it tells and how it ends stay on the node */
};

/*
 * Takes the node: state directory, lock, store. What an earlier run left unfinished is first
 * finished or undone. What can be refused is refused before anything is created. ERR_BUSY names who
 * has the node. job_close() also after failure.
 */
int job_open(struct err *e, const struct settings *s, struct events *v, const struct job_options *o,
             struct job *ret) MUST_USE;
void job_close(struct job *j);

/* Fills "status", "name", "message" and times; e is NULL after success. Writes it to the run's
 * directory when there is one. */
void job_conclude(struct job *j, const struct err *e);

/* job_open() has done it: says what it was. */
void job_tell_recovered(struct job *j);

/* What txn.h needs to execute or recover with the steps of this program. */
struct txn job_txn(struct run *r);

#endif
