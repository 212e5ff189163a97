# shellcheck shell=bash disable=SC2034,SC2154 # the lists are for those who source this, and $top is theirs
# SPDX-License-Identifier: Apache-2.0
# What tools/demo, tools/bench and tools/check share. Sourced, after `set -euo pipefail`, with $top at the top of the tree.

packages_build="gcc make autoconf automake autoconf-archive pkg-config libc6-dev libavahi-client-dev libsystemd-dev
	libjson-c-dev libglib2.0-dev erlang-base scdoc"
packages_lan="avahi-daemon avahi-utils dbus dbus-daemon iproute2 socat util-linux python3 erlang-base procps openssl
	nftables zsh"
packages_check="clang clang-format cppcheck shellcheck valgrind git erlang-dev erlang-eunit erlang-tools erlang-dialyzer
	mmdebstrap systemd systemd-container"

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# The packages among the arguments that are not installed.
missing_packages() {
	local package
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

# Installs Debian packages, quickly if they are there. The daemons among them are not started by this: nothing may send multicast
# into the machine's own network on our account (policy-rc.d: see /usr/share/doc/init-system-helpers/README.policy-rc.d.gz).
install_packages() {
	local missing policy=/usr/sbin/policy-rc.d made=
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0

	[ "$(id -u)" = 0 ] || die "please run this as root, or install: ${missing[*]}"
	echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		made=yes
	fi
	local log status=0
	log=$(mktemp)
	{
		apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${missing[@]}"
	} >"$log" 2>&1 </dev/null || status=$?
	[ -z "$made" ] || rm -f $policy
	[ $status = 0 ] || cat "$log" >&2
	rm -f "$log"
	[ $status = 0 ] || die "apt-get could not install them"
}

# Builds the programs, in the tree if it is configured, else in build/, and sets EPMD_MDNS_BUILD to that directory.
build_programs() {
	local build=$top log
	[ -e "$top/config.status" ] || build=$top/build
	log=$(mktemp)
	(
		{ [ -x "$top/configure" ] || "$top/autogen.sh"; } && mkdir -p "$build" && cd "$build" &&
			{ [ -e config.status ] || "$top/configure"; } && make -j"$(nproc)"
	) >"$log" 2>&1 </dev/null || {
		cat "$log" >&2
		rm -f "$log"
		die "it does not build"
	}
	rm -f "$log"
	export EPMD_MDNS_BUILD=$build
}
