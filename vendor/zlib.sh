# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The memory and the inner loop of inflate are worth more speed than size.
export CFLAGS="$CFLAGS -O2"
CHOST=$HOST ./configure --static --prefix="$PREFIX"
make libz.a
install -m 644 libz.a "$PREFIX/lib/"
install -m 644 zlib.h zconf.h "$PREFIX/include/"
