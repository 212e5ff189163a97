# SPDX-License-Identifier: Apache-2.0
"""A running Erlang node on a host, in which a test evaluates expressions."""

import subprocess

from process import Process

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
        return self.eval(f"net_adm:ping('{other}')", deadline)

    def watch(self):
        """Begin to note nodeup and nodedown messages."""
        self.eval("register(watch, spawn(fun() -> ok = net_kernel:monitor_nodes(true), (fun Loop(Seen) -> "
                  "receive {seen, From} -> From ! {seen, lists:reverse(Seen)}, Loop(Seen); "
                  "Message -> Loop([Message | Seen]) end end)([]) end)), ok")

    def watched(self):
        """What has been noted since watch()."""
        return self.eval("watch ! {seen, self()}, receive {seen, List} -> List after 5000 -> timeout end")
