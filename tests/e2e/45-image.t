#!/bin/bash
# SPDX-License-Identifier: MIT
# The container image: what is in it, that it is the same each time, and that engines and tools take it.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

dir=$(mktemp -d /tmp/nodelift-image.XXXXXX)
trap 'status=$?; rm -rf "$dir"; (exit $status); tap_end' EXIT

cd "$LAB_TOP" || exit 1
version=$(cat build/version)
platforms=(amd64)
# of arm64 there may be no binary, or one of another version
! release/image --platform=arm64 --output "$dir/arm64" --no-load >/dev/null 2>&1 || platforms+=(arm64)

# build DIR [OPTION...]: the image of these platforms
build() { release/image "${platforms[@]/#/--platform=}" --output "$dir/$1" "${@:2}"; }
blob() { echo "$dir/one/blobs/${1/://}"; }
json() { jq -r "$1" "$(blob "$2")"; }

# ---- the layout

status_is "the image is built: ${platforms[*]}" 0 build one --no-load
like "each platform's digest and size are printed" "$output" 'linux/amd64 +sha256:[0-9a-f]{64} +[0-9]+ KiB'
is "every blob is what its name says" \
	"$(cd "$dir/one/blobs/sha256" && sha256sum -- * | awk '$1 != $2')" ""
index=$(jq -r '.manifests[0].digest' "$dir/one/index.json")
is "the index has the platforms" "$(json '[.manifests[].platform | "\(.os)/\(.architecture)"] | join(" ")' "$index")" \
	"${platforms[*]/#/linux/}"

for arch in "${platforms[@]}"; do
	program=build/nodelift
	[[ $arch != arm64 ]] || program=build/aarch64/nodelift
	manifest=$(json ".manifests[] | select(.platform.architecture == \"$arch\").digest" "$index")
	config=$(json .config.digest "$manifest")
	layer=$(json '.layers[].digest' "$manifest")
	[[ $arch != amd64 ]] || loaded=$config
	is "$arch: two files, root's, and nothing else" \
		"$(tar -tvzf "$(blob "$layer")" --numeric-owner | awk '{ print $1, $2, $NF }')" \
		"$(printf '%s\n' 'drwxr-xr-x 0/0 etc/' 'drwxr-xr-x 0/0 etc/ssl/' 'drwxr-xr-x 0/0 etc/ssl/certs/' \
			'-rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt' \
			'drwxr-xr-x 0/0 nodelift/' '-rwxr-xr-x 0/0 nodelift/nodelift')"
	ok "$arch: the binary" cmp "$program" <(tar -xOzf "$(blob "$layer")" nodelift/nodelift)
	ok "$arch: the certificates" cmp /etc/ssl/certs/ca-certificates.crt \
		<(tar -xOzf "$(blob "$layer")" etc/ssl/certs/ca-certificates.crt)
	is "$arch: how it is started and stopped" "$(json '.config | [.Entrypoint[], .Cmd[], .StopSignal] | join(" ")' "$config")" \
		"/nodelift/nodelift help SIGTERM"
	is "$arch: what it says of itself" "$(json '.config.Labels | [.["org.opencontainers.image." +
		("title", "version", "licenses")]] | join(" ")' "$config")" "nodelift $version MIT"
	size=$(stat -c %s "$(blob "$manifest")" "$(blob "$config")" "$(blob "$layer")" | awk '{ sum += $1 } END { print sum }')
	ok "$arch: at most 2.5 MiB to pull (it is $size bytes)" test "$size" -le 2621440
done

ok "built again, under other circumstances" env TZ=Asia/Tokyo LC_ALL=C.UTF-8 \
	bash -c 'umask 077; cd /; "$@"' sh "$LAB_TOP/release/image" "${platforms[@]/#/--platform=}" --output "$dir/two" --no-load
ok "it is the same, byte by byte" diff -r "$dir/one" "$dir/two"

# ---- what is refused

mkdir "$dir/precious" && touch "$dir/precious/file"
status_is "a folder of something else is not written over" 1 build precious --no-load
ok "and is as it was" test -e "$dir/precious/file"
status_is "an unknown platform" 1 release/image --platform=s390x --output "$dir/three" --no-load
ok "nothing is left of it" test ! -e "$dir/three" -a -z "$(find "$dir" -name 'three*')"
status_is "an unknown option" 2 release/image --platfrom=amd64

# ---- the engine of this machine: here the lab's outer one

status_is "without an engine: that is said, and no failure" 0 env DOCKER_HOST="unix://$dir/docker.sock" \
	release/image --platform=amd64 --output "$dir/three"
like "it is said" "$output" "no engine answers here: not loaded"
status_is "with an engine" 0 env DOCKER_HOST="$LAB_DOCKER_HOST" release/image --platform=amd64 --output "$dir/three"
name=$(sed -n 's/^  LOAD *\(nodelift:[^ ]*\) and nodelift:latest$/\1/p' <<<"$output")
is "it is loaded as what was pushed" "$(lab docker image inspect -f '{{.Id}}' "$name")" "$loaded"
is "it runs" "$(lab docker run --rm --network none nodelift version)" "nodelift $version"
lab docker image rm "$name" nodelift:latest >/dev/null

# ---- through a registry to a node

image=${LAB_REGISTRY}/lab/nodelift:e2e
ok "skopeo pushes all of it" lab net skopeo copy -q --all --dest-cert-dir "$LAB_CERT_DIR" "oci:$dir/one" "docker://$image"
node_up image1 || exit 1
ok "a node pulls it" on image1 docker pull -q "$image"
is "for its platform" "$(on image1 docker image inspect -f '{{.Id}}' "$image")" "$loaded"
is "version" "$(on image1 docker run --rm --network none "$image" version)" "nodelift $version"
ok "nodelift's own puller takes it" on image1 nodelift fetch "$image"
like "without arguments it says what it can do" "$(on image1 docker run --rm --network none "$image" 2>&1)" "upgrade"
status_is "the exit status comes through" 2 on image1 docker run --rm --network none "$image" no-such-command

# ---- with a payload

payload=engine-upgrade:26.1.5
ok "an upgrade image is built on it" lab exec image1 docker build -q --build-arg VERSION=26.1.5 \
	--build-arg "NODELIFT=$image" --build-arg "ENGINE=$(lab image 26.1.5)" -t "$payload" - <release/Dockerfile.payload
is "it is nodelift" "$(on image1 docker run --rm --network none "$payload" version)" "nodelift $version"
is "and says what it carries" "$(on image1 docker image inspect "$payload" | jq -r '.[0].Config |
	[(.Env[] | select(startswith("DOCKER_VERSION="))), .Labels["org.opencontainers.image.version"]] | join(" ")')" \
	"DOCKER_VERSION=26.1.5 26.1.5"
is "the engine's files are in it, and no others" \
	"$(on image1 sh -c 'id=$(docker create "$1") && docker export "$id" | tar -t; docker rm "$id" >/dev/null' sh "$payload" |
		sed -n 's|^usr/local/bin/||p' | sort | paste -sd " ")" \
	" containerd containerd-shim-runc-v2 ctr docker docker-init docker-proxy dockerd runc"

done_testing
