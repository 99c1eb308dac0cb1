"""Bounds on what the service may use, and that reaching them is no end: connections, descriptors, threads."""

import re
import threading

from machine import API, DAEMON, SOCKET, expect_all

# Opens as many connections as it may, says nothing on them, and keeps them until it is killed.
HOLD = f"""#!/usr/bin/python3
import resource, signal, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held = []
for _ in range(300):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(2)
    try:
        connection.connect("{SOCKET}")
        held.append(connection)
    except OSError:
        break
print(len(held), flush=True)
signal.pause()
"""


def count(machine, what):
    """How many of something the daemon has, as /proc has it."""
    return int(machine.sh(f"ls /proc/$(systemctl show -P MainPID progress-syncd)/{what} | wc -l"))


def hold(machine):
    """Has bob keep as many connections as he can make, until his service is stopped; returns how many those are."""
    machine.write("/usr/local/bin/hold", HOLD, "755")
    before = machine.journal("-t", "hold")
    machine.run("systemd-run", "--quiet", "--collect", "--unit=hold", "--uid=bob", "--gid=bob", "/usr/local/bin/hold")
    return machine.await_("his connections", lambda: machine.journal("-t", "hold").removeprefix(before).strip())


def in_force(judge, machine):
    """The limits are in force."""
    limits = machine.sh("cat /proc/$(systemctl show -P MainPID progress-syncd)/limits")
    judge.expect("Max open files            4096                 4096" in limits, "4096 descriptors", limits)
    for name, wanted in {"TasksMax": "64", "MemoryHigh": str(192 << 20), "MemoryMax": str(256 << 20)}.items():
        judge.expect(machine.show(name) == wanted, f"{name}={wanted}", machine.show(name))
    threads = count(machine, "task")
    judge.expect(threads <= 32, f"idle, it has {threads} of 64 threads")


def under_load(judge, machine):
    """Under load."""
    # So that systemd itself counts them, as it does outside a container.
    machine.sh("mount -o remount,rw,bind /sys/fs/cgroup/pids && systemctl daemon-reexec")
    for user in ("alice", "bob"):
        machine.add_user(user)
    machine.configure()
    machine.api = API(machine)
    machine.api.order(delay=0.02)
    droppers = [threading.Thread(target=machine.drop_many, args=(f"load-{user}", 1500), kwargs={"user": user}) for user in ("alice", "bob")]
    for dropper in droppers:
        dropper.start()
    tasks = []
    while any(dropper.is_alive() for dropper in droppers) or machine.status()["pending"] > 0:
        tasks.append(int(machine.show("TasksCurrent")))
        machine.run("progressctl", "queue", "--system", "--json")
    judge.expect(max(tasks) <= 32, f"systemd counts at most {max(tasks)} tasks of 64", tasks)
    # The kernel's own record; a container has no group for memory.
    memory = machine.sh("cat /proc/$(systemctl show -P MainPID progress-syncd)/status")
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", memory)[1]) >> 10
    judge.expect(peak < 192, f"it has never had more than {peak} MiB, of MemoryHigh=192M", memory)
    machine.await_empty()
    for user in ("alice", "bob"):
        expect_all(judge, machine.api, f"load-{user}", 1500, f"all 1500 of {user}'s arrive, each once")
    machine.api.order()


def many_clients(judge, machine):
    """Somebody opens as many connections as he can."""
    judge.note(f"{hold(machine)} connections were made")
    done = machine.ctl("status", "--system", user="alice")
    judge.expect(done.returncode == 0 and "running" in done.stdout, "alice is answered all the same", done.stdout + done.stderr)
    judge.expect(machine.ctl("flush", "--system").returncode == 0, "and root is")
    done = machine.ctl("complete", "many", "1", "1", "--wait=synced", user="alice")
    judge.expect(done.returncode == 0, "and what is dropped is delivered", done.stderr)
    descriptors = count(machine, "fd")
    judge.expect(descriptors < 200, f"the daemon has {descriptors} descriptors open")
    threads = count(machine, "task")
    judge.expect(threads <= 48, f"and {threads} threads")
    machine.run("systemctl", "stop", "hold")
    machine.await_("bob's turn", lambda: machine.ctl("flush", "--system", user="bob").returncode == 0)
    judge.expect(True, "when his connections have gone, bob is answered again")


def few_descriptors(judge, machine):
    """Hardly any descriptors."""
    machine.drop_in("LimitNOFILE=64")
    machine.run("systemctl", "restart", DAEMON)
    machine.drop_many("few", 200, user="alice")
    hold(machine)
    machine.drop_many("more", 200, user="alice")
    machine.await_("all of it", lambda: len(machine.api.taken("few")) == len(machine.api.taken("more")) == 200, 60)
    expect_all(judge, machine.api, "few", 200, "all is accepted and delivered")
    judge.expect(machine.show("NRestarts") == "0", "without a restart")
    machine.run("systemctl", "stop", "hold")
    machine.drop_in("")


def few_threads(judge, machine):
    """As many threads as it has, and no more."""
    machine.run("systemctl", "restart", DAEMON)
    threads = count(machine, "task")
    machine.drop_in(f"TasksMax={threads + 2}")
    machine.run("systemctl", "restart", DAEMON)
    limit = machine.sh("cat /sys/fs/cgroup/pids/system.slice/progress-syncd.service/pids.max")
    judge.expect(limit == str(threads + 2), f"the kernel lets it have {threads + 2}", limit)
    machine.drop_many("threads", 300, user="alice")
    machine.await_("all of it", lambda: len(machine.api.taken("threads")) == 300)
    expect_all(judge, machine.api, "threads", 300, "all is accepted and delivered")
    judge.expect(machine.is_active() and machine.show("NRestarts") == "0", "without a restart")
    machine.drop_in("")


CASES = [in_force, under_load, many_clients, few_descriptors, few_threads]
