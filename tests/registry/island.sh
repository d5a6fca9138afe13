# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests that need more hosts than one: the test runs again in a network, a mount and a process namespace of its
# own, where registry.test, other.test, auth.test and proxy.test are addresses of this machine which are not loopback.
# All that it starts ends with it. Sourced at the top of the repository, before serve.sh.
#
# $island is a folder of the test's own: ca.crt, and for each of the hosts HOST.crt and HOST.key.
if [ -z "${NODELIFT_ISLAND:-}" ]; then
	NODELIFT_ISLAND=$(mktemp -d /tmp/nodelift-island.XXXXXX)
	export NODELIFT_ISLAND
	trap 'rm -rf "$NODELIFT_ISLAND"' EXIT
	unshare --net --mount --pid --fork --kill-child --mount-proc "$BASH" "$0" "$@"
	exit
fi
island=$NODELIFT_ISLAND
[ -d "$island" ] || exit 1

ip link set lo up
i=1
for name in registry other auth proxy; do
	ip address add "192.0.2.$i/24" dev lo
	echo "192.0.2.$i $name.test"
	i=$((i + 1))
done >"$island/hosts"
echo "127.0.0.1 localhost" >>"$island/hosts"
mount --bind "$island/hosts" /etc/hosts
mkdir "$island/docker"
mount --bind "$island/docker" /etc/docker
certs_d=/etc/docker/certs.d

# new_ca NAME, certificate NAME CA [OPTION of openssl x509...]: NAME.key and NAME.crt; for a name as well as for a client
new_ca()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-keyout "$island/$1.key" -out "$island/$1.crt" 2>>"$island/openssl"
}

certificate()
{
	local name=$1 ca=$2
	shift 2
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
		-keyout "$island/$name.key" -out "$island/$name.csr" 2>>"$island/openssl"
	openssl x509 -req -in "$island/$name.csr" -CA "$island/$ca.crt" -CAkey "$island/$ca.key" -CAcreateserial \
		-extfile <(echo "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1,IP:192.0.2.1") -out "$island/$name.crt" "${@:--days=30}" 2>>"$island/openssl"
}

new_ca ca
for name in registry other auth proxy; do certificate "$name.test" ca -days 30; done

# wait_for COMMAND...: until it succeeds, at most 20 s
wait_for()
{
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	echo "# gave up: $*"
	exit 1
}
