# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Images in the registry, all of them lab/engine:TAG. Each is an OCI layout in $CACHE/images/TAG, made by mkimage when
# it is first asked for, and pushed from there.

# image TAG [--from BASE [option of mkimage ...]]: made and pushed; prints the reference. With --from it is one of your
# own, on top of one of the lab's.
image() {
	local tag=${1:-} base=${3:-}
	[[ $tag != newest ]] || tag=$(newest)
	[[ $base != newest ]] || base=$(newest)
	if [[ ${2:-} == --from ]]; then
		layout "$base"
		mkdir -p "$STATE/images"
		"$LAB_DIR/mkimage" build "$STATE/images/$tag" --from "$CACHE/images/$base" --level 1 "${@:4}" >/dev/null
		push "$STATE/images/$tag" "$tag"
	else
		layout "$tag"
		push "$CACHE/images/$tag" "$tag"
	fi
}

push() {
	in_net "$LAB_DIR/mkimage" push "$1" "$REGISTRY/$REPOSITORY:$2" --ca "$CERTS/ca.crt"
	echo "$REGISTRY/$REPOSITORY:$2"
}

newest() {
	local suite
	suite=$(suite_of newest)
	engine_set "$suite"
	engine_version "$suite"
}

layout() {
	[[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9._-]*$ ]] || die "'$1' is not a tag"
	layout_fresh "$1" || make_once layout "$1"
}

# The recipe of a layout is these files; the engine sets below them never change under their version.
layout_fresh() { [[ $(cat "$CACHE/images/$1/.recipe" 2>/dev/null) == "$(recipe "$1")" ]]; }
recipe() {
	local files=(mkimage oldlibc parts/images.sh)
	[[ $1 != bad-* ]] || files+=(parts/faults.sh faults/fault.c)
	(cd "$LAB_DIR" && cat "${files[@]}") | sha256sum
}

make_layout() {
	local tag=$1 arguments=()
	layout_fresh "$tag" && return
	image_arguments "$tag"
	say "image $tag"
	mkdir -p "$CACHE/images"
	"$LAB_DIR/mkimage" build "$CACHE/images/$tag" "${arguments[@]}" >/dev/null
	recipe "$tag" >"$CACHE/images/$tag/.recipe"
	rm -f "$STATE"/tmp/filler-*
}

# image_arguments TAG: what mkimage is told for it, in `arguments`
image_arguments() {
	local tag=$1 claim name file
	case $tag in
	# the same content in other forms
	*-zstd) derive "${tag%-zstd}" before --compress zstd ;;
	*-plain) derive "${tag%-plain}" before --compress none ;;
	*-schema2) derive "${tag%-schema2}" --media docker ;;
	*-list) derive "${tag%-list}" --media docker --platform linux/arm64/v8 --platform linux/amd64 ;;
	*-index) derive "${tag%-index}" --platform linux/arm64/v8 --platform linux/amd64 ;;
	# its runc is as Debian has it, and wants a newer libc than bookworm's
	*-newlibc)
		file=$(new_runc "${tag%-newlibc}")
		derive "${tag%-newlibc}" --file "usr/local/bin/runc=$file"
		;;
	bad-start | bad-soak | bad-hang)
		engine_set trixie
		file=$(faulty_dockerd trixie "${tag#bad-}")
		derive 26.1.5 --file "usr/local/bin/dockerd=$file"
		;;
	bad-version | bad-claim)
		claim=99.0.0
		[[ $tag == bad-claim ]] || claim=$CLAIMED_VERSION
		derive 26.1.5 --env "DOCKER_VERSION=$claim" --label "org.opencontainers.image.version=$claim"
		[[ $tag != bad-version ]] && return
		file=$(faulty_dockerd trixie version)
		arguments+=(--file "usr/local/bin/dockerd=$file")
		;;
	bad-arch) derive 26.1.5 --platform linux/arm64/v8 ;;
	bad-elf)
		engine_set trixie
		file=$(foreign_dockerd trixie)
		derive 26.1.5 --file "usr/local/bin/dockerd=$file"
		;;
	bad-missing) derive 26.1.5 --remove usr/local/bin/containerd ;;
	bad-empty) arguments=(--text etc/motd=nothing --env DOCKER_VERSION=26.1.5) ;;
	big)
		derive 26.1.5
		mkdir -p "$STATE/tmp"
		for name in 1 2 3 4; do
			filler "$STATE/tmp/filler-$name"
			arguments+=(--layer --file "opt/filler/$name=$STATE/tmp/filler-$name")
		done
		;;
	*) engine_arguments "$tag" ;;
	esac
}

# derive BASE [before] OPTION...: on top of another of these images; `before`: the options are for BASE's layers too
derive() {
	local base=$1
	shift
	layout "$base"
	if [[ ${1:-} == before ]]; then
		shift
		arguments=("$@" --from "$CACHE/images/$base")
	else
		arguments=(--from "$CACHE/images/$base" --level 1 "$@")
	fi
}

new_runc() {
	local suite runc
	suite=$(suite_of "$1")
	engine_set "$suite"
	runc=$CACHE/engines/$suite/newlibc/runc
	[[ -e $runc ]] || die "runc of $1 runs on every node: there is no $1-newlibc"
	echo "$runc"
}

# The layout of docker:XX-dind: the engine in /usr/local/bin, between scripts that are none of a node's business.
engine_arguments() {
	local suite version name
	suite=$(suite_of "$1")
	engine_set "$suite"
	version=$(engine_version "$suite")
	arguments=(--env "DOCKER_VERSION=$version" --env DOCKER_TLS_CERTDIR=/certs --cmd dockerd-entrypoint.sh
		--label "org.opencontainers.image.version=$version" --label "org.opencontainers.image.title=Docker engine")
	for name in dind dockerd-entrypoint.sh docker-entrypoint.sh modprobe; do
		arguments+=(--text "usr/local/bin/$name=#!/bin/sh"$'\n'"echo '$name of the image must never run on a node' >&2"$'\n'"exit 1"$'\n')
	done
	arguments+=(--text etc/os-release=$'ID=alpine\nVERSION_ID=3.20.0\n' --layer)
	for name in dockerd docker docker-proxy docker-init containerd ctr containerd-shim-runc-v2 runc; do
		arguments+=(--file "usr/local/bin/$name=$CACHE/engines/$suite/bin/$name")
	done
}
