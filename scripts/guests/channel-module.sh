# Part of fetch-guests.sh: the Linux side of channels (guest/linux/tiffin_channel), built against Debian's headers for the kernel that was
# fetched, and initrd-channel.cpio.gz: initrd-linux with the module and the program.

# The build system of the kernel's headers runs here: from this machine's architecture, and in the kernel's version.
unpack_kbuild() { # PACKAGE
    [ -d "$work/$1" ] && return
    say "downloading $1 ..."
    (cd "$cache/debs" && apt-get -q download "$1" > "$apt/download.log" 2>&1) || { tail -5 "$apt/download.log" >&2; fail "cannot download $1"; }
    rm -rf "$work/$1.part"
    dpkg -x "$(ls -t "$cache/debs/$1"_*.deb | head -n 1)" "$work/$1.part"
    mv "$work/$1.part" "$work/$1"
}

# The headers' Makefile and links name the places of an installed system.
build_tree() { # VERSION
    headers=linux-headers-$1
    common=linux-headers-${1%-arm64}-common
    kbuild=linux-kbuild-$(echo "$1" | cut -d. -f1,2)
    unpack "$headers"
    unpack "$common"
    unpack_kbuild "$kbuild"
    tree=$work/$headers/usr/src/$headers
    sed -i "s,^include .*,include $work/$common/usr/src/$common/Makefile," "$tree/Makefile"
    for folder in scripts tools; do ln -sfn "$work/$kbuild/usr/lib/$kbuild/$folder" "$work/$common/usr/src/$common/$folder"; done
    for folder in scripts tools; do [ ! -L "$tree/$folder" ] || ln -sfn "$work/$kbuild/usr/lib/$kbuild/$folder" "$tree/$folder"; done
}

build_module() { # VERSION: leaves tiffin_channel.ko and tiffin-courier in $work/channel
    build_tree "$1"
    rm -rf "$work/channel"
    cp -r "$root/guest/linux/tiffin_channel" "$work/channel"
    make -C "$tree" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- M="$work/channel" modules > "$work/channel/build.log" 2>&1 ||
        { tail -20 "$work/channel/build.log" >&2; fail 'the channel module does not build'; }
    aarch64-linux-gnu-g++ -std=c++23 -O2 -Wall -Wextra -Werror -static -s -I"$root" -o "$work/channel/tiffin-courier" "$work/channel/courier.cpp"
}

initrd_channel() {
    out=$cache/initrd-channel.cpio.gz
    fresh "$out" "$root/scripts/guests/linux-init" && [ -z "$(find "$root/guest/linux/tiffin_channel" "$root/abi/ring.hpp" \
        "$root/scripts/guests" -newer "$out")" ] && return
    unpack busybox-static
    build_module "$(cat "$cache/linux/version")"
    base_tree "$work/tree-channel" channel-init
    for applet in insmod; do ln -s busybox "$work/tree-channel/bin/$applet"; done
    mkdir -p "$work/tree-channel/lib"
    cp "$work/channel/tiffin_channel.ko" "$work/tree-channel/lib/"
    cp "$work/channel/tiffin-courier" "$work/tree-channel/bin/"
    pack "$work/tree-channel" "$out"
}
