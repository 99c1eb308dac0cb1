"""The programs under test, as processes whose words are kept, and what it takes to run them."""
import os
import socket
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.environ.get("PROGRAMS_DIRECTORY", f"{ROOT}/.build/debug")
PLACE = f"{ROOT}/.build/chaos"
# What takes longer has failed.
PATIENCE = 300


class Program:
    """One of the programs, whose words go to a file, each line with its time."""

    def __init__(self, name, *arguments):
        self.name, self.command = name, [f"{PROGRAMS}/{name}", *arguments]
        self.said_at, self.process, self.exits = [], None, []

    def start(self):
        # An environment of its own, so that nothing of this one's counts; the kernel ends it should this script be killed.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *self.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        threading.Thread(target=self._listen, args=[self.process.stderr], daemon=True).start()

    def _listen(self, words):
        with open(f"{PLACE}/{self.name}.log", "ab") as log:
            for line in words:
                self.said_at.append(time.time())
                log.write(line)
                log.flush()

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number):
        self.send(number)
        return self.process.wait(PATIENCE)

    def has_ended(self):
        return self.process.poll() is not None


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def await_condition(what, condition, meanwhile=lambda: None):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        meanwhile()
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} has not come within {PATIENCE} seconds")
        time.sleep(0.1)


def resident_memory(process):
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS:"))
