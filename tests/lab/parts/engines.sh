# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Engine sets: the real binaries of a Debian release, flat in one directory, under the names that Docker's own
# archives use. $CACHE/engines/SUITE/{VERSION,bin/*,newlibc/runc}

# suite_of VERSION|SUITE|newest
suite_of() {
	case $1 in
	20.10.5 | bullseye) echo bullseye ;;
	20.10.24 | bookworm) echo bookworm ;;
	26.1.5 | trixie) echo trixie ;;
	*) # sid moves: it has the version that it has
		if engine_set sid && [[ $1 == newest || $1 == sid || $1 == "$(engine_version sid)" ]]; then
			echo sid
		elif [[ $1 == newest ]]; then
			say "no engine can be had from sid: the newest here is trixie's"
			echo trixie
		else
			die "no engine '$1': 20.10.5, 20.10.24, 26.1.5, and the newest of sid are known"
		fi
		;;
	esac
}

engine_version() { cat "$CACHE/engines/$1/VERSION"; }
engine_set() { [[ -e $CACHE/engines/$1/VERSION ]] || make_once engine_set "$1"; }

make_engine_set() {
	local suite=$1 set=$CACHE/engines/$1 work=$STATE/tmp/engine-$1 deb path version
	[[ -e $set/VERSION ]] && return # another lab was quicker
	local packages=(docker.io containerd runc)
	case $suite in
	sid) packages+=(docker-cli tini-static) ;;
	trixie) packages+=(docker-cli tini) ;;
	*) packages+=(tini) ;;
	esac
	say "engine of $suite: fetching its packages"
	rm -rf "$set" "$work"
	mkdir -p "$set/bin" "$work/root"
	apt_fetch "$suite" "$work" "${packages[@]}" || return 1
	for deb in "$work"/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$work/root" -x --wildcards './usr/bin/*' './usr/sbin/*' 2>/dev/null || true
	done
	for path in usr/sbin/{dockerd,docker-proxy,runc} usr/bin/{dockerd,docker-proxy,runc} \
		usr/bin/{docker,containerd,ctr} usr/bin/containerd-shim{,-runc-v1,-runc-v2}; do
		[[ -f $work/root/$path ]] && mv "$work/root/$path" "$set/bin/"
	done
	mv "$work/root/usr/bin/tini-static" "$set/bin/docker-init"
	for path in dockerd docker docker-proxy containerd ctr containerd-shim-runc-v2 runc docker-init; do
		[[ -x $set/bin/$path ]] || die "the packages of $suite have no $path"
	done
	# runc of trixie and later calls one function of glibc 2.38, nodes of bookworm have 2.36
	mkdir "$set/newlibc"
	cp -p "$set/bin/runc" "$set/newlibc/runc"
	"$LAB_DIR/oldlibc" "$set/bin/runc" || die "runc of $suite cannot be made to run on an older libc"
	cmp -s "$set/bin/runc" "$set/newlibc/runc" && rm -r "$set/newlibc"

	version=$("$set/bin/dockerd" --version 2>/dev/null | sed -n 's/^Docker version \([0-9.]*\).*/\1/p')
	[[ -n $version ]] || version=$(dpkg-deb -f "$work"/docker.io_*.deb Version | sed 's/[^0-9.].*//')
	rm -rf "$work"
	echo "$version" >"$set/VERSION"
	say "engine of $suite: $version"
}
