#!/bin/bash
# SPDX-License-Identifier: MIT
# From a container with the engine's socket: the containers are killed at random moments; and the main command many times.
# The connection of a terminal on the host breaks as well.
# NODELIFT_KILLS: how often each of the three is killed (2). NODELIFT_TIMES: how often in a row (1).
# shellcheck source=tests/e2e/inside.sh
. "$(dirname "$0")/inside.sh"

image=$(lab image 26.1.5) || exit 1
nodes=(kill1 kill2)
node_up kill1 || exit 1
node_up --live-restore kill2 || exit 1
with_image "${nodes[@]}" || exit 1
for node in "${nodes[@]}"; do lab workload "$node" 2 >/dev/null || exit 1; done
# both nodes are made of the same image
old=$(programs kill1)

# ---- many times in a row

for ((i = 1; i <= ${NODELIFT_TIMES:-1}; i++)); do
	for node in "${nodes[@]}"; do
		before=$(running "$node")
		begin=$(date +%s%N)
		lets_go "$node, $i: upgrade" ours "$node" upgrade --soak 1 "$image"
		# the moments at which to kill: until a bit after the restart
		most=$((($(date +%s%N) - begin) / 800000))
		status_is "$node, $i: wait" 0 settle "$node"
		like "$node, $i: says what was done" "$output" 'nodelift: upgraded: 20\.10\.24.* -> 26\.1\.5'
		is "$node, $i: the new engine runs" "$(engine "$node")" 26.1.5+dfsg1
		new=${new:-$(programs "$node")}
		is "$node, $i: of the right files" "$(programs "$node")" "$new"
		quiet "$node" # with live-restore the containers of the command live on for a moment
		is "$node, $i: the containers run" "$(running "$node")" "$before"
		lets_go "$node, $i: rollback" ours "$node" rollback --soak 0
		status_is "$node, $i: wait" 0 settle "$node"
		is "$node, $i: the old files" "$(programs "$node")" "$old"
	done
done

# ---- killed

for node in "${nodes[@]}"; do
	lab exec "$node" sh -c 'cat >/tmp/killed' <<'END' || exit 1
# VICTIM DELAY IMAGE: starts the main command, kills one of its processes after a while
main=(docker run --rm -v /var/run/docker.sock:/var/run/docker.sock nodelift upgrade --soak 1 "$3")
case $1 in client) pattern='^/nodelift/nodelift upgrade --soak' ;; helper) pattern='^/nodelift/nodelift upgrade --host-root' ;;
# as sshd does it: whoever has the other end of the terminal goes away
terminal) pattern='^script -qefc'; main=(script -qefc "nodelift upgrade --soak 1 $3" /dev/null) ;; esac
timeout 150 "${main[@]}" >/tmp/said 2>&1 &
sleep "$2"
victim=$(pgrep -o -f "$pattern") && kill -KILL "$victim" && hit=killed || hit="was not there"
wait $! && status=$? || status=$?
stage=$(cut -d' ' -f1 /tmp/said | tail -n 1)
echo "$1 $hit after $2 s, status $status, last line: $stage"
END
done

# trial NODE VICTIM: in $said what happened
trial() {
	local node=$1 victim=$2 before delay after set outcome
	# after a trial that failed
	[[ $(programs "$node") == "$old" ]] || on "$node" nodelift rollback --soak 0 >/dev/null 2>&1
	before=$(runs "$node")
	delay=$(awk -v most="$most" -v seed="$RANDOM" 'BEGIN { srand(seed); printf "%.2f", 0.1 + rand() * most / 1000 }')
	said=$(on "$node" bash /tmp/killed "$victim" "$delay" "$image")
	quiet "$node" || { said+="; something is still there"; return 1; }
	after=$(runs "$node")
	said+="; $((after - before)) run(s)"
	status=0
	result=$(settle "$node" 2>&1) || status=$?
	set=$(programs "$node")
	if ((after == before)); then
		said+=", nothing was touched"
		[[ $set == "$old" ]] || { said+=": but the files are others"; return 1; }
	else
		said+=", wait: $status"
		# killed between the end of the run and the news of it: the client asks once more, and nothing is left to do
		outcome="nodelift: upgraded: "
		((after == before + 1)) || outcome="nodelift: (upgraded|unchanged): "
		[[ $status == 0 && $result =~ $outcome ]] || { said+=" $result"; return 1; }
		[[ $set == "$new" ]] || { said+=": but the files are not the new ones"; return 1; }
	fi
	status=0
	result=$(settle "$node" upgrade --soak 1 "$image" 2>&1) || status=$?
	[[ $status == 0 && $(programs "$node") == "$new" ]] || { said+=", once more: $status $result"; return 1; }
	result=$(leftovers "$node")
	[[ -z $result ]] || { said+=", left: $result"; return 1; }
	result=$(on "$node" nodelift rollback --soak 0 2>&1) || { said+=", rollback: $result"; return 1; }
	[[ $(programs "$node") == "$old" ]] || { said+=", rollback: the files are others"; return 1; }
}

for victim in client helper terminal; do
	for ((i = 1; i <= ${NODELIFT_KILLS:-2}; i++)); do
		node=${nodes[i % 2]}
		# when it has ended already, it was no trial
		for ((j = 0; j < 3; j++)); do
			good=1
			trial "$node" "$victim" || good=0
			[[ $good$said == "1"*" was not there "* ]] || break
		done
		tap_result "$good" "$node: the $victim is killed ($i)"
		diag "$said"
	done
done
done_testing
