# SPDX-License-Identifier: MIT
"""What a command and its children asked the kernel to change, by strace.

Every attempt counts, also one that fails. Writes are those to descriptors that were opened for writing, so the opening
is what is looked at.
"""
import re

# The path is the argument of that number; a directory descriptor stands before it where `at` is true.
PATHS = {
    "creat": [(0, False)], "truncate": [(0, False)], "unlink": [(0, False)], "rmdir": [(0, False)], "mkdir": [(0, False)],
    "mknod": [(0, False)], "chmod": [(0, False)], "chown": [(0, False)], "lchown": [(0, False)], "setxattr": [(0, False)],
    "lsetxattr": [(0, False)], "removexattr": [(0, False)], "lremovexattr": [(0, False)], "utime": [(0, False)], "utimes": [(0, False)],
    "symlink": [(1, False)], "rename": [(0, False), (1, False)], "link": [(1, False)], "mount": [(1, False)], "umount2": [(0, False)],
    "pivot_root": [(0, False)], "swapon": [(0, False)], "acct": [(0, False)],
    "unlinkat": [(1, True)], "mkdirat": [(1, True)], "mknodat": [(1, True)], "fchmodat": [(1, True)], "fchmodat2": [(1, True)],
    "fchownat": [(1, True)], "utimensat": [(1, True)], "symlinkat": [(2, True)], "linkat": [(3, True)],
    "renameat": [(1, True), (3, True)], "renameat2": [(1, True), (3, True)],
}
OPENS = {"open": (0, False), "openat": (1, True), "openat2": (1, True)}
DESCRIPTORS = ("fchmod", "fchown", "fsetxattr", "fremovexattr", "ftruncate", "fallocate", "futimesat")
RUNS = {"execve": (0, False), "execveat": (1, True)}
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)")
ARGUMENT = re.compile(r'"(?:[^"\\]|\\.)*"|[^,\s"][^,"]*(?:<[^>]*>)?')
LINE = re.compile(r"^\d+ +([a-z0-9_]+)\((.*)$")


def options(log):
    calls = [*PATHS, *OPENS, *DESCRIPTORS, *RUNS]
    return ["strace", "-f", "--seccomp-bpf", "-y", "-qq", "-s", "8192", "-o", log, "-e", "trace=" + ",".join("?" + c for c in calls), "-e", "signal=none"]


def unquote(text):
    return text[1:-1].encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace").decode(errors="surrogateescape")


def resolve(arguments, number, at, root):
    """The absolute path as the command sees it."""
    path = unquote(arguments[number]) if arguments[number].startswith('"') else ""
    folder = re.search(r"<(.*)>$", arguments[number - 1]) if at else None
    if path.startswith("/"):
        return normal(path)
    start = folder.group(1) if folder else "/"
    return normal((start[len(root):] if root and start.startswith(root) else start) + "/" + path)


def normal(path):
    """Without '.' and empty parts. '..' stays: none of our paths has one."""
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def read(log, root=""):
    """([path that something was done to], [program that was started]); root: what it was chrooted into."""
    changed, started = [], []
    with open(log, encoding="latin-1") as file:
        for line in file:
            found = LINE.match(line)
            if not found:
                continue
            name, arguments = found.group(1), ARGUMENT.findall(found.group(2))
            if name in OPENS and WRITING.search(found.group(2).rpartition('"')[2]):
                changed.append((name, resolve(arguments, *OPENS[name], root)))
            for place in PATHS.get(name, []):
                changed.append((name, resolve(arguments, *place, root)))
            if name in DESCRIPTORS:
                path = re.search(r"<(.*)>$", arguments[0]).group(1)
                changed.append((name, path[len(root):] if root and path.startswith(root) else path))
            if name in RUNS:
                started.append(resolve(arguments, *RUNS[name], root))
    return changed, started
