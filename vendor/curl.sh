# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# HTTP and nothing else. What is off here is code that a hostile server could otherwise reach.
# mbedTLS lacks one function until our program is linked (src/crypt/entropy.c), so configure cannot
# link with it and is told that it is there.
./configure --host="$HOST" --prefix="$PREFIX" --enable-static --disable-shared \
	--disable-dependency-tracking --disable-manual --disable-docs --disable-libcurl-option \
	--with-mbedtls="$PREFIX" ac_cv_lib_mbedtls_mbedtls_ssl_init=yes \
	--without-ca-bundle --without-ca-path --without-ca-fallback \
	--enable-http --enable-proxy --enable-ipv6 --enable-unix-sockets --enable-threaded-resolver \
	--disable-ftp --disable-file --disable-ipfs --disable-ldap --disable-ldaps --disable-rtsp \
	--disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb \
	--disable-smtp --disable-gopher --disable-mqtt --disable-websockets \
	--disable-digest-auth --disable-negotiate-auth --disable-kerberos-auth --disable-ntlm \
	--disable-aws --disable-tls-srp --disable-sspi --disable-netrc \
	--disable-cookies --disable-hsts --disable-alt-svc --disable-doh --disable-httpsrr \
	--disable-mime --disable-form-api --disable-bindlocal --disable-dnsshuffle \
	--disable-get-easy-options --disable-progress-meter --disable-ssls-export \
	--disable-sha512-256 --disable-ech \
	--without-zlib --without-brotli --without-zstd --without-libpsl --without-libidn2 \
	--without-nghttp2 --without-libssh2 --without-librtmp --without-libgsasl
make -C lib libcurl.la
install -m 644 lib/.libs/libcurl.a "$PREFIX/lib/"
mkdir -p "$PREFIX/include/curl"
install -m 644 include/curl/*.h "$PREFIX/include/curl/"
