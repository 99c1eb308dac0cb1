"""A container that boots Debian's systemd, and forgets everything when it ends. Needs root and systemd-nspawn."""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

# Of its own for each container: in the same control groups they would get into each other's way.
CONTROLLERS = [Path("/sys/fs/cgroup") / name for name in ("systemd", "unified", "pids")]
# What an administrator's machine has, and python3 for the tests' own side (guest/).
PACKAGES = ["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "init-system-helpers", "acl", "procps", "ca-certificates",
            "curl", "openssl", "python3", "libsqlite3-0", "libsystemd0", "libstdc++6", "zlib1g"]
PREFIX = "progress-sync-test"
ENVIRONMENT = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb", "LANG=C.UTF-8"]


def why_not():
    """Why no container can be started here; None when one can."""
    if os.geteuid() != 0:
        return "it takes root"
    for program, package in (("systemd-nspawn", "systemd-container"), ("debootstrap", "debootstrap")):
        if not shutil.which(program):
            return f"there is no {program} (Debian: {package})"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, check=False).returncode:
        return "name spaces are not allowed here (CAP_SYS_ADMIN)"
    return None


@contextmanager
def alone(cache):
    """Keeps other runs out until it is left: each removes what the others have made of other packages, booted or not."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another run to let go of {cache}.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def debian(cache):
    """The Debian that is booted: made once, which takes a minute and a package mirror."""
    tree = cache / f"bookworm-{_digest(' '.join(PACKAGES).encode())}"
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm"]
    return _made(tree, lambda unfinished: [*command, str(unfinished)])


def debian_with(packages, cache, tree):
    """The same with packages of ours installed while it was not running, as whoever makes images of machines does."""
    image = cache / f"{tree.name}-{_digest(*[package.read_bytes() for package in packages])}"

    def command(unfinished):
        subprocess.run(["cp", "-a", "--reflink=auto", tree, unfinished], check=True)
        inside = [f"/mnt/{package.name}" for package in packages]
        return ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--pipe", "-D", str(unfinished),
                *[f"--bind-ro={package}:{path}" for package, path in zip(packages, inside)], "dpkg", "-i", *inside]
    for old in cache.glob(f"{tree.name}-*"):
        if old != image:
            shutil.rmtree(old)
    return _made(image, command)


def _digest(*contents):
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()[:12]


def _made(tree, command):
    if not tree.exists():
        print(f"Making {tree}; later runs use it again.", flush=True)
        unfinished = tree.with_name(f"unfinished-{tree.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(command(unfinished), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if made.returncode:
            raise SystemExit(f"{tree.name} cannot be made:\n" + "\n".join(made.stdout.splitlines()[-10:]))
        unfinished.rename(tree)
    return tree


class Ended(Exception):
    """The container has gone, as when the whole run is interrupted."""


class Late(Exception):
    """What was waited for has not come."""


class Container:
    """Boots when it is entered, and is killed when it is left."""

    living = set()
    _lock = threading.Lock()
    _count = 0

    def __init__(self, tree, binds):
        with Container._lock:
            Container._count += 1
            self.name = f"{PREFIX}-{os.getpid()}-{Container._count}"
        self.groups = [root / self.name for root in CONTROLLERS if root.is_dir()]
        self.command = ["systemd-nspawn", "-D", str(tree), "--volatile=overlay", f"--machine={self.name}", "--boot", "--register=no",
                        "--keep-unit", "--private-network", "--console=read-only", *[f"--bind-ro={path}:{place}" for path, place in binds]]

    def __enter__(self):
        for group in self.groups:
            group.mkdir()
        join = "; ".join(f"echo $$ >{group}/cgroup.procs" for group in self.groups)
        # The kernel ends it should this process be killed.
        self.process = subprocess.Popen(
            ["sh", "-c", f"{join or ':'}; exec setpriv --pdeathsig KILL -- \"$@\"", "sh", *self.command], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, text=True)
        Container.living.add(self)
        try:
            self.leader = self.await_("the container's init", self._find_leader)
            self.await_("the boot", lambda: self.out("systemctl", "is-system-running") in ("running", "degraded"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.wait(30)
        Container.living.discard(self)
        for group in self.groups:
            remove_group(group)

    def kill(self):
        if self.process.poll() is None:
            os.kill(self._find_leader() or self.process.pid, signal.SIGKILL)

    def _find_leader(self):
        """The process that is number 1 within."""
        for child in _children(self.process.pid):
            for grandchild in [child, *_children(child)]:
                try:
                    status = Path(f"/proc/{grandchild}/status").read_text(encoding="ascii")
                except OSError:
                    continue
                numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
                if len(numbers) > 1 and numbers[-1] == "1":
                    return grandchild
        return None

    def enter(self, command, user=None):
        """The command that runs `command` within, as root or somebody else."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "env", f"HOME=/home/{user}"] if user else []
        namespaces = ["nsenter", "-t", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C"]
        return [*namespaces, "--", "env", "-i", "-C", "/", *ENVIRONMENT, *become, *command]

    def run(self, *command, user=None, stdin=None, check=True, patience=120):
        """Runs a command within."""
        try:
            return subprocess.run(self.enter(command, user), input=stdin, capture_output=True, text=True, errors="replace", check=check, timeout=patience)
        except subprocess.CalledProcessError as error:
            if self.process.poll() is not None:
                raise Ended from error
            raise Failed(f"{' '.join(command)} ends with {error.returncode}: {error.stdout}{error.stderr}") from error

    def out(self, *command, user=None):
        """All that a command says, whatever its status."""
        done = self.run(*command, user=user, check=False)
        return (done.stdout + done.stderr).strip()

    def await_(self, what, condition, patience=60):
        """Waits until the condition holds, and returns its value."""
        deadline = time.monotonic() + patience
        while not (value := condition()):
            if self.process.poll() is not None:
                raise Ended(self.process.stderr.read())
            if time.monotonic() > deadline:
                raise Late(f"{what} has not come in {patience} s")
            time.sleep(0.05)
        return value


class Failed(Exception):
    """A command that the tests themselves need has failed."""


def remove_group(group):
    """Removes a control group with those in it, as soon as the kernel has let go of them."""
    deadline = time.monotonic() + 5
    while group.exists():
        for path in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True) + [group]:
            try:
                path.rmdir()
            except OSError:
                pass
        if time.monotonic() > deadline:
            return
        time.sleep(0.02)


def remove_leftovers():
    """What a run that was killed itself could not remove; what is in use by another run stays."""
    for root in CONTROLLERS:
        for group in root.glob(f"{PREFIX}-*"):
            if not _is_run(group.name.split("-")[-2]):
                _kill(group)
                remove_group(group)


def _kill(group):
    """Ends all that runs in a control group, which nobody else's process is in."""
    for path in group.rglob("cgroup.procs"):
        for process in path.read_text(encoding="ascii").split():
            try:
                os.kill(int(process), signal.SIGKILL)
            except ProcessLookupError:
                pass  # Its init has taken it along.


def _is_run(process):
    """Whether the process is a run of these tests: its number may be another's by now."""
    try:
        return b"System/run" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def _children(process):
    try:
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
