#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job on real nodes: upgrade, nothing to do, rollback, and what plan says against what is done.
# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/../lab/lib.sh"

old=20.10.24+dfsg1
image=$LAB_REGISTRY/lab/engine:26.1.5

engine() { on "$1" docker version -f '{{.Server.Version}}'; }
running() { on "$1" sh -c 'docker ps -q --no-trunc | sort'; }
leftovers() { on "$1" find /usr /opt /etc -xdev -name '.*nodelift*'; }
result() { tail -n 1 <<<"$output" | jq -r "$1"; }

# The process of each daemon is the file that is at its path.
runs_its_file() {
	on "$1" sh -c 'for d in docker:/usr/sbin/dockerd containerd:/usr/bin/containerd; do
		pid=$(systemctl show -P MainPID "${d%%:*}.service")
		[ "$(stat -Lc %i "/proc/$pid/exe")" = "$(stat -c %i "${d#*:}")" ] || exit 1
	done'
}

node_up up1
lab workload up1 2 >/dev/null
disk up1 >/tmp/up1.before.$$
before=$(running up1)

status_is "check: the node qualifies" 0 on up1 nodelift check
status_is "plan: without touching the node" 0 on up1 nodelift plan --json "$image"
plan=$(grep '"steps"' <<<"$output")
is "and the disk is as before" "$(disk up1)" "$(cat /tmp/up1.before.$$)"
is "plan: the steps" "$(jq -r '[.steps[].kind] | join(" ")' <<<"$plan")" \
	"guard keep stage probe baseline swap restart health"

status_is "upgrade 20.10.24 -> 26.1.5" 0 on up1 nodelift upgrade --json --soak 2 "$image"
is "outcome" "$(result .outcome)" upgraded
is "from" "$(result .from)" "$old"
is "to" "$(result .to)" 26.1.5
like "the downtime was measured" "$(result .downtime_ms)" '^[0-9]+$'
is "what was done is what was planned" \
	"$(on up1 cat /var/lib/nodelift/runs/000001/plan.json | jq -S '.steps[5:7]')" \
	"$(jq -S '.steps[5:7]' <<<"$plan" | sed 's/: 10000/: 2000/')"
is "the engine" "$(engine up1)" 26.1.5+dfsg1
ok "the daemons run the new files" runs_its_file up1
is "the same containers run" "$(running up1)" "$before"
is "nothing is left beside the files" "$(leftovers up1)" ""
is "modes and owners are those from before" \
	"$(on up1 stat -c '%n %a %U:%G' /usr/sbin/dockerd /usr/bin/containerd /usr/sbin/runc)" \
	"$(printf '/usr/sbin/dockerd 755 root:root\n/usr/bin/containerd 755 root:root\n/usr/sbin/runc 755 root:root')"
is "status says so" "$(on up1 nodelift status --json | jq -c '[.engine.version, .last.outcome, .rollback_to]')" \
	"[\"26.1.5+dfsg1\",\"upgraded\",\"$old\"]"

pid=$(on up1 systemctl show -P MainPID docker)
status_is "once more: nothing to do" 0 on up1 nodelift upgrade --json "$image"
is "outcome" "$(result .outcome)" unchanged
is "the engine was not restarted" "$(on up1 systemctl show -P MainPID docker)" "$pid"
is "as a run that planned nothing" "$(on up1 sh -c 'cd /var/lib/nodelift/runs && echo * && ls 000002')" \
	$'000001 000002\nabout.json\nevents.jsonl\nresult.json'

status_is "rollback" 0 on up1 nodelift rollback --json --soak 2
is "outcome" "$(result .outcome)" rolled-back
is "the engine is the old one" "$(engine up1)" "$old"
ok "the daemons run the old files" runs_its_file up1
is "every byte is as before" "$(disk up1)" "$(cat /tmp/up1.before.$$)"
is "the same containers run" "$(running up1)" "$before"
rm -f /tmp/up1.before.$$

# The files are those of the target, but the process is an old one: somebody's copy, or a run that died.
on up1 sh -c 'cp -p /usr/sbin/dockerd /usr/sbin/dockerd.copy && mv /usr/sbin/dockerd.copy /usr/sbin/dockerd'
status_is "equal files but an old process is not 'unchanged'" 0 \
	on up1 nodelift upgrade --json --soak 1 "$LAB_REGISTRY/lab/engine:20.10.24"
is "outcome" "$(result .outcome)" upgraded
ok "the daemons run their files now" runs_its_file up1

# Live-restore: the containers do not notice. Files that the node does not have are added and removed.
node_up --live-restore up2
lab workload up2 2 >/dev/null
before=$(containers up2)
on up2 rm /usr/bin/ctr
disk up2 >/tmp/up2.before.$$
status_is "upgrade with live-restore to $LAB_NEWEST" 0 \
	on up2 nodelift upgrade --json --soak 2 "$(lab image newest)"
is "the same containers with the same processes" "$(containers up2)" "$before"
ok "a file that was missing was added" on up2 test -x /usr/sbin/ctr
like "the journal ends well" "$(on up2 tail -n 1 /var/lib/nodelift/runs/000001/journal)" '"record":"end".*committed'
status_is "rollback" 0 on up2 nodelift rollback --json --soak 2
is "the same containers with the same processes still" "$(containers up2)" "$before"
is "every byte is as before, what was added is gone" "$(disk up2)" "$(cat /tmp/up2.before.$$)"
rm -f /tmp/up2.before.$$

done_testing
