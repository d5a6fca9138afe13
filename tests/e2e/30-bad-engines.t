#!/bin/bash
# SPDX-License-Identifier: MIT
# New engines that are bad in every way that shows only when they run: the node ends as it was.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

node_up bad1
lab workload bad1 2 >/dev/null
disk=$(disk bad1)
before=$(on bad1 sh -c 'docker ps -q --no-trunc | sort')

# goes_back TAG SAYS [OPTION...]
goes_back() {
	local tag=$1 says=$2 image
	shift 2
	image=$(lab image "$tag")
	status_is "$tag: status 30" 30 on bad1 nodelift upgrade --json "$@" "$image"
	like "$tag: says why" "$(tail -n 1 <<<"$output")" "$says"
	is "$tag: outcome" "$(grep '"event":"result"' <<<"$output" | jq -r .outcome)" rolled-back
	is "$tag: the old engine runs" "$(on bad1 docker version -f '{{.Server.Version}}')" 20.10.24+dfsg1
	is "$tag: every byte is as before" "$(disk bad1)" "$disk"
	is "$tag: the same containers run" "$(on bad1 sh -c 'docker ps -q --no-trunc | sort')" "$before"
	like "$tag: the journal has an end" "$(on bad1 sh -c 'tail -qn 1 /var/lib/nodelift/runs/*/journal | tail -n 1')" \
		'"record":"end".*undone'
}

goes_back bad-start "failed to start|died and was restarted" --soak 1
goes_back bad-version "the engine says it is version '26.1.5.*', not '26.9.9'" --soak 1
goes_back bad-soak "died" --soak 10
goes_back bad-hang "does not answer" --health-timeout 10

done_testing
