"""The packages over time: an upgrade under a daemon that works, one that changes the queue's schema, removing, installing again, purging."""

import json
import re
import threading
import time

from machine import API, CONFIGURATION, DAEMON, HASTY, ROOT, SPOOL, STATE, expect_all
from topics.user_service import hers

IS_BARE = True
SOCKETS = ["progress-syncd.socket", "progress-syncd-submit.socket"]
NEW = "/mnt/packages/progress-sync_*.deb"
# The same without compression, and one that says it is older: what takes the time is xz.
SAME, OLDER = "/root/new.deb", "/root/old.deb"
REPACKED = f"""dpkg-deb -R {NEW} /root/tree
dpkg-deb -Znone --root-owner-group -b /root/tree {SAME} >/dev/null
sed -i 's/^Version: .*/Version: 0.0.9/' /root/tree/DEBIAN/control
dpkg-deb -Znone --root-owner-group -b /root/tree {OLDER} >/dev/null
rm -r /root/tree"""
COUNT = 300
# So many that bringing them to the newest schema takes longer than the patience of the drop-in below.
OLD_ROWS = 400_000
OLD = "/root/old.sqlite"
# Makes a queue as a version of long ago has left it, with the very statements of that version: a migration that has shipped is never edited.
OLD_QUEUE = f"""
import json, os, sqlite3, sys
migrations = json.load(sys.stdin)
database = sqlite3.connect("{OLD}", isolation_level=None)
database.executescript("PRAGMA journal_mode = WAL; CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);")
for name, statements in migrations.items():
    database.executescript(statements)
    database.execute("INSERT INTO grdb_migrations VALUES (?)", (name,))
database.execute("BEGIN")
database.execute('''
    WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number LIMIT {OLD_ROWS})
    INSERT INTO writes (id, program_id, week_number, day_number, field, value, recorded_at_ms, accepted_at_ms, waiting_since_ms, state, due_at_ms, sender_uid)
    SELECT printf('old-%d', n), 'old' || (n / 100000), n % 100000 / 1000 + 1, n % 1000 + 1, 'completion', '{{"completed_at":"2026-01-28T15:30:00Z"}}', 1769614200000,
      1769614200000, 1769614200000, 'waiting', 1769614200000, 1000 FROM number''')
database.execute("COMMIT")
database.close()
os.chown("{OLD}", *os.stat("{STATE}")[4:6])
"""


def migrations_until(last):
    """The names of the queue's first migrations, and their SQL, from the sources."""
    source = (ROOT / "Sources/SyncStore/Schema.swift").read_text(encoding="utf-8")
    steps = re.findall(r'register\("((\d+): [^"]+)", (\w+)\)', source)
    bodies = dict(re.findall(r'func (\w+)\(_ database: Database\) throws \{\s+try database.execute\(\s+sql: """\n(.*?)"""\)', source, re.DOTALL))
    return {name: bodies[function] for name, number, function in steps if int(number) <= last}


def install(machine, package=SAME):
    return machine.run("sh", "-c", f"dpkg -i {package}", check=False, patience=300)


def start_hers(machine):
    """Starts alice's own daemon, and returns its process."""
    machine.uid = machine.out("id", "-u", "alice")
    machine.run("loginctl", "enable-linger", "alice")
    machine.await_("her manager", lambda: machine.is_active(f"user@{machine.uid}.service"))
    hers(machine, "systemctl", "--user", "enable", "--now", DAEMON)
    return hers(machine, "systemctl", "--user", "show", "-P", "MainPID", DAEMON).stdout.strip()


def an_older_version(judge, machine):
    """An upgrade from an older version, under a daemon that works."""
    machine.sh(REPACKED)
    done = install(machine, OLDER)
    judge.expect(done.returncode == 0 and machine.is_active(), "the older one runs", done.stderr)
    machine.add_user("alice")
    machine.configure(HASTY + "log: {level: notice}\n")
    machine.drop_many("upgrade", COUNT, user="alice")
    machine.await_pending(COUNT)
    pid, api = machine.pid, API(machine)
    her_pid = start_hers(machine)
    # The first answers come while dpkg works.
    api.order(delay=4)
    machine.ctl("flush", "--system")
    machine.await_("requests under way", api.requests)
    late = threading.Thread(target=lambda: machine.drop_many("meanwhile", 100, user="alice", pause=0.05))
    late.start()
    began = time.monotonic()
    done = install(machine, NEW)
    judge.expect(done.returncode == 0, "dpkg -i upgrades it", done.stdout + done.stderr)
    judge.note(f"in {time.monotonic() - began:.1f} s")
    judge.expect(machine.pid not in (pid, "0") and machine.is_active(), "and starts it anew", lambda: machine.out("systemctl", "status", DAEMON))
    judge.expect(machine.read(CONFIGURATION).startswith(HASTY), "the administrator's configuration stays as it is", lambda: machine.read(CONFIGURATION))
    judge.expect(machine.out("stat", "-c", "%U", f"/proc/{her_pid}") == "alice", "alice's own daemon goes on")
    told = hers(machine, "progressctl", "status", "--user")
    judge.expect(told.returncode == 0 and "its program was replaced" in told.stdout, "and progressctl status says that its program was replaced", told.stdout + told.stderr)
    hers(machine, "systemctl", "--user", "disable", "--now", *SOCKETS, DAEMON)
    late.join()
    api.order()
    machine.await_empty()
    expect_all(judge, api, "upgrade", COUNT, f"all {COUNT} of the queue arrive, each once: what was under way as well")
    expect_all(judge, api, "meanwhile", 100, "and the 100 that were dropped during the upgrade")
    api.stop()


def an_older_queue(judge, machine):
    """An upgrade, under a daemon that runs, that has to bring a long queue to a new schema."""
    install(machine, OLDER)
    machine.run("python3", "-c", OLD_QUEUE, stdin=json.dumps(migrations_until(2)))
    # Between the old daemon's end and the new one's start the queue is made what that version would have left.
    machine.drop_in(f"TimeoutStartSec=2s\nExecStartPre=+/bin/sh -c 'test ! -e {OLD} || {{ rm {STATE}/queue.sqlite* && mv {OLD} {STATE}/queue.sqlite; }}'")
    pid = machine.pid
    # What comes before that is in a queue that has never been.
    late = threading.Thread(target=lambda: (machine.sh(f"while test -e {OLD}; do sleep 0.02; done"), machine.drop_many("late", 100, user="alice", pause=0.02)))
    late.start()
    began = time.monotonic()
    done = install(machine)
    took = time.monotonic() - began
    judge.expect(done.returncode == 0 and machine.is_active() and machine.pid not in (pid, "0"),
                 f"{OLD_ROWS} entries of an old version: it asks for the time that it needs, and starts", lambda: done.stderr + machine.journal()[-1500:])
    judge.note(f"in {took:.1f} s with all of the upgrade, and TimeoutStartSec=2s")
    judge.expect(machine.show("NRestarts") == "0", "at the first attempt", machine.show("NRestarts"))
    late.join()
    machine.await_("the end of what was dropped", lambda: machine.sh(f"ls {SPOOL}/incoming | wc -l") == "0")
    pending = machine.status()["pending"]
    judge.expect(pending == OLD_ROWS + 100, "with every single one, and the 100 that were dropped meanwhile", pending)
    done = machine.ctl("clear", "--all", "--yes", "--system")
    judge.expect(done.returncode == 0 and machine.status()["pending"] == 0, "which can be worked with", done.stderr)
    machine.drop_in("")


def a_service_that_is_off(judge, machine):
    """An upgrade of a service that somebody has switched off."""
    machine.run("systemctl", "disable", "--now", DAEMON)
    machine.run("systemctl", "stop", *SOCKETS, check=False)
    install(machine)
    judge.expect(not machine.is_active() and machine.out("systemctl", "is-enabled", DAEMON) == "disabled", "leaves it off")
    machine.run("systemctl", "mask", DAEMON)
    done = install(machine)
    judge.expect(done.returncode == 0 and not machine.is_active(), "or masked", done.stderr)
    machine.run("systemctl", "unmask", DAEMON)
    machine.run("systemctl", "enable", "--now", DAEMON)


def a_removal(judge, machine):
    """Removing it."""
    machine.configure(HASTY)
    machine.ctl("clear", "--all", "--yes", "--system")
    machine.drop_many("kept", 50, user="alice")
    machine.await_pending(50)
    machine.write("/etc/progress-sync/tokens/alice", "secret", "600")
    done = machine.run("dpkg", "-r", "progress-sync", check=False)
    judge.expect(done.returncode == 0 and machine.out("pgrep", "-x", "progress-syncd") == "", "dpkg -r stops it, and takes it away", done.stderr)
    judge.expect(machine.show("LoadState", "progress-syncd.socket") == "not-found", "with its sockets", lambda: machine.out("systemctl", "status", "progress-syncd.socket"))
    # Until a purge, multi-user.target remembers that the service was enabled, as with every package of Debian.
    left = machine.out("sh", "-c", "systemctl list-units --all --plain --no-legend 'progress-sync*' | grep -v not-found; systemctl --failed --no-legend")
    judge.expect(left == "", "systemd has nothing left of it", left)
    kept = machine.sh(f"ls {STATE}/queue.sqlite {CONFIGURATION} {SPOOL}/incoming -d")
    judge.expect(len(kept.split()) == 3, "what is undelivered stays, and the configuration", kept)
    machine.drop_many("after", 5, user="alice")
    judge.expect(machine.sh(f"ls {SPOOL}/incoming | wc -l") == "5", "and people can go on dropping")
    done = install(machine)
    judge.expect(done.returncode == 0 and machine.is_active(), "installed again, it runs", done.stderr)
    api = API(machine)
    machine.await_empty()
    expect_all(judge, api, "kept", 50, "and delivers what was queued")
    expect_all(judge, api, "after", 5, "and what was dropped without it")
    api.stop()


def a_purge(judge, machine):
    """Purging it."""
    for credential in ("/etc/progress-sync/tokens/alice", "/etc/credstore/progress-sync.api-token"):
        machine.write(credential, "secret", "600")
    machine.drop_many("gone", 3, user="alice")
    done = machine.run("dpkg", "-P", "progress-sync", check=False)
    judge.expect(done.returncode == 0, "dpkg -P works", done.stdout + done.stderr)
    left = machine.out("sh", "-c", "ls -d /var/lib/progress-sync* /var/spool/progress-sync* /etc/progress-sync* /etc/credstore/progress-sync* "
                       "/run/progress-sync* /etc/systemd/system/*/progress-sync* /var/lib/systemd/deb-systemd-helper-enabled/*/progress-sync* "
                       "/usr/share/doc/progress-sync /usr/bin/progress* 2>/dev/null")
    judge.expect(not left, "no file is left", left)
    judge.expect(machine.out("getent", "passwd", "progress-sync"), "the user stays, so that his number is not given to anybody else")
    done = install(machine)
    judge.expect(done.returncode == 0 and machine.is_active() and machine.status()["pending"] == 0, "installed again, it begins anew", done.stderr)


CASES = [an_older_version, an_older_queue, a_service_that_is_off, a_removal, a_purge]
