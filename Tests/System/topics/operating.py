"""docs/OPERATING.md, followed to the letter: every block of commands in it is run as it stands there, in its order, and does what the page says.

What stands for the administrator is around them: an `editor` that knows what to write, the files that a command names in the directory that it is run
in, and the tokens in the environment.
"""

import re

from machine import API, CONFIGURATION, DAEMON, HASTY, KINDS, ROOT, SPOOL, STATE

# The packages are installed as the page says.
IS_BARE = True

PAGE = (ROOT / "docs/OPERATING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
NAME = "progress.example.com"
# Where the administrator stands.
PLACE = "/srv/admin"
TOKENS = {"TOKEN": "secret-of-all", "HER_TOKEN": "secret-of-alice"}
WANTED = "/run/wanted.yaml"
OUTSIDE = f"""mkdir -p {PLACE} && ln -s /mnt/packages/*.deb {PLACE}
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/90yes
printf '#!/bin/sh\nexec cp {WANTED} "$1"\n' >/usr/bin/editor && chmod 755 /usr/bin/editor
echo '127.0.0.1 localhost {NAME}' >>/etc/hosts
cd /root
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out {PLACE}/my-ca.pem -days 2 -subj '/CN=Gym authority' 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout api.key -out api.csr -subj /CN={NAME} 2>/dev/null
echo subjectAltName=DNS:{NAME} >names
openssl x509 -req -in api.csr -CA {PLACE}/my-ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out api.pem 2>/dev/null"""
OVER_TLS = f"api: {{base_url: 'https://{NAME}:8443', ca_file: /etc/progress-sync/ca.pem}}\n" + HASTY
UNITS = [DAEMON, "progress-syncd.socket", "progress-syncd-submit.socket"]


def block(machine, mark):
    """The one block that the mark is in, which is followed with that."""
    found = [number for number, text in enumerate(BLOCKS) if mark in text]
    if len(found) != 1:
        raise ValueError(f"{len(found)} blocks have {mark}")
    if found[0] not in machine.followed:
        machine.followed.append(found[0])
    return BLOCKS[found[0]]


def inline(command):
    """A command that the page has within a sentence."""
    if f"`{command}`" not in PAGE:
        raise ValueError(f"the page does not have {command}")
    return command


def run(machine, script, as_user=None):
    """Runs what an administrator, or a person in a session of hers, has typed; the first command that fails ends it."""
    variables = TOKENS
    if as_user:
        runtime = f"/run/user/{machine.out('id', '-u', as_user)}"
        variables = {"XDG_RUNTIME_DIR": runtime, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={runtime}/bus"}
    settings = [f"{name}={value}" for name, value in variables.items()]
    return machine.run("env", *settings, "bash", "-ec", f"cd {PLACE}\n{script}", user=as_user, check=False, patience=300)


def follow(judge, machine, mark, as_user=None):
    """Runs a block, which has to go well to its end."""
    done = run(machine, block(machine, mark), as_user)
    judge.expect(done.returncode == 0, f"the block of \"{mark.splitlines()[0]}\" goes well", done.stdout + done.stderr)
    return done.stdout + done.stderr


def complete(machine, day, user, program="p1", wait="synced"):
    return machine.ctl("complete", program, "1", str(day), f"--wait={wait}", "--system", user=user)


def token_of(api, program, day):
    """The tokens with which a session has arrived."""
    def days(body):
        return [item["day_number"] for item in (body if isinstance(body, list) else [body])]
    return {request["token"] for request in api.requests() if request["path"].startswith(f"/api/progress/{program}/") and day in days(request["body"])}


def states(machine):
    return [machine.show("ActiveState", unit) for unit in UNITS]


def install(judge, machine):
    """Install."""
    machine.followed = []
    machine.sh(OUTSIDE)
    machine.plain, machine.secure = API(machine, 8001), API(machine, 8443, "--tls", "/root/api.pem", "/root/api.key")
    done = run(machine, block(machine, "apt install ./progress-sync_*.deb"))
    judge.expect(machine.is_active() and machine.out("systemctl", "is-enabled", DAEMON) == "enabled", "the daemon runs, and will after a boot", done.stdout + done.stderr)
    problems = re.findall(r"^problem +(\w+)", done.stdout, re.MULTILINE)
    judge.expect(problems == ["api"], "doctor has nothing to say but that the API cannot be reached", done.stdout)
    for path in ("/etc/credstore", "/etc/progress-sync/tokens"):
        found = machine.out("stat", "-c", "%a %U:%G", path)
        judge.expect(found == "700 root:root", f"{path} is there, for root alone", found)


def the_api(judge, machine):
    """The API."""
    machine.write(WANTED, "api: {base_url: http://127.0.0.1:8001}\n" + HASTY)
    said = follow(judge, machine, "editor /etc/progress-sync/config.yaml\nprogressctl")
    judge.expect(re.search(r"^api\.base_url: .*# default$", said, re.MULTILINE), "it shows what is in force, and where from", said)
    judge.expect(machine.setting("api.base_url") == "http://127.0.0.1:8001", "the daemon goes by the new settings", lambda: machine.setting("api.base_url"))
    machine.write(CONFIGURATION, "nonsense: 1\n")
    done = machine.run("systemctl", "reload", DAEMON, check=False)
    judge.expect(done.returncode != 0 and machine.is_active(), "with such that do not hold, a reload fails, and the daemon stays", done.stderr)
    machine.run("systemctl", "restart", DAEMON, check=False)
    judge.expect(machine.show("ExecMainStatus") == "78" and not machine.is_active(), "a start ends with 78", lambda: machine.out("systemctl", "status", DAEMON))
    done = run(machine, inline("journalctl -u progress-syncd -n 5"))
    judge.expect("nonsense: unknown key" in done.stdout, "the journal has the reason", done.stdout)
    machine.run("cp", WANTED, CONFIGURATION)
    done = run(machine, inline("systemctl restart progress-syncd"))
    judge.expect(done.returncode == 0 and states(machine) == ["active"] * 3, "mended, it runs again, with its sockets", done.stderr)


def a_token(judge, machine):
    """A token."""
    machine.run("rm", "-rf", "/etc/credstore")
    follow(judge, machine, "/etc/credstore/progress-sync.api-token <<<")
    found = machine.out("stat", "-c", "%a %U:%G", "/etc/credstore/progress-sync.api-token")
    judge.expect(found == "600 root:root", "nobody but root can read it, on a machine that has no /etc/credstore either", found)
    done = complete(machine, 1, None)
    judge.expect(done.returncode == 0 and token_of(machine.plain, "p1", 1) == {TOKENS["TOKEN"]}, "the API is asked with it", done.stderr)
    machine.run("systemd-tmpfiles", "--create", "progress-sync.conf")
    judge.expect(machine.out("stat", "-c", "%a", "/etc/credstore") == "700", "and the next boot closes that directory", lambda: machine.out("ls", "-ld", "/etc/credstore"))


def https(judge, machine):
    """HTTPS, with an authority of one's own."""
    machine.write(WANTED, OVER_TLS)
    said = follow(judge, machine, "my-ca.pem")
    judge.expect(not re.search(r"^problem", said, re.MULTILINE), "doctor finds no problem any more", said)
    done = complete(machine, 2, None)
    judge.expect(done.returncode == 0 and token_of(machine.secure, "p1", 2) == {TOKENS["TOKEN"]}, "deliveries go there, with the token", done.stderr)
    machine.secure.order(refused=[TOKENS["TOKEN"]])
    complete(machine, 9, None, wait="accepted")
    machine.await_("the status", lambda: "401" in machine.show("StatusText"))
    judge.expect("401" in machine.out("systemctl", "status", DAEMON), "a refused token is in systemctl status", lambda: machine.out("systemctl", "status", DAEMON))
    machine.secure.order()
    machine.ctl("flush", "--system")
    machine.await_empty()


def people(judge, machine):
    """People."""
    machine.add_user("alice", groups="")
    machine.add_user("bob")
    machine.add_user("eve", groups="")
    judge.expect(complete(machine, 3, "alice").returncode != 0, "alice may not drop anything")
    follow(judge, machine, "usermod -aG")
    done = complete(machine, 3, "alice")
    judge.expect(done.returncode == 0, "and then may", done.stderr)
    follow(judge, machine, "<<<\"$HER_TOKEN\"")
    for user, program, token in (("alice", "hers", TOKENS["HER_TOKEN"]), ("bob", "his", TOKENS["TOKEN"])):
        done = complete(machine, 1, user, program)
        seen = token_of(machine.secure, program, 1)
        judge.expect(done.returncode == 0 and seen == {token}, f"what {user} drops arrives with {token}", f"{done.stderr}{seen}")
    uid = machine.out("id", "-u", "bob")
    tokens = "/etc/progress-sync/tokens"
    machine.sh(f"echo by-number >{tokens}/{uid}; echo nobodys >{tokens}/nobody-of-that-name; systemctl restart {DAEMON}")
    done = complete(machine, 2, "bob", "his")
    judge.expect(done.returncode == 0 and token_of(machine.secure, "his", 2) == {"by-number"}, "a file can be named by the user id", done.stderr)
    judge.expect("no such user" in machine.journal(), "another name is reported")
    machine.sh(f"rm {tokens}/{uid} {tokens}/nobody-of-that-name; echo x >{tokens}/a:b")
    machine.run("systemctl", "restart", DAEMON, check=False)
    judge.expect(machine.show("ExecMainStatus") == "243", "one with a colon keeps the service from starting: 243", lambda: machine.out("systemctl", "status", DAEMON))
    done = machine.ctl("doctor")
    judge.expect(f"{tokens}/a:b has a ':' in its name" in done.stdout, "and doctor names it", done.stdout)
    machine.sh(f"rm {tokens}/a:b")
    machine.await_("the service, by itself", machine.is_active)


def a_service_of_ones_own(judge, machine):
    """A service of one's own."""
    run(machine, inline("loginctl enable-linger alice"))
    machine.await_("her manager", lambda: machine.is_active(f"user@{machine.out('id', '-u', 'alice')}.service"))
    said = follow(judge, machine, "systemctl --user", as_user="alice")
    judge.expect("the user's service" in said and "running" in said, "it runs, and progressctl means it", said)
    machine.sh("install -d -o alice -g alice /home/alice/.config/progress-sync")
    machine.write("/home/alice/.config/progress-sync/token", "of-her-own\n", "600", "alice:alice")
    machine.write("/home/alice/.config/progress-sync/config.yaml",
                  "api: {base_url: http://127.0.0.1:8001, token_file: /home/alice/.config/progress-sync/token}\n" + HASTY, "600", "alice:alice")
    done = run(machine, "systemctl --user restart progress-syncd && progressctl complete own 1 1 --wait=synced", as_user="alice")
    judge.expect(done.returncode == 0 and token_of(machine.plain, "own", 1) == {"of-her-own"}, "with the token that api.token_file names", done.stdout + done.stderr)
    machine.write("/home/alice/.config/progress-sync/token", "another-of-hers\n", "600", "alice:alice")
    machine.await_("the new token", lambda: run(machine, "progressctl complete own 1 2 --wait=synced", as_user="alice").returncode == 0
                   and "another-of-hers" in token_of(machine.plain, "own", 2))
    judge.expect(True, "where a new one is noticed")


def watching(judge, machine):
    """Watching it."""
    seen = {"systemctl status": "Status: \"0 waiting", "progressctl status": "running since", "-x": "Subject: Action delivered", "-p err": "nonsense: unknown key",
            "PROGRESS_KEY": "Synced: complete-p1-1-3", "PROGRESS_SENDER_UID=1000": "complete-hers-1-1"}
    for line in block(machine, "PROGRESS_KEY=complete-p1-1-3").splitlines():
        done = run(machine, line)
        mark = next((text for mark, text in seen.items() if mark in line), None)
        judge.expect(done.returncode == 0 and mark in done.stdout, f"{line.split('  ')[0]}: {mark}", done.stdout[-1500:] + done.stderr)


def stopping(judge, machine):
    """Stopping it."""
    run(machine, inline("systemctl stop progress-syncd"))
    machine.ctl("status", "--system")
    judge.expect(machine.is_active(), "stopped alone, it comes back when somebody connects")
    follow(judge, machine, "systemctl stop progress-syncd.socket progress-syncd-submit.socket progress-syncd\n")
    done = machine.ctl("complete", "stopped", "1", "1", "--system", user="bob")
    judge.expect(done.returncode == 0 and states(machine) == ["inactive"] * 3, "stopped with its sockets, it stays so, and people drop on", f"{done.stderr}{states(machine)}")
    run(machine, inline("systemctl disable progress-syncd"))
    left = machine.sh("ls -d /etc/systemd/system/*.wants/progress-sync* 2>/dev/null || true")
    judge.expect(left == "", "disabled, nothing starts it at the next boot", left)
    machine.run("systemctl", "enable", "--now", DAEMON)
    machine.await_empty()


def a_backup(judge, machine):
    """Backup, and restoring it."""
    token = "/etc/credstore/progress-sync.api-token"
    machine.sh(f"mv {token} /root/aside")
    follow(judge, machine, "tar -czf")
    listed = machine.out("tar", "-tzf", f"{PLACE}/progress-sync.tar.gz")
    judge.expect("queue.sqlite" in listed and "credstore" not in listed, "a machine without a token is backed up as well", listed)
    judge.expect(machine.out("stat", "-c", "%a", f"{PLACE}/progress-sync.tar.gz") == "600", "nobody but root can read it")
    machine.sh(f"mv /root/aside {token}")
    machine.run("systemctl", "restart", DAEMON)
    machine.secure.stop()
    for user in ("alice", "bob"):
        machine.drop_many(f"kept-{user}", 5, user=user)
    machine.await_pending(10)
    machine.run("systemctl", "stop", *UNITS[1:], DAEMON)
    machine.drop_many("late", 2, user="bob")
    follow(judge, machine, "tar -czf")
    run(machine, "apt purge progress-sync")
    gone = machine.sh(f"ls -d {STATE} {SPOOL} {token} /etc/progress-sync/tokens 2>/dev/null || true")
    judge.expect(gone == "", "the machine is lost", gone)
    run(machine, "apt install ./progress-sync_*.deb")
    machine.run("systemctl", "stop", *UNITS[1:], DAEMON)
    follow(judge, machine, "tar -C / -xzf")
    machine.await_pending(12)
    judge.expect(len(machine.queue()) == 12, "the queue is there again, and what was not taken in", machine.queue)
    found = machine.out("getfacl", "-cp", f"{SPOOL}/incoming")
    judge.expect("group:progress-sync-submit:-wx" in found and machine.out("stat", "-c", "%a", f"{SPOOL}/incoming") == "3730", "the spool is as it was", found)
    machine.secure.start()
    machine.await_empty()
    for program, wanted in (("kept-alice", TOKENS["HER_TOKEN"]), ("kept-bob", TOKENS["TOKEN"]), ("late", TOKENS["TOKEN"])):
        seen = {request["token"] for request in machine.secure.requests() if request["path"].startswith(f"/api/progress/{program}/")}
        judge.expect(seen == {wanted} and len(machine.secure.taken(program)) == (2 if program == "late" else 5), f"all of {program} arrives, with {wanted}", seen)


def removed(judge, machine):
    """What somebody has removed."""
    def make_again():
        machine.run("systemctl", "stop", *UNITS[1:], DAEMON)
        follow(judge, machine, "systemd-sysusers")
        done = complete(machine, 7, "bob")
        judge.expect(done.returncode == 0 and states(machine) == ["active"] * 3, "and all is well", f"{done.stderr}{states(machine)}")
    machine.run("rm", "-r", "/run/progress-sync")
    done = machine.ctl("complete", "unheard", "1", "1", "--system", user="bob")
    machine.await_("the delivery", lambda: machine.secure.taken("unheard"))
    judge.expect(done.returncode == 0, "without its sockets, it takes in and delivers what is dropped", done.stderr)
    machine.run("systemctl", "restart", DAEMON)
    done = machine.ctl("flush", "--system")
    judge.expect(done.returncode == 69 and machine.is_active(), "progressctl does not reach it, after a restart neither", done.stderr)
    judge.expect("see progressctl doctor" in done.stderr, "and sends people to the doctor", done.stderr)
    remedy = f"systemctl stop {' '.join(UNITS[1:])} {DAEMON} && systemd-tmpfiles --create progress-sync.conf && systemctl start {DAEMON}"
    said = machine.ctl("doctor", "--system").stdout
    judge.expect(said.count(f"→ {remedy}") == 2, "who knows what helps, for either socket", said)
    machine.sh(remedy)
    done = machine.ctl("flush", "--system")
    judge.expect(done.returncode == 0, "and it does", done.stderr)
    make_again()
    found = machine.out("stat", "-c", "%a %U:%G", "/run/progress-sync")
    judge.expect(found == "2755 progress-sync:progress-sync-submit", "the directory of the sockets is as it was", found)
    for what, command, status in (("user", "userdel -f progress-sync", "217"), ("spool", f"rm -r {SPOOL}", "226")):
        machine.run("systemctl", "stop", *UNITS[1:], DAEMON)
        machine.run("sh", "-c", command)
        machine.run("systemctl", "start", DAEMON, check=False)
        judge.expect(machine.show("ExecMainStatus") == status, f"without its {what}, it ends with {status}", lambda: machine.out("systemctl", "status", DAEMON))
        said = machine.ctl("doctor", "--system").stdout
        judge.expect(f"again and again: exit-code, status {status}" in said, "and the doctor says so", said)
        make_again()


def upgrading(judge, machine):
    """Upgrading."""
    machine.sh(f"""dpkg-deb -R {PLACE}/progress-sync_*.deb /root/tree
    sed -i 's/^Version: .*/Version: 99/' /root/tree/DEBIAN/control
    dpkg-deb -Znone --root-owner-group -b /root/tree {PLACE}/progress-sync_NEWER.deb >/dev/null && rm -r /root/tree""")
    before = machine.pid
    done = run(machine, block(machine, "apt purge").splitlines()[0])
    judge.expect(done.returncode == 0 and machine.out("dpkg-query", "-W", "-f", "${Version}", "progress-sync") == "99" and machine.pid not in (before, "0"), "the newer one runs",
                 lambda: machine.out("systemctl", "status", DAEMON))
    machine.run("rm", f"{PLACE}/progress-sync_NEWER.deb")


def removing(judge, machine):
    """Removing."""
    machine.secure.stop()
    machine.drop_many("left", 3, user="bob")
    machine.await_pending(3)
    _, flush, queue, remove, purge = block(machine, "apt purge").splitlines()
    done = run(machine, f"{flush}\n{queue}")
    judge.expect(done.returncode == 0 and "complete-left-1-3" in done.stdout, "progressctl queue says what is not delivered", done.stdout + done.stderr)
    places = [CONFIGURATION, "/etc/progress-sync/tokens/alice", "/etc/credstore/progress-sync.api-token", f"{SPOOL}/incoming", f"{STATE}/queue.sqlite"]
    done = run(machine, remove)
    left = machine.out("ls", "-d", *places)
    judge.expect(done.returncode == 0 and "cannot access" not in left, "removed, it has left what the page says", left)
    done = run(machine, purge)
    left = machine.sh(f"ls -d {' '.join(places)} 2>/dev/null || true")
    judge.expect(done.returncode == 0 and left == "", "purged, nothing: the tokens neither", left)
    machine.secure.start()


def narrower(judge, machine):
    """Narrower."""
    run(machine, "apt install ./progress-sync_*.deb && install -m 644 my-ca.pem /etc/progress-sync/ca.pem")
    machine.configure(OVER_TLS)
    follow(judge, machine, "IPAddressDeny=any")
    allowed = machine.show("IPAddressAllow")
    judge.expect("127.0.0.0/8" in allowed and "192.0.2.10/32" in allowed and "192.0.2.53/32" in allowed and "0.0.0.0/0" in machine.show("IPAddressDeny"),
                 "systemd goes by the list", allowed)
    judge.note("a container cannot enforce it: make test-machine does, with an address that the list has, and one that it lacks")
    done = complete(machine, 5, None)
    judge.expect(done.returncode == 0, "an API on this machine is still delivered to", done.stderr)


def wider(judge, machine):
    """Wider."""
    done = machine.ctl("complete", "strange", "1", "1", user="eve")
    judge.expect(done.returncode != 0, "eve, who is in no group, may not drop", done.stdout)
    follow(judge, machine, "3733")
    judge.expect(machine.out("stat", "-c", "%a", f"{SPOOL}/incoming") == "3733", "the directory is open", lambda: machine.out("ls", "-ld", f"{SPOOL}/incoming"))
    done = machine.ctl("complete", "strange", "1", "1", user="eve")
    machine.await_("eve's", lambda: machine.secure.taken("strange"))
    judge.expect(done.returncode == 0, "then she may, and it arrives", done.stderr)
    entries = machine.entries("PROGRESS_PROGRAM=strange", f"MESSAGE_ID={KINDS['accepted'][0]}")
    judge.expect({entry["PROGRESS_SENDER_UID"] for entry in entries} == {machine.out("id", "-u", "eve")}, "as hers", entries)
    done = machine.ctl("status", user="eve")
    judge.expect(done.returncode != 0 and "progress-sync-submit" in done.stderr, "to ask how it fares takes the group", done.stderr)


def without_name_spaces(judge, machine):
    """Users' services without name spaces."""
    follow(judge, machine, "PrivateUsers=no")
    done = run(machine, "systemctl --user daemon-reload && systemctl --user restart progress-syncd && "
               "systemd-analyze verify --user --man=no /usr/lib/systemd/user/progress-syncd.service && progressctl complete own 1 7 --wait=synced", as_user="alice")
    judge.expect(done.returncode == 0 and done.stderr == "", "systemd has nothing to say about it, and her service delivers", done.stdout + done.stderr)
    process = run(machine, "systemctl --user show -P MainPID progress-syncd", as_user="alice").stdout.strip()
    names = machine.sh(f"readlink /proc/{process}/ns/mnt /proc/1/ns/mnt /proc/{process}/ns/user /proc/1/ns/user").split()
    judge.expect(len(set(names)) == 2, "in no name space of its own: its file system is hers", names)
    filters = machine.sh(f"grep -E '^(NoNewPrivs|Seccomp):' /proc/{process}/status").split()
    judge.expect(filters == ["NoNewPrivs:", "1", "Seccomp:", "2"], "the filters of system calls hold", filters)
    judge.note("that it fails without, 217/USER, cannot be tried here: a container has no kernel of its own to forbid name spaces")
    run(machine, inline("systemctl --user disable --now progress-syncd progress-syncd.socket progress-syncd-submit.socket"), as_user="alice")
    done = run(machine, f"! progressctl flush && ! systemctl --user is-active {' '.join(UNITS)}", as_user="alice")
    judge.expect(done.stdout.split() == ["inactive"] * 3, "disabled with its sockets, it does not come back when somebody asks", done.stdout + done.stderr)


def other_places(judge, machine):
    """Other places."""
    machine.secure.stop()
    machine.drop_many("moved", 3, user="bob")
    machine.await_pending(3)
    machine.write(WANTED, OVER_TLS + "state: {directory: /srv/progress-sync}\n")
    machine.run("systemctl", "stop", *UNITS[1:], DAEMON)
    follow(judge, machine, "ReadWritePaths=")
    judge.expect(states(machine) == ["active"] * 3 and machine.status()["pending"] == 3, "the queue has moved, with all that was in it",
                 lambda: machine.out("systemctl", "status", DAEMON))
    judge.expect(machine.out("sh", "-c", f"ls -A {STATE}") == "lock", "of where it was, nothing is used", lambda: machine.out("ls", "-lA", STATE))
    machine.secure.start()
    machine.await_empty()
    judge.expect(len(machine.secure.taken("moved")) == 3, "and is delivered", machine.secure.taken)


def the_server(judge, machine):
    """The API's server."""
    said = follow(judge, machine, "progress-api_*.deb")
    judge.expect(machine.is_active("progress-api") and "[]" in said, "it runs, and answers", said)
    judge.expect("progress.sqlite" in machine.out("ls", "/var/lib/progress-api"), "its data is where the page says", lambda: machine.out("ls", "/var/lib/progress-api"))


def the_page(judge, machine):
    """All of the page."""
    forgotten = [text for number, text in enumerate(BLOCKS) if number not in machine.followed]
    judge.expect(not forgotten, f"each of its {len(BLOCKS)} blocks was followed", "\n".join(forgotten))
    judge.expect(machine.followed == sorted(machine.followed), "in its order", machine.followed)


CASES = [install, the_api, a_token, https, people, a_service_of_ones_own, watching, stopping, a_backup, removed, upgrading, removing, narrower, wider, without_name_spaces,
         other_places, the_server, the_page]
