#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What an operator, an image or a node can get wrong: each ends with its documented status, with one
# line on stderr that says what is wrong, and with a node that is as it was.
. "$(dirname "$0")/../lab/lib.sh"

node=input1
output=
dir=$(mktemp -d /tmp/nodelift-bad.XXXXXX)
trap 'status=$?; rm -rf "$dir"; (exit $status); tap_end' EXIT
node_up "$node" || exit 1
lab workload "$node" 2 >/dev/null || exit 1

# ---- the images: most say what is wrong with them in a few bytes

profile='{"name": "tiny", "version": {"env": "DOCKER_VERSION"}, "files": [{"from": "/tiny/hello", "to": "/usr/local/bin/"}],
 "units": ["docker.service"]}'

# tiny TAG PROFILE: an image that brings this profile and one small file
tiny() { lab image "$1" --from bad-empty --text tiny/hello=hello --text "nodelift/profile.json=$2"; }

good=$(tiny e2e-tiny "$profile") &&
	no_json=$(tiny e2e-profile-json '{"name": "tiny",'$'\n''"files" [] }') &&
	no_such_key=$(tiny e2e-profile-key "${profile/'"name"'/'"nmae"'}") &&
	arch=$(lab image bad-arch) && elf=$(lab image bad-elf) && missing=$(lab image bad-missing) &&
	empty=$(lab image bad-empty) && claim=$(lab image bad-claim) && libc=$(lab image 26.1.5-newlibc) ||
	exit 1
repository=${good%:*}
path=${repository#*/}

# ---- files for the node, in /run/bad

# file NAME TEXT
file() {
	mkdir -p "$(dirname "$dir/$1")"
	printf '%s\n' "$2" >"$dir/$1"
}

# login NAME PASSWORD: a config.json as docker login leaves it
login() {
	local auth
	auth=$(printf '%s:%s' "$LAB_USER" "$2" | base64 -w 0)
	file "$1" '{"auths": {"'"$LAB_REGISTRY_BASIC"'": {"auth": "'"$auth"'"}}}'
}

login right.json "$LAB_PASSWORD"
login wrong.json "not-$LAB_PASSWORD"
file none.json '{"auths": {}}'
file good.json "$profile"
file syntax.json '{"name": "tiny",'$'\n''"files" []}'
file unknown.json "${profile/'"to"'/'"too"'}"
file lacks.json "${profile/'"units"'/'"images"'}"
file type.json "${profile/'["docker.service"]'/'"docker.service"'}"
file empty.json ''
file relative.json "${profile//\/tiny\/hello/tiny\/hello}"
file dots.json "${profile//\/usr\/local\/bin\//\/usr\/..\/etc\/}"
file small.json "${profile//\/usr\/local\/bin\//\/mnt\/small\/}"
file no-unit.json "${profile//docker.service/dokcer.service}"
file inactive.json "${profile//docker.service/rescue.service}"
file only-dockerd.json '{"name": "only-dockerd", "version": {"env": "DOCKER_VERSION"},
 "files": [{"from": "/usr/local/bin/dockerd", "unit": "docker.service"}], "units": ["docker.service"]}'
file only-runc.json '{"name": "only-runc", "version": {"env": "DOCKER_VERSION"},
 "files": [{"from": "/usr/local/bin/runc"}], "units": ["docker.service"]}'
file no-pem.pem 'not a certificate'
file etc-profile/profiles/10-tiny.json '{"name": "tiny",'$'\n'$'\n''}'
file etc-json/config.json '{'$'\n''"soak_seconds": 5'$'\n''"ca_file": "/x"}'
file etc-key/config.json '{"soak_secs": 5}'
file etc-value/config.json '{"soak_seconds": "long"}'
file etc-range/config.json '{"soak_seconds": 86401}'
file etc-list/config.json '[]'
tar -C "$dir" -c . | lab exec "$node" sh -c 'mkdir /run/bad /etc/nodelift /mnt/small && chmod 755 /run/bad && tar -C /run/bad -x' || exit 1

# ---- the node before

# files that only an unfinished run may have
leftovers() { on "$node" find / -xdev -name '.*nodelift-*'; }
engine_pid() { on "$node" systemctl show -P MainPID docker.service; }

disk_before=$(disk "$node")
containers_before=$(containers "$node")
pid=$(engine_pid)
[[ $pid -gt 1 && $containers_before == */work2\ running\ * ]] || { diag "the node is not ready"; exit 1; }

# ---- how an error must look

declare -A name_of=([2]=usage [10]=precheck [11]=busy [12]='retry' [20]=rejected)
stages='^(node|pull|unpack|check|guard|keep|mkdir|stage|probe|undo) +[^ ]'

# bad DESCRIPTION STATUS REGEX COMMAND...: on the node; the one line of error matches, and the engine still is the same process
bad() {
	local description=$1 wanted=$2 regex=$3 status=0 why='' line out
	shift 3
	# shellcheck disable=SC2016
	out=$(on "$node" sh -c '"$@"; s=$?; echo "dockerd $(systemctl show -P MainPID docker.service)"; exit $s' sh "$@" 2>"$dir/err") || status=$?
	line=$(grep '^nodelift: ' "$dir/err")
	((status == wanted)) || why+="status $status, not $wanted; "
	[[ $(wc -l <<<"$line") == 1 && $line == "$(tail -n 1 "$dir/err")" ]] || why+="not one line of error, the last; "
	[[ $line == "nodelift: ${name_of[$wanted]}: "* ]] || why+="the line does not begin with its name; "
	[[ $line =~ $regex ]] || why+="the line is not like: $regex; "
	! grep -v '^nodelift: ' "$dir/err" | grep -qvE "$stages" || why+="there are other lines; "
	[[ $out == "dockerd $pid" ]] || why+="stdout has: $out; "
	if tap_result $((${#why} == 0)) "$description"; then diag "$line"; else diag "$why"$'\n'"$(cat "$dir/err")"; fi
}

# bad_where DESCRIPTION STATUS REGEX MOUNTS ARG...: nodelift ARG... where these mounts are made for it alone
bad_where() {
	local setup=$4
	bad "${@:1:3}" unshare -m sh -ec "$setup"$'\n''exec nodelift "$@"' sh "${@:5}"
}

# ---- the command line

bad "unknown command" 2 "'upgarde'.*nodelift help" nodelift upgarde "$good"
bad "unknown option" 2 "'--sock'.*nodelift help upgrade" nodelift upgrade --sock /x "$good"
bad "an option of another command" 2 "'--soak'.*nodelift help fetch" nodelift fetch --soak 1 "$good"
bad "an option without its value" 2 "'--soak' needs a value" nodelift upgrade "$good" --soak
bad "a value for a switch" 2 "'--json' takes no value" nodelift upgrade --json=yes "$good"
bad "seconds that are none" 2 "--soak .*seconds.*'1m'" nodelift upgrade --soak 1m "$good"
bad "negative seconds" 2 "--soak .*'-1'" nodelift upgrade --soak -1 "$good"
bad "too many seconds" 2 "--health-timeout .*86400.*'99999'" nodelift upgrade --health-timeout 99999 "$good"
for command in upgrade plan fetch; do
	bad "$command without an image" 2 "'nodelift $command' needs IMAGE" nodelift "$command"
done
bad "one word too many" 2 "'now' is one word too many" nodelift upgrade "$good" now
bad "one word too many for rollback" 2 "'$good' is one word too many" nodelift rollback "$good"
bad "help for no command" 2 "'upgarde'" nodelift help upgarde

# ---- references

for image in '' : 'Lab/Engine' 'registry.lab:5443/lab/engine:' 'registry.lab:5443/lab/engine:a b' 'registry.lab:99999/lab/engine' \
	'registry.lab:5443//engine' 'https://registry.lab:5443/lab/engine' "lab/engine:$(printf %0129d 0)" \
	$'lab/eng\nnodelift: ok'; do
	bad "malformed reference '${image//$'\n'/\\n}'" 2 "is not an image|names no image|needs IMAGE|must be|'$image'" nodelift upgrade "$image"
done
for digest in sha256: "sha256:$(printf %063d 0)" "sha256:$(printf %064d 0 | tr 0 g)" "sha256:$(printf %064d 0 | tr 0 A)" \
	"md5:$(printf %032d 0)" 'latest'; do
	bad "malformed digest '$digest'" 2 "$digest|digest" nodelift upgrade "$repository@$digest"
done

# ---- files

bad "a file that is not there" 2 "'/nowhere/engine.tar'" nodelift upgrade /nowhere/engine.tar
bad "a file that is no archive" 20 "passwd'" nodelift upgrade ../../etc/passwd
bad "nothing on standard input" 20 "standard input|'-'" nodelift upgrade -

# ---- registries

bad "no such host" 12 "no-such-host\.lab" nodelift upgrade "no-such-host.lab/$path:1"
bad "connection refused" 12 "registry\.lab:9.*([Rr]efused|connect)" nodelift upgrade "registry.lab:9/$path:1"
bad "no such tag" 12 "$repository:no-such-tag" nodelift upgrade "$repository:no-such-tag"
bad "no such repository" 12 "$LAB_REGISTRY/no/such" nodelift upgrade "$LAB_REGISTRY/no/such:1"
bad "no such digest" 12 "sha256:0000" nodelift upgrade "$repository@sha256:$(printf %064d 0)"
bad "a certificate that is not trusted" 12 "certificate of '$LAB_REGISTRY_UNTRUSTED' is not trusted.*--ca-file.*certs\.d" \
	nodelift upgrade "$LAB_REGISTRY_UNTRUSTED/$path:e2e-tiny"
# by its address: under its name the engine has it among the insecure ones
plain=10.77.0.1:${LAB_REGISTRY_PLAIN#*:}
bad "the plain registry asked for TLS" 12 "$plain" nodelift upgrade "$plain/$path:e2e-tiny"
bad "plain HTTP for another machine" 2 "plain-http|$plain" nodelift upgrade --plain-http "$plain/$path:e2e-tiny"
bad "no credentials" 12 "$LAB_REGISTRY_BASIC.*401.*credentials" \
	nodelift upgrade --docker-config /run/bad/none.json "$LAB_REGISTRY_BASIC/$path:e2e-tiny"
bad "wrong credentials" 12 "$LAB_REGISTRY_BASIC.*401.*wrong credentials in .*/run/bad/wrong\.json" \
	nodelift upgrade --docker-config /run/bad/wrong.json "$LAB_REGISTRY_BASIC/$path:e2e-tiny"
ok "the right ones" on "$node" nodelift fetch --docker-config /run/bad/right.json "$LAB_REGISTRY_BASIC/$path:e2e-tiny"
bad "a file of credentials that is not there" 2 "/run/bad/no-such\.json.*No such file" \
	nodelift upgrade --docker-config /run/bad/no-such.json "$LAB_REGISTRY_BASIC/$path:e2e-tiny"
bad "a file of roots that is not there" 2 "/run/bad/no-such\.pem.*No such file" \
	nodelift upgrade --ca-file /run/bad/no-such.pem "$good"
bad "a file of roots that holds none" 2 "/run/bad/no-pem\.pem" nodelift upgrade --ca-file /run/bad/no-pem.pem "$good"

# ---- images

bad "an image for another architecture" 20 "bad-arch.*linux/amd64" nodelift upgrade "$arch"
bad "a program for another architecture" 20 "(new|image).*dockerd' is for aarch64" \
	nodelift upgrade --profile /run/bad/only-dockerd.json "$elf"
bad "an image that lacks a file" 20 "'/usr/local/bin/containerd'" nodelift upgrade "$missing"
bad "an image without an engine" 20 "no profile fits.*--profile" nodelift upgrade "$empty"
bad "an image without what the profile wants" 20 "'only-dockerd'" \
	nodelift upgrade --profile /run/bad/only-dockerd.json "$good"
bad "an image that is not the version it claims" 20 "--version.*'99\.0\.0'.*26\.1\.5" nodelift upgrade "$claim"
is "... nothing of it is left beside the files" "$(leftovers)" ""
is "... and its run is known as one that touched nothing" "$(on "$node" nodelift status --json | jq -r .last.outcome)" untouched
bad "a program that needs a newer libc" 10 "(new|image).*runc' needs GLIBC_2\.38" nodelift upgrade --profile /run/bad/only-runc.json "$libc"

# ---- profiles

bad "a profile that is not there" 2 "/run/bad/no-such\.json.*No such file" nodelift upgrade --profile /run/bad/no-such.json "$good"
bad "a profile that is a directory" 2 "/run/bad.*([Dd]irectory|regular)" nodelift upgrade --profile /run/bad "$good"
bad "a profile that is no JSON" 2 "/run/bad/syntax\.json.*line 2" nodelift upgrade --profile /run/bad/syntax.json "$good"
bad "an empty profile" 2 "/run/bad/empty\.json" nodelift upgrade --profile /run/bad/empty.json "$good"
bad "an unknown key in a profile" 2 "/run/bad/unknown\.json.*'too'" nodelift upgrade --profile /run/bad/unknown.json "$good"
bad "a missing key in a profile" 2 "/run/bad/lacks\.json.*'units'" nodelift upgrade --profile /run/bad/lacks.json "$good"
bad "a key of another type in a profile" 2 "/run/bad/type\.json.*'units'" nodelift upgrade --profile /run/bad/type.json "$good"
bad "a relative path in a profile" 2 "/run/bad/relative\.json.*'tiny/hello'" nodelift upgrade --profile /run/bad/relative.json "$good"
bad "a way up in a profile" 2 "/run/bad/dots\.json.*'/usr/\.\./etc/'" nodelift upgrade --profile /run/bad/dots.json "$good"
bad "what is wrong with the call is told before a registry is asked" 2 "/run/bad/unknown\.json.*'too'" \
	nodelift upgrade --profile /run/bad/unknown.json "no-such-host.lab/$path:1"
bad "no JSON in the profile of an image" 20 "image's /nodelift/profile\.json.*line 2" nodelift upgrade "$no_json"
bad "an unknown key in the profile of an image" 20 "image's /nodelift/profile\.json.*'nmae'" nodelift upgrade "$no_such_key"
bad_where "a malformed profile of the host" 2 "/etc/nodelift/profiles/10-tiny\.json.*line 3" \
	'mount --bind /run/bad/etc-profile /etc/nodelift' upgrade "$good"
bad "a profile for a unit that is not there" 10 "dokcer\.service" nodelift upgrade --profile /run/bad/no-unit.json "$good"
bad "a profile for a unit that does not run" 10 "rescue\.service.*inactive" nodelift upgrade --profile /run/bad/inactive.json "$good"

# ---- the configuration

for command in "upgrade $good" "status" "rollback" "recover"; do
	# shellcheck disable=SC2086
	bad_where "config.json is no JSON: ${command%% *}" 2 "/etc/nodelift/config\.json.*line 3" \
		'mount --bind /run/bad/etc-json /etc/nodelift' $command
done
bad "an unknown key in config.json" 2 "/run/bad/etc-key/config\.json.*'soak_secs'" nodelift upgrade --config-dir /run/bad/etc-key "$good"
bad "text for a number in config.json" 2 "/run/bad/etc-value/config\.json.*'soak_seconds'" nodelift upgrade --config-dir /run/bad/etc-value "$good"
bad "a number out of range in config.json" 2 "/run/bad/etc-range/config\.json.*'soak_seconds'.*86400" nodelift upgrade --config-dir /run/bad/etc-range "$good"
bad "a list as config.json" 2 "/run/bad/etc-list/config\.json.*object" nodelift upgrade --config-dir /run/bad/etc-list "$good"

# ---- the node

bad "not root: upgrade" 10 "not root" setpriv --reuid=65534 --regid=65534 --clear-groups nodelift upgrade "$good"
bad "not root: fetch" 10 "/var/lib/nodelift.*Permission denied|not root" \
	setpriv --reuid=65534 --regid=65534 --clear-groups nodelift fetch "$good"
bad_where "no systemd" 10 "systemd" 'mount -t tmpfs none /run' upgrade "$good"
bad_where "no engine" 10 "no engine.*--socket" 'mount --bind /dev/null /run/docker.sock' upgrade "$good"
bad "no engine at --socket" 10 "'/run/no-such\.sock'" nodelift upgrade --socket /run/no-such.sock "$good"
bad "--socket is no socket" 10 "'/etc/passwd'" nodelift upgrade --socket /etc/passwd "$good"
bad "a socket of somebody else" 10 "'/run/dbus/system_bus_socket'" nodelift upgrade --socket /run/dbus/system_bus_socket "$good"
bad "a socket for datagrams" 10 "'/run/systemd/notify'" nodelift upgrade --socket /run/systemd/notify "$good"
bad_where "/usr is read-only" 10 "'/usr.*read-only" 'mount --bind /usr /usr && mount -o remount,bind,ro /usr' upgrade "$good"
bad_where "/var is read-only" 10 "/var/lib/nodelift.*[Rr]ead-only" 'mount --bind /var /var && mount -o remount,bind,ro /var' upgrade "$good"
bad_where "no space for the files" 10 "no space left in '/mnt/small'.*needed.*free" \
	'mount -t tmpfs -o size=1m none /mnt/small' upgrade --profile /run/bad/small.json "$good"
bad_where "no space for the image" 10 "no space left in '/mnt/small/.*needed.*free" \
	'mount -t tmpfs -o size=1m none /mnt/small' upgrade --state-dir /mnt/small/state "$claim"
bad_where "no space for what is in the image" 10 "/mnt/small/.*[Nn]o space left|no space left in '/mnt/small/" \
	'mount -t tmpfs -o size=110m none /mnt/small' upgrade --state-dir /mnt/small/state "$claim"
bad_where "no room for a directory" 10 "/mnt/small/nodelift.*(directory|File exists)" \
	'mount -t tmpfs none /mnt/small && touch /mnt/small/nodelift' upgrade --state-dir /mnt/small/nodelift "$good"
# shellcheck disable=SC2016
bad "another run holds the node" 11 "'nodelift upgrade', process 77, since today" sh -ec \
	'echo "$1" >/var/lib/nodelift/lock; exec flock /var/lib/nodelift/lock nodelift upgrade "$2"' \
	sh "'nodelift upgrade', process 77, since today" "$good"

# ---- --json says the same to programs

# bad_json DESCRIPTION STATUS ARG...: the last line on stdout is the result
bad_json() {
	local description=$1 status=$2
	shift 2
	is "$description" "$(on "$node" nodelift "$@" 2>"$dir/err" | tail -n 1 |
		jq -r '"\(.event) \(.outcome) \(.status) \(.name): \(.message)"')" \
		"result untouched $status $(sed -n 's/^nodelift: //p' "$dir/err")"
}
bad_json "JSON: no such tag" 12 upgrade --json "$repository:no-such-tag"
bad_json "JSON: malformed configuration" 2 upgrade --json --config-dir /run/bad/etc-key "$good"
bad_json "JSON: malformed reference" 2 upgrade --json "Lab/Engine"

# ---- a node that was never upgraded

bad "rollback: there is nothing to go back to" 10 "nothing to go back to" nodelift rollback
status_is "recover: nothing to do" 0 on "$node" nodelift recover
status_is "recover leaves no trace" 0 on "$node" sh -c 'nodelift recover --state-dir /run/bad/state && [ ! -e /run/bad/state ]'
is "... and says nothing" "$output" ""
status_is "status" 0 on "$node" nodelift status
like "... names the engine" "$output" "engine +20\.10\.24"
status_is "status where nodelift never was" 0 on "$node" sh -c 'nodelift status --state-dir /run/bad/state && [ ! -e /run/bad/state ]'

# ---- after all that

is "the files are the same" "$(disk "$node" | diff <(echo "$disk_before") - | head -n 20)" ""
is "nothing is left beside them" "$(leftovers)" ""
is "the containers are the same processes" "$(containers "$node")" "$containers_before"
is "the engine is the same process" "$(engine_pid)" "$pid"
is "no run waits for recovery" "$(on "$node" nodelift status --json | jq -r .unfinished)" null
is "nothing half-fetched stays in the store" "$(on "$node" find /var/lib/nodelift/store/tmp -type f)" ""

# ---- the last: the engine is stopped

on "$node" systemctl stop docker.socket docker.service
pid=0
bad "the engine is stopped" 10 "'/run/docker\.sock'.*(refused|connect)|no engine" nodelift upgrade "$good"
status_is "status with the engine stopped" 0 on "$node" nodelift status
is "it is still stopped" "$(on "$node" systemctl is-active docker.service docker.socket)" $'inactive\ninactive'
done_testing
