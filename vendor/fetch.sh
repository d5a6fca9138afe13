#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fetch.sh PIN DIST: have the source that PIN names in the directory DIST, and print its path.
#
# The bytes are compared with the pin's SHA-256 every time, whether they were fetched just now or
# lay there already. A byte that differs ends the build; an address that does not answer does not,
# there is always another one.
#
# A pin is a text of "key value" lines. Each "release" is followed by its addresses:
#     from SHA256 debian:PATH      PATH below pool/main/ of a Debian mirror this machine uses
#     from SHA256 https://...      the same release as upstream publishes it
# Where a pin names several releases, the first that can be had is taken.
set -eu

pin=$1
dist=$2

die()
{
	echo "vendor: $*" >&2
	exit 1
}

# The Debian mirrors of this machine, as its own apt is configured.
mirrors()
{
	command -v apt-get >/dev/null || return 0
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u
}

# download URL FILE
download()
{
	if [ -x /usr/lib/apt/apt-helper ]; then
		# needs neither an index nor a further program, and knows the proxy of this machine
		/usr/lib/apt/apt-helper -q -o APT::Sandbox::User=root -o Acquire::Retries=2 \
			-o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
			download-file "$1" "$2" >"$2.log" 2>&1
	elif command -v curl >/dev/null; then
		curl -fsSL --retry 2 -o "$2" "$1" >"$2.log" 2>&1
	else
		die "neither apt-helper nor curl is here to fetch $1"
	fi
}

# locations ADDRESS: the URLs that it stands for
locations()
{
	case $1 in
	debian:*)
		path=$(printf %s "${1#debian:}" | sed 's/+/%2b/g')
		for base in $(mirrors); do
			echo "${base%/}/pool/main/$path"
		done
		;;
	*) echo "$1" ;;
	esac
}

sha256()
{
	sha256sum "$1" | cut -d' ' -f1
}

# "release SHA256 ADDRESS" for each address of the pin
addresses()
{
	awk '$1 == "release" { release = $2 } $1 == "from" { print release, $2, $3 }' "$pin"
}

name=$(awk '$1 == "name" { print $2 }' "$pin")
mkdir -p "$dist"

for release in $(awk '$1 == "release" { print $2 }' "$pin"); do
	file=$dist/$name-$release.tar
	[ -e "$file" ] || continue
	got=$(sha256 "$file")
	if ! addresses | grep -q "^$release $got "; then
		expected=$(addresses | awk -v r="$release" '$1 == r { print $2 }' | sort -u | paste -sd' ')
		die "$file is not the pinned $name $release: expected SHA-256 $expected, got $got;" \
			"remove that file to fetch it again"
	fi
	echo "$file"
	exit 0
done

tried=
newest=$(awk '$1 == "release" { print $2; exit }' "$pin")
while read -r release expected address; do
	file=$dist/$name-$release.tar
	part=$file.$$.part # flavours may be built at the same time
	for url in $(locations "$address"); do
		tried="$tried $url"
		echo "  FETCH   $name $release" >&2
		download "$url" "$part" || continue
		got=$(sha256 "$part")
		[ "$got" = "$expected" ] ||
			die "$url is not the pinned $name $release: expected SHA-256 $expected, got $got;" \
				"do not build from it, find out who changed it (the bytes are in $part)"
		rm -f "$part.log"
		mv "$part" "$file"
		[ "$release" = "$newest" ] ||
			echo "vendor: $name $newest cannot be had, taking $release: see vendor/README.md" >&2
		echo "$file"
		exit 0
	done
done <<END
$(addresses)
END

die "cannot fetch $name from any of its addresses:${tried:- none is usable here};" \
	"put the file at $file by hand, or give $pin another address"
