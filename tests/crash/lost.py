# SPDX-License-Identifier: MIT
"""Trials of lost writes: the disks that a power cut may leave of a run (pending.py), and recovery from each.

A history is a run whose calls were recorded, on a disk of which all was durable. At each of its calls the power
may go. What the node must be after the recovery is known but for a moment: until the run writes its commit, what
it was before; when that is durable, what it shall be. After a power cut nothing runs: the daemons start when
`nodelift recover --boot` has ended.

Only that starts it: what makes it start, the unit, its link and the program, must be there as a whole in every
state in which the software is neither the old set nor the new one.
"""
import json
import os
import random
import shutil

from disk import TOPS
from node import STATE, Failure, check_whole, recover, without_ours
from pending import Run, read_disk, write_disk

COMMIT = b'"record":"commit"'
UNIT = "etc/systemd/system/nodelift-recover.service"
LINK = "etc/systemd/system/multi-user.target.wants/nodelift-recover.service"
PROGRAM = STATE + "/bin/nodelift"


def read_record(path):
    """The calls in a file of the tracer's, each with its data."""
    with open(path + ".data", "rb") as file:
        data = file.read()
    calls = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            call = json.loads(line)
            if call["call"] == "write":
                start = call.pop("at")
                call["data"] = data[start:start + call.pop("size")]
            calls.append(call)
    return calls


class State:
    """A disk, how it came about, and the version that it must lead to (None: either)."""

    def __init__(self, disk, fingerprint, what, expected):
        self.disk, self.fingerprint, self.what, self.expected = disk, fingerprint, what, expected


class History:
    """`calls` from the `first`-th on are those at which the power goes; those before led to where they begin."""

    def __init__(self, name, disk, calls, before, after, first=0):
        self.name, self.disk, self.calls, self.first = name, disk, calls, first
        self.before, self.after = before, after

    def check_end(self, disk):
        """Was all recorded, and is it understood? Played, the calls must lead to the disk as it is."""
        run = Run(self.disk.copy())
        for call in self.calls:
            run.play(call)
        if run.now.fingerprint() != disk.fingerprint():
            have, want = run.now.tree(), disk.tree()
            wrong = [path for path in sorted(have.keys() | want.keys())
                     if path not in have or path not in want
                     or run.now.inodes[have[path]] != disk.inodes[want[path]]]
            raise Failure(f"{self.name}: what was recorded does not lead to what is on the disk: {wrong}")

    def _promise(self, run, written):
        """The version that is certain now; `written`: the operation with the commit, once there is one."""
        if written is None:
            return self.before
        return None if written in run.pending else self.after

    def states(self, seed, seen, each=None):
        """Those that are not in `seen` yet, {fingerprint: what it must lead to}. each: of those of one call no
        more than so many, drawn by lot."""
        run, written, lot = Run(self.disk.copy()), None, random.Random(seed)
        for number, call in enumerate(self.calls, 1):
            newest = run.play(call)
            if written is None and newest and COMMIT in call.get("data", b""):
                written = newest
            if number <= self.first:
                continue
            if newest is None and number < len(self.calls):
                continue  # synced: nothing that was not possible before
            promise, found = self._promise(run, written), []
            for disk, lost in run.states(newest, f"{seed} {number}"):
                fingerprint = disk.fingerprint()
                if fingerprint in seen and promise in (None, seen[fingerprint]):
                    continue
                seen[fingerprint] = promise
                run.draw_records(disk, lot)
                what = f"{self.name}, power cut after call {number} ({call['call']} " \
                       f"{call.get('path') or call.get('from')}), {lost}"
                found.append(State(disk, fingerprint, what, promise))
            yield from found if each is None or len(found) <= each else lot.sample(found, each)


# ---- a trial


def place(node, state):
    """As if the power had gone: nothing runs, and the disk is that of the state."""
    node.systemctl("stop")
    for top in TOPS:
        shutil.rmtree(node.path(top), ignore_errors=True)
    write_disk(state.disk, node.root)


def check_guard(node, sets, texts):
    """Either the node may start as it is, or the next boot recovers it first."""
    tree = without_ours(node.tree())
    if any(tree == without_ours(have) for have in sets.values()):
        return
    for path, want in texts.items():
        have = os.readlink(node.path(path)).encode() if os.path.islink(node.path(path)) else None
        if have is None and os.path.exists(node.path(path)):
            have = node.read(path)
        if have != want:
            raise Failure(f"the set is a mixed one, and at boot nothing would recover it: {path} is not whole")
    if not os.access(node.path(PROGRAM), os.X_OK):
        raise Failure("the set is a mixed one, and what would recover it cannot be executed")


def guard_texts(disks):
    """{path: content} of what makes the next boot recover, from whichever disk has it."""
    texts = {}
    for disk in disks:
        tree = disk.tree()
        texts.update((path, disk.inodes[tree[path]].data) for path in (UNIT, LINK, PROGRAM) if path in tree)
    return texts


def lose(node, state, sets, guard):
    """The power goes, the node boots, look."""
    place(node, state)
    check_guard(node, sets, guard)
    recover(node, at_boot=True)
    found = check_whole(node, sets)
    if state.expected not in (None, found):
        raise Failure(f"it is {found}, but {state.expected} was certain")


# ---- histories


def record(node, *words, at=()):
    path = node.root + ".record"
    status, _, said = node.nodelift(*words, at=at, record=path)
    return read_record(path), status, said


def undisturbed(node, scenario):
    """Of a run, and what makes a boot recover, as it was in it."""
    node.restore(scenario.template)
    disk = read_disk(node.root, TOPS)
    calls, status, said = record(node, *scenario.words)
    if status:
        raise Failure(f"'nodelift {scenario.words[0]}' ends with status {status}: {said}")
    history = History(scenario.name, disk, calls, scenario.before, scenario.after)
    history.check_end(read_disk(node.root, TOPS))
    return history


def guard_of(history):
    run, texts = Run(history.disk.copy()), {}
    for call in history.calls:
        run.play(call)
        texts.update(guard_texts([run.now]) if call["call"] in ("rename", "symlink") else {})
    return texts


def of_recovery(node, scenario, number):
    """Of a run that is killed before its call `number`, and then of its recovery by hand: what the run had not
    synced is still pending, and the recovery may lean on it."""
    node.restore(scenario.template)
    disk = read_disk(node.root, TOPS)
    before, _, _ = record(node, *scenario.words, at=(number, "before"))
    after, status, said = record(node, "recover")
    if status:
        raise Failure(f"'nodelift recover' ends with status {status}: {said}")
    history = History(f"recovery of {scenario.name} killed before call {scenario.name_of(number)}", disk,
                      before + after, scenario.before, scenario.after, len(before))
    history.check_end(read_disk(node.root, TOPS))
    return history
