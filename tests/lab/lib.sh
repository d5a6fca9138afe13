# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests on real nodes: bash scripts that print TAP and source this file. The lab is up already (`lab up 0`).
#
#	. "$(dirname "$0")/../lab/lib.sh"
#	node_up n1
#	ok "the engine runs" on n1 docker info
#	is "its version" "$(on n1 docker version -f '{{.Server.Version}}')" 20.10.24+dfsg1
#	done_testing
#
# A node is removed when the test ends, however it ends. Names of nodes are the test's own: tests may run side by side.

set -uo pipefail
LAB_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
eval "$("$LAB_TOP/tests/lab/lab" env)"

tap_count=0
tap_failed=0
tap_nodes=()

lab() { "$LAB_TOP/tests/lab/lab" "$@"; }
on() { lab exec "$@" </dev/null; }

# node_up [--live-restore] NAME [SUITE] [option of docker run ...]: a fresh node with nodelift on it
node_up() {
	local name=$1
	[[ $name != --live-restore ]] || name=$2
	lab rm "$name"
	tap_nodes+=("$name")
	lab node "$@" && lab cp "$LAB_TOP/build/nodelift" "$name:/usr/local/bin/nodelift"
}

node_down() { lab rm "$1"; }

tap_end() {
	local status=$?
	((${#tap_nodes[@]} == 0)) || lab rm "${tap_nodes[@]}"
	exit "$status"
}
trap tap_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# All that an upgrade could have touched on a node's disk, byte by byte.
disk() {
	on "$1" sh -c 'cd / && find usr opt etc -xdev \( -type f -o -type l \) ! -path "usr/local/bin/nodelift" \
		-printf "%p %m %U:%G %l\n" | sort
		find usr opt etc -xdev -type f ! -path "usr/local/bin/nodelift" -print0 | sort -z | xargs -0 sha256sum'
}

# A node's containers with their state and main process, in a stable order.
containers() {
	on "$1" sh -c 'docker ps -aq --no-trunc | sort | xargs -r docker inspect -f "{{.Name}} {{.State.Status}} {{.State.Pid}}"'
}

tap_result() {
	local good=$1 description=$2
	tap_count=$((tap_count + 1))
	((good)) && echo "ok $tap_count - $description" && return 0
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $description"
	return 1
}

# Of something long only the beginning: bash takes minutes to handle a whole disk's listing.
diag() { head -c 4000 <<<"$*" | sed 's/^/# /'; }

# ok DESCRIPTION COMMAND...: succeeds
ok() {
	local description=$1 output status=0
	shift
	output=$("$@" 2>&1) || status=$?
	tap_result $((status == 0)) "$description" || diag "status $status"$'\n'"$output"
}

# status_is DESCRIPTION STATUS COMMAND...: ends with that status; its output is in $output
status_is() {
	local description=$1 wanted=$2 status=0
	shift 2
	output=$("$@" 2>&1) || status=$?
	tap_result $((status == wanted)) "$description" || diag "status $status, not $wanted"$'\n'"$output"
}

# is DESCRIPTION GOT WANTED
is() {
	local good=0
	[[ $2 != "$3" ]] || good=1
	tap_result $good "$1" || diag "got:    $2"$'\n'"wanted: $3"
}

# like DESCRIPTION GOT REGEX
like() {
	local good=0
	[[ ! $2 =~ $3 ]] || good=1
	tap_result $good "$1" || diag "got: $2"$'\n'"wanted something like: $3"
}

done_testing() {
	echo "1..$tap_count"
	((tap_failed == 0))
}
