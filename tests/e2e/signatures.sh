# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests with signed images: images, keys, signatures by the real cosign, and nodelift fetch on this machine.

dir=$(mktemp -d /tmp/nodelift-signature.XXXXXX)
trap 'status=$?; rm -rf "$dir"; (exit $status); tap_end' EXIT
export LAB_CA
repository=$LAB_REGISTRY/$LAB_REPOSITORY
mkdir "$dir/keys"

# make_keys NAME...: on P-256
make_keys() {
	local name
	for name in "$@"; do
		lab cosign 2 generate-key-pair --output-key-prefix "$dir/keys/$name" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; exit 1; }
	done
}

# new TAG [OPTION...]: a small image that nobody has signed yet; prints its digest
new() { lab image "$1" --from bad-empty --text "etc/tag=$1 $EPOCHREALTIME" "${@:2}" >/dev/null && digest_of "$1"; }

digest_of() {
	lab net curl -sI --cacert "$LAB_CA" -H 'Accept: application/vnd.oci.image.manifest.v1+json' \
		-H 'Accept: application/vnd.oci.image.index.v1+json' "https://$LAB_REGISTRY/v2/$LAB_REPOSITORY/manifests/$1" |
		tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}

# sign FORMAT KEY DIGEST [OPTION...]
sign() { lab sign "$1" "$dir/keys/$2.key" "$repository@$3" "${@:4}" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; return 1; }; }
tamper() { lab net "$LAB_TOP/tests/registry/tamper" "$1" "$2" "$repository" "$3" "$4" >"$dir/log" 2>&1 || { diag "$(cat "$dir/log")"; return 1; }; }

# trust KEY...: these are the node's keys
trust() {
	local name
	rm -rf "${dir:?}/etc"
	mkdir -p "$dir/etc/keys"
	for name in "$@"; do cp "$dir/keys/$name.pub" "$dir/etc/keys/$name.pem"; done
}

# fetch DIGEST [ARG...]: into an empty store; $status, $dir/out, $dir/err
fetch() {
	status=0
	rm -rf "$dir/state"
	lab net "$LAB_TOP/build/nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$LAB_CA" --json \
		"$repository@$1" "${@:2}" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	result=$(tail -n 1 "$dir/out" | jq -r '"\(.name): \(.message // .outcome)"')
}

# taken DESCRIPTION DIGEST KEY FORMAT
taken() {
	local fingerprint
	fingerprint=$(openssl pkey -pubin -in "$dir/keys/$3.pub" -outform DER | sha256sum | cut -d ' ' -f 1)
	fetch "$2"
	is "$1" "$status $(tail -n 1 "$dir/out" | jq -c .signed_by)" \
		"0 [{\"key\":\"$3.pem\",\"fingerprint\":\"sha256:$fingerprint\",\"format\":\"$4\"}]"
}

# refused DESCRIPTION DIGEST REGEX [FILES]: 20, the line says why, and no layer was asked for: so many files are in the store
refused() {
	fetch "$2"
	like "$1" "$status $result; $(find "$dir/state/store" -type f | wc -l)" "^20 rejected: .*$2.*$3.*; ${4:-1}\$"
}
