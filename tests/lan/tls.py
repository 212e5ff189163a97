# SPDX-License-Identifier: Apache-2.0
"""Certificates for the hosts of a LAN, and what an Erlang node is told of them."""

import os
import subprocess
import tempfile

CONFIG = """
[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = {name}
[extensions]
basicConstraints = critical,CA:{is_authority}
subjectAltName = {names}
"""

# As the documentation of ssl has it for nodes that don't trust each other's word: both sides show a certificate, and
# both verify the other's. The client compares the name with the node's host by itself.
OPTIONS = """
[{{server, [{{certfile, "{own}"}}, {{cacertfile, "{trusted}"}}, {{verify, verify_peer}},
            {{fail_if_no_peer_cert, true}}]}},
 {{client, [{{certfile, "{own}"}}, {{cacertfile, "{trusted}"}}, {{verify, verify_peer}}]}}].
"""


class Authority:
    """Issues certificates. Each comes with its key, in one file, as PEM."""

    def __init__(self, name="authority"):
        self._directory = tempfile.TemporaryDirectory()
        self.certificate = self._make(name, [name], True)

    def issue(self, *names):
        """A certificate for these names of a host."""
        issuer = self._path("authority")
        return self._make("host", names, False, "-CA", issuer, "-CAkey", issuer)

    def _path(self, name):
        return os.path.join(self._directory.name, name)

    def _make(self, name, names, is_authority, *more):
        with open(self._path("config"), "w") as file:
            file.write(CONFIG.format(name=name, is_authority=str(is_authority).lower(),
                                     names=",".join(f"DNS:{alias}" for alias in names)))
        subprocess.run(["openssl", "req", "-x509", "-days", "2", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-config", self._path("config"), "-keyout", self._path("key"),
                        "-out", self._path("certificate"), *more], check=True, capture_output=True, timeout=30)
        pem = b"".join(open(self._path(part), "rb").read() for part in ("key", "certificate"))
        if is_authority:
            with open(self._path("authority"), "wb") as file:
                file.write(pem)
        return pem


def flags(host, authority, own=None, proto="inet_tls"):
    """Flags for a node that speaks TLS: it trusts the authority, and shows a certificate for the host's names, short
    and long, or its `own` (PEM)."""
    kind = "own" if own else "host"
    files = {"own": f"/run/lan/{kind}.pem", "trusted": "/run/lan/authority.pem"}
    host.write(files["own"], own or authority.issue(host.name, f"{host.name}.local"))
    host.write(files["trusted"], authority.certificate)
    host.write(f"/run/lan/{kind}.tls", OPTIONS.format(**files))
    return ["-proto_dist", *proto.split(), "-ssl_dist_optfile", f"/run/lan/{kind}.tls"]
