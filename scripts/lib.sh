# shellcheck shell=bash
# What the scripts share. Sourced, never run.

set -euo pipefail
export LC_ALL=C.UTF-8

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Outside the clone, so that a fresh clone does not build RocksDB again.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${HUXIN_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/huxin/target}}
BIN=$CARGO_TARGET_DIR/release
HUXIN=$BIN/huxin
# RocksDB is the one C++ library: clang builds it in three quarters of the time that g++ takes. Set here and in no other place, since
# another compiler means building it again.
export CXX=${CXX:-clang++}
# Oldest compiler that builds the workspace (rust-version in Cargo.toml).
RUST_MINOR_MIN=91

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

# Folders in which the generator of RocksDB's bindings (bindgen, through clang-sys) looks for libclang, one a line.
libclang_folders() {
    if [[ -n ${LIBCLANG_PATH:-} ]]; then
        if [[ -d $LIBCLANG_PATH ]]; then echo "$LIBCLANG_PATH"; else dirname "$LIBCLANG_PATH"; fi
        return
    fi
    local prefix
    if prefix=$(llvm-config --prefix 2>/dev/null); then printf '%s\n' "$prefix/lib" "$prefix/lib64"; fi
    tr : '\n' <<<"${LD_LIBRARY_PATH:-}"
    compgen -G '/usr/local/llvm*/lib*' || true
    local pattern
    for pattern in '/usr/local/lib*' '/usr/local/lib*/*' '/usr/local/lib*/*/*' '/usr/lib*' '/usr/lib*/*' '/usr/lib*/*/*'; do
        compgen -G "$pattern" || true
    done
}

# Whether the bindings can be generated: the generator loads one of these names, and libclang needs headers of its own.
# libclang-cpp.so, which every LLVM runtime brings, is another library: the generator leaves it out, and so must this.
has_libclang() {
    local folder name
    while read -r folder; do
        [[ -d $folder ]] || continue
        for name in "$folder"/libclang.so "$folder"/libclang.so.* "$folder"/libclang-[0-9]*.so "$folder"/libclang-[0-9]*.so.*; do
            if [[ -e $name ]] && has_clang_headers "$folder"; then return 0; fi
        done
    done < <(libclang_folders)
    return 1
}

# Whether the compiler's own headers (stddef.h) are there, beside libclang or where distributions put them.
has_clang_headers() {
    local pattern
    for pattern in "$1/clang/*" "$1/../lib/clang/*" '/usr/lib/llvm-*/lib/clang/*' '/usr/lib*/clang/*' '/usr/local/lib*/clang/*'; do
        if compgen -G "$pattern/include/stddef.h" >/dev/null; then return 0; fi
    done
    return 1
}

# Names of the packages that are missing, one a line, with the reason on standard error.
missing_packages() {
    if ! command -v g++ >/dev/null; then
        say "g++ is missing: it links the programs and brings the C++ library"
        echo g++
    fi
    if [[ $CXX == clang++ ]] && ! command -v clang++ >/dev/null; then
        say "clang is missing: RocksDB is compiled from source with it"
        echo clang
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

# The same for packages that only tests need.
missing_test_packages() {
    if ! command -v jq >/dev/null; then
        say "jq is missing: commands of the documentation read JSON with it, and the tests run them"
        echo jq
    fi
    if ! command -v curl >/dev/null; then
        say "curl is missing: commands of the documentation ask nodes with it, and the tests run them"
        echo curl
    fi
    if ! command -v openssl >/dev/null; then
        say "openssl is missing: the tests compare digests, certificates and signatures with its answers"
        echo openssl
    fi
    # python3-minimal has no json.
    if ! python3 -c 'import json, zipfile' 2>/dev/null; then
        say "python3 is missing: the second verifier, tests/verifier, is in Python"
        echo python3
    fi
}

# install_packages NAME...: nothing where no name is given.
install_packages() {
    (($# > 0)) || return 0
    local install=(apt-get install --yes --no-install-recommends "$@")
    local as_root=()
    if ((EUID != 0)); then as_root=(sudo); fi
    if ! command -v apt-get >/dev/null || { ((EUID != 0)) && ! command -v sudo >/dev/null; }; then
        fail "install these packages as root, then run this again: ${install[*]}"
    fi
    say "installing: $*"
    "${as_root[@]}" apt-get update --quiet >&2
    # "env", since sudo drops the variable.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >&2
}

# Installs what is missing of the system packages that tests need beside those of the build.
ensure_test_packages() {
    local missing
    mapfile -t missing < <(missing_test_packages)
    install_packages "${missing[@]}"
}

# Installs what is missing of the system packages that the build needs.
ensure_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    install_packages "${missing[@]}"
    command -v cargo >/dev/null || fail "no cargo: install Rust 1.$RUST_MINOR_MIN or newer, see https://rustup.rs"
    local minor
    minor=$(rustc --version | sed -n 's/^rustc 1\.\([0-9]*\)\..*/\1/p')
    if [[ -n $minor ]] && ((minor < RUST_MINOR_MIN)); then
        fail "rustc 1.$minor is too old: 1.$RUST_MINOR_MIN or newer is needed (rustup update)"
    fi
}

# Builds the binaries into $CARGO_TARGET_DIR, with progress; a failure shows the compiler's error. The log of the last build is
# build.log in that folder. The first build compiles RocksDB and some 480 crates; README says how long that takes.
build() {
    mkdir -p "$CARGO_TARGET_DIR"
    local log=$CARGO_TARGET_DIR/build.log first=no code=0
    if [[ ! -x $HUXIN || ! -x $BIN/huxin-node ]]; then
        first=yes
        say "first build into $CARGO_TARGET_DIR; about half of the work is RocksDB"
    fi
    (cd "$ROOT" && CARGO_TERM_PROGRESS_WHEN=never exec cargo build --release --locked --workspace --bins) >"$log" 2>&1 &
    local cargo=$!
    # An interrupted script must not leave the compilers behind.
    trap 'kill "$cargo" 2>/dev/null; exit 130' INT TERM
    if [[ $first == yes ]]; then show_progress "$cargo"; fi
    wait "$cargo" || code=$?
    trap - INT TERM
    ((code == 0)) || {
        say "the build failed (exit code $code). The compiler says:"
        build_error <"$log" >&2
        fail "the whole log is in $log"
    }
}

# What matters in the log of a failed build: from the first error on, at most 40 lines, or the last lines where none is marked.
build_error() {
    local lines
    lines=$(cat)
    if grep -qE '^error' <<<"$lines"; then
        sed -n '/^error/,$p' <<<"$lines" | head -n 40
    else
        tail -n 20 <<<"$lines"
    fi
}

# show_progress PID: how far the first build is, and how long it still takes at the pace so far, until PID has ended.
show_progress() {
    local started=$SECONDS crates shown=-1000 every=30 end='\n' percent left
    if [[ -t 2 ]]; then every=2 end='      \r'; fi
    crates=$(cd "$ROOT" && cargo tree --locked --workspace --edges normal,build --prefix none 2>/dev/null | sed 's/ (\*)$//' | sort -u | wc -l) ||
        crates=480 # cargo says below why it failed
    while kill -0 "$1" 2>/dev/null; do
        if ((SECONDS - shown >= every)); then
            shown=$SECONDS
            percent=$(built_percent "$crates")
            left=
            if ((percent >= 5)); then left=", about $(((SECONDS - started) * (100 - percent) / percent / 60 + 1)) min to go"; fi
            # shellcheck disable=SC2059
            printf "  building: %d%% after %d min %02d s%s$end" "$percent" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60)) "$left" >&2
        fi
        sleep 1
    done
    if [[ -t 2 ]]; then printf '\n' >&2; fi
}

# built_percent CRATES: the share of the first build that is done, by the objects that exist: half of it is RocksDB's 344 files.
built_percent() {
    local objects rust
    objects=$(find "$BIN/build" -path '*librocksdb-sys-*/out/*' -name '*.o' 2>/dev/null | wc -l)
    if [[ -n $(compgen -G "$BIN/build/librocksdb-sys-*/out/librocksdb.a") ]]; then objects=344; fi
    rust=$(find "$BIN/deps" -name '*.d' 2>/dev/null | wc -l)
    ((objects <= 344)) || objects=344
    ((rust <= $1)) || rust=$1
    echo $(((50 * objects / 344 + 50 * rust / $1) * 99 / 100))
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
