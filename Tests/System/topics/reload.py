"""`systemctl reload`: waits until the new configuration is in force, and fails when it is not."""

import re
import time

from machine import API, CONFIGURATION, DAEMON, HASTY, KINDS


def a_good_configuration(judge, machine):
    """A configuration that is right."""
    machine.configure(HASTY)
    API(machine, 8000)
    done = machine.ctl("complete", "p0", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0, "delivers at first", done.stderr)
    pid = machine.pid
    stale = []
    for milliseconds in range(101, 111):
        machine.write(CONFIGURATION, HASTY.replace("20ms", f"{milliseconds}ms"))
        machine.run("systemctl", "reload", DAEMON)
        if machine.setting("debounce.complete") != f"{milliseconds}ms":
            stale.append(milliseconds)
    judge.expect(not stale, "is in force when systemctl reload returns, ten times out of ten", stale)
    judge.expect(machine.pid == pid and machine.is_active(), "without a restart")
    found = machine.entries(f"MESSAGE_ID={KINDS['reloaded'][0]}")
    judge.expect(len(found) == 10, "and told to the journal each time", len(found))
    other = machine.api = API(machine, 8001)
    machine.write(CONFIGURATION, "api: {base_url: http://127.0.0.1:8001}\n" + HASTY)
    machine.run("systemctl", "reload", DAEMON)
    known = (machine.status() or {}).get("endpoint", {}).get("state")
    judge.expect(known == "untried", "of another API nothing is claimed before it was asked", known)
    done = machine.ctl("complete", "p1", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0 and len(other.taken()) == 1, "another API gets what is dropped next", done.stderr)
    machine.run("systemctl", "kill", "--signal=HUP", DAEMON)
    machine.await_("the reload by SIGHUP", lambda: len(machine.entries(f"MESSAGE_ID={KINDS['reloaded'][0]}")) == 12)
    judge.expect(True, "SIGHUP does the same, without anybody to wait for it")


def a_bad_configuration(judge, machine):
    """A configuration that is wrong."""
    before, pid = machine.setting("debounce.complete"), machine.pid
    machine.write(CONFIGURATION, "debounce: {complete: 7ms}\nlog: {levle: info}\napi: {request_timeout: soon}\n")
    began = time.monotonic()
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    judge.expect(done.returncode != 0, "systemctl reload fails", done.stderr)
    judge.note(f"after {time.monotonic() - began:.1f} s")
    said = machine.journal()
    for what, pattern in {"the misspelt key, with the right one": r"config\.yaml:2.*levle.*level",
                          "the bad value in the same breath": r"config\.yaml:3.*request_timeout"}.items():
        judge.expect(re.search(pattern, said), f"the journal has {what}, with file and line", said[-1500:])
    judge.expect(machine.entries(f"MESSAGE_ID={KINDS['reloadRefused'][0]}"), "as a line of its own kind")
    judge.expect(machine.is_active() and machine.pid == pid, "the service goes on", lambda: machine.out("systemctl", "status", DAEMON))
    judge.expect(machine.setting("debounce.complete") == before, "with all of its old configuration", machine.setting("debounce.complete"))
    machine.drop(2)
    machine.await_("what was dropped", lambda: ("p1", 1, 2) in machine.api.taken())
    judge.expect(True, "and delivers")
    done = machine.ctl("status")
    judge.expect(done.returncode == 0 and "running" in done.stdout and "config.yaml:2" in done.stderr, "status answers, and says which file is wrong, and where",
                 f"{done.returncode}: {done.stdout}{done.stderr}")
    done = machine.ctl("complete", "p1", "1", "3", "--wait=synced")
    judge.expect(done.returncode == 0 and "config.yaml:2" in done.stderr, "progressctl complete hands over to the daemon that runs, and says it, too", done.stderr)
    machine.write(CONFIGURATION, HASTY)
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    judge.expect(done.returncode == 0 and machine.setting("api.base_url") == "http://127.0.0.1:8000", "mended, the next reload works", done.stderr)


def a_closed_configuration(judge, machine):
    """A configuration that root may read, and the daemon may not."""
    for mode, path, fix in (("600", CONFIGURATION, "chmod a+r"), ("700", "/etc/progress-sync", "chmod a+x")):
        before = machine.sh(f"stat -c %a {path}")
        machine.run("chmod", mode, path)
        done = machine.run("systemctl", "reload", DAEMON, check=False)
        judge.expect(done.returncode != 0 and machine.is_active(), f"{path} of mode {mode}: systemctl reload fails, the service goes on", done.stderr)
        done = machine.ctl("doctor")
        judge.expect(done.returncode == 1 and f"→ {fix} {path}\n" in done.stdout, "and the doctor says how to let it in", done.stdout + done.stderr)
        machine.run("chmod", before, path)
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    judge.expect(done.returncode == 0, "let in, the next reload works", done.stderr)


def what_takes_a_restart(judge, machine):
    """What only a restart can change."""
    machine.write(CONFIGURATION, HASTY + "spool: {directory: /srv/spool}\n")
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    said = [entry["MESSAGE"] for entry in machine.entries(f"MESSAGE_ID={KINDS['restartNeeded'][0]}")]
    judge.expect(done.returncode == 0 and any("spool.directory" in line for line in said), "is told by its name, and the rest is in force", said)
    machine.write(CONFIGURATION, HASTY)
    machine.run("systemctl", "reload", DAEMON)


CASES = [a_good_configuration, a_bad_configuration, a_closed_configuration, what_takes_a_restart]
