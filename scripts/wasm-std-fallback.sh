#!/usr/bin/env bash
# The wasm32 standard library where rustup's own downloads cannot be reached but Debian's packages can. Debian's newest Rust
# (the packages named *-web, kept current for its browsers) has no wasm32 library, but brings its source: this builds the library
# from it, puts it beside that compiler, and links the compiler into rustup as the toolchain `tenantry-wasm`, whose name it leaves
# in .tools/wasm-toolchain for scripts/build.sh and .ci/run. Everything native goes on with the ordinary toolchain.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

TOOLCHAIN=tenantry-wasm
TARGET=wasm32-unknown-unknown

have rustup || die "the target $TARGET is missing and so is rustup: add the target the way this Rust was installed"
{ [ "$(uname -s)" = Linux ] && have apt-get; } ||
  die "rustup could not add the target $TARGET (see above); without a connection it can only be built on Debian"

PACKAGES="rustc-web cargo-web rust-web-src rust-web-clippy"
# shellcheck disable=SC2086 # a list of words
if ! dpkg -s $PACKAGES >/dev/null 2>&1; then
  say wasm32 "installing Debian's $PACKAGES"
  apt_install $PACKAGES || die "could not install them. As root: apt-get install $PACKAGES; then run this again"
fi
minimum="$(awk -F'"' '/^rust-version/ { print $2 }' Cargo.toml)"
debian="$(/usr/bin/rustc --version | awk '{ print $2 }')"
version_at_least "${debian%%+*}" "$minimum" || die "Debian's Rust is $debian; $minimum or newer is needed"

library="$(/usr/bin/rustc --print sysroot)/lib/rustlib/$TARGET/lib"
built_with="$library/.built-with"
if [ "$(cat "$built_with" 2>/dev/null)" != "$debian" ]; then
  is_root || die "as root, run scripts/wasm-std-fallback.sh once: it writes to $library"
  say wasm32 "building the standard library of Rust $debian"
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/src"
  : > "$work/src/lib.rs"
  printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n' > "$work/Cargo.toml"
  # With the bitcode embedded, since a crate that is built with `lto = true` needs it from every library.
  (
    cd "$work"
    env -u RUSTUP_TOOLCHAIN -u CARGO_TARGET_DIR \
      RUSTFLAGS=-Cembed-bitcode=yes RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 \
      /usr/bin/cargo build --quiet -Zbuild-std=std,panic_abort,proc_macro --release --target "$TARGET"
  )
  rm -rf "$library"
  mkdir -p "$library"
  for rlib in "$work/target/$TARGET/release/deps"/*.rlib; do
    case "$rlib" in */libempty-*) ;; *) cp "$rlib" "$library/" ;; esac
  done
  echo "$debian" > "$built_with"
  # What was compiled against an earlier library does not link with this one.
  rm -rf "${CARGO_TARGET_DIR:-target}/$TARGET"
fi

rustup toolchain link "$TOOLCHAIN" /usr
mkdir -p "$TOOLS"
echo "$TOOLCHAIN" > "$TOOLS/wasm-toolchain"
say wasm32 "there (toolchain $TOOLCHAIN, Rust $debian)"
