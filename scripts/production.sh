#!/usr/bin/env bash
# Runs cargo as for deployment: scripts/production.sh build ARGUMENT...
#
# It runs in another folder, so that .cargo/config.toml does not select the system's zstd: its version
# determines the compressed bytes of the runtime, and thus the genesis hash. rust-toolchain.toml is not read
# there either. The runtime has the hash of its metadata, so that wallets can show what they sign.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
toolchain=$(cd "$root" && rustup show active-toolchain 2>/dev/null | cut -d ' ' -f 1 || true)
command=$1
shift

cd /
unset ZSTD_SYS_USE_PKG_CONFIG
[ -z "$toolchain" ] || export RUSTUP_TOOLCHAIN="$toolchain"
export OPENSSL_NO_VENDOR=1 WASM_BUILD_TYPE=release WASM_BUILD_WORKSPACE_HINT="$root"
exec "$root/scripts/cargo.sh" "$command" --manifest-path "$root/Cargo.toml" --locked --profile production \
	--features bittensor-runtime/metadata-hash "$@"
