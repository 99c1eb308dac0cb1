"""A daemon that hangs, crashes or is killed, with work on its hands: what it leaves in the journal, and that nothing is lost."""

import re
import threading
import time

from machine import API, DAEMON, HASTY, SPOOL, expect_all

COUNT = 60


def a_hang(judge, machine):
    """SIGSTOP, with a queue, and with files that nobody takes in."""
    machine.add_user("alice")
    machine.drop_in("WatchdogSec=4s\nRestartSec=200ms")
    machine.configure(HASTY)
    machine.drop_many("hang", COUNT, user="alice")
    machine.await_("their acceptance", lambda: machine.status()["pending"] == COUNT)
    pid, began = machine.pid, time.monotonic()
    machine.signal("STOP")
    machine.drop_many("late", COUNT, user="alice")
    machine.await_another(pid)
    judge.note(f"back after {time.monotonic() - began:.1f} s, of which 4 s are WatchdogSec= of this test")
    said = machine.journal()
    judge.expect("Watchdog timeout" in said and "signal ABRT" in said, "the watchdog notices, and aborts it", said[-3000:])
    judge.expect(re.search(r" at \S+\.swift:\d+", said), "a backtrace with files and lines tells where it hung", said[-3000:])
    judge.expect(len(re.findall(r"^Thread \d+", said, re.MULTILINE)) > 2, "of all threads, as a hang may be in any", said[-3000:])
    judge.expect("Result: watchdog" in machine.journal() or machine.show("NRestarts") == "1", "systemd starts it again", machine.show("NRestarts"))
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, "hang", COUNT, f"all {COUNT} of the queue arrive, each once")
    expect_all(judge, api, "late", COUNT, f"and all {COUNT} that were dropped while it hung")


def a_crash(judge, machine):
    """SIGSEGV."""
    before, pid = machine.journal().count("Backtrace took"), machine.pid
    machine.signal("SEGV")
    machine.await_("the backtrace", lambda: machine.journal().count("Backtrace took") > before)
    machine.await_("the end", lambda: machine.pid != pid, patience=30)
    machine.await_another(pid)
    said = machine.journal()
    judge.expect(re.search(r"crashed.*SIGSEGV|Crash|Fatal|Program crashed", said, re.IGNORECASE), "a crash is called that", said[-3000:])
    judge.expect(not re.search(r"/work/|/home/|/root/|/build/", said), "no path of the machine that built it is in the backtrace",
                 re.findall(r".*(?:/work/|/home/|/root/|/build/).*", said)[:3])
    judge.expect(machine.ctl("flush", "--system").returncode == 0, "it is started again, and answers")


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
