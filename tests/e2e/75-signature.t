#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Signatures by the real cosign, 2 and 3: an image is taken when one of the node's keys signed it, and
# for no other reason. First nodelift fetch on this machine, then a node that has keys.
. "$(dirname "$0")/../lab/lib.sh"

# shellcheck source=tests/e2e/signatures.sh
. "$(dirname "$0")/signatures.sh"

node=signed1
output=

# ---- keys

kinds='p256 p384 p521 rsa'
openssl ecparam -name secp384r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$dir/p384"
openssl ecparam -name secp521r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$dir/p521"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$dir/rsa" 2>/dev/null ||
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out "$dir/rsa" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$dir/ed25519"
openssl pkey -in "$dir/ed25519" -pubout -out "$dir/keys/ed25519.pub"
make_keys p256 wrong
# cosign 2.5 cannot import what it can sign with
for name in p384 p521 rsa; do
	lab cosign 3 import-key-pair --key "$dir/$name" --output-key-prefix "$dir/keys/$name" >"$dir/log" 2>&1 ||
		{ diag "$(cat "$dir/log")"; exit 1; }
done

# ---- the table

for format in classic bundle; do
	for kind in $kinds; do
		what="$format, $kind"
		a=$(new "sig-$format-$kind") && b=$(new "sig-$format-$kind-other") && sign "$format" "$kind" "$a" || exit 1
		trust "$kind"
		taken "$what: signed by the key" "$a" "$kind" "$format"
		refused "$what: another image, not signed" "$b" 'is not signed: no signature was found.* 1\) must .*remove the keys'
		trust wrong
		refused "$what: signed by another key" "$a" '1 signature found, 1 by other keys: sign it'
		trust "$kind" wrong
		taken "$what: signed by one of two keys" "$a" "$kind" "$format"
		trust "$kind"
		tamper copy "$format" "$a" "$b" || exit 1
		refused "$what: the signature of another image" "$b" "1 signature found, 1 of another image \("
		tamper payload "$format" "$b" "$a" || exit 1
		refused "$what: one bit of what was signed" "$a" '1 signature found, 1 by other keys'
		tamper signature "$format" "$b" "$a" || exit 1
		refused "$what: one bit of the signature" "$a" '1 signature found, 1 by other keys'
		tamper copy "$format" "$b" "$a" || exit 1
		taken "$what: as it was" "$a" "$kind" "$format"
		tamper strip "$format" "$a" "$a" || exit 1
		refused "$what: stripped" "$a" 'no signature was found'
	done
done

# ---- more than one

trust p256
a=$(new sig-many) && sign classic wrong "$a" && sign classic p384 "$a" && sign bundle wrong "$a" && sign bundle p521 "$a" || exit 1
refused "four signatures by other keys" "$a" '4 signatures found, 4 by other keys'
sign classic p256 "$a" -a nodelift=yes || exit 1
taken "... and one by ours, with an annotation" "$a" p256 classic
for format in classic bundle; do
	echo "{\"signature_formats\": [\"$format\"]}" >"$dir/etc/config.json"
	[[ $format == classic ]] && taken "only classic ones count" "$a" p256 classic
	[[ $format == bundle ]] && refused "only bundles count" "$a" '2 bundle signatures found, 2 by other keys'
done
trust p521
taken "a bundle beside classic ones by other keys" "$a" p521 bundle

# ---- an index

trust p256
a=$(new sig-index --platform linux/arm64/v8 --platform linux/amd64) || exit 1
manifest=$(lab net curl -s --cacert "$LAB_CA" -H 'Accept: application/vnd.oci.image.index.v1+json' \
	"https://$LAB_REGISTRY/v2/$LAB_REPOSITORY/manifests/$a" | jq -r '.manifests[] | select(.platform.architecture == "amd64").digest')
sign classic p256 "$manifest" || exit 1
refused "a manifest that is signed in an index that is not" "$a" 'no signature was found'
taken "... by its own digest" "$manifest" p256 classic
for format in classic bundle; do
	tamper strip classic "$manifest" "$manifest"
	tamper strip classic "$a" "$a"
	sign "$format" p256 "$a" || exit 1
	taken "an index that is signed, $format" "$a" p256 "$format"
	refused "... is no signature of what is in it by itself" "$manifest" 'no signature was found'
done

# ---- keys

trust
fetch "$a"
is "without a key nothing is required" "$status $(grep -c 'signature: none required, no key in' "$dir/out")" "0 1"
is "... and the result names nobody" "$(tail -n 1 "$dir/out" | jq -c .signed_by)" null

# bad_key DESCRIPTION REGEX
bad_key() {
	fetch "$a"
	like "$1" "$status $result" "^2 usage: $dir/etc/keys/$2"
}

trust p256 ed25519
bad_key "Ed25519 is refused by name" 'ed25519\.pem: Ed25519 keys are not supported: sign with an ECDSA key'
trust p256
cp "$dir/keys/p256.key" "$dir/etc/keys/secret.pem"
bad_key "a private key" 'secret\.pem: holds a private key'
trust p256
: >"$dir/etc/keys/empty.pem"
bad_key "an empty file" "empty\.pem: holds no PEM block 'PUBLIC KEY'"
trust p256
cp "$dir/keys/p384.pub" "$dir/etc/keys/"
bad_key "a key that would not be looked at" 'p384\.pub: .*its name must end with \.pem'
trust p256
mkdir "$dir/etc/keys/directory.pem"
fetch "$a"
like "a directory" "$status $result" "^2 usage: .*$dir/etc/keys/directory\.pem"
trust p256
ln -s nowhere "$dir/etc/keys/link.pem"
fetch "$a"
like "a link to nowhere" "$status $result" "^2 usage: .*$dir/etc/keys/link\.pem.*No such file"
trust p256
echo >"$dir/etc/keys/.hidden"
taken "only what is hidden is not looked at" "$a" p256 bundle
for formats in '[]' '["Classic"]' '"classic"' '[1]'; do
	echo "{\"signature_formats\": $formats}" >"$dir/etc/config.json"
	fetch "$a"
	like "signature_formats: $formats" "$status $result" "^2 usage: $dir/etc/config\.json: key 'signature_formats'"
done

# ---- without a network

# again DESCRIPTION REGEX [ARG...]: what is in the store, and nobody answers
again() {
	local description=$1 regex=$2
	status=0
	"$LAB_TOP/build/nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$LAB_CA" \
		"$repository@$a" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	like "$description" "$status $(cat "$dir/err")" "$regex"
}

trust p256
fetch "$a"
kept=$dir/state/signatures/${a/:/-}.json
cp "$kept" "$dir/kept"
again "what was fetched is proved again without a network" "^0 .*signature: bundle, by key 'p256\.pem'"
trust wrong
again "... but not by another key" "^12 .*$LAB_REGISTRY"
trust p256
echo '{"signature_formats": ["classic"]}' >"$dir/etc/config.json"
again "... nor in another format" "^12 .*$LAB_REGISTRY"
trust p256
rm "$kept"
again "... nor without what was kept" "^12 .*$LAB_REGISTRY"
jq -c '.signatures[0].document |= (.[:400] + (if .[400:401] == "A" then "B" else "A" end) + .[401:])' "$dir/kept" >"$kept"
again "... nor when that was changed" "^12 .*$LAB_REGISTRY"
echo '{' >"$kept"
again "... nor when it cannot be read" "^12 .*cannot be used: .*not JSON.*no such host 'registry\.lab'"
cp "$dir/kept" "$kept"
again "... and again as it was" "^0 "

# ---- a node

lab image sig-engine --from 26.1.5 --text "etc/signed=$EPOCHREALTIME" >/dev/null && engine=$repository@$(digest_of sig-engine) && node_up "$node" || exit 1
on "$node" mkdir -p /etc/nodelift/keys
lab cp "$dir/keys/p384.pub" "$node:/etc/nodelift/keys/release.pem"
before=$(disk "$node")
for command in check plan fetch upgrade; do
	status_is "$command: an image that is not signed" 20 on "$node" nodelift "$command" "$engine"
	like "... is told in one line" "$(grep -c '^nodelift: ' <<<"$output") $output" "^1 .*rejected: .*is not signed.*'/etc/nodelift/keys' \(there is 1\)"
done
is "the node's disk is as it was" "$(sha256sum <<<"$(disk "$node")")" "$(sha256sum <<<"$before")"
sign bundle p384 "${engine#*@}" || exit 1
ok "signed: fetch" on "$node" nodelift fetch "$engine"
ok "the network goes" on "$node" sh -c 'echo 127.0.0.1 registry.lab >/etc/hosts && ! curl -sk https://registry.lab:5443/'
status_is "signed: upgrade without a network" 0 on "$node" nodelift upgrade --soak 1 "$engine"
like "... proved by what was kept" "$output" "signature: bundle, by key 'release\.pem'"
is "... is what runs" "$(on "$node" docker version -f '{{.Server.Version}}')" "26.1.5+dfsg1"
is "... and the result of the run says who signed it" "$(on "$node" sh -c 'grep -ho "release\.pem" /var/lib/nodelift/runs/*/result.json')" "release.pem"
on "$node" sh -c 'rm -rf /var/lib/nodelift/signatures'
status_is "without what was kept: refused" 12 on "$node" nodelift check "$engine"
done_testing
