# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The decompressor only.
make -C lib libzstd.a CFLAGS="$CFLAGS -O2" \
	ZSTD_LIB_COMPRESSION=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_LIB_DEPRECATED=0 ZSTD_LEGACY_SUPPORT=0
install -m 644 lib/libzstd.a "$PREFIX/lib/"
install -m 644 lib/zstd.h lib/zstd_errors.h "$PREFIX/include/"
