# SPDX-License-Identifier: MIT
"""Layers that try to leave the image: {name: Case}.

The trial's profile (escape) wants every file that is one, two or three names deep, so that nothing is refused only
because nobody asked for it. What a container engine would put outside of the image's directory is either refused as a
whole (Refused) or only a name in the image whose content goes where the profile says (Taken).
"""
import dataclasses
import struct

from tarball import (END, base256, directory, file, gnu_long, gnu_sparse, hardlink, header, octal, padded, pax,
                     symlink, zip_gzip, zip_zstd, zstd_skippable)

EVIL = b"evil\n"
ENGINE = b"lib/engine/now/bin/"  # too deep for the patterns


@dataclasses.dataclass
class Case:
    name: str
    layers: list  # the lowest first: (tar, what is sent for it)
    takes: dict | None  # {the file's last name: content}; None: the image must be refused
    says: str = ""  # what the refusal is like


CASES = {}


def add(name, takes, *layers, end=END, pack=zip_gzip):
    assert name not in CASES, name
    CASES[name] = Case(name, [(layer + end, pack(layer + end)) for layer in layers], takes)


def refuse(name, *layers, **more):
    add(name, None, *layers, **more)


def take(name, files, *layers, **more):
    add(name, files, *layers, **more)


BAIT = {"bait": EVIL}
SUPER = ("/etc/shadow", "../../../etc/shadow", "/proc/self/exe", "/dev/sda", "/", "..", "/var/lib/nodelift/store")

# ---- names that lead up

for up in ("..", "../bait", "../../etc/passwd", "bait/../../etc/shadow", "/..", "/../bait", "./../bait", "bait/..", "a/b/../../../bait",
           "..//bait", ".//..//bait", "bait/./../x", "../" * 30 + "etc/passwd"):
    refuse(f"file '{up[:40]}'", file(up.encode(), EVIL))
for kind, make in (("directory", directory), ("fifo", lambda n: header(n, b"6")), ("device", lambda n: header(n, b"3", device=(1, 3))),
                   ("symbolic link", lambda n: symlink(n, b"bait")), ("whiteout", lambda n: file(n + b"/.wh.bait"))):
    refuse(f"{kind} '../bait'", make(b"../bait"), file(b"bait", EVIL))
refuse("'..' by pax", pax((b"path", b"../bait")) + file(b"bait", EVIL))
refuse("'..' by GNU's long name", gnu_long(b"a/" * 60 + b"../bait") + file(b"bait", EVIL))
refuse("'..' by ustar's prefix", file(b"bait", EVIL, prefix=b"../.."))
take("'..' by a global pax header, which counts for nobody", BAIT, pax((b"path", b"../bait"), kind=b"g") + file(b"bait", EVIL))
take("dots that are no '..'", {"bait": EVIL, "...": EVIL, "..bait": EVIL}, file(b"..../bait", EVIL) + file(b"...", EVIL) + file(b"..bait", EVIL))
take("backslashes", {"..\\..\\bait": EVIL}, file(b"..\\..\\bait", EVIL))
take("a drive", {"bait": EVIL}, file(b"C:/bait", EVIL))
take("dots in percent", {"%2e%2e%2fbait": EVIL}, file(b"%2e%2e%2fbait", EVIL))

# ---- names that begin at the root

for start in ("/bait", "//bait", "///etc/bait", "/./bait", ".//bait", "//host/share/bait", "./bait", "/etc//bait"):
    take(f"file '{start}'", BAIT, file(start.encode(), EVIL))
take("absolute by pax", BAIT, pax((b"path", b"/etc/bait")) + file(b"x", EVIL))
take("absolute by ustar's prefix", BAIT, file(b"bait", EVIL, prefix=b"/etc"))
take("absolute directory", {}, directory(b"/etc/", mode=0o777))
take("absolute symbolic link", {}, symlink(b"/etc/passwd", b"/tmp/x"))
take("absolute names of nodelift itself", {"lock": EVIL, "recover": EVIL}, file(b"/lib/nodelift/lock", EVIL) + file(b"/bin/recover", EVIL))

# ---- symbolic links

for target in SUPER:
    take(f"symbolic link to '{target}'", {}, symlink(b"bait", target.encode()))
    take(f"a file through a symbolic link to '{target}'", BAIT, symlink(b"d", target.encode()) + file(b"d/bait", EVIL))
take("a symbolic link below, a file through it above", BAIT, symlink(b"d", b"/etc"), file(b"d/bait", EVIL))
take("a symbolic link over a directory with files", {}, file(b"d/bait", EVIL), symlink(b"d", b"/etc"))
take("a chain of symbolic links", BAIT, symlink(b"a", b"b") + symlink(b"b", b"/etc") + file(b"a/bait", EVIL))
take("symbolic links in a circle", {}, symlink(b"a", b"b") + symlink(b"b", b"a"))
take("a symbolic link, then a file of the same name", BAIT, symlink(b"bait", b"/etc/shadow") + file(b"bait", EVIL))
take("a file, then a symbolic link of the same name", {}, file(b"bait", EVIL) + symlink(b"bait", b"/etc/shadow"))
take("a symbolic link to 4000 bytes", {}, pax((b"linkpath", b"/" + b"x" * 4000)) + symlink(b"bait", b"x"))
refuse("a symbolic link where the engine should be", symlink(ENGINE + b"dockerd", b"/bin/sh"))
take("a symbolic link to nothing", {}, symlink(b"bait", b""))

# ---- hard links

for target in SUPER[:4] + SUPER[5:]:
    refuse(f"hard link to '{target}'", hardlink(b"bait", target.encode()))
refuse("hard link to itself", hardlink(b"bait", b"bait"))
refuse("hard link to what follows", hardlink(b"bait", b"x") + file(b"x", EVIL))
refuse("hard links in a circle", hardlink(b"a", b"b") + hardlink(b"b", b"a"))
refuse("hard link to nothing", hardlink(b"bait", b""))
refuse("hard link to what a whiteout took away", file(b"x", EVIL), file(b".wh.x"), hardlink(b"bait", b"x"))
take("hard link to a symbolic link", {}, symlink(b"x", b"/etc/shadow") + hardlink(b"bait", b"x"))
take("hard link to a device", {}, header(b"x", b"3", device=(1, 3)) + hardlink(b"bait", b"x"))
take("hard link to a directory", {}, directory(b"x") + hardlink(b"bait", b"x"))
take("absolute hard link to a file of the image", {"bait": EVIL, "x": EVIL}, file(b"x", EVIL) + hardlink(b"bait", b"/x"))
take("hard link, then a file over it", {"bait": EVIL, "x": b"other"}, file(b"x", b"other") + hardlink(b"bait", b"x") + file(b"bait", EVIL))
refuse("hard link with content", hardlink(b"bait", b"x", size=5) + padded(EVIL))
refuse("hard link through a symbolic link", symlink(b"d", b"/etc") + hardlink(b"bait", b"d/shadow"))
refuse("hard link by pax to /etc/shadow", pax((b"linkpath", b"/etc/shadow")) + hardlink(b"bait", b"x"))
refuse("hard link by GNU's long link to '..'", gnu_long(b"../" * 40 + b"etc/shadow", b"K") + hardlink(b"bait", b"x"))
refuse("nine hard links in a row", file(b"d/e/f/0", EVIL) + b"".join(hardlink(b"d/e/f/%d" % n, b"d/e/f/%d" % (n - 1)) for n in range(1, 12)) + hardlink(b"bait", b"d/e/f/11"))

# ---- what is no file

for kind, what in ((b"3", "character device"), (b"4", "block device"), (b"6", "FIFO")):
    take(f"a {what}", {}, header(b"bait", kind, device=(8, 0)))
    refuse(f"a {what} with content", header(b"bait", kind, size=5) + padded(EVIL))
    refuse(f"a {what} where the engine should be", header(ENGINE + b"dockerd", kind, device=(1, 3)))
refuse("a directory with content", directory(b"bait", size=5) + padded(EVIL))
refuse("a symbolic link with content", symlink(b"bait", b"x", size=5) + padded(EVIL))
refuse("a directory that is a file by its name", file(b"bait/", EVIL))
take("a contiguous file", BAIT, file(b"bait", EVIL, kind=b"7"))
take("an old file without a type", BAIT, file(b"bait", EVIL, kind=b"\0"))
take("setuid and setgid", BAIT, file(b"bait", EVIL, mode=0o6755))
take("a sticky file that everybody may write", BAIT, file(b"bait", EVIL, mode=0o1777))
take("a mode of all bits", BAIT, file(b"bait", EVIL, mode=b"7777777\0"))
take("a capability", BAIT, pax((b"SCHILY.xattr.security.capability", b"\1\0\0\2" + b"\xff" * 16)) + file(b"bait", EVIL))
take("an access list", BAIT, pax((b"SCHILY.acl.access", b"user::rwx,user:evil:rwx,group::r-x,mask::rwx,other::rwx")) + file(b"bait", EVIL))

# ---- one name twice

take("three times the same name", {"bait": b"3"}, file(b"bait", b"1") + file(b"./bait", b"2") + file(b"/bait", b"3"))
take("a file, a directory, a symbolic link", {}, file(b"d", EVIL) + directory(b"d/") + file(b"d/bait", EVIL) + symlink(b"d", b"/etc"))
take("a directory, a symbolic link, a file through it", {"bait": EVIL}, directory(b"d") + symlink(b"d", b"/etc") + file(b"d/bait", EVIL))
take("names in another case", {"BAIT": b"1", "bait": b"2", "Dockerd": EVIL}, file(b"BAIT", b"1") + file(b"bait", b"2") + file(b"Dockerd", EVIL))
take("a symbolic link in another case (CVE-2021-21300)", BAIT, symlink(b"D", b"/etc") + file(b"d/bait", EVIL))
take("a file under a file", {"bait": EVIL, "d": b"file"}, file(b"d", b"file") + file(b"d/bait", EVIL))

# ---- whiteouts

refuse("a whiteout of '.'", file(b"bait", EVIL), file(b".wh.."))
refuse("a whiteout of '..'", file(b"bait", EVIL), file(b".wh..."))
refuse("a whiteout of '..' in a directory", file(b"bait", EVIL), file(b"d/.wh..."))
refuse("a whiteout of nothing", file(b"bait", EVIL), file(b".wh."))
refuse("a whiteout of the engine", file(ENGINE + b".wh.dockerd"))
refuse("an opaque root", file(b".wh..wh..opq"))
take("a whiteout of /etc", BAIT, file(b"bait", EVIL), file(b"/.wh.etc") + file(b"/.wh.var"))
take("a whiteout of what was never there", BAIT, file(b"bait", EVIL), file(b"etc/.wh.passwd"))
take("a whiteout in the own layer", BAIT, file(b"bait", EVIL) + file(b".wh.bait"))
take("a whiteout through a symbolic link", BAIT, file(b"bait", EVIL), symlink(b"d", b"/etc") + file(b"d/.wh.passwd"))
take("a whiteout that is a symbolic link", {}, file(b"bait", EVIL), symlink(b".wh.bait", b"/etc/shadow"))
take("a whiteout that is a device", {}, file(b"bait", EVIL), header(b".wh.bait", b"3"))
take("a whiteout with content", {}, file(b"bait", EVIL), file(b".wh.bait", EVIL))
take("names of AUFS itself", BAIT, file(b"bait", EVIL), file(b".wh..wh.plnk", EVIL) + directory(b".wh..wh.aufs"))
take("an opaque directory that is a file here", {}, file(b"d/bait", EVIL), file(b"d/.wh..wh..opq"))

# ---- pax headers

inner = file(b"bait", EVIL)
take("pax size over a ustar size of 0 (CVE-2025-62518)", {"outer": inner}, pax((b"size", b"%d" % len(inner))) + header(b"outer") + inner)
take("pax size under a ustar size", {"outer": b"", "bait": EVIL}, pax((b"size", b"0")) + header(b"outer", size=1024) + inner)
take("pax size by two records: the last one", {"outer": b"", "bait": EVIL}, pax((b"size", b"1024"), (b"size", b"0")) + header(b"outer") + inner)
refuse("pax size past the end", pax((b"size", b"99999999")) + file(b"bait", EVIL))
for size in (b"-1", b"-512", b"99999999999999999999", b"9223372036854775807", b"0x10", b"+5", b"", b"five"):
    refuse(f"pax size '{size.decode()}'", pax((b"size", size)) + header(b"bait", size=len(EVIL)) + padded(EVIL))
# One reader decides what is checked and what is installed, so leniency of its own deceives nobody.
take("pax size '1e3', of which the digits count", {"bait": EVIL[:1]}, pax((b"size", b"1e3")) + header(b"bait", size=len(EVIL)) + padded(EVIL))
take("pax size '5 '", BAIT, pax((b"size", b"5 ")) + file(b"bait", EVIL))
refuse("pax size of a symbolic link", pax((b"size", b"512")) + symlink(b"bait", b"x") + inner)
refuse("pax size of a directory", pax((b"size", b"512")) + directory(b"bait") + inner)
take("pax path that is empty counts for nothing", BAIT, pax((b"path", b"")) + file(b"bait", EVIL))
take("pax path with a NUL ends there", BAIT, pax((b"path", b"bait\0/../../x")) + file(b"x", EVIL))
refuse("pax linkpath with a NUL", pax((b"linkpath", b"bait\0x")) + hardlink(b"x", b"bait"))
refuse("pax path that is no UTF-8", pax((b"path", b"bait\xff\xfe")) + file(b"x", EVIL))
take("pax path twice: the last one", BAIT, pax((b"path", b"x"), (b"path", b"bait")) + file(b"y", EVIL))
refuse("two pax headers for one entry", pax((b"path", b"x")) + pax((b"path", b"bait")) + file(b"y", EVIL))
refuse("a pax header for a pax header", pax((b"size", b"0")) + pax((b"path", b"bait")) + file(b"y", EVIL))
refuse("a pax header for nothing", pax((b"path", b"bait")))
refuse("a pax record longer than the header", pax(b"99 path=bait\n") + file(b"x", EVIL))
refuse("a pax record of length 0", pax(b"0 path=bait\n") + file(b"x", EVIL))
refuse("a pax record shorter than its text", pax(b"5 path=bait\n") + file(b"x", EVIL))
refuse("a pax record without '='", pax(b"11 pathbait\n") + file(b"x", EVIL))
refuse("a pax record without a length", pax(b"path=bait\n") + file(b"x", EVIL))
refuse("a pax record of 30 digits", pax(b"999999999999999999999999999999 path=bait\n") + file(b"x", EVIL))
refuse("a pax header of 16 MiB", header(b"p", b"x", 16 << 20) + file(b"bait", EVIL))
refuse("a pax header with a negative size", header(b"p", b"x", base256(-512)) + file(b"bait", EVIL))
refuse("an unknown character set", pax((b"hdrcharset", b"EVIL-7"), (b"path", b"bait\xff")) + file(b"x", EVIL))

# ---- GNU's headers

take("long names in a chain: the last one", BAIT, gnu_long(b"x" * 200) + gnu_long(b"bait") + file(b"y", EVIL))
refuse("a hundred long names in a row", b"".join(gnu_long(b"bait") for _ in range(100)) + file(b"y", EVIL))
refuse("a long name for nothing", gnu_long(b"bait"))
refuse("a long name of size 0", header(b"././@LongLink", b"L", 0, magic=b"ustar  \0") + file(b"", EVIL))
refuse("a long name of 1 GiB", gnu_long(b"bait", size=1 << 30) + file(b"y", EVIL))
take("a long name with a NUL ends there", BAIT, gnu_long(b"bait\0/../../x") + file(b"y", EVIL))
take("a long link of a file means nothing", BAIT, gnu_long(b"/etc/shadow", b"K") + file(b"bait", EVIL))
refuse("a long name that is a long link, to nothing", gnu_long(b"/etc/shadow", b"K") + gnu_long(b"bait") + hardlink(b"x", b"y"))
for kind, what in ((b"D", "a dump directory"), (b"M", "a continued file"), (b"N", "old long names"), (b"V", "a volume")):
    add(f"{what} of GNU", BAIT if kind == b"N" else None, header(b"bait", kind, size=len(EVIL), magic=b"ustar  \0") + padded(EVIL))
for kind in (b"Z", b"!", b"\xff", b"s", b"9"):
    add(f"type {kind!r}", BAIT if kind.isalnum() else None, header(b"bait", kind, size=len(EVIL)) + padded(EVIL))

# ---- numbers

for what, size in (("-1", base256(-1)), ("-512", base256(-512)), ("-2^63", base256(-(1 << 63))), ("2^63", base256(1 << 63)),
                   ("2^63-1", base256((1 << 63) - 1)), ("2^62", base256(1 << 62)), ("2^94", base256(1 << 94)), ("77777777777", b"77777777777\0"), ("777777777777", b"7" * 12)):
    refuse(f"a size of {what}", header(b"bait", size=size) + padded(EVIL))
take("a size in base 256", BAIT, file(b"bait", EVIL, size=base256(5)))
for what, field in (("-5", b"-0000000005\0"), ("8 and 9", b"00000000089\0"), ("letters", b"evil\0"), ("nothing", b"\0" * 12)):
    refuse(f"a size of {what}", header(b"bait", size=field) + padded(EVIL))
refuse("a wrong checksum", header(b"bait", size=5, sum_is=b"000000\0 ") + padded(EVIL))
refuse("a checksum of letters", header(b"bait", size=5, sum_is=b"evil\0\0\0 ") + padded(EVIL))

# ---- sparse files

refuse("sparse pieces that overlap", gnu_sparse(b"bait", [(0, 512), (256, 512)], 1024, b"e" * 1024))
refuse("sparse pieces out of order", gnu_sparse(b"bait", [(1024, 512), (0, 512)], 2048, b"e" * 1024))
refuse("a sparse piece at -512", gnu_sparse(b"bait", [(-512, 512)], 1024, b"e" * 512))
refuse("a sparse piece of -512 bytes", gnu_sparse(b"bait", [(0, -512)], 1024, b"e" * 512))
take("a sparse piece behind the end is not in the file", {"bait": bytes(1024)}, gnu_sparse(b"bait", [(4096, 512)], 1024, b"e" * 512))
refuse("a sparse file of -1 bytes", gnu_sparse(b"bait", [(0, 512)], -1, b"e" * 512))
refuse("a sparse file of 2^62 bytes", gnu_sparse(b"bait", [(0, 512)], 1 << 33, b"e" * 512))
GNU = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0")]
for what, sparse_map in (("overlap", b"2\n0\n512\n256\n512\n"), ("are negative", b"1\n-512\n512\n"), ("are 2^64", b"1\n18446744073709551616\n512\n"),
                         ("are a million", b"1000000\n0\n512\n"), ("are letters", b"evil\n"), ("lie behind the end", b"1\n99999\n512\n")):
    refuse(f"pax sparse pieces that {what}", pax(*GNU, (b"GNU.sparse.name", b"bait"), (b"GNU.sparse.realsize", b"1024"))
           + header(b"x", size=512 + 1024) + padded(sparse_map) + b"e" * 1024)
refuse("a sparse name that leads up", pax(*GNU, (b"GNU.sparse.name", b"../bait"), (b"GNU.sparse.realsize", b"512")) + header(b"x", size=1024) + padded(b"1\n0\n512\n") + b"e" * 512)
refuse("a sparse size of 2^63", pax(*GNU, (b"GNU.sparse.name", b"bait"), (b"GNU.sparse.realsize", b"9223372036854775808")) + header(b"x", size=1024) + padded(b"1\n0\n512\n") + b"e" * 512)

# ---- odd names

refuse("an empty name", file(b"", EVIL))
for root in (b"/", b"./", b"."):
    refuse(f"a file with the name '{root.decode()}'", file(root, EVIL))
refuse("a symbolic link in the place of the root", symlink(b"./", b"/etc"))
refuse("a name of 4096 bytes", pax((b"path", b"d/" * 2047 + b"xx")) + file(b"x", EVIL))
refuse("a name of 1 MiB", gnu_long(b"d/" * (1 << 19)) + file(b"x", EVIL))
take("a name of 100 bytes without a NUL", {"x" * 100: EVIL}, file(b"x" * 100, EVIL))
take("a name of 200 bytes", {"x" * 200: EVIL}, pax((b"path", b"x" * 200)) + file(b"y", EVIL))
refuse("a name of 201 bytes, which leaves no room for a temporary one", pax((b"path", b"x" * 201)) + file(b"y", EVIL))
for what, name in (("a newline", b"ba\nit"), ("an escape sequence", b"\x1b[2Jbait"), ("a carriage return", b"bait\rx"), ("a DEL", b"bait\x7f")):
    refuse(f"a name with {what}", file(name, EVIL))
refuse("a name that is no UTF-8", file(b"bait\xff\xfe", EVIL))
refuse("a name that is read from right to left", file("\u202etiab".encode(), EVIL))
take("a name that looks like an option", {"--force": EVIL}, file(b"--force", EVIL))
take("a name of a shell's", {"$(reboot)": EVIL}, file(b"$(reboot)", EVIL))
take("names of temporary files", {".bait.nodelift-new": EVIL}, file(b".bait.nodelift-new", EVIL))
take("AppleDouble files", {"._bait": EVIL, "bait": EVIL}, file(b"._bait", EVIL) + file(b"bait", EVIL))

# ---- the stream around them

good = file(b"bait", EVIL)
take("no end", BAIT, good, end=b"")
take("one layer that is empty", {}, b"", end=b"")
refuse("cut in a header", good + header(b"x")[:300], end=b"")
refuse("cut in a content", header(b"bait", size=5000) + EVIL, end=b"")
refuse("cut before any content", header(b"bait", size=5000), end=b"")
refuse("one byte behind the end", good, end=END + b"x")
refuse("a second archive behind the end", good, end=END + file(b"hidden", EVIL) + END)
refuse("an entry behind one block of zeros", good + bytes(512) + file(b"hidden", EVIL))
take("a megabyte of zeros behind the end", BAIT, good, end=bytes(1 << 20))
refuse("text", b"no archive at all\n" * 100, end=b"")
refuse("cpio", b"070701" + b"0" * 104 + b"bait\0\0", end=b"")
refuse("zip", b"PK\3\4" + bytes(26) + b"bait" + EVIL, end=b"")
refuse("ar", b"!<arch>\nbait/           0           0     0     644     5         `\nevil\n", end=b"")
refuse("xz", good, pack=lambda data: b"\xfd7zXZ\0\0\4" + data)
refuse("bzip2", good, pack=lambda data: b"BZh91AY&SY" + data)
take("plain although it says gzip", BAIT, good, pack=bytes)
take("zstd although it says gzip", BAIT, good, pack=zip_zstd)
refuse("gzip in gzip", good, pack=lambda data: zip_gzip(zip_gzip(data)))
take("gzip in two members", BAIT, good, pack=lambda data: zip_gzip(data[:700]) + zip_gzip(data[700:]))
refuse("a byte behind gzip", good, pack=lambda data: zip_gzip(data) + b"x")
refuse("zeros behind gzip", good, pack=lambda data: zip_gzip(data) + bytes(512))
refuse("another archive in another member of gzip", good, pack=lambda data: zip_gzip(data) + zip_gzip(file(b"hidden", EVIL) + END))
refuse("gzip without its end", good, pack=lambda data: zip_gzip(data)[:-4])
refuse("gzip with a wrong checksum", good, pack=lambda data: zip_gzip(data)[:-8] + bytes(4) + zip_gzip(data)[-4:])
refuse("gzip with a wrong length", good, pack=lambda data: zip_gzip(data)[:-4] + b"\xff" * 4)
take("gzip with a name that leads up", BAIT, good, pack=lambda data: b"\x1f\x8b\x08\x08" + bytes(6) + b"../../../etc/passwd\0" + zip_gzip(data)[10:])
take("zstd behind a skippable frame", BAIT, good, pack=lambda data: zstd_skippable(b"evil") + zip_zstd(data))
take("zstd before a skippable frame", BAIT, good, pack=lambda data: zip_zstd(data) + zstd_skippable(b"evil"))
refuse("zstd before half a skippable frame", good, pack=lambda data: zip_zstd(data) + zstd_skippable(b"evil")[:-1])
refuse("a byte behind zstd", good, pack=lambda data: zip_zstd(data) + b"x")
refuse("zstd in zstd", good, pack=lambda data: zip_zstd(zip_zstd(data)))
refuse("zstd without its end", good, pack=lambda data: zip_zstd(data)[:-1])
refuse("zstd with a wrong size", good, pack=lambda data: b"\x28\xb5\x2f\xfd\x20\x05" + zip_zstd(data)[6:])
refuse("zstd with a window of 1 TiB", good, pack=lambda data: b"\x28\xb5\x2f\xfd\x00\xf0" + zip_zstd(data)[6:])
refuse("zstd with a dictionary", good, pack=lambda data: b"\x28\xb5\x2f\xfd\x01\x50\x2a" + zip_zstd(data)[6:])
