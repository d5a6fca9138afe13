#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Credentials as users have them, against Debian's docker-registry: Docker's config.json, real credential helpers and bad
# ones, identity tokens of a token server, client certificates. Each failure is one line and the documented status.
#
# NODELIFT=FILE  the program to try (build/nodelift)
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/registry/island.sh
. tests/registry/island.sh
# shellcheck source=tests/registry/serve.sh
. tests/registry/serve.sh

user=lab
password=labpw
basic=registry.test:5444
bearer=registry.test:5445
mutual=registry.test:5447

# ---- the registries: one storage behind several doors

new_ca token
new_ca clients
new_ca strangers
perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2b$05$nodeliftlabnodeliftlab)), "\n"' $user $password >"$island/htpasswd"

# registry PORT [CLIENTCAS] <<<EXTRA
registry()
{
	cat >"$island/$1.yml" <<-YML
		version: 0.1
		log: {level: warn}
		storage: {filesystem: {rootdirectory: $island/storage}}
		http:
		  addr: :$1
		  secret: lab
		  tls:
		    certificate: $island/registry.test.crt
		    key: $island/registry.test.key
		    ${2:+clientcas: [$2]}
		$(cat)
	YML
	docker-registry serve "$island/$1.yml" >"$island/$1.log" 2>&1 &
}
registry 5443 </dev/null
registry 5444 <<<"auth: {htpasswd: {realm: lab, path: $island/htpasswd}}"
registry 5445 <<<"auth: {token: {realm: 'https://auth.test:5446/token', service: registry.test, issuer: nodelift-lab, rootcertbundle: $island/token.crt}}"
registry 5447 "$island/clients.crt" </dev/null
mkdir "$island/issuer"
cp "$island/auth.test.crt" "$island/issuer/registry.crt"
cp "$island/auth.test.key" "$island/issuer/registry.key"
cp "$island/token.crt" "$island/token.key" "$island/issuer/"
printf '{"port": 5446, "certs": "%s", "issuer": "nodelift-lab", "user": "%s", "password": "%s"}' \
	"$island/issuer" $user $password >"$island/issuer.json"
python3 tests/lab/issuer "$island/issuer.json" >"$island/issuer.log" 2>&1 &
for port in 5443 5444 5445; do wait_for curl -s --cacert "$island/ca.crt" "https://registry.test:$port/"; done
wait_for curl -s --cacert "$island/ca.crt" https://auth.test:5446/token

# push NAME OPTION...: an image of the registries
push()
{
	tests/lab/mkimage build "$island/$1.image" "${@:2}" >/dev/null &&
		tests/lab/mkimage push "$island/$1.image" "registry.test:5443/$1:t" --ca "$island/ca.crt" >/dev/null
}
layers=()
for i in $(seq 12); do
	head -c 2000000 /dev/urandom >"$island/random$i"
	layers+=(--layer --file "f$i=$island/random$i")
done
push a --text a=a
push private --text a=a
push brief-private --compress none "${layers[@]}"

# ---- how a test looks

# fetch IMAGE [VARIABLE=VALUE...]: $status, $dir/err
fetch()
{
	rm -rf "$dir/state"
	env "${@:2}" timeout 60 "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$island/ca.crt" \
		"$1" >"$dir/out" 2>"$dir/err"
	status=$?
}

# judge STATUS PATTERN DESCRIPTION: of the last fetch; no secret of ours is in what it said
judge()
{
	local held=0
	[ "$status" = "$1" ] || { held=1; echo "# status $status instead of $1"; }
	[ "$1" = 0 ] || { [ "$(grep -c '^nodelift: ' "$dir/err")" = 1 ] && tail -n 1 "$dir/err" | grep -Eq -- "^nodelift: .*($2)"; } || held=1
	! grep -qF -e "$password" -e top-secret "$dir/err" "$dir/out" || { held=1; echo '# it tells a secret'; }
	ok $held "$3"
}

# try IMAGE STATUS PATTERN DESCRIPTION [VARIABLE=VALUE...]
try()
{
	fetch "$1" "${@:5}"
	judge "$2" "$3" "$4"
}

docker_config() { printf '%s\n' "$1" >"$DOCKER_CONFIG/config.json"; }
allow() { printf '{"credential_helpers": %s}\n' "$1" >"$dir/etc/config.json"; }
auth() { printf '%s' "$1" | base64 -w 0; }
issued() { grep -c "$1" "$island/issuer.log"; }

# ---- config.json

docker_config '{}'
try $basic/a:t 12 'refuses access .*401.: missing credentials in .*config.json' 'no credentials'
docker_config '{"auths": {"'$basic'": {"auth": "'"$(auth $user:$password)"'"}}}'
try $basic/a:t 0 '' 'auth'
docker_config '{"auths": {"https://'$basic'": {"username": "'$user'", "password": "'$password'"}}}'
try $basic/a:t 0 '' 'username and password, a key with its scheme'
docker_config '{"auths": {"'$basic'": {"auth": "'"$(auth $user:top-secret)"'"}}}'
try $basic/a:t 12 'wrong credentials in' 'another password'
docker_config '{"auths": {"'$basic'": {"auth": "not base64"}}}'
try $basic/a:t 2 "'auth' is not base64" 'what is no base64'

# ---- tokens

docker_config '{}'
try $bearer/a:t 0 '' 'a token for anyone'
try $bearer/private:t 12 'refuses access to .private. .401.' 'which is not enough for what is private'
docker_config '{"auths": {"'$bearer'": {"auth": "'"$(auth $user:$password)"'"}}}'
try $bearer/private:t 0 '' 'a token for the password'
# as docker login leaves it: a name without a password, and the token
identity=$(curl -s --cacert "$island/ca.crt" -d "grant_type=password&client_id=login&service=registry.test&username=$user&password=$password" \
	-d access_type=offline https://auth.test:5446/token | jq -r .refresh_token)
docker_config '{"auths": {"'$bearer'": {"auth": "'"$(auth 00000000-0000-0000-0000-000000000000:)"'", "identitytoken": "'"$identity"'"}}}'
try $bearer/private:t 0 '' 'an identity token'
[ "$(issued "refresh_token by 'lab' for 'repository:private:pull'")" = 1 ]
ok $? '... went to the token server, once'
docker_config '{"auths": {"'$bearer'": {"identitytoken": "top-secret"}}}'
try $bearer/private:t 12 'refuses access to .private. .400.: wrong credentials in' 'an identity token that is none'
token=$(curl -s --cacert "$island/ca.crt" -u $user:$password "https://auth.test:5446/token?service=registry.test&scope=repository:private:pull" | jq -r .token)
docker_config '{"auths": {"'$bearer'": {"registrytoken": "'"$token"'"}}}'
try $bearer/private:t 0 '' 'a token of the registry itself'

# The registry takes this token for five seconds. So the pull is stopped for longer when it has some of the layers.
docker_config '{"auths": {"'$bearer'": {"identitytoken": "'"$identity"'"}}}'
for _ in 1 2 3; do
	before=$(issued 'refresh_token')
	rm -rf "$dir/state"
	"$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$island/ca.crt" $bearer/brief-private:t >"$dir/out" 2>"$dir/err" &
	pull=$!
	until [ -n "$(find "$dir/state/store/partial" -type f 2>/dev/null)" ] || ! kill -0 $pull 2>/dev/null; do :; done
	kill -STOP $pull
	had=$(find "$dir/state/store/sha256" -type f | wc -l)
	sleep 7
	kill -CONT $pull
	wait $pull
	status=$?
	[ "$had" -ge 12 ] || break # otherwise it was too quick to be caught in the middle
done
judge 0 '' "a token that runs out in the middle of a pull (after $had of 14 files)"
[ $(($(issued 'refresh_token') - before)) = 2 ]
ok $? '... is replaced by another, once'

# ---- a real helper: docker-credential-pass, with a key of its own

export GNUPGHOME=$island/gnupg PASSWORD_STORE_DIR=$island/pass
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key nodelift-test rsa2048 encr 2>>"$island/gpg.log"
pass init nodelift-test >"$dir/err" 2>&1
ok $? 'pass has a key'

# remember SERVER USER SECRET
remember() { printf '{"ServerURL": "%s", "Username": "%s", "Secret": "%s"}' "$@" | docker-credential-pass store; }
remember $basic $user $password
docker_config '{"credsStore": "pass"}'
try $basic/a:t 12 "config.json leaves credentials to helper 'pass', which is run only when .*\"credential_helpers\"" 'a helper that is not allowed'
try $bearer/a:t 0 '' '... does not matter where it is not needed'
allow '["pass"]'
try $basic/a:t 0 '' 'a helper that is'
docker_config '{"credsStore": "none", "credHelpers": {"'$basic'": "pass"}}'
try $basic/a:t 0 '' '... for one registry'
docker_config '{"credsStore": "pass", "auths": {"'$basic'": {"auth": "'"$(auth $user:wrong)"'"}}}'
try $basic/a:t 0 '' '... before what is in the file'
remember $basic $user top-secret
try $basic/a:t 12 "wrong credentials from helper 'pass' for '$basic'" 'another password from it'
docker-credential-pass erase <<<"$basic"
docker_config '{"credsStore": "pass"}'
try $basic/a:t 12 "credential helper 'pass' knows none for '$basic'" 'nothing from it'
docker_config '{"credsStore": "pass", "auths": {"'$basic'": {"auth": "'"$(auth $user:$password)"'"}}}'
try $basic/a:t 0 '' '... and then the file counts'
remember $bearer '<token>' "$identity"
docker_config '{"credsStore": "pass"}'
try $bearer/private:t 0 '' 'an identity token from it'
try $bearer/private:t 12 "pass' fails for .*status [1-9]" 'a helper without its keys' GNUPGHOME=/nonexistent

# ---- helpers that misbehave

# helper NAME <<<SCRIPT: allowed by its path
helper()
{
	{ echo '#!/bin/bash'; cat; } >"$island/docker-credential-$1"
	chmod 755 "$island/docker-credential-$1"
	allow '["'"$island/docker-credential-$1"'"]'
	docker_config '{"credsStore": "'"$1"'"}'
}
answer='{"ServerURL": "x", "Username": "'$user'", "Secret": "'$password'"}'

helper slow <<<'echo $$ >'"$island/slow.pid"'; sleep 1000'
mkdir -p "$island/slow"
cp -r "$dir/etc" "$dir/docker" "$island/slow/"
(
	dir=$island/slow DOCKER_CONFIG=$island/slow/docker
	fetch $basic/a:t
	echo $status >"$dir/status"
) & # half a minute: judged at the end
slow=$!

helper asked <<<'env >'"$island/helper.env"'; cat >'"$island/helper.in"'; echo "$@" >'"$island/helper.args; echo '$answer'"
try $basic/a:t 0 '' 'a helper by its path' -i "PATH=$PATH" "HOME=$HOME" "DOCKER_CONFIG=$DOCKER_CONFIG" \
	LD_LIBRARY_PATH=/top AWS_PROFILE=p GOOGLE_APPLICATION_CREDENTIALS=g NODELIFT_X=x NO_PROXY=a GNUPGHOME=/g SSL_CERT_FILE=/s
[ "$(cat "$island/helper.in") $(cat "$island/helper.args")" = "$basic get" ]
ok $? '... is asked for the server'
grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' "$island/helper.env" | sort >"$dir/err"
[ "$(sed 's/=.*//' "$dir/err" | paste -sd' ')" = "AWS_PROFILE GNUPGHOME GOOGLE_APPLICATION_CREDENTIALS HOME NO_PROXY PATH SSL_CERT_FILE" ] &&
	grep -qx 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$dir/err"
ok $? '... and has the variables that it may need, no others'
helper asked <<<'echo once >>'"$island/helper.count; echo '$answer'"
try $basic/brief-private:t 0 '' 'a helper for a pull of many layers'
[ "$(wc -l <"$island/helper.count")" = 1 ]
ok $? '... is asked once'
helper fails <<<'echo "no key ring"; exit 3'
try $basic/a:t 12 "fails for '$basic' .status 3.: no key ring" 'a helper that fails'
helper tells <<<'echo "{\"Secret\": \"top-secret\"}"; exit 1'
try $basic/a:t 12 "fails for '$basic' .status 1.$" 'a helper that fails and tells'
helper babbles <<<'echo "hello top-secret"'
try $basic/a:t 12 'answers with something that is none' 'a helper that does not answer in JSON'
helper half <<<'echo "{\"Username\": \"lab\"}"'
try $basic/a:t 12 'answers with something that is none' 'a helper that leaves out the secret'
helper empty <<<'echo "{\"ServerURL\": \"\", \"Username\": \"\", \"Secret\": \"\"}"'
try $basic/a:t 12 'knows none' 'a helper that answers with nothing'
helper endless <<<'yes top-secret'
try $basic/a:t 12 'says more than 131072 bytes' 'a helper that does not end to answer'
helper dies <<<'kill -9 $$'
try $basic/a:t 12 'was killed by signal 9' 'a helper that is killed'
allow '["gone"]'
docker_config '{"credsStore": "gone"}'
try $basic/a:t 10 "no credential helper 'docker-credential-gone' in /usr/local/sbin:" 'a helper that is not there'
allow '["/nonexistent/docker-credential-gone"]'
try $basic/a:t 10 "no credential helper '/nonexistent/docker-credential-gone'" '... nor by its path'
for bad in '"pass"' '["../x"]' '["/bin/sh"]' '["x/docker-credential-x"]' '[""]' '["-x"]' '[1]' '["a b"]'; do
	allow "$bad"
	try $basic/a:t 2 "config.json: key 'credential_helpers'" "a list of helpers that is $bad"
done
rm "$dir/etc/config.json"

# ---- client certificates

docker_config '{}'
certificate client clients
certificate second clients
certificate stranger strangers
certificate expired clients -days -1
place=$certs_d/$mutual

# show CERT [KEY]: the client certificates for that registry
show()
{
	rm -rf "$place"
	mkdir -p "$place"
	[ -z "$1" ] || cp "$island/$1.crt" "$place/client.cert"
	[ -z "${2-$1}" ] || cp "$island/${2-$1}.key" "$place/client.key"
}
show ''
# what the server says can be lost when it hangs up at once
try $mutual/a:t 12 "broke off TLS: it may want a client certificate, NAME.cert with NAME.key in $place|'$mutual'.*(Broken pipe|reset by peer)" \
	'no client certificate'
show client
try $mutual/a:t 0 '' 'a client certificate'
show stranger
try $mutual/a:t 12 "broke off TLS: it may not accept client certificate '$place/client.cert'" 'one of another authority'
show client ''
try $mutual/a:t 10 "client certificate '$place/client.cert' has no key '$place/client.key': No such file" 'no key'
show '' client
try $mutual/a:t 10 "key '$place/client.key' has no client certificate '$place/client.cert'" 'no certificate'
show client second
try $mutual/a:t 10 "'$place/client.key' is not the key of client certificate '$place/client.cert'" 'the key of another certificate'
show expired
try $mutual/a:t 10 "client certificate '$place/client.cert' expired on 20[0-9-]+ " 'one that has expired'
show client
echo x >"$place/client.cert"
try $mutual/a:t 10 "'$place/client.cert' is no certificate that can be read" 'what is no certificate'
show client
echo x >"$place/client.key"
try $mutual/a:t 10 "'$place/client.key' is no key that can be read" 'what is no key'

# ---- what took its time

wait $slow
cp "$island/slow/err" "$island/slow/out" "$dir/"
status=$(cat "$island/slow/status")
judge 12 "docker-credential-slow' did not end within 30 s" 'a helper that does not answer'
! kill -0 "$(cat "$island/slow.pid")" 2>/dev/null
ok $? '... is killed'

echo "1..$n"
