#!/bin/sh
# rustc for the module that is deployed: without the places, file and line, that its panics would name. The lints let no code of ours
# panic; but each of its hundreds of async functions has a place for being resumed after its end, which nothing does, and these are 8 KB
# of what a deployment uploads. What panics in a crate still says where.
#
# The option is not stable. The toolchain is pinned, and a module that is built without it is the same but for its size.
RUSTC_BOOTSTRAP=1 exec "$@" -Zlocation-detail=none
