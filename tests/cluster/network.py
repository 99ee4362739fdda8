"""Hosts on one machine: network namespaces on a bridge, and a real DNS server. Only inside a namespace of its own.

`make cluster-test` makes that namespace: the machine's own network is not touched, and all is gone with the test.
"""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NETWORK, BRIDGE, HERE = "10.77.0", "bridge0", "10.77.0.1"
ZONE = "parley.test"


def run(*words: str) -> None:
    """A command that has to work."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert not done.returncode, f"{' '.join(words)}: {done.stderr}"


@dataclass(frozen=True)
class Host:
    """One machine."""

    name: str
    address: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """Before a command that shall run there."""
        return ("ip", "netns", "exec", self.name)

    def cut_off(self) -> None:
        """As when a cable is pulled: nobody is told anything."""
        run("ip", "link", "set", f"to-{self.name}", "down")

    @contextmanager
    def far_away(self, delay_s: float, loss: float) -> Iterator[None]:
        """Each way takes so long, and such a share is lost; before and after that it is another line."""
        near, far = f"near-{self.name}", f"far-{self.name}"
        words = (sys.executable, "-m", "tests.cluster.slow_link", near, far, str(delay_s), str(loss))
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as line:
            try:
                assert line.stdout
                assert line.stdout.readline() == "ready\n"
                run("ip", "link", "set", near, "master", BRIDGE, "up")
                run("ip", "link", "set", far, "netns", self.name)
                self._line(far, "eth0")
                yield
                self._line("eth0", far)
            finally:
                line.kill()

    def _line(self, used: str, unused: str) -> None:
        run("ip", "-n", self.name, "address", "flush", "dev", unused)
        run("ip", "-n", self.name, "link", "set", unused, "down")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/24", "dev", used)
        run("ip", "-n", self.name, "link", "set", used, "up")

    def mend(self) -> None:
        """The cable is back."""
        run("ip", "link", "set", f"to-{self.name}", "up")


class Network:
    """A bridge with hosts on it, and the names that DNS gives them."""

    def __init__(self, folder: Path) -> None:
        self._hosts: list[Host] = []
        Path("/run/netns").mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "none", "/run/netns")  # names of namespaces, ours alone
        for words in (
            ("link", "set", "lo", "up"),
            ("link", "add", BRIDGE, "type", "bridge"),
            ("address", "add", f"{HERE}/24", "dev", BRIDGE),
            ("link", "set", BRIDGE, "up"),
        ):
            run("ip", *words)
        (folder / "resolv.conf").write_text(f"nameserver {HERE}\nsearch {ZONE}\noptions timeout:1 attempts:2\n")
        run("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
        self._names = folder / "hosts"
        self._names.write_text("")
        command = ("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", f"--addn-hosts={self._names}")
        more = (f"--listen-address={HERE}", "--bind-interfaces", "--local-ttl=1", "--user=root", f"--local=/{ZONE}/")
        self._dns = subprocess.Popen((*command, *more, f"--pid-file={folder / 'dns.pid'}"))

    def host(self, name: str) -> Host:
        """One more."""
        host = Host(name, f"{NETWORK}.{11 + len(self._hosts)}")
        self._hosts.append(host)
        for words in (
            ("netns", "add", name),
            ("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name),
            ("link", "set", f"to-{name}", "master", BRIDGE, "up"),
            ("-n", name, "link", "set", "lo", "up"),
            ("-n", name, "address", "add", f"{host.address}/24", "dev", "eth0"),
            ("-n", name, "link", "set", "eth0", "up"),
        ):
            run("ip", *words)
        return host

    def names(self, names: Mapping[str, Sequence[Host]]) -> None:
        """What a name stands for from now on: every one of these hosts."""
        lines = [f"{host.address} {name}.{ZONE}\n" for name, hosts in names.items() for host in hosts]
        self._names.write_text("".join(lines))
        self._dns.send_signal(signal.SIGHUP)

    def close(self) -> None:
        """As it was before."""
        self._dns.terminate()
        self._dns.wait(10)
        for host in self._hosts:
            run("ip", "netns", "delete", host.name)
        run("ip", "link", "delete", BRIDGE)
        for place in ("/etc/resolv.conf", "/run/netns"):
            run("umount", place)
