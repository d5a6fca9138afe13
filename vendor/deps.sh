#!/bin/sh
# SPDX-License-Identifier: MIT
#
# deps.sh PACKAGE...: have these Debian packages installed. Quick and silent when they are.
set -eu

command -v dpkg-query >/dev/null || exit 0

missing=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
	awk -v wanted="$*" '
		$2 == "installed" { have[$1] = 1 }
		END {
			n = split(wanted, want, " ")
			for (i = 1; i <= n; i++)
				if (!have[want[i]])
					print want[i]
		}' | paste -sd' ')
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "nodelift: these Debian packages are missing: $missing; as root: make deps" >&2
	exit 1
fi

echo "  DEPS    $missing" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of package names
if ! { apt-get -q -o DPkg::Lock::Timeout=300 update && apt-get -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $missing; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "nodelift: cannot install $missing: the whole log is $log" >&2
	exit 1
fi
rm -f "$log"
