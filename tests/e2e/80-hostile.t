#!/bin/bash
# SPDX-License-Identifier: MIT
# Documents and servers that lie (tests/hostile): each is refused by nodelift fetch.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/../hostile/lies"
