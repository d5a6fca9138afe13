// SPDX-License-Identifier: MIT
#include "oci/reference.h"

#include <stdlib.h>

#include "tap.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define D "sha256:" A64

static const struct {
	const char *text, *full;
} good[] = {
	{ "docker", "docker.io/library/docker:latest" },
	{ "docker:28", "docker.io/library/docker:28" },
	{ "docker:28-dind", "docker.io/library/docker:28-dind" },
	{ "rancher/k3s-upgrade:v1.29.3-k3s1", "docker.io/rancher/k3s-upgrade:v1.29.3-k3s1" },
	{ "docker.io/docker", "docker.io/library/docker:latest" },
	{ "index.docker.io/library/docker:1", "docker.io/library/docker:1" },
	{ "localhost/a", "localhost/a:latest" },
	{ "localhost:5000/a", "localhost:5000/a:latest" },
	{ "registry:5000/a/b:tag@" D, "registry:5000/a/b:tag@" D },
	{ "a@" D, "docker.io/library/a@" D },
	{ "r.example.com/a-b/c__d/e.f/g---h:T.a-g_1", "r.example.com/a-b/c__d/e.f/g---h:T.a-g_1" },
	{ "Host/a", "Host/a:latest" },
	{ "[::1]:5000/a:1", "[::1]:5000/a:1" },
	{ "127.0.0.1:65535/a:_x", "127.0.0.1:65535/a:_x" },
};

static const char *const bad[] = {
	"",
	":",
	"@",
	"a:",
	"a@",
	":tag",
	"/a",
	"a/",
	"a//b",
	"A",
	"a b",
	"a:b c",
	"-a",
	"a-",
	"a__",
	"a___b",
	"a._b",
	"a..b",
	".a",
	"a/../b",
	"../a",
	"http://a.b/c",
	"docker://a",
	"a@sha256:",
	"a@sha256:abc",
	"a@md5:d41d8cd98f00b204e9800998ecf8427e",
	"a@" D "0",
	"a@" D "@" D,
	"a@sha256:AAAA",
	"r:0/a",
	"r:65536/a",
	"r:x/a",
	"r:/a",
	"r:-1/a",
	"[::1/a",
	"[]:5/a",
	"[x]:5/a",
	"-r.a/b",
	"r-.a/b",
	"r..a/b",
	".r.a/b",
	"r_x.y/b",
	"a:.b",
	"a:-b",
	"\xc3\xa9",
	"a\n",
	A64,
	"r.io/a?b",
	"r.io/a#b",
	"r.io/a%2f",
	"u@r.io/a",
	"r.io\\a",
};

int main(void)
{
	struct reference r;
	struct err e;
	char text[400];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		char *full = NULL;

		if (reference_parse(&e, good[i].text, &r) == 0) {
			full = reference_format(&r);
			reference_release(&r);
		}
		is_str(full, good[i].full, "%s", good[i].text);
		free(full);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int failed = reference_parse(&e, bad[i], &r);

		ok(failed < 0 && e.code == ERR_USAGE, "refused: number %zu", i);
		if (failed == 0)
			reference_release(&r);
	}
	for (int over = 0; over < 2; over++) {
		snprintf(text, sizeof(text), "r.io/%0*d:t", 250 + over, 0);
		is_int(reference_parse(&e, text, &r), -over, "a name of %d characters", 255 + over);
		if (!over)
			reference_release(&r);
		snprintf(text, sizeof(text), "a:%0*d", 128 + over, 0);
		is_int(reference_parse(&e, text, &r), -over, "a tag of %d characters", 128 + over);
		if (!over)
			reference_release(&r);
	}
	return done_testing();
}
