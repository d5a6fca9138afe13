# SPDX-License-Identifier: MIT
"""A node for the trials, what is on it, and whether it is whole.

A node is a directory that commands are chrooted into: nodelift itself is the real one, the two daemons are
real processes of real files (daemon.c), and only systemctl is a stand-in (systemctl.c).

It is whole when every file, with its mode, owner, attributes and content, is that of the old set, or that of the
new set; nothing else may be there; the daemons must run what their files are; `nodelift status` must say that
version.
"""
import contextlib
import hashlib
import http.server
import json
import os
import shutil
import socket
import stat
import struct
import subprocess
import threading
import time

from disk import DISKS, TOPS

HERE = os.path.dirname(os.path.abspath(__file__))
MKIMAGE = os.path.join(HERE, "../lab/mkimage")

OLD, NEW = "1.0.0", "2.0.0"
STATE = "var/lib/nodelift"
PROGRAMS = {"docker.service": "usr/sbin/dockerd", "containerd.service": "usr/bin/containerd"}
PROFILE = {
    "name": "crash",
    "version": {"label": "version"},
    "files": [
        {"from": "/dockerd", "unit": "docker.service", "required": True, "version": True},
        {"from": "/containerd", "unit": "containerd.service", "required": True},
        {"from": "/runc"},
        {"from": "/engine.conf", "to": "/etc/engine/engine.conf"},
        {"from": "/plugin", "to": "/opt/cni/bin/"},  # neither the file nor its directories are there before
    ],
    "units": ["containerd.service", "docker.service"],
}

IMAGE_FILES = [os.path.basename(file["from"]) for file in PROFILE["files"]]

NOBODY = 0xffffffff  # in an entry that names no user or group
# As the kernel keeps them: user::rw-, user:99:r--, group::r--, mask::r--, other::--- and cap_net_raw=ep.
ACL = struct.pack("<I" + "HHI" * 5, 2, 1, 6, NOBODY, 2, 4, 99, 4, 4, NOBODY, 16, 4, NOBODY, 32, 0, NOBODY)
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)

TIMEOUT = 60  # seconds that one command may take


class Failure(Exception):
    """The node is not whole."""


class WrongStatus(Failure):
    """It is, but nodelift says something else of it."""


class Untidy(Failure):
    """It is, but something lies about that nobody needs."""


# ---- a node


class Node:
    def __init__(self, work, name, filesystem="tmpfs"):
        self.work = work
        self.root = os.path.join(work, name)
        self.log = self.root + ".calls"
        os.mkdir(self.root)
        self.disk = DISKS[filesystem](self.root)
        self.tracer = [os.path.join(work, "tracer"), *self.disk.tracer]
        for folder in ("proc", "dev", "run/systemd/system", "run/units", "standin"):
            os.makedirs(os.path.join(self.disk.scaffold, folder))
        os.mknod(os.path.join(self.disk.scaffold, "dev/null"), 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        for program in ("nodelift", "systemctl"):
            shutil.copy(os.path.join(work, program), os.path.join(self.disk.scaffold, "standin"))
        self.disk.mount()

    def close(self):
        self.systemctl("stop")
        self.disk.close()

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    # ---- its disk

    def restore(self, template):
        """The disk as it was saved, and the daemons run from it."""
        self.systemctl("stop")
        self.disk.restore(template)
        self.systemctl("start")
        self.wait_for_engine()

    def save(self, template):
        os.mkdir(template)
        subprocess.run(["cp", "-a", *map(self.path, TOPS), template], check=True)

    def tree(self):
        """Everything on the disk but nodelift's own state: {path: description}."""
        found = {}
        for top in TOPS:
            for folder, folders, names in os.walk(self.path(top)):
                for name in folders + names:
                    path = os.path.join(folder, name)
                    found[os.path.relpath(path, self.root)] = describe(path)
                if os.path.relpath(folder, self.root) == os.path.dirname(STATE):
                    folders[:] = [one for one in folders if one != os.path.basename(STATE)]
        return {path: text for path, text in found.items() if path != STATE}

    def stale_state(self):
        """Temporary files in nodelift's own directory that nobody needs."""
        return [os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, names in os.walk(self.path(STATE)) for name in names
                if is_stale(os.path.join(folder, name))]

    def has_ended(self):
        """The last run, by its journal."""
        runs = os.path.join(STATE, "runs")
        names = os.listdir(self.path(runs)) if os.path.isdir(self.path(runs)) else []
        journal = os.path.join(runs, max(names, default=""), "journal")
        return not os.path.isfile(self.path(journal)) or b'"record":"end"' in self.read(journal)

    # ---- its processes

    def systemctl(self, verb):
        subprocess.run(["chroot", self.root, "/standin/systemctl", verb, "--", *PROGRAMS], check=True)

    def wait_for_engine(self):
        for _ in range(5000):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(self.path("run/docker.sock"))
                return
            time.sleep(0.001)
        raise Failure("the engine does not start")

    def nodelift(self, *words, at=(), record=""):
        """Its exit status and what it said. at: (N, ACTION) for the tracer; record: a file for what it does."""
        command = [*self.tracer, "--root", self.root, "--log", self.log]
        if at:
            command += ["--at", str(at[0]), at[1]]
        if record:
            command += ["--record", record]
        try:
            done = subprocess.run(
                [*command, "/standin/nodelift", *words], text=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": "/standin:/usr/sbin:/usr/bin"})
        except subprocess.TimeoutExpired:
            raise Failure(f"'nodelift {words[0]}' does not end") from None
        return done.returncode, done.stdout, done.stderr

    def calls(self):
        """The calls of the last command, [(name, subject)]."""
        with open(self.log, errors="replace") as file:
            return [tuple(line.rstrip("\n").replace(self.root, "").split(" ", 2)[1:]) for line in file]


def is_stale(path):
    return path.endswith(".new") or os.path.basename(os.path.dirname(path)) == "tmp"


def describe(path):
    status = os.lstat(path)
    attributes = {key: os.getxattr(path, key, follow_symlinks=False).hex()
                  for key in sorted(os.listxattr(path, follow_symlinks=False))}
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return description(status.st_mode, status.st_uid, status.st_gid, attributes, content)


def description(mode, uid, gid, attributes, content):
    return f"{stat.filemode(mode)} {uid}:{gid} {attributes or ''} {content}".strip()


# ---- what is on it


def write(path, content, mode=0o644, owner=(0, 0)):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chown(path, *owner)
    os.chmod(path, mode)


def config_text(version):
    return f"# the configuration of version {version}\n".encode() * 64


def make_old_disk(node):
    """As a distribution's package would leave it; owner and mode of some files are not what an image would say."""
    for path in PROGRAMS.values():
        shutil.copy(os.path.join(node.work, f"{os.path.basename(path)}-{OLD}"), node.path("standin/copy"))
        write(node.path(path), node.read("standin/copy"), 0o755)
    write(node.path("usr/sbin/runc"), b"#!runc 1\n" * 100, 0o750, (0, 7))
    write(node.path("etc/engine/engine.conf"), config_text(OLD), 0o640, (12, 34))
    os.setxattr(node.path("etc/engine/engine.conf"), "trusted.crash", b"kept")
    with contextlib.suppress(OSError):  # not every kernel's tmpfs has them
        os.setxattr(node.path("etc/engine/engine.conf"), "system.posix_acl_access", ACL)
    os.setxattr(node.path(PROGRAMS["containerd.service"]), "security.capability", CAPABILITY)
    write(node.path("etc/systemd/system/multi-user.target.wants/other.service"), b"[Unit]\n")
    os.makedirs(node.path("opt"))
    os.makedirs(node.path("var/lib"))
    write(node.path("etc/nodelift/profiles/crash.json"), json.dumps({**PROFILE, "images": ["*/engine"]}).encode())


def make_image(work):
    """An OCI layout of version NEW; its digest."""
    source = os.path.join(work, "image")
    for name in ("dockerd", "containerd"):
        with open(os.path.join(work, f"{name}-{NEW}"), "rb") as file:
            write(os.path.join(source, name), file.read(), 0o755)
    write(os.path.join(source, "runc"), b"#!runc 2, a little longer\n" * 100, 0o755)
    write(os.path.join(source, "plugin"), b"#!plugin\n" * 100, 0o755)
    write(os.path.join(source, "engine.conf"), config_text(NEW))
    done = subprocess.run([MKIMAGE, "build", os.path.join(work, "layout"), "--label", "version=" + NEW,
                           "--tree", source], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


class Registry(http.server.BaseHTTPRequestHandler):
    """An OCI layout, as much of it as one pull by digest asks for."""
    layout = ""

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        try:
            with open(os.path.join(self.layout, "blobs", *name.split(":")), "rb") as file:
                body = file.read()
        except OSError:
            body = b""
        self.send_response(200 if body else 404)
        if "/manifests/" in self.path:
            self.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def must(node, *words):
    status, _, said = node.nodelift(*words)
    if status:
        raise Failure(f"'nodelift {words[0]}' ends with status {status} although nothing is in its way: {said}")


def prepare(node):
    """Templates "before" (the old set, the image in the store) and "after" (an upgrade later); the image and
    {version: tree} as they should be."""
    digest = make_image(node.work)
    make_old_disk(node)
    node.systemctl("start")
    node.wait_for_engine()
    Registry.layout = os.path.join(node.work, "layout")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    image = f"127.0.0.1:{server.server_port}/engine@{digest}"
    must(node, "fetch", "--plain-http", image)
    server.shutdown()
    server.server_close()
    node.save(os.path.join(node.work, "before"))
    old = node.tree()
    must(node, *upgrade(image))
    node.save(os.path.join(node.work, "after"))
    return image, {OLD: old, NEW: with_image(old, node.work)}


def upgrade(image):
    return "upgrade", "--plain-http", "--soak", "0", image


# ---- is it whole?


def differences(have, want):
    return [f"{path}: {have.get(path, 'is not there')}, not {want.get(path, 'there')}"
            for path in sorted(have.keys() | want.keys()) if have.get(path) != want.get(path)]


def version_of(node, sets):
    """The version whose set is on the disk, complete and alone."""
    tree = node.tree()
    for version, want in sets.items():
        if tree == want:
            return version
    nearest = min(sets, key=lambda version: len(differences(tree, sets[version])))
    raise Failure(f"mixed, nearest to {nearest}:\n" + "\n".join(differences(tree, sets[nearest])))


def check_processes(node):
    for unit, program in PROGRAMS.items():
        with contextlib.suppress(OSError):
            running = os.stat(f"/proc/{node.read('run/units/' + unit).decode().strip()}/exe")
            if os.path.samestat(running, os.stat(node.path(program))):
                continue
        raise Failure(f"{unit} does not run /{program}")


def check_status(node, version):
    status, said, errors = node.nodelift("status", "--json")
    if status:
        raise WrongStatus(f"'nodelift status' ends with status {status}: {errors}")
    told = json.loads(said)
    if told["engine"].get("version") != version:
        raise WrongStatus(f"'nodelift status' says {told['engine']}, but the files are {version}")
    if "unfinished" in told or "running" in told:
        raise WrongStatus(f"'nodelift status' says that something goes on: {said}")


def check_whole(node, sets):
    version = version_of(node, sets)
    check_processes(node)
    check_status(node, version)
    stale = node.stale_state()
    if stale:
        raise Untidy("left behind: " + ", ".join(stale))
    return version


def with_image(old, work):
    """The set that the image makes of the old one: contents change, owners, modes and attributes stay."""
    def content(name):
        return describe(os.path.join(work, "image", name)).split()[-1]

    new = {path: f"{text.rpartition(' ')[0]} {content(os.path.basename(path))}"
           if os.path.basename(path) in IMAGE_FILES else text for path, text in old.items()}
    new["opt/cni"] = new["opt/cni/bin"] = "drwxr-xr-x 0:0"
    new["opt/cni/bin/plugin"] = "-rwxr-xr-x 0:0  " + content("plugin")
    return new


def without_ours(tree):
    """What counts at once; what is tidied up later is left out: temporary files, directories without a file."""
    kept = {path: text for path, text in tree.items() if "nodelift-" not in path}
    files = [path for path, text in kept.items() if not text.startswith("d")]
    return {path: text for path, text in kept.items()
            if not text.startswith("d") or any(file.startswith(path + "/") for file in files)}


def boot_option(at_boot):
    return ["--boot"] if at_boot else []


def recover(node, at_boot):
    """By hand, or as the boot after a power cut does: the daemons start when it has ended."""
    if at_boot:
        node.systemctl("stop")
    status, _, said = node.nodelift("recover", *boot_option(at_boot))
    if status:
        raise Failure(f"'nodelift recover' ends with status {status}: {said}")
    if at_boot:
        node.systemctl("start")
        node.wait_for_engine()


