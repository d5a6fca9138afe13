# SPDX-License-Identifier: MIT
"""Layers at a limit of src/base/limits.h and one above it, for the runner `escape`: CASES.

EXTRACT_LAYER_MAX and HIDING_MAX are not here: 16 GiB take a minute to hash. tests/unit/test_inflate.c tries the limit of
the stream with a smaller one. As many files as EXTRACT_FILES_MAX are in tests/unit/test_extract.c.
"""
from escapes import EVIL, Case
from tarball import END, directory, file, hardlink, header, pax, zip_gzip, zip_zstd

CASES = {}
DEEP = b"too/deep/for/the/patterns"


def add(name, takes, tar, sent=None, says=""):
    CASES[name] = Case(name, [(tar, sent or zip_gzip(tar))], takes, says)


def both(name, at, takes, above, says):
    add(f"{name}: at the limit", takes, at + END)
    add(f"{name}: one more", None, above + END, says=says)


def names(count):
    return [b"f%d" % n for n in range(count)]


def files(count):
    return b"".join(file(name, EVIL) for name in names(count))


def links(count):
    return file(DEEP, EVIL) + b"".join(hardlink(name, DEEP) for name in names(count))


def chain(count):
    """The last of so many hard links to hard links is wanted, the others are not."""
    return file(DEEP + b"0", EVIL) + b"".join(hardlink(DEEP + b"%d" % n, DEEP + b"%d" % (n - 1)) for n in range(1, count)) + hardlink(b"f0", DEEP + b"%d" % (count - 1))


def evil(count):
    return {name.decode(): EVIL for name in names(count)}


def windowed(tar, log):
    """The window of a frame that needs none so large."""
    return b"\x28\xb5\x2f\xfd\x00" + bytes([(log - 10) << 3]) + zip_zstd(tar)[6:]


add("EXTRACT_FILES_MAX: one more", None, files(4097) + END, says="more than 4096 files")
both("EXTRACT_OPEN_LINKS_MAX", links(256), evil(256), links(257), "more than 256 wanted files are hard links")
both("EXTRACT_LINK_DEPTH", chain(8), evil(1), chain(9), "more than 8 deep")
both("EXTRACT_PATH_MAX", pax((b"path", b"d/" * 2046 + b"x" * 2)) + file(b"x", EVIL), {}, pax((b"path", b"d/" * 2046 + b"x" * 3)) + file(b"x", EVIL), "longer than 4095 bytes")
both("EXTRACT_ENTRIES_MAX", directory(b"d") * 1000000, {}, directory(b"d") * 1000001, "more than 1000000 entries")
both("CHANGE_NAME_MAX", pax((b"path", b"x" * 200)) + file(b"y", EVIL), {"x" * 200: EVIL}, pax((b"path", b"x" * 201)) + file(b"y", EVIL), "more than 200 characters")
bait = file(b"f0", EVIL) + END
add("INFLATE_WINDOW_LOG_MAX: at the limit", evil(1), bait, windowed(bait, 27))
add("INFLATE_WINDOW_LOG_MAX: one more", None, bait, windowed(bait, 28), says="memory")
# Content of that size is not made here: what is missing, or has another digest, is found behind the limit.
add("EXTRACT_FILE_MAX: at the limit", None, header(b"f0", size=2 << 30) + EVIL, says="truncated|Truncated")
add("EXTRACT_FILE_MAX: one more", None, header(b"f0", size=(2 << 30) + 1) + EVIL, says="larger than 2147483648 bytes")
