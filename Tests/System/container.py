"""A container that boots Debian's systemd, and forgets everything when it ends. Needs root and systemd-nspawn."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

CONTROLLERS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]


def why_not(tree):
    """Why no container can be started here; None when one can."""
    if os.geteuid() != 0:
        return "it takes root"
    if not shutil.which("systemd-nspawn"):
        return "there is no systemd-nspawn (Debian: systemd-container)"
    if not tree.exists() and not shutil.which("debootstrap"):
        return "there is no debootstrap, which makes the system that is booted"
    return None


def make_tree(tree):
    """Installs the Debian that is booted: once, which takes a minute and a package mirror."""
    if tree.exists():
        return
    print(f"Making {tree}; later runs use it again.")
    unfinished = tree.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    packages = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,init-system-helpers,acl,procps,libsqlite3-0,libsystemd0,libstdc++6,libcurl4,libxml2"
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(unfinished)]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if made.returncode:
        raise SystemExit("debootstrap fails:\n" + "\n".join(made.stdout.splitlines()[-5:]))
    unfinished.rename(tree)


class Container:
    """Boots when it is entered, and is killed when it is left."""

    def __init__(self, tree, read_only):
        self.name = f"progress-sync-{os.getpid()}"
        binds = [f"--bind-ro={path}" for path in read_only]
        self.command = ["systemd-nspawn", "-D", str(tree), "--volatile=overlay", f"--machine={self.name}", "--boot", "--register=no",
                        "--keep-unit", "--private-network", "--console=read-only", *binds]

    def __enter__(self):
        # A control group of its own: containers in the same one would get into each other's way.
        self.groups = [root / self.name for root in CONTROLLERS if root.is_dir()]
        for group in self.groups:
            group.mkdir()
        join = "; ".join(f"echo $$ >{group}/cgroup.procs" for group in self.groups)
        self.process = subprocess.Popen(
            ["sh", "-c", f"{join or ':'}; exec \"$@\"", "sh", *self.command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True, text=True)
        try:
            self.leader = self.await_(self.find_leader, "the container's init")
            self.await_(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), "the boot")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            leader = self.find_leader()
            os.kill(leader or self.process.pid, signal.SIGKILL)
            self.process.wait(30)
        for group in self.groups:
            for path in sorted((p for p in group.rglob("*") if p.is_dir()), reverse=True) + [group]:
                try:
                    path.rmdir()
                except OSError:
                    pass  # The kernel has not let go of it yet; it is empty, and does no harm.

    def find_leader(self):
        """The process that is number 1 within."""
        for child in _children(self.process.pid):
            for grandchild in [child, *_children(child)]:
                status = Path(f"/proc/{grandchild}/status").read_text(encoding="ascii")
                numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
                if len(numbers) > 1 and numbers[-1] == "1":
                    return grandchild
        return None

    def run(self, *command, stdin=None, check=True):
        """Runs a command within, as root."""
        enter = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "--", "env", "-i", "-C", "/"]
        environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb", "LANG=C.UTF-8"]
        return subprocess.run([*enter, *environment, *command], input=stdin, capture_output=True, text=True, check=check)

    def await_(self, condition, what, patience=60):
        deadline = time.monotonic() + patience
        while not (value := condition()):
            if self.process.poll() is not None:
                raise SystemExit(f"the container has ended: {self.process.stderr.read()}")
            if time.monotonic() > deadline:
                raise SystemExit(f"{what} has not come in {patience} s")
            time.sleep(0.05)
        return value


def _children(process):
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
