# Part of fetch-guests.sh: initrd-keys.cpio.gz, busybox, Debian's virtio-input and evdev, and scripts/guests/keys-init.

initrd_keys() {
    out=$cache/initrd-keys.cpio.gz
    fresh "$out" "$root/scripts/guests/keys-init" && return
    unpack busybox-static
    modules=$work/modules tree=$work/tree-keys
    base_tree "$tree" keys-init
    for applet in insmod dmesg od tr awk; do ln -s busybox "$tree/bin/$applet"; done
    mkdir -p "$tree/lib/modules" "$modules"
    : > "$tree/lib/modules/order"
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-image-$(cat "$cache/linux/version")"_*.deb | head -n 1)" |
        tar -x -C "$modules" --wildcards './lib/modules/*/kernel/drivers/*virtio*' './lib/modules/*/kernel/drivers/input/evdev.ko'
    for one in evdev virtio_input virtio_mmio; do module "$one" "$modules" "$tree"; done
    rm -rf "$modules"
    pack "$tree" "$out"
}
