#!/bin/bash
# SPDX-License-Identifier: MIT
# Many upgrades and rollbacks leave no more than a few do, killed runs nothing: the short form of tests/crash/longlife.
exec "$(dirname "$0")/../crash/longlife" --short
