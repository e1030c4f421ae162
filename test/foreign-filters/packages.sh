#!/usr/bin/env bash
# Installs what Debian has for building the filters, where CI may: as root, with apt. What is missing then is skipped with its reason.
set -uo pipefail
[ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0
dpkg -s rustc cargo libstd-rust-dev-wasm32 clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32 >/dev/null 2>&1 && exit 0
{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  rustc cargo libstd-rust-dev-wasm32 clang lld wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32; } >/dev/null 2>&1 ||
  echo "Debian's packages cannot be installed here"
