"""Kill and stop (SIGSTOP) what the systemd units run: `python -m bench.chaos.booted ROOT`, as root.

ROOT is a folder with a Debian in which the site runs as docs/admin.md says, made by `mmdebstrap` with systemd-sysv,
dbus, procps and curl beside the guide's packages. systemd-nspawn boots it, in a network of its own.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

LIMIT_SECONDS = 60
GIVE_UP_SECONDS = 150
UNITS = ("web", "worker", "beat")
FAULTS = [
    (unit, which, signal)
    for unit in UNITS
    for which in ("main", "program", "child")
    for signal in ("KILL", "STOP")
    if (unit, which) != ("beat", "child") and (unit, which, signal) != ("web", "program", "STOP")
]
"""Beat has no children; a web server whose parent hangs goes on serving, and nothing kills it (docs/faults.md)."""
NSPAWN = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--console=pipe"]

NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd")


class Machine:
    """A booted root; `leader` is its first process, seen from here."""

    def __init__(self, leader: int) -> None:
        self.enter = ["nsenter", f"--target={leader}", *NAMESPACES]

    def run(self, command: str) -> str:
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "sh", "-c", command]
        return subprocess.run([*self.enter, *clean], capture_output=True, text=True, check=False).stdout.strip()

    def is_well(self) -> bool:
        active = self.run("systemctl is-active " + " ".join(f"wanderers-{unit}" for unit in UNITS)).split()
        return {*active} == {"active"} and '"status": "ok"' in self.run("curl -s -m 5 http://127.0.0.1:8000/health/")

    def processes(self, unit: str) -> dict[int, int]:
        """Return the parents of all processes of a unit."""
        numbers = self.run(f"cat /sys/fs/cgroup/system.slice/wanderers-{unit}.service/cgroup.procs").replace("\n", ",")
        lines = self.run(f"ps -o pid=,ppid= -p {numbers}").splitlines()
        return {int(pid): int(parent) for pid, parent in map(str.split, lines)}

    def main(self, unit: str) -> int:
        return int(self.run(f"systemctl show -P MainPID wanderers-{unit}"))


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    with subprocess.Popen(
        [*NSPAWN, f"--directory={root}"],
        env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as nspawn:
        try:
            while not (children := psutil.Process(nspawn.pid).children()):
                if nspawn.poll() is not None:
                    raise SystemExit("systemd-nspawn has not booted the folder.")
                time.sleep(0.1)
            time.sleep(2)
            yield Machine(children[0].pid)
        finally:
            nspawn.terminate()  # asks systemd to halt


def seconds_until(holds: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not holds() and time.monotonic() - begun < GIVE_UP_SECONDS:
        time.sleep(1)
    return time.monotonic() - begun


def break_unit(machine: Machine, unit: str, which: str, signal: str) -> float:
    """Return after how many seconds the stricken process has been replaced, and everything is well."""
    before, main = machine.processes(unit), machine.main(unit)
    program = next(pid for pid, parent in before.items() if parent == main)
    children = [pid for pid, parent in before.items() if parent == program]
    stricken = {"main": main, "program": program, "child": children[-1] if children else program}[which]
    machine.run(f"kill -{signal} {stricken}")

    def is_replaced() -> bool:
        now = machine.processes(unit)
        return stricken not in now and len(now) >= len(before) and machine.is_well()

    return seconds_until(is_replaced)


def main(root: Path) -> int:
    slow = False
    with booted(root) as machine:
        print(f"| boot | {seconds_until(machine.is_well):.1f} |", flush=True)
        for unit, which, signal in FAULTS:
            seconds = break_unit(machine, unit, which, signal)
            slow |= seconds > LIMIT_SECONDS
            print(f"| SIG{signal} of the {unit} unit's {which} process | {seconds:.1f} |", flush=True)
            time.sleep(10)
    return slow


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
