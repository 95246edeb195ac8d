# Part of fetch-guests.sh: initrd-handheld.cpio.gz: busybox, mpg123, aplay, our song (scripts/guests/melody.py, encoded here by lame) and our
# player (guest/linux/player), the virtio drivers for sound, screen and keys, and scripts/guests/handheld-init. initrd-bench.cpio.gz: the same
# without the song, more drivers, and scripts/guests/bench-init.

song() { # leaves song.mp3 and song.seconds in $work/song
    mkdir -p "$work/song"
    /usr/bin/python3 "$root/scripts/guests/melody.py" "$work/song/song.wav"
    lame --quiet -b 128 "$work/song/song.wav" "$work/song/song.mp3" || fail 'lame does not encode the song'
    echo $((($(wc -c < "$work/song/song.wav") - 44) / 192000)) > "$work/song/song.seconds"
    rm -f "$work/song/song.wav"
}

player() { # TREE
    aarch64-linux-gnu-g++ -std=c++23 -Os -Wall -Wextra -Werror -fno-exceptions -fno-rtti -static -s -I"$root" -o "$1/bin/player" \
        $(find "$root/guest/linux/player" -name '*.cpp' ! -name '*_test.cpp' | LC_ALL=C sort)
}

# is_made_of ARCHIVE INIT: neither what the tree holds, apart from Debian's packages, nor the scripts that make it are newer.
is_made_of() {
    fresh "$1" "$2" && [ -z "$(find "$root/guest/linux/player" "$root/guest/sdk/canvas.hpp" "$root/guest/sdk/font.hpp" \
        "$root/scripts/guests/melody.py" "$root/scripts/guests/handheld.sh" "$root/scripts/guests/sound-module.sh" -newer "$1")" ]
}

# sound_and_screen TREE INIT MODULE...: busybox, aplay, the player and these modules of the kernel's.
sound_and_screen() {
    for package in busybox-static libc6 alsa-utils libasound2 libasound2-data; do unpack "$package"; done
    [ -e "$work/sound/virtio_snd.ko" ] || sound_module "$(cat "$cache/linux/version")"
    tree=$1 init=$2 modules=$work/modules # `tree` was the headers' until here
    shift 2
    base_tree "$tree" "$init"
    for applet in insmod dmesg awk rm mkfifo wc; do ln -s busybox "$tree/bin/$applet"; done
    mkdir -p "$tree/lib/modules" "$tree/usr/share" "$modules"
    : > "$tree/lib/modules/order"
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-image-$(cat "$cache/linux/version")"_*.deb | head -n 1)" |
        tar -x -C "$modules" --wildcards './lib/modules/*/kernel/sound/*' './lib/modules/*/kernel/drivers/*virtio*' './lib/modules/*/kernel/drivers/gpu/drm/*' \
            './lib/modules/*/kernel/drivers/input/evdev.ko' './lib/modules/*/kernel/drivers/leds/*' './lib/modules/*/kernel/drivers/video/*'
    aarch64-linux-gnu-strip --strip-debug -o "$modules/virtio_snd.ko" "$work/sound/virtio_snd.ko"
    for one in "$@"; do module "$one" "$modules" "$tree"; done
    rm -rf "$modules"
    program "$work/alsa-utils/usr/bin/aplay" "$tree"
    cp -r "$work/libasound2-data/usr/share/alsa" "$tree/usr/share/"
    rm -rf "$tree/usr/share/alsa/ucm2"
    player "$tree"
}

initrd_handheld() {
    out=$cache/initrd-handheld.cpio.gz
    is_made_of "$out" "$root/scripts/guests/handheld-init" && return
    for package in mpg123 libmpg123-0 libout123-0 libsyn123-0; do unpack "$package"; done
    song
    tree=$work/tree-handheld
    sound_and_screen "$tree" handheld-init virtio_snd virtio-gpu virtio_input evdev virtio_mmio
    program "$(ls "$work"/mpg123/usr/bin/mpg123.bin "$work"/mpg123/usr/bin/mpg123 2> /dev/null | head -n 1)" "$tree"
    [ -e "$tree/bin/mpg123" ] || mv "$tree/bin/mpg123.bin" "$tree/bin/mpg123"
    cp "$work/song/song.mp3" "$work/song/song.seconds" "$tree/"
    pack "$tree" "$out"
}

# For the benchmark: also the drivers of the board's own card, screen and keyboard, so that one Linux drives either.
initrd_bench() {
    out=$cache/initrd-bench.cpio.gz
    is_made_of "$out" "$root/scripts/guests/bench-init" && return
    tree=$work/tree-bench
    sound_and_screen "$tree" bench-init virtio_snd virtio-gpu virtio_input evdev virtio_mmio virtio_pci snd-hda-codec-generic snd-hda-intel bochs
    pack "$tree" "$out"
}
