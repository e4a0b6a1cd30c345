#!/bin/sh
# Puts a compiled hx where programs of your own belong, or takes it away again; never asks for root.
#
#   install.sh [BINARY]       copy BINARY (default: hx, or the hx-* for this machine, beside this
#                             script, or what `deno task compile` made) to ~/.local/bin/hx
#   install.sh --uninstall    remove the program; your history stays
#
# PREFIX=DIR installs to DIR/bin. A BINARY.sha256 beside the binary is checked.
set -eu

say() { printf '%s\n' "$*"; }
fail() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

case ${PREFIX:-} in
  '') bin=${HOME:?is not set}/.local/bin ;;
  /*) bin=$PREFIX/bin ;;
  *) bin=$PWD/$PREFIX/bin ;;
esac
readonly program=$bin/hx

# Other programs are called hx, too.
is_hx() {
  case $("$1" --version 2>/dev/null </dev/null || true) in
    "hx "[0-9]*) return 0 ;;
    *) return 1 ;;
  esac
}

refuse_others() {
  [ -e "$program" ] || [ -L "$program" ] || return 0
  is_hx "$program" || fail "$program is another program; move it, or choose another PREFIX"
}

target() {
  case $(uname -s) in
    Linux) os=unknown-linux-gnu ;;
    Darwin) os=apple-darwin ;;
    *) return ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) say "x86_64-$os" ;;
    aarch64 | arm64) say "aarch64-$os" ;;
  esac
}

find_binary() {
  here=$(cd "$(dirname "$0")" && pwd)
  for found in "$here/hx" "$here/hx-$(target)" "$here/../dist/hx"; do
    if [ -f "$found" ]; then
      say "$found"
      return
    fi
  done
  fail "there is no hx beside this script; name one: install.sh BINARY"
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"
  elif command -v shasum >/dev/null; then shasum -a 256 <"$1"
  else fail "$2 can't be checked: there is neither sha256sum nor shasum"
  fi
}

check() {
  [ -f "$1.sha256" ] || return 0
  read -r expected _ <"$1.sha256" || [ -n "$expected" ] || fail "$1.sha256 is empty"
  found=$(sha256 "$1" "$1.sha256")
  [ "${found%% *}" = "$expected" ] || fail "$1 is not what its .sha256 says; fetch both again"
}

advise() {
  case :${PATH:-}: in
    *":$bin:"*) ;;
    *)
      say "$bin is not on your PATH; add this to the startup file of your shell:"
      say "  export PATH=\"$bin:\$PATH\""
      ;;
  esac
  first=$(command -v hx || true)
  [ -z "$first" ] || [ "$first" = "$program" ] || say "On your PATH $first comes first."
}

install() {
  [ -f "$1" ] || fail "there is no file $1"
  check "$1"
  refuse_others
  mkdir -p "$bin"
  new=$bin/.hx.$$
  trap 'rm -f "$new"' EXIT
  trap 'exit 130' HUP INT TERM
  cp "$1" "$new"
  chmod 755 "$new"
  is_hx "$new" || fail "$1 does not run on this machine, or is no hx; nothing was installed"
  mv -f "$new" "$program"
  say "installed $("$program" --version) as $program"
  advise
}

uninstall() {
  if [ -e "$program" ] || [ -L "$program" ]; then
    refuse_others
    rm "$program"
    say "removed $program"
  else
    say "there is no $program"
  fi
  data=${HX_DATA_DIR:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/hx}
  [ ! -d "$data" ] || say "Your history and the key of its vault are still in $data"
}

case ${1:-} in
  --uninstall) uninstall ;;
  -h | --help) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0" ;;
  -*) fail "usage: install.sh [BINARY] | --uninstall" ;;
  '')
    binary=$(find_binary)
    install "$binary"
    ;;
  *) install "$1" ;;
esac
