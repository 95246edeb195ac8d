#!/usr/bin/env python3
"""Writes the handheld's song: a tune of our own in two voices, 48 kHz, stereo, 16 bits. `melody.py OUT.wav`."""
import math
import sys
import wave
from array import array

RATE = 48000
BEAT = RATE * 60 // 132  # frames of a quarter
# Semitones from A4 and quarters; None rests. A walk home with the lunch box, and once more with a turn at its end.
VERSE = [(3, 1), (7, 1), (10, 1), (12, 1), (10, 2), (7, 2), (5, 1), (8, 1), (12, 1), (8, 1), (7, 4)]
TURN = [(3, 1), (7, 1), (10, 1), (15, 1), (14, 2), (10, 2), (8, 1), (7, 1), (5, 1), (2, 1), (3, 4)]
BASS = [(-9, 4), (-14, 4), (-16, 4), (-9, 4)]
SINE = [round(32767 * math.sin(2 * math.pi * n / 1024)) for n in range(1024)]


def note(semitones, frames, loudness):
    """A plucked tone: two partials that fade, and nothing that clicks at either end."""
    step = round(440 * 2 ** (semitones / 12) * 1024 * 65536 / RATE)
    tone = array("i", bytes(4 * frames))
    for n in range(frames):
        fade = min(n * 65536 // 240, 65536) * (frames - n) // frames
        at = step * n >> 16
        tone[n] = (SINE[at & 1023] * 3 + SINE[2 * at & 1023]) * loudness // 4 * fade >> 24
    return tone


def voice(notes, loudness):
    samples = array("i")
    for semitones, beats in notes:
        samples.extend(note(semitones, beats * BEAT, loudness))
    return samples


def main():
    tune, bass = voice(VERSE + TURN + VERSE + TURN, 110), voice(BASS * 4, 90)
    frames = array("h")
    for high, low in zip(tune, bass):
        frames.extend((high * 3 // 4 + low, high + low * 3 // 4))
    with wave.open(sys.argv[1], "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(frames.tobytes())


if __name__ == "__main__":
    main()
