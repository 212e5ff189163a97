# SPDX-License-Identifier: Apache-2.0
"""The sockets of a crowd (crowd.py)."""

import socket
import struct

PORT, GROUPS = 5353, {4: "224.0.0.251", 6: "ff02::fb"}
MOST = {4: 1472, 6: 1452}               # bytes of payload in an Ethernet frame
IP_PKTINFO, SO_RCVBUFFORCE = 8, 33      # as <linux/in.h> and <asm-generic/socket.h> define them; Python does not
RECEIVE_BUFFER = 8 << 20


class Link:
    """A socket of one IP version, at which all hosts hear and from which they send, each from its own address."""

    def __init__(self, family, index):
        self.family, self._index, packed = family, index, struct.pack("=I", index)
        self._socket = sock = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        if family == 4:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUPS[4]) + bytes(4) + packed)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, GROUPS[6]) + packed)
        sock.bind(("", PORT))

    def fileno(self):
        return self._socket.fileno()

    def receive(self):
        """Data and sender of a packet."""
        return self._socket.recvfrom(65536)

    def send(self, data, source):
        if self.family == 4:
            control = (socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=I4s4s", self._index, source, bytes(4)))
        else:
            control = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, source + struct.pack("=I", self._index))
        self._socket.sendmsg([data], [control], 0, (GROUPS[self.family], PORT))
