#!/bin/sh
# rustc for the module that is deployed: without the places, file and line, that panics would name. The lints let no code of ours panic,
# but each of its hundreds of async functions has a place for being resumed after its end, which nothing does: 8 KB of what a deployment
# uploads. The standard library keeps its own.
#
# The option is not stable. The toolchain is pinned, and a module that is built without it is the same but for its size. What runs on the
# machine that builds, scripts and macros, is left as it is.
case " $* " in
  *" wasm32-unknown-unknown "*) RUSTC_BOOTSTRAP=1 exec "$@" -Zlocation-detail=none ;;
  *) exec "$@" ;;
esac
