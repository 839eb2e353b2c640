#!/bin/bash
# No weak symbol in the object files of SIMD kernels.
#
# A file that uses __attribute__((target(...))) is compiled for CPUs that the rest of the program
# may not meet. An inline function of the standard library in it becomes a weak symbol, which the
# linker may pick for the whole program: an illegal instruction on an older CPU, far from its cause.
#
# Usage: check_kernels.sh BUILD_DIR [SOURCE_DIR]
set -euo pipefail

build=${1:?usage: check_kernels.sh BUILD_DIR [SOURCE_DIR]}
source_dir=${2:-$(cd "$(dirname "$0")/../.." && pwd)}
[ -d "$build" ] || { echo "check_kernels: no build directory $build" >&2; exit 1; }

checked=0
failed=0
uses_target='__attribute__\(\(.*target|\[\[gnu::target'
for source in $(cd "$source_dir" && grep -lE "$uses_target" esp/kernels/*.cc 2>/dev/null); do
  object=$(find "$build" -path "*/$(basename "$source").o" -print -quit)
  if [ -z "$object" ]; then
    echo "$source: uses target attributes, but $build has no object file of it"
    failed=1
    continue
  fi
  checked=$((checked + 1))
  weak=$(nm -C "$object" | grep -E '^[0-9a-f ]* [WwVvu] ' |
    grep -vE '\b(__asan_|__ubsan_|__gxx_personality|DW\.ref)' || true)
  if [ -n "$weak" ]; then
    echo "$source: weak symbols in $object:"
    echo "$weak" | sed 's/^/    /'
    failed=1
  fi
done
echo "check_kernels: $checked kernel objects checked"
exit $failed
