# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# cosign as Debian ships it: 2 from trixie, 3 from sid. $CACHE/cosign/SUITE/{VERSION,cosign}

cosign_suite() {
	case $1 in
	2) echo trixie ;;
	3) echo sid ;;
	*) die "no cosign '$1': 2 and 3 are known" ;;
	esac
}

cosign_program() { [[ -e $CACHE/cosign/$1/VERSION ]] || make_once cosign_program "$1"; }

make_cosign_program() {
	local suite=$1 dir=$CACHE/cosign/$1 work=$STATE/tmp/cosign-$1
	[[ -e $dir/VERSION ]] && return # another lab was quicker
	say "cosign of $suite: fetching its package"
	rm -rf "$dir" "$work"
	mkdir -p "$dir" "$work/root"
	apt_fetch "$suite" "$work" cosign || return 1
	dpkg-deb --fsys-tarfile "$work"/cosign_*.deb | tar -C "$work/root" -x ./usr/bin/cosign
	mv "$work/root/usr/bin/cosign" "$dir/cosign"
	dpkg-deb -f "$work"/cosign_*.deb Version >"$dir/VERSION"
	rm -rf "$work"
}

# cosign MAJOR ARG...: inside the lab's network; keys have the empty password, nothing is looked up elsewhere
cosign() {
	local suite
	suite=$(cosign_suite "$1")
	cosign_program "$suite"
	mkdir -p "$RUN/cosign"
	in_net env HOME="$RUN/cosign" COSIGN_PASSWORD= COSIGN_YES=true SSL_CERT_FILE="$CERTS/ca.crt" \
		"$CACHE/cosign/$suite/cosign" "${@:2}"
}

# sign FORMAT KEY REFERENCE [option of cosign sign ...]: classic by cosign 2, bundle by cosign 3
sign() {
	local options=(--yes --key "$2" --tlog-upload=false --registry-cacert "$CERTS/ca.crt")
	case $1 in
	classic) cosign 2 sign "${options[@]}" "${@:4}" "$3" ;;
	bundle) cosign 3 sign "${options[@]}" --use-signing-config=false "${@:4}" "$3" ;;
	*) die "no format '$1': classic and bundle are known" ;;
	esac
}
