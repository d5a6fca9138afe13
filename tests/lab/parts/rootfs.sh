# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What a node's disk holds at first: a Debian with systemd and its own docker.io. $CACHE/rootfs/SUITE.tar, then an
# image nodelift-node:SUITE of the outer engine. What the lab itself puts on a node comes later (parts/nodes.sh).

rootfs() { [[ -e $CACHE/rootfs/$1.tar ]] || make_once rootfs "$1"; }

make_rootfs() {
	local suite=$1 tar=$CACHE/rootfs/$1.tar new=$STATE/tmp/$1.tar
	[[ -e $tar ]] && return
	local packages=systemd,systemd-sysv,dbus,docker.io,containerd,runc,iptables,iproute2,ca-certificates,procps
	packages+=,curl,jq,kmod,udev,less,netbase,e2fsprogs,strace,openssh-server
	case $suite in trixie | sid) packages+=,docker-cli ;; esac
	# no hardware, no logins, no timers of the distribution
	local masked=(systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket
		systemd-udevd-control.socket systemd-udevd-varlink.socket getty.target console-getty.service
		getty@tty1.service systemd-firstboot.service systemd-timesyncd.service systemd-logind.service
		apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
		ssh.service ssh.socket)

	say "node of $suite: installing Debian, half a minute"
	mkdir -p "$CACHE"/rootfs "$STATE/tmp"
	TMPDIR=$STATE/tmp mmdebstrap --quiet --variant=minbase --format=tar --arch=amd64 --include="$packages" \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Retries "3"' \
		--aptopt='Apt::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='force-unsafe-io' \
		--customize-hook='rm -rf "$1"/etc/apt/sources.list* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/resolv.conf "$1"/etc/hostname' \
		--customize-hook='rm -rf "$1"/var/lib/docker/* "$1"/var/lib/containerd/* "$1"/etc/ssh/ssh_host_*; : >"$1"/etc/machine-id' \
		--customize-hook='chroot "$1" systemctl -q mask '"${masked[*]}" \
		--customize-hook='chroot "$1" systemctl -q set-default multi-user.target' \
		"$suite" "$new" "deb [signed-by=$KEYRING] $(mirror) $suite main" >"$CACHE/rootfs/$suite.log" 2>&1 || {
		hide_mirror <"$CACHE/rootfs/$suite.log" >&2
		die "cannot make a node of $suite"
	}
	mv "$new" "$tar"
}

node_image() {
	rootfs "$1"
	docker image inspect "nodelift-node:$1" >/dev/null 2>&1 || make_once node_image "$1" "$LAB_ID"
}

make_node_image() {
	docker image inspect "nodelift-node:$1" >/dev/null 2>&1 ||
		docker import "$CACHE/rootfs/$1.tar" "nodelift-node:$1" >/dev/null
}
