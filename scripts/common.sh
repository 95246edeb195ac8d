# Shared by the launcher and the scripts: progress in one line a step, the whole story in build/log. Needs $root.
log_dir=$root/build/log

# Messages go to stderr: stdout belongs to the command that the user gave.
say() { printf 'tiffin: %s\n' "$*" >&2; }

# step LOG TEXT COMMAND...: one line for the user, everything into build/log/LOG.log, its tail on failure.
step() {
    log=$log_dir/$1.log
    text=$2
    shift 2
    mkdir -p "$log_dir"
    printf 'tiffin: %s ... ' "$text" >&2
    started=$(date +%s)
    if "$@" > "$log" 2>&1 < /dev/null; then
        printf 'done (%s s)\n' $(($(date +%s) - started)) >&2
    else
        printf 'FAILED\n' >&2
        tail -n 30 "$log" >&2
        say "the whole log is $log"
        return 1
    fi
}

in_root() { (cd "$root" && "$@"); }

# True if PRESET was never configured, or before a folder described itself or changed its description.
needs_configuring() {
    [ ! -e "$root/build/$1/build.ninja" ] ||
        [ -n "$(cd "$root" && find . -path ./build -prune -o -path './.*' -prune -o \
            \( -name CMakeLists.txt -o -name '*.cmake' -o -name CMakePresets.json \) -newer "build/$1/build.ninja" -print)" ]
}

# build PRESET TARGET TEXT: configures when needed, says nothing when there is nothing to do. TARGET as ninja names it.
build() { alone "$1" build_now "$@"; }

# alone PRESET COMMAND...: one build at a time in one folder; two ninjas would write the same files.
alone() {
    lock=$root/build/$1.lock
    mkdir -p "$root/build"
    {
        flock -n 9 || { say "waiting for another build in build/$1"; flock 9; } || return 1
        shift
        "$@"
    } 9> "$lock"
}

build_now() {
    if needs_configuring "$1"; then
        step "configure-$1" "configuring $3" in_root cmake --preset "$1" || return 1
    fi
    case $(ninja -C "$root/build/$1" -n "$2" 2>&1) in *'no work to do'*) return 0 ;; esac
    step "build-$1" "building $3" ninja -C "$root/build/$1" "$2"
}

# missing_packages GROUP...: lines of packages.txt that are not installed, "name reason".
missing_packages() {
    for group in "$@"; do sed -n "s/^$group  *//p" "$root/scripts/packages.txt"; done |
        while read -r name reason; do
            state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null || true)
            [ "$state" = installed ] || echo "$name $reason"
        done
}

# Says what is missing and why, then installs it.
install_packages() {
    command -v dpkg-query > /dev/null || { say 'this is not a Debian system: install what scripts/packages.txt lists'; return 0; }
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say 'these Debian packages are missing, and will be installed with apt-get:'
    echo "$missing" | while read -r name reason; do printf '    %-24s %s\n' "$name" "$reason" >&2; done
    names=$(echo "$missing" | cut -d' ' -f1)
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        command -v sudo > /dev/null || { say "you are not root, and there is no sudo; as root: apt-get install" $names; return 1; }
        sudo -v || return 1
    fi
    step apt-update 'reading package lists' $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update || return 1
    step apt-install 'installing' $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y install --no-install-recommends $names
}
