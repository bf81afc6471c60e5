# shellcheck shell=bash
# Packages of Debian 13 for a Debian that has older ones, through an apt state of its own: the system's apt is not touched.
# Sourced by tools/get_catch2 and tools/get_xsimd, which set `me` and `instead` (what to do without this).

state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
mkdir -p "$state"/{lists/partial,cache/archives/partial,parts,none,source}

die() {
  echo "$me: $*" >&2
  echo "$me: $instead" >&2
  exit 1
}

private_apt() {
  apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$state/parts" \
    -o Dir::Etc::preferencesparts="$state/none" -o Dir::State::lists="$state/lists" -o Dir::Cache="$state/cache" \
    -o APT::Sandbox::User= -o APT::Update::Error-Mode=any -o Acquire::Retries=3 -o Debug::NoLocking=1 "$@"
}

use_debian13() { # deb OR deb-src
  # The mirror that this machine's apt already uses for Debian. The template is apt's, not the shell's.
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | awk '$1 == "Debian" { print $2; exit }')
  [ -n "$mirror" ] || die "apt knows no Debian package source here, so there is nowhere to take it from."
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -e "$keyring" ] || die "$keyring is missing: install the package debian-archive-keyring."
  printf 'Types: %s\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$1" "$mirror" "$keyring" \
    >"$state/parts/trixie.sources"
  private_apt update || die "the list of Debian 13's packages could not be fetched: is the network up?"
}
