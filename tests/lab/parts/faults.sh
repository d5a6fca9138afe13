# shellcheck shell=bash
# Real engines that misbehave on purpose: see faults/fault.c.

FAULTS=(start soak hang version)
CLAIMED_VERSION=26.9.9 # by the engine that lies about it

faults() { [[ $CACHE/faults/.ready -nt $LAB_DIR/faults/fault.c ]] || make_once faults; }

make_faults() {
	local fault library
	rm -rf "$CACHE/faults"
	mkdir -p "$CACHE/faults"
	for fault in "${FAULTS[@]}"; do
		library=libnodelift-fault-$fault.so.1
		cc -std=c11 -D_GNU_SOURCE -Os -Wall -Wextra -Werror -shared -fPIC -pthread \
			-DFAULT="$fault" -DSECONDS=4 -DVERSION="\"$CLAIMED_VERSION\"" \
			-Wl,-soname,"$library" -o "$CACHE/faults/$library" "$LAB_DIR/faults/fault.c" ||
			die "cannot compile $library"
	done
	touch "$CACHE/faults/.ready"
}

# faulty_dockerd SUITE FAULT: prints the path of that release's dockerd with that fault
faulty_dockerd() {
	local out=$CACHE/faults/$1-$2/dockerd
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
	local out=$CACHE/faults/$1-foreign/dockerd
	mkdir -p "${out%/*}"
	cp "$CACHE/engines/$1/bin/dockerd" "$out"
	printf '\xb7\x00' | dd of="$out" bs=1 seek=18 conv=notrunc status=none
	echo "$out"
}

# A gibibyte that compresses to about half, in four files: half of each is noise.
filler() {
	local out=$CACHE/faults/filler-$1
	[[ -e $out ]] || {
		openssl enc -aes-128-ctr -K "0$1" -iv 00 -nosalt </dev/zero 2>/dev/null | head -c 128M >"$out.new"
		head -c 128M /dev/zero >>"$out.new"
		mv "$out.new" "$out"
	}
	echo "$out"
}
