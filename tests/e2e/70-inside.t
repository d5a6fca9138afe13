#!/bin/bash
# SPDX-License-Identifier: MIT
# From a container that has nothing but the engine's socket: that very engine is upgraded, and the outcome is known.
# shellcheck source=tests/e2e/inside.sh
. "$(dirname "$0")/inside.sh"

old_re='20\.10\.24\+dfsg1'
image=$(lab image 26.1.5) || exit 1
newest=$(lab image newest) || exit 1
result() { grep '"event":"result"' <<<"$output" | tail -n 1 | jq -r "$1"; }

# in1 without live-restore, in2 with it
node_up in1 || exit 1
node_up --live-restore in2 || exit 1
with_image in1 in2 || exit 1
lab workload in1 2 >/dev/null && lab workload in2 2 >/dev/null || exit 1
old_programs=$(programs in1)
is "both nodes have the same programs" "$(programs in2)" "$old_programs"

# ---- the main command, without live-restore

status_is "directly, for comparison" 0 on in2 nodelift upgrade --soak 1 "$image"
new_programs=$(programs in2)
status_is "and back" 0 on in2 nodelift rollback --soak 0

names_before=$(names in1)
images_before=$(on in1 docker images -aq --no-trunc)
before=$(running in1)
lets_go "upgrade: the engine stops under it" ours in1 upgrade --soak 1 "$image"
like "... what it told until then is complete" "$output" $'\npull .*every byte verified\n.*\nswap +the files'
status_is "wait has the result" 0 settle in1
like "... says it" "$output" "nodelift: upgraded: $old_re -> 26\.1\.5, downtime"
is "the new engine runs" "$(engine in1)" 26.1.5+dfsg1
is "the programs are those of the direct run" "$(programs in1)" "$new_programs"
is "the containers run" "$(running in1)" "$before"
status_is "status" 0 ours in1 status --json
is "... of the host" "$(tail -n 1 <<<"$output" | jq -r '"\(.engine.version) \(.last.outcome) \(.running)"')" "26.1.5+dfsg1 upgraded null"
status_is "logs" 0 ours in1 logs
like "... from beginning to end" "$output" "pull .*swap .*commit "
pid=$(on in1 systemctl show -P MainPID docker.service)
status_is "the same command once more: nothing to do" 0 settle in1 upgrade --soak 1 "$image"
like "... says so" "$output" "nodelift: unchanged: "
is "... the engine was not restarted" "$(on in1 systemctl show -P MainPID docker.service)" "$pid"
is "nothing is left: no container, unit, file" "$(leftovers in1)" ""
is "... no image" "$(on in1 docker images -aq --no-trunc)" "$images_before"
is "... no other file than before" "$(names in1 | diff <(echo "$names_before") - | grep '^[<>]')" ""

status_is "check" 0 ours in1 check --json "$image"
is "... as JSON on stdout" "$(result .outcome)" unchanged

# ---- an engine that is bad: back, and known

status_is "back" 0 on in1 nodelift rollback --soak 0
bad=$(lab image bad-soak) || exit 1
lets_go "a bad engine" ours in1 upgrade --soak 5 "$bad"
status_is "... wait says 30" 30 settle in1
like "... and why" "$output" "nodelift: rolled-back: during the soak time.*back on 20\.10\.24.* and healthy"
made=$(runs in1)
status_is "... the same command, whose result nobody has heard, says it too" 30 settle in1 upgrade --soak 5 "$bad"
is "... and does not try again" "$(runs in1)" "$made"
is "... now it was heard" "$(on in1 sh -c 'ls /var/lib/nodelift/runs/*/told | wc -l')" 1
is "... the programs are the old ones" "$(programs in1)" "$old_programs"
is "... the containers run" "$(running in1)" "$before"
is "... nothing is left" "$(leftovers in1)" ""

# ---- SIGINT before the swap

on in1 docker run -d --name work-client -v "$socket:$socket" nodelift upgrade --soak 1 "$image" >/dev/null
pid=$(on in1 systemctl show -P MainPID docker.service)
ok "a run has begun" on in1 sh -c \
	'for i in $(seq 600); do docker logs work-client 2>&1 | grep -q "^check" && exit; sleep 0.05; done; exit 1'
on in1 docker kill -s INT work-client >/dev/null
is "SIGINT ends it" "$(on in1 docker wait work-client)" 12
like "... one line says so" "$(on in1 docker logs work-client 2>&1 | tail -n 1)" "^nodelift: retry: interrupted by SIGINT"
is "... the engine is the same process" "$(on in1 systemctl show -P MainPID docker.service)" "$pid"
on in1 docker rm work-client >/dev/null
is "... the programs are the old ones" "$(programs in1)" "$old_programs"
is "... nothing is left" "$(leftovers in1)" ""

# ---- what was given to the client only

password=$(printf '%s:%s' "$LAB_USER" "$LAB_PASSWORD" | base64)
lab exec in1 sh -c 'mkdir -p /root/given && cat >/root/given/config.json' <<<"{\"auths\": {\"$LAB_REGISTRY_BASIC\": {\"auth\": \"$password\"}}}"
lab cp "$LAB_CA" in1:/root/given/ca.pem
lab exec in1 sh -c 'cat >/root/given/profile.json' <<'END'
{"name": "given", "version": {"env": "DOCKER_VERSION"},
 "files": [{"from": "/usr/local/bin/dockerd", "unit": "docker.service", "required": true, "version": true}],
 "units": ["docker.service"]}
END
private=$LAB_REGISTRY_BASIC/${image#*/}
untrusted=$LAB_REGISTRY_UNTRUSTED/${image#*/}
status_is "without credentials: no" 12 ours in1 fetch "$private"
status_is "without the registry's CA: no" 12 ours in1 fetch "$untrusted"
made=$(runs in1)
options=(-v /root/given/config.json:/root/.docker/config.json:ro)
status_is "with credentials" 0 ours in1 fetch "$private"
lets_go "... also in a run" ours in1 upgrade --soak 1 "$private"
options=()
status_is "... which ends well" 0 settle in1
is "... and was one" "$(runs in1)" "$((made + 1))"
is "... with the same programs" "$(programs in1)" "$new_programs"
status_is "back" 0 on in1 nodelift rollback --soak 0
options=(-v /root/given:/given:ro -w /given)
lets_go "with a CA file and a profile" ours in1 upgrade --soak 1 --ca-file /given/ca.pem --profile=profile.json "$untrusted"
options=()
status_is "... ends well" 0 settle in1
like "... by that profile" "$(ours in1 logs 2>&1)" "profile given: version 26\.1\.5, 1 of 1 files differ"
is "no secret stays on the node" "$(on in1 grep -rlF "$password" /var/lib/nodelift /run/systemd/transient /etc)" ""

# ---- with live-restore

before=$(containers in2)
lets_go "live-restore: docker run loses its engine" ours in2 upgrade --soak 3 "$newest"
status_is "... wait has the result" 0 settle in2
is "... the newest engine runs" "$(on in2 nodelift status --json | jq -r '.last.outcome + " " + .last.to')" "upgraded $LAB_NEWEST"
status_is "... the same command once more" 0 settle in2 upgrade --soak 1 "$newest"
like "... has nothing to do" "$output" "nodelift: unchanged: "
is "... the containers are the same processes" "$(containers in2)" "$before"
is "... nothing is left" "$(leftovers in2)" ""

bad=$(lab image bad-start) || exit 1
made=$(runs in2)
lets_go "a bad engine" ours in2 upgrade --allow-downgrade --soak 1 "$bad"
status_is "... wait says 30" 30 settle in2
status_is "... the same command says it too" 30 settle in2 upgrade --allow-downgrade --soak 1 "$bad"
is "... and does not try again" "$(runs in2)" "$((made + 1))"
is "... the containers are the same processes" "$(containers in2)" "$before"

# ---- detached, and two at once

status_is "on the host: --detach" 50 on in2 nodelift rollback --detach --soak 0
like "... says how to go on" "$output" "nodelift: detached: run [0-9]+ goes on on the host: 'nodelift wait'"
status_is "... wait" 0 on in2 nodelift wait
status_is "... has nothing to wait for any more, and says the same" 0 on in2 nodelift wait --timeout 1
is "... the programs are the old ones" "$(programs in2)" "$old_programs"

status_is "in a container: --detach" 50 ours in2 upgrade --detach --allow-downgrade --soak 8 "$image"
ok "... it goes on until it must stay healthy" until_told in2 "must stay so"
lab exec in2 sh -c 'cat >/tmp/two' <<'END'
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock nodelift upgrade "$1" >/tmp/same 2>&1 & same=$!
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock nodelift logs --follow >/tmp/logs 2>&1 & logs=$!
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock nodelift wait --timeout 0 >/tmp/wait 2>&1 & wait=$!
docker run --rm -v /var/run/docker.sock:/var/run/docker.sock nodelift upgrade "$2" >/tmp/other 2>&1
echo "other $?"
wait $wait; echo "wait $?"
wait $same; echo "same $?"
wait $logs; echo "logs $?"
END
made=$(runs in2)
is "meanwhile: another target, wait for no time, the same target, its log" "$(on in2 bash /tmp/two "$image" "$newest")" \
	"$(printf 'other 11\nwait 50\nsame 0\nlogs 0')"
like "... the other one is told who has the node" "$(on in2 cat /tmp/other)" "nodelift: busy: another run holds this node"
like "... the same one takes part" "$(on in2 cat /tmp/same)" "attach .*commit .*nodelift: upgraded: $old_re -> 26\.1\.5"
like "... the log has all" "$(on in2 cat /tmp/logs)" "pull .*commit "
is "... there was one run" "$(runs in2)" "$made"
is "... and nothing is left" "$(leftovers in2)" ""
is "the programs are those of the direct run" "$(programs in2)" "$new_programs"

# ---- without the helper

# not --rm: engine 20.10 removes such containers when it starts, also those that it left running
on in2 sh -c ': >/root/term'
on in2 docker run -d --name work-client --privileged --pid host -v /:/host -v /root/term:/dev/termination-log \
	nodelift rollback --host-root /host --soak 1 >/dev/null
ok "--host-root: the run ends" on in2 sh -c 'for i in $(seq 900); do docker inspect -f "{{.State.Status}}" work-client | grep -q exited && exit; sleep 0.1; done; exit 1'
is "... with its container, which has the exit status" "$(on in2 docker inspect -f '{{.State.ExitCode}}' work-client)" 0
like "... and its end in its log" "$(on in2 docker logs work-client 2>&1)" "nodelift: rolled-back: 26\.1\.5.* -> $old_re"
like "... and in the termination log" "$(on in2 cat /root/term)" '^ok \(0\)'
on in2 docker rm work-client >/dev/null
is "... nothing is left" "$(leftovers in2)" ""
is "... the programs are the old ones" "$(programs in2)" "$old_programs"

# ---- an image that carries the engine

carried=$(lab image inside-carried --from 26.1.5 --file "nodelift/nodelift=$LAB_TOP/build/nodelift") || exit 1
ok "an image with nodelift and an engine" on in2 docker pull -q "$carried"
carry() { on in2 docker run --rm -v "$socket:$socket" --entrypoint /nodelift/nodelift "$carried" upgrade --soak 1; }
lets_go "upgrade without IMAGE" carry
status_is "... wait, with another image's nodelift" 0 settle in2
like "... it is upgraded" "$output" "nodelift: upgraded: $old_re -> 26\.1\.5"
is "... to what it carries" "$(programs in2)" "$new_programs"
is "... nothing is left" "$(leftovers in2)" ""
done_testing
