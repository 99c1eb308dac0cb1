"""README.md's way without packages: what `make install` puts below /usr/local is the same service, after the commands that it prints."""

import os
import re
import subprocess
import tempfile

from machine import DAEMON, ROOT

IS_BARE = True
COMMANDS = re.search(r"^sudo make install\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[1].replace("sudo ", "")
UNITS = ["progress-syncd.service", "progress-syncd.socket", "progress-syncd-submit.socket", "progress-syncd-network.socket"]
PLAN = '{"title": "Base", "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}]}]}'


def make(*words):
    """What `make` prints, as a person has it who is in the project's directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    # The strictest umask that sudo may hand down.
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, umask=0o077, capture_output=True, text=True, check=True).stdout


def why_not():
    """Why it cannot be tried; None when it can."""
    try:
        make("-q", ".build/release.stamp")
    except subprocess.CalledProcessError:
        return "it takes a release build of these sources: make build CONFIG=release"
    return None


def steps(commands):
    return re.split(r" && |\n", commands.strip())


def the_commands(judge, machine):
    """make install, and the commands for afterwards."""
    printed = "\n".join(re.findall(r'^echo "  (.*)"$', make("-n", "install"), re.MULTILINE))
    judge.expect(steps(printed) == steps(COMMANDS), "README has the commands that it prints", f"{printed}\n{COMMANDS}")
    with tempfile.TemporaryDirectory() as place:
        make("install", f"DESTDIR={place}", "PREFIX=/usr/local")
        with subprocess.Popen(["tar", "-C", place, "-c", "etc", "usr"], stdout=subprocess.PIPE) as tree:
            subprocess.run(machine.enter(["tar", "-x", "-C", "/"]), stdin=tree.stdout, check=True)
    done = machine.run("sh", "-euxc", COMMANDS, check=False)
    judge.expect(done.returncode == 0, "they go well", done.stdout + done.stderr)


def the_service(judge, machine):
    """The service."""
    judge.expect(all(machine.is_active(unit) for unit in UNITS), "it runs, with its sockets", lambda: machine.out("systemctl", "status", *UNITS))
    judge.expect(machine.out("systemctl", "is-enabled", DAEMON) == "enabled", "and will after a boot")
    said = machine.out("systemd-analyze", "verify", "--man=no", *[f"/usr/local/lib/systemd/system/{unit}" for unit in UNITS])
    judge.expect(said == "", "systemd-analyze verify has nothing to say", said)
    documents = {document for unit in UNITS for document in re.findall(r'[^\s"]+', machine.show("Documentation", unit))}
    paths = [re.sub(r"^man:(.*)\((\d)\)$", r"/usr/local/share/man/man\2/\1.\2", document).removeprefix("file://") for document in documents]
    judge.expect(len(paths) > 2 and machine.run("ls", *paths, check=False).returncode == 0, "the manual and the pages that it names are there", lambda: machine.out("ls", *paths))
    said = machine.out("journalctl", "-q", "-x", "-u", DAEMON)
    judge.expect("Subject: progress-syncd has started" in said and "file:///usr/local/share/doc/progress-sync/docs/JOURNAL.md" in said, "the journal explains itself", said)


def a_first_look(judge, machine):
    """The first thing that an administrator tries."""
    machine.run("systemctl", "enable", "--now", "progress-api")
    machine.run("curl", "-sf", "--retry", "5", "--retry-connrefused", "-X", "PUT", "http://127.0.0.1:8000/api/programs/p1", "-d", PLAN)
    done = machine.ctl("complete", "p1", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0, "progressctl complete --wait=synced: the API has it", done.stdout + done.stderr)
    done = machine.ctl("doctor")
    judge.expect(done.returncode == 0, "progressctl doctor finds no problem", done.stdout + done.stderr)
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    judge.expect(done.returncode == 0, "systemctl reload works", done.stderr)
    machine.add_user("alice", groups="")
    machine.run("loginctl", "enable-linger", "alice")
    done = machine.run("systemctl", "--user", "-M", "alice@", "enable", "--now", DAEMON, check=False)
    judge.expect(done.returncode == 0, "a person's own service starts", done.stderr)


CASES = [the_commands, the_service, a_first_look]
