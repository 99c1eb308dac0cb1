"""The service of one person, beside the machine's: `systemctl --user enable --now progress-syncd` is all."""

import re

from machine import API, DAEMON, HASTY

HOME = "/home/alice"
STATE = f"{HOME}/.local/state/progress-sync"


def hers(machine, *command):
    """Runs a command as she does in a session of hers."""
    runtime = f"/run/user/{machine.uid}"
    return machine.run("env", f"XDG_RUNTIME_DIR={runtime}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus", *command, user="alice", check=False)


def said(done):
    return (done.stdout + done.stderr).strip()


def pid(machine):
    return said(hers(machine, "systemctl", "--user", "show", "-P", "MainPID", DAEMON))


def journal(machine):
    """Her lines, as she has them."""
    return hers(machine, "journalctl", "--user", "-q", "-o", "cat", "-u", DAEMON).stdout


def a_start(judge, machine):
    """One command."""
    # As on every machine whose journal is kept; then everybody may read his own.
    machine.sh("mkdir -p /var/log/journal && systemd-tmpfiles --create --prefix=/var/log/journal && journalctl --flush")
    machine.uid = machine.add_user("alice")
    machine.add_user("bob")
    machine.run("loginctl", "enable-linger", "alice")
    machine.await_("her manager", lambda: machine.is_active(f"user@{machine.uid}.service"))
    judge.expect(said(hers(machine, "systemctl", "--user", "is-enabled", DAEMON)) == "disabled", "nobody's is enabled before")
    machine.write(f"{HOME}/.config/progress-sync/config.yaml", "api: {base_url: http://127.0.0.1:8001, token_file: " + f"{HOME}/.config/progress-sync/token}}\n" + HASTY,
                  "600", "alice:alice")
    machine.write(f"{HOME}/.config/progress-sync/token", "secret-of-alice\n", "600", "alice:alice")
    machine.run("chown", "-R", "alice:alice", f"{HOME}/.config")
    done = hers(machine, "systemctl", "--user", "enable", "--now", DAEMON)
    judge.expect(done.returncode == 0, "systemctl --user enable --now progress-syncd is all",
                 lambda: said(done) + said(hers(machine, "systemctl", "--user", "status", DAEMON)) + journal(machine))
    status = said(hers(machine, "systemctl", "--user", "status", DAEMON))
    judge.expect("Active: active (running)" in status and re.search(r'Status: "0 waiting', status), "it runs, and has a status", status)
    judge.expect(pid(machine) != machine.pid and machine.is_active(), "beside the machine's own")


def its_places(judge, machine):
    """Where its files are."""
    socket = f"/run/user/{machine.uid}/progress-sync/control.sock"
    for path, wanted in {STATE: "700 alice:alice", f"{STATE}/spool/incoming": "700 alice:alice", socket: "6[06]0 alice:alice"}.items():
        found = machine.out("stat", "-c", "%a %U:%G", path)
        judge.expect(re.fullmatch(wanted, found), f"{path.replace(machine.uid, 'UID')}: {wanted}", found)
    shown = said(hers(machine, "progressctl", "config", "show"))
    judge.expect(f"{HOME}/.config/progress-sync/config.yaml" in shown and "8001" in shown, "its configuration is hers", shown)


def whose(judge, machine):
    """Which daemon progressctl means."""
    machine.own, machine.common = API(machine, 8001), API(machine, 8000)
    machine.configure(HASTY)
    done = hers(machine, "progressctl", "status")
    judge.expect(done.returncode == 0 and "the user's service" in said(done), "hers, as there is one, and it says so", said(done))
    done = hers(machine, "progressctl", "complete", "own", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0 and len(machine.own.taken("own")) == 1 and not machine.common.taken("own"), "what she records goes through hers", said(done))
    judge.expect(machine.own.requests()[-1]["token"] == "secret-of-alice", "with her token")
    done = hers(machine, "progressctl", "complete", "common", "1", "1", "--wait=synced", "--system")
    judge.expect(done.returncode == 0 and len(machine.common.taken("common")) == 1 and not machine.own.taken("common"),
                 "with --system, through the machine's", said(done))
    for verb in (["queue"], ["failed"], ["flush"], ["config", "show"], ["rejected"], ["rejected", "requeue", "--all"]):
        done = hers(machine, "progressctl", *verb)
        judge.expect(done.returncode == 0 and "(the user's service" in done.stdout.splitlines()[0], f"progressctl {' '.join(verb)} says whose it is about, too", said(done))
    done = machine.run("env", f"HOME={HOME}", "XDG_RUNTIME_DIR=", "progressctl", "status", user="alice", check=False)
    judge.expect(done.returncode == 0 and "the user's service" in done.stdout, "found, too, where cron or su hands no runtime directory on", said(done))
    done = machine.ctl("status", user="bob")
    judge.expect(done.returncode == 0 and "the system's service" in done.stdout, "bob, who has none, means the machine's", said(done))
    socket = f"/run/user/{machine.uid}/progress-sync/control.sock"
    done = machine.run("curl", "-sS", "-m", "5", "--unix-socket", socket, "http://localhost/v1/status", user="bob", check=False)
    judge.expect(done.returncode != 0, "and cannot ask hers", said(done))
    done = hers(machine, "progressctl", "doctor")
    judge.expect(done.returncode == 0 and "problem" not in re.findall(r"^\w+", said(done), re.MULTILINE), "doctor finds no problem with it", said(done))


def its_journal(judge, machine):
    """Its journal."""
    lines = journal(machine)
    judge.expect("Synced: complete-own-1-1" in lines and "Started progress-syncd.service" in lines, "journalctl --user -u has its lines, and systemd's about it", lines)
    explained = hers(machine, "journalctl", "--user", "-q", "-x", "-u", DAEMON, "PROGRESS_KEY=complete-own-1-1").stdout
    judge.expect("Subject: Action delivered" in explained, "-x explains them", explained)
    judge.expect("common" not in lines, "the machine's are not among them")
    judge.expect(not re.search("thread priority|backtrac|unit decides", lines, re.IGNORECASE), "no noise, and nothing about sockets that are otherwise than configured", lines)


def its_reload(judge, machine):
    """Reloads, restarts, crashes."""
    path = f"{HOME}/.config/progress-sync/config.yaml"
    right = machine.read(path)
    statuses = [hers(machine, "systemctl", "--user", "reload", DAEMON).returncode for _ in range(4)]
    judge.expect(statuses == [0] * 4, "a good configuration is reloaded, again and again", statuses)
    machine.write(path, right + "nonsense: 1\n", "600", "alice:alice")
    done = hers(machine, "systemctl", "--user", "reload", DAEMON)
    judge.expect(done.returncode != 0 and "nonsense" in journal(machine), "a bad one is refused, with the reason in her journal", lambda: journal(machine)[-1000:])
    machine.write(path, right, "600", "alice:alice")
    before = pid(machine)
    machine.run("kill", "-KILL", before)
    machine.await_("the restart", lambda: pid(machine) not in (before, "0") and said(hers(machine, "systemctl", "--user", "is-active", DAEMON)) == "active")
    done = hers(machine, "progressctl", "complete", "own", "1", "2", "--wait=synced")
    judge.expect(done.returncode == 0, "killed, it is there again", said(done))


def its_crash(judge, machine):
    """A fault, in its sandbox."""
    before = pid(machine)
    # SQLite has it mapped: what is mapped beyond the end of a file cannot be read (SIGBUS).
    machine.run("truncate", "--size=0", f"{STATE}/queue.sqlite-shm")
    hers(machine, "progressctl", "complete", "own", "1", "4")
    machine.await_("the restart", lambda: pid(machine) not in (before, "0") and said(hers(machine, "systemctl", "--user", "is-active", DAEMON)) == "active")
    lines = journal(machine)
    judge.expect("Program crashed: Bus error" in lines and re.search(r" at \S+\.swift:\d+", lines), "her journal has a backtrace with files and lines", lines[-3000:])
    machine.await_("it", lambda: ("own", 1, 4) in machine.own.taken("own"))
    judge.expect(True, "and what came amid the crash is delivered")


def its_notice(judge, machine):
    """A notice on her desktop, out of its sandbox."""
    runtime = f"/run/user/{machine.uid}"
    machine.run("systemd-run", "--quiet", "--unit=desktop", "--uid=alice", f"--setenv=XDG_RUNTIME_DIR={runtime}",
                f"--setenv=DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus", "python3", "/mnt/guest/desktop.py")
    machine.await_("her desktop", lambda: "ready" in machine.journal("-u", "desktop"))
    machine.own.order(refused=["secret-of-alice"])
    hers(machine, "progressctl", "complete", "own", "1", "5")
    machine.await_("the trouble", lambda: "A person is needed" in journal(machine))
    machine.own.order()
    shown = machine.await_("the notice", lambda: (text := machine.journal("-u", "desktop")) and "Progress Sync needs" in text and text)
    judge.expect("Progress Sync needs a valid token" in shown and "401" in shown, "tells her that the API does not accept her token", shown)
    hers(machine, "progressctl", "flush")
    machine.await_("its end", lambda: "CloseNotification" in machine.journal("-u", "desktop"))
    judge.expect(True, "and goes away when it does")
    machine.run("systemctl", "stop", "desktop", check=False)


def its_confinement(judge, machine):
    """Its sandbox."""
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said(hers(machine, "systemd-analyze", "--user", "security", "--no-pager", DAEMON)))
    judge.expect(score and float(score[1]) <= 2.1, f"exposure: {score and score[1]}, of at most 2.1", score)
    hers(machine, "systemctl", "--user", "stop", "progress-syncd.socket", "progress-syncd-submit.socket", DAEMON)
    tries = {
        "nothing of hers can be written": (f"touch {HOME}/x", False),
        "nor her configuration": (f"touch {HOME}/.config/progress-sync/config.yaml", False),
        "nor the machine's": ("touch /usr/x /etc/x", False),
        "its state can": (f"touch {STATE}/x && rm {STATE}/x", True),
        "its /tmp is its own": ("test -z \"$(ls -A /tmp)\"", True),
        "no device but the harmless ones": ("ls /dev/kmsg /dev/fuse", False),
        "the session's bus is there, for notices": (f"test -S /run/user/{machine.uid}/bus", True),
    }
    script = "\n".join(f"if {{ {command}; }} >/dev/null 2>&1; then echo yes; else echo no; fi" for command, _ in tries.values())
    machine.write("/usr/local/bin/probe", f"#!/bin/sh\n{script}\n", "755")
    place = f"{HOME}/.config/systemd/user/{DAEMON}.service.d/probe.conf"
    machine.write(place, "[Service]\nType=oneshot\nRestart=no\nExecStart=\nExecStart=/usr/local/bin/probe\nStandardOutput=journal\nSyslogIdentifier=probe\n")
    machine.run("chown", "-R", "alice:alice", f"{HOME}/.config")
    hers(machine, "systemctl", "--user", "daemon-reload")
    done = hers(machine, "systemctl", "--user", "start", DAEMON)
    answers = hers(machine, "journalctl", "--user", "-q", "-o", "cat", "-t", "probe").stdout.split()
    judge.expect(len(answers) == len(tries), "somebody else in its place is started", lambda: said(done) + journal(machine)[-1500:])
    for (what, (command, wanted)), answer in zip(tries.items(), answers):
        judge.expect(answer == ("yes" if wanted else "no"), what, f"{command}: {answer}")
    machine.run("rm", place)
    hers(machine, "systemctl", "--user", "daemon-reload")


def without_it(judge, machine):
    """Switched off again."""
    done = hers(machine, "systemctl", "--user", "disable", "--now", DAEMON)
    hers(machine, "systemctl", "--user", "stop", "progress-syncd.socket", "progress-syncd-submit.socket")
    judge.expect(done.returncode == 0 and said(hers(machine, "systemctl", "--user", "is-active", DAEMON)) == "inactive", "disable --now is all", said(done))
    done = hers(machine, "progressctl", "complete", "own", "1", "3")
    waiting = machine.sh(f"ls {STATE}/spool/incoming | wc -l")
    judge.expect(done.returncode == 0 and waiting == "1", "what she records waits in her spool", said(done))
    hers(machine, "systemctl", "--user", "start", DAEMON)
    machine.await_("it", lambda: ("own", 1, 3) in machine.own.taken("own"))
    judge.expect(True, "and is delivered after the next start")


CASES = [a_start, its_places, whose, its_journal, its_reload, its_crash, its_notice, its_confinement, without_it]
