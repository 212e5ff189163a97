#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever becomes of our processes and modules, the node lives on, healthy, and the log stays readable."""

import os
import shutil
import time

import tap
from host import EBIN
from lan import Lan
from wait import wait_for

ROUNDS = 50
REPORT = 40         # lines in the log for a process that was killed: its supervisor says so
BACK = 15           # seconds until all is registered again
WATCHED = 3         # seconds for which a process that can't live is watched
FLOOD = 800         # lines in the log meanwhile

# Every process under the one that start_link/0 returned; OTP itself ends the VM with that one.
WORKERS = """
    Workers = fun Under(Supervisor) ->
        lists:append([case Type of
            supervisor -> [Pid | Under(Pid)];
            worker -> [Pid]
        end || {_, Pid, Type, _} <- supervisor:which_children(Supervisor), is_pid(Pid)])
    end,
"""

# Pings go on all the while over the connection that is there, and questions for the address too.
PINGS = """
    register(pinger, spawn(fun() ->
        (fun Loop(Pongs, Wrong) ->
            receive {stop, From} -> From ! {pings, Pongs, lists:sublist(Wrong, 5)}
            after 5 ->
                case {net_adm:ping(peer@h2), epmd_mdns:address_please("peer", "h2", inet)} of
                    {pong, {ok, {192, 0, 2, 2}, _, 6}} -> Loop(Pongs + 1, Wrong);
                    Other -> Loop(Pongs, [Other | Wrong])
                end
            end
        end)(0, [])
    end))
"""

# Every tenth round waits until there is a connection to lose.
KILLS = """
    [begin
        true = Round rem 10 =/= 0 orelse (fun Wait(0) -> false; Wait(Tries) ->
            case epmd_mdns:info() of
                #{daemon := up} -> true;
                _ -> receive after 10 -> Wait(Tries - 1) end
            end
        end)(1500),
        Victims = Workers(epmd_mdns_sup),
        true = Victims =/= [],
        [begin
            Monitor = monitor(process, Victim),
            exit(Victim, kill),
            receive {'DOWN', Monitor, process, Victim, _} -> ok end
        end || Victim <- Victims],
        true = (fun Wait(0) -> false; Wait(Tries) ->
            case [Pid || Pid <- Workers(epmd_mdns_sup), not lists:member(Pid, Victims)] of
                New when length(New) >= length(Victims) -> true;
                _ -> receive after 10 -> Wait(Tries - 1) end
            end
        end)(500),
        length(Victims)
    end || Round <- lists:seq(1, ROUNDS)]
"""


def one_line(text):
    return " ".join(text.split())


def registered(host, node, deadline=BACK):
    """Wait until the node is registered with the host's daemon; return the port."""
    with host.control() as control:
        return wait_for(lambda: [line.port for line in control.lookup(node.name) if line.source == "local"], deadline,
                        f"{node.name} is registered")[0]


def healthy(lan, node, fresh):
    """The node knows and is known: a new node on another host, the names there, events."""
    registered(lan[1], node)
    wait_for(lambda: node.eval("maps:get(daemon, epmd_mdns:info())") == "up", BACK, f"{node.name} has its daemon")
    seen = node.eval(one_line(f"""
        Self = self(),
        spawn(fun() ->
            ok = epmd_mdns:subscribe(),
            Self ! subscribed,
            (fun Wait() ->
                receive {{epmd_mdns, {{up, <<"{fresh}@h2">>, _}}}} -> Self ! up; _ -> Wait() end
            end)()
        end),
        receive subscribed -> ok end"""))
    assert seen == "ok"
    new = lan[2].erl(fresh)
    assert node.eval("receive up -> up after 5000 -> late end") == "up", "an event tells of the new node"
    assert node.ping(new.name) == "pong", f"{node.name} reaches a new node"
    assert f'"{fresh}"' in node.eval("net_adm:names(h2)")
    other = lan[2].erl(f"{fresh}-too")
    wait_for(lambda: other.ping(node.name) == "pong", 5, f"a new node reaches {node.name}")
    new.kill()
    other.kill()


def workers_are_killed(lan):
    "all processes under the supervisor are killed in fifty rounds: the node lives on, and is registered again"
    node, peer = lan[1].erl("alice"), lan[2].erl("peer")
    port = registered(lan[1], node)
    wait_for(lambda: node.ping(peer.name) == "pong", 5, "they are connected")
    node.watch()
    node.eval(one_line(PINGS))
    before = len(node.lines)
    kills = node.eval(one_line(WORKERS + KILLS.replace("ROUNDS", str(ROUNDS))), 120)
    kills = sum(map(int, kills.strip("[]").split(",")))
    killed = time.monotonic()
    assert registered(lan[1], node) == port
    took = time.monotonic() - killed
    lines = len(node.lines) - before
    pings = node.eval("pinger ! {stop, self()}, "
                      "receive {pings, Pongs, Wrong} -> {Pongs, Wrong} after 10000 -> stuck end", 20)
    assert pings.endswith(",[]}") and not pings.startswith("{0,"), pings
    assert "nodedown" not in node.watched()
    assert lines <= REPORT * kills, f"{lines} lines in the log"
    healthy(lan, node, "fresh")
    node.kill()
    peer.kill()
    return f"{kills} processes, registered again after {took:.2f} s, {lines / kills:.0f} lines in the log for each"


def upgraded(lan, name):
    """A node whose application's files can be taken away and brought back; return it and the two functions for that."""
    host = lan[1]
    own, host.ebin = host.ebin, "/run/lan/upgraded"
    here, away = host.path(host.ebin), host.path("/run/lan/away")
    if not os.path.exists(here):
        shutil.copytree(EBIN, here)
    node = host.erl(name)
    host.ebin = own
    return node, lambda: os.rename(here, away), lambda: os.rename(away, here)


def files_vanish(lan):
    "an upgrade takes the application's files away under a node that runs: it has all it needs, a new client too"
    node, take_away, bring_back = upgraded(lan, "old")
    take_away()
    # What nobody has called so far, in net_kernel.
    told = node.eval(one_line("""
        Self = self(),
        _ = sys:replace_state(net_kernel, fun(State) -> Self ! {told, try
            {epmd_mdns:names(nowhere), epmd_mdns:port_please("nobody", "nowhere"), epmd_mdns:lookup(nobody@nowhere),
             element(1, epmd_mdns:address_please("nobody", "nowhere", inet))}
        catch Class:Reason -> {Class, Reason} end}, State end),
        receive {told, Told} -> Told end"""))
    assert told in ("{{ok,[]},noport,[],ok}", "{{ok,[]},{error,nxdomain},[],ok}"), told
    node.eval("exit(whereis(epmd_mdns_client), kill)")
    healthy(lan, node, "new")
    bring_back()
    node.kill()


def cannot_live(lan):
    "a client that can't be loaded, or crashes whenever it starts, does not flood the log; the node lives on, and heals"
    node, take_away, bring_back = upgraded(lan, "sick")
    told = []
    for cause, module in (("can't be loaded", "epmd_mdns_client"), ("crashes in init", "epmd_mdns_client_subscribers"),
                          ("crashes when it connects", "epmd_mdns_proto")):
        take_away()
        before = len(node.lines)
        node.eval(one_line(f"""true = code:delete({module}), code:purge({module}),
            case whereis(epmd_mdns_client) of undefined -> ok; Client -> exit(Client, kill) end,
            (fun Loop(0) -> ok; Loop(Left) ->
                60 = net_kernel:get_net_ticktime(),
                receive after 50 -> Loop(Left - 1) end
            end)({WATCHED * 20})"""), 30)
        lines = len(node.lines) - before
        bring_back()
        assert REPORT / 10 <= lines <= FLOOD, f"{cause}: {lines} lines in the log"
        told.append(f"{cause}: {lines}")
        wait_for(lambda: node.eval("is_pid(whereis(epmd_mdns_client)) andalso maps:get(daemon, epmd_mdns:info())")
                 == "up", BACK, "the client is back")
        registered(lan[1], node)
    healthy(lan, node, "cure")
    node.kill()
    return f"lines in the log in {WATCHED} s: {', '.join(told)}"


if __name__ == "__main__":
    tap.main([workers_are_killed, files_vanish, cannot_live], Lan(2))
