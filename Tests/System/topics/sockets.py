"""The control socket is systemd's: who connects while the daemon restarts, or has been killed, waits and is answered."""

import json
import re
import threading
import time

from machine import API, CONFIGURATION, DAEMON, HASTY, ROOT, SOCKET, expect_all

MEMBERS = "--system"
SOCKETS = ["progress-syncd.socket", "progress-syncd-submit.socket"]
SUBMIT = "/run/progress-sync/submit.sock"
# The example of docs/SPOOL.md as it stands there, all but its call.
HAND_OVER = re.search(r"```python\n(import fcntl.*?)\nhand_over\(", (ROOT / "docs/SPOOL.md").read_text(encoding="utf-8"), re.DOTALL)[1]
ACTION = {"action": "complete", "program_id": "p1", "week_number": 2, "day_number": 1}
# What gets no answer is handed over again, with the same id: it may have arrived.
HAND_OVER_MANY = """
count, again = 0, []
while os.path.exists("/run/handing"):
    action = {"action": "complete", "program_id": "handed", "week_number": count // 1000 + 1, "day_number": count % 1000 + 1, "id": f"handed-{count}"}
    try:
        hand_over(action)
        count += 1
    except (OSError, ValueError) as error:
        again.append(str(error))
    time.sleep(0.01)
print(json.dumps([count, again]))
"""


def ask_while(machine, deed, user="alice"):
    """Asks all the time while the deed is done; returns the statuses and what was said."""
    script = f"while test -e /run/asking; do progressctl flush {MEMBERS}; echo status $?; done 2>&1"
    answers = []
    machine.sh("touch /run/asking")
    asking = threading.Thread(target=lambda: answers.append(machine.run("sh", "-c", script, user=user, check=False).stdout))
    asking.start()
    deed()
    machine.sh("rm -f /run/asking")
    asking.join()
    said = [line for line in answers[0].splitlines() if not line.startswith("status ")]
    statuses = [line for line in answers[0].splitlines() if line.startswith("status ")]
    return statuses, [line for line in said if "tried now" not in line]


def over_a_restart(judge, machine):
    """systemctl restart."""
    machine.add_user("alice")
    machine.configure(HASTY)
    inode = machine.out("stat", "-c", "%i", SOCKET)

    def restart():
        for _ in range(3):
            machine.run("systemctl", "restart", DAEMON)
            time.sleep(0.2)
    statuses, said = ask_while(machine, restart)
    judge.expect(len(statuses) > 3 and set(statuses) == {"status 0"}, f"of {len(statuses)} questions during three restarts none is refused", said[-5:])
    judge.expect(machine.out("stat", "-c", "%i", SOCKET) == inode, "the socket stays the same")


def over_a_kill(judge, machine):
    """kill -9."""
    machine.drop_in("RestartSec=2s")
    machine.run("systemctl", "restart", DAEMON)
    inode, pid = machine.out("stat", "-c", "%i", SOCKET), machine.pid

    def kill():
        machine.signal("KILL")
        machine.await_another(pid)
        time.sleep(0.5)
    began = time.monotonic()
    statuses, said = ask_while(machine, kill)
    judge.expect(len(statuses) > 1 and set(statuses[:-1]) == {"status 0"}, f"of {len(statuses)} questions one waits until there is an answer", said[-5:])
    judge.note(f"back after {time.monotonic() - began:.1f} s, with RestartSec=2s or sooner")
    judge.expect(machine.out("stat", "-c", "%i", SOCKET) == inode, "the socket stays the same")


def handing_over(judge, machine):
    """Those who hand files over."""
    machine.run("systemctl", "stop", *SOCKETS, DAEMON, check=False)
    machine.drop_in("RestartSec=1s")
    machine.run("systemctl", "start", DAEMON)
    inode = machine.out("stat", "-c", "%i", SUBMIT)
    machine.write("/usr/local/bin/hand-over", f"#!/usr/bin/python3\n{HAND_OVER}\n{HAND_OVER_MANY}", "755")
    machine.sh("touch /run/handing")
    said = []
    handing = threading.Thread(target=lambda: said.append(json.loads(machine.run("/usr/local/bin/hand-over", user="alice").stdout)))
    handing.start()
    for _ in range(2):
        time.sleep(0.4)
        machine.run("systemctl", "restart", DAEMON)
        time.sleep(0.4)
        pid = machine.pid
        machine.signal("KILL")
        machine.await_another(pid)
    time.sleep(0.4)
    machine.sh("rm /run/handing")
    handing.join()
    count, again = said[0]
    judge.expect(count > 20 and not [reason for reason in again if "refused" in reason], f"{count} are handed over during two restarts and two kills, and none is refused", again)
    judge.note(f"{len(again)} had to be handed over again: {', '.join(sorted(set(again)))}")
    judge.expect(machine.out("stat", "-c", "%i", SUBMIT) == inode, "the socket stays the same")
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, "handed", count, "all of them arrive", exactly_once=False)
    api.stop()
    machine.drop_in("")


def a_stop(judge, machine):
    """systemctl stop."""
    machine.run("systemctl", "stop", *SOCKETS, DAEMON, check=False)
    status, flush = machine.ctl("status", MEMBERS), machine.ctl("flush", MEMBERS)
    judge.expect(not machine.is_active(), "of sockets and service together is one: who looks does not start it again", lambda: machine.journal()[-1000:])
    judge.expect("not running" in status.stdout, "status says that it does not run", status.stdout + status.stderr)
    judge.expect(flush.returncode == 69 and "systemctl start progress-syncd" in flush.stderr, "flush, how to start it", flush.stdout + flush.stderr)
    name = machine.drop(1)
    machine.run("systemctl", "start", DAEMON)
    judge.expect(machine.ctl("flush", MEMBERS).returncode == 0 and machine.is_active(unit="progress-syncd.socket"), "one start brings both back",
                 lambda: machine.out("systemctl", "status", DAEMON, "progress-syncd.socket"))
    machine.await_kind("accepted", f"PROGRESS_FILE={name}")
    judge.expect(True, "what was dropped meanwhile is taken in")


def masked(judge, machine):
    """Sockets of its own, as systemd's are masked."""
    machine.add_user("eve", groups="")
    machine.drop_in("RestartSec=200ms")
    machine.run("systemctl", "mask", "--now", *SOCKETS)
    machine.run("systemctl", "restart", DAEMON)
    judge.expect(machine.is_active() and not any(machine.is_active(unit=unit) for unit in SOCKETS), "the service starts without them",
                 lambda: machine.out("systemctl", "status", DAEMON, *SOCKETS))
    for path in (SOCKET, SUBMIT):
        found = machine.out("stat", "-c", "%a %U:%G", path)
        judge.expect(found == "660 progress-sync:progress-sync-submit", f"{path} is the group's all the same", found)
    for user, may in (("alice", True), ("eve", False)):
        flush = machine.ctl("flush", MEMBERS, user=user)
        handed = machine.run("python3", "-c", f"{HAND_OVER}\nhand_over({ACTION})", user=user, check=False)
        judge.expect([flush.returncode, handed.returncode] == ([0, 0] if may else [77, 1]), f"{user} can {'ask, and hand over' if may else 'do neither'}",
                     flush.stderr + handed.stderr)
    inode, pid = machine.out("stat", "-c", "%i", SOCKET), machine.pid
    machine.signal("KILL")
    machine.await_another(pid)
    judge.expect(machine.ctl("flush", MEMBERS).returncode == 0 and machine.out("stat", "-c", "%i", SOCKET) != inode, "killed, it replaces the sockets that it has left",
                 lambda: machine.journal()[-1000:])
    machine.run("systemctl", "unmask", *SOCKETS)
    machine.run("systemctl", "restart", DAEMON)
    inode = machine.out("stat", "-c", "%i", SOCKET)
    machine.run("systemctl", "restart", DAEMON)
    judge.expect(all(machine.is_active(unit=unit) for unit in SOCKETS) and machine.out("stat", "-c", "%i", SOCKET) == inode,
                 "unmasked, systemd's are there again from the next start on", lambda: machine.out("systemctl", "status", *SOCKETS))
    machine.drop_in("")


def a_wrong_configuration(judge, machine):
    """A configuration that it cannot start with."""
    machine.write(CONFIGURATION, "nonsense: 1\n")
    done = machine.run("systemctl", "restart", DAEMON, check=False)
    judge.expect(done.returncode != 0, "systemctl restart fails")
    judge.expect(machine.show("ExecMainStatus") == "78", "with status 78", machine.show("ExecMainStatus"))
    began = time.monotonic()
    while time.monotonic() - began < 12:
        machine.run("timeout", "1", "progressctl", "flush", MEMBERS, check=False)
        machine.run("timeout", "1", "curl", "-s", "--unix-socket", SOCKET, "http://localhost/v1/status", check=False)
    tries = machine.journal("-t", DAEMON).count("nonsense")
    judge.expect(1 <= tries <= 8, f"it is not started in a storm, however many ask: {tries} times in 12 s")
    judge.expect("config.yaml:1" in machine.journal("-t", DAEMON), "the journal has file and line")
    status = machine.out("systemctl", "status", DAEMON)
    judge.expect("failed" in status and "78" in status, "systemctl status shows that it has failed, and as what", status)
    machine.write(CONFIGURATION, HASTY)
    done = machine.run("systemctl", "start", DAEMON, check=False)
    judge.expect(done.returncode == 0 and machine.ctl("flush", MEMBERS).returncode == 0, "mended, one start brings it all back",
                 lambda: done.stderr + machine.out("systemctl", "status", DAEMON, "progress-syncd.socket"))
    machine.drop(2)
    api = API(machine)
    machine.await_empty()
    judge.expect(len(api.taken("p1")) == 3, "and what was dropped arrives", api.taken("p1"))


def elsewhere(judge, machine):
    """A configuration that says otherwise than the units."""
    place = "/run/progress-sync/further.sock"
    machine.write(CONFIGURATION, HASTY + f"control: {{socket: {place}, group: users}}\n")
    machine.run("systemctl", "restart", DAEMON)
    for words in (f"control.socket is {place}, but systemd makes the control socket at {SOCKET}", f"control.group is users, but systemd makes {SOCKET} for another"):
        judge.expect(words in machine.journal("-t", DAEMON), f"the journal: {words} …", lambda: machine.journal()[-1000:])
    found = [json.loads(line) for line in machine.run("progressctl", "doctor", "--json", check=False).stdout.splitlines()]
    fix = next((one["fix"] for one in found if one["check"] == "control" and "fix" in one), "")
    judge.expect(f"systemctl edit progress-syncd.socket with ListenStream={place}; then " in fix, "the doctor says how they come together", found)
    machine.write("/etc/systemd/system/progress-syncd.socket.d/further.conf", f"[Socket]\nListenStream={place}\n")
    machine.run("systemctl", "daemon-reload")
    machine.sh(fix.partition("; then ")[2])
    for path in (place, SOCKET):
        done = machine.run("curl", "-sS", "-m", "5", "--unix-socket", path, "http://localhost/v1/status", user="alice", check=False)
        judge.expect(done.returncode == 0 and '"pending"' in done.stdout, f"that done, the daemon answers at {path}", done.stdout + done.stderr)
    judge.expect(machine.ctl("flush", MEMBERS).returncode == 0, "and progressctl finds it")


CASES = [over_a_restart, over_a_kill, handing_over, a_stop, masked, a_wrong_configuration, elsewhere]
