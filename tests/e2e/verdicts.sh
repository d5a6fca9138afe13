# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For 79-verdicts.t: the axes of its table, an image for each cell in every source, and what is said about it. The image
# of kind K and defect D is tagged 28.5.2-K-D, also where an older one stands in for it; the node's engine is 26.1.5.
# shellcheck source=tests/e2e/signatures.sh
. "$(dirname "${BASH_SOURCE[0]}")/signatures.sh"

node=verdicts1
sources='registry digest layout archive docker-archive docker-daemon'
kinds='classic bundle'
defects='right wrong-key other expired older stripped payload manifest layer'
past=2025-01-31T00:00:00Z
declare -A digests
tag_of() { echo "28.5.2-$1-$2"; }
at_node() { on "$node" sh -ec "$1"; }
to_node() { tar -C "$dir" -c "$1" | lab exec "$node" tar -C /root --no-same-owner -x; }

# The payload is one small file, which a profile of the test's own takes.
prepare_node() {
	at_node 'mkdir -p /etc/nodelift/keys /etc/nodelift/profiles'
	lab cp "$dir/keys/right.pub" "$node:/etc/nodelift/keys/release.pem"
	jq -n --arg repository "$repository" '{name: "verdict", images: [$repository], version: {env: "DOCKER_VERSION"}, units: [],
		files: [{from: "/etc/tag", to: "/opt/verdict", required: true}]}' >"$dir/profile.json"
	lab cp "$dir/profile.json" "$node:/etc/nodelift/profiles/verdict.json"
}

# new_cell KIND DEFECT [VERSION]: pushed; its digest is remembered
new_cell() {
	local tag
	tag=$(tag_of "$1" "$2")
	digests[$1-$2]=$(new "$tag" --text "etc/more=$(seq 9999)" --annotation note=signed --env "DOCKER_VERSION=${3:-28.5.2}")
	[[ ${digests[$1-$2]} ]]
}

# ---- registry: signed by the real cosign, then changed by whoever can write there

prepare_registry() {
	local kind=$1 defect
	for defect in right wrong-key other expired stripped payload manifest layer; do new_cell "$kind" "$defect" || return 1; done
	new_cell "$kind" older 20.10.24 || return 1
	for defect in right older stripped payload manifest layer; do sign "$kind" right "${digests[$kind-$defect]}" || return 1; done
	sign "$kind" wrong "${digests[$kind-wrong-key]}" &&
		sign "$kind" right "${digests[$kind-expired]}" -a "nodelift.expires=$past" &&
		tamper copy "$kind" "${digests[$kind-right]}" "${digests[$kind-other]}" &&
		tamper strip "$kind" "${digests[$kind-stripped]}" "${digests[$kind-stripped]}" &&
		tamper payload "$kind" "${digests[$kind-payload]}" "${digests[$kind-payload]}" &&
		tamper manifest "$kind" "${digests[$kind-manifest]}" "$(tag_of "$kind" manifest)"
}

# flip_blob DIGEST TEXT: one bit where TEXT is, or in the middle, of a blob in the storage of the registry
flip_blob() {
	local hex=${1#sha256:} file at
	file=$LAB_CACHE/labs/$LAB_ID/registry/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data
	python3 - "$file" "$2" <<-'END'
		import sys
		with open(sys.argv[1], 'r+b') as file:
		    data = file.read()
		    at = data.rindex(sys.argv[2].encode()) if sys.argv[2] else len(data) // 2
		    file.seek(at)
		    file.write(bytes([data[at] ^ 1]))
	END
}

# The signed manifest under its own digest, and a layer.
damage_storage() {
	local layer
	layer=$(lab net curl -s --cacert "$LAB_CA" -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		"https://$LAB_REGISTRY/v2/$LAB_REPOSITORY/manifests/${digests[$1-layer]}" | jq -r '.layers[-1].digest') &&
		flip_blob "$layer" "" && flip_blob "${digests[$1-manifest]}" signed
}

# ---- files: by nodelift save, then changed by whoever carries them

save() {
	rm -rf "$dir/state"
	lab net "$LAB_TOP/build/nodelift" save --state-dir "$dir/state" --config-dir "$dir/none" --ca-file "$LAB_CA" \
		"$repository:$(tag_of "$1" "$2")" "$dir/files/$1-$2.tar" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; return 1; }
}
repack() { "$LAB_TOP/tests/registry/repack" "$@" || { diag "repack $* failed"; return 1; }; }

prepare_archives() {
	local kind=$1 defect right=$dir/files/$1-right.tar
	mkdir -p "$dir/files"
	for defect in right wrong-key expired older other; do save "$kind" "$defect" || return 1; done
	mv "$dir/files/$kind-other.tar" "$dir/other.tar"
	for defect in payload manifest layer; do repack "$defect" "$right" "$dir/files/$kind-$defect.tar" || return 1; done
	repack strip "$right" "$dir/files/$kind-stripped.tar" && repack other "$dir/other.tar" "$dir/files/$kind-other.tar" "$right"
}

# ---- the node's engine pulls what the registry has, and docker save writes what it pulled. The engine makes manifests of
# its own and keeps no signature: both are the registry's, so that is where most defects of these two are: a manifest
# with one bit changed is one that the registry's tag leads to, and that was pulled. A layer is changed in the file of
# docker save; no engine loads that one, but it does when the configuration names the new layer ("forged").

prepare_engine() {
	local kind name
	to_node files || return 1
	at_node "mkdir /root/layout /root/docker
		for file in /root/files/*.tar; do mkdir /root/layout/\$(basename \$file .tar); tar -C /root/layout/\$(basename \$file .tar) -xf \$file; done
		for kind in $kinds; do
			for defect in ${defects% layer}; do docker pull -q $repository:28.5.2-\$kind-\$defect; done
			docker tag $repository:28.5.2-\$kind-right $repository:28.5.2-\$kind-layer
			for defect in $defects; do docker save -o /root/docker/\$kind-\$defect.tar $repository:28.5.2-\$kind-\$defect; done
		done" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; return 1; }
	mkdir "$dir/docker"
	for kind in $kinds; do
		name=docker/$kind-layer.tar
		lab cp "$node:/root/$name" "$dir/save.tar" && repack layer "$dir/save.tar" "$dir/$name" &&
			repack forged "$dir/save.tar" "$dir/docker/$kind-forged.tar" || return 1
	done
	to_node docker && at_node 'for file in /root/docker/*-forged.tar; do docker load -qi $file; done' >"$dir/log" 2>&1 ||
		{ diag "$(cat "$dir/log")"; return 1; }
}

# damage_engine KIND: the file of the right image, below /var/lib/docker
damage_engine() {
	at_node "grep -l '^$(tag_of "$1" right) ' /var/lib/docker/overlay2/*/diff/etc/tag | while read -r file; do
			printf X | dd of=\$file bs=1 seek=3 conv=notrunc status=none
		done"
}

# ---- verdicts

place_of() {
	case $1 in
	registry) echo "$repository:$(tag_of "$2" "$3")" ;;
	digest) echo "$repository@${digests[$2-$3]}" ;;
	layout) echo "/root/layout/$2-$3" ;;
	archive) echo "/root/files/$2-$3.tar" ;;
	docker-archive) echo "/root/docker/$2-$3.tar" ;;
	docker-daemon) echo "docker-daemon:$repository:$(tag_of "$2" "$3")" ;;
	esac
}

# judge WHERE PREFIX SOURCE...: all their cells, each with a state of its own; PREFIX is the beginning of the command.
# $dir/WHERE/SOURCE-KIND-DEFECT.{status,err,files}
judge() {
	local source kind defect
	for source in "${@:3}"; do
		for kind in $kinds; do
			for defect in $defects; do echo "$source-$kind-$defect $(place_of "$source" "$kind" "$defect")"; done
		done
	done >"$dir/cells"
	lab exec "$node" sh -c 'mkdir /tmp/$1
		while read -r name place; do
			rm -rf /tmp/state
			$2 nodelift plan --state-dir /tmp/state "$place" >/dev/null 2>/tmp/$1/$name.err </dev/null
			echo $? >/tmp/$1/$name.status
			find /tmp/state -type f -printf "%P\n" | sed "s|^store/.*||; s|/.*||" | sort -u | grep . >/tmp/$1/$name.files
		done' sh "$1" "$2" <"$dir/cells"
	on "$node" tar -C /tmp -c "$1" | tar -C "$dir" -x
}

# verdicts WHERE SOURCE...: status and last line of all their cells
verdicts() {
	local source file
	for source in "${@:2}"; do
		for file in "$dir/$1/$source"-*.status; do echo "${file##*/} $(cat "$file") $(tail -n 1 "${file%.status}.err")"; done
	done
}

status_of() { cat "$dir/cells-online/$1-$2-$3.status"; }

# cause SOURCE KIND DEFECT: what the last line must say
cause() {
	case $3-$1 in
	right-*) echo 'planned$' ;;
	wrong-key-* | payload-*) echo '1 signature found, 1 by other keys' ;;
	other-*) echo '1 signature found, 1 of another image' ;;
	expired-*) echo "1 signature found, 1 no longer valid .expired on $past" ;;
	older-*) echo '20\.10\.24 is older than 26\.1\.5\+dfsg1, which runs here' ;;
	stripped-* | manifest-registry | manifest-docker-*) echo 'is not signed: no signature was found' ;;
	manifest-digest) echo 'manifest should be sha256:.* but is sha256:' ;;
	layer-docker-daemon) echo 'it is another image than .* in its registry' ;;
	manifest-* | layer-*) echo 'content is not sha256:.* but sha256:' ;;
	esac
}

# cell SOURCE KIND DEFECT: the status, one line for people, and the cause
cell() {
	local file=$dir/cells-online/$1-$2-$3 start='20 1 nodelift: rejected: .*'
	[[ $3 != right ]] || start='0 1 nodelift: '
	like "$1, $2, $3" "$(cat "$file.status") $(grep -c '^nodelift: ' "$file.err") $(tail -n 1 "$file.err")" "^$start$(cause "$@")" ||
		diag "$(cat "$file.err")"
	[[ $3 != right ]] || like "... by its key" "$(cat "$file.err")" "signature: $2, by key 'release\.pem'"
}

untouched() {
	disk "$node"
	containers "$node"
	at_node 'systemctl show -P MainPID docker containerd; docker image ls -a --no-trunc --digests | sort; ls /opt'
}
