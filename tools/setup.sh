# shellcheck shell=bash
# Sourced by tools/test and tools/demo: finds cargo, and installs the system packages that are missing where it may.
#
# All words go to stderr: stdout belongs to the command that sources this file. The working directory stays the caller's.

root=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." >/dev/null && pwd)
export root
# Cargo features: none of the defaults where libpcsclite is missing, so that all but the real reader builds and runs.
# shellcheck disable=SC2034 # the script that sources this file reads it
features=()

say() { printf '%s\n' "$*" >&2; }

# Prints the Debian packages that are missing. Tests want openssl too, as a witness that is not ours, and
# a formatter of manual pages.
missing_packages() {
    command -v cc >/dev/null || printf '%s\n' gcc libc6-dev
    command -v pkg-config >/dev/null || printf '%s\n' pkg-config
    { command -v pkg-config >/dev/null && pkg-config --exists libpcsclite; } || printf '%s\n' libpcsclite-dev
    if [ "$1" = test ]; then
        command -v openssl >/dev/null || printf '%s\n' openssl
        command -v groff >/dev/null || command -v mandoc >/dev/null || printf '%s\n' groff-base
    fi
}

# Installs packages as root or by a sudo that asks nothing; fails without a word where neither is there.
install_packages() {
    local as_root=()
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    say "installing $*"
    "${as_root[@]}" apt-get update -qq >/dev/null &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# setup build | setup test: afterwards cargo and a linker are there, or the script has ended with a message.
setup() {
    local packages
    command -v cargo >/dev/null || PATH="${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH"
    if ! command -v cargo >/dev/null; then
        say "bitaqa needs a Rust toolchain (see rust-version in Cargo.toml): cargo is not on the PATH"
        exit 1
    fi
    mapfile -t packages < <(missing_packages "$1")
    if [ ${#packages[@]} -ne 0 ]; then
        install_packages "${packages[@]}" || true
        mapfile -t packages < <(missing_packages "$1")
    fi
    [ ${#packages[@]} -eq 0 ] && return
    say "missing system packages that could not be installed from here: ${packages[*]}"
    say "install them as root:  apt-get install ${packages[*]}"
    case " ${packages[*]} " in *" gcc "*)
        say "without gcc nothing can be linked: stopping"
        exit 1
        ;;
    esac
    case " ${packages[*]} " in *" libpcsclite-dev "* | *" pkg-config "*)
        say "going on without card readers (libpcsclite)"
        # shellcheck disable=SC2034
        features=(--no-default-features)
        ;;
    esac
    case " ${packages[*]} " in *" openssl "*) say "going on without openssl: tests that ask it as a witness are skipped" ;; esac
    case " ${packages[*]} " in *" groff-base "*) say "going on without groff: no formatter reads the manual pages" ;; esac
}
