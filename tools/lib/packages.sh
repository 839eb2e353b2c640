# The Debian packages that Twinspan needs, and a careful way to install those that are missing.
# Sourced by tools/demo and tools/test; runs nothing by itself.
#
# Careful means: what is missing is printed first; nothing is removed, recommended packages stay
# out, no question is asked; and no service is left started or enabled that was not so before.

packages_build=(
  g++ cmake ninja-build pkg-config
  libssl-dev libsodium-dev libboost1.81-dev libyaml-cpp-dev nlohmann-json3-dev libfmt-dev
  libspdlog-dev libcli11-dev libmnl-dev libnftables-dev
)
packages_demo=(python3 iproute2 iputils-ping iperf3 tcpdump ethtool procps)
packages_test=(
  libgtest-dev libgmock-dev
  clang-19 clang-tools-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev
  strongswan-charon strongswan-swanctl libcharon-extra-plugins
  libstrongswan-standard-plugins libstrongswan-extra-plugins
  nftables tshark python3-scapy python3-cryptography python3-pytest
)

packages_bench=(
  libbenchmark-dev libipsec-mb-dev openssl openvpn wireguard-tools strongswan-charon
  strongswan-swanctl
  libcharon-extra-plugins libstrongswan-standard-plugins libstrongswan-extra-plugins
  python3-cryptography
)

# Overridden by the self-test only.
policy_rc_d=/usr/sbin/policy-rc.d

packages_as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# Prints those of its arguments that are not installed.
packages_missing() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

packages_apt() {
  packages_as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold "$@"
}

# packages_ensure NAME...: installs what is missing, or says why it cannot and returns 1.
packages_ensure() {
  local missing
  mapfile -t missing < <(packages_missing "$@")
  if [ ${#missing[@]} = 0 ]; then
    echo "packages: all ${#} are installed"
    return 0
  fi
  echo "packages: installing ${missing[*]}"
  packages_refuse_hopeless "${missing[@]}" || return 1
  packages_update_lists "${missing[@]}" || return 1
  packages_simulate "${missing[@]}" || return 1
  packages_install "${missing[@]}" || return 1
  mapfile -t missing < <(packages_missing "$@")
  if [ ${#missing[@]} != 0 ]; then
    echo "packages: apt-get ended well, but these are still missing: ${missing[*]}" >&2
    return 1
  fi
}

packages_refuse_hopeless() {
  local old
  if ! command -v apt-get >/dev/null; then
    echo "packages: there is no apt-get here, and this installer knows Debian 12 only." >&2
    echo "Install by hand what these are elsewhere: $*" >&2
    return 1
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    echo "packages: installing needs root, and there is no sudo. As root: apt-get install $*" >&2
    return 1
  fi
  old=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 'libboost*1.74-dev' 2>/dev/null |
    sed -n 's/^installed //p' | tr '\n' ' ')
  if [ -n "$old" ] && [[ " $* " = *" libboost1.81-dev "* ]]; then
    echo "packages: Boost 1.81 is needed (1.74's coroutines do not work with g++ 12), and its" >&2
    echo "packages conflict with those of 1.74, which are installed. Nothing is removed without" >&2
    echo "you; if they are not needed: apt-get remove $old" >&2
    return 1
  fi
}

# Fetches package lists only when a package is unknown to apt, as on a fresh container.
packages_update_lists() {
  local name
  for name in "$@"; do
    if ! apt-cache show --no-all-versions "$name" >/dev/null 2>&1; then
      echo "packages: $name is not in the package lists, fetching them"
      packages_apt update || { echo "packages: apt-get update failed" >&2; return 1; }
      return 0
    fi
  done
}

packages_simulate() {
  local plan
  if ! plan=$(packages_apt --simulate --no-remove --no-install-recommends install "$@" 2>&1); then
    echo "$plan" >&2
    echo "packages: apt cannot install these without removing others, or does not know them: $*" >&2
    return 1
  fi
  if grep -q '^Remv ' <<<"$plan"; then
    plan=$(sed -n 's/^Remv \([^ ]*\).*/\1/p' <<<"$plan")
    echo "packages: refused, because this would be removed: $plan" >&2
    return 1
  fi
}

# In a subshell, so that its trap takes the guard away however it ends.
packages_install() (
  local before guard=
  before=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort)
  if [ ! -e "$policy_rc_d" ]; then
    guard=$policy_rc_d
    trap 'packages_as_root rm -f "$guard"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | packages_as_root tee "$guard" >/dev/null
    packages_as_root chmod 755 "$guard"
  fi
  packages_apt --yes --no-remove --no-install-recommends install "$@" >&2 || {
    echo "packages: apt-get install failed" >&2
    return 1
  }
  packages_silence_services "$before"
)

# packages_silence_services BEFORE: stops and disables the services of packages that are not in
# BEFORE.
packages_silence_services() {
  local fresh unit units
  command -v systemctl >/dev/null || return 0
  fresh=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort |
    comm -13 <(echo "$1") -)
  [ -n "$fresh" ] || return 0
  # shellcheck disable=SC2086
  units=$(dpkg-query -L $fresh | sed -nE \
    -e 's#.*/systemd/system/([^/@]+\.(service|socket|timer|path))$#\1#p' \
    -e 's#^/etc/init\.d/([^/]+)$#\1.service#p' | sort -u)
  for unit in $units; do
    # Not "static": such a unit runs only when another one asks for it.
    if [[ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled* ]]; then
      echo "packages: disabling $unit, which came with a package"
      packages_as_root systemctl --quiet disable "$unit" >/dev/null 2>&1 || return 1
    fi
    if [ -d /run/systemd/system ] && systemctl is-active --quiet "$unit"; then
      echo "packages: stopping $unit, which came with a package"
      packages_as_root systemctl --quiet stop "$unit" || return 1
    fi
  done
}
