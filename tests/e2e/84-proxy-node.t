#!/bin/bash
# SPDX-License-Identifier: MIT
# On a node: the engine's socket is never asked through a proxy, and the variables of proxies reach a run wherever it goes.
# shellcheck source=tests/e2e/inside.sh
. "$(dirname "$0")/inside.sh"

node_up proxy1 || exit 1
with_image proxy1 || exit 1
image=$LAB_REGISTRY/$LAB_REPOSITORY:26.1.5
dead=http://someone:top-secret@127.0.0.1:9
refused="retry: .*cannot connect to proxy '127\.0\.0\.1:9' \(HTTPS_PROXY\)"

status_is "the engine is asked directly" 0 on proxy1 env "http_proxy=$dead" "HTTP_PROXY=$dead" "all_proxy=$dead" nodelift check
status_is "a registry is not" 12 on proxy1 env "HTTPS_PROXY=$dead" nodelift check "$image"
like "... says which proxy" "$output" "$refused"

status_is "a run of its own" 50 on proxy1 env "HTTPS_PROXY=$dead" nodelift upgrade --detach --soak 0 "$image"
status_is "... has the variables" 12 on proxy1 nodelift wait
like "... says which proxy" "$output" "$refused"

status_is "a run that a container asked for" 12 on proxy1 docker run --rm -v /var/run/docker.sock:/var/run/docker.sock \
	-e "HTTPS_PROXY=$dead" nodelift upgrade --soak 0 "$image"
like "... has the variables of the container" "$output" "$refused"
is "the password is in no journal of the host, nor with the runs" \
	"$(on proxy1 sh -c 'journalctl --no-pager | grep -c top-secret; grep -rl top-secret /var/lib/nodelift /etc/systemd /run/systemd')" 0

done_testing
