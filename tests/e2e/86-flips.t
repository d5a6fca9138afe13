#!/bin/bash
# SPDX-License-Identifier: MIT
# Every single bit of a manifest, an index, a configuration, a signature and its payload (tests/hostile/flips).
# Each has a store of its own, whose syncs would take most of the time on a disk.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/../hostile/flips"
