#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build.sh FLAVOUR NAME: fetch, check, unpack and build one pinned source.
#
# FLAVOUR  native   static, on musl, for this machine's architecture
#          aarch64  static, on musl, cross-compiled
#          san      on the host's libc with AddressSanitizer, for tests
#
# The result is in build/vendor/FLAVOUR/{include,lib}, the log beside it, and the empty file
# built/NAME says that it is there. What differs between the
# libraries is in NAME.sh, which runs in the unpacked source and finds set:
#     CC AR RANLIB CFLAGS CPPFLAGS     as every configure script knows them
#     HOST                             the target's triplet
#     PREFIX                           where to install
#     VENDOR                           this directory
set -eu

FLAVOUR=$1
name=$2
VENDOR=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$VENDOR/.." && pwd)/build/vendor
PREFIX=$out/$FLAVOUR
log=$PREFIX/log/$name.log

case $FLAVOUR in
native | san)
	TOOLS=
	HOST=$(gcc -dumpmachine)
	;;
aarch64)
	TOOLS=aarch64-linux-gnu-
	HOST=aarch64-linux-gnu
	;;
*)
	echo "vendor: no such flavour: $FLAVOUR" >&2
	exit 2
	;;
esac

AR=${TOOLS}ar
RANLIB=${TOOLS}ranlib
CPPFLAGS="-D_GNU_SOURCE -I$PREFIX/include"
LDFLAGS="-L$PREFIX/lib"
case $FLAVOUR in
san)
	CC=gcc
	CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address"
	# the little programs of configure scripts leak
	export ASAN_OPTIONS=detect_leaks=0
	;;
*)
	CC=$PREFIX/bin/cc
	CFLAGS="-Os -ffunction-sections -fdata-sections -fstack-protector-strong"
	;;
esac
CFLAGS="$CFLAGS -ffile-prefix-map=$PREFIX/src/="
export FLAVOUR HOST TOOLS CC AR RANLIB CFLAGS CPPFLAGS LDFLAGS PREFIX VENDOR

mkdir -p "$PREFIX/built" "$PREFIX/log" "$PREFIX/src" "$PREFIX/include" "$PREFIX/lib"

# Two makes in one tree take turns, and the second takes what the first has built.
started=$(mktemp)
trap 'rm -f "$started"' EXIT
exec 9>"$PREFIX/built/$name.lock"
flock 9
[ -z "$(find "$PREFIX/built/$name" -newer "$started" 2>/dev/null)" ] || exit 0

tarball=$("$VENDOR/fetch.sh" "$VENDOR/$name.pin" "$out/dist")
release=$(basename "$tarball" .tar)

rm -rf "$PREFIX/src/$name"
mkdir "$PREFIX/src/$name"
tar -C "$PREFIX/src/$name" --strip-components=1 --no-same-owner -xf "$tarball"
cd "$PREFIX/src/$name"

echo "  VENDOR  $FLAVOUR: ${release}"
if [ "${V:-0}" = 1 ]; then
	sh -eux "$VENDOR/$name.sh"
elif ! sh -eux "$VENDOR/$name.sh" >"$log" 2>&1; then
	tail -n 30 "$log" >&2
	echo "vendor: cannot build $release for $FLAVOUR: the whole log is $log" >&2
	exit 1
fi
rm -rf "$PREFIX/src/$name"
touch "$PREFIX/built/$name"
