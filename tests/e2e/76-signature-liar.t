#!/bin/bash
# SPDX-License-Identifier: MIT
#
# nodelift fetch, with a key, of images whose signatures are where and what they should not be
# (tests/registry/signed makes them). Nothing of an image that is refused is downloaded.
#
# NODELIFT=FILE  the program to try (build/nodelift)
set -u
cd "$(dirname "$0")/../.." || exit 1

# shellcheck source=tests/registry/serve.sh
. tests/registry/serve.sh
openssl ecparam -name prime256v1 -genkey -noout -out "$dir/key" && openssl ec -in "$dir/key" -pubout -out "$dir/etc/keys/k.pem" 2>/dev/null
serve tests/registry/signed --key "$dir/key"
read -r port _ <"$dir/ready"

# try MODE STATUS PATTERN DESCRIPTION: in an empty store; PATTERN is for the last line on stderr
try()
{
	local held=0 blobs
	mode=$1
	rm -rf "$dir/state"
	: >"$dir/log"
	timeout 120 "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --plain-http "localhost:$port/$mode:t" \
		>"$dir/out" 2>"$dir/err"
	status=$?
	blobs=$(find "$dir/state/store" -type f | wc -l)
	tally "$2" "$status"
	[ "$status" = "$2" ] || { held=1; echo "# status $status instead of $2"; }
	tail -n 1 "$dir/err" | grep -Eq -- "^nodelift: .*($3)" || held=1
	[ "$(grep -c '^nodelift: ' "$dir/err")" = 1 ] || held=1
	[ "$status" = 0 ] || [ "$blobs" = 1 ] || { held=1; echo "# $blobs files in the store"; }
	[ "$status" = 0 ] || [ ! -e "$dir/state/signatures" ] || held=1
	ok $held "$mode: $4"
}

# count FILTER NUMBER DESCRIPTION: requests for which the python expression over r is true
count()
{
	local got
	got=$(python3 -c 'import json, sys
print(sum(1 for l in open(sys.argv[1]) for r in [json.loads(l)] if eval(sys.argv[2])))' "$dir/log" "$1")
	[ "$got" = "$2" ]
	local held=$?
	[ "$held" = 0 ] || echo "# $got instead of $2 requests"
	ok $held "$mode: $3"
}

# ---- classic

try none 20 'is not signed: no signature was found' 'no signature'
count True 4 'the tag, and the three places where signatures are'
try c-good 0 fetched 'one good signature'
count '"referrers" in r["path"]' 0 'no other is looked for'
try c-none 20 'no signature was found' 'a list of no signatures'
try c-64 0 fetched 'as many signatures as there may be'
try c-65 20 'more than 64 classic signatures' 'one more'
count '"blobs" in r["path"]' 0 'none of them is asked for'
try c-4m 0 fetched 'the largest payload'
try c-4m1 20 '1 malformed .*layer of more than 4194304 bytes' 'one byte more'
count '"blobs" in r["path"]' 0 'which is not asked for'
try c-large 20 'malformed .*more than 4194304 bytes' 'a manifest that is too large'
try c-size 20 '1 malformed .*bytes instead of' 'a payload of another size'
try c-bytes 20 '1 malformed .*should be sha256:' 'a payload of another digest'
try c-negative 20 "1 malformed .*'size' must be a whole number" 'a negative size'
try c-path 20 '1 malformed .*is not a digest' 'a digest that is a path'
try c-type 20 "1 malformed .*a layer of type '.*tar'" 'a payload of another type'
try c-annotation 20 "1 malformed .*cosign/signature' is missing" 'no annotation'
try c-annotations 20 "1 malformed .*cosign/signature' is missing" 'annotations that are none'
try c-index 20 '1 malformed .*it is an index' 'an index'
try c-json 20 '1 malformed .*not JSON' 'no JSON'
try c-layers 20 "1 malformed .*'layers' must be an array" 'layers that are no list'
try c-case 20 "1 malformed .*'Critical' is not known" 'a name in another case'
try c-twice 20 "1 malformed .*'critical' occurs twice" 'a name that occurs twice'
try c-text 20 '1 malformed .*payload: not JSON' 'a payload that is no JSON'
try c-list 20 '1 malformed .*not a JSON object' 'a payload that is a list'
try c-missing 12 'BLOB|404' 'a payload that is not there'
try c-500 12 'answers 500' 'a registry that fails'
try c-403 12 '403' 'a registry that denies'

# ---- bundles, where the registry lists referrers

try b-good 0 fetched 'one good bundle'
count '"manifests/sha256-" in r["path"] and not r["path"].endswith(".sig")' 0 'the tag is not looked at'
try b-none 20 'no signature was found' 'no referrers'
try b-unfiltered 0 fetched 'among others'
try b-sbom 20 'no signature was found' 'only others'
try b-pages 0 fetched 'on the third page'
try b-pages-absolute 0 fetched 'on the third page, by address'
try b-pages-query 0 fetched 'on the third page, by query'
try b-elsewhere 12 'says that .* is its next page' 'a page on another host'
count 'r["port"] == "elsewhere"' 0 'which is not asked'
try b-outside 12 'says that .* is its next page' 'a page of another repository'
count '"other" in r["path"]' 0 'which is not asked for'
try b-loop 20 'more than 64 pages' 'a page that is its own next'
try b-torn 12 'page of the list of referrers is missing' 'a page that is missing'
try b-64 0 fetched 'as many as there may be'
try b-65 20 'more than 64 bundle signatures' 'one more'
try b-attestation 20 "1 of another purpose .*slsa" 'an attestation by the key'
try b-other 20 '1 of another image' 'a bundle for another image'
try b-two 20 "1 malformed .*'signatures' must hold exactly one" 'two signatures in one envelope'
try b-two-layers 20 '1 malformed .*2 layers instead of one' 'two bundles in one manifest'
try b-layer-type 20 '1 malformed .*a layer of type' 'a bundle of another type'
try b-text 20 '1 malformed .*not JSON' 'a bundle that is no JSON'
try b-path 20 '1 malformed .*is not a digest' 'a digest that is a path'
try b-string 20 '1 malformed .*entry is not an object' 'an entry that is none'
try b-swapped 20 '1 malformed .*something else' 'a manifest of another digest'
try b-gone 20 '1 malformed .*is missing' 'a manifest that is gone'
try b-gone-good 0 fetched '... beside a good one'
grep -q 'warning: beside it are signatures that are none: 1 malformed' "$dir/err"
ok $? 'b-gone-good: which is told'
try b-409 12 'answers 409' 'an answer that nobody expects'
try b-403 12 '403' 'a registry that denies'

# ---- ... and where it does not

for mode in b-tag b-html b-400 b-405 b-501; do
	try $mode 0 fetched 'the tag instead'
done

# ---- both

try both 0 fetched 'a good bundle beside a classic one that is malformed'
grep -q 'warning: beside it are signatures that are none: 1 malformed' "$dir/err"
ok $? 'both: which is told'
echo '{"signature_formats": ["classic"]}' >"$dir/etc/config.json"
try both 20 '1 classic signature found, 1 malformed' 'only the classic one counts'
count '"referrers" in r["path"]' 0 'no bundle is looked for'
echo '{"signature_formats": ["bundle"]}' >"$dir/etc/config.json"
try c-good 20 'no bundle signature was found' 'only bundles count'
count 'r["path"].endswith(".sig")' 0 'no classic one is looked for'
try both 0 fetched 'only the bundle counts'
! grep -q warning "$dir/err"
ok $? 'both: and nothing else is told'
tally_end signature-liar
echo "1..$n"
