# Part of fetch-guests.sh: initrd-handheld.cpio.gz: busybox, mpg123, aplay, our song (scripts/guests/melody.py, encoded here by lame) and our
# player (guest/linux/player), the virtio drivers for sound, screen and keys, and scripts/guests/handheld-init.

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

# What the archive is made of, apart from Debian's packages.
handheld_is_fresh() { # ARCHIVE
    fresh "$1" "$root/scripts/guests/handheld-init" && [ -z "$(find "$root/guest/linux/player" "$root/guest/sdk/canvas.hpp" "$root/guest/sdk/font.hpp" \
        "$root/scripts/guests/melody.py" "$root/scripts/guests/handheld.sh" "$root/scripts/guests/sound-module.sh" -newer "$1")" ]
}

initrd_handheld() {
    out=$cache/initrd-handheld.cpio.gz
    handheld_is_fresh "$out" && return
    for package in busybox-static libc6 alsa-utils libasound2 libasound2-data mpg123 libmpg123-0 libout123-0 libsyn123-0; do unpack "$package"; done
    [ -e "$work/sound/virtio_snd.ko" ] || sound_module "$(cat "$cache/linux/version")"
    song
    modules=$work/modules tree=$work/tree-handheld
    base_tree "$tree" handheld-init
    for applet in insmod dmesg awk rm mkfifo wc; do ln -s busybox "$tree/bin/$applet"; done
    mkdir -p "$tree/lib/modules" "$tree/usr/share" "$modules"
    : > "$tree/lib/modules/order"
    dpkg-deb --fsys-tarfile "$(ls -t "$cache/debs/linux-image-$(cat "$cache/linux/version")"_*.deb | head -n 1)" |
        tar -x -C "$modules" --wildcards './lib/modules/*/kernel/sound/*' './lib/modules/*/kernel/drivers/*virtio*' './lib/modules/*/kernel/drivers/gpu/drm/*' \
            './lib/modules/*/kernel/drivers/input/evdev.ko'
    aarch64-linux-gnu-strip --strip-debug -o "$modules/virtio_snd.ko" "$work/sound/virtio_snd.ko"
    for one in virtio_snd virtio-gpu virtio_input evdev virtio_mmio; do module "$one" "$modules" "$tree"; done
    rm -rf "$modules"
    program "$work/alsa-utils/usr/bin/aplay" "$tree"
    program "$(ls "$work"/mpg123/usr/bin/mpg123.bin "$work"/mpg123/usr/bin/mpg123 2> /dev/null | head -n 1)" "$tree"
    [ -e "$tree/bin/mpg123" ] || mv "$tree/bin/mpg123.bin" "$tree/bin/mpg123"
    cp -r "$work/libasound2-data/usr/share/alsa" "$tree/usr/share/"
    rm -rf "$tree/usr/share/alsa/ucm2"
    cp "$work/song/song.mp3" "$work/song/song.seconds" "$tree/"
    player "$tree"
    pack "$tree" "$out"
}
