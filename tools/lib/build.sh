# Building presets quietly. Sourced by tools/demo and tools/test; runs nothing by itself.

# build_preset PRESET LOG: configures and builds; what the compiler says goes to LOG, shown only on
# failure.
build_preset() { build_quietly "$1" "$2" cmake --workflow --preset "$1"; }

# build_lab LOG: the preset release, and the programs of the namespace tests on top.
build_lab() { build_quietly "release, with the programs of the labs" "$1" configure_and_build_lab; }
configure_and_build_lab() {
  cmake --preset release -DTWINSPAN_TESTS=ON && cmake --build build/release --target lab_programs
}

# build_e2e LOG: of the preset bench, what bench/e2e/run needs.
build_e2e() { build_quietly "bench, the programs of bench/e2e" "$1" configure_and_build_e2e; }
configure_and_build_e2e() {
  cmake --preset bench && cmake --build build/bench --target e2e_programs
}

# build_quietly WHAT LOG COMMAND...
build_quietly() {
  local preset=$1 log=$2 began=$SECONDS status=0
  shift 2
  printf '  %-58s ' "build preset $preset"
  if [ -t 1 ]; then
    "$@" 2>&1 | tee "$log" | build_ticker || status=${PIPESTATUS[0]}
  else
    "$@" >"$log" 2>&1 || status=$?
  fi
  if [ "$status" != 0 ]; then
    echo "FAILED"
    grep -E -A8 'error:|CMake Error|FAILED:' "$log" | head -n 60
    echo "The preset $preset did not build; the whole output is in $log"
    return 1
  fi
  printf 'ok %6d.0 s\n' $((SECONDS - began))
}

# Shows ninja's [done/all] in place, so that a long build is seen to move.
build_ticker() {
  local line
  printf '\0337'
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+/[0-9]+)\] ]]; then printf '\0338\033[K%s' "${BASH_REMATCH[1]}"; fi
  done
  printf '\0338\033[K'
}
