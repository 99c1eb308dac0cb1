"""What bob tries on directories, and on a file of alice's that stays in incoming/ and whose name he knows."""

import ctypes
import json
import os

from person import INCOMING, SOCKET, ask, drop, place, write
from scene import QUEUE, SPOOL, sweep

RENAME_EXCHANGE = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def directories(scene):
    """Listing, swapping, and what a stranger may do."""
    for person in (scene.alice, scene.bob, scene.eve):
        for directory in (INCOMING, SPOOL + b"/claimed", SPOOL + b"/rejected", os.path.dirname(QUEUE)):
            scene.refused(person, "EACCES", f"list {directory.decode()}", lambda directory=directory: len(os.listdir(directory)))
    bob = scene.bob
    scene.refused(bob, "EACCES", "put anything beside incoming/", lambda: os.mkdir(SPOOL + b"/mine"))
    scene.refused(bob, "EACCES EPERM EBUSY", "rename incoming/ away", lambda: os.rename(INCOMING, SPOOL + b"/gone"))
    scene.refused(bob, "EPERM", "change the mode of incoming/", lambda: os.chmod(INCOMING, 0o777))
    for directory in (b"/claimed", b"/rejected"):
        scene.refused(bob, "EACCES", f"put a file into {directory.decode()[1:]}/", lambda directory=directory: write(SPOOL + directory + b"/a.json", b"{}"))
    scene.refused(scene.eve, "EACCES", "drop anything", lambda: drop(b"eve.json", b"{}"))
    scene.refused(scene.eve, "EACCES", "connect to the control socket", lambda: ask("/v1/status"))


def files_of_others(scene):
    """A file of alice's that stays in incoming/, and bob, who knows its name."""
    alice, bob = scene.alice, scene.bob
    for number, (umask, mode) in enumerate([(0o022, 0o644), (0o000, 0o640), (0o077, 0o600), (0o000, 0o666)]):
        victim, mine = place(b".alice-%d" % number), place(b".bob-%d" % number)
        alice.does(lambda victim=victim, umask=umask, mode=mode: (os.umask(umask), write(victim, b"secret of alice", mode))[1])
        bob.does(lambda mine=mine: write(mine, b"bob"))
        which = f"alice's file of mode {mode:o} under umask {umask:03o}"
        scene.refused(bob, "EACCES", f"read {which}", lambda victim=victim: open(victim, "rb").read().decode())
        scene.refused(bob, "EACCES", f"write to {which}", lambda victim=victim: os.open(victim, os.O_WRONLY | os.O_APPEND))
        if number:
            continue
        scene.refused(bob, "EACCES", "open it as if it were new", lambda: os.open(victim, os.O_WRONLY | os.O_CREAT, 0o666))
        scene.refused(bob, "EACCES", "cut it short", lambda: os.truncate(victim, 0))
        scene.refused(bob, "EPERM", "delete it", lambda: os.unlink(victim))
        scene.refused(bob, "EPERM", "rename it away", lambda: os.rename(victim, place(b".stolen")))
        scene.refused(bob, "EPERM", "rename his own over it", lambda: os.rename(mine, victim))
        scene.refused(bob, "EPERM", "exchange it for his own", lambda: rename(mine, victim, RENAME_EXCHANGE))
        scene.refused(bob, "EPERM", "change its mode", lambda: os.chmod(victim, 0o666))
        scene.refused(bob, "EPERM", "give himself its access list", lambda: os.setxattr(victim, "system.posix_acl_access", ACCESS_FOR_ALL))
        scene.refused(bob, "EEXIST", "link his own over it", lambda: os.link(mine, victim))
        scene.expect(open(victim, "rb").read() == b"secret of alice", "alice's file is as it was")
    planted_name(scene)
    sweep(scene)
    for umask in (0o000, 0o022, 0o027, 0o077):
        action = scene.honestly(alice, umask=umask, mode=0o666)
        scene.expect(alice.state(action, 20) != "unknown", f"the daemon reads what is made under umask {umask:03o}")


# user::rw- group::rw- mask::rw- other::rw-, as in <linux/posix_acl_xattr.h>.
ACCESS_FOR_ALL = b"\2\0\0\0" + b"".join(bytes([tag, 0, 6, 0]) + b"\xff" * 4 for tag in (0x01, 0x04, 0x10, 0x20))


def planted_name(scene):
    """bob guesses the name that alice is going to make, and has a file of his own there that she may write to."""
    planted = place(b".planted.tmp")
    scene.bob.does(lambda: (write(planted, b""), os.chmod(planted, 0o666))[0])
    scene.refused(scene.alice, "EEXIST", "be led into bob's file by the protocol (O_EXCL)", lambda: write(planted, b"secret"))
    if scene.protected["regular"] == 2:
        scene.refused(scene.alice, "EACCES", "be led there by carelessness", lambda: os.open(planted, os.O_WRONLY | os.O_CREAT, 0o640))
    else:
        print("  skip that the kernel stops a careless alice from writing into bob's file: fs.protected_regular is not 2")


def hard_links(scene):
    """Second names: of others' files, root's and the daemon's, which must be refused; and of one's own."""
    alice, bob = scene.alice, scene.bob
    victim = place(b".alice-linked")
    alice.does(lambda: write(victim, b"secret of alice"))
    if scene.protected["hardlinks"]:
        scene.refused(bob, "EPERM", "give alice's file a second name", lambda: os.link(victim, place(b"hers.json")))
        scene.refused(bob, "EPERM EXDEV", "give /etc/shadow one", lambda: os.link(b"/etc/shadow", place(b"shadow.json")))
    else:
        print("  skip that others' files get no second name: fs.protected_hardlinks is 0")
    scene.refused(bob, "EACCES", "give the queue one", lambda: os.link(QUEUE, place(b"queue.json")))
    scene.refused(bob, "EACCES", "give a claimed file one", lambda: os.link(SPOOL + b"/claimed/x", place(b"claimed.json")))
    scene.refused(bob, "EPERM EXDEV EACCES", "give the control socket one", lambda: os.link(SOCKET.encode(), place(b"socket.json")))
    good = json.dumps(bob.action()).encode()
    bob.does(lambda: (write(place(b".two"), good), os.link(place(b".two"), place(b"two-names.json")))[0])
    scene.others_go_on("while bob's has two names")
    scene.expect_rejected(bob, "two-names.json", "2 names", "a file that keeps its second name")
    action = bob.action()
    text = json.dumps(action).encode()
    bob.does(lambda: (write(place(b".brief"), text), os.link(place(b".brief"), place(b"brief.json")), os.unlink(place(b".brief")))[0])
    scene.honest.append((bob, action["id"]))
    sweep(scene)


def rename(old, new, flags=0):
    if LIBC.renameat2(-100, old, -100, new, flags):
        raise OSError(ctypes.get_errno(), "renameat2")


ATTACKS = [directories, files_of_others, hard_links]
