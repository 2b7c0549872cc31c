"""Writes chords as a standard MIDI file of type 0: one track, one channel per voice.

Reference:
    MIDI Manufacturers Association, Standard MIDI Files 1.0: a header chunk ``MThd``, a track chunk
    ``MTrk`` of events, each after a delta time as a variable-length quantity.
"""

import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

TICKS_PER_QUARTER, CHORDS_PER_QUARTER = 480, 4  # a chord is a sixteenth
MICROSECONDS_PER_QUARTER = 750_000  # 80 quarters a minute
VELOCITY = 80


def midi_of(notes: NDArray[np.int64]) -> bytes:
    """Return the file's bytes; the same note in consecutive chords is held.

    Args:
        notes: MIDI numbers ``(chord, voice)``, 0 for silence; at most 16 voices.

    Raises:
        ValueError: If a note is outside 0 to 127 or there are more than 16 voices.
    """
    if notes.ndim != 2 or notes.shape[1] > 16 or notes.min() < 0 or notes.max() > 127:
        raise ValueError(
            f"notes have shape {notes.shape} and lie in {notes.min()} to {notes.max()}; expected "
            "(chord, voice), at most 16 voices, and 0 to 127"
        )
    tempo = b"\x00\xff\x51\x03" + MICROSECONDS_PER_QUARTER.to_bytes(3, "big")
    track = tempo + _events(changes(notes)) + b"\x00\xff\x2f\x00"  # end of track
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_PER_QUARTER)
    return head + b"MTrk" + struct.pack(">I", len(track)) + track


def changes(notes: NDArray[np.int64]) -> list[tuple[int, int, int, int]]:
    """Return starts (1) and ends (0) of notes as (chord, start or end, voice, note), ends first."""
    padded = np.pad(notes, ((1, 1), (0, 0)))
    chord, voice = np.nonzero(padded[1:] != padded[:-1])
    found = []
    for c, v in zip(chord.tolist(), voice.tolist(), strict=True):
        before, after = int(padded[c, v]), int(padded[c + 1, v])
        found += [(c, 0, v, before)] if before else []
        found += [(c, 1, v, after)] if after else []
    return sorted(found)


def _events(found: Iterable[tuple[int, int, int, int]]) -> bytes:
    data, now = bytearray(), 0
    for chord, starts, voice, note in found:
        tick = chord * TICKS_PER_QUARTER // CHORDS_PER_QUARTER
        kind = 0x90 if starts else 0x80
        data += variable_length(tick - now) + bytes((kind | voice, note, VELOCITY))
        now = tick
    return bytes(data)


def variable_length(number: int) -> bytes:
    """Return a number as seven bits per byte, highest first, the top bit set except in the last."""
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | (number & 0x7F))
    return bytes(reversed(parts))
