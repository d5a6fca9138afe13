# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# musl, and bin/cc: the compiler for everything that is linked with it.
unset CPPFLAGS LDFLAGS
gcc=${TOOLS}gcc
export CC="$gcc" AR RANLIB

./configure --host="$HOST" --prefix="$PREFIX" --syslibdir="$PREFIX/lib" --disable-shared --disable-wrapper
make
make install

# The kernel's headers are the one thing that musl does not bring. They are the last to be looked
# at, in a directory of their own, so that nothing of the host's libc is seen.
case $FLAVOUR in
aarch64)
	headers=/usr/aarch64-linux-gnu/include
	asm=$headers/asm
	;;
*)
	headers=/usr/include
	asm=$headers/$($gcc -print-multiarch)/asm
	;;
esac
mkdir -p "$PREFIX/kernel" "$PREFIX/bin"
ln -sfn "$headers/linux" "$PREFIX/kernel/linux"
ln -sfn "$headers/asm-generic" "$PREFIX/kernel/asm-generic"
[ ! -d "$headers/mtd" ] || ln -sfn "$headers/mtd" "$PREFIX/kernel/mtd"
ln -sfn "$asm" "$PREFIX/kernel/asm"

# Every program is a static-pie: static, and yet loaded at a random address. gcc's own idea of one
# needs glibc's start files, so the start and the link line are ours.
cat >"$PREFIX/lib/static-pie.specs" <<END
%rename cpp_options old_cpp_options

*cpp_options:
-nostdinc -isystem $PREFIX/include -isystem include%s -idirafter $PREFIX/kernel %(old_cpp_options)

*cc1:
%(cc1_cpu) -nostdinc -isystem $PREFIX/include -isystem include%s -idirafter $PREFIX/kernel

*link_libgcc:
-L$PREFIX/lib -L .%s

*libgcc:
libgcc.a%s %:if-exists(libgcc_eh.a%s)

*startfile:
$PREFIX/lib/rcrt1.o $PREFIX/lib/crti.o crtbeginS.o%s

*endfile:
crtendS.o%s $PREFIX/lib/crtn.o

*link:
-static -pie --no-dynamic-linker -z text -z relro -z now -nostdlib

*esp_link:


*esp_options:


*esp_cpp_options:


END

# A wrapper, not flags: configure scripts and libtool drop flags that they do not know.
cat >"$PREFIX/bin/cc" <<END
#!/bin/sh
exec $gcc -specs=$PREFIX/lib/static-pie.specs -static-pie -fPIE "\$@"
END
chmod +x "$PREFIX/bin/cc"
