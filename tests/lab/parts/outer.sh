# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The lab's ground: a network namespace, and in it the outer engine that runs the nodes. Nothing of it meets an engine
# of the machine: own configuration, data, sockets, containerd, control groups and firewall.

NODE_NETWORK=nodes

# in_net COMMAND...: inside the lab's network, where registry.lab has its address
in_net() {
	nsenter --net="/run/netns/$NETNS" unshare --mount -- \
		sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$RUN/hosts" "$@"
}

# daemon NAME COMMAND...: in the lab's network namespace, detached, with log and pid file
daemon() {
	local name=$1
	shift
	nsenter --net="/run/netns/$NETNS" setsid "$@" >"$RUN/$name.log" 2>&1 </dev/null &
	echo $! >"$RUN/$name.pid"
}

# daemon_pid NAME: fails if it does not run. After a crash of the machine a pid may belong to another's process: each
# daemon of the lab names $RUN on its command line.
daemon_pid() {
	local pid
	pid=$(cat "$RUN/$1.pid" 2>/dev/null) && [[ -n $pid ]] &&
		grep -qsF "$RUN/" "/proc/$pid/cmdline" && echo "$pid"
}

stop_daemon() {
	local pid
	pid=$(daemon_pid "$1") || return 0
	kill "$pid" 2>/dev/null || return 0
	for _ in {1..300}; do
		daemon_pid "$1" >/dev/null || return 0 # gone, or a zombie
		sleep 0.05
	done
	say "$1 does not stop: killed"
	kill -KILL "$pid" 2>/dev/null || true
}

# Docker's --privileged asks for every capability there is. Where this shell cannot give CAP_SYS_RESOURCE (24) away,
# a shim between containerd and runc takes it out of the wish, here and on the nodes.
lacks_sys_resource() {
	local set
	set=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	((((16#$set >> 24) & 1) == 0))
}

netns_up() {
	mkdir -p /run/netns
	if ! nsenter --net="/run/netns/$NETNS" true 2>/dev/null; then
		rm -f "/run/netns/$NETNS" # of before a crash
		ip netns add "$NETNS"
	fi
	nsenter --net="/run/netns/$NETNS" ip link set lo up
}

outer_up() {
	daemon_pid dockerd >/dev/null && docker version >/dev/null 2>&1 && return
	outer_stop
	mkdir -p "$RUN/docker-config" "$STATE"/{containerd,docker}
	cat >"$RUN/containerd.toml" <<-END
		version = 2
		root = "$STATE/containerd"
		state = "$RUN/containerd"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$RUN/containerd.sock"
	END
	local runtime='{}'
	if lacks_sys_resource; then
		runtime=$(jq -n --arg path "$LAB_DIR/node/runc-lab" '{runtimes: {lab: {path: $path}}, "default-runtime": "lab"}')
	fi
	jq --arg run "$RUN" --arg state "$STATE" --arg cgroup "/$CGROUP" --arg dns "$GATEWAY" '. + {
		"data-root": ($state + "/docker"), "exec-root": ($run + "/exec"), pidfile: ($run + "/dockerd.own-pid"),
		hosts: ["unix://" + $run + "/docker.sock"], containerd: ($run + "/containerd.sock"),
		"cgroup-parent": $cgroup, "exec-opts": ["native.cgroupdriver=cgroupfs"],
		bip: "10.199.0.1/24", dns: [$dns]
	}' <<<"$runtime" >"$RUN/dockerd.json"
	printf '127.0.0.1 localhost\n%s %s\n' "$GATEWAY" "$REGISTRY_HOST" >"$RUN/hosts"

	ulimit -n "$(ulimit -Hn)"
	rm -f "$RUN/dockerd.own-pid"
	daemon containerd containerd --config "$RUN/containerd.toml"
	wait_for 20 "containerd ($RUN/containerd.log)" test -S "$RUN/containerd.sock"
	daemon dockerd dockerd --config-file "$RUN/dockerd.json"
	wait_for 30 "the outer engine ($RUN/dockerd.log)" docker version
	docker network inspect "$NODE_NETWORK" >/dev/null 2>&1 ||
		docker network create --subnet "$SUBNET" --gateway "$GATEWAY" "$NODE_NETWORK" >/dev/null
	daemon nameserver "$LAB_DIR/nameserver" "$GATEWAY" "$REGISTRY_HOST" "$RUN/"
}

outer_stop() {
	stop_daemon nameserver
	stop_daemon dockerd
	stop_daemon containerd
	kill_leftovers
	rm -f "$RUN"/{docker,containerd}.sock
}

# Containers whose engine is dead: each shim lives in the lab's network namespace, and its children are the containers.
kill_leftovers() {
	local pid child
	for pid in $(ip netns pids "$NETNS" 2>/dev/null); do
		grep -qs 'containerd-shim' "/proc/$pid/cmdline" || continue
		for child in $(pgrep -P "$pid"); do kill -KILL "$child" 2>/dev/null || true; done
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# Everything of the lab but its cache, as far as there is any of it.
lab_down() {
	local pid path
	if daemon_pid dockerd >/dev/null && docker version >/dev/null 2>&1; then
		docker ps -aq | xargs -r docker rm -fv >/dev/null || true
		docker volume ls -q | xargs -r docker volume rm -f >/dev/null || true
		docker network rm "$NODE_NETWORK" >/dev/null 2>&1 || true
	fi
	registry_stop
	outer_stop
	for pid in $(ip netns pids "$NETNS" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
	# deepest first
	awk -v run="$RUN/" -v state="$STATE/" 'index($2, run) == 1 || index($2, state) == 1 { print $2 }' /proc/self/mounts | sort -r |
		while read -r path; do umount -l "$path" || true; done
	if [[ -e /run/netns/$NETNS ]]; then
		ip netns delete "$NETNS" 2>/dev/null || rm -f "/run/netns/$NETNS"
	fi
	for _ in {1..50}; do # what was killed takes its time to go
		find /sys/fs/cgroup -depth -type d -path "*/$CGROUP*" -exec rmdir {} + 2>/dev/null || true
		[[ -n $(find /sys/fs/cgroup -maxdepth 2 -name "$CGROUP") ]] || break
		sleep 0.1
	done
	rm -rf "$RUN" "$STATE/tmp"
}
