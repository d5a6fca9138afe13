/* SPDX-License-Identifier: MIT */
#include "net/proxy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const char *const for_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
static const char *const for_http[] = { "http_proxy", "all_proxy", "ALL_PROXY" };

static const struct {
	const char *scheme, *port;
} kinds[] = {
	{ "http", "1080" },   { "https", "443" },    { "socks4", "1080" },
	{ "socks5", "1080" }, { "socks4a", "1080" }, { "socks5h", "1080" },
};

static const char *first_set(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return names[i];
	}
	return NULL;
}

static char *part(CURLU *u, CURLUPart what)
{
	char *text = NULL, *copy;

	if (curl_url_get(u, what, &text, 0) != CURLUE_OK)
		return mem_dup("");
	copy = mem_dup(text);
	curl_free(text);
	return copy;
}

static int no_proxy(struct err *e, const struct proxy *p, const char *why)
{
	/* not its value: there may be a password in it */
	return err_set(e, ERR_USAGE, "variable '%s' is not the address of a proxy: %s", p->variable,
	               why);
}

static int examine(struct err *e, CURLU *u, struct proxy *p)
{
	CLEANUP(mem_freep) char *scheme = part(u, CURLUPART_SCHEME);
	CLEANUP(mem_freep) char *host = part(u, CURLUPART_HOST);
	CLEANUP(mem_freep) char *port = part(u, CURLUPART_PORT);
	CLEANUP(mem_freep) char *path = part(u, CURLUPART_PATH);
	CLEANUP(mem_freep) char *query = part(u, CURLUPART_QUERY);

	if (strcmp(path, "/") != 0 || *query)
		return no_proxy(e, p, "there is more than user, password, host and port");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcasecmp(scheme, kinds[i].scheme) != 0)
			continue;
		p->https = strcasecmp(scheme, "https") == 0;
		p->name = mem_printf("%s:%s", host, *port ? port : kinds[i].port);
		return 0;
	}
	return no_proxy(e, p, "it must begin with http, https, socks4, socks4a, socks5 or socks5h");
}

int proxy_for(struct err *e, const struct url *u, struct proxy *ret)
{
	struct proxy p = { 0 };
	CURLUcode code;
	CURLU *parsed;
	int failed;

	*ret = p;
	if (url_is_loopback(u))
		return 0;
	p.variable = u->https ? first_set(for_https, sizeof(for_https) / sizeof(*for_https))
	                      : first_set(for_http, sizeof(for_http) / sizeof(*for_http));
	if (!p.variable)
		return 0;
	p.address = mem_dup(getenv(p.variable));
	parsed = curl_url();
	code = curl_url_set(parsed, CURLUPART_URL, p.address,
	                    CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
	failed = code != CURLUE_OK ? no_proxy(e, &p, curl_url_strerror(code))
	                           : examine(e, parsed, &p);
	curl_url_cleanup(parsed);
	if (failed < 0) {
		proxy_release(&p);
		return -1;
	}
	*ret = p;
	return 0;
}

void proxy_release(struct proxy *p)
{
	if (p->address)
		explicit_bzero(p->address, strlen(p->address));
	free(p->address);
	free(p->name);
	*p = (struct proxy){ 0 };
}
