/* SPDX-License-Identifier: MIT */
/*
 * report: what a person or a program reads. People read stderr; with --json stdout carries one
 * JSON object a line: events as they come (upgrade/event.h), then one with "event": "result".
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/cli.h"
#include "upgrade/event.h"

void report_listen(struct events *v, const struct cli *c);
/* "nodelift: precheck: no engine here: ..." */
void report_error(const struct err *e);
/* The end of a job: with --json the result, without it one line for what went well. */
void report_result(struct cli *c, const struct json *result);
/* With --json there is always a result, also of a command that could not begin. */
void report_failure(struct cli *c, const struct err *e);
/* Without what could steer a terminal; the caller frees. */
char *report_printable(const char *text);
/* A document on stdout: on one line with --json, indented otherwise. */
void report_document(const struct cli *c, const struct json *v);

#endif
