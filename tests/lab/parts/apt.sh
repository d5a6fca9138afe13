# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian packages of other releases than the machine's own, through private apt roots: nothing under /etc/apt or
# /var/lib/dpkg is written. The mirror is the one that the machine uses already.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The address up to and with .../debian/, from whatever form the machine's apt configuration has.
mirror() {
	if [[ -n ${NODELIFT_LAB_MIRROR:-} ]]; then
		echo "$NODELIFT_LAB_MIRROR"
		return
	fi
	local uri
	uri=$(env -u APT_CONFIG apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' |
		grep -E '/debian/?$' | sort -u | head -n 1)
	[[ -n $uri ]] || die "no Debian mirror in this machine's apt configuration; set NODELIFT_LAB_MIRROR"
	echo "$uri"
}

# Messages of apt and mmdebstrap without the mirror's address.
hide_mirror() { sed -E 's#[a-z+]+://[^ ]*/##g'; }

# apt_root SUITE: makes it, and sets APT_CONFIG for the apt commands that follow
apt_root() {
	local root=$CACHE/apt/$1
	export APT_CONFIG=$root/apt.conf
	[[ -e $root/.ready ]] && return
	mkdir -p "$root"/{lists/partial,cache/archives/partial,parts}
	: >"$root/status"
	echo "deb [signed-by=$KEYRING] $(mirror) $1 main" >"$root/sources.list"
	cat >"$APT_CONFIG" <<-END
		Dir::Etc::SourceList "$root/sources.list";
		Dir::Etc::SourceParts "$root/parts";
		Dir::Etc::Preferences "/dev/null";
		Dir::Etc::PreferencesParts "$root/parts";
		Dir::State::Lists "$root/lists";
		Dir::State::Status "$root/status";
		Dir::Cache "$root/cache";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Check-Valid-Until "false";
		Acquire::Retries "3";
	END
	apt_lists "$1"
	touch "$root/.ready"
}

apt_lists() {
	apt-get -qq update >"$CACHE/apt/$1.log" 2>&1 || {
		hide_mirror <"$CACHE/apt/$1.log" >&2
		die "cannot read the package lists of $1"
	}
}

# apt_fetch SUITE DIRECTORY PACKAGE...: the .deb files; once more with new lists, for a suite may move meanwhile
apt_fetch() {
	local suite=$1 dir=$2
	shift 2
	apt_root "$suite"
	mkdir -p "$dir"
	(cd "$dir" && apt-get -qq download "$@") >"$CACHE/apt/$suite.log" 2>&1 && return
	apt_lists "$suite"
	(cd "$dir" && apt-get -qq download "$@") >"$CACHE/apt/$suite.log" 2>&1 && return
	hide_mirror <"$CACHE/apt/$suite.log" >&2
	return 1
}
