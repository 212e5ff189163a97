# SPDX-License-Identifier: Apache-2.0
"""Benchmark: how long it takes to look a node up. Also the client that runs on the host, `SOCKET EPMD COUNT NODE`."""

import importlib
import json
import socket
import statistics
import struct
import sys
import time

import stock
from bench_report import Row, Sample
from lan import Lan

WARM_UP = 20


def run(sizes):
    """The rows of this topic, on a LAN of its own."""
    with Lan(2) as lan:
        yield from lookups(lan, sizes)


def lookups(lan, sizes):
    """A node of another host: in the VM, against OTP's own client; at the socket, against epmd's; each asks the other host's
    real epmd."""
    test = importlib.import_module("test-otp-lookup")
    here, there = lan.hosts
    stock.start_epmd(there)
    node, known = here.erl("asks"), there.erl("known")
    there.erl("stock", module=False)
    node.wait_known(known)
    here.write("/run/lan/bench.erl", test.BENCH)
    node.eval('{ok, bench, Code} = compile:file("/run/lan/bench", [binary]), '
              '{module, bench} = code:load_binary(bench, "bench", Code), ok', 30)
    epmd = Sample("`erl_epmd:port_please/2`, epmd", *worst(test.bench(
        node, f'stock({sizes.questions}, "stock", {{{there.address.replace(".", ",")}}})')), sizes.questions)
    vm = Sample("`address_please/3`", *worst(test.bench(node, f'known({sizes.lookups}, "known", "h2")')), sizes.lookups)
    yield Row("lookup in the VM", vm, epmd)

    client = here.check([sys.executable, "-B", __file__, "/run/epmd-mdns/control", there.address, str(sizes.questions),
                         known.name], deadline=120)
    times = json.loads(client)
    epmd = Sample.of("connect and `PORT_PLEASE2_REQ`, epmd", times["epmd"])
    yield Row("lookup over the socket", Sample.of("`LOOKUP`, connected", times["connected"]), epmd)
    yield Row("the same, with a new connection", Sample.of("connect and `LOOKUP`", times["connecting"]), epmd)


def worst(times):
    """Of median, 99 % and maximum in µs: median and maximum in seconds."""
    return times[0] / 1e6, times[2] / 1e6


# --- The client ---


def ask(sock, request):
    sock.sendall(request)
    reply = b""
    while not reply.endswith(b"OK\n"):
        more = sock.recv(4096)
        assert more, f"closed after {reply}"
        reply += more
    assert reply.startswith(b"NODE "), reply


def ask_new(path, request):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        ask(sock, request)


def ask_epmd(address, name):
    with socket.create_connection((address, 4369)) as sock:
        sock.sendall(struct.pack(">H", 1 + len(name)) + b"z" + name)
        reply = b""
        while more := sock.recv(4096):
            reply += more
    assert reply.startswith(b"w\0"), reply


def client(path, address, count, node):
    """The three ways in turns, so that all have the same machine; times in seconds."""
    request, times = f"LOOKUP {node}\n".encode(), {"connected": [], "connecting": [], "epmd": []}
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        ways = {"connected": (ask, sock, request), "connecting": (ask_new, path, request),
                "epmd": (ask_epmd, address, b"stock")}
        for turn in range(WARM_UP + count):
            for way, (function, *arguments) in ways.items():
                start = time.perf_counter()
                function(*arguments)
                if turn >= WARM_UP:
                    times[way].append(time.perf_counter() - start)
    assert all(statistics.median(values) > 0 for values in times.values())
    return times


if __name__ == "__main__":
    print(json.dumps(client(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])))
