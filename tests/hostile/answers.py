# SPDX-License-Identifier: MIT
"""Servers that break HTTP, or the distribution protocol: ANSWERS has (name, statuses, pattern, answer).

answer(repository, handler, kind, name) stands in the place of Repository.answer. None is honest, so each must end
with one of the statuses.
"""
import gzip
import itertools
import json
import threading
import zlib

from fetching import MANIFEST, Repository

ANSWERS = []
SLOW = "given up after half a minute: "
OK = b"HTTP/1.1 200 OK\r\nContent-Type: " + MANIFEST.encode() + b"\r\n"


def add(name, statuses, pattern, answer):
    ANSWERS.append((name, statuses, pattern, answer))


def of(kind, answer):
    """Lies about manifests or blobs only."""
    def respond(repository, handler, asked, name):
        if asked == kind and (kind != "blobs" or name == repository.layer["digest"]):
            answer(repository, handler, name)
        else:
            Repository.answer(repository, handler, asked, name)
    return respond


def manifests(name, pattern, answer, statuses=(12, 20)):
    add(name, statuses, pattern, of("manifests", answer))


def blobs(name, pattern, answer, statuses=(12, 20)):
    add(name, statuses, pattern, of("blobs", answer))


def wait(handler, head=b""):
    handler.raw(head)
    threading.Event().wait(60)


def drip(handler, head, piece):
    handler.raw(head)
    for _ in range(100):
        handler.wfile.write(piece)
        threading.Event().wait(1)


def once(answer):
    """What is given up only after HTTP_SPEED_SECONDS: the second time it is not there."""
    seen, lock = [], threading.Lock()

    def respond(repository, handler, name):
        with lock:
            seen.append(handler.path)
            first = seen.count(handler.path) == 1
        if first:
            answer(repository, handler, name)
        else:
            handler.send(404)
    return respond


def raw(name, pattern, *pieces, **more):
    manifests(name, pattern, lambda r, h, _: h.raw(*pieces), **more)


# ---- HTTP itself

raw("no answer at all", "failed|broke off")
raw("no HTTP", "failed|cannot|broke", b"SSH-2.0-OpenSSH_9.2\r\n")
raw("HTTP/0.9", "failed|cannot|broke", b'{"schemaVersion": 2}')
raw("HTTP/9.9", "failed|broke|no such|answers", b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}")
raw("status 99999", "failed|answers|no such", b"HTTP/1.1 99999 X\r\nContent-Length: 0\r\n\r\n")
raw("status -1", "failed|answers|no such", b"HTTP/1.1 -1 X\r\nContent-Length: 0\r\n\r\n")
raw("status 000", "failed|answers|no such", b"HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n")
for status in (204, 205, 206, 300, 304, 305, 402, 407, 418, 451, 505, 599, 999):
    manifests(f"status {status} for a manifest", "", lambda r, h, _, s=status: h.send(s, json.dumps(r.manifest).encode(), MANIFEST))
raw("a negative length", "failed|broke|no such|invalid|not JSON|Content-Length", OK + b"Content-Length: -1\r\n\r\n{}")
raw("a length of letters", "", OK + b"Content-Length: evil\r\n\r\n{}")
raw("a length of 2^64", "", OK + b"Content-Length: 18446744073709551616\r\n\r\n{}")
raw("a length of 2^62", "more than|broke|failed", OK + b"Content-Length: 4611686018427387904\r\n\r\n{}")
raw("two lengths", "", OK + b"Content-Length: 2\r\nContent-Length: 400\r\n\r\n{}")
raw("a length and chunks", "", OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}")
raw("a chunk of FFFFFFFFFFFFFFFFF bytes", "", OK + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}")
raw("a chunk of -1 bytes", "", OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n")
raw("a chunk without its end", "", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}")
raw("an unknown transfer encoding", "", OK + b"Transfer-Encoding: evil\r\n\r\n{}")
raw("a header without a colon", "", b"HTTP/1.1 200 OK\r\nevil\r\n\r\n{}")
raw("a header with a NUL", "", OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}")
raw("a header of 1 MiB", "header|failed", OK + b"X: " + b"x" * (1 << 20) + b"\r\nContent-Length: 2\r\n\r\n{}")
raw("a folded header", "", OK + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}")
raw("a status line of 1 MiB", "header|failed", b"HTTP/1.1 404 " + b"x" * (1 << 20) + b"\r\n\r\n")
manifests("100 Continue for ever", "", lambda r, h, _: h.endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000))
manifests("102 Processing for ever", "", lambda r, h, _: h.endless(b"", b"HTTP/1.1 102 Processing\r\nX: x\r\n\r\n" * 1000))
manifests("chunks for ever", "more than", lambda r, h, _: h.endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"8\r\n        \r\n" * 1000), statuses=(20,))
manifests("trailers for ever", "", lambda r, h, _: h.endless(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n", b"X: x\r\n" * 1000))
manifests(f"{SLOW}a chunk's extension for ever", "no such", once(lambda r, h, _: h.endless(OK + b"Transfer-Encoding: chunked\r\n\r\n2;", b"x" * 10000)))
manifests(f"{SLOW}another protocol", "no such", once(lambda r, h, _: wait(h, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: evil\r\n\r\n")))
manifests("cookies for ever", "header|failed", lambda r, h, _: h.endless(OK, b"Set-Cookie: a=" + b"x" * 4000 + b"\r\n"))
manifests("401 for ever", "refuses access", lambda r, h, _: h.send(401, b"", WWW_Authenticate='Basic realm="x"'), statuses=(12,))
for status in (200, 404, 500):
    manifests(f"spaces for ever, with {status}", "more than|failed", lambda r, h, _, s=status: h.endless(b"HTTP/1.1 %d X\r\n\r\n" % s, b" " * 65536), statuses=(20,))

# ---- encodings nobody asked for


def encoded(encoding, encode):
    def answer(repository, handler, name):
        data = repository.docs[name][0] if name in repository.docs else repository.blobs[name]
        handler.send(200, encode(data), MANIFEST, Content_Encoding=encoding)
    return answer


for encoding, encode in (("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip", lambda data: gzip.compress(bytes(100 << 20))), ("br", gzip.compress)):
    manifests(f"a manifest in {encoding}, {len(encode(b''))} bytes of it", "NUL|not JSON", encoded(encoding, encode), statuses=(20,))
    blobs(f"a layer in {encoding}, {len(encode(b''))} bytes of it", "bytes for a blob|should be|is not|longer", encoded(encoding, encode), statuses=(20,))

# ---- parts and lengths


def part(*, status=206, content_range="", length=None, cut=600, body=None):
    """The first answer breaks off after `cut` bytes; to the request for the rest comes this, always."""
    def answer(repository, handler, name):
        data = repository.blobs[name]
        asked = handler.headers.get("Range")
        if not asked:
            handler.raw(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data), b"x" + data[1:cut])
            return
        rest = data[cut:] if body is None else body
        handler.send(status, rest, Content_Range=content_range or None, **({"Content_Length": str(length)} if length is not None else {}))
    return answer


for name, what in (("another start", "bytes 599-1023/1024"), ("another end", "bytes 600-1022/1024"), ("another size", "bytes 600-1023/9999"), ("no range", ""), ("a star", "bytes */1024"),
                   ("another unit", "lines 600-1023/1024"), ("a negative start", "bytes -600-1023/1024"), ("2^64", "bytes 18446744073709552216-1023/1024"), ("two ranges", "bytes 600-700,701-1023/1024")):
    blobs(f"the rest with {name} in Content-Range", "", part(content_range=what))
blobs("the rest in several parts", "", part(content_range="", body=b"--x\r\nContent-Range: bytes 600-1023/1024\r\n\r\n" + bytes(424) + b"\r\n--x--"))
blobs("the rest is longer than it should be", "", part(content_range="bytes 600-1023/1024", body=bytes(10000)))
blobs("the rest is the whole", "", part(content_range="bytes 600-1023/1024", body=bytes(1024)))
blobs("the rest is nothing", "", part(content_range="bytes 600-1023/1024", body=b""))
blobs("416 for the rest, always", "", part(status=416))
blobs("206 for the whole", "a part that was not asked for", lambda r, h, name: h.send(206, r.blobs[name], Content_Range="bytes 0-1023/1024"), statuses=(12,))
blobs("206 for the manifest of a layer", "", lambda r, h, name: h.send(206, r.blobs[name]))
blobs("a layer that is shorter", "bytes for a blob", lambda r, h, name: h.send(200, r.blobs[name][:-1]))
blobs("a layer that is empty", "bytes for a blob", lambda r, h, name: h.send(200))
blobs("a layer with one byte more, without a length", "longer|more", lambda r, h, name: h.raw(b"HTTP/1.1 200 OK\r\n\r\n", r.blobs[name] + b"x"), statuses=(20,))
blobs("a layer in chunks for ever", "longer|more", lambda r, h, _: h.endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"400\r\n" + bytes(1024) + b"\r\n"), statuses=(20,))
blobs("another layer", "should be|is not", lambda r, h, name: h.send(200, b"x" * 1024), statuses=(20,))
blobs("a layer that is another one each time", "should be|is not", lambda r, h, name, n=itertools.count(): h.send(200, (b"%d" % next(n)).ljust(1024)), statuses=(20,))
blobs("204 for a layer", "answers|broke off", lambda r, h, _: h.raw(b"HTTP/1.1 204 No Content\r\n\r\n"), statuses=(12,))
blobs("404 for a layer", "answers", lambda r, h, _: h.send(404), statuses=(12,))

# ---- redirects


def to(place):
    return lambda r, h, _: h.send(307, Location=place.replace("PORT", str(h.server.server_address[1])))


for name, place, pattern in (("a file", "file:///etc/passwd", "not an address"), ("gopher", "gopher://localhost:PORT/x", "not an address"), ("data", "data:text/plain,x", "not an address"),
                             ("LDAP", "ldap://localhost:PORT/x", "not an address"), ("a plain host that is not this machine", "http://registry.example.com/x", "without TLS"),
                             ("the cloud's metadata", "http://169.254.169.254/latest/meta-data", "without TLS"), ("nothing", "", ""),
                             ("10000 characters", "/" + "x" * 10000, "longer|not an address|answers|too long"), ("a port of 99999", "http://localhost:99999/x", "not an address"),
                             ("a user", "http://user:secret@localhost:PORT/x", "not an address"), ("an address with spaces", "http://local host:PORT/x", "not an address"),
                             ("0.0.0.0", "http://0.0.0.0:PORT/x", "without TLS"), ("a name with a NUL in percent", "http://localhost%00.example.com/x", "not an address|without TLS"),
                             ("a Unix socket", "unix:///var/run/docker.sock", "not an address"), ("an address in brackets", "http://[::1", "not an address")):
    manifests(f"a redirect to {name}", pattern, to(place), statuses=(12,))
    blobs(f"a redirect of a layer to {name}", pattern, to(place), statuses=(12,))
manifests("a redirect without a place", "answers|no such", lambda r, h, _: h.send(307), statuses=(12,))
manifests("a redirect to itself", "more than 10 times", lambda r, h, _: h.send(302, Location=h.path), statuses=(12,))
manifests("two places that send to each other", "more than 10 times", lambda r, h, name: h.send(301, Location=h.path + "x" if name == "t" else h.path[:-1]), statuses=(12,))
manifests("a redirect that is longer each time", "more than 10 times", lambda r, h, _: h.send(308, Location=h.path + "/x"), statuses=(12,))
manifests("a redirect without end", "", lambda r, h, _: h.endless(b"HTTP/1.1 307 X\r\nLocation: /v2/x/manifests/t\r\n\r\n", b" " * 65536))

# ---- tokens


def token(name, pattern, body, *, status=200, realm="http://localhost:PORT/v2/REPO/token/x", challenge="", statuses=(12, 20), **headers):
    def answer(repository, handler, kind, _):
        here = handler.path.split("/")[2]
        if kind == "token":
            handler.send(status, body, "application/json", **headers)
            return
        place = realm.replace("PORT", str(handler.server.server_address[1])).replace("REPO", here)
        handler.send(401, b"", WWW_Authenticate=(challenge or 'Bearer realm="%s",service="x"') % place if "%s" in (challenge or "%s") else challenge)
    add(name, statuses, pattern, answer)


for name, body in (("a web page", b"<html>"), ("a list", b"[]"), ("a number", b'{"token": 5}'), ("nothing", b""), ("an empty token", b'{"token": ""}'), ("a token with a line break", b'{"token": "a\\r\\nX-Evil: 1"}'),
                   ("a token with a space", b'{"token": "a b"}'), ("a token with a NUL", b'{"token": "a\\u0000b"}'), ("a token that is not ASCII", '{"token": "\u00e9"}'.encode()),
                   ("a token of 65537 characters", json.dumps({"token": "x" * 65537}).encode()), ("two tokens", b'{"token": "a", "token": "b"}'), ("a token in another case", b'{"Token": "a"}'),
                   ("a token of arrays", b'{"token": ' + b"[" * 100000)):
    token(f"{name} as token", "token|not JSON|NUL|twice", body, statuses=(12,))
for name, body in (("never", b'{"token": "a", "expires_in": 1e400}'), ("-1", b'{"token": "a", "expires_in": -1}'), ("2^63", b'{"token": "a", "expires_in": 9223372036854775808}'), ("a word", b'{"token": "a", "expires_in": "evil"}')):
    token(f"a token that is no good and ends in {name}", "refuses access", body, statuses=(12,))
token("a token of 1 MiB and more", "more than", b" " * ((1 << 20) + 1), statuses=(20,))
for status in (204, 302, 404, 500):
    token(f"{status} for a token", "", b"", status=status, statuses=(12,))
token("a redirect of the token to itself", "", b"", status=307, Location="/v2/x/token/x", statuses=(12,))
for name, realm in (("a file", "file:///etc/passwd"), ("another host without TLS", "http://auth.example.com/"), ("no address", "evil"), ("nothing", ""), ("10000 characters", "http://localhost/" + "x" * 10000),
                    ("an address with a user", "http://user:x@localhost:PORT/"), ("a scheme of scripts", "javascript:alert(1)")):
    token(f"a realm that is {name}", "", b"{}", realm=realm, statuses=(12,))
for name, challenge in (("with an open quote", 'Bearer realm="http://localhost'), ("of commas", "," * 10000), ("that is empty", " "), ("of 60000 characters", "Bearer realm=" + "x" * 60000), ("nine times", ", ".join(["Negotiate"] * 9)),
                        ("of an unknown scheme", 'Evil realm="x"'), ("without a realm", "Bearer"), ("of equals signs", "=" * 1000), ("of backslashes", 'Bearer realm="' + "\\" * 999)):
    token(f"a challenge {name}", "refuses access|token|address|too long|longer|cannot connect", b"{}", challenge=challenge, statuses=(12,))

# ---- slow

manifests(f"{SLOW}no answer", "no such", once(lambda r, h, _: wait(h)))
manifests(f"{SLOW}headers of ten bytes a second", "no such", once(lambda r, h, _: drip(h, b"HTTP/1.1 200 OK\r\n", b"X-Evil: x\r\n")))
manifests(f"{SLOW}ten bytes a second", "no such", once(lambda r, h, _: drip(h, OK + b"Content-Length: 1024\r\n\r\n", b"          ")))
blobs(f"{SLOW}ten bytes a second of a layer", "answers", once(lambda r, h, _: drip(h, OK + b"Content-Length: 1024\r\n\r\n", bytes(10))))
