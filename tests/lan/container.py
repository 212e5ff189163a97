# SPDX-License-Identifier: Apache-2.0
"""A node in a container on a host: files, processes and a name of its own, and the network of its own or the host's.

The container is made as Docker and Podman make theirs, of namespaces; its "image" is the host's system with another /run, in which
there is the application, and of the host only the directory of the control socket, read-only.
"""

from host import CLI
from node import LOOP, Node

EBIN = "/run/ebin"

# usage: ROOT HOSTNAME EBIN COMMAND...; ROOT is where Erlang programs of this host run, empty or a directory.
ENTER = """set -e
root=$1 ebin=$3
hostname "$2"
shift 3
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/mnt/epmd-mdns" "$root/mnt/ebin" "$root/mnt/home"
touch "$root/mnt/.containerenv"
mount --bind -o ro /run/epmd-mdns "$root/mnt/epmd-mdns"
mount --bind "$ebin" "$root/mnt/ebin"
mount --no-mtab --move "$root/mnt" "$root/run"
mount -t proc proc "$root/proc"
cd "$root/"
exec env HOME=/run/home "$@"
"""


def start(host, name, hostname, *more, network=None):
    """Start a node in a container of that host name, with the host's network or in the namespace of that name; return
    the Node when it is up."""
    command = host.otp_argv(["erl", "-noshell", "-sname", name, "-setcookie", "x", "-start_epmd", "false",
                             "-epmd_module", "epmd_mdns", "-pa", EBIN, *more, "-eval", LOOP])
    root = "/run/lan/root" if host.otp else ""
    node = host.spawn(_enter(host, root, hostname, network) + command, f"container {hostname}", kind=Node)
    node.name = f"{name}@{hostname}"
    assert node.eval("node()", 30) == node.name
    return node


def cli(host, hostname, *arguments, network=None):
    """Run the command epmd-mdns in a container, return the CompletedProcess."""
    return host.run([*_enter(host, "", hostname, network), CLI, *arguments])


def _enter(host, root, hostname, network):
    enter = ["nsenter", f"--net=/run/netns/{network}"] if network else []
    return [*enter, "unshare", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh",
            root, hostname, host.ebin]


def add_network(host, name, subnet):
    """A network for a container, behind the host, which translates addresses: what is in it may call everybody."""
    host.check(["sh", "-ec", """
        ip netns add "$1"
        ip link add bridge-c type veth peer name eth0 netns "$1"
        ip address add "$2.1/24" dev bridge-c
        ip link set bridge-c up
        ip -n "$1" link set lo up
        ip -n "$1" address add "$2.2/24" dev eth0
        ip -n "$1" link set eth0 up
        ip -n "$1" route add default via "$2.1"
        echo 1 >/proc/sys/net/ipv4/ip_forward
        """, "sh", name, subnet])
    host.check("nft -f -", input="""
        table ip nat {
            chain out { type nat hook postrouting priority 100; oifname "eth0" masquerade; }
            chain in { type nat hook prerouting priority -100; }
        }
        """)


def publish_port(host, port, address):
    """As `-p PORT:PORT`, for what comes from the LAN."""
    host.check(f'nft add rule ip nat in iifname "eth0" tcp dport {port} dnat to {address}')
