# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Where the lab keeps its things, and the words it speaks. Sourced by every other part.
#
#   CACHE  slow to make, kept by `lab down`: rootfs tarballs, engine sets, image layouts
#   STATE  this lab's disk in the cache: data of the outer engine, registry storage, certificates
#   RUN    sockets, pid files and logs; a short path, for a Unix socket's may have 108 bytes at most

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CHECKOUT=$(cd "$LAB_DIR/../.." && pwd -P)
LAB_ID=${LAB_ID:-$(printf %s "$CHECKOUT" | sha256sum | cut -c1-8)}
[[ $LAB_ID =~ ^[A-Za-z0-9_.-]{1,24}$ ]] || { echo "lab: LAB_ID must be 1 to 24 of A-Z a-z 0-9 _ . -" >&2; exit 2; }

CACHE=${NODELIFT_LAB_CACHE:-$CHECKOUT/build/lab}
STATE=$CACHE/labs/$LAB_ID
RUN=/run/nodelift-lab-$LAB_ID
NETNS=nodelift-lab-$LAB_ID
CGROUP=nodelift-lab-$LAB_ID
CERTS=$STATE/certs
NODE_LIB=/usr/local/lib/nodelift-lab # on the nodes

# Every lab has a network namespace to itself, so all of them can use the same addresses.
SUBNET=10.77.0.0/24
GATEWAY=10.77.0.1
REGISTRY_HOST=registry.lab
PORT_OPEN=5443  # TLS, no password
PORT_BASIC=5444 # TLS, basic authentication
PORT_TOKEN=5445 # TLS, bearer tokens, from the token server
PORT_ISSUER=5446
PORT_PLAIN=5000 # HTTP
REGISTRY=$REGISTRY_HOST:$PORT_OPEN
REGISTRY_USER=lab
REGISTRY_PASSWORD=labpw
REPOSITORY=lab/engine

export DOCKER_HOST=unix://$RUN/docker.sock
export DOCKER_CONFIG=$RUN/docker-config
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# wait_for SECONDS WHAT COMMAND...: until COMMAND succeeds
wait_for() {
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || die "gave up waiting for $what"
		sleep 0.1
	done
}

# make_once WHAT [ARGUMENT...]: runs the function make_WHAT for an artefact of the cache; who comes second waits and finds
# it made. In a process of its own: there it ends at its first failing command, whatever the context of the call.
make_once() {
	mkdir -p "$CACHE"
	flock "$CACHE/.lock-$(IFS=-; echo "$*")" "$LAB_DIR/lab" make "$@"
}
