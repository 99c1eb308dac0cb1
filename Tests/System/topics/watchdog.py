"""A daemon that hangs, crashes or is killed, with work on its hands: what it leaves in the journal, and that nothing is lost."""

import re
import threading
import time

from machine import API, DAEMON, HASTY, SPOOL, STATE, expect_all

COUNT = 60


def survive(judge, machine, settings, deed, before, after):
    """Does something to the daemon when it has a queue, and drops more; returns the journal of that, when all has arrived."""
    machine.drop_in(f"RestartSec=200ms\n{settings}")
    machine.configure(HASTY)
    machine.drop_many(before, COUNT, user="alice")
    machine.await_pending(COUNT)
    pid, began, known = machine.pid, time.monotonic(), len(machine.journal())
    deed()
    machine.drop_many(after, COUNT, user="alice")
    machine.await_another(pid)
    judge.note(f"back after {time.monotonic() - began:.1f} s")
    said = machine.journal()[known:]
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, before, COUNT, f"all {COUNT} of the queue arrive, each once")
    expect_all(judge, api, after, COUNT, f"and all {COUNT} that were dropped meanwhile")
    api.stop()
    return said.partition("Scheduled restart job")[0]


def a_hang(judge, machine):
    """SIGSTOP, with a queue, and with files that nobody takes in."""
    machine.add_user("alice")
    said = survive(judge, machine, "WatchdogSec=12s", lambda: machine.signal("STOP"), "hang", "late")
    judge.expect("Watchdog timeout" in said and "with signal SIGABRT" in said, "the watchdog notices, and aborts it", said[-3000:])
    judge.expect(re.search(r" at \S+\.swift:\d+", said), "a backtrace with files and lines tells where it hung", said[-3000:])
    judge.expect(len(re.findall(r"^Thread \d+", said, re.MULTILINE)) > 2, "of all threads, as a hang may be in any", said[-3000:])
    judge.expect("Failed with result 'watchdog'" in said and machine.show("NRestarts") == "1", "systemd starts it again", said[-3000:])


def a_crash(judge, machine):
    """A fault within the daemon, amid its work."""
    # SQLite has it mapped: what is mapped beyond the end of a file cannot be read (SIGBUS).
    said = survive(judge, machine, "", lambda: machine.run("truncate", "--size=0", f"{STATE}/queue.sqlite-shm"), "crash", "more")
    judge.expect("Backtrace took" in said and "Program crashed: Bus error" in said, "it is called by its name, with a backtrace",
                 re.findall(r"\*\*\*.*", said))
    judge.note(f"{re.findall('Backtrace took.*', said)}")
    judge.expect(not (paths := re.findall(r".*(?:/work/|/home/|/root/|/build/).*", said)), "in which no path of the machine stands that built it", paths[:3])
    judge.expect("status=7/BUS" in said, "and systemd is told the truth about the end", said[-3000:])


def kills_amid_intake(judge, machine):
    """kill -9, again and again, while two people drop and the API answers."""
    machine.add_user("bob")
    api = API(machine, 8001)
    machine.configure("api: {base_url: http://127.0.0.1:8001}\n" + HASTY)
    count, kills, failures = 1500, 0, []

    def drop(program, user):
        try:
            machine.drop_many(program, count, user=user)
        except Exception as error:
            failures.append(error)
    droppers = [threading.Thread(target=drop, args=pair) for pair in (("kill-a", "alice"), ("kill-b", "bob"))]
    for dropper in droppers:
        dropper.start()
    while kills < 5 or any(dropper.is_alive() for dropper in droppers):
        time.sleep(0.4)
        pid = machine.pid
        if pid != "0" and machine.is_active():
            machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", DAEMON, check=False)
            kills += 1
    for dropper in droppers:
        dropper.join()
    judge.expect(not failures, "nobody who drops notices", failures)
    judge.note(f"{kills} kills")
    machine.await_("the last restart", machine.is_active)
    machine.await_empty(120)
    for program in ("kill-a", "kill-b"):
        # What was under way when it was killed is asked for again.
        expect_all(judge, api, program, count, f"all {count} of {program} arrive", exactly_once=False)
    judge.expect(machine.sh(f"ls -A {SPOOL}/rejected {SPOOL}/claimed | grep -vc '^/\\|^$' || true") == "0", "no file is refused, or left behind",
                 lambda: machine.out("ls", "-A", f"{SPOOL}/rejected", f"{SPOOL}/claimed"))
    judge.expect(machine.ctl("doctor").returncode == 0, "doctor finds nothing wrong afterwards", lambda: machine.out("progressctl", "doctor"))


CASES = [a_hang, a_crash, kills_amid_intake]
