#!/bin/bash
# SPDX-License-Identifier: MIT
# Limits of src/base/limits.h that documents and servers can reach: at the value, and one above it.
PYTHONDONTWRITEBYTECODE=1 exec python3 "$(dirname "$0")/../hostile/limits"
