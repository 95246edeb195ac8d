#!/bin/sh
# Fetches what the sample guests need from Debian, for arm64, without installing any of it:
#   linux/Image, linux-rt/Image   Debian's stock and PREEMPT_RT kernels, uncompressed
#   initrd-linux.cpio.gz          busybox and scripts/guests/linux-init
#   initrd-control.cpio.gz        the same, cyclictest, and scripts/guests/control-init
#   initrd-stress.cpio.gz         initrd-linux with stress-ng
#   initrd-devices.cpio.gz        Debian's virtio drivers and ext4, mke2fs, guest/linux/vsock.c, tiffinctl, and scripts/guests/devices-init
#   bin/tiffinctl                 built here (guest/linux/tiffinctl): static, for any Linux VM that manages others
#   initrd-channel.cpio.gz        initrd-linux's busybox, the channel module and its program (scripts/guests/channel-module.sh)
#   initrd-sound.cpio.gz          aplay, Debian's virtio-snd built as a module (scripts/guests/sound-module.sh), and scripts/guests/sound-init
#   initrd-keys.cpio.gz           Debian's virtio-input and evdev, and scripts/guests/keys-init (scripts/guests/keys.sh)
#   initrd-handheld.cpio.gz       mpg123 and our song, our player on the screen, and the drivers for sound, screen and keys (scripts/guests/handheld.sh)
#   initrd-bench.cpio.gz          aplay and our player, with those drivers and the ones of the board's card and screen (scripts/guests/handheld.sh)
#   xen/xen                       the peer that the benchmark measures (raw arm64 Image)
# Everything lands in ${TIFFIN_CACHE:-.cache}; what is there is not fetched again. Nothing on this system changes: apt keeps
# its arm64 lists in the cache too, so neither root nor `dpkg --add-architecture` is needed.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cache=${TIFFIN_CACHE:-$root/.cache}
mkdir -p "$cache"
cache=$(CDPATH='' cd -- "$cache" && pwd)
exec 9> "$cache/lock" # one fetch at a time into one cache
flock 9
work=$cache/work
apt=$cache/apt

say() { printf 'fetch-guests: %s\n' "$*"; }
fail() { printf 'fetch-guests: %s\n' "$*" >&2; exit 1; }

# apt with a state of its own: arm64 only, no installed packages, the system's own sources and proxies.
apt_arm64() {
    command=$1; shift
    "$command" -q -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= \
        -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
        -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
        -o Acquire::Retries=3 -o Debug::NoLocking=1 "$@"
}

update_lists() {
    [ -e "$apt/updated" ] && return
    say 'reading Debian'\''s arm64 package lists (about 12 MB) ...'
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : > "$apt/status"
    apt_arm64 apt-get update > "$apt/update.log" 2>&1 || { tail -5 "$apt/update.log" >&2; fail 'apt-get update failed'; }
    : > "$apt/updated"
}

# The real package behind a kernel metapackage: the name carries an ABI number that changes with each security update.
real_package() {
    apt_arm64 apt-cache depends "$1" | sed -n 's/^ *|\{0,1\}Depends: *\(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
}

download() { (cd "$cache/debs" && apt_arm64 apt-get download "$1" > "$apt/download.log" 2>&1); }

# unpack PACKAGE: downloads it once and leaves its files in $work/PACKAGE.
unpack() {
    [ -d "$work/$1" ] && return
    update_lists
    say "downloading $1 ..."
    mkdir -p "$cache/debs" "$work"
    if ! download "$1"; then
        # Lists that an earlier run read may name a version that has since been replaced.
        rm -f "$apt/updated"
        update_lists
        download "$1" || { tail -5 "$apt/download.log" >&2; fail "cannot download $1"; }
    fi
    rm -rf "$work/$1.part"
    dpkg -x "$(ls -t "$cache/debs/$1"_*.deb | head -n 1)" "$work/$1.part"
    mv "$work/$1.part" "$work/$1"
    echo "$1" >> "$cache/packages.txt"
}

# An arm64 Image says "ARM\x64" at byte 56 (Linux, Documentation/arch/arm64/booting.rst, "Call the kernel image").
is_arm64_image() { [ "$(od -An -tx1 -j56 -N4 "$1" | tr -d ' \n')" = 41524d64 ]; }

# store_image FROM TO: uncompressed if need be, checked, moved into place in one step.
store_image() {
    mkdir -p "$(dirname "$2")"
    if gzip -t "$1" 2> /dev/null; then gzip -dc "$1" > "$2.part"; else cp "$1" "$2.part"; fi
    is_arm64_image "$2.part" || fail "$1 is not an arm64 Image"
    chmod 644 "$2.part"
    mv "$2.part" "$2"
    say "$2: $(($(wc -c < "$2") / 1024)) KiB"
}

fetch_kernel() { # METAPACKAGE FOLDER
    [ -e "$cache/$2/Image" ] && return
    update_lists
    package=$(real_package "$1")
    [ -n "$package" ] || fail "no kernel package behind $1 in this system's apt sources"
    unpack "$package"
    store_image "$(ls "$work/$package"/boot/vmlinuz-*)" "$cache/$2/Image"
    rm -rf "${work:?}/$package/lib" # 400 MB of modules that no sample guest loads
    echo "${package#linux-image-}" > "$cache/$2/version"
}

fetch_xen() {
    [ -e "$cache/xen/xen" ] && return
    unpack xen-hypervisor-4.17-arm64
    store_image "$work/xen-hypervisor-4.17-arm64/boot/xen-4.17-arm64" "$cache/xen/xen"
}

# Sorted names, zeroed times, owner 0: the same files give the same archive.
pack() { # FOLDER ARCHIVE
    find "$1" -exec touch -h -d @0 {} +
    (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet | gzip -9n) > "$2.part"
    mv "$2.part" "$2"
    say "$2: $(($(wc -c < "$2") / 1024)) KiB"
}

# fresh ARCHIVE INIT: neither the guest's script nor this one is newer.
fresh() { [ -n "$(find "$1" -newer "$2" -newer "$root/scripts/fetch-guests.sh" 2> /dev/null)" ]; }

base_tree() { # FOLDER INIT
    rm -rf "$1"
    mkdir -p "$1/bin" "$1/dev" "$1/proc" "$1/sys" "$1/tmp" "$1/lib"
    cp "$work/busybox-static/bin/busybox" "$1/bin/busybox"
    for applet in sh mount cat echo uname sha256sum setsid sleep poweroff reboot nproc seq cut grep sed ls ps dd head; do
        ln -s busybox "$1/bin/$applet"
    done
    cp "$root/scripts/guests/$2" "$1/init"
    chmod 755 "$1/init" "$1/bin/busybox"
}

initrd_linux() {
    out=$cache/initrd-linux.cpio.gz
    fresh "$out" "$root/scripts/guests/linux-init" && return
    unpack busybox-static
    base_tree "$work/tree-linux" linux-init
    pack "$work/tree-linux" "$out"
}

# program FILE TREE: puts a dynamically linked program of an unpacked package into the tree, with every library that it names.
program() {
    cp -L "$1" "$2/bin/"
    libraries "$1" "$2"
}

libraries() { # FILE TREE
    for library in $(LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') ld-linux-aarch64.so.1; do
        [ -e "$2/lib/$library" ] && continue
        found=$(find "$work" -path "$work/tree-*" -prune -o -name "$library" -print | head -n 1)
        [ -n "$found" ] || fail "no unpacked package has $library, which $1 needs"
        cp -L "$found" "$2/lib/"
        chmod 755 "$2/lib/$library"
        libraries "$2/lib/$library" "$2"
    done
}

initrd_control() {
    out=$cache/initrd-control.cpio.gz
    fresh "$out" "$root/scripts/guests/control-init" && return
    for package in busybox-static rt-tests libnuma1 libc6; do unpack "$package"; done
    tree=$work/tree-control
    base_tree "$tree" control-init
    program "$work/rt-tests/usr/bin/cyclictest" "$tree"
    pack "$tree" "$out"
}

initrd_stress() {
    out=$cache/initrd-stress.cpio.gz
    fresh "$out" "$root/scripts/guests/linux-init" && return
    for package in busybox-static libc6 stress-ng libapparmor1 libbsd0 libcrypt1 libdrm2 libegl1 libexpat1 libffi8 libgbm1 libgles2 libglvnd0 \
        libjpeg62-turbo libjudydebian1 libkmod2 liblzma5 libmd0 libsctp1 libssl3 libwayland-server0 libxxhash0 libzstd1 zlib1g; do
        unpack "$package"
    done
    tree=$work/tree-stress
    base_tree "$tree" linux-init
    program "$work/stress-ng/usr/bin/stress-ng" "$tree"
    pack "$tree" "$out"
}

# module NAME FROM TREE: puts a module of the kernel's package into the tree behind those that it needs.
module() {
    grep -qx "$1" "$3/lib/modules/order" && return
    file=$(find "$2" -name "$(echo "$1" | sed 's/[_-]/[_-]/g').ko" | head -n 1)
    [ -n "$file" ] || fail "the kernel's package has no module $1"
    for needed in $(tr '\0' '\n' < "$file" | sed -n 's/^depends=//p' | tr ',' ' '); do module "$needed" "$2" "$3"; done
    file=$(find "$2" -name "$(echo "$1" | sed 's/[_-]/[_-]/g').ko" | head -n 1) # POSIX sh has no local variables
    cp "$file" "$3/lib/modules/$1.ko"
    echo "$1" >> "$3/lib/modules/order"
}

tiffinctl() {
    out=$cache/bin/tiffinctl source=$root/guest/linux/tiffinctl
    [ -e "$out" ] && [ -z "$(find "$source" "$root/abi/manage.hpp" -newer "$out")" ] && return
    mkdir -p "$cache/bin"
    aarch64-linux-gnu-g++ -std=c++23 -Os -Wall -Wextra -Werror -fno-exceptions -fno-rtti -static -s -I"$root" -o "$out" \
        $(find "$source" -name '*.cpp' ! -name '*_test.cpp' | LC_ALL=C sort)
    say "$out: $(($(wc -c < "$out") / 1024)) KiB"
}

initrd_devices() {
    out=$cache/initrd-devices.cpio.gz
    fresh "$out" "$root/scripts/guests/devices-init" && [ "$out" -nt "$root/guest/linux/vsock.c" ] && [ "$out" -nt "$cache/bin/tiffinctl" ] && return
    for package in busybox-static libc6 e2fsprogs libext2fs2 libcom-err2 libblkid1 libuuid1; do unpack "$package"; done
    tree=$work/tree-devices modules=$work/modules
    base_tree "$tree" devices-init
    for applet in insmod umount mkdir rm cp mv tr od wc ip ping nc dmesg sync awk; do ln -s busybox "$tree/bin/$applet"; done
    mkdir -p "$tree/lib/modules" "$modules"
    : > "$tree/lib/modules/order"
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-image-$(cat "$cache/linux/version")"_*.deb | head -n 1)" |
        tar -x -C "$modules" --wildcards './lib/modules/*/kernel/fs/*' './lib/modules/*/kernel/net/*' './lib/modules/*/kernel/drivers/*virtio*' \
            './lib/modules/*/kernel/drivers/net/net_failover.ko' './lib/modules/*/kernel/lib/*' './lib/modules/*/kernel/crypto/crc32c_generic.ko' \
            './lib/modules/*/kernel/drivers/watchdog/*'
    for one in virtio_blk virtio_net virtio_console virtio-rng vmw_vsock_virtio_transport crc32c_generic ext4 virtio_mmio virtio_pci; do
        module "$one" "$modules" "$tree"
    done
    cp "$(find "$modules" -name sbsa_gwdt.ko)" "$tree/lib/modules/" # loaded by who has a watchdog
    rm -rf "$modules"
    program "$work/e2fsprogs/sbin/mke2fs" "$tree"
    aarch64-linux-gnu-gcc -O2 -Wall -Wextra -Werror -static -s -o "$tree/bin/vsock" "$root/guest/linux/vsock.c"
    cp "$cache/bin/tiffinctl" "$tree/bin/"
    pack "$tree" "$out"
}

. "$root/scripts/guests/channel-module.sh"
. "$root/scripts/guests/sound-module.sh"
. "$root/scripts/guests/handheld.sh"
. "$root/scripts/guests/keys.sh"

fetch_kernel linux-image-arm64 linux
fetch_kernel linux-image-rt-arm64 linux-rt
initrd_linux
initrd_control
initrd_stress
tiffinctl
initrd_devices
initrd_channel
initrd_sound
initrd_handheld
initrd_bench
initrd_keys
fetch_xen
