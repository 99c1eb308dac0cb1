"""A booted Debian with progress-sync in it, and the words that the tests have for what is done there."""

import json
import re
from collections import Counter
from pathlib import Path

from container import Container

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SPOOL = "/var/spool/progress-sync"
STATE = "/var/lib/progress-sync"
SOCKET = "/run/progress-sync/control.sock"
CONFIGURATION = "/etc/progress-sync/config.yaml"
DAEMON = "progress-syncd"
# What would take minutes takes moments.
HASTY = "debounce: {complete: 20ms}\nretry: {backoff: [200ms, 200ms], parked_initial: 1s, parked_max: 1s}\n"


class Machine(Container):
    """A container with our packages at /mnt/packages, and what the tests run within at /mnt/guest."""

    def __init__(self, tree, packages):
        super().__init__(tree, [(HERE / "guest", "/mnt/guest"), (packages, "/mnt/packages")])
        self.packages = packages

    def sh(self, script, user=None, check=True):
        """What a shell script prints."""
        return self.run("sh", "-euc", script, user=user, check=check).stdout.strip()

    def write(self, path, text, mode="644", owner="root:root"):
        user, group = owner.split(":")
        self.run("install", "-D", "-m", mode, "-o", user, "-g", group, "/dev/stdin", path, stdin=text)

    def read(self, path):
        return self.run("cat", path).stdout

    # The service

    def show(self, name, unit=DAEMON):
        return self.out("systemctl", "show", "-P", name, unit)

    @property
    def pid(self):
        return self.show("MainPID")

    def is_active(self, unit=DAEMON):
        return self.show("ActiveState", unit) == "active"

    def configure(self, text=HASTY):
        """Starts the service anew with a configuration."""
        self.write(CONFIGURATION, text)
        self.run("systemctl", "restart", DAEMON)

    def drop_in(self, text, unit=DAEMON, name="test"):
        """What an administrator does with `systemctl edit`; nothing takes it away again."""
        path = f"/etc/systemd/system/{unit}.service.d/{name}.conf"
        if text:
            self.write(path, f"[Service]\n{text}\n")
        else:
            self.run("rm", "-f", path)
        self.run("systemctl", "daemon-reload")

    def signal(self, name):
        self.run("systemctl", "kill", "--kill-whom=main", f"--signal={name}", DAEMON)

    def await_another(self, pid, patience=60):
        """Waits until the service runs again, as another process."""
        self.await_("the restart", lambda: self.is_active() and self.pid not in (pid, "0"), patience)

    # People

    def add_user(self, name, groups="progress-sync-submit"):
        self.run("useradd", "-m", "-s", "/bin/bash", *(["-G", groups] if groups else []), name)
        return self.out("id", "-u", name)

    # The daemon's own word

    def ctl(self, *arguments, user=None, stdin=None):
        """A finished `progressctl`."""
        return self.run("progressctl", *arguments, user=user, stdin=stdin, check=False)

    def ask(self, path, user=None):
        """What the system's daemon itself answers at its control socket, as curl has it; whoever connects while it restarts, waits."""
        return self.run("curl", "-sS", "--fail-with-body", "-m", "30", "--unix-socket", SOCKET, f"http://localhost{path}", user=user, check=False)

    def status(self):
        """How everything stands; None while no daemon answers."""
        done = self.ask("/v1/status")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def queue(self, user=None):
        """What waits, and what has failed."""
        done = self.run("progressctl", "queue", "--system", "--json", user=user)
        content = json.loads(done.stdout)
        return content["items"] + content.get("failed", [])

    def setting(self, key):
        """The value that is in force."""
        values = json.loads(self.ask("/v1/configuration").stdout)["values"]
        return next((value["value"] for value in values if value["key"] == key), None)

    def await_pending(self, count):
        self.await_(f"a queue of {count}", lambda: (self.status() or {}).get("pending") == count)

    def await_empty(self, patience=60):
        """Waits until nothing is left of what was dropped."""
        try:
            self.await_("the end of the queue", self._is_empty, patience)
        except Exception as error:
            raise type(error)(f"{error}: {self.out('progressctl', 'status', '--system')}") from error

    def _is_empty(self):
        left = self.sh(f"ls -A {SPOOL}/incoming {SPOOL}/claimed | grep -c json || true")
        status = self.status()
        return left == "0" and status is not None and status["pending"] == 0

    # The journal

    def journal(self, *matches, user=None):
        """The text of all lines, ours and systemd's about us."""
        return self.run("journalctl", "-q", "-o", "cat", *(matches or ["-u", DAEMON]), user=user).stdout

    def entries(self, *matches):
        """Our own lines with their fields."""
        lines = self.run("journalctl", "-q", "-o", "json", *(matches or ["-u", DAEMON])).stdout.splitlines()
        return [entry for entry in map(json.loads, lines) if "MESSAGE_ID" in entry and entry.get("SYSLOG_IDENTIFIER") == DAEMON]

    def await_kind(self, kind, *matches):
        """Waits for a line of the kind, and returns those that there are."""
        number = KINDS[kind][0]
        return self.await_(f"a line of the kind {kind}", lambda: self.entries(f"MESSAGE_ID={number}", *matches))

    # The spool

    def drop(self, day, program="p1", user=None, **fields):
        """Drops one action by hand, and returns its name in the spool."""
        action = {"action": "complete", "program_id": program, "week_number": 1, "day_number": day, **fields}
        name = f"{program}-{day}-{action['action']}.json"
        self.place(name, json.dumps(action), user)
        return name

    def place(self, name, content, user=None):
        """Puts a file into the spool, whatever is in it."""
        self.run("sh", "-euc", f"cd {SPOOL}/incoming && cat >.{name}.tmp && mv .{name}.tmp {name}", user=user, stdin=content)

    def drop_many(self, program, count, user=None, pause=0):
        self.run("python3", "/mnt/guest/drops.py", program, str(count), str(pause), user=user)


class API:
    """The progress API within, that notes what it is asked: guest/api.py."""

    def __init__(self, machine, port=8000, *options):
        self.machine, self.port, self.options = machine, port, options
        self.notes, self.orders, self.unit = f"/run/api-{port}.notes", f"/run/api-{port}.orders", f"api-{port}"
        self.order()
        self.start()

    def start(self):
        command = ["python3", "/mnt/guest/api.py", "--port", str(self.port), "--notes", self.notes, "--orders", self.orders, *self.options]
        self.machine.run("systemd-run", "--quiet", "--collect", f"--unit={self.unit}", *command)
        self.machine.await_("the API", lambda: self.machine.run("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{self.port}", check=False).returncode == 0)

    def stop(self):
        self.machine.run("systemctl", "stop", self.unit, check=False)

    def order(self, **orders):
        """How it answers from now on."""
        self.machine.run("sh", "-c", f"cat >{self.orders}.new && mv {self.orders}.new {self.orders}", stdin=json.dumps(orders))

    def requests(self):
        text = self.machine.run("sh", "-c", f"cat {self.notes} 2>/dev/null || true").stdout
        return [json.loads(line) for line in text.splitlines()]

    def taken(self, program=None):
        """How often each session was taken, by (program, week, day)."""
        count = Counter()
        for request in self.requests():
            match = re.fullmatch(r"/api/progress/([^/]+)/[a-z-]+", request["path"])
            if not match or request["status"] != 200 or request["method"] != "POST" or program not in (None, match[1]):
                continue
            items = request["body"] if isinstance(request["body"], list) else [request["body"]]
            count.update((match[1], item["week_number"], item["day_number"]) for item in items)
        return count


def sessions(program, count):
    """What drop_many drops."""
    return {(program, number // 1000 + 1, number % 1000 + 1) for number in range(count)}


def expect_all(judge, api, program, count, what, exactly_once=True):
    """That the API has taken all that was dropped and nothing else; and none of it twice, where that is promised."""
    taken, wanted = api.taken(program), sessions(program, count)
    twice = [session for session, times in taken.items() if times > 1]
    judge.expect(set(taken) == wanted and not (exactly_once and twice), what,
                 f"{len(wanted - set(taken))} missing, {len(set(taken) - wanted)} never dropped, {len(twice)} more than once")
    if twice and not exactly_once:
        judge.note(f"{len(twice)} of {count} were asked for more than once, as a request that was under way is")


def kinds():
    """The id and level of every kind of line, the fields that it must have, and its subject, as the document has them."""
    source = (ROOT / "Sources/SyncDaemon/MessageKind.swift").read_text(encoding="utf-8")
    ids = {number: name for name, number in re.findall(r'case (\w+) = "([0-9a-f]{32})"', source)}
    table = (ROOT / "docs/JOURNAL.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (\w+) \| `([0-9a-f]{32})` \| ([^|]*)\|$", table, re.MULTILINE)
    return {ids[number]: (number, level, re.findall(r"`(\w+)`", fields), subject) for subject, level, number, fields in rows}


KINDS = kinds()
