#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What the node's owner demands, /etc/nodelift/policy.json: who must have signed, and with nodelift fetch on this machine
# what a signature by the real cosign, 2 and 3, claims. Then on a node: versions and channels do not go back.
. "$(dirname "$0")/../lab/lib.sh"
# shellcheck source=tests/e2e/signatures.sh
. "$(dirname "$0")/signatures.sh"

node=policy1
output=
past=2025-01-31T00:00:00Z
future=2099-01-31T00:00:00Z
rule="$dir/etc/policy.json, rule 'lab', "
make_keys old new third

# policy JSON: a rule named 'lab' for the lab's images; '{}': as without a file, but for unsigned ones
policy() { jq -n --arg repository "$repository" "{rules: [{name: \"lab\", repositories: [\$repository]} + $1]}" >"$dir/etc/policy.json"; }
claim() { tail -n 1 "$dir/out" | jq -c "$1"; }
signers() { claim '[.signed_by[] | "\(.key) \(.format)"] | sort | join(", ")' | tr -d '"'; }

# accepted DESCRIPTION DIGEST SIGNERS
accepted() {
	fetch "$2"
	is "$1" "$status $(signers)" "0 $3"
	[[ $status == 0 ]] || diag "$result"
}

# again DESCRIPTION DIGEST REGEX: with what is in the store; the network is there only with `lab net`
again() {
	local how=()
	[[ $1 == "offline:"* ]] || how=(lab net)
	status=0
	"${how[@]}" "$LAB_TOP/build/nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$LAB_CA" --json \
		"$repository@$2" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	like "$1" "$status $(signers 2>/dev/null) $(jq -r .message "$dir/out" | tac)" "$3"
}

# ---- who must have signed

trust old new third
by_old=$(new policy-old) && sign classic old "$by_old" && by_new=$(new policy-new) && sign bundle new "$by_new" &&
	by_both=$(new policy-both) && sign classic old "$by_both" && sign bundle new "$by_both" &&
	by_nobody=$(new policy-nobody) || exit 1

policy '{signatures: 2}'
accepted "two of three keys: signed by two, in two formats" "$by_both" "new.pem bundle, old.pem classic"
again "offline: proved by what was kept of both" "$by_both" "^0 new.pem bundle, old.pem classic"
kept=$dir/state/signatures/${by_both/:/-}.json
cp "$kept" "$dir/kept"
jq -c 'del(.signatures[1])' "$dir/kept" >"$kept"
again "offline: ... not by one of them" "$by_both" "^12 "
jq -c '.signatures[1] = .signatures[0]' "$dir/kept" >"$kept"
again "offline: ... nor by one of them twice" "$by_both" "^12 "
cp "$dir/kept" "$kept"
policy '{signatures: 2, keys: ["old.pem", "third.pem"]}'
again "... when the rule names other keys, nor by the registry" "$by_both" \
	"^20 .*is signed by 1 key \('old.pem'\), and $rule.*asks for 2: beside it found 1 by other keys: sign it with more"
policy '{signatures: 2}'
refused "signed by one" "$by_old" "signed by 1 key \('old.pem'\), and $rule.*asks for 2: beside it found no other"
sign classic old "$by_old" -a again=yes && sign bundle old "$by_old" || exit 1
refused "signed by one key three times" "$by_old" "signed by 1 key \('old.pem'\), and $rule.*asks for 2"
policy '{signatures: 3}'
refused "three of three: signed by two" "$by_both" "signed by 2 keys \('old.pem', 'new.pem'\), and $rule.*asks for 3"
policy '{keys: ["new.pem"]}'
accepted "the key that the rule names" "$by_new" "new.pem bundle"
refused "a key that it does not name" "$by_old" "is not signed by a key in .* that counts \(${rule%, }\): 3 signatures found, 3 by other keys"
policy '{signature_formats: ["bundle"]}'
accepted "the format that the rule names" "$by_both" "new.pem bundle"
policy '{signature_formats: ["classic"]}'
refused "... and not another" "$by_new" "no classic signature was found, .*there are 3\) must have made one \(${rule%, }\): .*\"unsigned\": \"accepted\""
echo '{"signature_formats": ["classic"]}' >"$dir/etc/config.json"
policy '{}'
refused "where a rule does not say, config.json does" "$by_new" "no classic signature was found"
rm "$dir/etc/config.json"
policy "{signature_formats: [\"classic\"], signed_as: \"$repository\"}"
accepted "signed under the name that is asked for" "$by_both" "old.pem classic"
policy '{signature_formats: ["classic"], signed_as: "registry.lab/other"}'
refused "... and under another" "$by_both" "1 classic signature found, 1 under another name \(it signs '$repository', not 'registry.lab/other'\)"
refused "nobody has signed" "$by_nobody" "no classic signature was found"
policy '{unsigned: "accepted"}'
accepted "a rule that accepts unsigned images" "$by_nobody" ""
policy "{digests: [\"$by_old\"]}"
accepted "an image that is pinned" "$by_old" "old.pem classic"
refused "... and one that is not" "$by_new" "is none of the images that ${rule}allows: add its digest there"
policy '{repositories: ["registry.lab/other/*"]}'
refused "no rule is for it" "$by_old" "no rule of $dir/etc/policy.json is for '$repository', and it has no default: add one"
jq '.default = {keys: ["new.pem"]}' "$dir/etc/policy.json" >"$dir/policy" && cp "$dir/policy" "$dir/etc/policy.json"
accepted "... but the default" "$by_new" "new.pem bundle"
refused "... which has a name as well" "$by_old" "$dir/etc/policy.json, the default\)"
policy '{name: "first", unsigned: "accepted"}, {name: "second", repositories: ["*"]}'
accepted "the first rule that fits counts" "$by_nobody" ""
trust
policy '{}'
refused "a rule that asks for a signature where there is no key" "$by_old" "${rule}asks for a signature, and there is no key in '$dir/etc/keys'"
trust old
policy '{keys: ["gone.pem"]}'
fetch "$by_old"
like "a key that is not there" "$status $result" "^2 usage: ${rule%, }: key 'keys' names 'gone.pem', which is not in '$dir/etc/keys'"

# ---- keys change

trust old new
for kind in old:classic new:bundle; do
	digest=by_${kind%:*}
	accepted "both keys are there: ${kind%:*}" "${!digest}" "${kind%:*}.pem ${kind#*:}"
done
fetch "$by_old"
rm "$dir/etc/keys/old.pem"
again "the old key is taken away: not by what was kept either" "$by_old" "^20 .*3 signatures found, 3 by other keys.*[oO]f the signatures that were kept 1 by other keys"
again "offline: ... nor without a network" "$by_old" "^12 .*of the signatures that were kept 1 by other keys"
accepted "... and the new one still counts" "$by_new" "new.pem bundle"
refused "... and the old one alone no more" "$by_old" "3 by other keys"

# ---- what a signature claims

trust old new
for format in classic bundle; do
	a=$(new "policy-claims-$format") && sign "$format" old "$a" -a nodelift.version=26.1.5 -a nodelift.epoch=7 \
		-a nodelift.channel=edge -a "nodelift.expires=$future" -a other=thing || exit 1
	accepted "$format: with claims" "$a" "old.pem $format"
	is "$format: ... which the result has" "$(claim '[.channel, .epoch]')" '["edge",7]'
	policy '{expiry: "required", channels: ["edge"], minimum_epoch: 7, minimum_version: "26.0"}'
	accepted "$format: which the rule asks for" "$a" "old.pem $format"
	again "offline: $format: ... without a network" "$a" "^0 old.pem $format"
	policy '{minimum_epoch: 8}'
	refused "$format: a higher epoch is asked for" "$a" "its epoch is 7: ${rule}takes none below 8" 2
	policy '{channels: ["stable"]}'
	refused "$format: another channel" "$a" "26.1.5 is of channel 'edge': ${rule}takes only 'stable': add it there" 2
	policy '{minimum_version: "26.1.6"}'
	refused "$format: a newer version" "$a" "26.1.5 is older than 26.1.6: ${rule}takes none below it" 2
	rm "$dir/etc/policy.json"

	a=$(new "policy-expired-$format") && sign "$format" old "$a" -a "nodelift.expires=$past" || exit 1
	refused "$format: expired" "$a" "1 signature found, 1 no longer valid \(expired on $past\)"
	sign "$format" old "$a" -a "nodelift.expires=$future" || exit 1
	accepted "$format: ... and signed again" "$a" "old.pem $format"
	a=$(new "policy-malformed-$format") && sign "$format" old "$a" -a nodelift.epoch=seven || exit 1
	refused "$format: a claim that is none" "$a" "1 signature found, 1 malformed \(.*'nodelift.epoch' is 'seven', not a whole number"
	a=$(new "policy-misspelt-$format") && sign "$format" old "$a" -a "nodelift.expiry=$past" || exit 1
	refused "$format: a claim that is misspelt" "$a" "1 malformed \(.*'nodelift.expiry' is not known"
	a=$(new "policy-two-$format") && sign "$format" old "$a" -a nodelift.epoch=1 && sign "$format" new "$a" -a nodelift.epoch=2 || exit 1
	refused "$format: two that do not agree" "$a" "its signatures do not agree: its nodelift.epoch is '[12]' and '[12]'"
done
policy '{expiry: "required"}'
refused "an expiry is asked for" "$by_old" "it does not say when it expires: ${rule}asks for that: sign it with -a nodelift.expires=TIME" 2
a=$(new policy-label --label "nodelift.expires=$future" --label nodelift.epoch=4 --label nodelift.version=26.1.5) && sign classic old "$a" || exit 1
accepted "a label of the image will do" "$a" "old.pem classic"
is "... and says the epoch" "$(claim '[.channel, .epoch]')" '["stable",4]'
sign bundle new "$a" -a nodelift.epoch=5 || exit 1
policy '{keys: ["new.pem"]}'
fetch "$a"
is "... which the signature says better" "$status $(claim .epoch)" "0 5"
rm "$dir/etc/policy.json"
a=$(new policy-label-past --label "nodelift.expires=$past") && sign classic old "$a" || exit 1
refused "a label that has expired" "$a" "expired on $past, says its label nodelift.expires" 2
a=$(new policy-label-bad --label nodelift.epoch=x) && sign classic old "$a" || exit 1
refused "a label that is no claim" "$a" "labels of the image: 'nodelift.epoch' is 'x'" 2
a=$(new policy-differ --label nodelift.version=26.1.4) && sign classic old "$a" -a nodelift.version=26.1.5 || exit 1
refused "signature and label name different versions" "$a" "signed as version '26.1.5', but its label nodelift.version says '26.1.4'" 2

# ---- a node

result() { tail -n 1 <<<"$output" | jq -c "$1"; }
highest() { on "$node" jq -c '."docker-dind" | [.version, .channel, .epoch]' /var/lib/nodelift/highest.json; }
nl() { on "$node" nodelift "$@"; }

# says_no DESCRIPTION REGEX COMMAND...: 20, in one line, and nothing has happened to the node
says_no() {
	local description=$1 regex=$2
	status_is "$description" 20 nl "${@:3}"
	like "... in one line" "$(grep -c '^nodelift: ' <<<"$output") $(grep '^nodelift: ' <<<"$output")" "^1 nodelift: rejected: .*$regex"
	is "... and the engine goes on" "$(on "$node" systemctl show -P MainPID docker)" "$pid"
}

# says_yes DESCRIPTION ALLOWED COMMAND...: check
says_yes() {
	status_is "$1" 0 nl check --json "${@:3}"
	is "... with these words" "$(result .allowed)" "$2"
}

without="the default without /etc/nodelift/policy.json"
engine=$repository
rc=$(lab image policy-rc --from newest --label nodelift.channel=rc) && early=$(lab image policy-early --from 20.10.24 --label nodelift.version=20.10.24) &&
	epoch=$(lab image policy-epoch --from 20.10.24 --label nodelift.epoch=5) && lie=$(lab image policy-lie --from 20.10.24 --label nodelift.version=29.0.0) &&
	node_up "$node" || exit 1
lab image 20.10.24 >/dev/null && lab image 26.1.5 >/dev/null && lab image newest >/dev/null || exit 1

status_is "an upgrade: 20.10.24 -> 26.1.5" 0 nl upgrade --json --soak 1 "$engine:26.1.5"
is "... needs no word" "$(result '[.outcome, .channel, .allowed]')" '["upgraded","stable",null]'
is "... and is remembered" "$(highest)" '["26.1.5","stable",0]'
is "... by its plan" "$(on "$node" jq -c '[.channel, .allowed]' /var/lib/nodelift/runs/000001/plan.json)" '["stable",null]'
on "$node" sh -c 'rm /var/lib/nodelift/highest.json /var/lib/nodelift/runs/000001/result.json'
ok "a run that was killed after its commit: recover" nl recover
is "... remembers it" "$(highest)" '["26.1.5","stable",0]'

pid=$(on "$node" systemctl show -P MainPID docker)
before=$(disk "$node")
for command in check plan upgrade; do
	says_no "$command: an older version" "20.10.24: 20.10.24 is older than 26.1.5\+dfsg1, which runs here \($without\): give --allow-downgrade$" "$command" "$engine:20.10.24"
done
is "the node's disk is as it was" "$(sha256sum <<<"$(disk "$node")")" "$(sha256sum <<<"$before")"
on "$node" sh -c 'rm -rf /var/lib/nodelift/store'
says_no "its version is in a label" "is older than 26.1.5" upgrade "$early"
is "... and its layers are not asked for" "$(on "$node" sh -c 'find /var/lib/nodelift/store -type f | wc -l')" 2
says_no "a label that lies about it" "it is signed as version '29.0.0', but the image says '20.10.24'" check "$lie"
says_yes "check --allow-downgrade" '["downgrade"]' --allow-downgrade "$engine:20.10.24"
says_yes "check --allow-downgrade for what is newer" null --allow-downgrade "$engine:$LAB_NEWEST"
status_is "plan --allow-downgrade" 0 nl plan --allow-downgrade --json "$engine:20.10.24"
is "... says it" "$(grep '"steps"' <<<"$output" | jq -c .allowed)" '["downgrade"]'

on "$node" sh -c 'mkdir -p /etc/nodelift; cat >/etc/nodelift/policy.json' </dev/null
set_policy() { jq -n "{default: ({unsigned: \"accepted\"} + $1)}" >"$dir/policy.json"; lab cp "$dir/policy.json" "$node:/etc/nodelift/policy.json"; }
named="/etc/nodelift/policy.json, the default"
set_policy '{forbid: ["allow-downgrade"]}'
says_no "the policy forbids the word" "20.10.24 is older than 26.1.5\+dfsg1, which runs here: $named, forbids --allow-downgrade$" upgrade --allow-downgrade "$engine:20.10.24"
set_policy '{minimum_version: "23.0"}'
says_no "the policy has a minimum" "20.10.24 is older than 23.0: $named, takes none below it: lower minimum_version$" upgrade --allow-downgrade "$engine:20.10.24"
set_policy '{step: "major"}'
says_no "too far at once" "$LAB_NEWEST is too far from 26.1.5\+dfsg1, which runs here: $named, allows one major at once: go there by way of a version between them$" upgrade "$engine:$LAB_NEWEST"
set_policy '{step: "release", releases: ["20.10", "26.1", "28"]}'
says_yes "the next release of a list" null "$engine:$LAB_NEWEST"
set_policy '{channels: ["stable"]}'
says_no "a channel that the policy does not take" "$LAB_NEWEST is of channel 'rc': $named, takes only 'stable': add it there$" upgrade --allow-channel-change "$rc"
set_policy '{forbid: ["allow-channel-change"]}'
says_no "a change of the channel that it forbids" "is of channel 'rc', and 26.1.5\+dfsg1, which runs here, of 'stable': $named, forbids --allow-channel-change$" upgrade --allow-channel-change "$rc"
on "$node" rm /etc/nodelift/policy.json
says_no "a change of the channel" "of 'stable' \($without\): give --allow-channel-change$" upgrade "$rc"
says_yes "check --allow-channel-change" '["channel-change"]' --allow-channel-change "$rc"

status_is "upgrade --allow-downgrade, handed over to a process of its own" 50 nl upgrade --detach --allow-downgrade --soak 1 "$engine:20.10.24"
status_is "... goes back" 0 nl wait --json
is "... and says that it was allowed" "$(result '[.outcome, .allowed]')" '["upgraded",["downgrade"]]'
is "... that is the highest now" "$(highest)" '["20.10.24","stable",0]'

status_is "upgrade to $LAB_NEWEST" 0 nl upgrade --json --soak 1 "$engine:$LAB_NEWEST"
ok "and rolled back" nl rollback --soak 1
is "the highest is what was committed" "$(highest)" "[\"$LAB_NEWEST\",\"stable\",0]"
pid=$(on "$node" systemctl show -P MainPID docker)
says_no "a version between" "26.1.5 is older than $LAB_NEWEST, which was committed here \($without\): give --allow-downgrade$" upgrade "$engine:26.1.5"
says_yes "... with a word" '["downgrade"]' --allow-downgrade "$engine:26.1.5"
says_yes "the highest again" null "$engine:$LAB_NEWEST"
status_is "what runs here is no step back" 0 nl upgrade --json "$engine:20.10.24"
is "... but nothing to do" "$(result '[.outcome, .allowed]')" '["unchanged",null]'
is "... and no highest" "$(highest)" "[\"$LAB_NEWEST\",\"stable\",0]"
status_is "the same with an epoch" 0 nl upgrade --json "$epoch"
is "... nothing to do either" "$(result '[.outcome, .epoch]')" '["unchanged",5]'
is "... but the epoch is remembered" "$(highest)" "[\"$LAB_NEWEST\",\"stable\",5]"
for image in "$engine:20.10.24" "$engine:$LAB_NEWEST"; do
	says_no "an epoch that is lower" "its epoch is 0, and 5 was committed here: no option allows that" upgrade --allow-downgrade --allow-channel-change "$image"
done
on "$node" sh -c 'echo "{" >/var/lib/nodelift/highest.json'
status_is "a damaged memory is not forgotten" 40 nl check "$epoch"
like "... and named" "$output" "nodelift: broken: .*/var/lib/nodelift/highest.json"
done_testing
