#!/bin/sh
# SPDX-License-Identifier: MIT
# Every rule of lint can fail: a small tree passes, and is refused with each fault.
# shellcheck disable=SC2016 # the faults are text
set -u

lint=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$lint/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree" || exit 1
n=0

# A tree of two sources that breaks no rule.
fresh()
{
	rm -rf "${tree:?}"/*
	mkdir -p src/base src/net src/cli tests build
	cp "$top/tests/FLOORS" tests/
	cp "$top/.clang-format" .
	ln -s "$top/build/vendor" build/vendor
	printf '%s\n' '// SPDX-License-Identifier: MIT' '#include "base/a.h"' '' \
		'int base_a(int x)' '{' '	return x + 1;' '}' >src/base/a.c
	printf '%s\n' '// SPDX-License-Identifier: MIT' 'int base_a(int x);' >src/base/a.h
	printf '%s\n' '#!/bin/sh' '# SPDX-License-Identifier: MIT' 'echo "$1"' >tests/script.sh
}

ok()
{
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok()
{
	n=$((n + 1))
	echo "not ok $n - $1"
	sed 's/^/# /' out
}

# passes CHECK [ARGUMENT]
passes()
{
	check=$1
	shift
	fresh
	if "$lint/$check" "$@" >out 2>&1; then
		ok "$check: a clean tree"
	else
		not_ok "$check: a clean tree"
	fi
}

# refuses NAME TEXT CHECK [ARGUMENT]: it fails, and says TEXT
refuses()
{
	name=$1
	text=$2
	check=$3
	shift 3
	if ! "$lint/$check" "$@" >out 2>&1 && grep -q -e "$text" out; then
		ok "$check: $name"
	else
		not_ok "$check: $name"
	fi
}

passes floors
echo '#include "net/http.h"' >>src/base/a.c
refuses 'a lower floor includes a higher one' 'must not include "net/http.h"' floors
fresh
echo '#include "host/elf.h"' >src/net/b.c
refuses 'two folders on one floor' 'must not include "host/elf.h"' floors
fresh
echo '#include "a.h"' >>src/base/a.c
refuses 'an include not written from src/' 'not written from src/' floors
fresh
mkdir src/attic && echo 'int x;' >src/attic/x.c
refuses 'a folder without a floor' 'no floor' floors
fresh
echo '#include <curl/curl.h>' >>src/base/a.c
refuses 'a header of curl outside its wrapper' 'belongs to' floors
fresh
echo 'void f(void) { printf("x"); }' >>src/base/a.c
refuses 'printing below cli/' 'prints' floors
fresh
echo 'void f(void) { exit(1); }' >>src/base/a.c
refuses 'exiting below cli/' 'exits' floors
fresh
echo '/* printf("x"), exit(1) */ const char *s = "exit(1)"; /* printf' >>src/base/a.c
echo 'exit(1) */' >>src/base/a.c
if "$lint/floors" >out 2>&1; then ok 'floors: comments and strings'; else not_ok 'floors: comments and strings'; fi

passes house
sed -i 1d src/base/a.c
refuses 'no SPDX line' 'no SPDX line' house
fresh
yes '' | head -n 601 >>src/base/a.c
refuses 'a file that is too long' 'at most 600' house
fresh
echo "// see $(pwd)/notes" >>src/base/a.c
refuses 'a path of this machine' 'of this machine only' house

passes format
echo 'int f(void){return 1;}' >>src/base/a.c
refuses 'a line in another form' 'clang-format' format

passes scripts
printf '%s\n' 'cd $1' 'rm -rf $X/*' >>tests/script.sh
refuses 'an unchecked cd' 'SC2164' scripts

passes cppcheck
printf '%s\n' 'int f(void)' '{' '	int a[2] = { 0, 0 };' '' '	return a[2];' '}' >>src/base/a.c
refuses 'beyond the end of an array' 'arrayIndexOutOfBounds' cppcheck

passes tidy src/base/a.c
printf '%s\n' 'int g(const int *p);' 'int f(void)' '{' '	const int *p = 0;' '' '	return *p;' '}' \
	>>src/base/a.c
refuses 'a null pointer is followed' 'core.NullDereference' tidy src/base/a.c

echo "1..$n"
