#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gateway.h compiles alone, without a warning, in every dialect of C and C++ that hosts use.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every initialiser is used: a macro that is never expanded is never checked. What C89 and the
# early C++ lack are the system's own words for 64-bit numbers, not ours.
{
    echo '#include "../../include/gateway.h"'
    echo '#include "../../include/gateway.h"'
    sed -n 's/^#define \(GATEWAY_\([A-Z_]*\)_INIT\).*/\1 \2/p' ../../include/gateway.h |
        while read -r macro type; do
            echo "gateway_${type,,} made_${type,,} = $macro;"
        done
    echo 'int main(void) { return gateway_version_number() == GATEWAY_VERSION_NUMBER; }'
} >"$work/header.c"
grep -q made_options "$work/header.c"
cp "$work/header.c" "$work/header.cpp"
# From the scratch directory the header is found by the same name as from here.
mkdir -p "$work/a/b"
cp "$work"/header.c* "$work/a/b/"
ln -s "$(cd ../../include && pwd)" "$work/include"

count=0
check() { # compiler dialect file
    "$1" -std="$2" -pedantic-errors -Wall -Wextra -Werror -fsyntax-only "$work/a/b/$3"
    count=$((count + 1))
}
for dialect in c89 c99 c11 c17 c2x; do
    check gcc $dialect header.c
    check clang $dialect header.c
done
for dialect in c++98 c++11 c++14 c++17 c++20; do
    check g++ $dialect header.cpp
    check clang++ $dialect header.cpp
done
echo "gateway.h: $count combinations of compiler and dialect"
