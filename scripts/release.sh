#!/usr/bin/env bash
# What a release has, in target/release-files/: the module, all that a deployment uploads, their checksums, and the notes.
#
#   release.sh v0.2.0
#
# The tag has to be the version of Cargo.toml. .github/workflows/release.yml attaches the files.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

TO=target/release-files

tag="${1:-}"
version="$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)"
[ "$tag" = "v$version" ] || die "the tag is '$tag', and Cargo.toml has version $version"

scripts/setup.sh
# The set-up may have brought the Node that the rest runs in.
. scripts/env.sh
node scripts/release-notes.mjs --check
rm -rf "$TO"
mkdir -p "$TO"
node scripts/release-notes.mjs "$version" > "$TO/NOTES.md"
scripts/build.sh release
scripts/size-check.sh
# Leaves what wrangler would upload in target/dry-run.
node scripts/dry-run.mjs

cp build/index_bg.wasm "$TO/tenantry-$version.wasm"
# What serves and deploys it with Node alone, laid out as here: `npm ci --omit=dev && node scripts/serve.mjs` on a machine of one's own,
# or, after `npm ci`, wrangler. Nothing is left to build.
place="$TO/tenantry-$version"
mkdir -p "$place/build" "$place/scripts"
cp build/index.js build/index_bg.wasm "$place/build/"
cp scripts/serve.mjs scripts/installation.mjs scripts/egress.mjs scripts/backup.mjs "$place/scripts/"
cp -R public migrations LICENSE CHANGELOG.md README.md package.json package-lock.json .npmrc .node-version "$place/"
sed '/^# Builds the module: /,/^watch_dir/d' wrangler.toml > "$place/wrangler.toml"
! grep -q '^\[build\]' "$place/wrangler.toml" || die "the build stands elsewhere in wrangler.toml than release.sh believes"
# One order and one date, so that the same sources make the same archive.
date="$(git log -1 --format=%cI)"
tar --sort=name --mtime="$date" --owner=0 --group=0 --numeric-owner -C "$TO" -cf - "tenantry-$version" | gzip -9n > "$TO/tenantry-$version-worker.tar.gz"
rm -rf "$place"
(cd "$TO" && sha256sum tenantry-* > "tenantry-$version.sha256")
say release "$TO: module, worker, checksums, notes"
