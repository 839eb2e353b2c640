# A package of another Debian release, unpacked into a folder and not installed. Sourced by scripts,
# after packages.sh; runs nothing by itself.

# unpack_package SUITE NAME FOLDER: from the mirror that apt itself uses. Does nothing when FOLDER
# is there.
unpack_package() {
  local suite=$1 name=$2 folder=$3 work status=0
  [ ! -d "$folder" ] || return 0
  work=$(mktemp -d)
  unpack_with_own_lists "$suite" "$name" "$folder" "$work" || status=1
  rm -rf "$work"
  [ $status = 0 ] || echo "unpack: no $name of $suite could be had" >&2
  return $status
}

# Own lists and an own cache, so that the machine's apt never learns of the other release.
unpack_with_own_lists() {
  local suite=$1 name=$2 folder=$3 work=$4 mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || { echo "unpack: apt knows no mirror of Debian" >&2; return 1; }
  mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    >"$work/sources.list"
  chmod -R a+rX "$work"
  local options=(
    -qq -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts="$work/parts"
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root
  )
  echo "unpack: fetching $name of $suite"
  apt-get "${options[@]}" update || return 1
  (cd "$work" && apt-get "${options[@]}" download "$name") || return 1
  dpkg -x "$work/$name"_*.deb "$work/unpacked" || return 1
  mkdir -p "$(dirname "$folder")"
  mv "$work/unpacked" "$folder"
}

# Where apt gets the main component of this machine's own release from.
debian_mirror() {
  local codename
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  debian_mirrors_of "$codename" | grep . || {
    packages_apt update >&2
    debian_mirrors_of "$codename"
  }
}
debian_mirrors_of() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' \
    "Codename: $1" 'Component: main' | sed -n 1p
}
