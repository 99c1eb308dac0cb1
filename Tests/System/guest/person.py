"""People on the machine: what one of them may do is tried in a process of that person's own, without any privilege."""

import contextlib
import errno
import grp
import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import traceback
import urllib.parse

INCOMING = b"/var/spool/progress-sync/incoming"
SOCKET = "/run/progress-sync/control.sock"
SUBMITTERS = "progress-sync-submit"


class Refused(Exception):
    """A system call that failed, by the name of its error."""


class Person:
    def __init__(self, name, groups=()):
        try:
            pwd.getpwnam(name)
        except KeyError:
            subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", name], check=True)
        for group in groups:
            subprocess.run(["usermod", "--append", "--groups", group, name], check=True)
        account = pwd.getpwnam(name)
        self.name, self.uid, self.gid, self.home = name, account.pw_uid, account.pw_gid, account.pw_dir.encode()
        self.groups = [grp.getgrnam(group).gr_gid for group in groups]
        self.drops = 0

    def start(self, deed):
        """Starts the deed in a process of the person's; returns that and where its result can be read."""
        reading, writing = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.close(reading)
                os.setgroups(self.groups)
                os.setresgid(self.gid, self.gid, self.gid)
                os.setresuid(self.uid, self.uid, self.uid)
                os.chdir("/")
                os.umask(0o022)
                result = _outcome(deed)
                with os.fdopen(writing, "w") as pipe:
                    json.dump(result, pipe)
            finally:
                os._exit(0)
        os.close(writing)
        return process, reading

    def does(self, deed):
        """What the deed returns; throws Refused where the system refuses it."""
        process, reading = self.start(deed)
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        os.waitpid(process, 0)
        kind, value = json.loads(text or '["died", "the process was killed"]')
        if kind == "refused":
            raise Refused(value)
        if kind == "died":
            raise SystemExit(f"{self.name}'s process has died: {value}")
        return value

    def tries(self, deed):
        """The name of the error that the deed meets, or what it returns."""
        try:
            return f"done: {self.does(deed)!r}"[:200]
        except Refused as refused:
            return str(refused)

    @contextlib.contextmanager
    def doing(self, deed):
        """The deed goes on in the background, for as long as it likes, at most to the end of the block."""
        process, reading = self.start(deed)
        try:
            yield process
        finally:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(reading)

    # What is asked at the control socket.

    def asks(self, path, body=None, timeout=60):
        """Status and text of the daemon's answer; 0 and the reason when there is none."""
        try:
            return self.does(lambda: ask(path, body, timeout))
        except Refused as refused:
            return 0, str(refused)

    def state(self, action, patience=0):
        """What has become of the action of that id, as soon as it is accepted."""
        status, text = self.asks(f"/v1/actions/{action}" + (f"?until=accepted&for={patience}s" if patience else ""), timeout=patience + 60)
        return json.loads(text)["state"] if status == 200 else "unknown"

    def listed(self, path):
        """The lines of a listing, each an object."""
        status, text = self.asks(path)
        return [json.loads(line) for line in text.splitlines() if line] if status == 200 else []

    def rejected(self):
        """Reason by name of the refused files that the person is shown."""
        return {entry["name"]: entry["reason"] for entry in self.listed("/v1/rejected")}

    # What is dropped.

    def next_id(self):
        self.drops += 1
        return f"{self.name}-{self.drops}"

    def action(self, action_id=None, **fields):
        action_id = action_id or self.next_id()
        number = self.drops
        return {"action": "complete", "program_id": self.name, "week_number": 1 + number // 900, "day_number": 1 + number % 900, "id": action_id} | fields

    def drops_one(self, name=None, umask=0o022, mode=0o640, **fields):
        """An honest drop, by the protocol; returns the id of its action."""
        action = self.action(**fields)
        name = name or f"{action['id']}.json".encode()
        self.does(lambda: drop(name, json.dumps(action).encode(), umask, mode))
        return action["id"]


def _outcome(deed):
    try:
        return "returned", deed()
    except OSError as error:
        return "refused", errno.errorcode.get(error.errno, str(error) or type(error).__name__)
    except Exception:  # pylint: disable=broad-except
        return "died", traceback.format_exc()


class _Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def ask(path, body=None, timeout=60):
    connection = _Connection("localhost", timeout=timeout)
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def quoted(name):
    return urllib.parse.quote(name, safe="")


def place(name):
    return os.path.join(INCOMING, name)


def drop(name, content, umask=0o022, mode=0o640):
    """Makes a file under a hidden name, whatever its content, and renames it into place."""
    os.umask(umask)
    hidden = place(b".%d.tmp" % os.getpid())
    write(hidden, content, mode)
    os.rename(hidden, place(name))


def write(path, content, mode=0o640):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
