#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits of src/base/limits.h that archives can reach: at the value, and one above it (tests/hostile/volumes.py).
MODULE=volumes exec "$(dirname "$0")/83-escape.t"
