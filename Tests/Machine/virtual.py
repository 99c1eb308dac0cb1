"""A virtual machine that boots Debian's kernel and systemd with the packages installed, and can lose its power. Takes root, to make its disk, and QEMU.

What a container shares with its host is the machine's own here: control groups with their limits, the kernel's settings, the disk.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
POWER_CUT = HERE.parent / "PowerCut"
# What runs within: the agent, and what the containers' tests have.
GUEST = [HERE / "guest", HERE.parent / "System/guest"]
# An emulated processor on a busy machine is slow.
PATIENCE = 600
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
AGENT = """[Unit]
Description=Runs what the test asks for
[Service]
ExecStart=/run/guest/agent
[Install]
WantedBy=multi-user.target
"""


def why_not():
    """Why no machine can be started here; None when one can."""
    if os.geteuid() != 0:
        return "it takes root"
    lacking = [name for name in ("qemu-system-x86_64", "busybox", "cpio", "mkfs.ext4", "apt-get") if not shutil.which(name)]
    return f"there is no {' and no '.join(lacking)} (packaging/setup power)" if lacking else None


def make(cache, tree, backlog):
    """Makes kernel, initrd and disk in the directory `cache`, the disk of a Debian that has the packages in it, and only once for that one.
    `backlog` is how many writes the queue in /var/backlog has."""
    cache.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(cache / "scratch", ignore_errors=True)
    subprocess.run([POWER_CUT / "kernel", cache / "kernel"], check=True)
    _make_initrd(cache)
    image = cache / f"{tree.name}-{backlog}.img"
    if not image.exists():
        for old in cache.glob("*.img"):
            old.unlink()
        _make_disk(cache, tree, backlog, image)
    return image


def _make_initrd(cache):
    scratch = cache / "scratch"
    shutil.copytree(cache / "kernel/modules", scratch)
    for guest in GUEST:
        shutil.copytree(guest, scratch / "guest", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    (scratch / "guest/init").rename(scratch / "init")
    subprocess.run("find . | cpio -o -H newc --quiet >../initrd", shell=True, cwd=scratch, check=True)
    shutil.rmtree(scratch)


def _make_disk(cache, tree, backlog, image):
    print(f"Making {image}; later runs use it again.", flush=True)
    scratch, unfinished = cache / "scratch", cache / "unfinished"
    subprocess.run(["cp", "-a", tree, scratch], check=True)
    (scratch / "etc/systemd/system/test-agent.service").write_text(AGENT)
    _inside(scratch, "sh", "-c", "systemctl mask serial-getty@ttyS0 getty@tty1 && systemctl enable test-agent && mkdir -p /var/log/journal")
    _make_backlog(scratch, backlog)
    with unfinished.open("wb") as file:
        file.truncate(4 << 30)
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-d", scratch, unfinished], check=True)
    unfinished.rename(image)
    shutil.rmtree(scratch)


def _entering(root, *command):
    """Words that run a command in a tree, with a /proc that nobody else sees."""
    return ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', root, *command]


def _inside(root, *command):
    done = subprocess.run(_entering(root, *command), capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} fails: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def _make_backlog(root, count):
    """The daemon itself makes the queue, in whatever shape its version has, and its first row; that row is then multiplied."""
    state = root / "var/backlog"
    (state / "spool").mkdir(parents=True)
    settings = {"spool.directory": "/var/backlog/spool", "state.directory": "/var/backlog/state", "control.socket": "/var/backlog/socket",
                "api.base_url": "http://127.0.0.1:9"}
    words = [word for pair in settings.items() for word in ("--set", "=".join(pair))]
    queue = state / "state/queue.sqlite"
    daemon = subprocess.Popen(_entering(root, "progress-syncd", *words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT)
    try:
        _await(lambda: (state / "spool/incoming").is_dir(), "the daemon that makes the queue", daemon)
        action = {"action": "complete", "program_id": "backlog", "week_number": 1, "day_number": 1, "completed_at": "2026-01-01T00:00:00Z"}
        (state / "one").write_text(json.dumps(action))
        (state / "one").rename(state / "spool/incoming/one.json")
        _await(lambda: _rows(queue), "the first row of the queue", daemon)
    finally:
        daemon.terminate()
        daemon.communicate()
    with contextlib.closing(sqlite3.connect(queue)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(writes)") if row[1] != "sequence"]
        # 100 programs of some weeks of 100 days, of ten people: one alone would be at limits.keys_per_user.
        value = {"sender_uid": "60000 + n % 10", "id": "id || '-' || n", "program_id": "'backlog-' || (n % 100)", "week_number": "1 + n / 10000", "day_number": "1 + n / 100 % 100"}
        database.execute(
            f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1}) "
            f"INSERT INTO writes ({', '.join(columns)}) SELECT {', '.join(value.get(name, name) for name in columns)} FROM writes, numbers WHERE sequence = 1")
        database.execute("UPDATE totals SET accepted = accepted + ?", (count - 1,))
    shutil.move(queue, state / "queue.sqlite")
    for name in ("spool", "state"):
        shutil.rmtree(state / name)


def _rows(queue):
    try:
        with contextlib.closing(sqlite3.connect(f"file:{queue}?mode=ro", uri=True)) as database:
            return database.execute("SELECT count(*) FROM writes").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def _await(condition, what, process, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not (value := condition()):
        if process.poll() is not None:
            raise SystemExit(f"the end came before {what}: {(process.stderr.read() if process.stderr else b'').decode()[-2000:]}")
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} has not come in {patience} s")
        time.sleep(0.05)
    return value


class Machine:
    """Boots when it is entered; is killed, with its disk's cache, when it is left. What was on the disk stays for the next with the same image."""

    def __init__(self, cache, image, losses=0):
        self.cache, self.image, self.losses, self.rest = cache, image, losses, b""
        self.console, self.heard = image.with_suffix(".console"), image.with_suffix(".heard")

    def __enter__(self):
        disk, agent = self.image.with_suffix(".disk"), self.image.with_suffix(".agent")
        for path in (disk, agent):
            path.unlink(missing_ok=True)
        dies = ["setpriv", "--pdeathsig", "KILL", "--"]
        self.disk = subprocess.Popen([*dies, POWER_CUT / "disk", self.image, disk, str(self.losses)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     start_new_session=True)
        _await(disk.exists, "the disk", self.disk)
        self.process = subprocess.Popen(
            [*dies, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2048", "-nodefaults", "-display", "none",
             "-nic", "none", "-no-reboot", "-kernel", self.cache / "kernel/vmlinuz", "-initrd", self.cache / "initrd",
             "-append", "console=ttyS0 quiet panic=-1 systemd.show_status=0", "-serial", f"file:{self.console}",
             "-drive", f"id=root,file=nbd:unix:{disk},if=none,format=raw,cache=writeback",
             "-device", "virtio-blk-pci,drive=root,logical_block_size=4096,physical_block_size=4096",
             "-device", "virtio-serial", "-chardev", f"socket,id=agent,path={agent},server=on,wait=off", "-device", "virtserialport,chardev=agent",
             "-chardev", f"file,id=heard,path={self.heard}", "-device", "virtserialport,chardev=heard"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            _await(agent.exists, "QEMU", self.process)
            self.agent = socket.socket(socket.AF_UNIX)
            self.agent.connect(str(agent))
            self.run("systemctl", "is-system-running", "--wait", check=False)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in (self.process, self.disk):
            if process.poll() is None:
                process.kill()
            process.communicate()

    def cut_power(self):
        """The disk ends the machine amid its writing, and keeps some of what was never flushed. Returns how much, as KEPT/ALL."""
        self.disk.send_signal(signal.SIGUSR1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        self.process.kill()
        return self.disk.communicate(timeout=PATIENCE)[0].decode().strip()

    def run(self, *command, stdin=None, check=True, patience=PATIENCE):
        """Runs a command within, as root."""
        self.agent.sendall(json.dumps({"command": command, "stdin": stdin, "patience": patience}).encode() + b"\n")
        answer = json.loads(self._line(patience + 60))
        done = subprocess.CompletedProcess(command, answer["status"], answer["stdout"], answer["stderr"])
        if check and done.returncode:
            raise SystemExit(f"in the machine, {' '.join(command)} has ended with status {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def _line(self, patience):
        self.agent.settimeout(1)
        deadline = time.monotonic() + patience
        while b"\n" not in self.rest:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the machine does not answer; its console: " + self.console.read_text(errors="replace")[-2000:])
            with contextlib.suppress(TimeoutError):
                self.rest += self.agent.recv(1 << 20)
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def await_(self, condition, what, patience=PATIENCE):
        return _await(condition, what, self.process, patience)
