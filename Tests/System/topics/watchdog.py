"""A daemon that hangs, crashes or is killed, with work on its hands: what it leaves in the journal, and that nothing is lost."""

import re
import threading
import time

from machine import API, DAEMON, HASTY, SPOOL, STATE, expect_all

COUNT = 60


def a_hang(judge, machine):
    """SIGSTOP, with a queue, and with files that nobody takes in."""
    machine.add_user("alice")
    machine.drop_in("WatchdogSec=12s\nRestartSec=200ms")
    machine.configure(HASTY)
    machine.drop_many("hang", COUNT, user="alice")
    machine.await_pending(COUNT)
    pid, began = machine.pid, time.monotonic()
    machine.signal("STOP")
    machine.drop_many("late", COUNT, user="alice")
    machine.await_another(pid)
    judge.note(f"back after {time.monotonic() - began:.1f} s, of which 12 s are WatchdogSec= of this test")
    said = machine.journal().partition("Watchdog timeout")
    said = "".join(said[1:]).partition("Scheduled restart job")[0]
    judge.expect("Watchdog timeout" in said and "with signal SIGABRT" in said, "the watchdog notices, and aborts it", said[-3000:])
    judge.expect(re.search(r" at \S+\.swift:\d+", said), "a backtrace with files and lines tells where it hung", said[-3000:])
    judge.expect(len(re.findall(r"^Thread \d+", said, re.MULTILINE)) > 2, "of all threads, as a hang may be in any", said[-3000:])
    judge.expect("Failed with result 'watchdog'" in machine.journal() and machine.show("NRestarts") == "1", "systemd starts it again", said[-3000:])
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, "hang", COUNT, f"all {COUNT} of the queue arrive, each once")
    expect_all(judge, api, "late", COUNT, f"and all {COUNT} that were dropped while it hung")
    api.stop()


def a_crash(judge, machine):
    """A fault within the daemon, amid its work."""
    machine.drop_in("RestartSec=200ms")
    machine.configure(HASTY)
    machine.drop_many("crash", COUNT, user="alice")
    machine.await_pending(COUNT)
    pid, before = machine.pid, machine.journal().count("Backtrace took")
    # SQLite has it mapped: what is mapped beyond the end of a file cannot be read (SIGBUS).
    machine.run("truncate", "--size=0", f"{STATE}/queue.sqlite-shm")
    machine.drop_many("more", COUNT, user="alice")
    machine.await_another(pid)
    said = machine.journal()
    judge.expect(said.count("Backtrace took") > before and "Program crashed: Bus error" in said, "it is called by its name, with a backtrace",
                 re.findall(r"\*\*\*.*", said))
    judge.note(f"{re.findall('Backtrace took.*', said)}")
    judge.expect(not (paths := re.findall(r".*(?:/work/|/home/|/root/|/build/).*", said)), "in which no path of the machine stands that built it", paths[:3])
    judge.expect("status=7/BUS" in said, "and systemd is told the truth about the end", said[-3000:])
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, "crash", COUNT, f"all {COUNT} of the queue arrive, each once")
    expect_all(judge, api, "more", COUNT, f"and all {COUNT} that came amid the crash")
    api.stop()


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
