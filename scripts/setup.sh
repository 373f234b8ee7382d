#!/usr/bin/env bash
# Installs what the build needs, and does nothing, quickly, where it is all there.
#
# As root, or with CI=true, missing system packages are installed with apt. Otherwise the exact
# line to run is printed and the script exits 1. It never replaces a Rust toolchain.
#
#   WASM_TARGET=debian scripts/setup.sh    use Debian's Rust for the runtime even where the
#                                          current toolchain has the target
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/bittensor"
target=wasm32v1-none
minimum=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

say() { printf 'setup: %s\n' "$*"; }
die() {
	printf 'setup: error: %s\n' "$*" >&2
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# --- packages of the system -----------------------------------------------------------------

# install PACKAGE...: those of them that are missing. Says what to do where it may not install.
install() {
	local missing=() package
	if ! have dpkg-query; then
		say "not Debian: make sure that these, by your system's names, are installed: $*"
		return 0
	fi
	for package in "$@"; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
			missing+=("$package")
	done
	[ "${#missing[@]}" -gt 0 ] || return 0
	local as=()
	if [ "$(id -u)" -ne 0 ]; then
		if [ "${CI:-}" = true ] && have sudo; then
			as=(sudo)
		else
			printf 'setup: missing packages; run this, then try again:\n\n' >&2
			printf '  sudo apt-get update && sudo apt-get install -y %s\n\n' "${missing[*]}" >&2
			exit 1
		fi
	fi
	say "installing ${missing[*]}"
	# `env` after `sudo`, which drops the caller's environment.
	local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
	"${apt[@]}" update </dev/null
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# --- Rust -----------------------------------------------------------------------------------

have cargo || die "no cargo in PATH: install Rust $minimum or newer (https://rustup.rs), then try again"
rust=$(rustc --version | awk '{print $2}')
[ "$(printf '%s\n%s\n' "$minimum" "$rust" | sort -V | head -n 1)" = "$minimum" ] ||
	die "Rust $rust is too old: $minimum or newer is needed (rustup update stable)"

# Compilers for the C parts of the node (zstd, secp256k1, database), the protobuf compiler for
# the network's and the wire's messages, and wasm-opt (binaryen) for the runtime.
install build-essential pkg-config clang libclang-dev protobuf-compiler libssl-dev libzstd-dev \
	binaryen ca-certificates
for program in cc clang protoc wasm-opt pkg-config; do
	have "$program" || die "$program is not in PATH after the installation"
done

# --- the runtime's target -------------------------------------------------------------------

# Does the toolchain that cargo uses link for the target? The same check as the runtime's builder.
target_works() {
	local probe status=0
	probe=$(mktemp -d)
	printf '#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n' \
		>"$probe/lib.rs"
	rustc --target "$target" --crate-type cdylib -o "$probe/out.wasm" "$probe/lib.rs" \
		>/dev/null 2>&1 || status=1
	rm -rf "$probe"
	return "$status"
}

debian_target() {
	have dpkg-query || die "rustup cannot add $target here, and this is not Debian: install the target for Rust $rust by hand"
	install rustc-web cargo-web rust-web-src lld-19
	scripts/wasm-target-debian.sh
}

chosen="$cache/toolchain.sh"
if [ "${WASM_TARGET:-}" = debian ]; then
	debian_target
elif target_works; then
	# What an earlier run had to choose instead is no longer wanted.
	rm -f "$chosen"
elif [ -f "$chosen" ]; then
	debian_target
elif have rustup && rustup target add "$target" >/dev/null 2>&1 && target_works; then
	say "added $target"
else
	say "rustup cannot add $target here: using Debian's Rust for the runtime"
	debian_target
fi

for component in rustfmt clippy; do
	cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 ||
		{ have rustup && rustup component add "$component" >/dev/null 2>&1; } ||
		say "no $component: make lint needs it"
done

# --- optional -------------------------------------------------------------------------------

cargo nextest --version >/dev/null 2>&1 || say "no cargo-nextest: make test uses cargo test instead"

# optional WHAT FOR PACKAGE...: installs them where that is allowed, else says what lacks them.
optional() {
	local what=$1 for=$2
	shift 2
	if have dpkg-query && { [ "$(id -u)" -eq 0 ] || [ "${CI:-}" = true ]; }; then
		install "$@"
	else
		say "no $what: $for needs it (sudo apt-get install -y $*)"
	fi
}

if ! have node || ! have npm; then
	optional "Node.js 18 or newer with npm" "make test-js" nodejs npm
fi
if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
	optional "Python 3 with venv" "make test-bench" python3 python3-venv
fi

say "everything is there: Rust $rust"
