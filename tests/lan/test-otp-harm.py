#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Never hurts the node: no callback raises or takes more than a second, whatever the daemon and the name servers do. On
OTP 25 and 27 address_please runs in net_kernel, so it is timed there as well."""

import contextlib
import os
import re

import tap
from fake import FakeDaemon
from lan import Lan
from wait import wait_for

LIMIT = 1.1             # seconds for a callback, and for an answer of net_kernel
CALLERS = 40            # processes that connect to nodes which nobody knows
PROBED = 2              # seconds for which net_kernel is probed each time
SWALLOWED = ("192.0.2.77", "fd00::77")      # nobody's

# Callbacks and what each may answer; {me}, {host}, {port}: this node's own. With the daemons of this test every other
# node is unknown, or is at an address that nobody has.
CALLBACKS = """
    epmd_mdns:listen_port_please({me}, "{host}")            -> {{ok, 0}}
    epmd_mdns:register_node({me}, {port})               -> {{ok, _}}
    epmd_mdns:register_node("{me}", {port}, inet)       -> {{ok, _}}
    epmd_mdns:register_node({me}, {port}, inet_tcp)     -> {{ok, _}}
    epmd_mdns:address_please("nobody", "nowhere", inet)     -> {{error, _}}
    epmd_mdns:address_please(nobody, nowhere, inet)         -> {{error, _}}
    epmd_mdns:address_please(<<"nobody">>, <<"nowhere">>, inet6)    -> {{error, _}}
    epmd_mdns:address_please("n1", "m1", inet)          -> {{ok, _, _, 6}} | {{error, _}}
    epmd_mdns:address_please("n1", "m1", inet6)         -> {{ok, _, _, 6}} | {{error, _}}
    epmd_mdns:port_please("nobody", "nowhere")          -> noport | {{error, _}}
    epmd_mdns:port_please(nobody, <<"nowhere">>, 500)   -> noport | {{error, _}}
    epmd_mdns:port_please("n1", {{198,51,100,7}})       -> {{port, _, 6}} | noport | {{error, _}}
    epmd_mdns:names()                                   -> {{ok, _}} | {{error, address}}
    epmd_mdns:names(nowhere)                            -> {{ok, []}} | {{error, address}}
    epmd_mdns:names("m1.local")                         -> {{ok, _}} | {{error, address}}
    epmd_mdns:start()                                   -> ignore
    epmd_mdns:stop()                                    -> ok
    epmd_mdns:nodes()                                   -> [_|_] | []
    epmd_mdns:lookup("n1@m1")                           -> [_] | []
    epmd_mdns:lookup('nobody@nowhere')                  -> []
    epmd_mdns:info()                                    -> #{{daemon := _}}
"""

# These can't be known before the time is over.
SLOW = """
    epmd_mdns:port_please("nobody", {{192,0,2,77}})     -> noport | {{error, _}}
    epmd_mdns:port_please("nobody", {{64768,0,0,0,0,0,0,119}}, infinity)     -> noport | {{error, _}}
    epmd_mdns:names({{192,0,2,77}})                     -> {{ok, []}} | {{error, address}}
    epmd_mdns:names("192.0.2.77")                       -> {{ok, []}} | {{error, address}}
"""

# Whatever takes the place of {x}, the answer is an error.
NONSENSE = """
    epmd_mdns:register_node({x}, 4711)                  -> {{error, _}}
    epmd_mdns:register_node(a, {x})                     -> {{error, _}}
    epmd_mdns:register_node(a, 4711, {x})               -> {{error, _}}
    epmd_mdns:address_please({x}, "nowhere", inet)      -> {{error, _}}
    epmd_mdns:address_please("nobody", {x}, inet)       -> {{error, _}}
    epmd_mdns:address_please("nobody", "nowhere", {x})  -> {{error, _}}
    epmd_mdns:port_please({x}, "nowhere")               -> noport | closed | {{error, _}}
    epmd_mdns:port_please("nobody", {x}, {x})           -> noport | closed | {{error, _}}
    epmd_mdns:names({x})                                -> {{ok, []}} | {{error, address}}
    epmd_mdns:lookup({x})                               -> []
    epmd_mdns:listen_port_please({x}, {x})              -> {{ok, _}}
"""
ODD = ("undefined", "[]", "<<>>", "<<255>>", "-17", "1.5", "{1,2}", "{999,1,1,1}", "self()", "fun() -> ok end", "[a|b]",
       "[16#110000]", '"a b"', '"a@b@c"', '"\\x{0}"', "lists:duplicate(10000, $x)", "#{}", '[["nested"]]')
# Who asks net_kernel 20 times a second, while others let it look for nodes? Answers {Count, Milliseconds of the worst}.
PROBE = """
    Parent = self(),
    Connect = fun Loop(N) ->
        Host = element(N rem 4 + 1, {"nowhere.example.org", "SWALLOWED", "198.51.100.7", "gone.local"}),
        net_kernel:connect_node(list_to_atom("n" ++ integer_to_list(N) ++ "@" ++ Host)),
        receive stop -> ok after 0 -> Loop(N + 1001) end
    end,
    Callers = [spawn_monitor(fun() -> Connect(N) end) || N <- lists:seq(1, CALLERS)],
    {Prober, _} = spawn_monitor(fun() ->
        (fun Loop(Count, Worst) ->
            receive stop -> Parent ! {probed, Count, Worst}
            after 50 ->
                Before = erlang:monotonic_time(millisecond),
                60 = net_kernel:get_net_ticktime(),
                Loop(Count + 1, max(Worst, erlang:monotonic_time(millisecond) - Before))
            end
        end)(0, 0)
    end),
    Failed = fun(For) -> receive {'DOWN', _, _, _, Reason} -> Reason after For -> none end end,
    none = Failed(SECONDS * 1000),
    Prober ! stop,
    Result = receive {probed, Count, Worst} -> {Count, Worst} after 30000 -> stuck end,
    [exit(Pid, kill) || {Pid, _} <- Callers],
    Result
"""


def one_line(text):
    return " ".join(text.split())


def rows(table, **values):
    """Lines "call -> answer | answer" as Erlang: [{Text, fun that calls, fun that tells if the answer is right}]."""
    found = []
    for line in filter(None, map(str.strip, table.splitlines())):
        call, _, answers = line.rpartition("->")
        call = call.strip().format(**values)
        clauses = [f"({answer}) -> true; " for answer in answers.strip().format().split(" | ")]
        found.append(f"{{<<\"{re.sub(r'[^!-~]|[^a-z_:0-9(){},]', '.', call)[:90]}\">>, fun() -> {call} end, "
                     f"fun{''.join(clauses)}(_) -> false end}}")
    return "[" + ", ".join(found) + "]"


def unscheduled(node):
    """Seconds for which each thread of the node's VM was ready to run and had no processor (proc(5), schedstat)."""
    waited = {}
    for thread in os.listdir(f"/proc/{node.pid}/task"):
        with contextlib.suppress(OSError):      # it has just ended
            with open(f"/proc/{node.pid}/task/{thread}/schedstat") as file:
                waited[thread] = int(file.read().split()[1]) / 1e9
    return waited


def delayed(node, before):
    """The longest of those times since before; it is the machine's, not ours."""
    return max(waited - before.get(thread, 0) for thread, waited in unscheduled(node).items())


def timed(node, table, where=None, **values):
    """Make the calls, all at once unless `where` says else; none raises, each answers what it may, in time. Returns
    the slowest time, in seconds. What the machine had no processor for doesn't count against the limit."""
    before = unscheduled(node)
    result = node.eval(one_line(f"""
        Calls = {rows(table, **values)},
        Time = fun({{What, Call, IsGood}}) ->
            Before = erlang:monotonic_time(microsecond),
            Answer = try Call() catch Class:Reason -> {{raised, Class, Reason}} end,
            {{erlang:monotonic_time(microsecond) - Before, What, Answer, IsGood(Answer)}}
        end,
        Results = {where or AT_ONCE},
        {{element(1, lists:max(Results)), [{{What, Answer}} || {{_, What, Answer, false}} <- Results],
            [{{T, What}} || {{T, What, _, _}} <- Results, T > {LIMIT * 1e6:.0f}]}}"""), 60)
    slowest, wrong, late = re.fullmatch(r"\{(\d+),(\[.*\]),(\[.*\])\}", result).groups()
    assert wrong == "[]", f"{node.label}: {wrong[:2000]}"
    took = int(slowest) / 1e6
    assert took - delayed(node, before) <= LIMIT, f"{node.label}: {took:.3f} s, {late[:2000]}"
    return took


def timed_singly(node, table, **values):
    """The same, one after the other: for calls that compute, and would wait for each other's processor."""
    return max(timed(node, line, **values) for line in table.strip().splitlines())


# On OTP 25 and 27 address_please runs there; on all, this does.
IN_NET_KERNEL = """begin
    Me = self(),
    _ = sys:replace_state(net_kernel, fun(State) -> Me ! {results, lists:map(Time, Calls)}, State end, 60000),
    receive {results, There} -> There end
end"""
AT_ONCE = """begin
    Me = self(),
    Pids = [spawn(fun() -> Me ! {self(), Time(Call)} end) || Call <- Calls],
    [receive {Pid, Result} -> Result end || Pid <- Pids]
end"""
THERE = """
    epmd_mdns:address_please("nobody", "nowhere", inet)     -> {{ok, _}} | {{error, _}}
    epmd_mdns:address_please("nobody", "nowhere", inet6)    -> {{ok, _}} | {{error, _}}
    epmd_mdns:address_please("n1", "m1", inet)              -> {{ok, _, _, 6}} | {{ok, _}} | {{error, _}}
    epmd_mdns:address_please({x}, {x}, inet)                -> {{ok, _}} | {{error, _}}
    epmd_mdns:address_please("nobody", "nowhere", {x})      -> {{ok, _}} | {{error, _}}
"""


def listening(node):
    """The port of the node's distribution."""
    return node.eval("hd([Port || P <- erlang:ports(), {ok, {{0, 0, 0, 0}, Port}} <- [inet:sockname(P)]])")


def swallow(host):
    """What is sent to those addresses vanishes."""
    host.ip(*(f"neigh replace {address} lladdr 02:00:00:00:00:77 dev eth0" for address in SWALLOWED))


def callbacks(host, name, path):
    """Time all callbacks in a new node that finds its daemon there; return the slowest time."""
    how = timed_singly if name in ("serve", "endless") else timed       # with thousands of nodes
    node = host.erl(name, "-epmd_mdns", "socket", path)
    port = listening(node)
    slowest = max(how(node, CALLBACKS, me=name, host=host.name, port=port), timed(node, SLOW),
                  timed(node, THERE, IN_NET_KERNEL, x="undefined"))
    assert node.eval("node()") == node.name
    node.kill()
    return slowest


def every_state(lan):
    "each callback and each question answers within 1 s, alone and in net_kernel, in every state of the daemon"
    host = lan[1]
    swallow(host)
    times = {"absent": callbacks(host, "absent", "/run/lan/nothing"),
             "running": callbacks(host, "running", "/run/epmd-mdns/control")}
    for mode in ("serve", "silent", "closing", "midline", "garbage", "endless", "full"):
        with FakeDaemon(host, mode) as fake:
            times[mode] = callbacks(host, mode, fake.path)
    host.daemon.hang()
    times["hung"] = callbacks(host, "hung", "/run/epmd-mdns/control")
    host.daemon.resume()
    return ", ".join(f"{state} {1000 * slowest:.0f} ms" for state, slowest in times.items())


def nonsense(lan):
    "nonsense is answered by an error, or by nothing, not by an exception"
    node = lan[1].erl("sane")
    table = [NONSENSE.replace("{x}", odd.replace("{", "{{").replace("}", "}}")) for odd in ODD]
    slowest = timed(node, "\n".join(table))
    timed(node, THERE, IN_NET_KERNEL, x="[a|b]")
    assert node.eval("node()") == node.name
    node.kill()
    return f"{len(ODD)} kinds, {1000 * slowest:.0f} ms"


def undistributed(lan):
    "a VM that is no node asks the daemon itself, and does not wait longer either"
    host = lan[1]
    slowest = 0
    for mode in ("serve", "silent", "midline", "garbage", "endless", "full"):
        with FakeDaemon(host, mode) as fake:
            vm = host.vm("-epmd_mdns", "socket", fake.path)
            questions = [line for line in CALLBACKS.splitlines() if "register" not in line]
            slowest = max(slowest, timed_singly(vm, "\n".join(questions[1:]), me="nonode", host=host.name))
            vm.kill()
    return f"{1000 * slowest:.0f} ms"


def net_kernel_answers(lan):
    """net_kernel answers within 1.1 s while 40 processes look for nodes that nobody knows, and daemon and name server
    are mute"""
    host = lan[1]
    told = []
    swallow(host)
    script = one_line(PROBE.replace("SWALLOWED", SWALLOWED[0]).replace("CALLERS", str(CALLERS))
                      .replace("SECONDS", str(PROBED)))
    for servers in ("# none", f"nameserver {SWALLOWED[0]}"):
        # The host has a file of its own; without one, this would be the machine's.
        host.check(["sh", "-c", "[ -e /etc/resolv.conf ] && cat >/etc/resolv.conf"], input=servers + "\n")
        for when in ("before it boots", "then"):
            if when == "before it boots":
                host.daemon.hang()
            node = host.erl("busy@h1.local", long=True)
            host.daemon.hang()
            timed(node, CALLBACKS + SLOW, me="busy", host="h1.local", port=listening(node))
            before = unscheduled(node)
            count, worst = map(int, re.findall(r"\d+", node.eval(script, 60)))
            assert count >= 2, f"only {count} answers in {PROBED} s"
            assert worst / 1000 - delayed(node, before) <= LIMIT, f"{worst} ms"
            told.append(worst)
            host.daemon.resume()
            node.kill()
    return f"the slowest in {max(told)} ms"


def needs_nothing(lan):
    "we need no application but kernel and stdlib, no file, no JSON, and nothing of ours is an application that runs"
    node = lan[1].erl("alone")
    assert node.eval("lists:sort([A || {A, _, _} <- application:which_applications()])") == "[kernel,stdlib]"
    beams = f'[B || B <- filelib:wildcard("{lan[1].ebin}/epmd_mdns*.beam")]'
    calls = node.eval(one_line(f"""lists:usort([{{From, M, F}} || Beam <- {beams}, {{ok, {{From, [{{imports, Imports}}]}}}} <-
                               [beam_lib:chunks(Beam, [imports])], {{M, F, _}} <- Imports])"""))
    modules = set(re.findall(r"\{(\w+),(\w+),", calls))
    assert {("epmd_mdns_socket", "gen_tcp"), ("epmd_mdns", "erlang"), ("epmd_mdns", "epmd_mdns_table")} <= modules, "the calls have been read"
    names = {"file", "filelib", "file_server", "io", "json", "timer", "rpc", "erpc", "global", "ssl", "crypto"}
    banned = {(caller, called) for caller, called in modules if called in names}
    # It is about names in global, and runs when a node has been joined: long after the boot, and in a process of its own.
    assert banned == {("epmd_mdns_join_global_names", "global"), ("epmd_mdns_join_global_names", "erpc")}, banned
    # None of these starts an application. What is set is kernel's: see epmd_mdns_join_global.
    assert set(re.findall(r"\{\w+,application,(\w+)", calls)) <= {"get_env", "get_all_env", "load", "set_env"}, calls
    absent = node.eval(f"[M || B <- {beams}, M <- [list_to_atom(filename:basename(B, \".beam\"))], "
                       "not erlang:module_loaded(M)]")
    assert absent == "[]", f"all is loaded, so that nothing has to be read from files later, but {absent}"
    node.kill()


if __name__ == "__main__":
    tap.main([every_state, nonsense, undistributed, net_kernel_answers, needs_nothing], Lan(1))
