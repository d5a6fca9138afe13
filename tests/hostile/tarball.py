# SPDX-License-Identifier: MIT
"""Tar archives whose every byte can be wrong on purpose.

Written from POSIX.1-2017 "pax" (ustar and pax interchange formats) and the GNU tar manual; it shares no code with
nodelift or with a library that would put things right.
"""
import gzip
import struct

BLOCK = 512
END = bytes(2 * BLOCK)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def octal(number, width):
    return b"%0*o\0" % (width - 1, number)


def base256(number, width=12):
    """A number of GNU tar: two's complement with the uppermost bit set."""
    data = bytearray((number % (1 << 8 * width)).to_bytes(width, "big"))
    data[0] |= 0x80
    return bytes(data)


def checksum(block):
    return b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:]))


def header(name, kind=b"0", size=0, link=b"", mode=0o755, magic=b"ustar\00000", prefix=b"", sum_is=None, tail=b"",
           device=(0, 0)):
    """size, mode: a number, or the bytes of the field. tail: bytes from offset 345 on, instead of the prefix."""
    def field(value, width):
        return value if isinstance(value, bytes) else octal(value, width)

    text = struct.pack("100s8s8s8s12s12s8sc100s8s32s32s8s8s", name, field(mode, 8), octal(0, 8), octal(0, 8),
                       field(size, 12), octal(0, 12), b" " * 8, kind, link, magic, b"root", b"root",
                       octal(device[0], 8), octal(device[1], 8))
    block = (text + (tail or prefix)).ljust(BLOCK, b"\0")
    return block[:148] + (checksum(block) if sum_is is None else sum_is) + block[156:]


def file(name, data=b"", **fields):
    """fields may say another size than the data has."""
    return header(name, **{"size": len(data), **fields}) + padded(data)


def directory(name, **fields):
    return header(name, b"5", **fields)


def symlink(name, target, **fields):
    return header(name, b"2", link=target, **fields)


def hardlink(name, target, **fields):
    return header(name, b"1", link=target, **fields)


def record(key, value):
    """One pax record, which begins with its own length."""
    rest = len(key) + len(value) + 3
    length = rest + 1
    while rest + len(str(length)) != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


def pax(*records, kind=b"x"):
    """records: (key, value), or bytes as they are."""
    data = b"".join(one if isinstance(one, bytes) else record(*one) for one in records)
    return header(b"PaxHeaders/0", kind, len(data), mode=0o644) + padded(data)


def gnu_long(value, kind=b"L", size=None):
    """The name ("L") or the link ("K") of the entry behind it."""
    return header(b"././@LongLink", kind, len(value) + 1 if size is None else size, magic=b"ustar  \0") + padded(value + b"\0")


def gnu_sparse(name, pieces, real_size, data):
    """The old form: four (offset, size) in the header itself."""
    maps = b"".join(octal(n, 12) if n >= 0 else base256(n) for piece in pieces for n in piece)
    tail = bytes(41) + maps.ljust(4 * 24, b"\0") + b"\0" + (octal(real_size, 12) if real_size >= 0 else base256(real_size))
    return header(name, b"S", len(data), magic=b"ustar  \0", tail=tail) + padded(data)


# ---- compression, which may be wrong as well


def zip_gzip(data):
    return gzip.compress(data, 6, mtime=0)


def zip_zstd(data):
    """A frame of raw blocks (RFC 8878, 3.1.1), window 1 MiB, without checksum."""
    frame = b"\x28\xb5\x2f\xfd\x00\x50"
    pieces = [data[i:i + 100000] for i in range(0, len(data), 100000)] or [b""]
    for number, piece in enumerate(pieces):
        frame += struct.pack("<I", len(piece) << 3 | (number + 1 == len(pieces)))[:3] + piece
    return frame


def zstd_skippable(data):
    return struct.pack("<II", 0x184d2a50, len(data)) + data
