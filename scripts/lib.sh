# What the scripts share. Sourced, with the repository's root as the working directory afterwards.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

# A fresh rustup writes to a profile that this shell may not have read yet.
if ! command -v cargo >/dev/null 2>&1 && [ -x "${HOME:-/root}/.cargo/bin/cargo" ]; then
  export PATH="${HOME:-/root}/.cargo/bin:$PATH"
fi

TARGET=${CARGO_TARGET_DIR:-target}
STAMPS=$TARGET/stamps

say() { printf '%s\n' "$*" >&2; }
die() { say "$@"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# at_least 1.95 1.96.2: whether the second version is the first or newer.
at_least() { printf '%s\n%s\n' "$1" "$2" | sort -V -C; }

# fingerprint DIR: one hash over the names and contents of the sources in DIR.
fingerprint() {
  (cd "$1" && find . \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-64)
}

# install_packages DIR: `npm ci`, only when the lock file is not the one that is installed.
install_packages() {
  local dir=$1 stamp wanted
  stamp=$dir/node_modules/.installed-lock
  wanted=$(sha256sum <"$dir/package-lock.json" | cut -c1-64)
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return 0
  say "installing the packages of $dir"
  (cd "$dir" && npm ci --no-audit --no-fund --no-progress --loglevel=error) || return 1
  echo "$wanted" >"$stamp"
}

# postgres_programs: the folder of initdb and pg_ctl, which Debian keeps off the PATH. Fails where there is none.
postgres_programs() {
  local dir
  dir=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -1)
  [ -n "$dir" ] || dir=$(command -v initdb) || return 1
  dirname "$dir"
}
