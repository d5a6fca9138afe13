# SPDX-License-Identifier: MIT
"""What a power cut may leave of what a command did to the disk.

The model is that of POSIX and of the manual pages, not that of one file system: what nobody synced may be there
or not. Pillai et al. ("All File Systems Are Not Created Equal", OSDI 2014) found each of these on some file
system that is in use.

 * fsync of a file makes its content, size, mode, owner and attributes durable, not its name. fsync of a directory
   makes the names in it durable, not those in other directories, and not its own name in its parent (fsync(2)).
 * Between two syncs there is no order: any of the operations that are pending may be lost while later ones are
   there. ext4 with data=ordered keeps more (names change in order), XFS and btrfs less: who syncs one file there
   may make another file's later change durable and leave an earlier one pending.
 * One operation on names is there as a whole or not at all: that is what a journal or copy on write is for, and
   without it no file could be replaced at all. So a rename, also across two directories, or an exchange, never
   leaves half of it, and a sync of either directory makes it durable. A rename that is lost gives back what it
   replaced.
 * What is done to a name needs what was done to this name before: a rename of a file whose creation is lost makes
   no sense. A directory goes only after what was in it. Making the later one durable makes the earlier one
   durable: they cannot be told apart in one directory entry.
 * A new inode comes with its first mode and owner, a symbolic link with its target: both stand in the inode.
 * Data may be lost while the size, mode and names are there: then the file ends early or reads as zeroes (delayed
   allocation). A write may be torn: a beginning of it is there and the file ends, or zeroes follow; or the end of
   it is there behind zeroes, for pages are not written in order. Where sectors begin within a record is chance:
   lengths of names and versions decide. So there is a cut after the first byte, in the middle and before the last.
   What was durable before a write that appends stays: sectors that are written again are not damaged by that.
 * Two things nobody ever reads to decide anything: the text in `lock` and `events.jsonl`, which is never synced.
   What happens to these is not combined with all the rest but drawn by lot, for each state anew.
"""
import fcntl
import itertools
import os
import random
import stat
import time
from dataclasses import dataclass, field, replace

RECORDS_FOR_PEOPLE = ("events.jsonl", "lock")
EXHAUSTIVE = 12  # operations pending up to which all combinations are made
DRAWN = 100  # where there are more: so many
EACH_DAMAGE = 8  # operations pending up to which each combination is made with each damage, not with one by lot
WHOLE = ("whole",)
ACCESS_LIST = "system.posix_acl_access"
ROOT = 0


# ---- a disk


@dataclass(frozen=True)
class Inode:
    kind: str  # file, directory, link
    mode: int
    uid: int
    gid: int
    attributes: tuple = ()  # of (name, value)
    data: bytes = b""  # the target of a link


@dataclass
class Disk:
    inodes: dict = field(default_factory=dict)  # {number: Inode}
    names: dict = field(default_factory=dict)  # {(number of the directory, name): number}

    def copy(self):
        return Disk(dict(self.inodes), dict(self.names))

    def find(self, path):
        """(the directory's number, the last name); path is absolute."""
        *folders, name = path.strip("/").split("/")
        number = ROOT
        for folder in folders:
            number = self.names[number, folder]
        return number, name

    def tree(self):
        """{path: inode number}, parents first, of what has a name."""
        inside = {}
        for (folder, name), number in self.names.items():
            inside.setdefault(folder, []).append((name, number))
        found, left = {}, [("", ROOT)]
        while left:
            path, folder = left.pop()
            for name, number in inside.get(folder, ()):
                found[path + name] = number
                if self.inodes[number].kind == "directory":
                    left.append((path + name + "/", number))
        return found

    def fingerprint(self):
        """Equal for disks on which everything looks the same; inodes without a name do not count."""
        tree = sorted(self.tree().items())
        first = {}
        for path, number in tree:
            first.setdefault(number, path)  # two names of one file are not two files
        return hash(tuple((path, first[number], self.inodes[number]) for path, number in tree))


def read_disk(root, tops):
    disk, numbers = Disk(), {}
    disk.inodes[ROOT] = Inode("directory", 0o755, 0, 0)

    def take(path, folder, name):
        status = os.lstat(path)
        number = numbers.setdefault((status.st_dev, status.st_ino), len(numbers) + 1)
        disk.names[folder, name] = number
        kind, data = "file", b""
        if stat.S_ISDIR(status.st_mode):
            kind = "directory"
        elif stat.S_ISLNK(status.st_mode):
            kind, data = "link", os.readlink(path).encode()
        elif number not in disk.inodes:
            with open(path, "rb") as file:
                data = file.read()
        if number not in disk.inodes:
            attributes = () if kind == "link" else tuple(
                (key, os.getxattr(path, key)) for key in sorted(os.listxattr(path)))
            disk.inodes[number] = Inode(kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid,
                                        attributes, data)
        if kind == "directory":
            for below in sorted(os.listdir(path)):
                take(os.path.join(path, below), number, below)

    for top in tops:
        take(os.path.join(root, top), ROOT, top)
    return disk


def wait_for_writers(path):
    """Until it can be executed: the child of another thread has for a moment what this one had open for writing.
    Only then is a read lease granted."""
    fd = os.open(path, os.O_RDONLY)
    try:
        for _ in range(1000):
            try:
                fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                return
            except BlockingIOError:
                time.sleep(0.001)
    finally:
        os.close(fd)


def write_disk(disk, root):
    """Below root, where nothing of it is yet."""
    written = {}
    for path, number in disk.tree().items():
        inode, place = disk.inodes[number], os.path.join(root, path)
        if number in written:
            os.link(written[number], place)
            continue
        written[number] = place
        if inode.kind == "link":
            os.symlink(inode.data, place)
            os.lchown(place, inode.uid, inode.gid)
            continue
        if inode.kind == "directory":
            os.mkdir(place)
        else:
            with open(place, "wb") as file:
                file.write(inode.data)
        os.chown(place, inode.uid, inode.gid)
        os.chmod(place, inode.mode)
        for key, value in inode.attributes:
            os.setxattr(place, key, value)
        if inode.kind == "file" and inode.mode & 0o111:
            wait_for_writers(place)


# ---- what can be lost


class Operation:
    """`needs`: those without which it makes no sense. `ways`: how it can be there, WHOLE or damaged."""
    ways = (WHOLE,)

    def __init__(self, needs=()):
        self.needs = set(needs)


class Names(Operation):
    """Names come, go and change what they name, all at once."""

    def __init__(self, changes, needs):
        super().__init__(needs)
        self.changes = changes  # {(directory, name): number or None}

    def apply(self, disk, _):
        for key, number in self.changes.items():
            if number is None:
                disk.names.pop(key, None)
            else:
                disk.names[key] = number

    def is_of(self, number):
        return any(folder == number for folder, _ in self.changes)


class Meta(Operation):
    """Mode, owner or an attribute."""

    def __init__(self, number, **fields):
        super().__init__()
        self.number, self.fields = number, fields

    def apply(self, disk, _):
        inode, fields = disk.inodes[self.number], dict(self.fields)
        if "attribute" in fields:
            key, value = fields.pop("attribute")
            fields["attributes"] = tuple(sorted({**dict(inode.attributes), key: value}.items()))
        disk.inodes[self.number] = replace(inode, **fields)

    def is_of(self, number):
        return self.number == number


class Size(Meta):
    """A file is cut off, or made longer."""

    def __init__(self, number, size):
        super().__init__(number)
        self.size = size

    def apply(self, disk, _):
        inode = disk.inodes[self.number]
        disk.inodes[self.number] = replace(inode, data=inode.data[:self.size].ljust(self.size, b"\0"))


class Data(Meta):
    """A write."""

    def __init__(self, number, start, data):
        super().__init__(number)
        self.start, self.data = start, data
        cuts = sorted({cut for cut in (1, len(data) // 2, len(data) - 1) if 0 < cut < len(data)})
        self.ways = (WHOLE, ("zeroes", 0), *itertools.product(("begins", "begins, zeroes", "ends"), cuts))
        self.made = {}

    def what(self, way):
        if way not in self.made:
            kind, cut = (*way, 0)[:2]
            left = len(self.data) - cut
            self.made[way] = {
                "whole": self.data,
                "zeroes": bytes(left),
                "begins": self.data[:cut],
                "begins, zeroes": self.data[:cut] + bytes(left),
                "ends": bytes(cut) + self.data[cut:],
            }[kind]
        return self.made[way]

    def apply(self, disk, way):
        inode, new = disk.inodes[self.number], self.what(way)
        if not self.start and len(new) >= len(inode.data):
            disk.inodes[self.number] = replace(inode, data=new)
            return
        old = inode.data.ljust(self.start, b"\0")
        disk.inodes[self.number] = replace(
            inode, data=old[:self.start] + new + old[self.start + len(new):])


# ---- a run


class Run:
    """Plays calls as they were recorded (record.h).

    `now` is what a program sees, `durable` what every power cut leaves, `pending` the operations between, in
    their order. What was done to a thing and is durable was done before what is pending for the same thing:
    so `durable` and then some of `pending` is a state, whatever the order of these two was.
    """

    def __init__(self, disk):
        self.durable, self.now = disk, disk.copy()
        self.pending, self.for_people = [], []
        self.next_number = max(disk.inodes) + 1

    def play(self, call):
        """The operation that this made pending, or None."""
        words = {key: value for key, value in call.items() if key != "call"}
        return getattr(self, "do_" + call["call"])(**words)

    def _add(self, operation, path=""):
        operation.apply(self.now, WHOLE)
        if os.path.basename(path) in RECORDS_FOR_PEOPLE:
            self.for_people.append(operation)
            return None
        self.pending.append(operation)
        return operation

    def _change_names(self, changes):
        return self._add(Names(changes, [one for one in self.pending if isinstance(one, Names)
                                         and not one.changes.keys().isdisjoint(changes)]))

    def _new(self, path, inode):
        number = self.next_number
        self.next_number += 1
        # An inode without a name is as good as none: only the name can be lost.
        self.durable.inodes[number] = self.now.inodes[number] = inode
        return self._change_names({self.now.find(path): number})

    def _number(self, path):
        return self.now.names[self.now.find(path)]

    def do_open(self, path, truncate, mode, uid, gid):
        if self.now.find(path) not in self.now.names:
            return self._new(path, Inode("file", mode, uid, gid))
        return self._add(Size(self._number(path), 0), path) if truncate else None

    def do_write(self, path, start, data):
        return self._add(Data(self._number(path), start, data), path) if data else None

    def do_truncate(self, path, size):
        return self._add(Size(self._number(path), size), path)

    def do_chmod(self, path, mode, **_):
        return self._add(Meta(self._number(path), mode=mode))

    def do_chown(self, path, uid, gid, mode):
        return self._add(Meta(self._number(path), uid=uid, gid=gid, mode=mode))

    def do_setxattr(self, path, name, value, mode):
        # An access list has the group's part of the mode in it.
        fields = {"mode": mode} if name == ACCESS_LIST else {}
        return self._add(Meta(self._number(path), attribute=(name, bytes.fromhex(value)), **fields))

    def do_mkdir(self, path, mode, uid, gid):
        return self._new(path, Inode("directory", mode, uid, gid))

    def do_symlink(self, path, target):
        return self._new(path, Inode("link", 0o777, 0, 0, (), target.encode()))

    def do_link(self, **ends):
        return self._change_names({self.now.find(ends["to"]): self._number(ends["from"])})

    def do_rename(self, exchange, **ends):
        source, target = self.now.find(ends["from"]), self.now.find(ends["to"])
        number, other = self.now.names[source], self.now.names.get(target)
        if number == other:
            return None  # two names of one file: rename(2) does nothing
        return self._change_names({target: number, source: other if exchange else None})

    def do_unlink(self, path):
        return self._change_names({self.now.find(path): None})

    def do_rmdir(self, path):
        number = self._number(path)
        operation = self._change_names({self.now.find(path): None})
        operation.needs.update(one for one in self.pending if isinstance(one, Names) and one.is_of(number))
        return operation

    def do_fsync(self, path):
        number = self._number(path) if path != "/" else ROOT
        synced = {one for one in self.pending + self.for_people if one.is_of(number)}
        left = list(synced)
        while left:
            for one in left.pop().needs - synced:
                synced.add(one)
                left.append(one)
        for one in self.pending + self.for_people:
            if one in synced:
                one.apply(self.durable, WHOLE)
            one.needs -= synced
        self.pending = [one for one in self.pending if one not in synced]
        self.for_people = [one for one in self.for_people if one not in synced]

    # ---- what a power cut leaves

    def _survivors(self, newest, lot):
        """Lists of operations that may be there while the others are lost; with `newest`, if there is one."""
        if len(self.pending) <= EXHAUSTIVE:
            choices = itertools.product((False, True), repeat=len(self.pending))
        else:
            choices = ([lot.random() < share for _ in self.pending]
                       for share in (lot.random() for _ in range(DRAWN)))
        for choice in choices:
            kept = {one for one, there in zip(self.pending, choice) if there}
            if (newest is None or newest in kept) and all(one.needs <= kept for one in kept):
                yield [one for one in self.pending if one in kept]

    def _state(self, kept, ways):
        disk = self.durable.copy()
        for one in kept:
            one.apply(disk, ways.get(one, WHOLE))
        return disk

    def draw_records(self, disk, lot):
        """What became of that which is for people only."""
        for one in self.for_people:
            if lot.random() < 0.5:
                one.apply(disk, lot.choice(one.ways))

    def states(self, newest, seed):
        """(disk, what was lost or damaged). Those without `newest`, the last operation, were possible before it.

        Of several pending writes one is damaged at a time.
        """
        lot = random.Random(seed)
        for kept in self._survivors(newest, lot):
            yield self._state(kept, {}), f"{len(self.pending) - len(kept)} of {len(self.pending)} lost"
            damages = [(one, way) for one in kept for way in one.ways[1:]]
            if damages and len(self.pending) > EACH_DAMAGE:
                damages = [lot.choice(damages)]
            for one, way in damages:
                told = f"{len(self.pending) - len(kept)} of {len(self.pending)} lost, a write torn: {way}"
                yield self._state(kept, {one: way}), told
