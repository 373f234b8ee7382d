#!/usr/bin/env bash
# Installs what the build needs. If nothing is missing, it ends within a second.
#
# As root, or with CI=true, it installs missing system packages with apt. Otherwise it prints the
# command to run and exits with 1. It never replaces a Rust toolchain.
#
#   WASM_TARGET=debian scripts/setup.sh    use Debian's Rust for the runtime even if the current
#                                          toolchain has the target
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

# install PACKAGE...: installs the packages that are missing, or prints the command to run.
install() {
	local missing=() package
	if ! have dpkg-query; then
		say "not Debian: install these packages, or your system's equivalents: $*"
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
	# `env` after `sudo`, because sudo drops the caller's environment.
	local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
	"${apt[@]}" update </dev/null
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# --- Rust -----------------------------------------------------------------------------------

# new_enough: does this rustc run, at the minimum version or a newer one? Sets `rust`.
new_enough() {
	rust=$(rustc --version 2>/dev/null | awk '{print $2}')
	[ -n "$rust" ] && [ "$(printf '%s\n' "$minimum" "$rust" | sort -V | head -n 1)" = "$minimum" ]
}

have cargo || die "no cargo in PATH: install Rust $minimum or newer (https://rustup.rs), then try again"
# rustup installs the toolchain of rust-toolchain.toml on the first call. Where it cannot, its default
# toolchain is used if it is new enough: scripts/cargo.sh reads that from this file.
fallback="$cache/rust.sh"
rm -f "$fallback"
if ! new_enough && have rustup; then
	RUSTUP_TOOLCHAIN=$(rustup default 2>/dev/null | awk '{print $1}')
	export RUSTUP_TOOLCHAIN
	new_enough || die "rustup cannot install the toolchain of rust-toolchain.toml, and its default is older than Rust $minimum"
	say "rustup cannot install the toolchain of rust-toolchain.toml: using $RUSTUP_TOOLCHAIN"
	mkdir -p "$cache"
	printf 'export RUSTUP_TOOLCHAIN=%s\n' "$RUSTUP_TOOLCHAIN" >"$fallback"
fi
new_enough || die "Rust ${rust:-(none)} is too old: $minimum or newer is needed"

# C compilers for the node's C code (zstd, secp256k1, database), the protobuf compiler for messages,
# and wasm-opt (binaryen) for the runtime.
install build-essential pkg-config clang libclang-dev protobuf-compiler libssl-dev libzstd-dev \
	binaryen ca-certificates
for program in cc clang protoc wasm-opt pkg-config; do
	have "$program" || die "$program is not in PATH after the installation"
done

# --- the runtime's target -------------------------------------------------------------------

# Does cargo's toolchain link for the target? The same check as the runtime's builder.
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
	# An earlier run's choice is obsolete.
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

# optional WHAT FOR PACKAGE...: installs the packages if it may, or prints which target needs them.
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
	optional "Node.js 20.19 or newer with npm" "make test-js" nodejs npm
fi
if ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
	optional "Python 3 with venv" "make test-bench and make test-py" python3 python3-venv
fi

say "everything is there: Rust $rust"
