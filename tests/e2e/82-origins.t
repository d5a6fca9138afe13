#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Whom a secret is told: passwords, tokens, identity tokens and client certificates to the registry and its realm, a proxy's
# password to the proxy. A registry sends us everywhere else (tests/registry/origins), and everybody there writes down all
# that he hears; each way is gone directly, through a proxy, and through one with TLS.
#
# NODELIFT=FILE  the program to try (build/nodelift)
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/registry/island.sh
. tests/registry/island.sh
# shellcheck source=tests/registry/serve.sh
. tests/registry/serve.sh

new_ca clients
certificate our-client clients -days 30
mkdir -p "$certs_d/registry.test:5443"
cp "$island/our-client.crt" "$certs_d/registry.test:5443/client.cert"
cp "$island/our-client.key" "$certs_d/registry.test:5443/client.key"
serve tests/registry/origins --certs "$island"

# look [PYTHON...]: what the log says; the first argument is an expression over `bad`, `all`, `foreign`
look()
{
	python3 - "$dir/log" "$1" <<'END'
import base64, json, sys

all = [json.loads(line) for line in open(sys.argv[1])]
login = base64.b64encode(b'user:origin-password').decode()
proxy_login = base64.b64encode(b'proxyuser:proxy-password').decode()
secrets = {'password': ['origin-password', login], 'identity': ['identity-secret'], 'token': ['bearer-secret-'],
           'proxy': ['proxy-password', proxy_login], 'client': ['our-client']}
# whom what is meant for
meant = {'https://registry.test:5443': {'password', 'token', 'client'}, 'https://auth.test:5443': {'password', 'identity'},
         'http://proxy.test:3128': {'proxy'}, 'https://proxy.test:3129': {'proxy'}}
bad = []
for request in all:
    allowed = set(meant.get(request['origin'], set()))
    if request['origin'] == 'https://registry.test:5444' and request['path'].startswith('/token'):
        allowed |= {'password', 'identity'} # the realm of one of the images
    for name, texts in secrets.items():
        if name not in allowed and any(text in json.dumps(request) for text in texts):
            bad.append('%s of %s %s' % (name, request['origin'], request['path']))
foreign = [r for r in all if r['origin'] not in meant]
told = lambda origin, name: sum(any(t in json.dumps(r) for t in secrets[name]) for r in all if r['origin'] == origin)
print(eval(sys.argv[2]))
END
}

# try MODE STATUS PATTERN DESCRIPTION: $via, $kind say how
try()
{
	local held=0
	rm -rf "$dir/state"
	HTTPS_PROXY=$via timeout 60 "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$island/ca.crt" \
		"registry.test:5443/$1:t" >"$dir/out" 2>"$dir/err"
	status=$?
	[ "$status" = "$2" ] || { held=1; echo "# status $status instead of $2"; }
	[ "$2" = 0 ] || { [ "$(grep -c '^nodelift: ' "$dir/err")" = 1 ] && tail -n 1 "$dir/err" | grep -Eq -- "^nodelift: .*($3)"; } || held=1
	! grep -qE 'origin-password|identity-secret|bearer-secret|proxy-password' "$dir/err" "$dir/out" || { held=1; echo '# it tells a secret'; }
	ok $held "$how, $kind, ${1#*-}: $4"
}

# ways AUTH: to all who have no business with us
ways()
{
	try "$1-none" 0 '' 'nobody else'
	try "$1-port" 0 '' 'a blob on another port'
	try "$1-host" 0 '' 'a blob on another host'
	try "$1-http" 12 'redirects from https to http' 'a blob without TLS'
	try "$1-back" 0 '' 'a blob on another host, and back'
	try "$1-manifest" 0 '' 'a manifest on another host'
	try "$1-401" 12 'sends us for t answers 401' 'another host wants to know who we are'
	try "$1-open401" 12 'sends us wants credentials' 'another host wants to know it first'
	try "$1-urls" 0 '' 'a foreign layer'
	cp "$island/key.pem" "$dir/etc/keys/"
	try "$1-link" 12 'says that .https://other.test:5443/next. is its next page' 'the next page on another host'
	rm "$dir/etc/keys/key.pem"
}

realms()
{
	try bearer-realmport 0 '' 'a realm on another port'
	try bearer-realmhttp 12 "for a token to 'http://auth.test:5080/token', which is not https" 'a realm without TLS'
	try bearer-realmlocal 12 "for a token to 'https://localhost:5443/token', which is this machine" 'a realm on this machine'
	try bearer-realmloose 12 'sends us elsewhere for a token: .* is not an address' 'a realm with a user in it'
}

openssl ecparam -name prime256v1 -genkey -noout -out "$island/key"
openssl ec -in "$island/key" -pubout -out "$island/key.pem" 2>/dev/null
declare -A vias=([directly]='' [by proxy]=http://proxyuser:proxy-password@proxy.test:3128
	[by https proxy]=https://proxyuser:proxy-password@proxy.test:3129)
for how in directly 'by proxy' 'by https proxy'; do
	via=${vias[$how]}
	printf '{"auths": {"registry.test:5443": {"username": "user", "password": "origin-password"}}}' >"$DOCKER_CONFIG/config.json"
	kind=basic
	[ -n "$via" ] || ways basic
	kind=bearer
	ways bearer
	realms
	try bearer-realmmoved 0 '' 'a realm that has moved to another host'
	kind=identity
	printf '{"auths": {"registry.test:5443": {"identitytoken": "identity-secret"}}}' >"$DOCKER_CONFIG/config.json"
	ways bearer
	realms
	try bearer-realmmoved 12 'answers 307 to the request for a token' 'a realm that has moved to another host'
done

look '"\n".join(sorted({"told: " + b for b in bad}))' >"$dir/err"
! grep -q . "$dir/err"
ok $? 'no secret was told to anybody for whom it was not meant'
# The test sees what there is to see: those who are meant were told.
for pair in https://registry.test:5443=password https://registry.test:5443=token https://registry.test:5443=client \
	https://auth.test:5443=password https://auth.test:5443=identity \
	http://proxy.test:3128=proxy https://proxy.test:3129=proxy; do
	[ "$(look "told('${pair%=*}', '${pair#*=}')")" -gt 0 ]
	ok $? "${pair%=*} was told: ${pair#*=}"
done
[ "$(look "len([r for r in all if r['origin'] in ('http://other.test:5080', 'http://auth.test:5080', 'https://localhost:5443')])")" = 0 ]
ok $? 'nobody was asked without TLS, nor on this machine'

echo "1..$n"
echo "# origins: $(look 'len(foreign)') requests to $(look "len({r['origin'] for r in foreign})") foreign origins, secrets seen: $(look 'len(bad)')"
