# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Our configuration takes the place of the default one, so whoever includes a header of mbedTLS
# (curl, our code) sees the library as it was built.
cp "$VENDOR/mbedtls_config.h" include/mbedtls/mbedtls_config.h

# The AES instructions are faster by 40 % as intrinsics than as mbedTLS's own assembler, which it
# uses where the compiler may not use these instructions. It asks the processor first. aes.c must
# be compiled alike: it aligns the key for what aesni.h says the other file is.
case $HOST in
x86_64-*) make -C library aesni.o aes.o WARNING_CFLAGS= CFLAGS="$CFLAGS -O2 -maes -mpclmul" ;;
esac
make -C library static GEN_FILES= WARNING_CFLAGS= CFLAGS="$CFLAGS -O2"

install -m 644 library/libmbedtls.a library/libmbedx509.a library/libmbedcrypto.a "$PREFIX/lib/"
cp -R include/mbedtls include/psa "$PREFIX/include/"
