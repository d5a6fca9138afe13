# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests of nodelift in a container that has nothing but the engine's socket: sourced by them.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lab/lib.sh"

socket=/var/run/docker.sock
output=

# with_image NODE...: the engines there have the image, as nodelift:latest; $image_file is the archive
image_dir=$(mktemp -d /tmp/nodelift-inside.XXXXXX)
trap 'status=$?; rm -rf "$image_dir"; (exit $status); tap_end' EXIT
with_image() {
	local node
	(cd "$LAB_TOP" && release/image --platform amd64 --output "$image_dir/image" --no-load) >/dev/null || return
	image_file=$(echo "$image_dir"/image/*-amd64.tar)
	for node in "$@"; do
		lab exec "$node" docker load -q >/dev/null <"$image_file" || return
	done
}

# ours NODE WORD...: the main command; with `options` before the image's name
options=()
ours() { on "$1" timeout 150 docker run --rm "${options[@]}" -v "$socket:$socket" nodelift "${@:2}"; }

# settle NODE [WORD...]: asks in a container (wait), again as often as the engine goes away meanwhile, or `docker run`
# loses its connection: 50, 125, and 1 without a word of ours. The status and output of the run.
settle() {
	local node=$1 said status i
	shift
	(($#)) || set -- wait --timeout 60
	for ((i = 0; i < 100; i++)); do
		status=0
		said=$(ours "$node" "$@" 2>&1) || status=$?
		case $status in
		50 | 125) sleep 0.3 ;;
		1) [[ $said != *"nodelift: "* ]] || { echo "$said"; return 1; } ;;
		*) echo "$said"; return $status ;;
		esac
	done
	echo "$said"
	return 99
}

# lets_go DESCRIPTION COMMAND...: ends, while its run goes on; $output
lets_go() {
	local description=$1 status=0
	shift
	output=$("$@" 2>&1) || status=$?
	tap_result $((status == 50 || status == 125)) "$description" || diag "status $status, not 50 or 125"$'\n'"$output"
}

# until_told NODE PATTERN: the run in flight has told it; false after 90 s
until_told() {
	on "$1" sh -c 'for i in $(seq 900); do nodelift logs 2>/dev/null | grep -qE "$1" && exit; sleep 0.1; done; exit 1' sh "$2"
}

engine() { on "$1" docker version -f '{{.Server.Version}}'; }
# A node's programs, byte by byte.
programs() {
	on "$1" sh -c 'cd /usr && find . -xdev -type f ! -path ./local/bin/nodelift -print0 | sort -z | xargs -0 sha256sum | sha256sum'
}
# The node's own containers: those of the command may be there for a moment more.
running() { on "$1" docker ps --format '{{.Names}} {{.State}}' | grep '^work' | sort; }
# How many runs there were; only the last of them have a directory.
runs() { on "$1" sh -c 'ls /var/lib/nodelift/runs 2>/dev/null | sed -n "\$s/^0*//p" | grep . || echo 0'; }
# The engine answers and nothing of ours is there any more, or is about to be.
quiet() {
	on "$1" sh -c 'for i in $(seq 900); do
		pgrep -f "^(/nodelift/|/var/lib/nodelift/bin/|)nodelift (upgrade|rollback|wait)" >/dev/null || ! docker ps -q >/dev/null 2>&1 || exit 0
		sleep 0.1
	done; exit 1'
}
# What is left: containers, units, files of ours. The engine removes a container a moment after its process has ended.
leftovers() {
	quiet "$1"
	on "$1" sh -c 'for i in $(seq 100); do
			left=$(docker ps -a --format "{{.Names}}" | grep -v "^work") || break
			sleep 0.1
		done
		[ -z "$left" ] || echo "$left"
		systemctl list-units --all --no-legend "nodelift*"
		find /run /tmp -xdev -name "*nodelift*"
		find / -xdev -name "*nodelift*" ! -path "/usr/local/bin/nodelift" ! -path "/var/lib/nodelift*" ! -path "/usr/local/lib/nodelift-lab*" ! -name "libnodelift-fault-*"'
}
# Names of all files, but those that a running node writes by itself.
names() { on "$1" sh -c 'find / -xdev ! -path "/var/log/*" ! -path "/var/lib/nodelift*" ! -path "/root/*" ! -path "/var/lib/systemd/*" | sort'; }
