# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The reader of tar with gzip and zstd; every other format and filter stays out of the program
# because nothing refers to it, every other library because it is switched off here.
./configure --host="$HOST" --prefix="$PREFIX" --enable-static --disable-shared \
	--disable-dependency-tracking --disable-maintainer-mode --disable-acl \
	--disable-bsdtar --disable-bsdcat --disable-bsdcpio --disable-bsdunzip \
	--enable-posix-regex-lib=none --with-zlib --with-zstd \
	--without-bz2lib --without-lzma --without-lz4 --without-lzo2 --without-libb2 --without-cng \
	--without-openssl --without-nettle --without-mbedtls --without-xml2 --without-expat \
	--without-iconv
make libarchive.la
install -m 644 .libs/libarchive.a "$PREFIX/lib/"
install -m 644 libarchive/archive.h libarchive/archive_entry.h "$PREFIX/include/"
