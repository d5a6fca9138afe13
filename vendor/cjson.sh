# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2086 # flags are lists of words
# One file. Its default of 1000 nested values does not fit the stack of a musl thread; nothing that
# we read nests deeper than a dozen.
"$CC" $CPPFLAGS $CFLAGS -DCJSON_NESTING_LIMIT=100 -c cJSON.c
"$AR" rcs "$PREFIX/lib/libcjson.a" cJSON.o
install -m 644 cJSON.h "$PREFIX/include/"
