# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Nodes: privileged containers of the outer engine that run systemd and a Docker engine of their own.

# node_add [--live-restore] NAME [SUITE] [option of docker run ...]
node_add() {
	local live_restore=false name suite=bookworm
	if [[ ${1:-} == --live-restore ]]; then
		live_restore=true
		shift
	fi
	name=${1:-}
	[[ $name =~ ^[a-z][a-z0-9-]{0,30}$ ]] || die "a node's name is a-z, 0-9 and -, not '$name'"
	shift
	if [[ -n ${1:-} && $1 != -* ]]; then
		suite=$1
		shift
	fi
	case $suite in bullseye | bookworm | trixie | sid) ;; *) die "no nodes of '$suite': bullseye, bookworm, trixie, sid" ;; esac
	[[ $(node_state "$name") != running ]] || die "node '$name' is there already"
	node_rm "$name"
	node_image "$suite"
	docker create --name "$name" --hostname "$name" --network "$NODE_NETWORK" --add-host "$REGISTRY_HOST:$GATEWAY" \
		--label "nodelift.suite=$suite" --privileged --cgroupns private --stop-signal SIGRTMIN+3 \
		--tmpfs /run --tmpfs /run/lock --tmpfs /tmp:exec,mode=1777 -e container=docker \
		-v "$name-docker:/var/lib/docker" -v "$name-containerd:/var/lib/containerd" \
		"$@" "nodelift-node:$suite" "$NODE_LIB/init" >/dev/null
	node_files "$live_restore" | docker cp - "$name:/"
	docker start "$name" >/dev/null
	node_wait "$name"
}

# A tar archive of what the lab puts on a node.
node_files() {
	local live_restore=$1 dir port status=0
	dir=$(mktemp -d "$RUN/node.XXXXXX")
	mkdir -p "$dir$NODE_LIB" "$dir/etc/docker" "$dir/usr/lib/x86_64-linux-gnu"
	cp "$LAB_DIR"/node/* "$dir$NODE_LIB/"
	for port in $PORT_OPEN $PORT_BASIC $PORT_TOKEN $PORT_ISSUER; do
		mkdir -p "$dir/etc/docker/certs.d/$REGISTRY_HOST:$port"
		cp "$CERTS/ca.crt" "$dir/etc/docker/certs.d/$REGISTRY_HOST:$port/ca.crt"
	done
	local runtime='{}'
	if lacks_sys_resource; then
		runtime='{"runtimes": {"lab": {"path": "'$NODE_LIB/runc-lab'"}}, "default-runtime": "lab"}'
	fi
	jq --argjson live "$live_restore" --arg plain "$REGISTRY_HOST:$PORT_PLAIN" --arg dns "$GATEWAY" \
		'. + {"live-restore": $live, dns: [$dns], "insecure-registries": [$plain]}' <<<"$runtime" >"$dir/etc/docker/daemon.json"
	faults && cp "$FAULTS_DIR"/*.so.1 "$dir/usr/lib/x86_64-linux-gnu/"
	tar -C "$dir" --owner=0 --group=0 -c etc usr || status=$?
	rm -rf "$dir"
	return "$status"
}

node_state() { docker inspect -f '{{.State.Status}}' "$1" 2>/dev/null || echo none; }

# Until the node's engine answers and systemd has nothing left to start.
node_wait() {
	docker exec "$1" sh -c '
		ldconfig
		for i in $(seq 600); do
			curl -sf --unix-socket /run/docker.sock http://localhost/_ping >/dev/null && break
			sleep 0.05
		done
		for i in $(seq 200); do
			state=$(systemctl is-system-running)
			case $state in running) exit 0 ;; degraded) break ;; esac
			sleep 0.1
		done
		echo "lab: node $(hostname) is $state" >&2
		systemctl --failed --no-legend >&2
		exit 1'
}

# node_exec [option of docker exec ...] NAME COMMAND...
node_exec() {
	local options=(-i)
	[[ -t 0 && -t 1 ]] && options+=(-t)
	exec docker exec "${options[@]}" "$@"
}

# node_cp FILE NAME:PATH | NAME:PATH FILE. Not `docker cp`, which does not see a node's /tmp and /run.
node_cp() {
	local from=$1 to=$2 mode
	if [[ $to == *:* ]]; then
		mode=$(stat -c %a "$from")
		# a new file, then a new name: the old one may be running
		# shellcheck disable=SC2094
		docker exec -i "${to%%:*}" sh -ec '
			[ ! -d "$1" ] || set -- "$1/$2" "$2" "$3"
			cat >"$1.lab-new"
			chmod "$3" "$1.lab-new"
			mv -f "$1.lab-new" "$1"' sh "${to#*:}" "$(basename "$from")" "$mode" <"$from"
	elif [[ $from == *:* ]]; then
		[[ ! -d $to ]] || to=$to/$(basename "$from")
		docker exec "${from%%:*}" cat "${from#*:}" >"$to"
	else
		die "cp wants FILE NAME:PATH or NAME:PATH FILE"
	fi
}

node_rm() {
	docker rm -f "$1" >/dev/null 2>&1 || true
	docker volume rm -f "$1-docker" "$1-containerd" >/dev/null 2>&1 || true
}

# node_workload NAME [COUNT] [option of docker run ...]: containers work1..workN on a node. They heed TERM, serve a page
# at port 80, and come back when their engine does.
node_workload() {
	local name=$1 count=1 have i
	shift
	if [[ ${1:-} =~ ^[0-9]+$ ]]; then
		count=$1
		shift
	fi
	docker exec "$name" docker image inspect lab/work >/dev/null 2>&1 || workload_image |
		docker exec -i "$name" docker import -c 'CMD ["/work"]' - lab/work >/dev/null
	have=$(docker exec "$name" docker ps -aq --filter label=nodelift.work | wc -l)
	for ((i = have + 1; i <= have + count; i++)); do
		docker exec "$name" docker run -d --name "work$i" --label nodelift.work --restart unless-stopped "$@" lab/work >/dev/null
		echo "work$i"
	done
}

workload_image() {
	local dir status=0
	dir=$(mktemp -d "$RUN/work.XXXXXX")
	mkdir "$dir"/{bin,www,proc,sys,dev,etc,tmp}
	cp /bin/busybox "$dir/bin/"
	ln -s busybox "$dir/bin/sh"
	echo "at work" >"$dir/www/index.html"
	cat >"$dir/work" <<-'END'
		#!/bin/sh
		trap 'exit 0' TERM
		busybox httpd -h /www
		while :; do busybox sleep 3600 & wait $!; done
	END
	chmod 755 "$dir/work"
	tar -C "$dir" --owner=0 --group=0 -c . || status=$?
	rm -rf "$dir"
	return "$status"
}
