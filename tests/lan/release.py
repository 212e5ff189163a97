# SPDX-License-Identifier: Apache-2.0
"""Releases of OTP on a host: made with systools, laid out and started as relx does it, in embedded mode.

Code is loaded from where the boot script says, and from nowhere else: a module that is not in the release is not there.
"""

import re
import shutil

from node import LOOP, Node

TOP = "/run/lan/release"
CLEAN = f"{TOP}/releases/start_clean"       # the boot script of a release without any application

# Prints where OTP's applications are, and its programs.
PLACES = r"""
Erts = "erts-" ++ erlang:system_info(version),
io:format("~s~n~s~n", [code:lib_dir(), filename:join([code:root_dir(), Erts, "bin"])]),
halt().
"""

# Makes releases/KIND/start.boot with the application as KIND, and CLEAN.
MAKE = r"""
Vsn = fun(App) -> _ = application:load(App), {ok, Vsn} = application:get_key(App, vsn), Vsn end,
Make = fun(Path, More) ->
    Apps = [{kernel, Vsn(kernel)}, {stdlib, Vsn(stdlib)} | More],
    ok = filelib:ensure_dir(Path),
    ok = file:write_file(Path ++ ".rel",
        io_lib:format("~p.~n", [{release, {"test", "1"}, {erts, erlang:system_info(version)}, Apps}])),
    {ok, _, []} = systools:make_script(Path,
        [silent, no_warn_sasl, {outdir, filename:dirname(Path)}, {variables, [{"SYSTEM_LIB_DIR", code:lib_dir()}]}])
end,
Make("CLEAN", []),
[Make("TOP/releases/" ++ atom_to_list(Kind) ++ "/start",
    [{sasl, Vsn(sasl)}, {epmd_mdns, Vsn(epmd_mdns), Kind}]) || Kind <- [permanent, load, none]],
halt().
""".replace("CLEAN", CLEAN).replace("TOP", TOP)

# relx takes these lines of vm.args for the remote console too.
FLAGS = """-start_epmd false
-epmd_module epmd_mdns
"""


def install(host, libs):
    """Put the application into a directory of applications, as make install does; return its ebin."""
    with open(host.path(f"{host.ebin}/epmd_mdns.app")) as file:
        version = re.search(r'\{vsn, "(\d+\.\d+\.\d+)"\}', file.read())[1]
    ebin = f"{libs}/epmd_mdns-{version}/ebin"
    shutil.copytree(host.path(host.ebin), host.path(ebin))
    return ebin


class Releases:
    """In each of them the application epmd_mdns is of another kind: permanent, load or none."""

    def __init__(self, host):
        self.host = host
        self._lib, self._bin = self._erl(PLACES).split()
        self._erl(MAKE, "-pa", install(host, f"{TOP}/lib"))

    def _erl(self, code, *more):
        return self.host.check(self.host.otp_argv(["erl", "-noshell", *more, "-eval", code]), deadline=30)

    def erlexec(self, *arguments, env=()):
        """The command line of OTP's starter, with the release as the root of all."""
        return ["env", f"ROOTDIR={TOP}", f"BINDIR={self._bin}", "EMU=beam", "PROGNAME=erl", *env,
                *self.host.otp_argv([f"{self._bin}/erlexec", *arguments, "-boot_var", "SYSTEM_LIB_DIR", self._lib])]

    def argv(self, kind, name, *more, args="", config="[].", env=()):
        """The command line of a release, with lines in its vm.args and with a sys.config."""
        place = f"{TOP}/releases/{kind}"
        self.host.write(f"{place}/vm.args", f"-sname {name}\n-setcookie x\n{FLAGS}{args}")
        self.host.write(f"{place}/sys.config", config)
        return self.erlexec("-noshell", "-mode", "embedded", "-boot", f"{place}/start",
                            "-config", f"{place}/sys.config", "-args_file", f"{place}/vm.args", *more, env=env)

    def start(self, kind, name, **more):
        """Start a release, and return the Node when it is up."""
        node = self.host.spawn(self.argv(kind, name, "-eval", LOOP, **more), f"release {name}", kind=Node)
        node.name = f"{name}@{self.host.name}"
        assert node.eval("{node(), code:get_mode()}", 30) == f"{{{node.name},embedded}}"
        return node

    def remote_console(self, name):
        """The command line with which relx's script enters a release that runs."""
        return self.erlexec("-sname", f"undefined@{self.host.name}", "-remsh", name, "-setcookie", "x", "-hidden",
                            "-boot", CLEAN, "-mode", "interactive", "-dist_listen", "false", *FLAGS.split())
