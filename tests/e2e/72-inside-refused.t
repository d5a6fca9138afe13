#!/bin/bash
# SPDX-License-Identifier: MIT
# From a container: what is no node to upgrade, or may not be upgraded from there. One line says why, nothing is touched.
# shellcheck source=tests/e2e/inside.sh
. "$(dirname "$0")/inside.sh"

node=refused1
image=$(lab image 26.1.5) || exit 1
node_up "$node" || exit 1
with_image "$node" || exit 1
programs=$(programs "$node")

# refused DESCRIPTION REGEX COMMAND...: on the node; of `docker run`
refused() {
	local description=$1 says=$2
	shift 2
	status_is "$description: refused" 10 on "$node" timeout 60 "$@"
	like "$description: one line says why" "$output" "^nodelift: precheck: [^"$'\n'"]*${says}[^"$'\n'"]*\$"
	is "$description: nothing is left" "$(leftovers "$node")" ""
}
run=(docker run --rm --network none)
sock=(-v "$socket:$socket")

# ---- no engine, or none that is to be replaced from here

refused "no socket" "neither systemd nor an engine here: .*docker run -v" "${run[@]}" nodelift upgrade "$image"
refused "a socket that nobody serves" "the engine at .* does not answer" bash -c \
	'perl -MIO::Socket::UNIX -e "\$s = IO::Socket::UNIX->new(Local => q(/run/dead.sock), Listen => 1)"
	"$@"' sh "${run[@]}" -v "/run/dead.sock:$socket" nodelift upgrade "$image"
on "$node" rm -f /run/dead.sock
refused "a socket of something else" "the engine at .* does not answer" \
	"${run[@]}" -v "/run/containerd/containerd.sock:$socket" nodelift upgrade "$image"
refused "a user without permission" "no permission on the engine's socket" \
	"${run[@]}" -u 1000 "${sock[@]}" nodelift upgrade "$image"
refused "a remote engine" "DOCKER_HOST names an engine that is not this node's: 'tcp://" \
	"${run[@]}" -e DOCKER_HOST=tcp://192.0.2.1:2376 "${sock[@]}" nodelift upgrade "$image"
refused "an image from no registry" "came from no registry: name the IMAGE" \
	"${run[@]}" "${sock[@]}" nodelift upgrade

on "$node" bash -c 'jq "del(.\"live-restore\")" /etc/docker/daemon.json >/root/second.json
	systemd-run -q --unit=second dockerd --config-file /root/second.json -H unix:///run/second.sock --pidfile /run/second.pid \
		--data-root /var/lib/second --exec-root /run/second --bridge none --iptables=false \
		--containerd /run/containerd/containerd.sock --containerd-namespace second --containerd-plugins-namespace second-plugins
	for i in $(seq 300); do docker -H unix:///run/second.sock version >/dev/null 2>&1 && exit; sleep 0.1; done; exit 1' || exit 1
refused "another engine's socket" "does not know this container: it is not this node's" \
	"${run[@]}" -v "/run/second.sock:$socket" nodelift upgrade "$image"
lab exec "$node" sh -c 'docker save nodelift | docker -H unix:///run/second.sock load' >/dev/null
status_is "in a container of an engine that is no unit's: refused" 10 on "$node" docker -H unix:///run/second.sock \
	"${run[@]:1}" -v "/run/second.sock:$socket" nodelift upgrade "$image"
like "... the last line says why" "$(tail -n 1 <<<"$output")" "precheck: the engine at '/run/second.sock' is not that of unit 'docker.service'"
is "... that engine has no other containers" "$(on "$node" docker -H unix:///run/second.sock ps -aq)" ""
on "$node" sh -c "systemctl stop second; rm -rf /var/lib/second /run/second*"

# ---- into the host without a helper

refused "--host-root without anything" "needs the host's process namespace .docker run --pid=host" \
	"${run[@]}" -v /:/host nodelift upgrade --host-root /host "$image"
refused "--host-root without the host's processes" "needs the host's process namespace .docker run --pid=host" \
	"${run[@]}" --privileged -v /:/host nodelift upgrade --host-root /host "$image"
refused "--host-root without privileges" "must be privileged .docker run --privileged --pid=host" \
	"${run[@]}" --pid=host -v /:/host nodelift upgrade --host-root /host "$image"
refused "--host-root without the host's files" "cannot see the host's root directory at '/host'" \
	"${run[@]}" --privileged --pid=host nodelift upgrade --host-root /host "$image"
refused "--host-root of something else" "'/host' is not the root directory of the host .docker run -v /:/host" \
	"${run[@]}" --privileged --pid=host -v /usr:/host nodelift upgrade --host-root /host "$image"
refused "--host-root without being root" "not root" \
	"${run[@]}" --privileged --pid=host -u 1000 -v /:/host nodelift upgrade --host-root /host "$image"

# ---- engines with other settings

# configure JSON: what /etc/docker/daemon.json has besides
lab exec "$node" cp /etc/docker/daemon.json /root/daemon.json
configure() {
	on "$node" cat /root/daemon.json | jq ". + $1" | lab exec "$node" sh -c 'cat >/etc/docker/daemon.json
		systemctl reset-failed docker containerd; systemctl restart docker'
}

configure '{"userns-remap": "default"}'
lab exec "$node" docker load -q >/dev/null <"$image_file"
refused "users mapped" "no permission .*docker run --userns=host" "${run[@]}" "${sock[@]}" nodelift upgrade "$image"
status_is "users mapped, but not those of this container" 0 \
	on "$node" "${run[@]}" --userns host "${sock[@]}" nodelift check "$image"
configure '{}'

# Docker's "Docker Engine authorization plugins": HTTP on a socket, one process a connection.
lab exec "$node" sh -c 'cat >/root/plugin' <<'END'
use strict;
use IO::Socket::UNIX;
use MIME::Base64;
my ($path, $deny) = @ARGV;
mkdir "/run/docker/plugins";
my $server = IO::Socket::UNIX->new(Local => $path, Listen => 50) or die "$path: $!";
$SIG{CHLD} = "IGNORE";
while (my $c = $server->accept) {
	next if fork;
	while (my $first = <$c>) {
		my ($length, $body, $answer) = (0, "", '{"Allow": true}');
		while ((my $line = <$c>) !~ /^\r?\n$/) { $length = $1 if $line =~ /^Content-Length: *(\d+)/i }
		read($c, $body, $length) if $length;
		$answer = '{"Implements": ["authz"]}' if $first =~ m{/Plugin.Activate};
		$answer = '{"Allow": false, "Msg": "not in this house"}' if $first =~ m{AuthZReq}
			and $body =~ /"RequestBody":"([^"]*)"/ and decode_base64($1) =~ /$deny/;
		print $c "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ", length $answer, "\r\n\r\n", $answer;
		$c->flush;
	}
	exit;
}
END
on "$node" systemd-run -q --unit=plugin perl /root/plugin /run/docker/plugins/strict.sock '"Privileged":\s*true'
sleep 0.5
configure '{"authorization-plugins": ["strict"]}'
refused "an authorization plugin" "status 403 .*denied by plugin strict: not in this house" \
	"${run[@]}" "${sock[@]}" nodelift upgrade "$image"
configure '{}'
on "$node" systemctl stop plugin

is "no run has begun to change the node" "$(on "$node" find /var/lib/nodelift/runs -name journal)" ""
is "the programs are as before" "$(programs "$node")" "$programs"

# ---- no refusal: a socket that the engine makes itself, anew at each start

on "$node" sh -c 'sed -e "/^Requires=/d" -e "s|-H fd://|-H unix:///var/run/docker.sock|" /lib/systemd/system/docker.service \
		>/etc/systemd/system/docker.service
	systemctl mask --now docker.socket; systemctl daemon-reload; systemctl stop docker' 2>/dev/null
configure '{"live-restore": true}'
on "$node" docker run -d --name work-client "${sock[@]}" nodelift upgrade --soak 1 "$image" >/dev/null
status_is "a socket made anew: the result is to be had" 0 settle "$node"
is "... the client has noticed that its socket is dead" "$(on "$node" docker wait work-client)" 50
like "... its last line says what to do" "$(on "$node" docker logs work-client 2>&1 | tail -n 1)" "^(nodelift: detached: .*'nodelift wait'|swap )"
is "the new engine runs" "$(engine "$node")" 26.1.5+dfsg1
on "$node" docker rm work-client >/dev/null
is "nothing is left" "$(leftovers "$node")" ""
done_testing
