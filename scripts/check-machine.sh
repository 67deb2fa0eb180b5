#!/bin/sh
# Says what this machine lacks before anything is installed, naming Debian's package. Runs without Node.
# A compiler is needed only until SQLite has been compiled.

root=$(dirname "$0")/..
missing=""
packages=""

need() { # program, Debian package
  command -v "$1" >/dev/null 2>&1 && return
  missing="$missing $1"
  packages="$packages $2"
}

if ! command -v node >/dev/null 2>&1; then
  echo "node is missing. Flagstream needs Node 20.19 or newer (up to 24); Debian 12's own nodejs is too old," >&2
  echo "so take it from the Node project's Debian packages or a version manager." >&2
  exit 1
fi
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
  process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
  echo "node is $(node --version); Flagstream needs 20.19 or newer (up to 24)." >&2
  exit 1
fi

need npm npm
if ! [ -f "$root/node_modules/better-sqlite3/build/Release/better_sqlite3.node" ]; then
  need g++ g++
  need make make
  need python3 python3
fi

if [ -n "$missing" ]; then
  echo "missing:$missing" >&2
  echo "On Debian or Ubuntu: apt-get install$packages" >&2
  exit 1
fi
