#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The variables of proxies as curl has them, with Debian's tinyproxy and docker-registry; a proxy with TLS is ours
# (tests/registry/origins). What a proxy is told is a matter of 82-origins.t.
#
# NODELIFT=FILE  the program to try (build/nodelift)
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/registry/island.sh
. tests/registry/island.sh
# shellcheck source=tests/registry/serve.sh
. tests/registry/serve.sh
unset no_proxy NO_PROXY

new_ca clients
new_ca elsewhere
serve tests/registry/origins --certs "$island"

# ---- a registry at port 7443, on every address; without TLS at port 7080

# registry PORT [TLS]
registry()
{
	printf 'version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp:\n  addr: :%s\n  secret: lab\n' \
		"$island/storage" "$1" >"$island/$1.yml"
	[ $# = 1 ] || printf '  tls: {certificate: %s, key: %s}\n' "$island/registry.test.crt" "$island/registry.test.key" >>"$island/$1.yml"
	docker-registry serve "$island/$1.yml" >"$island/$1.log" 2>&1 &
}
registry 7443 tls
registry 7080
wait_for curl -s --cacert "$island/ca.crt" https://registry.test:7443/
wait_for curl -s http://localhost:7080/
tests/lab/mkimage build "$island/image" --text a=a >/dev/null
tests/lab/mkimage push "$island/image" registry.test:7443/a:t --ca "$island/ca.crt" >/dev/null
image=registry.test:7443/a:t

# tinyproxy PORT LINE...
proxy()
{
	{
		printf 'Port %s\nListen 192.0.2.4\nLogFile "%s"\nLogLevel Connect\n' "$1" "$island/proxy$1.log"
		printf '%s\n' "${@:2}"
	} >"$island/proxy$1.conf"
	tinyproxy -d -c "$island/proxy$1.conf" >"$island/proxy$1.out" 2>&1 &
	wait_for bash -c "exec 3<>/dev/tcp/192.0.2.4/$1"
}
proxy 8888
proxy 8889 'BasicAuth someone passw0rd'
proxy 8890 'ConnectPort 443'
good=http://proxy.test:8888
bad=http://proxy.test:9

# ---- how a test looks

# fetch IMAGE [VARIABLE=VALUE...]
fetch()
{
	rm -rf "$dir/state"
	: >"$island/proxy8888.log"
	env "${@:2}" timeout 60 "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --ca-file "$island/ca.crt" \
		"$1" >"$dir/out" 2>"$dir/err"
	status=$?
}

# by DESCRIPTION IMAGE [VARIABLE=VALUE...]: the image comes by way of $good; past: it does not
by()
{
	fetch "${@:2}"
	[ "$status" = 0 ] && grep -q 'CONNECT registry.test:7443\|CONNECT 192.0.2.1:7443' "$island/proxy8888.log"
	ok $? "$1"
}

past()
{
	fetch "${@:2}"
	[ "$status" = 0 ] && ! grep -q CONNECT "$island/proxy8888.log"
	ok $? "past it: $1"
}

# no DESCRIPTION STATUS PATTERN [VARIABLE=VALUE...]
no()
{
	local held=0
	fetch $image "${@:4}"
	[ "$status" = "$2" ] || { held=1; echo "# status $status instead of $2"; }
	[ "$(grep -c '^nodelift: ' "$dir/err")" = 1 ] && tail -n 1 "$dir/err" | grep -Eq -- "^nodelift: .*($3)" || held=1
	! grep -q 'passw0rd\|p%61ssw0rd\|top-secret' "$dir/err" || { held=1; echo '# it tells a secret'; }
	ok $held "$1"
}

# ---- which variable

by HTTPS_PROXY $image HTTPS_PROXY=$good
by https_proxy $image https_proxy=$good HTTPS_PROXY=$bad
by ALL_PROXY $image ALL_PROXY=$good
by all_proxy $image all_proxy=$good ALL_PROXY=$bad
by 'HTTPS_PROXY before all_proxy' $image HTTPS_PROXY=$good all_proxy=$bad
by 'an empty one does not count' $image https_proxy= HTTPS_PROXY=$good
by 'without http://' $image HTTPS_PROXY=proxy.test:8888
by 'http variables are for http' $image http_proxy=$bad HTTP_PROXY=$bad https_proxy=$good
past 'HTTP_PROXY' $image HTTP_PROXY=$good http_proxy=$good
by 'NO_PROXY with others' $image HTTPS_PROXY=$good NO_PROXY=other.test,.example.org,10.0.0.0/8,gistry.test
past 'NO_PROXY with the host' $image HTTPS_PROXY=$good NO_PROXY=other.test,registry.test
past 'no_proxy with the host' $image HTTPS_PROXY=$good no_proxy=registry.test NO_PROXY=other.test
past 'NO_PROXY with the domain' $image HTTPS_PROXY=$good NO_PROXY=.test
past 'NO_PROXY with a star' $image HTTPS_PROXY=$good 'NO_PROXY=*'
past 'NO_PROXY with a network' 192.0.2.1:7443/a:t HTTPS_PROXY=$good NO_PROXY=192.0.2.0/28
by 'NO_PROXY with another network' 192.0.2.1:7443/a:t HTTPS_PROXY=$good NO_PROXY=192.0.3.0/24
past 'this machine' localhost:7443/a:t HTTPS_PROXY=$good ALL_PROXY=$good
past 'this machine by its address' 127.0.0.1:7443/a:t HTTPS_PROXY=$bad
rm -rf "$dir/state"
env http_proxy=$bad HTTP_PROXY=$bad all_proxy=$bad "$nodelift" fetch --state-dir "$dir/state" --config-dir "$dir/etc" --plain-http \
	localhost:7080/a:t >"$dir/out" 2>"$dir/err"
ok $? 'past it: this machine without TLS'

# ---- passwords, refusals

fetch $image HTTPS_PROXY='http://someone:p%61ssw0rd@proxy.test:8889'
ok $status 'user and password'
no 'another password' 12 "proxy 'proxy.test:8889' refuses the way to 'registry.test:7443' .40[17]." HTTPS_PROXY=http://someone:top-secret@proxy.test:8889
no 'no password' 12 "proxy 'proxy.test:3128' refuses the way to 'registry.test:7443' .407.: wrong or missing user and password in https_proxy" https_proxy=http://proxy.test:3128
no 'a port that it does not serve' 12 "proxy 'proxy.test:8890' refuses the way to 'registry.test:7443' .403.$" HTTPS_PROXY=http://proxy.test:8890
no 'a proxy that is down' 12 "cannot connect to proxy 'proxy.test:9' .ALL_PROXY.: Connection refused" ALL_PROXY=http://a:top-secret@proxy.test:9
no 'a proxy that does not exist' 12 "no such proxy 'nowhere.test:3128' .HTTPS_PROXY." HTTPS_PROXY=http://a:top-secret@nowhere.test:3128

# ---- TLS with the proxy

fetch $image HTTPS_PROXY=https://proxyuser:proxy-password@proxy.test:3129
ok $status 'a proxy with TLS'
mkdir -p "$certs_d/registry.test:7443" "$island/none"
cp "$island/ca.crt" "$certs_d/registry.test:7443/"
cp "$island/ca.crt" "$island/ca.kept"
cp "$island/elsewhere.crt" "$island/ca.crt"
no 'its authority is not that of the registry behind it' 12 "certificate of proxy 'proxy.test:3129' is not trusted: give its authority with --ca-file$" \
	HTTPS_PROXY=https://proxyuser:proxy-password@proxy.test:3129
fetch $image
ok $status '... which is trusted'
cp "$island/ca.kept" "$island/ca.crt"
no 'a proxy by another name' 12 "certificate of proxy '192.0.2.4:3129' is for another name" HTTPS_PROXY=https://proxyuser:proxy-password@192.0.2.4:3129

# ---- what is no proxy

for value in http:// http://proxy.test:99999 'http://pro xy:1' http://proxy.test:8888/path 'http://proxy.test:8888?x' ftp://proxy.test:21 \
	http://a:top-secret@ 'socks6://a:top-secret@proxy.test'; do
	no "malformed: $value" 2 "variable 'HTTPS_PROXY' is not the address of a proxy: " "HTTPS_PROXY=$value"
done

echo "1..$n"
