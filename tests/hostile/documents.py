# SPDX-License-Identifier: MIT
"""Manifests, indexes and configurations that are not what they should be: add(name, pattern, make).

make(repository) changes an honest one; the image must be refused with 20 and a line like the pattern.
"""
import json

from fetching import CONFIG, INDEX, LAYER, MANIFEST, digest

DOCUMENTS = []
AMD64 = {"os": "linux", "architecture": "amd64"}
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def add(name, pattern, make):
    DOCUMENTS.append((name, pattern, make))


def tagged(name, pattern, document, media_type=MANIFEST):
    """document(repository) is what the tag leads to."""
    add(name, pattern, lambda r: r.tag(document(r), media_type))


def layered(name, pattern, change):
    """change: of the one layer's descriptor; a value that is no dict stands in its place."""
    tagged(name, pattern, lambda r: {**r.manifest, "layers": [{**r.layer, **change} if isinstance(change, dict) else change]})


def spelled(name, pattern, old, new, media_type=MANIFEST):
    """The honest manifest with other bytes in one place."""
    def make(r):
        text = json.dumps(r.manifest).encode()
        assert old in text, name
        r.tag(text.replace(old, new, 1), media_type)
    add(name, pattern, make)


def configured(name, pattern, change):
    """change(document): what stands in the place of the configuration."""
    def make(r):
        r.tag({**r.manifest, "config": r.blob(change(r.config_document), CONFIG)})
    add(name, pattern, make)


def indexed(name, pattern, entries, media_type=INDEX):
    """entries(repository, an honest entry)"""
    def make(r):
        r.tag({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries(r, {**r.top, "platform": AMD64})}, media_type)
    add(name, pattern, make)


def without(document, *keys):
    return {key: value for key, value in document.items() if key not in keys}


# ---- one document, two meanings (CVE-2021-41190)

tagged("a manifest that comes as an index", "has the type|came as", lambda r: without(r.manifest, "mediaType"), INDEX)
tagged("an index that comes as a manifest", "has the type|came as", lambda r: {"schemaVersion": 2, "manifests": [{**r.top, "platform": AMD64}]})
tagged("a manifest that says it is an index and comes as one", "has the type", lambda r: {**r.manifest, "mediaType": INDEX}, INDEX)
tagged("a manifest of Docker's type that comes as OCI's", "came as", lambda r: {**r.manifest, "mediaType": DOCKER})
tagged("manifest and index at once, by 'config'", "manifest and index at once", lambda r: {**without(r.manifest, "layers"), "manifests": []})
tagged("manifest and index at once, as an index", "manifest and index at once", lambda r: {**r.manifest, "mediaType": INDEX, "manifests": [{**r.top, "platform": AMD64}]}, INDEX)
tagged("manifest and schema 1 at once", "schema 1", lambda r: {**r.manifest, "fsLayers": [], "history": []})
tagged("signed schema 1", "schema 1", lambda r: {"schemaVersion": 1, "name": "x", "tag": "t", "fsLayers": [{"blobSum": digest(b"")}], "signatures": []},
       "application/vnd.docker.distribution.manifest.v1+prettyjws")
tagged("schema 1 that comes as schema 2", "schema 1", lambda r: {"schemaVersion": 1, "fsLayers": []})
for version in (0, 3, -2, 2.5, "2", None, True, [2], 1e300):
    tagged(f"schemaVersion {version!r}", "schemaVersion", lambda r, v=version: {**r.manifest, "schemaVersion": v})
tagged("no schemaVersion", "schemaVersion", lambda r: without(r.manifest, "schemaVersion"))
tagged("mediaType that is a number", "is not a type of manifest", lambda r: {**r.manifest, "mediaType": 2})
tagged("mediaType of 10000 characters", "is not a type of manifest", lambda r: {**r.manifest, "mediaType": "x" * 10000})
tagged("neither manifest nor index", "neither manifest nor index", lambda r: {"schemaVersion": 2, "mediaType": MANIFEST})
tagged("a referrers' artifact manifest", "neither manifest nor index", lambda r: {"schemaVersion": 2, "mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []},
       "application/vnd.oci.artifact.manifest.v1+json")

# ---- JSON that readers read differently

spelled("'Layers' in another case", "'layers' is missing|'layers' must", b'"layers"', b'"Layers"')
spelled("'Layers' beside bad 'layers'", "'layers' must be an array", b'"layers":', b'"layers": {}, "Layers":')
spelled("'Digest' beside a bad 'digest'", "is not a digest", b'"digest":', b'"digest": "x", "Digest":')
spelled("'layers' twice", "'layers' occurs twice", b'"layers":', b'"layers": [], "layers":')
spelled("'layers' twice, once escaped", "'layers' occurs twice", b'"layers":', b'"l\\u0061yers": [], "layers":')
spelled("'digest' twice in a descriptor", "'digest' occurs twice", b'"digest":', b'"digest": "sha256:0", "digest":')
spelled("an escaped NUL in a key", "NUL", b'"layers"', b'"layers\\u0000x"')
spelled("an escaped NUL in a digest", "NUL", b'", "size"', b'\\u0000x", "size"')
spelled("a NUL", "NUL", b'{"schema', b'{\0"schema')
spelled("text behind the end", "not JSON", b"}]}", b"}]} evil")
spelled("another document behind the end", "not JSON", b"}]}", b'}]}{"schemaVersion": 2}')
spelled("cut off", "not JSON", b"}]}", b"}")
spelled("a comment", "not JSON", b'{"schema', b'{/* */"schema')
spelled("single quotes", "not JSON", b'"layers"', b"'layers'")
spelled("half a surrogate", "not JSON", b'"layers"', b'"x": "\\ud800", "layers"')
spelled("a key without quotes", "not JSON", b'"layers"', b"layers")
tagged("nothing", "not JSON", lambda r: b"")
tagged("a NUL and nothing else", "NUL", lambda r: b"\0")
tagged("UTF-16", "NUL|not JSON", lambda r: json.dumps(r.manifest).encode("utf-16"))
tagged("a string", "not a JSON object", lambda r: b'"manifest"')
tagged("null", "not a JSON object", lambda r: b"null")
tagged("a hundred thousand arrays in each other", "not JSON", lambda r: b"[" * 100000 + b"]" * 100000)
tagged("four MiB of open arrays", "not JSON", lambda r: b"[" * (4 << 20))
tagged("a million objects in each other", "not JSON", lambda r: b'{"a":' * 500000)
tagged("a hundred thousand members", "one too many", lambda r: {**r.manifest, "annotations": {str(n): "" for n in range(100000)}})

# ---- descriptors

for size in ("-1", "-0.5", "1e30", "1e400", "9223372036854775807", "9223372036854775808", "18446744073709551616", "9007199254740994", "0.5",
             '"1024"', "null", "true", "[]", "{}", "NaN", "0x400", "1024a", "99999999999999999999999999"):
    spelled(f"a layer of {size} bytes", "size|larger|not JSON", b'"size": 1024', b'"size": ' + size.encode())
for name, value in (("empty", ""), ("only an algorithm", "sha256:"), ("unknown", "md5:" + "0" * 32), ("sha384", "sha384:" + "0" * 96),
                    ("in upper case", "SHA256:" + "0" * 64), ("with another letter", "sha256:" + "g" * 64), ("65 digits", "sha256:" + "0" * 65),
                    ("a path (CVE-2024-3727)", "sha256:../../../../../../etc/passwd"), ("an absolute path", "/etc/passwd"), ("an escaped path", "sha256:..%2f..%2fetc"),
                    ("with a newline", "sha256:" + "0" * 64 + "\n"), ("with a query", "sha256:" + "0" * 64 + "?x"), ("a path behind it", "sha256:" + "0" * 64 + "/../x"),
                    ("two algorithms", "sha256+b64:" + "0" * 64), ("sha512 of 64 digits", "sha512:" + "0" * 64), ("10000 digits", "sha256:" + "0" * 10000),
                    ("a number", 5), ("null", None), ("a list", ["sha256:" + "0" * 64]), ("two dots", ".."), ("a URL", "http://localhost/x")):
    layered(f"a digest that is {name}", "digest", {"digest": value})
    if name in ("a path (CVE-2024-3727)", "empty", "null"):
        tagged(f"a configuration's digest that is {name}", "digest", lambda r, v=value: {**r.manifest, "config": {**r.config, "digest": v}})
        indexed(f"an entry's digest that is {name}", "digest", lambda r, entry, v=value: [{**entry, "digest": v}])



def wrong_sha512(r):
    name = "sha512:" + "0" * 128
    r.blobs[name] = bytes(1024)
    r.tag({**r.manifest, "layers": [{**r.layer, "digest": name}]})


add("the wrong sha512", "is not sha512:0000", wrong_sha512)
for value in (None, "x", 5, [], True):
    layered(f"a layer that is {value!r}", "is missing|must be", value)
for value in ("", "text/html", "application/vnd.oci.image.layer.v1.tar+bzip2", "Application/vnd.oci.image.layer.v1.tar", LAYER + ";x", "x" * 100000):
    layered(f"a layer of type '{value[:40]}'", "not a known type of layer", {"mediaType": value})
layered("a layer of the type of a configuration", "not a known type", {"mediaType": CONFIG})
layered("a layer without a type", "'mediaType'", {"mediaType": None})
layered("a layer of the wrong size", "sends 1024 bytes for a blob of 1023|longer", {"size": 1023})
for value in (None, {}, "x", 5):
    tagged(f"layers that are {value!r}", "'layers'", lambda r, v=value: {**r.manifest, "layers": v})
for value in (None, [], "x", 5, {}):
    tagged(f"a configuration that is {value!r}", "config|missing|neither", lambda r, v=value: {**r.manifest, "config": v})
tagged("a configuration of the wrong size", "bytes instead of|size", lambda r: {**r.manifest, "config": {**r.config, "size": 5}})
tagged("a configuration of another type", "not a container image", lambda r: {**r.manifest, "config": {**r.config, "mediaType": "application/vnd.oci.empty.v1+json"}})
tagged("a layer as its configuration", "NUL|not JSON", lambda r: {**r.manifest, "config": {**r.config, **without(r.layer, "mediaType")}})
tagged("the configuration as its layer, twice", "layers but the image configuration has 1", lambda r: {**r.manifest, "layers": [r.layer, r.layer]})

# ---- indexes

for value in (None, {}, "x", 5):
    tagged(f"manifests that are {value!r}", "manifest", lambda r, v=value: {"schemaVersion": 2, "mediaType": INDEX, "manifests": v}, INDEX)
indexed("no entries", "no image for", lambda r, entry: [])
indexed("entries that are none", "no image for", lambda r, entry: [None, 5, "x", [], {}])
indexed("a platform that is a list", "no image for", lambda r, entry: [{**entry, "platform": ["linux", "amd64"]}])
indexed("platforms in another case", "no image for", lambda r, entry: [{**entry, "platform": {"OS": "linux", "Architecture": "amd64"}}])
indexed("a platform with an escape sequence", "no image for", lambda r, entry: [{**entry, "platform": {"os": "\33[2J\nnodelift: upgraded", "architecture": "x"}}])
indexed("an entry of the wrong size", "another size", lambda r, entry: [{**entry, "size": 5}])
indexed("an entry of -1 bytes", "'size'", lambda r, entry: [{**entry, "size": -1}])
indexed("an entry of 5 GB", "larger than", lambda r, entry: [{**entry, "size": 5 << 30}])
indexed("an entry of another type", "no image for", lambda r, entry: [{**entry, "mediaType": "text/plain"}])
indexed("an entry that says index", "no image for", lambda r, entry: [{**entry, "mediaType": INDEX}])
indexed("an entry that leads to a layer", "size|NUL|not JSON|no such", lambda r, entry: [{**entry, **r.doc(bytes(1024), MANIFEST)}])
indexed("an entry that leads to an index", "index inside an index|has the type|came as", lambda r, entry: [{**entry, **r.doc({"schemaVersion": 2, "manifests": []}, INDEX), "mediaType": MANIFEST}])
indexed("an index that comes as a manifest list", "came as", lambda r, entry: [entry], "application/vnd.docker.distribution.manifest.list.v2+json")

# ---- configurations

configured("a configuration for another architecture behind an amd64 entry", "image is for linux/arm64", lambda c: {**c, "architecture": "arm64"})
configured("a configuration for another system", "image is for windows", lambda c: {**c, "os": "windows"})
configured("an architecture with a newline", "image is for", lambda c: {**c, "architecture": "amd64\nnodelift: upgraded"})
for key in ("os", "architecture", "rootfs"):
    configured(f"a configuration without '{key}'", f"'{key}'", lambda c, k=key: without(c, k))
for value in (None, {}, "x", []):
    configured(f"a rootfs that is {value!r}", "rootfs|diff_ids", lambda c, v=value: {**c, "rootfs": v})
for value in (None, {}, "x", [5], [None], ["sha256:x"], ["sha256:../../etc"], [digest(b"")] * 2, []):
    configured(f"diff_ids that are {str(value)[:40]}", "diff_ids|digest|layers", lambda c, v=value: {**c, "rootfs": {"type": "layers", "diff_ids": v}})
configured("a configuration that is a list", "not a JSON object", lambda c: [c])
configured("a configuration that is nothing", "not JSON", lambda c: b"")
configured("a configuration with 'rootfs' twice", "occurs twice", lambda c: json.dumps(c).encode()[:-1] + b', "rootfs": {}}')
configured("a configuration of open arrays", "not JSON", lambda c: b"[" * 1000000)
