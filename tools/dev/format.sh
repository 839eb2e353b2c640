#!/bin/bash
# clang-format 19 over the C++ of the tree. Usage: format.sh [--apply] [FILE...]; exits 1 when a
# file is not formatted.
set -euo pipefail
cd "$(dirname "$0")/../.."

formatter=clang-format-19
if ! command -v $formatter >/dev/null; then
  echo "format: $formatter is missing (package clang-format-19)" >&2
  exit 1
fi
mode=(--dry-run --Werror)
if [ "${1:-}" = --apply ]; then mode=(-i); shift; fi
if [ $# -gt 0 ]; then
  files=("$@")
elif [ -e .git ]; then
  mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.h' '*.cc' |
    while read -r file; do if [ -f "$file" ]; then echo "$file"; fi; done)
else
  mapfile -t files < <(find base policy ike esp tun tools tests bench -name '*.h' -o -name '*.cc')
fi
[ ${#files[@]} -gt 0 ] || exit 0
if ! $formatter "${mode[@]}" "${files[@]}"; then
  echo "format: run tools/dev/format.sh --apply" >&2
  exit 1
fi
