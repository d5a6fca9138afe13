#!/bin/bash
# SPDX-License-Identifier: MIT
# ext4, xfs, btrfs, overlayfs, and where names cannot be exchanged: killed at samples of the system calls on each.
exec "$(dirname "$0")/../crash/run" --short --filesystem all
