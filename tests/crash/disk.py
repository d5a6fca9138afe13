# SPDX-License-Identifier: MIT
"""What a node's disk is on: {name: class} in DISKS.

A disk is made in the mount namespace of the trials and goes with it, also its loop devices: they are those that
mount(8) takes and the kernel gives back. Their images are on a tmpfs: what is synced costs no time.
"""
import os
import shutil
import subprocess

TOPS = ("usr", "etc", "opt", "var")  # what a trial may change and is made anew; the rest is scaffolding
TMPFS_OPTIONS = "size=256m,mode=755"
IMAGE_SIZE = 512 << 20  # sparse; xfs wants 300 MiB


class Unsupported(Exception):
    """The kernel does not know this file system."""


def mount(kind, source, place, options="defaults"):
    done = subprocess.run(["mount", "-t", kind, "-o", options, source, place],
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        return
    with open("/proc/filesystems", encoding="ascii") as known:
        if kind not in known.read().split():
            raise Unsupported(f"this kernel has no {kind}")
    raise OSError(f"cannot mount {kind} at {place}: {done.stderr}")


def mount_image(kind, image, place):
    with open(image, "wb") as file:
        file.truncate(IMAGE_SIZE)
    subprocess.run(["mkfs." + kind, "-q", image], check=True, stdout=subprocess.DEVNULL)
    mount(kind, image, place, "loop")


def unmount(place):
    """All that is mounted there, also when somebody who was killed is not quite gone."""
    subprocess.run(["umount", "--recursive", "--lazy", place], check=True)


class Tmpfs:
    """All on a tmpfs."""
    tracer = []  # what the tracer must be told

    def __init__(self, root):
        self.root = root
        self.scaffold = root  # where what is no part of the disk is put before mount()
        self.prepare()

    def prepare(self):
        mount("tmpfs", "crash", self.root, TMPFS_OPTIONS)

    def mount(self):
        self.mount_proc()

    def mount_proc(self):
        mount("proc", "proc", os.path.join(self.root, "proc"))

    def restore(self, template):
        """Everything as it was saved there."""
        for top in TOPS:
            shutil.rmtree(os.path.join(self.root, top), ignore_errors=True)
        subprocess.run(["cp", "-a", template + "/.", self.root], check=True)

    def close(self):
        unmount(self.root)


class WithoutExchange(Tmpfs):
    """A tmpfs that cannot exchange names: NFS and some FUSE cannot."""
    tracer = ["--no-exchange"]


class Image(Tmpfs):
    """All on one file system in an image."""
    kind = ""

    def prepare(self):
        self.images = self.root + ".images"
        os.mkdir(self.images)
        mount("tmpfs", "crash", self.images, "size=2g")
        mount_image(self.kind, os.path.join(self.images, "disk"), self.root)

    def close(self):
        unmount(self.root)
        unmount(self.images)


class Ext4(Image):
    kind = "ext4"


class Xfs(Image):
    kind = "xfs"


class Btrfs(Image):
    kind = "btrfs"


class Apart(Ext4):
    """ext4, but /var is a file system of its own: nothing can be linked or renamed from there to /usr."""

    def prepare(self):
        super().prepare()
        os.mkdir(os.path.join(self.root, "var"))
        mount_image("xfs", os.path.join(self.images, "var"), os.path.join(self.root, "var"))


class Overlay(Tmpfs):
    """An overlay. What was saved is its lower layer: each file is there still to be copied up."""

    def prepare(self):
        self.layers = self.root + ".layers"
        self.scaffold = os.path.join(self.layers, "scaffold")
        self.count = 0
        os.mkdir(self.layers)
        mount("tmpfs", "crash", self.layers, TMPFS_OPTIONS)
        os.mkdir(self.scaffold)

    def mount(self, *lower):
        self.count += 1
        layer = os.path.join(self.layers, str(self.count))
        os.makedirs(os.path.join(layer, "upper"))
        os.mkdir(os.path.join(layer, "work"))
        mount("overlay", "crash", self.root,
              f"lowerdir={':'.join([*lower, self.scaffold])},upperdir={layer}/upper,workdir={layer}/work")
        self.mount_proc()

    def restore(self, template):
        unmount(self.root)
        shutil.rmtree(os.path.join(self.layers, str(self.count)))
        self.mount(template)

    def close(self):
        unmount(self.root)
        unmount(self.layers)


DISKS = {
    "tmpfs": Tmpfs,
    "ext4": Ext4,
    "xfs": Xfs,
    "btrfs": Btrfs,
    "overlay": Overlay,
    "noexchange": WithoutExchange,
    "apart": Apart,
}
