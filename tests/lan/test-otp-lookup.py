#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a node takes to look up another that the LAN knows, and what the same question to a real epmd takes."""

import re

import stock
import tap
from lan import Lan

LOOKUPS = 100_000
QUESTIONS = 2_000       # to epmd, which is a connection each
MEDIAN, MOST = 2.0, 20.0    # microseconds: that of the median, and of 99 %

# Compiled, as OTP's own callers are. Each call is timed alone, and reading the clock counts. The times are kept where
# they make no garbage; the garbage of the calls themselves is collected as ever, on a heap that needn't grow first.
BENCH = r"""
-module(bench).
-export([known/3, stock/3]).

known(Count, Name, Host) ->
    times(Count, fun() -> {ok, {_, _, _, _}, _, 6} = epmd_mdns:address_please(Name, Host, inet) end).

stock(Count, Name, Address) ->
    times(Count, fun() -> {port, _, _} = erl_epmd:port_please(Name, Address) end).

times(Count, Fun) ->
    Array = atomics:new(Count, []),
    {_, Monitor} = spawn_opt(fun() -> each(Count, Fun, Array) end, [monitor, {min_heap_size, 10000}]),
    receive {'DOWN', Monitor, process, _, normal} -> ok end,
    Times = lists:sort([atomics:get(Array, N) || N <- lists:seq(1, Count)]),
    [lists:nth(Count div 2, Times), lists:nth(Count * 99 div 100, Times), lists:last(Times)].

each(0, _, _) ->
    ok;
each(N, Fun, Array) ->
    Start = erlang:monotonic_time(nanosecond),
    _ = Fun(),
    atomics:put(Array, N, erlang:monotonic_time(nanosecond) - Start),
    each(N - 1, Fun, Array).
"""


def bench(node, call):
    """Median, 99 % and maximum of a call's duration, in microseconds."""
    return [int(value) / 1000 for value in re.findall(r"\d+", node.eval(f"bench:{call}", 120))]


def is_fast(lan):
    "address_please/3 of a node that the LAN knows, 100,000 times: median <= 2 us, 99 % <= 20 us"
    here, there = lan.hosts
    stock.start_epmd(there)
    node, known = here.erl("asks"), there.erl("known")
    there.erl("stock", module=False)
    node.wait_known(known)
    here.write("/run/lan/bench.erl", BENCH)
    assert node.eval('{ok, bench, Code} = compile:file("/run/lan/bench", [binary]), '
                     '{module, bench} = code:load_binary(bench, "bench", Code), ok', 30) == "ok"
    known_times = bench(node, f'known({LOOKUPS}, "known", "h2")')
    stock_times = bench(node, f'stock({QUESTIONS}, "stock", {{{there.address.replace(".", ",")}}})')
    measured = ("address_please: median %.2f us, 99 %% %.2f us, slowest %.0f us; " % tuple(known_times) +
                "epmd: median %.0f us, 99 %% %.0f us, slowest %.0f us; " % tuple(stock_times) +
                "ratio of the medians %.0f" % (stock_times[0] / known_times[0]))
    assert known_times[0] <= MEDIAN and known_times[1] <= MOST, measured
    return measured


if __name__ == "__main__":
    tap.main([is_fast], Lan(2))
