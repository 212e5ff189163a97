# SPDX-License-Identifier: Apache-2.0
"""A Debian machine: a host of the LAN on which systemd is the first process, and everything comes from packages.

It is a box (tests/lan/box.py) like every host: the machine runs in the box's namespaces, and ends with it. Its files are those
of a root file system that tools/root has made, under a layer of its own in memory.
"""

import contextlib
import glob
import os
import shutil
import subprocess

from box import HERE, words
from host import SUITES, Host
from node import LOOP, Node
from wait import wait_for

DEBS = os.environ.get("EPMD_MDNS_DEBS") or os.path.join(HERE, "..", "..", "build", "deb")
USER, UID = "dev", 1000
COOKIE = "of-all-machines"
ROOT = "/run/lan/root"

# systemd-nspawn in a cgroup of its own: two machines in one would take each other's units for theirs. $1: name, $2: root.
POWER_ON = """
    while IFS=: read -r id controllers path; do
        case $controllers in
        name=systemd) type=cgroup options=name=systemd ;;
        "") type=cgroup2 options= ;;
        *) continue ;;
        esac
        top=$(awk -v type=$type -v options=$options '$3 == type && $4 ~ options { print $2; exit }' /proc/mounts)
        [ -n "$top" ] || continue
        mkdir -p "$top$path/$1"
        echo $$ >"$top$path/$1/cgroup.procs"
    done </proc/self/cgroup
    UNIFIED_CGROUP_HIERARCHY=1 exec systemd-nspawn --quiet --boot --directory="$2" --machine="$3" --register=no --keep-unit \\
        --capability=CAP_NET_ADMIN --console=pipe --resolv-conf=off --timezone=off --link-journal=no
"""
REBOOTED = 128 - 133              # systemd-nspawn's exit status 133 when its machine wants to be started again, as Process tells it


def packages(otp):
    debs = os.path.join(DEBS, SUITES[otp])
    return [path for name in ("epmd-mdns_*", "erlang-epmd-mdns_*") for path in glob.glob(f"{debs}/{name}.deb")]


class Machine(Host):
    ROOT = "{suite}-machine"

    @classmethod
    def is_ready(cls, otp):
        """Whether there is all that such a machine is made of."""
        return bool(cls.root_of(otp) and len(packages(otp)) == 2)

    def __init__(self, number, ipv6, otp=None, links=(0,)):
        super().__init__(number, ipv6, otp, links)
        self.suite = SUITES[otp]
        self._box = None            # the process number of the box's host-init; `pid` is that of the machine's systemd
        self._nspawn = None
        self._cgroup = f"epmd-mdns-{os.getpid()}-{self.name}"

    def boot(self, daemon):
        self._box = self.pid
        self.configure_links()
        self.check(["sh", "-ec", """
            mkdir -p /run/lan/layer /run/lan/root
            mount -t tmpfs tmpfs /run/lan/layer
            mkdir /run/lan/layer/upper /run/lan/layer/work
            mount -t overlay overlay -o "lowerdir=$1,upperdir=/run/lan/layer/upper,workdir=/run/lan/layer/work" "$2"
            echo "$3" >"$2/etc/hostname"
            printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$3" >"$2/etc/hosts"
            chroot "$2" useradd --create-home --uid "$5" --shell /bin/sh "$4"
            printf %s "$6" >"$2/home/$4/.erlang.cookie"
            chown "$5" "$2/home/$4/.erlang.cookie"
            chmod 400 "$2/home/$4/.erlang.cookie"
            """, "sh", self.root_of(self.otp), ROOT, self.name, USER, str(UID), COOKIE])
        self.power_on()

    def power_on(self):
        """Boot, until systemd says that it has done so."""
        self._nspawn = self.spawn(["sh", "-c", POWER_ON, "sh", self._cgroup, ROOT, self.name], "machine")
        self.pid = wait_for(self._systemd, 20, f"{self.name}: systemd runs")
        self.wait_booted()

    def _systemd(self):
        """The first process of the machine: the child of systemd-nspawn that has become systemd."""
        if not self._nspawn.alive:
            raise AssertionError(f"{self.name}: systemd-nspawn has ended: {self._nspawn.lines[-5:]}")
        with contextlib.suppress(OSError):
            with open(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children") as file:
                for child in file.read().split():
                    with open(f"/proc/{child}/comm") as name:
                        if name.read().strip() == "systemd":
                            return int(child)
        return None

    def wait_booted(self, deadline=60):
        """Until everything that is started at boot is, or has failed."""
        def booted():
            result = self.run(["systemctl", "is-system-running"])
            return result.stdout.strip() in ("running", "degraded")
        wait_for(booted, deadline, f"{self.name} has booted", interval=0.1)

    def reboot(self):
        """As an administrator does it: everything is stopped, and the machine boots anew with the same files."""
        nspawn = self._nspawn
        # It asks logind first, if only to find that there is none; after a restart of dbus that takes its time.
        self.run(["systemctl", "--no-block", "reboot"], deadline=60)
        status = nspawn.wait(60)
        assert status == REBOOTED, f"{self.name}: systemd-nspawn ended with {status}: {nspawn.lines[-5:]}"
        self.pid = self._box
        self.power_on()

    def install(self, *packages, deadline=240):
        """apt install; there is no archive that could be reached, and none is needed."""
        return self.check(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", *packages], deadline=deadline)

    def bring(self, files, directory):
        """Copy files of the machine that tests onto this one."""
        os.makedirs(self.path(directory), exist_ok=True)
        for file in files:
            shutil.copy(file, self.path(directory))
        return [f"{directory}/{os.path.basename(file)}" for file in files]

    def bring_text(self, path, text):
        """Write a file of settings."""
        os.makedirs(self.path(os.path.dirname(path)), exist_ok=True)
        self.write(path, text)

    def in_network(self, command, input=""):
        """Run a program of the machine that tests in this one's network, as root."""
        result = subprocess.run(["nsenter", f"--target={self._box}", "--net", "--", *words(command)], input=input, text=True,
                                capture_output=True, timeout=10)
        if result.returncode:
            raise AssertionError(f"{self.name}: {command} ended with {result.returncode}: {result.stderr.strip()}")

    def packages(self):
        """Our packages for the release of Debian that runs here, as tools/deb has built them."""
        return packages(self.otp)

    def systemctl(self, *words, deadline=60):
        return self.check(["systemctl", "--no-pager", *words], deadline=deadline)

    def unit(self, name, key):
        """A property of a unit, as systemd writes it."""
        return self.systemctl("show", "--property", key, "--value", name).strip()

    def cli(self, *arguments, uid=UID):
        return self.run(["env", f"HOME=/home/{USER}", "epmd-mdns", *arguments], uid=uid)

    def node(self, name, *flags):
        """An Erlang node of the unprivileged user, with no more flags than the README says."""
        node = self.spawn(["env", f"HOME=/home/{USER}", "erl", "-noshell", "-sname", name, "-start_epmd", "false", "-epmd_module",
                           "epmd_mdns", *flags, "-eval", LOOP], f"node {name}", kind=Node, uid=UID)
        node.name = name if "@" in name else f"{name}@{self.name}"
        return node

    def close(self):
        super().close()
        # The kernel leaves the empty cgroups of those who have ended.
        for top in glob.glob(f"/sys/fs/cgroup/**/{self._cgroup}", recursive=True):
            for directory, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(directory)
