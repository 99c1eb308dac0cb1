"""Life in the machine that loses its power: the programs on its disks, and the clients that drop actions as fast as they can.

The kernel's command line says which life, in words of the form power.NAME=VALUE. Everything that the host is told goes through a
virtual serial port, and what it was told is what must not be lost.
"""
import glob
import http.client
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import drops

PORT = 8000
PATIENCE = 300


def asked(name):
    for word in open("/proc/cmdline").read().split():
        if word.startswith(f"power.{name}="):
            return word.partition("=")[2]
    sys.exit(f"the kernel's command line has no power.{name}")


SEED, STATE, SPOOL = int(asked("seed")), asked("state"), "/disk-a/spool"
INCOMING = f"{SPOOL}/incoming"


def start(*command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def start_api():
    """Starts the API and registers the clients' programs."""
    api = start("/programs/progress-api", "serve", "--database", f"sqlite:{STATE}/api.sqlite", "--port", str(PORT))
    for client in range(drops.CLIENTS):
        plan = '{"title": "Power cut", "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}]}]}'
        await_condition("the API", lambda: put(f"/api/programs/{drops.program(client)}", plan))
    return api


def put(path, body):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=PATIENCE)
        connection.request("PUT", path, body, {"Content-Type": "application/json"})
        return connection.getresponse().status in (200, 201)
    except ConnectionError:
        return False


def start_daemon():
    settings = {
        "api.base_url": f"http://127.0.0.1:{PORT}",
        "spool.directory": SPOOL,
        "state.directory": f"{STATE}/daemon",
        "control.socket": "/run/control.sock",
        "log.level": "warning",
    }
    daemon = start("/programs/progress-syncd", *(word for pair in settings.items() for word in ("--set", "=".join(pair))))
    await_condition("the daemon", lambda: os.path.isdir(f"{SPOOL}/claimed"))
    return daemon


def await_condition(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"{what} has not come within {PATIENCE} seconds")
        time.sleep(0.1)
    print(f"{time.monotonic():6.1f} s: {what}", flush=True)


def documented_drop():
    """The function `drop` of the Python example in SPOOL.md, which is what clients are told to do."""
    example = open("/run/power-cut/SPOOL.md").read().partition("```python\n")[2].partition("\ndrop(")[0]
    names = {}
    os.environ["SPOOL"] = SPOOL
    exec(example, names)
    return names["drop"]


def be_client(client, first, drop, host):
    """Drops as fast as it can, with a breath now and then, in which the daemon gets to deliver: there is one processor."""
    chance = random.Random(SEED * drops.CLIENTS + client)
    for number in range(first, first + 100_000):
        actions = drops.actions(SEED, client, number)
        if client == drops.COMMAND_CLIENT:
            command = ["/programs/progressctl", *drops.command(actions[0])]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={"PROGRESS_SYNC_SPOOL_DIRECTORY": SPOOL})
        else:
            drop(actions if len(actions) > 1 else actions[0])
        os.write(host, f"{client} {number}\n".encode())
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 3))


def freeze_now_and_then(api):
    """Makes the API slow: it answers in short spells only."""
    chance = random.Random(SEED)
    while True:
        os.kill(api.pid, signal.SIGSTOP)
        time.sleep(chance.uniform(0.2, 2))
        os.kill(api.pid, signal.SIGCONT)
        time.sleep(chance.uniform(0.05, 0.5))


def is_drained():
    if any(name.endswith(".json") for folder in ("incoming", "claimed") for name in os.listdir(f"{SPOOL}/{folder}")):
        return False
    queue = sqlite3.connect(f"file:{STATE}/daemon/queue.sqlite?mode=ro", uri=True)
    try:
        return queue.execute("SELECT count(*) FROM writes WHERE state <> 'failed'").fetchone()[0] == 0
    except sqlite3.OperationalError:
        return False
    finally:
        queue.close()


def write_back_early():
    """Lets the kernel write files back that nobody has synced: half of the lives lose all of those, half lose some."""
    for name, centiseconds in (("dirty_expire", 50), ("dirty_writeback", 20)):
        open(f"/proc/sys/vm/{name}_centisecs", "w").write(str(centiseconds))


def live_under_load(host):
    drop = documented_drop()
    mode, first = asked("api"), int(asked("first"))
    if SEED % 4 < 2:
        write_back_early()
    api = start_api() if mode != "down" else None
    start_daemon()
    for client in range(drops.CLIENTS):
        if os.fork() == 0:
            be_client(client, first, drop, host)
    if mode == "slow":
        threading.Thread(target=freeze_now_and_then, args=(api,), daemon=True).start()
    process, status = os.wait()
    sys.exit(f"process {process}, a client or a program, has ended with status {status}")


def recover(host):
    """Runs the programs until nothing waits any more, and stops them."""
    api, daemon = start_api(), start_daemon()
    await_condition("the end of the queue", is_drained)
    for program in (daemon, api):
        program.terminate()
        if program.wait(PATIENCE) != 0:
            sys.exit(f"{program.args[0]} has ended with status {program.returncode}")
    os.write(host, b"drained\n")


def main():
    os.makedirs(STATE, exist_ok=True)
    print(f"{time.monotonic():6.1f} s: python", flush=True)
    await_condition("the port to the host", lambda: glob.glob("/dev/vport*p1"))
    host = os.open(glob.glob("/dev/vport*p1")[0], os.O_WRONLY)
    {"load": live_under_load, "recover": recover}[asked("life")](host)


main()
