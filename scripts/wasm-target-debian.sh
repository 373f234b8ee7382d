#!/usr/bin/env bash
# Provides the runtime's target, `wasm32v1-none`, where rustup cannot download it.
#
# Debian's `rustc-web` comes with the sources of Rust's library, but without this target. The script
# compiles `core`, `alloc` and `compiler_builtins` from these sources (30 s, once) into a separate
# toolchain in the cache folder:
#
#   $CACHE/wasm-toolchain/
#     bin/cargo                                  -> Debian's
#     bin/rustc                                  Debian's with --sysroot on this folder
#     lib/rustlib/x86_64-unknown-linux-gnu/lib   -> Debian's
#     lib/rustlib/x86_64-.../bin/rust-lld        -> Debian's lld
#     lib/rustlib/wasm32v1-none/lib/*.rlib       compiled here
#
# The only change outside the cache folder is rustup's link `bittensor-wasm` to it.
# $CACHE/toolchain.sh tells scripts/cargo.sh where it is. setup.sh installs the packages.
#
# Usage: scripts/wasm-target-debian.sh [--force]     --force compiles it again
set -euo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/bittensor"
root="$cache/wasm-toolchain"
name=bittensor-wasm
target=wasm32v1-none
rustc=/usr/bin/rustc
cargo=/usr/bin/cargo

say() { printf 'wasm-target: %s\n' "$*"; }
die() {
	printf 'wasm-target: error: %s\n' "$*" >&2
	exit 1
}

for program in "$rustc" "$cargo"; do
	[ -x "$program" ] || die "$program is missing: apt-get install rustc-web cargo-web"
done
lld=$(ls -1 /usr/lib/llvm-*/bin/lld 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$lld" ] || die "no lld under /usr/lib/llvm-*: apt-get install lld-19"

version=$("$rustc" --version)
host=$("$rustc" -vV | sed -n 's/^host: //p')
system=$("$rustc" --print sysroot)
[ -f "$system/lib/rustlib/src/rust/library/Cargo.toml" ] ||
	die "the library's sources are missing: apt-get install rust-web-src"
"$rustc" --print target-list | grep -qx "$target" || die "$version does not know $target"

# The stamp names the compiler. It is written last, so an incomplete toolchain has none.
stamp="$root/built-with"
if [ "${1:-}" = --force ] || [ "$(cat "$stamp" 2>/dev/null || true)" != "$version" ]; then
	say "compiling core and alloc for $target with $version"
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/lib/rustlib/$host/bin" "$root/lib/rustlib/$target/lib"
	ln -s "$cargo" "$root/bin/cargo"
	[ ! -x /usr/bin/rustdoc ] || ln -s /usr/bin/rustdoc "$root/bin/rustdoc"
	printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$rustc" "'$root'" >"$root/bin/rustc"
	chmod +x "$root/bin/rustc"
	ln -s "$system/lib/rustlib/src" "$root/lib/rustlib/src"
	ln -s "$system/lib/rustlib/$host/lib" "$root/lib/rustlib/$host/lib"
	ln -s "$lld" "$root/lib/rustlib/$host/bin/rust-lld"

	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	mkdir "$work/src"
	printf '#![no_std]\nextern crate alloc;\n' >"$work/src/lib.rs"
	printf '[package]\nname = "seed"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' \
		>"$work/Cargo.toml"
	# Bitcode, because the runtime is linked with link-time optimisation.
	(cd "$work" && env -u CARGO_ENCODED_RUSTFLAGS -u CARGO_BUILD_TARGET -u RUSTUP_TOOLCHAIN \
		RUSTC="$root/bin/rustc" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" \
		CARGO_TARGET_DIR="$work/target" \
		"$cargo" build --quiet --release --target "$target" -Z build-std=core,alloc)
	for crate in core alloc compiler_builtins; do
		cp "$work/target/$target/release/deps/lib$crate-"*.rlib "$root/lib/rustlib/$target/lib/" ||
			die "the build left no rlib of $crate"
	done
	# cargo does not notice a changed sysroot and would fail with "can't find crate".
	if [ -n "${CARGO_TARGET_DIR:-}" ]; then rm -rf "$CARGO_TARGET_DIR"/*/wbuild; fi
	printf '%s\n' "$version" >"$stamp"
fi

# A library without std must link, as in the check of the runtime's builder.
probe=$(mktemp -d)
trap 'rm -rf "$probe" ${work:+"$work"}' EXIT
printf '#![no_std]\n#[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n' \
	>"$probe/lib.rs"
"$root/bin/rustc" --target "$target" --crate-type cdylib -o "$probe/out.wasm" "$probe/lib.rs" ||
	die "the toolchain in $root does not link; run this script again with --force"

if command -v rustup >/dev/null 2>&1; then
	rustup toolchain link "$name" "$root"
	printf 'export WASM_BUILD_TOOLCHAIN=%s\n' "$name" >"$cache/toolchain.sh"
else
	# Debian's cargo is then the only one, and it builds the node with this toolchain too.
	printf 'export PATH="%s/bin:$PATH"\n' "$root" >"$cache/toolchain.sh"
fi
say "ready; for cargo outside of make: . $cache/toolchain.sh"
