#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Wherever the bytes of an image come from, the verdict is the same: a registry, an OCI layout, an archive, standard
# input, docker save, the engine's own store. Signed by the real cosign 2 and 3; nothing but the first lines, and what
# is said to, reaches the registry. First nodelift fetch on this machine, then nodes with real engines.
. "$(dirname "$0")/../lab/lib.sh"

output=
dir=$(mktemp -d /tmp/nodelift-sources.XXXXXX)
trap 'status=$?; rm -rf "$dir"; (exit $status); tap_end' EXIT
export LAB_CA
repository=$LAB_REGISTRY/$LAB_REPOSITORY
nodelift=$LAB_TOP/build/nodelift

mkdir "$dir/keys"
for name in right wrong; do
	lab cosign 2 generate-key-pair --output-key-prefix "$dir/keys/$name" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; exit 1; }
done

# ---- tools

# new TAG [OPTION...]: a small image; prints its digest
new() { lab image "$1" --from bad-empty --text "etc/tag=$1 $EPOCHREALTIME" --text "etc/more=$(seq 9999)" "${@:2}" >/dev/null && digest_of "$1"; }
digest_of() {
	lab net curl -sI --cacert "$LAB_CA" -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		-H 'Accept: application/vnd.oci.image.index.v1+json' "https://$LAB_REGISTRY/v2/$LAB_REPOSITORY/manifests/$1" |
		tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}
sign() { lab sign "$1" "$dir/keys/$2.key" "$repository@$3" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; return 1; }; }
repack() { "$LAB_TOP/tests/registry/repack" "$@" || diag "repack $* failed"; }

# trust KEY...: these are the keys
trust() {
	local name
	rm -rf "${dir:?}/etc"
	mkdir -p "$dir/etc/keys"
	for name in "$@"; do cp "$dir/keys/$name.pub" "$dir/etc/keys/$name.pem"; done
}

# run [net] COMMAND ARG...: with an empty store; `net`: where the registry is. $status, $dir/out, $dir/err
run() {
	local in_net=()
	[[ $1 != net ]] || { in_net=(lab net); shift; }
	status=0
	rm -rf "$dir/state"
	"${in_net[@]}" "$nodelift" "$1" --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$LAB_CA" "${@:2}" >"$dir/out" 2>"$dir/err" || status=$?
	result=$(tail -n 1 "$dir/err")
}

# what IMAGE ARG... of fetch prints: 0 and who signed what
taken() {
	local description=$1 digest=$2 format=$3
	run "${@:4}" --json
	is "$description" "$status $(tail -n 1 "$dir/out" | jq -r '"\(.digest) \(.signed_by | if type == "array" then .[0] else . end | "\(.key) \(.format)")"')" \
		"0 $digest right.pem $format" || diag "$(cat "$dir/err")"
}

# refused DESCRIPTION STATUS REGEX ARG...: in one line
refused() {
	run "${@:4}"
	like "$1" "$status $(grep -c '^nodelift: ' "$dir/err") $result" "^$2 1 nodelift: .*$3"
}

# as FORM ARCHIVE: the same archive in another form, at $dir/form; prints IMAGE
as() {
	rm -rf "$dir/form"
	case $1 in
	tar) cp "$2" "$dir/form" ;;
	gzip) gzip -c "$2" >"$dir/form" ;;
	zstd) zstd -qc "$2" >"$dir/form" ;;
	directory) mkdir "$dir/form" && tar -xf "$2" -C "$dir/form" ;;
	esac
	echo "$dir/form"
}

# ---- the table: signed images in every form

for format in classic bundle; do
	a=$(new "src-$format") && b=$(new "src-$format-other") && sign "$format" right "$a" && sign "$format" right "$b" || exit 1
	trust right
	run net save "$repository:src-$format" "$dir/$format.tar"
	is "$format: saved" "$status $result" "0 nodelift: saved"
	run net save "$repository:src-$format-other" "$dir/other.tar"
	cp "$dir/$format.tar" "$dir/again.tar"
	run net save "$repository:src-$format" "$dir/again.tar"
	ok "$format: ... in place of a file, the same bytes" cmp "$dir/again.tar" "$dir/$format.tar"
	for how in same strip other signature payload manifest renamed config layer no-layer no-config; do
		repack "$how" "$dir/$format.tar" "$dir/$how.tar" "$dir/other.tar"
	done
	cut=$(($(stat -c %s "$dir/$format.tar") / 2))
	head -c "$cut" "$dir/$format.tar" >"$dir/cut.tar"
	for form in directory tar gzip zstd; do
		what="$format, $form"
		trust right
		taken "$what: signed by the key" "$a" "$format" fetch "$(as $form "$dir/$format.tar")"
		taken "$what: in another order" "$a" "$format" fetch "$(as $form "$dir/same.tar")"
		refused "$what: stripped" 20 'is not signed: no signature was found' fetch "$(as $form "$dir/strip.tar")"
		refused "$what: the signature of another image" 20 '1 of another image' fetch "$(as $form "$dir/other.tar")"
		refused "$what: one bit of the signature" 20 '1 by other keys' fetch "$(as $form "$dir/signature.tar")"
		refused "$what: one bit of what was signed" 20 '1 by other keys' fetch "$(as $form "$dir/payload.tar")"
		refused "$what: one bit of the manifest" 20 'content is not sha256' fetch "$(as $form "$dir/manifest.tar")"
		refused "$what: another manifest, named as such" 20 '1 of another image' fetch "$(as $form "$dir/renamed.tar")"
		refused "$what: one bit of the configuration" 20 'content is not sha256' fetch "$(as $form "$dir/config.tar")"
		refused "$what: one bit of a layer" 20 'content is not sha256' fetch "$(as $form "$dir/layer.tar")"
		refused "$what: a layer is missing" 20 'it lacks sha256:' fetch "$(as $form "$dir/no-layer.tar")"
		refused "$what: the configuration is missing" 20 'it lacks sha256:' fetch "$(as $form "$dir/no-config.tar")"
		trust wrong
		refused "$what: signed by another key" 20 '1 signature found, 1 by other keys' fetch "$(as $form "$dir/$format.tar")"
	done
	trust right
	for packer in cat gzip zstd; do
		taken "$format: standard input, $packer" "$a" "$format" fetch - < <($packer <"$dir/$format.tar")
	done
	refused "$format: standard input that ends too soon" 20 'no valid tar' fetch - <"$dir/cut.tar"
	gzip -c "$dir/$format.tar" | head -c -9 >"$dir/cut.gz"
	zstd -qc "$dir/$format.tar" | head -c -9 >"$dir/cut.zst"
	for file in cut.tar cut.gz cut.zst; do refused "$format: $file" 20 'no valid tar|truncated' fetch "$dir/$file"; done
done

# ---- what others write, and others read

trust right
lab cosign 2 save --dir "$dir/cosign" "$repository:src-classic" >"$dir/log" 2>&1 || diag "$(cat "$dir/log")"
taken "cosign save" "$(digest_of src-classic)" classic fetch "$dir/cosign" --as "$repository:src-classic"
mkdir "$dir/load" && tar -xf "$dir/classic.tar" -C "$dir/load"
lab cosign 2 load --registry-cacert "$LAB_CA" --dir "$dir/load" "$LAB_REGISTRY/loaded/engine:src" >"$dir/log" 2>&1 || diag "$(cat "$dir/log")"
ok "cosign load and cosign verify take what was saved" lab cosign 2 verify --registry-cacert "$LAB_CA" \
	--insecure-ignore-tlog --key "$dir/keys/right.pub" "$LAB_REGISTRY/loaded/engine:src"
is "skopeo reads it" "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$dir/bundle.tar:$repository:src-bundle")" "$(digest_of src-bundle)"
for to in oci oci-archive docker-archive; do
	skopeo copy -q "oci-archive:$dir/bundle.tar:$repository:src-bundle" "$to:$dir/skopeo-$to:$repository:src-bundle" || diag skopeo
	refused "skopeo copy to $to leaves the signatures behind" 20 'is not signed' fetch "$dir/skopeo-$to"
done
like "... of a docker archive the registry is asked for the signed manifest" "$result" 'and its registry cannot be asked: no such host'
a=$(digest_of src-bundle)
taken "... which proves it" "$a" bundle net fetch "$dir/skopeo-docker-archive"
taken "... also by the digest that the user gives" "$a" bundle net fetch "$dir/skopeo-docker-archive" --as "$repository@$a"
refused "... but not as another image" 20 "it is another image than $repository:src-classic" net fetch "$dir/skopeo-docker-archive" --as "$repository:src-classic"
for how in layer config; do
	repack $how "$dir/skopeo-docker-archive" "$dir/bad.tar"
	refused "... nor with one bit of its $how changed" 20 'it is another image|it lacks|not JSON|content' net fetch "$dir/bad.tar"
done
trust
for to in oci oci-archive docker-archive; do
	run fetch "$dir/skopeo-$to"
	is "without keys: $to" "$status $result" "0 nodelift: fetched"
done
refused "... but a digest that was given is proved all the same" 20 'cannot be asked' fetch "$dir/skopeo-docker-archive" --as "$repository@$a"
refused "... and an OCI archive has it or not" 20 "holds no image $(digest_of src-classic)" fetch "$dir/skopeo-oci-archive" --as "$repository@$(digest_of src-classic)"
skopeo copy -q "oci-archive:$dir/bundle.tar:$repository:src-bundle" "oci:$dir/two:one" && skopeo copy -q "oci:$dir/cosign" "oci:$dir/two:two" 2>"$dir/log" ||
	skopeo copy -q "oci-archive:$dir/classic.tar:$repository:src-classic" "oci:$dir/two:two" || diag skopeo
refused "more than one image" 2 'more than one image, say which by --as: one, two' fetch "$dir/two"
run fetch "$dir/two" --as "a/b:two" --json
is "... is a choice" "$status $(tail -n 1 "$dir/out" | jq -r '"\(.digest) \(.reference)"')" "0 $(digest_of src-classic) docker.io/a/b:two"

# An archive may call itself what it likes.
printf '{"rules": [{"name": "lab", "repositories": ["%s/*"], "unsigned": "accepted"}]}' "$LAB_REGISTRY" >"$dir/etc/policy.json"
refused "a name out of an archive does not do for a rule that accepts unsigned images" 20 \
	"'$repository' is what the archive calls itself: .*policy.json, rule 'lab'" fetch "$dir/bundle.tar"
run fetch "$dir/bundle.tar" --as "$repository:src-bundle"
is "... a name that the user gives does" "$status $result" "0 nodelift: fetched"

# ---- an index

trust right
a=$(new src-index --platform linux/arm64/v8 --platform linux/amd64) && sign bundle right "$a" || exit 1
run net save "$repository:src-index" "$dir/index.tar"
is "an index is saved with one platform" "$status $(tar -tf "$dir/index.tar" | grep -c "blobs/sha256/${a#*:}")" "0 1"
taken "... and proved by the index" "$a" bundle fetch "$dir/index.tar"

# ---- what cannot be

trust right
refused "no such file" 2 'cannot open .*No such file' fetch "$dir/nothing"
refused "a file that is none of these" 20 'no valid tar' fetch /bin/true
refused "a directory that is none" 20 'no OCI layout' fetch "$dir/keys"
refused "nothing on standard input" 20 'neither an OCI layout nor' fetch - </dev/null
refused "a name for what has one" 2 'says itself' fetch docker:28 --as docker:28
refused "save without a file" 2 'needs IMAGE FILE' save docker:28
refused "save over a directory" 2 'not a regular file' save "$dir/bundle.tar" "$dir/keys"
refused "save where nobody can write" 10 'cannot create' save "$dir/bundle.tar" /proc/x
refused "standard input to where the run is carried out" 2 "'-' cannot go along" upgrade --host-root / -
refused "... and a path that is no place there" 2 'give its absolute path' upgrade --host-root / ./x
run save "$dir/bundle.tar" "$dir/again.tar"
ok "an archive saved from an archive is the same" cmp "$dir/bundle.tar" "$dir/again.tar"
run save "$dir/bundle.tar" -
ok "... also on standard output" cmp "$dir/bundle.tar" "$dir/out"
ok "... and nothing is left beside it" test ! -e "$dir"/again.tar.*

# ---- nodes

# engine_sources NODE: docker save and the engine's store, on a node that can reach the registry
engine_sources() {
	local node=$1 how
	ok "$node: docker load takes what was saved" on "$node" docker load -i /root/engine.tar
	like "... under its name" "$(on "$node" docker image ls --format '{{.Repository}}:{{.Tag}}')" "$repository:src-engine"
	status_is "$node: from the engine's store, proved by the registry" 0 on "$node" nodelift fetch "docker-daemon:$repository:src-engine"
	like "... is told" "$output" "signature: bundle, by key 'release.pem'"
	status_is "... what is kept proves it again without a network" 0 on "$node" sh -c "cp /etc/hosts /etc/hosts.on
		echo 127.0.0.1 registry.lab >/etc/hosts; nodelift fetch docker-daemon:$repository:src-engine --as $repository@$engine"
	status_is "... without what is kept it is for another day" 12 on "$node" sh -c "rm -rf /var/lib/nodelift; nodelift fetch docker-daemon:$repository:src-engine"
	status_is "$node: docker save, no network" 20 on "$node" sh -c "docker save -o /root/docker.tar $repository:src-engine; nodelift fetch /root/docker.tar"
	status_is "$node: docker save" 0 on "$node" sh -c "cat /etc/hosts.on >/etc/hosts; nodelift fetch /root/docker.tar"
	if [[ $node == sources1 ]]; then # the other store knows an image by its manifest, and this one is signed
		on "$node" sh -c "docker load -qi /root/other.tar && docker tag $repository:src-classic $repository:src-engine" >/dev/null
		status_is "$node: another image under that name" 20 on "$node" nodelift fetch "docker-daemon:$repository:src-engine"
	fi
	status_is "$node: an image that is not there" 2 on "$node" nodelift fetch docker-daemon:nothing:1
}

engine=$(lab image src-engine --from 26.1.5 --text "etc/src=$EPOCHREALTIME" >/dev/null && digest_of src-engine) && sign bundle right "$engine" || exit 1
run net save "$repository:src-engine" "$dir/engine.tar"
repack strip "$dir/engine.tar" "$dir/strip.tar"
repack layer "$dir/engine.tar" "$dir/layer.tar"
for node in sources1 sources2; do
	suite=bookworm
	[[ $node != sources2 ]] || suite=trixie
	node_up "$node" "$suite" || exit 1
	on "$node" mkdir -p /etc/nodelift/keys
	lab cp "$dir/keys/right.pub" "$node:/etc/nodelift/keys/release.pem"
	for file in engine strip layer; do lab cp "$dir/$file.tar" "$node:/root/"; done
	lab cp "$dir/classic.tar" "$node:/root/other.tar"
	if [[ $node == sources2 ]]; then
		on "$node" sh -c 'jq ".features={\"containerd-snapshotter\":true}" /etc/docker/daemon.json >/root/d.json 2>/dev/null ||
			sed "1s/{/{\"features\":{\"containerd-snapshotter\":true},/" /etc/docker/daemon.json >/root/d.json
			cat /root/d.json >/etc/docker/daemon.json; systemctl restart docker'
		like "$node: containerd's image store" "$(on "$node" docker info 2>&1)" 'io.containerd.snapshotter.v1'
	fi
	engine_sources "$node"
done

node=sources1
on "$node" sh -c 'rm -rf /var/lib/nodelift; echo 127.0.0.1 registry.lab >/etc/hosts'
before=$(disk "$node")
for file in strip layer; do status_is "upgrade: $file" 20 on "$node" sh -c "rm -rf /var/lib/nodelift; nodelift upgrade /root/$file.tar"; done
status_is "upgrade: truncated on standard input" 20 on "$node" sh -c 'head -c 9000000 /root/engine.tar | nodelift upgrade -'
status_is "upgrade: on standard input, detached" 2 on "$node" nodelift upgrade --detach -
is "the node's disk is as it was" "$(sha256sum <<<"$(disk "$node")")" "$(sha256sum <<<"$before")"
status_is "upgrade from a file, without a network" 0 on "$node" sh -c 'cd /root && nodelift upgrade --soak 1 ./engine.tar'
like "... proved by what is in it" "$output" "signature: bundle, by key 'release.pem'"
is "... is what runs" "$(on "$node" docker version -f '{{.Server.Version}}')" "26.1.5+dfsg1"
is "... and the result says what it was" "$(on "$node" sh -c 'cat /var/lib/nodelift/runs/*/result.json' | jq -rs '.[-1] | "\(.image) \(.reference) \(.digest)"')" \
	"/root/engine.tar $repository:src-engine $engine"
status_is "the same on standard input: nothing is left to do" 0 on "$node" sh -c 'nodelift upgrade - </root/engine.tar'
like "..." "$output" "unchanged"
status_is "detached, by a relative path" 50 on "$node" sh -c 'cd /root && nodelift upgrade --detach ./engine.tar'
status_is "... ends well" 0 on "$node" nodelift wait
done_testing
