#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A run that is told to stop, or killed: before the engine is stopped nothing is left behind, after it
# the node goes back to what it was. What is no reason to stop does not stop it.
. "$(dirname "$0")/../lab/lib.sh"

node=int1
node_up "$node" || exit 1
lab workload "$node" 2 >/dev/null || exit 1
# not compressed: quick to unpack, long enough to pull
image=$(lab image 26.1.5-plain) || exit 1
output=

# On the node: start a run, wait until it says something, send it a signal; its status, what it said.
#
#	interrupt PATTERN SIGNAL COMMAND...
#
# 99: it ended, or a minute went by, before it said so.
lab exec "$node" sh -c 'cat >/tmp/interrupt && chmod 755 /tmp/interrupt' <<'END' || exit 1
#!/bin/bash
pattern=$1 signal=$2 said=$(mktemp /tmp/said.XXXXXX)
shift 2
set -m # so that it heeds SIGINT though it is in the background
"$@" >"$said" 2>&1 &
run=$!
for ((i = 0; ; i++)); do
	grep -qE "$pattern" "$said" && break
	((i < 3000)) && kill -0 $run 2>/dev/null || { cat "$said"; kill -KILL $run 2>/dev/null; exit 99; }
	sleep 0.02
done
kill "-$signal" $run
wait $run 2>/dev/null
status=$?
cat "$said"
exit $status
END

# ---- what a node is

engine_pid() { on "$node" systemctl show -P MainPID docker.service; }
leftovers() { on "$node" find / -xdev -name '.*nodelift-*'; }
versions() { on "$node" docker version -f '{{.Server.Version}}'; }
processes() { on "$node" sh -c 'for u in docker containerd; do sha256sum <"/proc/$(systemctl show -P MainPID $u)/exe"; done'; }
up() { on "$node" docker ps --format '{{.Names}} {{.State}}' | sort; }
last() { on "$node" nodelift status --json | jq -r '"\(.unfinished) \(.last.outcome) \(.last.status) \(.running)"'; }

pid=$(engine_pid)
disk_before=$(disk "$node")
containers_before=$(containers "$node")
version_before=$(versions)
processes_before=$(processes)
up_before=$(up)
like "the node is ready" "$version_before $up_before" "^20\.10\.24.*work1 running.*work2 running"

# untouched WHEN: not even restarted
untouched() {
	is "$1: nothing is left" "$(leftovers)" ""
	is "$1: the engine is the same process" "$(engine_pid)" "$pid"
	is "$1: the containers are the same processes" "$(containers "$node")" "$containers_before"
}

# put_back WHEN: the old set runs again
put_back() {
	is "$1: the old version runs" "$(versions)" "$version_before"
	is "$1: the old programs run" "$(processes)" "$processes_before"
	is "$1: the containers run" "$(up)" "$up_before"
	is "$1: nothing is left" "$(leftovers)" ""
}

same_disk() { is "$1: the files are the same" "$(disk "$node" | diff <(echo "$disk_before") - | head -n 20)" ""; }

# ---- before the stop

status_is "SIGTERM during the pull" 12 on "$node" /tmp/interrupt '^pull' TERM nodelift upgrade "$image"
like "... one line says so" "$output" $'\nnodelift: retry: interrupted by SIGTERM; nothing was touched$'
untouched "SIGTERM during the pull"

status_is "SIGINT while the image is unpacked" 12 on "$node" /tmp/interrupt 'every byte verified' INT nodelift upgrade "$image"
like "... one line says so" "$output" $'\nnodelift: retry: interrupted by SIGINT; nothing was touched$'
untouched "SIGINT while the image is unpacked"
is "... no half of a file is in the store" "$(on "$node" find /var/lib/nodelift/store/tmp -type f)" ""

status_is "SIGTERM while the files are staged" 12 on "$node" /tmp/interrupt '^keep' TERM nodelift upgrade "$image"
like "... one line says so" "$output" $'\nnodelift: retry: interrupted by SIGTERM'
untouched "SIGTERM while the files are staged"
is "... its run is known as one that touched nothing" "$(last)" "null untouched 12 null"
same_disk "signals before the stop"

# ---- after the stop: the way back takes as long a soak time as the way there

status_is "SIGINT while the new engine starts" 30 on "$node" /tmp/interrupt '^restart' INT nodelift upgrade --soak 5 "$image"
like "... one line says so" "$output" $'\nnodelift: rolled-back: interrupted by SIGINT; the node is back on 20\.10\.24.* and healthy$'
put_back "SIGINT while the new engine starts"
is "... and known" "$(last)" "null rolled-back 30 null"

status_is "SIGTERM during the soak time" 30 on "$node" /tmp/interrupt 'must stay so' TERM nodelift upgrade --soak 5 "$image"
like "... one line says so" "$output" $'\nnodelift: rolled-back: interrupted by SIGTERM; the node is back on 20\.10\.24.* and healthy$'
put_back "SIGTERM during the soak time"
same_disk "signals after the stop"

# ---- killed

status_is "SIGKILL during the soak time" 137 on "$node" /tmp/interrupt 'must stay so' KILL nodelift upgrade --soak 5 "$image"
is "... the new version runs" "$(versions)" "26.1.5+dfsg1"
like "... a run waits for recovery" "$(last)" "^[0-9]{6} "
status_is "SIGKILL during recovery" 137 on "$node" /tmp/interrupt '^undo +(restart|swap)' KILL nodelift recover
status_is "recover" 0 on "$node" nodelift recover
like "... says what it does" "$output" "recover +.*not committed: it is undone"
put_back "recovered"
same_disk "recovered"
is "... and known" "$(last)" "null rolled-back 30 null"
status_is "recover once more has nothing to do" 0 on "$node" nodelift recover
is "... and does nothing" "$(grep -cE '^(undo|recover)' <<<"$output")" 0

# ---- no reason to stop

# Nobody listens, and the numbers 0 to 2 are not open: a file that gets one of them must not be written to by mistake.
# Meanwhile somebody else wants the node.
lab exec "$node" sh -c 'cat >/tmp/alone' <<'END'
cd /var/lib/nodelift || exit 1
before=$(ls runs 2>/dev/null | tail -n 1)
nodelift upgrade --soak 10 "$1" <&- >&- 2>&- &
run=$!
for ((i = 0; i < 3000; i++)); do
	now=$(ls runs 2>/dev/null | tail -n 1)
	[[ $now != "$before" ]] && grep -qs 'must stay so' "runs/$now/events.jsonl" && break
	sleep 0.02
done
kill -HUP $run
echo "process $run"
cat lock
nodelift upgrade "$1-other" && echo "status $?" || echo "status $?"
nodelift status
wait $run
END
status_is "closed descriptors and SIGHUP do not stop a run" 0 on "$node" bash /tmp/alone "$image"
owner=unknown
[[ $output =~ ^process\ ([0-9]+) ]] && owner="'nodelift upgrade', process ${BASH_REMATCH[1]}, since 20[-0-9]+T[.:0-9]+Z"
like "... who is named to another one" "$output" $'\n'"nodelift: busy: another run holds this node: $owner"$'\nstatus 11\n'
like "... whose lock says no more than that" "$output" $'\n'"$owner"$'\nnodelift: '
like "... and status" "$output" $'\n'"running +$owner"
is "... and the node is upgraded" "$(last) $(versions)" "null upgraded 0 null 26.1.5+dfsg1"
is "... its containers run" "$(up)" "$up_before"

status_is "readers that go away do not stop a run" 0 on "$node" bash -c \
	'{ nodelift rollback --soak 1 --verbose 2>&3; echo "status $?" >/tmp/status; } 3>&1 | head -n 1; grep -x "status 0" /tmp/status'
put_back "after that"
same_disk "after that"
is "... and known" "$(last)" "null rolled-back 0 null"
done_testing
