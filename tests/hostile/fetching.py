# SPDX-License-Identifier: MIT
"""`nodelift fetch` from a registry on loopback that says whatever a test wants, and a judgement of how it ended.

A repository is a Repository, or something like it, by the name in the address. Each try has a state directory of its
own. What is tried is the program as it is built, under a trace, and (not under one) the one with sanitizers.
"""
import concurrent.futures
import hashlib
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

import trace

OCI = "application/vnd.oci.image."
MANIFEST, INDEX, CONFIG, LAYER = (OCI + kind for kind in ("manifest.v1+json", "index.v1+json", "config.v1+json", "layer.v1.tar"))
PROGRAM = os.environ.get("NODELIFT", "build/nodelift")
SANITIZED = "build/san/nodelift"
TIMEOUT = 120


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def text_of(document):
    return document if isinstance(document, bytes) else json.dumps(document).encode()


class Repository:
    """An honest image of one layer. Tests change what is in it before it is served."""

    def __init__(self):
        self.docs, self.blobs = {}, {}  # {tag or digest: (bytes, media type)}, {digest: bytes}
        self.layer = self.blob(bytes(1024), LAYER)
        self.config_document = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(bytes(1024))]}}
        self.config = self.blob(self.config_document, CONFIG)
        self.manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": self.config, "layers": [self.layer]}
        self.tag(self.manifest)

    def blob(self, data, media_type):
        data = text_of(data)
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def doc(self, document, media_type=MANIFEST):
        data = text_of(document)
        self.docs[digest(data)] = (data, media_type)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def tag(self, document, media_type=MANIFEST):
        self.top = self.doc(document, media_type)
        self.docs["t"] = (text_of(document), media_type)
        return self

    def answer(self, handler, kind, name):
        """May be replaced. kind: "manifests", "blobs", ... ; what is not known is None."""
        if kind == "manifests" and name in self.docs:
            handler.send(200, *self.docs[name])
        elif kind == "blobs" and name in self.blobs:
            handler.send(200, self.blobs[name], "application/octet-stream")
        else:
            handler.send(404)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    repositories = {}

    def log_message(self, *_):
        pass

    def send(self, status, body=b"", media_type="text/plain", **headers):
        """headers: names with "_" for "-"; None leaves out what would be there."""
        self.send_response(status)
        for name, value in {"Content_Type": media_type, "Content_Length": str(len(body)), **headers}.items():
            for one in value if isinstance(value, list) else [value]:
                if one is not None:
                    self.send_header(name.replace("_", "-"), one)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, *pieces):
        """Bytes as they are, instead of an answer; then the connection is closed."""
        self.close_connection = True
        for piece in pieces:
            self.wfile.write(piece)

    def endless(self, head, piece):
        self.raw(head)
        while True:
            self.wfile.write(piece)

    def do_GET(self):
        parts = self.path.partition("?")[0].split("/")
        try:
            if len(parts) >= 5 and parts[1] == "v2" and parts[2] in self.repositories:
                self.repositories[parts[2]].answer(self, parts[3], "/".join(parts[4:]))
            else:
                self.send(404)
        except OSError:
            self.close_connection = True

    do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """Clients hang up on liars."""


def serve(repositories, context=None):
    """The port. repositories: {name: Repository}, may grow later; context: of TLS."""
    Handler.repositories = repositories
    server = Server(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


class Ended:
    """How one try ended: status, errors (stderr), wrong (what is not as it must be, "" when all is well)."""

    def __init__(self, status, errors):
        self.status, self.errors, self.wrong = status, errors, ""

    def crashed(self):
        return self.status not in (0, 12, 20)

    def expect(self, status, pattern):
        lines = [line for line in self.errors.splitlines() if line.startswith("nodelift: ")]
        if self.status != status:
            self.wrong += f"status {self.status} instead of {status}; "
        if len(lines) != 1 or lines != self.errors.splitlines()[-1:]:
            self.wrong += "not one line of error, the last; "
        elif not re.search(pattern, lines[0]):
            self.wrong += f"the line is not like '{pattern}'; "
        return self


def check_store(state, status):
    """Every file is what its name says, and nothing unfinished lies about."""
    for folder, _, names in os.walk(os.path.join(state, "store")):
        kind = os.path.basename(folder)
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                if kind == "tmp" or kind.startswith("sha") and hashlib.new(kind, file.read()).hexdigest() != name or kind == "partial" and status == 0:
                    return f"the store has '{kind}/{name}'; "
    return ""


def fetch(program, image, *words, traced=False, config_dir="/nonexistent"):
    """One try, in an empty state directory."""
    work = tempfile.mkdtemp(prefix="nodelift-try.", dir=os.environ.get("TMPDIR", "/tmp"))
    state, log = os.path.join(work, "state"), os.path.join(work, "log")
    try:
        done = subprocess.run([*(trace.options(log) if traced else []), program, "fetch", "--plain-http", "--state-dir", state,
                               "--config-dir", config_dir, *words, image], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, check=False, env={"PATH": os.environ["PATH"], "DOCKER_CONFIG": work})
        ended = Ended(done.returncode, done.stderr.decode(errors="replace"))
        ended.wrong += check_store(state, done.returncode)
        if traced:
            changed, started = trace.read(log)
            for call, path in changed:
                if path != "/dev/null" and path != state and not path.startswith(state + "/") or "/../" in path + "/":
                    ended.wrong += f"{call} {path}; "
            if started != [normal(program)]:
                ended.wrong += f"it started {started}; "
        return ended
    except subprocess.TimeoutExpired:
        ended = Ended(-1, "")
        ended.wrong = f"it did not end within {TIMEOUT} s; "
        return ended
    finally:
        shutil.rmtree(work, ignore_errors=True)


def normal(program):
    return trace.normal(program)


def programs():
    """[(program, is it traced)]"""
    found = [(PROGRAM, True)]
    if "NODELIFT" not in os.environ and os.path.exists(SANITIZED):
        found.append((SANITIZED, False))
    return found


def side_by_side(function, items, count=24):
    """The results in order. Most of these wait more than they work."""
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return list(pool.map(function, items))


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def result(self, good, what, why=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {what}".replace("#", "\\#"), flush=True)
        for line in [] if good else why.splitlines():
            print("# " + line)

    def end(self):
        print(f"1..{self.count}")


def write_tally(name, *numbers):
    """For the sum that `make test` prints (tests/run)."""
    os.makedirs("build/tally", exist_ok=True)
    with open(os.path.join("build/tally", name), "w", encoding="ascii") as file:
        file.write(" ".join(map(str, numbers)) + "\n")
