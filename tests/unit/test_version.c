// SPDX-License-Identifier: MIT
#include "tap.h"
#include "upgrade/version.h"

int main(void)
{
	ok(version_same("26.1.5", "26.1.5+dfsg1"), "build metadata does not count");
	ok(version_same("v1.29.3+k3s1", "1.29.3"), "a leading v does not count");
	ok(!version_same("26.1.5", "26.1.50"), "26.1.5 is not 26.1.50");
	ok(!version_same("26.1.5", "26.1.5-rc1"), "a release candidate is not the release");
	ok(!version_same("", ""), "nothing is no version");
	ok(version_is_said("Docker version 20.10.24+dfsg1, build 297e128\n", "20.10.24"),
	   "as dockerd says it");
	ok(version_is_said("containerd github.com/containerd/containerd v1.7.24 abc", "1.7.24"),
	   "with a v");
	ok(!version_is_said("Docker version 20.10.24, build 26.1.5x", "26.1.5"),
	   "only whole words");
	ok(!version_is_said("", "1"), "nothing said");
	return done_testing();
}
