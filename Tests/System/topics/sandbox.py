"""Everything that the daemon needs works within its sandbox: a name from DNS, an API over HTTPS with a private authority, its database, its
watches, the journal, the control socket. What it does not need, it cannot reach."""

import re
import time

from machine import API, CONFIGURATION, DAEMON, HASTY, KINDS, expect_all

NAME = "api.gym.example"
AUTHORITY = "/etc/progress-sync/authority.pem"
# Nobody else has to trust it.
CERTIFICATES = f"""cd /root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout authority.key -out authority.pem -days 2 -subj '/CN=Gym authority' 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout api.key -out api.csr -subj /CN={NAME} 2>/dev/null
echo subjectAltName=DNS:{NAME} >names
openssl x509 -req -in api.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 -extfile names -out api.pem 2>/dev/null
install -m 644 authority.pem {AUTHORITY}
"""
OVER_TLS = f"api: {{base_url: 'https://{NAME}:8443', ca_file: {AUTHORITY}}}\n"
PLAN = '{"title": "Base", "weeks": [{"weekNumber": 1, "sessions": [{"dayNumber": 1}]}]}'
COUNT = 50


def an_api_by_name(judge, machine):
    """An API by its name, over TLS."""
    machine.sh(CERTIFICATES)
    machine.run("systemd-run", "--quiet", "--unit=resolver", "python3", "/mnt/guest/resolver.py", NAME)
    machine.sh("echo nameserver 127.0.0.1 >/etc/resolv.conf.new && cat /etc/resolv.conf.new >/etc/resolv.conf")
    machine.run("systemctl", "enable", "--now", "progress-api")
    machine.await_("the API", lambda: machine.run("curl", "-sf", "http://127.0.0.1:8000/api/programs", check=False).returncode == 0)
    machine.run("curl", "-sfX", "PUT", "http://127.0.0.1:8000/api/programs/tls", "-d", PLAN)
    machine.api = API(machine, 8443, "--tls", "/root/api.pem", "/root/api.key", "--in-front-of", "8000")
    machine.configure(OVER_TLS + HASTY)
    machine.add_user("alice")
    machine.drop_many("tls", COUNT, user="alice")
    machine.await_empty()
    expect_all(judge, machine.api, "tls", COUNT, f"all {COUNT} arrive, through TLS with a private authority")
    stored = machine.out("curl", "-sf", "http://127.0.0.1:8000/api/progress/tls")
    judge.expect(f'"completed_sessions":{COUNT}' in stored.replace(" ", ""), "and progress-api behind it has stored them", stored[:300])
    asked = machine.journal("-u", "resolver")
    judge.expect(f"{NAME} 1" in asked, "DNS was asked for the name", asked)
    done = machine.ctl("doctor")
    judge.expect(done.returncode == 0, "doctor finds no problem, and asks the same way", done.stdout + done.stderr)


def an_api_that_is_not_to_be_trusted(judge, machine):
    """What is wrong at the other end is said by its name."""
    machine.configure(OVER_TLS.replace(f", ca_file: {AUTHORITY}", "") + HASTY)
    machine.drop(1, "untrusted")
    said = machine.await_kind("apiUnreachable")[-1]["PROGRESS_REASON"]
    judge.expect("certificate" in said, f"an authority that nobody knows: {said}", said)
    machine.configure(OVER_TLS.replace(NAME, "nowhere.example") + HASTY)
    reasons = machine.await_("the other reason", lambda: [entry["PROGRESS_REASON"] for entry in machine.entries(f"MESSAGE_ID={KINDS['apiUnreachable'][0]}")
                                                          if "nowhere.example" in entry["PROGRESS_REASON"]])
    judge.expect(re.search("name|found|resolve", reasons[-1]), f"a name that there is not: {reasons[-1]}", reasons[-1])
    machine.configure(OVER_TLS + HASTY)
    done = machine.ctl("complete", "tls", "1", "1", "--wait=synced")
    judge.expect(done.returncode == 0, "mended, it delivers again", done.stderr)


def a_watch(judge, machine):
    """What is dropped is noticed at once."""
    machine.configure(OVER_TLS + HASTY + "spool: {rescan_interval: 1h}\n")
    # Behind whatever reading the start brings.
    machine.place("first.json", "rubbish", user="alice")
    machine.await_kind("refused", "PROGRESS_FILE=first.json")
    for number in range(3):
        began = time.monotonic()
        name = machine.drop(number + 1, "watched", user="alice")
        machine.await_kind("accepted", f"PROGRESS_FILE={name}")
        took = time.monotonic() - began
        judge.expect(took < 10, f"accepted after {took:.1f} s, though the next reading of the whole spool is an hour away", took)
    machine.configure(OVER_TLS + HASTY)


def what_it_can_reach(judge, machine):
    """The sandbox holds for whoever would take the daemon over."""
    machine.run("systemctl", "stop", DAEMON)
    user = machine.out("ls", "/home")
    tries = {
        "people's homes are not there": (f"ls /home/{user}", False),
        "nothing below /usr can be written": ("touch /usr/x", False),
        "nor its own configuration": ("touch /etc/progress-sync/config.yaml", False),
        "other processes cannot be seen": ("ls /proc/1/status", False),
        "the machine's settings are not there": ("ls /proc/sys/kernel/hostname", False),
        "no device but the harmless ones": ("ls /dev/mem /dev/kmsg /dev/vda", False),
        "its /tmp is its own": ("test -z \"$(ls -A /tmp)\"", True),
        "the spool's parent is root's": ("mv /var/spool/progress-sync/claimed /var/spool/progress-sync/x", False),
        "its state can be written": ("touch /var/lib/progress-sync/x && rm /var/lib/progress-sync/x", True),
        "its spool can be written": ("touch /var/spool/progress-sync/claimed/x && rm /var/spool/progress-sync/claimed/x", True),
        "the private authority can be read": (f"cat {AUTHORITY}", True),
    }
    script = "\n".join(f"if {{ {command}; }} >/dev/null 2>&1; then echo yes; else echo no; fi" for command, _ in tries.values())
    machine.write("/usr/local/bin/probe", f"#!/bin/sh\n{script}\n", "755")
    # The same unit, with somebody else in the daemon's place.
    machine.drop_in("Type=oneshot\nRestart=no\nExecStart=\nExecStart=/usr/local/bin/probe\nStandardOutput=journal\nSyslogIdentifier=probe\nExecPaths=/usr/local/bin /bin /usr/bin")
    done = machine.run("systemctl", "start", DAEMON, check=False)
    answers = machine.journal("-t", "probe").split()
    judge.expect(len(answers) == len(tries), "somebody else in its place is started", done.stderr + machine.journal())
    for (what, (command, wanted)), answer in zip(tries.items(), answers):
        judge.expect(answer == ("yes" if wanted else "no"), what, f"{command}: {answer}")
    machine.drop_in("")
    machine.run("systemctl", "start", DAEMON)


def fix(machine, check):
    """What doctor says of the problem, or the warning, that one check finds."""
    found = re.search(rf"^(?:problem|warning) +{check} .*\n +→ (.*)$", machine.ctl("doctor").stdout, re.MULTILINE)
    return found[1] if found else ""


def what_it_does_not_see(judge, machine):
    """What people put where the sandbox does not let it, doctor tells; what it says is followed to the letter."""
    def configure(setting):
        machine.write(CONFIGURATION, OVER_TLS.replace(f", ca_file: {AUTHORITY}", setting) + HASTY)
        return machine.run("systemctl", "reload", DAEMON, check=False).returncode
    for key, path in (("ca_file", "/root/authority.pem"), ("ca_file", "/tmp/authority.pem"), ("token_file", "/home/token")):
        machine.sh(f"cp {AUTHORITY} {path}" if key == "ca_file" else f"echo secret >{path}")
        judge.expect(configure(f", {key}: {path}") != 0, f"{key}: {path}: reload fails")
        move, name, load = re.fullmatch(r"(install .*), name it there in (\S+), then (.*)", fix(machine, "configuration")).groups()
        machine.sh(move)
        machine.write(CONFIGURATION, machine.read(CONFIGURATION).replace(path, f"/etc/progress-sync/{path.split('/')[-1]}"))
        machine.sh(load)
        judge.expect(name == f"api.{key}" and machine.is_active() and not fix(machine, "configuration"), "moved as doctor says, it is seen",
                     lambda: machine.ctl("doctor").stdout)
    machine.write("/etc/progress-sync/token", "secret")
    judge.expect(configure(f", ca_file: {AUTHORITY}, token_file: /etc/progress-sync/token") == 0, "a token that everybody can read is taken")
    close = fix(machine, "token")
    machine.sh(close)
    judge.expect("chown progress-sync" in close and machine.run("systemctl", "reload", DAEMON, check=False).returncode == 0,
                 "closed as doctor says, it is still the daemon's to read", close)
    for key, path in (("spool", "/srv/spool"), ("state", "/srv/queue")):
        machine.write(CONFIGURATION, HASTY + f"{key}: {{directory: {path}}}\n")
        machine.run("systemctl", "stop", f"{DAEMON}.socket", f"{DAEMON}-submit.socket", DAEMON)
        machine.run("systemctl", "start", DAEMON, check=False)
        judge.expect(not machine.is_active(), f"{key}.directory: {path}: it does not start")
        machine.sh(fix(machine, key))
        done = machine.ctl("complete", "elsewhere", "1", "1", "--wait")
        judge.expect(done.returncode == 0 and not fix(machine, key), "made and opened as doctor says, it takes in what is dropped", done.stderr)
        machine.run("rm", "-f", "/etc/tmpfiles.d/progress-sync.conf")
        machine.drop_in("", name=key)
    machine.configure(OVER_TLS + HASTY)


CASES = [an_api_by_name, an_api_that_is_not_to_be_trusted, a_watch, what_it_can_reach, what_it_does_not_see]
