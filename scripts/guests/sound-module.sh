# Part of fetch-guests.sh: Debian's kernel for arm64 is built without virtio-snd (CONFIG_SND_VIRTIO is unset), so its module is built here, from
# Debian's own source of that kernel (linux-source-6.1, of which only sound/virtio is unpacked) against its headers. And
# initrd-sound.cpio.gz: busybox, aplay, that module and those of the kernel's package that it needs, and scripts/guests/sound-init.

sound_source() { # leaves sound/virtio of the kernel's source in $work/linux-source-6.1
    [ -d "$work/linux-source-6.1" ] && return
    update_lists
    say 'downloading linux-source-6.1 (about 140 MB) ...'
    mkdir -p "$cache/debs" "$work/linux-source-6.1.part"
    download linux-source-6.1 || { tail -5 "$apt/download.log" >&2; fail 'cannot download linux-source-6.1'; }
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-source-6.1"_*.deb | head -n 1)" |
        tar -x -O ./usr/src/linux-source-6.1.tar.xz | xz -dc |
        tar -x -C "$work/linux-source-6.1.part" --strip-components=1 linux-source-6.1/sound/virtio
    mv "$work/linux-source-6.1.part" "$work/linux-source-6.1"
    rm -f "$cache/debs/linux-source-6.1"_*.deb
    echo linux-source-6.1 >> "$cache/packages.txt"
}

sound_module() { # VERSION: leaves virtio_snd.ko in $work/sound
    sound_source
    build_tree "$1"
    rm -rf "$work/sound"
    cp -r "$work/linux-source-6.1/sound/virtio" "$work/sound"
    make -C "$tree" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- M="$work/sound" CONFIG_SND_VIRTIO=m modules > "$work/sound/build.log" 2>&1 ||
        { tail -20 "$work/sound/build.log" >&2; fail 'virtio-snd does not build'; }
}

initrd_sound() {
    out=$cache/initrd-sound.cpio.gz
    fresh "$out" "$root/scripts/guests/sound-init" && [ "$out" -nt "$root/scripts/guests/sound-module.sh" ] && return
    for package in busybox-static libc6 alsa-utils libasound2 libasound2-data; do unpack "$package"; done
    sound_module "$(cat "$cache/linux/version")"
    modules=$work/modules tree=$work/tree-sound # `tree` was the headers' until here
    base_tree "$tree" sound-init
    for applet in insmod dmesg awk; do ln -s busybox "$tree/bin/$applet"; done
    mkdir -p "$tree/lib/modules" "$tree/usr/share" "$modules"
    : > "$tree/lib/modules/order"
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-image-$(cat "$cache/linux/version")"_*.deb | head -n 1)" |
        tar -x -C "$modules" --wildcards './lib/modules/*/kernel/sound/*' './lib/modules/*/kernel/drivers/*virtio*'
    aarch64-linux-gnu-strip --strip-debug -o "$modules/virtio_snd.ko" "$work/sound/virtio_snd.ko"
    for one in virtio_snd virtio_mmio; do module "$one" "$modules" "$tree"; done
    rm -rf "$modules"
    program "$work/alsa-utils/usr/bin/aplay" "$tree"
    cp -r "$work/libasound2-data/usr/share/alsa" "$tree/usr/share/"
    rm -rf "$tree/usr/share/alsa/ucm2"
    pack "$tree" "$out"
}
