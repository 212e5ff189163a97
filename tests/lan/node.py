# SPDX-License-Identifier: Apache-2.0
"""A running Erlang node on a host, in which a test evaluates expressions."""

import re
import subprocess

from process import Process
from wait import wait_for

# Reads lines "TAG EXPRESSIONS." and answers "=> TAG ok VALUE" or "=> TAG error CLASS:REASON" on a line of its own.
LOOP = r"""
Eval = fun(Text) ->
    {ok, Tokens, _} = erl_scan:string(Text),
    {ok, Exprs} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Exprs, []),
    Value
end,
Loop = fun Loop() ->
    case io:get_line("") of
        Line when is_list(Line) ->
            [Tag, Text] = string:split(Line, " "),
            try Eval(Text) of Value -> io:format("~n=> ~s ok ~0p~n", [Tag, Value])
            catch C:R -> io:format("~n=> ~s error ~0p~n", [Tag, {C, R}])
            end,
            Loop();
        _ ->
            halt()
    end
end,
spawn(Loop).
"""


def text(name):
    """A name as it stands inside quotes in Erlang, whatever encoding the node's terminal has."""
    return "".join(c if c.isascii() else f"\\x{{{ord(c):x}}}" for c in name)


class Node(Process):
    def __init__(self, label, argv, env):
        super().__init__(label, argv, env, stdin=subprocess.PIPE)
        self.name = None            # set by Host.erl
        self._tag = 0

    def eval(self, expressions, deadline=10):
        """Evaluate Erlang expressions (without the final dot); return the value as Erlang writes it."""
        self._tag += 1
        start = len(self.lines)
        self.write(f"{self._tag} {expressions}.")
        match = self.wait_line(rf"^=> {self._tag} (ok|error) (.*)$", deadline, start)
        if match[1] == "error":
            raise AssertionError(f"{self.label}: {expressions}: {match[2]}")
        return match[2]

    def ping(self, other, deadline=10):
        """net_adm:ping, by the node's name alone: pong or pang."""
        return self.eval(f"net_adm:ping('{text(other)}')", deadline)

    def wait_known(self, other, deadline=5):
        """Wait until it has heard of another node on the LAN: not only its host's daemon has."""
        wait_for(lambda: self.eval(f"epmd_mdns:lookup('{other.name}')") != "[]", deadline,
                 f"{self.name} knows {other.name}")

    def connected(self):
        """The names of the nodes that it is connected to, as a set."""
        return set(re.findall(r"[^\[\]',]+", self.eval("nodes()")))

    def has(self, other):
        """Whether it is connected to the other node."""
        return self.eval(f"lists:member('{text(other.name)}', nodes(connected))") == "true"

    def disconnect(self, other, deadline=5):
        """erlang:disconnect_node, but not while OTP's `global` still deals with the connection: any of its messages would
        connect the two again, which happens to stock nodes as well. With -connect_all false `global` keeps out, and a
        sync would never end."""
        both = (self, other)
        for node in both:
            node.eval("init:get_argument(connect_all) =:= error andalso global:sync()")
        wait_for(lambda: all(node.eval("ets:info(global_locks, size)") == "0" for node in both), deadline,
                 f"global is done in {self.name} and {other.name}")
        assert self.eval(f"erlang:disconnect_node('{text(other.name)}')") == "true"

    def part(self, other, deadline=5):
        """Disconnect from another node, and wait until that one has noticed."""
        self.disconnect(other, deadline)
        wait_for(lambda: not other.has(self), deadline, f"{other.name} has noticed the disconnection")

    def watch(self):
        """Begin to note nodeup and nodedown messages."""
        self.eval("register(watch, spawn(fun() -> ok = net_kernel:monitor_nodes(true), (fun Loop(Seen) -> "
                  "receive {seen, From} -> From ! {seen, lists:reverse(Seen)}, Loop(Seen); "
                  "Message -> Loop([Message | Seen]) end end)([]) end)), ok")

    def watched(self):
        """What has been noted since watch()."""
        return self.eval("watch ! {seen, self()}, receive {seen, List} -> List after 5000 -> timeout end")

    def reports(self, text=""):
        """What it has logged so far, each report in one piece, as far as it contains the text."""
        found = []
        for line in self.lines:
            line = line.rstrip("\r")
            if re.match(r"=\w+ REPORT=", line):
                found.append("")
            elif not line or line.startswith("=> "):
                found.append(None)
            if found and found[-1] is not None:
                found[-1] += line + "\n"
        return [report for report in found if report and text in report]
