#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The table: whatever source an image comes from and whichever cosign signed it, `nodelift plan` on a node takes it when
# it is right, and refuses it whatever is wrong with it. Each cell is an exit status and one line that names the cause.
. "$(dirname "$0")/../lab/lib.sh"
# shellcheck source=tests/e2e/verdicts.sh
. "$(dirname "$0")/verdicts.sh"

output=

make_keys right wrong
node_up "$node" trixie || exit 1
prepare_node
for kind in $kinds; do prepare_registry "$kind" && prepare_archives "$kind" || exit 1; done
prepare_engine || exit 1
before=$(untouched)

# In the registry's own storage content can change under its digest. Nobody could pull it then.
for kind in $kinds; do damage_storage "$kind" || exit 1; done
# shellcheck disable=SC2086 # words
judge cells-online "" $sources
judge cells-offline "unshare --net" layout archive

printf '# %-14s %-8s' source signed
printf ' %9s' $defects
echo
for source in $sources; do
	for kind in $kinds; do
		printf '# %-14s %-8s' "$source" "$kind"
		for defect in $defects; do printf ' %9s' "$(status_of "$source" "$kind" "$defect")"; done
		echo
	done
done

for source in $sources; do
	for kind in $kinds; do
		for defect in $defects; do cell "$source" "$kind" "$defect"; done
	done
done

is "without a network a layout and an archive get the same verdicts, word by word" "$(verdicts cells-offline layout archive)" \
	"$(verdicts cells-online layout archive)"
for kind in $kinds; do
	status_is "docker-archive, $kind, with a layer and a configuration that agree" 20 on "$node" nodelift plan --state-dir /tmp/state "/root/docker/$kind-forged.tar"
	like "... is told" "$output" 'nodelift: rejected: .*it is another image than'
done
ok "the node's disk, engine and images are as they were" diff <(echo "$before") <(untouched)
is "no cell began a run or moved the highest version" "$(cat "$dir"/cells-*/*.files | grep -v -x -e lock -e signatures)" ""
is "no signature was kept that does not count" "$(grep -l signatures "$dir"/cells-*/*-{wrong-key,other,expired,stripped,payload,manifest}.files)" ""

# The engine finds that itself, and says so before any byte comes: the node is to be fixed, there is no image to refuse.
ok "one byte of a layer in the engine's own storage" damage_engine bundle
status_is "... is a fault of the node" 10 on "$node" nodelift plan --state-dir /tmp/state "$(place_of docker-daemon bundle right)"
like "... that is named" "$(tail -n 1 <<<"$output")" '^nodelift: precheck: .*checksum failed'
done_testing
