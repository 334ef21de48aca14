# shellcheck shell=bash
# What the scripts share. Sourced, never run.

set -euo pipefail
export LC_ALL=C.UTF-8

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Outside the clone, so that a fresh clone does not build RocksDB again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HUXIN_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/huxin/target}}
BIN=$CARGO_TARGET_DIR/release
HUXIN=$BIN/huxin
# Oldest compiler that builds the workspace (rust-version in Cargo.toml).
RUST_MINOR_MIN=91

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

has_libclang() {
    ldconfig -p 2>/dev/null | grep -q 'libclang[-.0-9]*\.so' ||
        compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null
}

# Names of the packages that are missing, one a line, with the reason on standard error.
missing_packages() {
    if ! command -v g++ >/dev/null; then
        say "g++ is missing: RocksDB is compiled from source"
        echo g++
    fi
    if ! has_libclang; then
        say "libclang-dev is missing: bindings to RocksDB are generated with it"
        echo libclang-dev
    fi
    if [[ ! -e /etc/ssl/certs/ca-certificates.crt ]]; then
        say "ca-certificates is missing: cargo fetches crates over TLS"
        echo ca-certificates
    fi
}

# Installs what is missing of the system packages that the build needs.
ensure_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    if ((${#missing[@]} > 0)); then
        local install=(apt-get install --yes --no-install-recommends "${missing[@]}")
        local as_root=()
        if ((EUID != 0)); then as_root=(sudo); fi
        if ! command -v apt-get >/dev/null || { ((EUID != 0)) && ! command -v sudo >/dev/null; }; then
            fail "install these packages as root, then run this again: ${install[*]}"
        fi
        say "installing: ${missing[*]}"
        "${as_root[@]}" apt-get update --quiet >&2
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" "${install[@]}" >&2
    fi
    command -v cargo >/dev/null || fail "no cargo: install Rust 1.$RUST_MINOR_MIN or newer, see https://rustup.rs"
    local minor
    minor=$(rustc --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    if [[ -n $minor ]] && ((minor < RUST_MINOR_MIN)); then
        fail "rustc 1.$minor is too old: 1.$RUST_MINOR_MIN or newer is needed (rustup update)"
    fi
}

# Builds the two binaries. The first build compiles RocksDB and takes 10 to 25 minutes on two cores; later ones seconds.
build() {
    if [[ ! -x $HUXIN || ! -x $BIN/huxin-node ]]; then
        say "first build into $CARGO_TARGET_DIR: 10 to 25 minutes on two cores, most of it RocksDB"
    fi
    (cd "$ROOT" && cargo build --release --locked --workspace --bins) >&2
}

# json_field KEY: the first value of KEY in the JSON on standard input, as pretty-printed by huxin.
json_field() {
    sed -n "s/^ *\"$1\": \"\{0,1\}\([^\"]*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" | sed -n 1p
}

# json_field_after MARK KEY: the same, beginning at the first line that holds MARK.
json_field_after() {
    awk -v mark="$1" 'found || index($0, mark) { found = 1; print }' | json_field "$2"
}

# network_field DIR NODE KEY: what DIR/network.json says of a node, named as its folder.
network_field() {
    json_field_after "\"name\": \"$2\"" "$3" <"$1/network.json"
}

# Waits until a command succeeds. wait_until SECONDS WHAT COMMAND...
wait_until() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || fail "waited in vain: $what"
        sleep 0.1
    done
}
