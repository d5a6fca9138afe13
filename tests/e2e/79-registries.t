#!/bin/bash
# SPDX-License-Identifier: MIT
#
# nodelift fetch from real registries (docker-registry) behind the configuration that users have: Docker's daemon.json,
# containerd's hosts.toml, our config.json. What the access logs show is counted.
#
# All of it is in namespaces of its own: the registries have names and addresses there that are not loopback, /etc is
# a copy, and everything ends with the test.
#
# NODELIFT=FILE  the program to try (build/nodelift)
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ -z "${REGISTRIES_INSIDE:-}" ]; then
	top=$(mktemp -d /tmp/nodelift-registries.XXXXXX)
	trap 'rm -rf "$top"' EXIT
	trap 'exit 130' INT TERM
	REGISTRIES_INSIDE=$top unshare --mount --net --pid --fork --kill-child --mount-proc "tests/e2e/${0##*/}"
	exit
fi

# shellcheck source=tests/registry/serve.sh
. tests/registry/serve.sh
top=$REGISTRIES_INSIDE
mount -t tmpfs none "$top"
rmdir "$dir"/*/* "$dir"/* "$dir" # as serve.sh made it
dir=$top/dir
export DOCKER_CONFIG=$dir/docker
mkdir -p "$dir/docker" "$dir/etc"
mkdir "$top/run"
cp -a /etc "$top/etc"
mount --bind "$top/etc" /etc
rm -rf /etc/docker /etc/containerd
mkdir -p /etc/docker /etc/containerd/certs.d
: >/etc/resolv.conf
ip link set lo up
for i in 1 2 3 4; do ip address add 10.79.0.$i/32 dev lo; done
cat >/etc/hosts <<-END
	127.0.0.1 localhost
	10.79.0.1 r.test
	10.79.0.2 m1.test
	10.79.0.3 m2.test
	10.79.0.4 registry-1.docker.io docker.io
END

# ---- certificates: two authorities, one client

# authority NAME
authority()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$top/$1.key" -out "$top/$1.crt" 2>/dev/null
}
# certificate NAME AUTHORITY HOST
certificate()
{
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" -keyout "$top/$1.key" -out "$top/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$top/$1.csr" -CA "$top/$2.crt" -CAkey "$top/$2.key" -CAcreateserial -days 2 \
			-extfile <(echo "subjectAltName=DNS:$3") -out "$top/$1.crt" 2>/dev/null
}
authority ca
authority foreign
for name in r.test m1.test m2.test registry-1.docker.io; do certificate $name ca $name; done
certificate f.m1 foreign m1.test
certificate f.m2 foreign m2.test
certificate f.r foreign r.test
certificate client foreign client
cat "$top/client.crt" "$top/client.key" >"$top/client.pem"

# ---- registries

# storage NAME: what a registry has; all of them begin with the same
storage() { cp -a "$top/storage" "$top/$1"; }

# up NAME ADDRESS STORAGE [CERTIFICATE]: its requests are in $top/run/NAME
up()
{
	local config=$top/run/$1.yml
	{
		echo "version: 0.1"
		echo "log: {level: error}"
		echo "storage: {filesystem: {rootdirectory: $top/$3}}"
		[ -z "${MIDDLEWARE:-}" ] || echo "middleware: $MIDDLEWARE"
		echo "http:"
		echo "  addr: $2"
		echo "  secret: x"
		[ -z "${4:-}" ] || echo "  tls: {certificate: $top/$4.crt, key: $top/$4.key${CLIENT_CA:+, clientcas: [$CLIENT_CA]}}"
	} >"$config"
	docker-registry serve "$config" >"$top/run/$1" 2>"$top/run/$1.err" &
	for _ in $(seq 200); do
		ss -Hltn "src ${2%:*}" "sport = :${2##*:}" | grep -q . && return
		sleep 0.05
	done
	echo "# $1 does not run: $(tail -n 1 "$top/run/$1.err")"
}

openssl ecparam -name prime256v1 -genkey -noout -out "$top/key"
tests/registry/layout "$top/layout" "$top/key" old new >"$top/images" || exit 1
read -r _ old _ < <(grep '^old' "$top/images")
read -r _ new layer < <(grep '^new' "$top/images")
mkdir "$top/storage"
up seed 127.0.0.1:5999 storage
for tag in old new "${old/:/-}.sig" "${new/:/-}.sig"; do
	skopeo --insecure-policy copy -q --preserve-digests --dest-tls-verify=false "oci:$top/layout:$tag" "docker://127.0.0.1:5999/lab/x:$tag" || exit 1
done
tags=docker/registry/v2/repositories/lab/x/_manifests/tags
data=docker/registry/v2/blobs/sha256
# "t" is the tag that all of them have: the new image, and in one that is behind, the old one
cp -a "$top/storage/$tags/new" "$top/storage/$tags/t"
storage behind
cp "$top/behind/$tags/old/current/link" "$top/behind/$tags/t/current/link"
storage unsigned
rm -r "$top/unsigned/$tags"/*.sig
storage liar
printf X | dd of="$top/liar/$data/${layer:7:2}/${layer:7}/data" bs=1 seek=40 conv=notrunc 2>/dev/null
storage forger
printf ' ' >>"$top/forger/$data/${new:7:2}/${new:7}/data"
mkdir "$top/empty"

up hub 10.79.0.4:443 storage registry-1.docker.io
up r 10.79.0.1:443 storage r.test
up m1 10.79.0.2:443 storage m1.test
up behind 10.79.0.2:5001 behind m1.test
up liar 10.79.0.2:5002 liar m1.test
up forger 10.79.0.2:5003 forger m1.test
up empty 10.79.0.2:5004 empty m1.test
up foreign 10.79.0.2:5005 storage f.m1
CLIENT_CA=$top/foreign.crt up mutual 10.79.0.2:5006 storage m1.test
up plain 10.79.0.3:80 storage
up plain2 10.79.0.3:5000 storage
up unsigned 10.79.0.3:5001 unsigned m2.test
up foreign2 10.79.0.3:5002 storage f.m2
MIDDLEWARE='{storage: [{name: redirect, options: {baseurl: "https://m2.test:5002/"}}]}' up sends 10.79.0.1:5007 storage f.r
# takes connections and says nothing
python3 -c 'import socket, time
s = socket.socket(); s.bind(("10.79.0.3", 5009)); s.listen(64); time.sleep(600)' &

# ---- tools

# node: nothing is configured
node()
{
	rm -rf /etc/docker/* /etc/containerd/certs.d/* "${dir:?}/etc" "$dir/docker"/*
	mkdir -p "$dir/etc/keys"
}
daemon() { printf '%s' "$1" >/etc/docker/daemon.json; }
config() { printf '%s' "$1" >"$dir/etc/config.json"; }
# hosts NAME <TEXT
hosts()
{
	mkdir -p "/etc/containerd/certs.d/$1"
	cat >"/etc/containerd/certs.d/$1/hosts.toml"
}
need_signature() { openssl ec -in "$top/key" -pubout -out "$dir/etc/keys/k.pem" 2>/dev/null; }

# run IMAGE [OPTION...]: into an empty store; $status, $dir/err, $took in ms
run()
{
	local log start
	for log in "$top"/run/*; do
		case $log in *.yml | *.err) ;; *) : >"$log" ;; esac
	done
	rm -rf "$dir/state"
	start=$(date +%s%N)
	timeout 120 "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$top/ca.crt" "${@:2}" "$1" >"$dir/out" 2>"$dir/err"
	status=$?
	took=$((($(date +%s%N) - start) / 1000000))
	sleep 0.05
}

# asked NAME PATTERN COUNT: what its log shows
asked()
{
	local got
	got=$(grep -cE "\"GET [^ ]*$2" "$top/run/$1")
	[ "$got" = "$3" ] || { echo "# $1 was asked $got times for $2 instead of $3"; return 1; }
}

# verdict STATUS PATTERN DESCRIPTION [NAME PATTERN COUNT]...: PATTERN is for the last line on stderr; a success says what
# was fetched in the one before
verdict()
{
	local held=0 what=$3
	[ "$status" = "$1" ] || { held=1; echo "# status $status instead of $1"; }
	if [ "$1" = 0 ]; then
		grep -Eq -- "^pull  *($2), [12] layer" "$dir/err" || held=1
	else
		tail -n 1 "$dir/err" | grep -Eq -- "^nodelift: .*($2)" || held=1
	fi
	[ "$(grep -c '^nodelift: ' "$dir/err")" = 1 ] || held=1
	shift 3
	while [ $# -gt 0 ]; do
		asked "$1" "$2" "$3" || held=1
		shift 3
	done
	ok $held "$what"
}

# try IMAGE STATUS PATTERN DESCRIPTION [NAME PATTERN COUNT]...
try()
{
	run "$1"
	verdict "${@:2}"
}

# ---- Docker's mirrors

node
try lab/x:t 0 "$new" 'docker.io without a mirror' hub "blobs/$layer" 1 m1 . 0
daemon '{"registry-mirrors": ["https://m1.test/"], "debug": true}'
try lab/x:t 0 "$new" 'a mirror has it all' m1 'manifests/t' 1 m1 "blobs/$layer" 1 hub . 0
try r.test/lab/x:t 0 "$new" 'it is a mirror of docker.io only' r "blobs/$layer" 1 m1 . 0
daemon '{"registry-mirrors": ["https://m1.test:5004"]}'
try lab/x:t 0 "$new" 'a mirror without the image' empty 'manifests/t' 1 hub "blobs/$layer" 1
daemon '{"registry-mirrors": ["https://m1.test:9"]}'
try lab/x:t 0 "$new" 'a mirror that is down' hub "blobs/$layer" 1
[ "$took" -lt 3000 ]
ok $? "is not waited for ($took ms)"
daemon '{"registry-mirrors": ["https://m2.test:5009"]}'
try lab/x:t 0 "$new" 'a mirror that says nothing' hub "blobs/$layer" 1
[ "$took" -lt 8000 ]
ok $? "is waited for once, not long ($took ms)"
daemon '{"registry-mirrors": ["https://m1.test:5002"]}'
try lab/x:t 0 "$new" 'a mirror whose layer is another one' liar "blobs/$layer" 2 hub "blobs/$layer" 1
find "$dir/state/store/sha256" -type f | while read -r f; do [ "$(sha256sum <"$f")" = "${f##*/}  -" ] || exit 1; done
ok $? 'what is in the store is what its name says'
daemon '{"registry-mirrors": ["https://m1.test:5003"]}'
try lab/x@"$new" 0 "$new" 'a mirror whose manifest is another one' forger "manifests/$new" 2 hub "manifests/$new" 1 forger blobs 0
daemon '{"registry-mirrors": ["https://m1.test:5004", "https://m1.test:5002", "https://m1.test"]}'
try lab/x:t 0 "$new" 'three mirrors, of which the last is good' empty . 3 liar "blobs/$layer" 2 m1 "blobs/$layer" 1 hub . 0
daemon '{"registry-mirrors": ["https://m1.test:9"]}'
try lab/nothing:t 12 "no such image 'docker.io/lab/nothing:t'.* \(and before, 'm1.test:9': cannot connect" 'what all say is told'
daemon '{"registry-mirrors": ["http://m2.test:5000"]}'
try lab/x:t 0 "$new" 'a mirror without TLS' plain2 "blobs/$layer" 1 hub . 0
daemon '{"registry-mirrors": ["https://m1.test:5005"]}'
try lab/x:t 0 "$new" 'a mirror with a certificate that nobody knows' foreign . 0 hub "blobs/$layer" 1
daemon '{"registry-mirrors": ["https://m1.test:5005"], "insecure-registries": ["m1.test:5005"]}'
try lab/x:t 0 "$new" 'which is insecure by name' foreign "blobs/$layer" 1 hub . 0

# ---- what a tag means

node
daemon '{"registry-mirrors": ["https://m1.test:5001"]}'
try lab/x:t 0 "$old" 'a mirror that is behind is believed where nobody signs' behind 'manifests/t' 1 hub . 0
need_signature
try lab/x:t 0 "$new" 'where a signature is demanded it is not' behind 'manifests/t' 0 behind "blobs/$layer" 1 hub 'manifests/t' 1 hub "blobs/$layer" 0
try lab/x@"$old" 0 "$old" 'a digest is no question of trust' behind "manifests/$old" 1
daemon '{"registry-mirrors": ["https://m1.test"]}'
hosts r.test <<'END'
server = "https://m2.test:5001"
[host."https://m1.test"]
END
try r.test/lab/x:t 0 "$new" 'a signature that only a mirror has' unsigned 'sha256-[0-9a-f]*.sig' 1 m1 'sha256-[0-9a-f]*.sig' 1
hosts r.test <<'END'
server = "https://m2.test:5001"
[host."https://m1.test:5004"]
END
try r.test/lab/x:t 20 'is not signed' 'a signature that nobody has' unsigned 'sha256-[0-9a-f]*.sig' 1 empty 'sha256-[0-9a-f]*.sig' 1 unsigned blobs 0
hosts r.test <<'END'
server = "https://m2.test:9"
[host."https://m1.test"]
END
try r.test/lab/x@"$new" 0 "$new" 'the origin is down: a digest and its signature from a mirror' m1 'sha256-[0-9a-f]*.sig' 1 m1 "blobs/$layer" 1
try r.test/lab/x:t 12 "cannot connect to 'm2.test:9'" 'the origin is down: nobody else says what a tag means' m1 . 0
hosts r.test <<'END'
server = "https://m2.test:9"
[host."https://m2.test:5001"]
END
try r.test/lab/x@"$new" 12 "cannot connect to 'm2.test:9'" 'the origin is down: a mirror cannot say that there is no signature' unsigned "manifests/$new" 1 unsigned blobs 0

# ---- containerd's hosts.toml

node
hosts r.test <<'END'
[host."https://m1.test:5004"]
[host."https://m1.test"]
END
try r.test/lab/x:t 0 "$new" 'hosts in the order of the file' empty 'manifests/t\?ns=r.test' 1 m1 'manifests/t\?ns=r.test' 1 m1 "blobs/$layer\?ns=r.test" 1 r . 0
hosts r.test <<'END'
[host."https://m1.test:5001"]
  capabilities = ["pull"]
END
try r.test/lab/x:t 0 "$new" 'one that may not resolve' behind 'manifests/t' 0 r 'manifests/t ' 1 behind "blobs/$layer" 1 r blobs 0
hosts r.test <<'END'
[host."https://m1.test:5001"]
  capabilities = ["resolve"]
END
try r.test/lab/x:t 0 "$old" 'one that may only resolve' behind 'manifests/t' 1 behind blobs 0
hosts r.test <<'END'
server = "https://m1.test"
END
try r.test/lab/x:t 0 "$new" 'another server' m1 "blobs/$layer" 1 r . 0
hosts _default <<'END'
server = "https://m1.test:5001"
END
try r.test/lab/x:t 0 "$new" 'the file of the host itself comes before that for all' m1 "blobs/$layer" 1 behind . 0
rm -r /etc/containerd/certs.d/r.test
try r.test/lab/x:t 0 "$old" 'the file for all' behind 'manifests/t\?ns=r.test' 1
try lab/x:t 0 "$old" 'also for docker.io' behind 'manifests/t\?ns=docker.io' 1
daemon '{"registry-mirrors": ["https://m1.test"]}'
try lab/x:t 0 "$old" 'it comes before daemon.json' behind 'manifests/t\?ns=docker.io' 1 m1 . 0
node
hosts docker.io <<'END'
server = "https://docker.io"
[host."https://registry-1.docker.io"]
  capabilities = ["pull", "resolve"]
END
need_signature
try lab/x:t 0 "$new" 'the example of containerd: the origin among the hosts is the origin' hub 'manifests/t ' 1
node
hosts r.test_5007_ <<'END'
server = "https://m1.test"
END
hosts r.test:5007 <<'END'
server = "https://m1.test:5001"
END
try r.test:5007/lab/x:t 0 "$new" 'HOST_PORT_' m1 'manifests/t' 1
rm -r /etc/containerd/certs.d/r.test_5007_
try r.test:5007/lab/x:t 0 "$old" 'HOST:PORT' behind 'manifests/t' 1
hosts r.test <<'END'
[host."https://m1.test"]
  override_path = true
END
try r.test/lab/x:t 0 "$new" 'override_path: nothing is put before the name' m1 '/v2/' 0 m1 '/lab/x/manifests/t' 1 r "blobs/$layer" 1
hosts r.test <<'END'
[host."https://m1.test/v2/"]
  override_path = true
END
try r.test/lab/x:t 0 "$new" 'override_path with the right path' m1 "^/v2/lab/x/blobs/$layer|/v2/lab/x/blobs/$layer" 1 r . 0
hosts r.test <<'END'
[host."https://m2.test:5009"]
  dial_timeout = "500ms"
END
try r.test/lab/x:t 0 "$new" 'dial_timeout' r "blobs/$layer" 1
[ "$took" -lt 3000 ]
ok $? "is heeded ($took ms)"
hosts r.test <<'END'
[host."http://m2.test:5000"]
[host."http://m2.test:5000".header]
  Referer = ["told by hosts.toml"]
END
try r.test/lab/x:t 0 "$new" 'a host without TLS, and a header' plain2 'told by hosts.toml' 0 plain2 "blobs/$layer.*told by hosts.toml" 1 r . 0

# ---- TLS

hosts r.test <<'END'
[host."https://m1.test:5005"]
END
try r.test/lab/x:t 0 "$new" 'an authority that nobody knows' foreign . 0 r "blobs/$layer" 1
hosts r.test <<'END'
[host."https://m1.test:5005"]
  skip_verify = true
END
try r.test/lab/x:t 0 "$new" 'skip_verify' foreign "blobs/$layer" 1 r . 0
cp "$top/foreign.crt" /etc/containerd/certs.d/r.test/one.pem
hosts r.test <<'END'
[host."https://m1.test:5005"]
  ca = "one.pem"
END
try r.test/lab/x:t 0 "$new" 'ca, beside the file' foreign "blobs/$layer" 1 r . 0
hosts r.test <<END
[host."https://m1.test:5005"]
  ca = ["$top/ca.crt", "$top/foreign.crt"]
[host."https://m2.test:5002"]
END
try r.test/lab/x:t 0 "$new" 'two of them' foreign "blobs/$layer" 1 r . 0
hosts r.test <<END
[host."https://m2.test:5002"]
[host."https://m1.test:5005"]
  ca = ["$top/ca.crt", "$top/foreign.crt"]
END
try r.test/lab/x:t 0 "$new" 'which count for their host only' foreign2 . 0 foreign "blobs/$layer" 1
hosts r.test <<'END'
[host."https://m1.test:5006"]
END
try r.test/lab/x:t 0 "$new" 'a host that wants a client certificate' mutual . 0 r "blobs/$layer" 1
for client in "\"$top/client.pem\"" "[\"$top/client.pem\"]" "[[\"$top/client.crt\", \"$top/client.key\"]]" "[[\"$top/client.pem\", \"\"]]"; do
	hosts r.test <<END
[host."https://m1.test:5006"]
  client = $client
END
	try r.test/lab/x:t 0 "$new" "client = ${client//$top\//}" mutual "blobs/$layer" 1 r . 0
done
hosts r.test <<'END'
[host."http://m1.test:5005"]
  skip_verify = true
[host."http://m2.test:5000"]
  skip_verify = true
END
try r.test/lab/x:t 0 "$new" 'http:// with TLS settings: TLS is tried first' foreign "blobs/$layer" 1 plain2 . 0
hosts r.test <<'END'
[host."http://m2.test:5000"]
  skip_verify = true
END
try r.test/lab/x:t 0 "$new" 'and http where there is none' plain2 "blobs/$layer" 1 r . 0
node
mkdir /etc/containerd/certs.d/m1.test:5005
try m1.test:5005/lab/x:t 12 'is not trusted' 'no certificate in the directory of a host'
cp "$top/foreign.crt" /etc/containerd/certs.d/m1.test:5005/ca.crt
try m1.test:5005/lab/x:t 0 "$new" 'certificates in the directory of a host without hosts.toml' foreign "blobs/$layer" 1

# ---- insecure registries

node
try m1.test:5005/lab/x:t 12 'is not trusted' 'a foreign certificate'
daemon '{"insecure-registries": ["m1.test:5005"]}'
try m1.test:5005/lab/x:t 0 "$new" 'insecure by name' foreign "blobs/$layer" 1
daemon '{"insecure-registries": ["m1.test", "http://m1.test:5005"]}'
try m1.test:5005/lab/x:t 0 "$new" 'insecure by name with a scheme' foreign "blobs/$layer" 1
daemon '{"insecure-registries": ["m1.test", "m1.test:5002"]}'
try m1.test:5005/lab/x:t 12 'is not trusted' 'another port is another registry'
daemon '{"insecure-registries": ["10.79.0.0/30"]}'
try m1.test:5005/lab/x:t 0 "$new" 'insecure by the network of its name' foreign "blobs/$layer" 1
try 10.79.0.2:5005/lab/x:t 0 "$new" 'insecure by the network of its address' foreign "blobs/$layer" 1
daemon '{"insecure-registries": ["10.79.0.0/31", "fd00::/8"]}'
try m1.test:5005/lab/x:t 12 'is not trusted' 'not in the network'
try m2.test:5000/lab/x:t 12 "no TLS with 'm2.test:5000'" 'a registry without TLS'
daemon '{"insecure-registries": ["10.79.0.0/16"]}'
try m2.test:5000/lab/x:t 0 "$new" 'insecure and without TLS' plain2 "blobs/$layer" 1
node
config '{"insecure_registries": ["m2.test:5000"]}'
try m2.test:5000/lab/x:t 0 "$new" 'named by config.json' plain2 "blobs/$layer" 1
need_signature
try m2.test:5000/lab/x:t 0 "$new" 'and its signature' plain2 "blobs/$layer" 1
[ "$took" -lt 3000 ]
ok $? "without waiting for TLS ($took ms)"
run m2.test/lab/x:t --plain-http
verdict 2 "registry 'm2.test' is not on this machine: plain HTTP is not allowed" '--plain-http' plain . 0
config '{"insecure_registries": ["m2.test"]}'
run m2.test/lab/x:t --plain-http
verdict 0 "$new" '--plain-http where it is allowed' plain "blobs/$layer" 1
config '{"insecure_registries": ["m1.test:5005"]}'
try m1.test:5005/lab/nothing:t 12 "no such image '[^(]*registry says (NAME|MANIFEST)_UNKNOWN\$" 'an answer over TLS is the answer'
config '{"insecure_registries": ["r.test:5007"]}'
try r.test:5007/lab/x:t 12 "certificate of 'm2.test:5002' is not trusted" 'where an insecure registry sends us must be trusted' foreign2 . 0

# ---- credentials

# secrets PORT COUNT: requests with a password that the server there saw
secrets()
{
	python3 -c 'import json, sys
print(sum(1 for l in open(sys.argv[1]) for r in [json.loads(l)] if r["port"] == sys.argv[2] and r["authorization"]))' "$dir/log" "$1"
}
node
serve tests/registry/liar
read -r port _ <"$dir/ready"
printf '[host."http://localhost:%s"]\n' "$port" | hosts r.test
login() { printf '{"auths": {"%s": {"username": "user", "password": "secret"}}}' "$1" >"$DOCKER_CONFIG/config.json"; }
login r.test
: >"$dir/log"
try r.test/basic:t 12 "no such image 'r.test/basic:t'.*and before, 'localhost:$port': .*401" 'a mirror that wants a password'
[ "$(secrets registry)" = 0 ]
ok $? "does not get the origin's"
login "localhost:$port"
: >"$dir/log"
try r.test/basic:t 0 'sha256:.*' 'it gets its own'
[ "$(secrets registry)" -gt 0 ]
ok $? 'in each request'
rm "$DOCKER_CONFIG/config.json"
printf '[host."http://localhost:%s"]\n[host."http://localhost:%s".header]\nauthorization = "Basic dXNlcjpwYXNz"\nx-secret = "1"\n' "$port" "$port" | hosts r.test
: >"$dir/log"
try r.test/redirect:t 12 "and before, 'localhost:$port': 'localhost:[0-9]*' is not asked without TLS" 'a host without TLS may not send us to another one'
config '{"insecure_registries": ["r.test"]}'
run r.test/redirect:t --plain-http
verdict 0 'sha256:.*' 'a password in hosts.toml, and a host that sends us elsewhere'
[ "$(secrets registry)" -gt 0 ] && [ "$(secrets elsewhere)" = 0 ]
ok $? 'where the password does not go'

# ---- what is malformed

# bad PATTERN DESCRIPTION: status 2 and one line
bad()
{
	run r.test/lab/x:t
	verdict 2 "$1" "$2" r . 0 m1 . 0
}
# bad_hosts PATTERN TEXT
bad_hosts()
{
	node
	printf '%b' "$2" | hosts r.test
	bad "/etc/containerd/certs.d/r.test/hosts.toml: $1" "hosts.toml: ${2//$'\n'/ }"
}
bad_hosts 'line 1' 'server'
bad_hosts 'line 1' 'server = https://m1.test'
bad_hosts 'line 2' 'server = "https://m1.test"\nserver = "https://r.test"'
bad_hosts "line 3: this table occurs twice" '[host."https://m1.test"]\n\n[host."https://m1.test"]'
bad_hosts 'line 1: inline tables' 'host = {}'
bad_hosts 'line 1: arrays of tables' '[[host]]'
bad_hosts "key 'proxy'" 'proxy = "http://proxy:3128"'
bad_hosts "key 'capabilites'" '[host."https://m1.test"]\ncapabilites = ["pull"]'
bad_hosts "key 'capabilities' must" '[host."https://m1.test"]\ncapabilities = ["fly"]'
bad_hosts "key 'capabilities' must" '[host."https://m1.test"]\ncapabilities = "pull"'
bad_hosts "key 'skip_verify' must" '[host."https://m1.test"]\nskip_verify = "yes"'
bad_hosts "key 'override_path' must" '[host."https://m1.test"]\noverride_path = 1'
bad_hosts "key 'ca' must" '[host."https://m1.test"]\nca = [1]'
bad_hosts "key 'client' must" '[host."https://m1.test"]\nclient = []'
bad_hosts "key 'client' must" '[host."https://m1.test"]\nclient = [[]]'
bad_hosts "key 'client' must" '[host."https://m1.test"]\nclient = ["a", "b"]'
bad_hosts "key 'dial_timeout' must" '[host."https://m1.test"]\ndial_timeout = "soon"'
bad_hosts "key 'dial_timeout' must" '[host."https://m1.test"]\ndial_timeout = "11m"'
bad_hosts "key 'header' must" '[host."https://m1.test".header]\nx = "a\\nHost: b"'
bad_hosts "key 'header' must" '[host."https://m1.test".header]\n"x y" = "a"'
bad_hosts "key 'host' must" 'host = 1'
bad_hosts "key 'server' must" 'server = 1'
bad_hosts "'https://u:p@m1.test' is not the address" '[host."https://u:p@m1.test"]'
bad_hosts "'ftp://m1.test' is not the address" 'server = "ftp://m1.test"'
node
printf '[host."https://m1.test"]\nca = "none.pem"\n' | hosts r.test
bad "registry host 'm1.test': cannot read certificates from '/etc/containerd/certs.d/r.test/none.pem'" 'hosts.toml: a file that is not there'
printf '[host."https://m1.test"]\nclient = "none.pem"\n' | hosts r.test
bad "registry host 'm1.test': cannot read client certificate '/etc/containerd/certs.d/r.test/none.pem'" 'hosts.toml: a certificate that is not there'
printf '[host."https://m1.test"]\nskip_verify = true\n[host."https://m1.test/x"]\nskip_verify=true\n' | hosts r.test
bad "settings for TLS with 'm1.test:443' occur twice" 'hosts.toml: TLS settings for one host twice'
printf '[host."https://m1.test"]\ncapabilities = ["push"]\n[host."https://r.test"]\ncapabilities = ["pull"]\n' | hosts r.test
sed -i '1i server = "https://r.test"\ncapabilities = ["pull"]' /etc/containerd/certs.d/r.test/hosts.toml
bad "no host that hosts.toml names for 'r.test' may resolve a tag" 'hosts.toml: nobody may resolve'

# bad_daemon PATTERN TEXT
bad_daemon()
{
	node
	daemon "$2"
	bad "/etc/docker/daemon.json: $1" "daemon.json: $2"
}
bad_daemon 'not JSON at line 1' '{"registry-mirrors": ['
bad_daemon 'must be an object' '[]'
bad_daemon "key 'registry-mirrors' must be an array" '{"registry-mirrors": "https://m1.test"}'
bad_daemon "key 'registry-mirrors' must hold strings" '{"registry-mirrors": [1]}'
bad_daemon "key 'registry-mirrors': 'm1.test' begins with neither" '{"registry-mirrors": ["m1.test"]}'
bad_daemon "key 'insecure-registries' must be an array" '{"insecure-registries": true}'
bad_daemon "key 'insecure-registries' must hold strings" '{"insecure-registries": [null]}'
bad_daemon "key 'insecure-registries': '10.0.0.0/33' is neither" '{"insecure-registries": ["10.0.0.0/33"]}'
bad_daemon "key 'insecure-registries': 'm1.test/x' is neither" '{"insecure-registries": ["m1.test/x"]}'
bad_daemon "key 'insecure-registries': 'm1.test:x' is neither" '{"insecure-registries": ["m1.test:x"]}'
node
daemon '{"registry-mirrors": ["https://m1.test?x"]}'
run lab/x:t
verdict 2 "/etc/docker/daemon.json: key 'registry-mirrors': 'https://m1.test\?x' is not the address" 'daemon.json: a mirror that is no address' m1 . 0
node
daemon ' '
try r.test/lab/x:t 0 "$new" 'daemon.json: nothing in it, as Docker has it'
for text in '"m1.test"' '[1]' '["m1.test/x"]'; do
	node
	config "{\"insecure_registries\": $text}"
	bad "config.json: key 'insecure_registries'" "config.json: insecure_registries: $text"
done
echo "1..$n"
