# SPDX-License-Identifier: MIT
"""An emulated machine whose power can be cut, with a node (node.py) on its disk.

It boots a kernel of Debian's and what `guest` does as process 1; then it does what it is told on its console.
"""
import os
import re
import select
import shlex
import shutil
import subprocess
import time

from disk import TOPS, mount_image, unmount
from node import HERE, PROGRAMS, STATE, TIMEOUT, Failure, description, is_stale

QEMU = ("qemu-system-x86_64", "-machine", "microvm,pic=on,pit=on,rtc=on,accel=tcg", "-m", "256", "-no-reboot",
        "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none", "-serial", "stdio")
# Any frequency does: a busy host cannot be measured against, and the kernel hangs when it tries.
KERNEL_WORDS = "console=ttyS0 quiet loglevel=1 panic=-1 tsc_early_khz=2000000"
MODULES = ("virtio_ring", "virtio", "virtio_mmio", "virtio_blk")
FILESYSTEM_MODULES = {"ext4": (), "xfs": ("libcrc32c", "xfs"),
                      "btrfs": ("libcrc32c", "blake2b_generic", "xor", "raid6_pq", "zstd_compress", "btrfs")}

# What the guest does with what was not synced; the contents of files stay in memory in any case.
#   lazy    nothing is written that nobody asks for
#   names   names are on the disk within a second, also those of files whose contents are not
HABITS = {
    "ext4": {"lazy": "options=commit=3600", "names": "options=commit=1,noauto_da_alloc"},
    "xfs": {"lazy": "options=rw xfssyncd=720000", "names": "options=rw xfssyncd=100"},
    "btrfs": {"lazy": "options=commit=300", "names": "options=commit=1"},
}

ERASE = b"\33[K"  # of a progress that is told to a console

XFS_ACL = "trusted.SGI_ACL"  # where xfs keeps the ACL, once more under a name of its own
BLOBS = STATE + "/store/sha256"
GUARD = "/etc/systemd/system/multi-user.target.wants/nodelift-recover.service"


# ---- what it boots from


def pack(folder, image):
    names = "\n".join(os.path.relpath(os.path.join(top, name), folder)
                      for top, folders, files in os.walk(folder) for name in folders + files)
    with open(image, "wb") as file:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=folder, input=names.encode(), stdout=file,
                       stderr=subprocess.DEVNULL, check=True)


def make_initramfs(work, kernel, filesystem):
    """The guest's own files. Modules are loaded in the order of their names."""
    folder = os.path.join(work, "initramfs")
    for name in ("bin", "standin", "modules"):
        os.makedirs(os.path.join(folder, name))
    for number, name in enumerate(MODULES + FILESYSTEM_MODULES[filesystem]):
        shutil.copy(f"{kernel}/modules/{name}.ko", f"{folder}/modules/{number:02}-{name}.ko")
    for name in ("nodelift", "systemctl"):
        shutil.copy(os.path.join(work, name), os.path.join(folder, "standin"))
    shutil.copy(os.path.join(work, "listing"), os.path.join(folder, "bin"))
    shutil.copy(shutil.which("busybox"), os.path.join(folder, "bin"))
    os.symlink("busybox", os.path.join(folder, "bin/sh"))
    shutil.copy(os.path.join(HERE, "guest"), os.path.join(folder, "init"))
    pack(folder, os.path.join(work, "initramfs.cpio"))


def make_disk(work, filesystem):
    """A node at the old set, with the image in its store."""
    place = os.path.join(work, "place")
    os.mkdir(place)
    mount_image(filesystem, os.path.join(work, "disk"), place)
    subprocess.run(["cp", "-a", os.path.join(work, "before") + "/.", place], check=True)
    for name in ("proc", "dev", "run", "standin"):
        os.mkdir(os.path.join(place, name))
    subprocess.run(["cp", "-a", os.path.join(place, BLOBS), os.path.join(place, "image")], check=True)
    unmount(place)


# ---- while it has power


class Guest:
    """The machine from its boot to its end. First it says a status: whether it could mount its disk."""

    def __init__(self, bench, disk, words):
        self.said, self.times, self.rest = [], [], b""
        self.emulator = subprocess.Popen(
            [*QEMU, "-kernel", f"{bench.kernel}/vmlinuz", "-initrd", f"{bench.work}/initramfs.cpio",
             "-append", f"{KERNEL_WORDS} {words}", "-device", "virtio-blk-device,drive=disk",
             "-drive", f"id=disk,if=none,format=raw,cache=writeback,file={disk}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def cut(self):
        self.emulator.kill()
        self.emulator.communicate()

    def begin(self, command):
        self.emulator.stdin.write(command.encode() + b"\n")
        self.emulator.stdin.flush()
        self.said, self.times = [], [time.monotonic()]

    def ended(self, seconds, lines=None):
        """The status of what was begun; None if it has none after so long, or when it has said so many lines."""
        end = time.monotonic() + seconds
        while True:
            while b"\n" in self.rest:
                line, _, self.rest = self.rest.partition(b"\n")
                line = line.rpartition(ERASE)[2].decode(errors="replace").rstrip("\r")
                if line.startswith("status: "):
                    return int(line.split()[1])
                self.said.append(line)
                self.times.append(time.monotonic())
                if len(self.said) == lines:
                    return None
            left = max(0, end - time.monotonic())
            if not select.select([self.emulator.stdout], [], [], left)[0]:
                return None
            data = os.read(self.emulator.stdout.fileno(), 65536)
            if not data:
                raise Failure("the emulator ended: " + "\n".join(self.said[-10:]))
            self.rest += data

    def must_end(self, what):
        status = self.ended(TIMEOUT)
        if status is None:
            raise Failure(f"'{what}' does not end: " + "\n".join(self.said[-10:]))
        return status

    def do(self, command):
        """Its status and what it said."""
        self.begin(command)
        return self.must_end(command), "\n".join(self.said)

    # ---- the node on it, as far as the functions of node.py ask

    def nodelift(self, *words):
        status, said = self.do(f"chroot /node /standin/nodelift {shlex.join(words)} 2>/errors")
        return status, said, self.do("cat /errors")[1]

    def guard(self):
        """The command of the unit that the next boot runs, "" without one."""
        status, unit = self.do(f"[ -L /node{GUARD} ] && cat /node$(readlink /node{GUARD})")
        command = re.search("^ExecStart=(.*)$", unit, re.MULTILINE)
        if status == 0 and not command:
            raise Failure(f"the guard's unit is not whole: '{unit}'")
        return command.group(1) if command else ""

    def fetch(self):
        """The image is in the store again, should nodelift have found that nobody needs it."""
        self.do(f"cd /node/image; missing=; for blob in *; do [ -e /node/{BLOBS}/$blob ] || missing=1; done; "
                f'[ -z "$missing" ] || {{ cp -p * /node/{BLOBS}; sync; }}')

    def start_engine(self):
        status, said = self.do(f"chroot /node systemctl start -- {' '.join(PROGRAMS)} && i=0; "
                               "until [ -S /node/run/docker.sock ]; do usleep 10000; [ $((i += 1)) -lt 500 ]; done")
        if status:
            raise Failure(f"the engine does not start: {said}")

    def files(self):
        """The tree as Node.tree() has it, and what is stale in nodelift's own directory."""
        tops = " ".join(TOPS)
        _, sums = self.do(f"cd /node && find {tops} -path {STATE} -prune -o -type f -print0 | xargs -0 sha256sum")
        digests = dict(reversed(line.split("  ", 1)) for line in sums.splitlines())
        status, lines = self.do(f"cd /node && listing {tops}")
        if status:
            raise Failure(f"its files cannot be listed: {lines}")
        tree, stale = {}, []
        for line in lines.splitlines():
            mode, uid, gid, path, target, *attributes = line.split("\t")
            if path.startswith(STATE + "/"):
                stale += [path] * (mode[0] == "1" and is_stale(path))
            elif path != STATE:
                named = dict(sorted(one.split("=") for one in attributes if not one.startswith(XFS_ACL)))
                tree[path] = description(int(mode, 8), uid, gid, named, target or digests.get(path, "")[:16])
        return tree, stale
