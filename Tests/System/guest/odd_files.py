"""Entries of incoming/ that are no files, or files that are no good."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import stat
import time

from person import INCOMING, drop, place, write
from scene import QUEUE, SPOOL, journal, sweep

F_SETLEASE = 1024


def symbolic_links(scene):
    """Links to what bob may not read, or the daemon should not."""
    alice, bob = scene.alice, scene.bob
    hers = place(b".alice-target")
    alice.does(lambda: write(hers, json.dumps(alice.action()).encode()))
    good = os.path.join(bob.home, b"good.json")
    bob.does(lambda: (os.path.exists(good) or write(good, json.dumps(bob.action()).encode(), 0o644), None)[1])
    targets = {"hers": hers, "shadow": b"/etc/shadow", "queue": QUEUE, "environment": b"/proc/self/environ", "device": b"/dev/zero",
               "nowhere": b"/nowhere", "itself": b"itself.json", "good": good, "directory": b"/etc"}
    for name, target in targets.items():
        bob.does(lambda name=name, target=target: os.symlink(target, place(f"link-{name}.json".encode())))
    scene.others_go_on("amid symbolic links")
    for name in targets:
        scene.expect_rejected(bob, f"link-{name}.json", "symbolic link", f"a symbolic link ({name})")
        status, text = bob.asks(f"/v1/rejected/link-{name}.json")
        scene.expect(status != 200, f"and the daemon does not read it to bob ({status})", text[:200])
    kept = SPOOL + b"/rejected/link-shadow.json"
    scene.expect(os.path.islink(kept) and os.readlink(kept) == b"/etc/shadow", "it is kept as the link that it was")
    status, text = bob.asks("/v1/rejected/requeue", {"names": ["link-shadow.json"]})
    scene.expect_rejected(bob, "link-shadow.json", "symbolic link", f"dropped once more by the daemon ({status}), it")
    sweep(scene)


def special_files(scene):
    """Pipes and sockets, which must not be opened, and devices, which cannot be made."""
    bob = scene.bob
    bob.does(lambda: os.mkfifo(place(b"pipe.json")))
    bob.does(lambda: socket.socket(socket.AF_UNIX).bind(place(b"socket.json")))
    scene.refused(bob, "EPERM", "make a device", lambda: os.mknod(place(b"device.json"), stat.S_IFCHR | 0o666, os.makedev(1, 5)))
    scene.others_go_on("beside a pipe")
    scene.expect_rejected(bob, "pipe.json", "named pipe", "a pipe")
    scene.expect_rejected(bob, "socket.json", "socket", "a socket")
    seen = bob.asks("/v1/rejected/pipe.json", timeout=20)
    scene.expect(seen[0] != 200, f"and the daemon does not wait for its other end ({seen[0]})", seen)


def directory(scene):
    """A directory with something in it, and one that the daemon may not enter."""
    bob = scene.bob
    made = [place(b"folder.json"), place(b"closed.json"), place(b"folder")]
    bob.does(lambda: [(os.mkdir(path), os.chmod(path, 0o700)) for path in made] and None)
    bob.does(lambda: (write(made[0] + b"/a.json", b"{}"), os.chmod(made[1], 0)) and None)
    scene.others_go_on("beside bob's directories")
    time.sleep(1)
    scene.others_go_on("later, too")
    said = [entry["MESSAGE"] for entry in journal(scene) if "folder.json" in str(entry["MESSAGE"])]
    scene.expect(len(said) == 1 and "a directory" in said[0], "a directory is mentioned, once", said)
    scene.expect(all(map(os.path.isdir, made)), "and left alone")
    bob.does(lambda: (os.unlink(made[0] + b"/a.json"), [os.rmdir(path) for path in made]) and None)


def lease(scene):
    """A lease makes whoever opens the file wait for its holder; here the holder never lets go."""
    bob = scene.bob
    action = bob.action()
    text = json.dumps(action).encode()

    def hold():
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        write(place(b".leased"), text)
        descriptor = os.open(place(b".leased"), os.O_RDONLY)
        fcntl.fcntl(descriptor, F_SETLEASE, fcntl.F_WRLCK)
        os.rename(place(b".leased"), place(b"leased.json"))
        time.sleep(600)

    with bob.doing(hold):
        scene.await_(lambda: os.path.exists(place(b"leased.json")) or os.listdir(SPOOL + b"/claimed"), 5)
        for _ in range(3):
            scene.others_go_on("while bob holds a lease on his")
            time.sleep(1)
        scene.expect(bob.state(action["id"]) == "unknown", "what is under the lease waits")
    scene.honest.append((bob, action["id"]))
    scene.expect(bob.state(action["id"], 60) != "unknown", "and is accepted when the lease is gone")


def modes(scene):
    """Set-id bits, and files that the daemon may not read."""
    bob = scene.bob

    def set_id():
        drop(b".set-id", json.dumps(action).encode(), 0, 0o6777)
        os.chmod(place(b".set-id"), 0o6755)
        return stat.S_IMODE(os.stat(place(b".set-id")).st_mode)

    action = bob.action()
    mode = bob.does(set_id)
    scene.expect(not mode & stat.S_ISGID, f"bob cannot make a program of the daemon's group ({mode:o})")
    bob.does(lambda: os.rename(place(b".set-id"), place(b"set-id.json")))
    scene.honest.append((bob, action["id"]))
    scene.expect(bob.state(action["id"], 20) != "unknown", "with such a mode, an action is an action")
    elsewhere = os.path.join(bob.home, b"private.json")
    private = json.dumps(bob.action()).encode()
    if os.stat(bob.home).st_dev == os.stat(INCOMING).st_dev:
        bob.does(lambda: (write(elsewhere, private, 0o600), os.rename(elsewhere, place(b"private.json")))[0])
    else:
        bob.does(lambda: (write(place(b".private"), private), os.chmod(place(b".private"), 0o600), os.rename(place(b".private"), place(b"private.json")))[0])
    scene.expect_rejected(bob, "private.json", "unreadable", "a file of mode 0600 that was moved in")


def sizes(scene):
    """Files that would fill memory, and such that change while they are read."""
    bob = scene.bob
    bob.does(lambda: (write(place(b".sparse"), b""), os.truncate(place(b".sparse"), 1 << 40), os.rename(place(b".sparse"), place(b"sparse.json"))) and None)
    bob.does(lambda: drop(b"large.json", b"[" + b" " * (32 << 20)))
    bob.does(lambda: drop(b"deep.json", b"[" * 60000))
    bob.does(lambda: drop(b"empty.json", b""))
    scene.others_go_on("beside a tebibyte")
    for name, reason in (("sparse", "too large"), ("large", "too large"), ("deep", "nested"), ("empty", "empty")):
        scene.expect_rejected(bob, f"{name}.json", reason, f"{name}.json")
    action, again = bob.action(), bob.action()

    def fickle():
        text = json.dumps(action).encode()
        for number in range(100_000):
            with contextlib.suppress(FileNotFoundError), open(place(b"fickle-%d.json" % (number % 7)), "wb", buffering=0) as file:
                for _ in range(20):
                    file.write(text[: number % len(text)])
                    os.truncate(file.fileno(), 0)
                    os.lseek(file.fileno(), 0, os.SEEK_SET)
                file.write(text)

    with bob.doing(fickle):
        for _ in range(3):
            time.sleep(0.5)
            scene.others_go_on("while bob's files change under the daemon's eyes")
    bob.does(lambda: drop(b"calm.json", json.dumps(again).encode()))
    scene.honest.append((bob, again["id"]))


ATTACKS = [symbolic_links, special_files, directory, lease, modes, sizes]
