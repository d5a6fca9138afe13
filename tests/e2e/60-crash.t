#!/bin/bash
# SPDX-License-Identifier: MIT
# Killed at every system call, and every system call fails: the short form of `make test-crash`.
exec "$(dirname "$0")/../crash/run" --short
