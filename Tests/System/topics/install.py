"""What `dpkg -i` leaves: accounts, the spool and who may do what in it, a service that runs, is confined, and tells how it is."""

import re

from machine import CONFIGURATION, DAEMON, KINDS, SOCKET, SPOOL, STATE

# The packages are not there yet.
IS_BARE = True

# As `getfacl -cp` has it. Members may put files in, and nothing more; what they put in is readable to the daemon, and to nobody else.
ACCESS_LIST = """user::rwx
group::-wx
group:progress-sync-submit:-wx
mask::-wx
other::---
default:user::rw-
default:user:progress-sync:r--
default:group::---
default:mask::r--
default:other::---"""
MODES = {
    SPOOL: "755 root:root",
    f"{SPOOL}/incoming": "3730 progress-sync:progress-sync",
    f"{SPOOL}/claimed": "700 progress-sync:progress-sync",
    f"{SPOOL}/rejected": "700 progress-sync:progress-sync",
    STATE: "700 progress-sync:progress-sync",
    SOCKET: "660 progress-sync:progress-sync-submit",
    CONFIGURATION: "644 root:root",
}


def the_installation(judge, machine):
    """dpkg -i is all."""
    done = machine.run("sh", "-c", "dpkg -i /mnt/packages/progress-sync_*.deb /mnt/packages/progress-api_*.deb", check=False)
    judge.expect(done.returncode == 0, "both packages install", done.stdout + done.stderr)
    complaints = [line for line in done.stderr.splitlines() if "Created symlink" not in line and not line.startswith("Creating ")]
    judge.expect(not complaints, "without a complaint", "\n".join(complaints))
    judge.expect(machine.out("dpkg", "--verify", "progress-sync", "progress-api") == "", "and everything is as it was packed",
                 lambda: machine.out("dpkg", "--verify", "progress-sync"))


def the_accounts(judge, machine):
    """The accounts."""
    user = machine.out("getent", "passwd", "progress-sync").split(":")
    judge.expect(user[5:] == [STATE, "/usr/sbin/nologin"] and 0 < int(user[2]) < 1000, "the daemon has a user of the system, who cannot log in", user)
    judge.expect(set(machine.out("id", "-Gn", "progress-sync").split()) == {"progress-sync", "progress-sync-submit"}, "who is in both groups, and in no other",
                 machine.out("id", "progress-sync"))
    judge.expect(machine.out("getent", "group", "progress-sync").endswith(":"), "nobody else is in the directory's group, so nobody's files are readable to others",
                 machine.out("getent", "group", "progress-sync"))


def the_files(judge, machine):
    """Who may do what where."""
    for path, wanted in MODES.items():
        found = machine.out("stat", "-c", "%a %U:%G", path)
        judge.expect(found == wanted, f"{path}: {wanted}", found)
    found = machine.out("getfacl", "-cp", f"{SPOOL}/incoming")
    judge.expect(found == ACCESS_LIST, "the access list of incoming/ lets members put files in, which the daemon alone can read", found)
    again = machine.sh(f"systemd-tmpfiles --create progress-sync.conf && getfacl -cp {SPOOL}/incoming")
    judge.expect(again == ACCESS_LIST, "which a boot sets again, and does not change", again)
    conffiles = machine.out("dpkg-query", "-W", "-f", "${Conffiles}", "progress-sync")
    judge.expect(CONFIGURATION in conffiles, "the configuration is the administrator's: a conffile", conffiles)
    judge.expect(machine.out("progressctl", "--version") == machine.out("progress-syncd", "--version"), "one executable, two names")
    files = machine.out("dpkg", "-L", "progress-sync").splitlines()
    for what, pattern in {"manuals": r"/usr/share/man/man\d/progress\S+\.gz", "completions": r"/usr/share/\S*completions\S*/_?progressctl\S*",
                          "units": r"/lib/systemd/system/progress-syncd\S*|/usr/lib/systemd/user/progress-syncd.service"}.items():
        found = [path for path in files if re.fullmatch(pattern, path)]
        judge.expect(len(found) >= 3, f"{what}: {len(found)}", found)


def the_service(judge, machine):
    """The service."""
    judge.expect(machine.is_active(), "it runs", lambda: machine.out("systemctl", "status", DAEMON))
    judge.expect(machine.out("systemctl", "is-enabled", DAEMON) == "enabled", "and will after a boot")
    judge.expect(machine.out("systemctl", "is-enabled", "progress-api") == "disabled" and not machine.is_active("progress-api"),
                 "the API waits until somebody enables it: it lets everybody in")
    judge.expect((machine.show("Type"), machine.show("NotifyAccess")) == ("notify", "main"), "systemd knows from itself when it is ready")
    sentence = machine.show("StatusText")
    judge.expect(re.fullmatch(r"\d+ waiting, \d+ retrying, \d+ failed.*", sentence), f"STATUS= is a sentence: {sentence}", sentence)
    status = machine.out("systemctl", "status", DAEMON)
    for what, pattern in {"what it is": r"- Progress Sync: takes dropped actions", "its state": r"Active: active \(running\)", "its manual": r"man:progress-syncd\(8\)",
                          "its sentence": r'Status: "0 waiting', "what started it": r"TriggeredBy: (.*\n)*?.*progress-syncd.socket",
                          "its last words": r"progress-syncd\[\d+\]: progress-syncd \d"}.items():
        judge.expect(re.search(pattern, status), f"systemctl status shows {what}", status)
    judge.expect(machine.show("NRestarts") == "0", "it started at the first attempt")
    warnings = machine.out("journalctl", "-q", "-o", "cat", "-t", DAEMON, "-p", "warning")
    judge.expect(warnings == "", "and warns of nothing", warnings)
    took = (int(machine.show("ActiveEnterTimestampMonotonic")) - int(machine.show("ExecMainStartTimestampMonotonic"))) / 1000
    memory = machine.sh("awk '/^VmRSS/ { print $2 }' /proc/$(systemctl show -P MainPID progress-syncd)/status")
    judge.note(f"ready after {took:.0f} ms, resident {int(memory) // 1024} MiB")


def the_confinement(judge, machine):
    """What systemd says of the units that are installed."""
    for unit, limit in ((DAEMON, 1.2), ("progress-api", 1.0)):
        score = re.search(r"Overall exposure level for \S+: ([\d.]+)", machine.out("systemd-analyze", "security", "--no-pager", f"{unit}.service"))
        judge.expect(score and float(score[1]) <= limit, f"exposure of {unit}: {score and score[1]}, of at most {limit}")
    units = machine.sh("dpkg -L progress-sync progress-api | grep -E '/systemd/system/.*\\.(service|socket)$'").split()
    said = machine.out("systemd-analyze", "verify", "--man=no", *units)
    judge.expect(said == "", f"systemd-analyze verify has nothing to say about {len(units)} units", said)
    environment = machine.sh("tr '\\0' '\\n' </proc/$(systemctl show -P MainPID progress-syncd)/status | grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):'")
    judge.expect(re.findall(r":\s*(\w+)", environment) == ["0" * 16, "0" * 16, "1", "2"], "the process has no capability, and cannot get one", environment)


def the_catalog(judge, machine):
    """The journal's explanations."""
    known = machine.sh("journalctl --list-catalog | cut -d ' ' -f 1").split()
    lacking = [name for name, (number, *_) in KINDS.items() if number not in known]
    judge.expect(len(KINDS) > 50 and not lacking, f"all {len(KINDS)} kinds of lines are in the catalog, without a command of ours", lacking)


def a_first_look(judge, machine):
    """The first thing that an administrator tries."""
    machine.run("systemctl", "enable", "--now", "progress-api")
    machine.await_("the API", lambda: machine.run("curl", "-sf", "http://127.0.0.1:8000/api/programs", check=False).returncode == 0)
    machine.run("curl", "-sfX", "PUT", "http://127.0.0.1:8000/api/programs/p1",
                "-d", '{"title": "Base", "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}]}]}')
    done = machine.ctl("complete", "p1", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0, "progressctl complete --wait=synced: the API has it", done.stdout + done.stderr)
    stored = machine.out("curl", "-sf", "http://127.0.0.1:8000/api/progress/p1")
    judge.expect('"completed_sessions":1' in stored.replace(" ", ""), "which the API confirms", stored)
    done = machine.ctl("doctor")
    judge.expect(done.returncode == 0, "progressctl doctor finds no problem", done.stdout + done.stderr)


CASES = [the_installation, the_accounts, the_files, the_service, the_confinement, the_catalog, a_first_look]
