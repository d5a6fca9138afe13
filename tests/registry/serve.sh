# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests against a server of ours, which source this at the top of the repository. $nodelift is the program to
# try, $dir a folder of the test's own that goes with it.
nodelift=${NODELIFT:-build/nodelift}
dir=$(mktemp -d /tmp/nodelift-serve.XXXXXX)
server=
trap '[ -z "$server" ] || { kill $server; wait $server; } 2>/dev/null; rm -rf "$dir"' EXIT
mkdir -p "$dir/docker" "$dir/etc/keys"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
export DOCKER_CONFIG=$dir/docker

# serve PROGRAM [OPTION...]: it runs and is ready; what it says then is in $dir/ready, its requests are in $dir/log
serve()
{
	"$1" --ready "$dir/ready" --log "$dir/log" "${@:2}" &
	server=$!
	for _ in $(seq 100); do
		[ -s "$dir/ready" ] && break
		sleep 0.1
	done
}

n=0
# ok STATUS DESCRIPTION: good when it is 0
ok()
{
	n=$((n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$dir/err"
	fi
}

hostile=0
accepted=0
crashed=0
# tally WANTED STATUS: one more hostile input, which must end with WANTED, has ended with STATUS
tally()
{
	case $1 in 12 | 20) ;; *) return ;; esac
	hostile=$((hostile + 1))
	case $2 in
	0) accepted=$((accepted + 1)) ;;
	12 | 20) ;;
	*) crashed=$((crashed + 1)) ;;
	esac
}

# tally_end NAME: for the sum that `make test` prints (tests/hostile/sum)
tally_end()
{
	echo "# hostile inputs: $hostile, accepted: $accepted, crashed: $crashed"
	mkdir -p build/tally
	echo "hostile $hostile $accepted $crashed" >"build/tally/$1"
}
