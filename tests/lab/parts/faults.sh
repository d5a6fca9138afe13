# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Real engines that misbehave on purpose: see faults/fault.c.

FAULTS=(start soak hang version)
CLAIMED_VERSION=26.9.9 # by the engine that lies about it

FAULTS_DIR=$CACHE/faults/$(sha256sum <"$LAB_DIR/faults/fault.c" | cut -c1-12) # other checkouts may share the cache

faults() { [[ -e $FAULTS_DIR/.ready ]] || make_once faults; }

make_faults() {
	local fault library
	mkdir -p "$FAULTS_DIR"
	for fault in "${FAULTS[@]}"; do
		library=libnodelift-fault-$fault.so.1
		cc -std=c11 -D_GNU_SOURCE -Os -Wall -Wextra -Werror -shared -fPIC -pthread \
			-DFAULT="$fault" -DSECONDS=4 -DVERSION="\"$CLAIMED_VERSION\"" \
			-Wl,-soname,"$library" -o "$FAULTS_DIR/$library" "$LAB_DIR/faults/fault.c" ||
			die "cannot compile $library"
	done
	touch "$FAULTS_DIR/.ready"
}

# faulty_dockerd SUITE FAULT: prints the path of that release's dockerd with that fault
faulty_dockerd() {
	local out=$FAULTS_DIR/$1-$2/dockerd
	faults
	if [[ ! -e $out ]]; then
		mkdir -p "${out%/*}"
		cp "$CACHE/engines/$1/bin/dockerd" "$out.new"
		patchelf --add-needed "libnodelift-fault-$2.so.1" "$out.new" || die "patchelf cannot change dockerd of $1"
		mv "$out.new" "$out"
	fi
	echo "$out"
}

# The engine's file, but its ELF header says aarch64.
foreign_dockerd() {
	local out=$FAULTS_DIR/$1-foreign/dockerd
	mkdir -p "${out%/*}"
	cp "$CACHE/engines/$1/bin/dockerd" "$out"
	printf '\xb7\x00' | dd of="$out" bs=1 seek=18 conv=notrunc status=none
	echo "$out"
}

# filler FILE: 384 MiB that compress to 256
filler() {
	openssl enc -aes-128-ctr -K "$(printf %s "$1" | md5sum | cut -c1-32)" -iv 00 -nosalt </dev/zero 2>/dev/null | head -c 256M >"$1" || true
	truncate -s 384M "$1"
}
