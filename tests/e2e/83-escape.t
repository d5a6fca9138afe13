#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Archives that try to leave the image (tests/hostile/escapes.py): `nodelift plan` of each, under a trace. All of it
# happens in a mount and a PID namespace of its own: whatever it leaves goes with them.
#
# NODELIFT=FILE  the program to try (build/nodelift)
# MODULE=NAME    another module of archives
set -euo pipefail
cd "$(dirname "$0")/../.."

export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d /tmp/nodelift-escape.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
tests/crash/programs "$work" "${NODELIFT:-build/nodelift}"
unshare --mount --pid --fork --kill-child --mount-proc \
	bash -c '"$@"; exit $?' init python3 tests/hostile/escape "$work" ${MODULE:+"$MODULE"}
