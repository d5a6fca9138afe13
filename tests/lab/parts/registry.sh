# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# The registries: one storage behind four doors (open, basic authentication, bearer tokens, plain HTTP), certificates of the lab's own CA.

make_certs() {
	[[ -e $CERTS/.ready ]] && return
	local names="DNS:$REGISTRY_HOST,DNS:localhost,IP:$GATEWAY,IP:127.0.0.1"
	rm -rf "$CERTS"
	mkdir -p "$CERTS"
	{
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=nodelift lab CA' \
			-keyout "$CERTS/ca.key" -out "$CERTS/ca.crt"
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$REGISTRY_HOST" \
			-keyout "$CERTS/registry.key" -out "$CERTS/registry.csr"
		openssl x509 -req -in "$CERTS/registry.csr" -CA "$CERTS/ca.crt" -CAkey "$CERTS/ca.key" -CAcreateserial -days 3650 \
			-extfile <(echo "subjectAltName=$names") -out "$CERTS/registry.crt"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=nodelift lab tokens' \
			-keyout "$CERTS/token.key" -out "$CERTS/token.crt"
	} >"$CERTS/log" 2>&1 || die "openssl failed, see $CERTS/log"
	perl -e 'print "$ARGV[0]:", crypt($ARGV[1], q($2b$05$nodeliftlabnodeliftlab)), "\n"' \
		"$REGISTRY_USER" "$REGISTRY_PASSWORD" >"$CERTS/htpasswd"
	mkdir "$CERTS/trust" # as docker's certs.d and skopeo's --cert-dir want it
	cp "$CERTS/ca.crt" "$CERTS/trust/"
	touch "$CERTS/.ready"
}

# registry_config PORT [tls] <<<EXTRA
registry_config() {
	local name=$1 port=$2
	{
		cat <<-END
			version: 0.1
			log: {level: warn}
			storage: {filesystem: {rootdirectory: $STATE/registry}, delete: {enabled: true}}
			http:
			  addr: :$port
			  secret: lab
		END
		[[ $name == plain ]] || echo "  tls: {certificate: $CERTS/registry.crt, key: $CERTS/registry.key}"
		cat
	} >"$RUN/registry-$name.yml"
}

registry_up() {
	local name
	make_certs
	mkdir -p "$STATE/registry"
	registry_config open $PORT_OPEN </dev/null
	registry_config plain $PORT_PLAIN </dev/null
	registry_config basic $PORT_BASIC <<<"auth: {htpasswd: {realm: lab, path: $CERTS/htpasswd}}"
	registry_config token $PORT_TOKEN <<-END
		auth:
		  token:
		    realm: https://$REGISTRY_HOST:$PORT_ISSUER/token
		    service: $REGISTRY_HOST
		    issuer: nodelift-lab
		    rootcertbundle: $CERTS/token.crt
	END
	for name in open plain basic token; do
		daemon_pid "registry-$name" >/dev/null || daemon "registry-$name" docker-registry serve "$RUN/registry-$name.yml"
	done
	cat >"$RUN/issuer.json" <<-END
		{"port": $PORT_ISSUER, "certs": "$CERTS", "issuer": "nodelift-lab", "user": "$REGISTRY_USER", "password": "$REGISTRY_PASSWORD"}
	END
	daemon_pid issuer >/dev/null || daemon issuer python3 "$LAB_DIR/issuer" "$RUN/issuer.json"
	for name in $PORT_OPEN $PORT_BASIC $PORT_TOKEN $PORT_ISSUER; do
		wait_for 20 "the registry at port $name ($RUN/registry-*.log)" registry_get "$name" /
	done
}

# registry_get PORT PATH [curl option ...]: any answer will do
registry_get() {
	local port=$1 path=$2
	shift 2
	in_net curl -s --cacert "$CERTS/ca.crt" "$@" "https://$REGISTRY_HOST:$port$path"
}

registry_stop() {
	local name
	for name in registry-{open,plain,basic,token} issuer; do stop_daemon "$name"; done
}
