#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs in a root file system of Debian, as tools/root makes it: gets OTP's own test suites of distribution from Debian's source
# package, and compiles them in /srv/otp. otp-suites.py runs whatever *_SUITE.erl is there; one without a .beam did not compile.
set -e
sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
apt-get -q update

mkdir /srv/otp
cd /srv/otp
# Not installed: it depends on graphical programs, and on a browser engine by way of them.
apt-get -q download erlang-common-test
dpkg --extract erlang-common-test_*.deb /
# shellcheck disable=SC2016 # a field of dpkg-query
apt-get -q source --download-only "erlang=$(dpkg-query -W -f '${source:Version}' erlang-base)"
mkdir source include
tar -x -C source --strip-components=1 -f erlang_*.orig.tar.xz
rm erlang*
# Where its own suites find the internal headers of ssl.
ln -s ../source/lib/ssl include

# suites DIRECTORY FILE...: compiles what is in that directory of the sources. The data of a suite goes with it.
suites() {
	from=source/$1
	to=/srv/otp/$(echo "$1" | tr / -)
	mkdir -p "$to"
	shift
	for file in "$@"; do
		erlc -o "$to" -I include +nowarn_deprecated_function +nowarn_export_all "$from/$file.erl" || echo "$file does not compile"
		cp -r "$from/$file.erl" "$to"
		[ ! -d "$from/${file}_data" ] || cp -r "$from/${file}_data" "$to"
	done
}

suites lib/common_test/test_server ts_install_cth ts_lib
suites lib/kernel/test erl_distribution_SUITE erl_distribution_wb_SUITE global_SUITE global_group_SUITE pg_SUITE rpc_SUITE \
	kernel_test_lib kernel_test_global_sys_monitor kernel_test_sys_monitor \
	../examples/gen_tcp_dist/src/gen_tcp_dist ../examples/erl_uds_dist/src/erl_uds_dist
suites lib/stdlib/test peer_SUITE slave_SUITE gen_server_SUITE gen_statem_SUITE dummy_via error_logger_forwarder
suites lib/ssl/test ssl_dist_SUITE ssl_dist_test_lib ssl_test_lib x509_test
suites erts/emulator/test distribution_SUITE erts_test_utils
(cd erts-emulator-test/distribution_SUITE_data && erlc +nowarn_export_all run.erl)
rm -r source include
