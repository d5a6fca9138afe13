/* SPDX-License-Identifier: MIT */
#include "oci/insecure.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "net/url.h"

struct network {
	int family;
	unsigned char address[sizeof(struct in6_addr)];
	int bits;
};

static int parse_address(const char *text, unsigned char ret[sizeof(struct in6_addr)])
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;

	return inet_pton(family, text, ret) == 1 ? family : AF_UNSPEC;
}

static bool parse_network(const char *entry, struct network *ret)
{
	const char *slash = strchr(entry, '/');
	CLEANUP(mem_freep) char *address = mem_ndup(entry, (size_t)(slash - entry));
	size_t digits = strspn(slash + 1, "0123456789");

	ret->family = parse_address(address, ret->address);
	if (ret->family == AF_UNSPEC || digits < 1 || digits > 3 || slash[1 + digits])
		return false;
	ret->bits = (int)strtol(slash + 1, NULL, 10);
	return ret->bits <= (ret->family == AF_INET ? 32 : 128);
}

static bool is_host(const char *entry)
{
	CLEANUP(mem_freep) char *text = mem_printf("https://%s", entry);
	struct url u = { 0 };
	struct err ignored;

	if (strpbrk(entry, "?#@") || url_parse(&ignored, text, &u) < 0)
		return false;
	url_release(&u);
	return true;
}

int insecure_add(struct err *e, struct insecure *l, const char *entry)
{
	const char *scheme = strstr(entry, "://"), *name = entry;
	struct network n = { 0 };

	if (scheme && (str_starts(entry, "http://") || str_starts(entry, "https://")))
		name = scheme + strlen("://"); /* Docker takes that as well */
	if (strchr(name, '/')) {
		if (!parse_network(name, &n))
			return err_set(e, ERR_USAGE, "'%.100s' is neither a host nor a network",
			               entry);
		l->networks = mem_grow(l->networks, (size_t)l->network_count + 1, sizeof(n));
		l->networks[l->network_count++] = n;
		return 0;
	}
	if (!is_host(name))
		return err_set(e, ERR_USAGE, "'%.100s' is neither a host nor a network", entry);
	l->hosts = mem_grow(l->hosts, (size_t)l->host_count + 1, sizeof(*l->hosts));
	l->hosts[l->host_count++] = mem_dup(name);
	return 0;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
	int bytes = bits / 8, rest = bits % 8;
	unsigned char mask = (unsigned char)(0xff00 >> rest);

	return memcmp(a, b, (size_t)bytes) == 0 &&
	       (rest == 0 || ((a[bytes] ^ b[bytes]) & mask) == 0);
}

static bool in_network(const struct insecure *l, int family, const unsigned char *address)
{
	for (int i = 0; i < l->network_count; i++)
		if (l->networks[i].family == family &&
		    same_bits(l->networks[i].address, address, l->networks[i].bits))
			return true;
	return false;
}

static bool address_in_network(const struct insecure *l, const struct sockaddr *a)
{
	unsigned char bytes[sizeof(struct in6_addr)] = { 0 };

	if (a->sa_family == AF_INET)
		memcpy(bytes, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	else if (a->sa_family == AF_INET6)
		memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, 16);
	return in_network(l, a->sa_family, bytes);
}

/* One of its addresses is enough, as in Docker. A name that nobody knows is in no network. */
static bool name_in_network(const struct insecure *l, const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	bool found = false;

	if (getaddrinfo(name, NULL, &hints, &all) != 0)
		return false;
	for (const struct addrinfo *a = all; a && !found; a = a->ai_next)
		found = address_in_network(l, a->ai_addr);
	freeaddrinfo(all);
	return found;
}

bool insecure_has(const struct insecure *l, const char *host)
{
	CLEANUP(mem_freep) char *text = mem_printf("https://%s", host);
	unsigned char address[sizeof(struct in6_addr)] = { 0 };
	struct url u = { 0 };
	struct err ignored;
	bool found;
	int family;

	for (int i = 0; i < l->host_count; i++)
		if (strcasecmp(l->hosts[i], host) == 0)
			return true;
	if (!l->network_count || url_parse(&ignored, text, &u) < 0)
		return false;
	family = parse_address(u.host, address);
	found = family == AF_UNSPEC ? name_in_network(l, u.host) : in_network(l, family, address);
	url_release(&u);
	return found;
}

void insecure_release(struct insecure *l)
{
	for (int i = 0; i < l->host_count; i++)
		free(l->hosts[i]);
	free(l->hosts);
	free(l->networks);
	*l = (struct insecure){ 0 };
}
