"""The API's token: absent, given by systemd, changed, refused; and tokens of people's own."""

from machine import API, DAEMON

COMMON = "/etc/credstore/progress-sync.api-token"
TOKENS = "/etc/progress-sync/tokens"
# An editor's leavings, a directory, names of nobody's, and what is no token.
STRANGE = f"""cd {TOKENS}
echo secret >nobody-here; echo secret >carol~; echo secret >.hidden; echo secret >4294967295; echo secret >'a b'; echo two words >bob
mkdir old; echo secret >old/carol; ln -s nowhere dangling
"""
LOADED = "/run/credentials/progress-syncd.service"


def tokens_seen(api, program):
    return {request["token"] for request in api.requests() if request["path"].startswith(f"/api/progress/{program}/")}


def expect_token(judge, machine, program, token, what, user=None):
    """That what is dropped now is delivered, and with which token."""
    done = machine.ctl("complete", program, "1", "1", "--wait=synced", user=user)
    judge.expect(done.returncode == 0 and tokens_seen(machine.api, program) == {token}, what, lambda: done.stderr + machine.out("systemctl", "status", DAEMON))


def no_token(judge, machine):
    """Without one."""
    for user in ("alice", "bob", "carol"):
        machine.add_user(user)
    machine.configure()
    machine.api = API(machine)
    expect_token(judge, machine, "none", "", "the service starts, and asks without a token")


def a_token(judge, machine):
    """With one in /etc/credstore."""
    machine.write(COMMON, "secret-of-all\n", "600")
    machine.run("systemctl", "restart", DAEMON)
    expect_token(judge, machine, "one", "secret-of-all", "the service asks with it")
    for user, path in (("alice", f"{LOADED}/api-token"), ("alice", COMMON), ("progress-sync", COMMON)):
        judge.expect(machine.run("cat", path, user=user, check=False).returncode != 0, f"{user} cannot read {path}")
    shown = machine.out("progressctl", "config", "show") + machine.journal() + machine.out("systemctl", "show", DAEMON) + \
        machine.sh("cat /proc/$(systemctl show -P MainPID progress-syncd)/environ /proc/$(systemctl show -P MainPID progress-syncd)/cmdline | tr '\\0' '\\n'")
    judge.expect("secret-of-all" not in shown, "it stands neither in the journal, nor in the configuration shown, nor in the environment")
    machine.write(COMMON, "another-secret\n", "600")
    machine.run("systemctl", "restart", DAEMON)
    expect_token(judge, machine, "two", "another-secret", "changed, it takes a restart")
    machine.run("systemctl", "reload", DAEMON)
    judge.expect(machine.is_active(), "a reload goes well with it")


def a_sealed_token(judge, machine):
    """With one that is encrypted for this machine."""
    sealed = "/etc/progress-sync/api-token.sealed"
    machine.sh(f"printf sealed-secret | systemd-creds encrypt --with-key=host --name=api-token - {sealed}")
    machine.drop_in(f"LoadCredential=\nLoadCredentialEncrypted=api-token:{sealed}")
    machine.run("systemctl", "restart", DAEMON, check=False)
    expect_token(judge, machine, "sealed", "sealed-secret", "a drop-in of two lines is all")
    machine.drop_in("")
    machine.run("systemctl", "restart", DAEMON)


def a_refused_token(judge, machine):
    """With one that the API does not accept."""
    machine.api.order(refused=["another-secret"])
    machine.drop(1, "held", user="alice")
    machine.await_kind("apiHolds")
    held = machine.await_kind("incidentHeld")
    judge.expect(held[-1]["PRIORITY"] == "3" and held[-1]["HTTP_STATUS"] == "401", "a person is called, once, at priority err", held[-1])
    machine.await_("the status", lambda: "held" in machine.show("StatusText"))
    judge.expect("401" in machine.show("StatusText"), "STATUS= says that it is held, and why", machine.show("StatusText"))
    pending = machine.queue()
    judge.expect(len(pending) == 1 and pending[0]["attempts"] == 0, "what waits stays, and no attempt is counted", pending)
    judge.expect(machine.ctl("doctor").returncode == 1, "doctor calls it a problem", lambda: machine.out("progressctl", "doctor"))
    machine.write(COMMON, "third-secret\n", "600")
    machine.run("systemctl", "restart", DAEMON)
    machine.await_empty()
    judge.expect(tokens_seen(machine.api, "held") == {"another-secret", "third-secret"}, "with the next token it is delivered", machine.api.requests()[-2:])


def no_tokens_of_their_own(judge, machine):
    """Without a directory for people's own, with an empty one, and with one full of other things."""
    before = machine.show("NRestarts")
    for number, (how, script) in enumerate({"without one": f"rmdir {TOKENS}", "with an empty one": f"mkdir -m 700 {TOKENS}", "with strange files in it": STRANGE}.items()):
        machine.sh(script)
        done = machine.run("systemctl", "restart", DAEMON, check=False)
        judge.expect(done.returncode == 0, f"{how}, it starts", lambda: machine.out("systemctl", "status", DAEMON))
        expect_token(judge, machine, f"plain-{number}", "third-secret", "and delivers with the common one", user="carol")
    said = [entry["PROGRESS_REASON"] for entry in machine.await_kind("userTokenUnusable")]
    judge.note(f"{len(said)} of the strange files are complained of")
    judge.expect(any("token_nobody-here" in reason for reason in said), "whom the system does not know is named", said)
    judge.expect(any("token_bob" in reason for reason in said), "and whose token is no token", said)
    judge.expect(machine.show("NRestarts") == before, "no start had to be tried again", machine.show("NRestarts"))
    machine.sh(f"rm -r {TOKENS} && systemd-tmpfiles --create progress-sync.conf")


def tokens_of_their_own(judge, machine):
    """Tokens of people's own."""
    judge.expect(machine.out("stat", "-c", "%a %U:%G", TOKENS) == "700 root:root", "the directory for them is there, for root alone", machine.out("ls", "-ld", TOKENS))
    for user in ("alice", "bob"):
        machine.write(f"{TOKENS}/{user}", f"secret-of-{user}\n", "600")
    machine.run("systemctl", "restart", DAEMON)
    for user in ("alice", "bob", "carol"):
        machine.drop_many(f"by-{user}", 5, user=user)
    machine.await_empty()
    for user, token in (("alice", "secret-of-alice"), ("bob", "secret-of-bob"), ("carol", "third-secret")):
        judge.expect(tokens_seen(machine.api, f"by-{user}") == {token}, f"what {user} dropped arrives with {token}", tokens_seen(machine.api, f"by-{user}"))
    judge.expect(machine.run("cat", f"{LOADED}/token_bob", user="alice", check=False).returncode != 0, "alice cannot read bob's")


def one_of_them_refused(judge, machine):
    """One of them refused."""
    machine.api.order(refused=["secret-of-bob"])
    for user in ("alice", "bob", "carol"):
        machine.drop_many(f"then-{user}", 5, user=user)
    machine.await_("what is not held", lambda: sum(len(machine.api.taken(f"then-{user}")) for user in ("alice", "carol")) == 10)
    left = machine.queue()
    uid = int(machine.out("id", "-u", "bob"))
    judge.expect(not machine.api.taken("then-bob") and {entry["sender_uid"] for entry in left} == {uid} and len(left) == 5,
                 "bob's five are held, and nobody else's", left)
    said = machine.await_kind("incidentAccountHeld")
    judge.expect([entry["PROGRESS_ACCOUNT_UID"] for entry in said] == [str(uid)] and "bob" in said[0]["MESSAGE"], "the journal says whose token it is", said)
    judge.expect("bob" in machine.out("progressctl", "status", "--system"), "and so does progressctl status", lambda: machine.out("progressctl", "status", "--system"))
    machine.run("rm", f"{TOKENS}/bob")
    machine.run("systemctl", "restart", DAEMON)
    machine.ctl("flush", "--system")
    machine.drop(6, "then-bob", user="bob")
    machine.drop(9, "probe", user="carol")
    machine.await_("carol's", lambda: machine.api.taken("probe"))
    judge.expect(not machine.api.taken("then-bob"), "without a token of his, nothing of bob's goes out with another one, nor what he drops meanwhile", tokens_seen(machine.api, "then-bob"))
    machine.write(f"{TOKENS}/bob", "new-secret-of-bob\n", "600")
    machine.run("systemctl", "restart", DAEMON)
    machine.await_empty()
    judge.expect(tokens_seen(machine.api, "then-bob") == {"secret-of-bob", "new-secret-of-bob"} and len(machine.api.taken("then-bob")) == 6,
                 "with a new one of his own, all six arrive", tokens_seen(machine.api, "then-bob"))


def nobody_knows_her(judge, machine):
    """A user whom the system cannot name for a while."""
    def queue(program):
        """Leaves the system without alice's name, and five of hers in the queue."""
        machine.api.order(status=503)
        machine.drop_many(program, 5, user="alice")
        machine.await_pending(5)
        machine.sh("cp -p /etc/passwd /root/passwd && sed -i /^alice:/d /etc/passwd")
    uid, group = machine.out("id", "-u", "alice"), machine.out("getent", "group", "progress-sync-submit").split(":")[2]
    queue("before-a-reload")
    machine.run("systemctl", "reload", DAEMON)
    machine.run("setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={group}", "python3", "/mnt/guest/drops.py", "after-a-reload", "5")
    machine.api.order()
    machine.await_empty()
    for program in ("before-a-reload", "after-a-reload"):
        seen = tokens_seen(machine.api, program)
        judge.expect(seen == {"secret-of-alice"} and len(machine.api.taken(program)) == 5, f"what she dropped {program.replace('-', ' ')} arrives with her token", seen)
    machine.run("mv", "/root/passwd", "/etc/passwd")
    queue("over-a-restart")
    asked = len(machine.api.requests())
    machine.run("systemctl", "restart", DAEMON)
    machine.api.order()
    machine.ctl("flush", "--system")
    machine.ctl("complete", "carols", "1", "1", "--wait=synced", user="carol")
    paths = [request["path"] for request in machine.api.requests()[asked:] if request["status"] == 200]
    judge.expect(len(machine.queue()) == 5 and paths == ["/api/progress/carols/complete"], "over a restart, what was taken in for her waits, and carol's does not", paths)
    judge.expect(any("token_alice: the system knows no such user" in entry["MESSAGE"] for entry in machine.await_kind("userTokenUnusable")), "and the journal says why")
    machine.run("mv", "/root/passwd", "/etc/passwd")
    machine.run("systemctl", "reload", DAEMON)
    machine.await_empty()
    judge.expect(tokens_seen(machine.api, "over-a-restart") == {"secret-of-alice"}, "named again, a reload is enough, and all is delivered with her token",
                 tokens_seen(machine.api, "over-a-restart"))


CASES = [no_token, a_token, a_sealed_token, a_refused_token, no_tokens_of_their_own, tokens_of_their_own, one_of_them_refused, nobody_knows_her]
