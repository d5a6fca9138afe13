/* SPDX-License-Identifier: MIT */
#include "net/trust.h"

#include <dirent.h>
#include <mbedtls/x509_crt.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/client_cert.h"

/* A chain is a linked list; that of a host is linked in front of the common one. */
struct host {
	struct trust_host public; /* first: what trust_for() gives out */
	struct host *next;
	char *name; /* "host:port" */
	mbedtls_x509_crt own;
	mbedtls_x509_crt
		*joint; /* the last of `own`, to which the common chain was linked, or NULL */
	char *client_cert, *client_key;
};

struct trust {
	pthread_mutex_t lock;
	char *certs_dir;
	mbedtls_x509_crt common;
	bool system_loaded;
	struct host *hosts;
};

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch, Flatcar */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",             /* SUSE */
	"/etc/ssl/cert.pem",                  /* Alpine without the package */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
};

static bool empty(const mbedtls_x509_crt *chain)
{
	return chain->raw.p == NULL;
}

/* A bundle may have a certificate of a kind that we do not know: it is left out, not fatal. */
static int add_file(struct err *e, mbedtls_x509_crt *chain, const char *path)
{
	int skipped;

	if (access(path, R_OK) < 0)
		return err_sys(e, "cannot read certificates from '%s'", path);
	skipped = mbedtls_x509_crt_parse_file(chain, path);
	if (skipped < 0)
		return err_set(e, ERR_PRECHECK,
		               "'%s' holds no certificate that can be read (-0x%04x)", path,
		               (unsigned)-skipped);
	if (skipped > 0)
		log_debug("%s: %d certificates were left out", path, skipped);
	return 0;
}

int trust_open(struct err *e, const char *ca_file, const char *certs_dir, struct trust **ret)
{
	struct trust *t = mem_alloc(sizeof(*t));

	pthread_mutex_init(&t->lock, NULL);
	mbedtls_x509_crt_init(&t->common);
	t->certs_dir = certs_dir ? mem_dup(certs_dir) : NULL;
	if (ca_file && add_file(e, &t->common, ca_file) < 0) {
		e->code = ERR_USAGE;
		trust_close(t);
		return -1;
	}
	*ret = t;
	return 0;
}

static void free_host(struct host *h)
{
	/* what stands behind the joint is the common chain's */
	if (h->joint)
		h->joint->next = NULL;
	if (!empty(&h->own))
		mbedtls_x509_crt_free(&h->own);
	free(h->name);
	free(h->client_cert);
	free(h->client_key);
	free(h);
}

void trust_close(struct trust *t)
{
	if (!t)
		return;
	while (t->hosts) {
		struct host *next = t->hosts->next;

		free_host(t->hosts);
		t->hosts = next;
	}
	mbedtls_x509_crt_free(&t->common);
	pthread_mutex_destroy(&t->lock);
	free(t->certs_dir);
	free(t);
}

const char *trust_system_bundle(void)
{
	const char *file = getenv("SSL_CERT_FILE");

	if (file && *file)
		return file;
	for (size_t i = 0; i < sizeof(bundles) / sizeof(*bundles); i++)
		if (access(bundles[i], R_OK) == 0)
			return bundles[i];
	return NULL;
}

static void load_system(struct trust *t)
{
	const char *file = trust_system_bundle();
	struct err e;

	t->system_loaded = true;
	if (file && add_file(&e, &t->common, file) < 0)
		log_warn("%s", e.msg);
}

/* Docker shows the first that suits; of more than one that is the first by name. */
static bool is_earlier(const char *path, const struct host *h)
{
	return !h->client_cert || strcmp(path, h->client_cert) < 0;
}

static void take_client_cert(struct host *h, const char *path)
{
	free(h->client_cert);
	free(h->client_key);
	h->client_cert = mem_dup(path);
	h->client_key = mem_printf("%.*s.key", (int)(strlen(path) - strlen(".cert")), path);
}

/* A certificate that was forgotten is no less a mistake than a key. */
static int check_lone_key(struct err *e, const char *path)
{
	CLEANUP(mem_freep)
	char *cert = mem_printf("%.*s.cert", (int)(strlen(path) - strlen(".key")), path);

	if (access(cert, F_OK) == 0)
		return 0;
	return err_sys(e, "key '%s' has no client certificate '%s'", path, cert);
}

static int add_entry(struct err *e, struct host *h, const char *dir, const char *name)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/%s", dir, name);

	if (str_ends(name, ".crt"))
		return add_file(e, &h->own, path);
	if (str_ends(name, ".key"))
		return check_lone_key(e, path);
	if (str_ends(name, ".cert") && is_earlier(path, h))
		take_client_cert(h, path);
	return 0;
}

static int load_dir(struct err *e, struct host *h, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int failed = 0;

	if (!d)
		return 0;
	while (failed == 0 && (entry = readdir(d)))
		failed = add_entry(e, h, dir, entry->d_name);
	closedir(d);
	return failed;
}

/* DIR/HOST:PORT, and DIR/HOST where the port is the scheme's own. */
static int load_host(struct err *e, const struct trust *t, const struct url *u, struct host *h)
{
	CLEANUP(mem_freep) char *with_port = NULL;
	CLEANUP(mem_freep) char *without = NULL;

	if (!t->certs_dir || !u)
		return 0;
	with_port = mem_printf("%s/%s", t->certs_dir, h->name);
	without = mem_printf("%s/%s", t->certs_dir, u->host);
	if (load_dir(e, h, with_port) < 0)
		return -1;
	if (u->port == 443 && load_dir(e, h, without) < 0)
		return -1;
	return h->client_cert ? client_cert_check(e, h->client_cert, h->client_key) : 0;
}

static int load_origin(struct err *e, const struct trust_origin *o, struct host *h)
{
	h->public.unverified = o->unverified;
	for (const char *const *file = o->ca_files; file && *file; file++)
		if (add_file(e, &h->own, *file) < 0)
			return -1;
	if (o->client_cert) {
		if (access(o->client_cert, R_OK) < 0)
			return err_sys(e, "cannot read client certificate '%s'", o->client_cert);
		if (access(o->client_key, R_OK) < 0)
			return err_sys(e, "cannot read key '%s'", o->client_key);
		h->client_cert = mem_dup(o->client_cert);
		h->client_key = mem_dup(o->client_key);
	}
	return o->dir ? load_dir(e, h, o->dir) : 0;
}

/* The common chain goes behind the host's own. */
static void join_chains(struct trust *t, struct host *h)
{
	if (!empty(&h->own)) {
		for (h->joint = &h->own; h->joint->next; h->joint = h->joint->next)
			;
		if (!empty(&t->common))
			h->joint->next = &t->common;
	}
	h->public.roots = empty(&h->own) ? &t->common : &h->own;
	h->public.client_cert = h->client_cert;
	h->public.client_key = h->client_key;
}

/* `o` NULL: nothing was said of this host. */
static int new_host(struct err *e, struct trust *t, const struct url *u, const char *name,
                    const struct trust_origin *o)
{
	struct host *h = mem_alloc(sizeof(*h));

	mbedtls_x509_crt_init(&h->own);
	h->name = mem_dup(name);
	if ((o && load_origin(e, o, h) < 0) || load_host(e, t, u, h) < 0) {
		free_host(h);
		return -1;
	}
	if (empty(&h->own) && empty(&t->common) && !h->public.unverified) {
		free_host(h);
		return err_set(
			e, ERR_PRECHECK,
			"no certification authorities on this node: install ca-certificates or "
			"give --ca-file");
	}
	join_chains(t, h);
	h->next = t->hosts;
	t->hosts = h;
	return 0;
}

static struct host *find_host(const struct trust *t, const char *name)
{
	struct host *h = t->hosts;

	while (h && strcmp(h->name, name) != 0)
		h = h->next;
	return h;
}

int trust_add(struct err *e, struct trust *t, const struct trust_origin *o)
{
	CLEANUP(mem_freep) char *name = NULL;
	struct url u = { 0 };
	int failed = 0;

	if (url_parse(e, o->address, &u) < 0)
		return -1;
	name = mem_printf("%s:%d", u.host, u.port);
	if (!t->system_loaded)
		load_system(t);
	if (find_host(t, name))
		failed = err_set(e, ERR_USAGE, "settings for TLS with '%s' occur twice", name);
	else
		failed = new_host(e, t, &u, name, o);
	url_release(&u);
	if (failed < 0)
		e->code = ERR_USAGE;
	return failed;
}

int trust_for(struct err *e, struct trust *t, const struct url *u, const struct trust_host **ret)
{
	CLEANUP(mem_freep) char *name = u ? mem_printf("%s:%d", u->host, u->port) : mem_dup("");
	struct host *h;
	int failed = 0;

	pthread_mutex_lock(&t->lock);
	if (!t->system_loaded)
		load_system(t);
	h = find_host(t, name);
	if (!h) {
		failed = new_host(e, t, u, name, NULL);
		h = t->hosts;
	}
	pthread_mutex_unlock(&t->lock);
	*ret = failed < 0 ? NULL : &h->public;
	return failed;
}
