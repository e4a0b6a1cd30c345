#!/usr/bin/env bash
# S3 servers other than MinIO, to see how hx does on each (`deno task servers` runs them all).
#
#   servers.sh list          print "NAME VERSION STATE" for each; STATE is ready or missing
#   servers.sh get NAME      fetch or build it once; what that takes is said
#   servers.sh start NAME    run one on a free port of 127.0.0.1 until its input ends, or Ctrl-C;
#                            its data go with it
#
# They are kept outside the checkout, under ${XDG_CACHE_HOME:-~/.cache}/hx/servers/NAME/VERSION.
set -euo pipefail

readonly CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/hx/servers"
readonly NAMES=(versitygw rclone s3rver moto s3proxy garage)

say() { printf 'servers.sh: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

version_of() {
  case "$1" in
    versitygw) echo 1.8.0 ;;
    rclone) echo 1.76.0 ;;
    s3rver) echo 3.7.1 ;;
    moto) echo 5.2.5 ;;
    s3proxy) echo 3.1.0 ;;
    garage) echo 2.5.0 ;;
    *) fail "no server of that name: $1 (there are ${NAMES[*]})" ;;
  esac
}

home_of() { echo "$CACHE/$1/$(version_of "$1")"; }

# What has to be there to start it.
program_of() {
  local home
  home=$(home_of "$1")
  case "$1" in
    versitygw | rclone) echo "$home/$1" ;;
    s3rver) echo "$home/node_modules/.bin/s3rver" ;;
    moto) echo "$home/bin/moto_server" ;;
    s3proxy) echo "$home/pom.xml" ;;
    garage) echo "$home/bin/garage" ;;
  esac
}

# The mark is set last, so that a fetch that was cut short is begun again.
is_ready() { [ -e "$(home_of "$1")/complete" ] && [ -e "$(program_of "$1")" ]; }

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "it takes $tool, which is not here"
  done
}

get() {
  local name="$1" version home
  version=$(version_of "$name")
  home=$(home_of "$name")
  is_ready "$name" && return
  say "getting $name $version"
  mkdir -p "$home"
  case "$name" in
    versitygw)
      need go
      GOBIN="$home" go install "github.com/versity/versitygw/cmd/versitygw@v$version" >&2
      ;;
    rclone)
      need go
      GOBIN="$home" go install "github.com/rclone/rclone@v$version" >&2
      ;;
    s3rver)
      need npm node
      npm install --prefix "$home" --no-audit --no-fund "s3rver@$version" >&2
      ;;
    moto)
      need python3
      python3 -m venv "$home" >&2
      "$home/bin/pip" install --quiet "moto[server]==$version" >&2
      ;;
    s3proxy)
      need mvn java
      s3proxy_pom "$version" >"$home/pom.xml"
      mvn --quiet --file "$home/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" >&2
      ;;
    garage)
      need cargo
      CARGO_PROFILE_RELEASE_LTO=off cargo install --locked garage --version "$version" --root "$home" >&2
      ;;
  esac
  touch "$home/complete"
}

# Without one version of Jackson for all its parts, S3Proxy answers a Complete with 500.
s3proxy_pom() {
  cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>servers</artifactId>
  <version>1</version>
  <dependencyManagement>
    <dependencies>
      <dependency>
        <groupId>com.fasterxml.jackson</groupId>
        <artifactId>jackson-bom</artifactId>
        <version>2.21.2</version>
        <type>pom</type>
        <scope>import</scope>
      </dependency>
    </dependencies>
  </dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>org.gaul</groupId>
      <artifactId>s3proxy</artifactId>
      <version>$1</version>
    </dependency>
  </dependencies>
</project>
POM
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

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# Starts the program in the background; its process id is then $!.
launch() {
  local name="$1" port="$2" data="$3" program home
  program=$(program_of "$name")
  home=$(home_of "$name")
  mkdir "$data/objects"
  case "$name" in
    versitygw)
      ROOT_ACCESS_KEY="$KEY_ID" ROOT_SECRET_KEY="$SECRET" \
        "$program" --port "127.0.0.1:$port" posix "$data/objects" &
      ;;
    rclone)
      "$program" serve s3 --config "$data/none" --cache-dir "$data/cache" --addr "127.0.0.1:$port" \
        --auth-key "$KEY_ID,$SECRET" "$data/objects" &
      ;;
    # Its continuation tokens take a cipher that OpenSSL 3 counts as legacy.
    s3rver) NODE_OPTIONS=--openssl-legacy-provider "$program" -d "$data/objects" -a 127.0.0.1 -p "$port" & ;;
    moto) "$program" -H 127.0.0.1 -p "$port" & ;;
    s3proxy)
      cat >"$data/properties" <<PROPERTIES
s3proxy.endpoint=http://127.0.0.1:$port
s3proxy.authorization=aws-v2-or-v4
s3proxy.identity=$KEY_ID
s3proxy.credential=$SECRET
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir=$data/objects
PROPERTIES
      echo '<configuration><root level="OFF"/></configuration>' >"$data/logback.xml"
      java "-Dlogback.configurationFile=$data/logback.xml" -cp "$home/lib/*" org.gaul.s3proxy.Main --properties "$data/properties" &
      ;;
    garage)
      cat >"$data/garage.toml" <<TOML
metadata_dir = "$data/meta"
data_dir = "$data/objects"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$(free_port)"
rpc_secret = "$(random_hex 32)"
[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:$port"
TOML
      "$program" -c "$data/garage.toml" server &
      ;;
  esac
}

# What garage wants to be told before it serves: which disk, and which key.
settle() {
  [ "$1" = garage ] || return 0
  local program node try
  local -a garage
  program=$(program_of garage)
  garage=("$program" -c "$2/garage.toml")
  for try in {1..100}; do
    node=$("${garage[@]}" node id --quiet 2>/dev/null) && "${garage[@]}" status >/dev/null 2>&1 && break
    sleep 0.1
  done
  "${garage[@]}" layout assign --zone one --capacity 1G "${node%%@*}"
  "${garage[@]}" layout apply --version 1
  "${garage[@]}" key import --yes "$KEY_ID" "$SECRET"
  "${garage[@]}" key allow --create-bucket "$KEY_ID"
}

start() {
  local name="$1" port data server input
  is_ready "$name" || fail "$name is not here: run \`servers.sh get $name\` first"
  case "$name" in
    s3rver) KEY_ID=S3RVER SECRET=S3RVER ;;
    *) KEY_ID="GK$(random_hex 12)" SECRET=$(random_hex 32) ;;
  esac
  port=$(free_port)
  data=$(mktemp -d "${TMPDIR:-/tmp}/hx-$name.XXXXXX")
  # The values are written into the traps: the locals are gone when those run.
  trap "rm -rf '$data'" EXIT
  trap 'exit 130' INT TERM HUP
  exec 4<&0
  launch "$name" "$port" "$data" >&2 </dev/null 4<&-
  server=$!
  trap "kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf '$data'" EXIT
  until in_use "$port"; do
    kill -0 "$server" 2>/dev/null || fail "$name stopped at once; see above"
    sleep 0.1
  done
  settle "$name" "$data" >&2
  printf 'export AWS_ENDPOINT_URL_S3=http://127.0.0.1:%s\n' "$port"
  printf 'export AWS_ACCESS_KEY_ID=%s\n' "$KEY_ID"
  printf 'export AWS_SECRET_ACCESS_KEY=%s\n' "$SECRET"
  printf 'export AWS_REGION=us-east-1\n'
  say "$name runs on port $port; Ctrl-C stops it and removes its data"
  while read -r input <&4; do :; done
}

list() {
  local name
  for name in "${NAMES[@]}"; do
    if is_ready "$name"; then echo "$name $(version_of "$name") ready"
    else echo "$name $(version_of "$name") missing"; fi
  done
}

case "${1:-}:$#" in
  list:1) list ;;
  get:2) get "$2" ;;
  start:2) start "$2" ;;
  *) fail "usage: servers.sh list | get NAME | start NAME" ;;
esac
