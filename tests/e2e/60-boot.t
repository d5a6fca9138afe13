#!/bin/bash
# SPDX-License-Identifier: MIT
# All of a node is killed at once in mid-run, and booted again: it comes up with the old engine by itself.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

old=20.10.24+dfsg1
image=$(lab image 26.1.5)

engine() { on "$1" docker version -f '{{.Server.Version}}' 2>/dev/null; }

# until SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}
has_event() { on boot1 grep -q "$1" "/var/lib/nodelift/runs/$2/events.jsonl" 2>/dev/null; }
engine_is() { [[ $(engine boot1) == "$1" ]]; }
settled() { [[ $(on boot1 systemctl is-active nodelift-recover.service) != activating ]]; }

# cut EVENT RUN: the power goes when the run has told EVENT; then boot
cut() {
	lab exec boot1 nodelift upgrade --soak 120 "$image" </dev/null >/dev/null 2>&1 &
	until_true 60 has_event "$1" "$2" || diag "run $2 never told '$1'"
	lab docker kill boot1 >/dev/null
	wait $!
	lab docker start boot1 >/dev/null
	until_true 60 engine_is "$old" || diag "the engine is $(engine boot1)"
	until_true 20 settled
}

# A node that starts again may get another address: Docker writes that into its hosts file.
files() { disk boot1 | grep -v ' etc/hosts$\|^etc/hosts '; }

node_up boot1
lab workload boot1 2 >/dev/null
on boot1 nodelift fetch "$image" >/dev/null 2>&1
files >/tmp/boot1.before.$$

run=0
for event in "the new files are beside" "the files have changed places" "the old processes have ended" "must stay so"; do
	run=$((run + 1))
	cut "$event" "$(printf %06d $run)"
	is "cut after '$event': the engine" "$(engine boot1)" "$old"
	is "cut after '$event': every byte is as before" "$(files)" "$(cat /tmp/boot1.before.$$)"
	like "cut after '$event': the run has its end" \
		"$(on boot1 sh -c 'tail -qn 1 /var/lib/nodelift/runs/*/journal | tail -n 1')" '"record":"end"'
	is "cut after '$event': nothing is left to be done" "$(on boot1 nodelift recover --json | jq -r .outcome)" nothing-to-do
done
is "the node says what became of the last run" \
	"$(on boot1 nodelift status --json | jq -c '[.last.outcome, .last.examined]')" '["rolled-back",false]'

status_is "the same upgrade, undisturbed" 0 on boot1 nodelift upgrade --soak 1 "$image"
is "the engine" "$(engine boot1)" 26.1.5+dfsg1
is "the guard is gone" "$(on boot1 find /etc -name 'nodelift*')" ""
rm -f /tmp/boot1.before.$$

done_testing
