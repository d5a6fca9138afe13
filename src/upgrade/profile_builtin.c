/* SPDX-License-Identifier: MIT */
#include "upgrade/profile.h"

/*
 * The official docker:XX-dind and every image with its layout: static binaries in /usr/local/bin,
 * between scripts that must not be installed. docker-init is tini, containerd-shim up to 20.10.
 */
static const char docker_dind[] =
	"{"
	" \"name\": \"docker-dind\","
	" \"version\": {\"env\": \"DOCKER_VERSION\", \"label\": "
	"\"org.opencontainers.image.version\"},"
	" \"files\": ["
	"  {\"from\": \"/usr/local/bin/dockerd\", \"unit\": \"docker.service\","
	"   \"required\": true, \"version\": true},"
	"  {\"from\": \"/usr/local/bin/containerd\", \"unit\": \"containerd.service\","
	"   \"required\": true},"
	"  {\"from\": \"/usr/local/bin/containerd-shim*\"},"
	"  {\"from\": \"/usr/local/bin/ctr\"},"
	"  {\"from\": \"/usr/local/bin/runc\", \"required\": true},"
	"  {\"from\": \"/usr/local/bin/docker-init\"},"
	"  {\"from\": \"/usr/local/bin/docker-proxy\"},"
	"  {\"from\": \"/usr/local/bin/docker\"}"
	" ],"
	" \"units\": [\"containerd.service\", \"docker.service\"]"
	"}";

static const char *const builtin[] = { docker_dind, NULL };

const char *profile_builtin(int index)
{
	return builtin[index];
}
