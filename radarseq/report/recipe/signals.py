"""Figures of a recipe's signals: waveform, example pairs, distributions by class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from radarseq.report.figures.svg import BLUE, INK, ORANGE, SERIES, legend, printable
from simulators.pairs import Pairs
from simulators.scene import Scene
from simulators.units import to_db
from simulators.waveforms.ambiguity import ambiguity, autocorrelation, peak_sidelobe_db

_FLOOR_DB = -50.0
_SPECTRUM_POINTS = 256
_ECHO: dict[str, Any] = {"color": ORANGE, "linewidth": 2.6, "label": "echo"}
_RX: dict[str, Any] = {
    "color": INK, "linewidth": 0.9, "marker": "o", "markersize": 2, "label": "Rx"
}  # fmt: skip


def sent_pulse(scene: Scene, pairs: Pairs) -> tuple[NDArray[np.complex128], str]:
    """Return the transmitted samples without trailing zeros, and the waveform's name."""
    tx = pairs.tx[0].astype(np.complex128)
    length = int(np.flatnonzero(tx)[-1]) + 1
    if scene.mode == "dwell":
        return tx[:length], scene.radar.code
    return tx[:length], scene.fast_time.waveform_file or scene.fast_time.name


def draw_ambiguity(scene: Scene, pairs: Pairs, figure: Figure) -> None:
    """Draw the ambiguity function of the waveform, and its sidelobes along the delay."""
    samples, name = sent_pulse(scene, pairs)
    length = len(samples)
    surface = np.maximum(2 * to_db(np.abs(ambiguity(samples, dopplers=8 * length))), _FLOOR_DB)
    plane, cut = figure.subplots(2, 1, height_ratios=[3, 2])
    extent = (-length + 0.5, length - 0.5, -0.5, 0.5)
    image = plane.imshow(
        surface.T, extent=extent, origin="lower", aspect="auto", cmap="viridis", vmin=_FLOOR_DB,
        vmax=0.0,
    )  # fmt: skip
    plane.grid(False)
    plane.set(xlabel="Delay (samples)", ylabel="Doppler\n(cycles per sample)")
    figure.colorbar(image, ax=plane, label="Level (dB)")
    level = np.maximum(2 * to_db(np.abs(autocorrelation(samples))), _FLOOR_DB - 10)
    delay = np.arange(1 - length, length)
    cut.plot(delay, np.concatenate([level[:0:-1], level]), color=BLUE, marker="o", markersize=2.5)
    sidelobe_db = peak_sidelobe_db(samples)
    if np.isfinite(sidelobe_db):
        cut.axhline(sidelobe_db, color=ORANGE, linestyle="--", linewidth=1.2,
                    label=f"highest sidelobe {sidelobe_db:.2f} dB")  # fmt: skip
        cut.legend(loc="upper right")
    cut.set(xlabel="Delay (samples)", ylabel="Autocorrelation\n(dB)", ylim=(_FLOOR_DB, 12))
    figure.suptitle(f"Ambiguity function: {printable(name, 40)}, {length} samples", weight="bold")


def draw_pairs(scene: Scene, pairs: Pairs, echo: NDArray, rows: Sequence[int], fig: Figure) -> None:
    """Draw one example of each class: level, phase and spectrum of Rx and of its echo."""
    panels = fig.subplots(len(rows), 3, squeeze=False)
    slow = scene.mode == "dwell"
    for (level, phase, spectrum), row in zip(panels, rows, strict=True):
        rx, clean = pairs.rx[row].astype(complex), echo[row].astype(complex)
        tx = pairs.tx[row].astype(complex)
        for samples, style in ((clean, _ECHO), (rx, _RX)):
            steps = np.arange(len(samples))
            level.plot(steps, 2 * to_db(np.abs(samples)), **style)
            decoded = samples * tx.conj() if slow else samples
            phase.plot(steps, np.degrees(np.angle(decoded)), **style)
            _draw_spectrum(spectrum, decoded, scene.sample_interval_s, style)
        phase.set(ylim=(-190, 190), yticks=[-180, 0, 180])
        name = printable(scene.class_names[pairs.label[row]], 24)
        snr_db = pairs.parameters["snr_db"][row]
        level.set_title(f"{name}, SNR {snr_db:.0f} dB", loc="left", weight="bold")
    for axes, label in zip(
        panels[-1],
        ("Pulse" if slow else "Sample",) * 2 + ("Doppler (Hz)" if slow else "Frequency (MHz)",),
        strict=True,
    ):
        axes.set_xlabel(label)
    middle = panels[len(rows) // 2]
    middle[0].set_ylabel("Level (dBsm)")
    middle[1].set_ylabel("Phase less Tx phase (°)" if slow else "Phase (°)")
    middle[2].set_ylabel("Spectrum (dB)")
    legend(fig, panels[0][0], where="outside lower center")


def _draw_spectrum(axes: Axes, samples: NDArray, interval_s: float, style: dict[str, Any]) -> None:
    spectrum = np.fft.fftshift(np.abs(np.fft.fft(samples, _SPECTRUM_POINTS)) ** 2)
    frequency = np.fft.fftshift(np.fft.fftfreq(_SPECTRUM_POINTS, interval_s))
    scale = 1.0 if np.abs(frequency).max() < 1e5 else 1e6
    level = to_db(spectrum / len(samples))
    line_style: dict[str, Any] = style | {"marker": ""}
    axes.plot(frequency / scale, level, **line_style)
    top = max(float(level.max()), axes.dataLim.y1)
    axes.set_ylim(top - 45, top + 3)


def draw_distributions(scene: Scene, pairs: Pairs, echo: NDArray, figure: Figure) -> None:
    """Draw the distributions of RCS and of Doppler (of a pulse: range extent) in each class.

    Args:
        scene: The simulated scene.
        pairs: Many examples.
        echo: Their echoes without noise, complex ``(n, steps)``.
        figure: An empty figure.
    """
    rcs, extent = figure.subplots(2, 1)
    power = np.mean(np.abs(echo.astype(complex)) ** 2, axis=1)
    duty = np.mean(np.abs(pairs.tx[0]) ** 2)  # a pulse fills part of its gate
    spread, label = _spread(scene, pairs, echo)
    for index, name in enumerate(scene.class_names):
        colour, _, dash = SERIES[index % len(SERIES)]
        style: dict[str, Any] = {
            "color": colour,
            "linestyle": dash,
            "linewidth": 1.6 if index < 6 else 0.9,
        }
        rows = pairs.label == index
        _draw_shares(rcs, to_db(power[rows] / duty), printable(name, 20), style)
        _draw_shares(extent, spread[rows], printable(name, 20), style)
    power_name = (
        "Mean RCS of an example" if scene.mode == "dwell" else "Echo over transmitted power"
    )
    rcs.set(xlabel=f"{power_name} (dBsm)", ylabel="Share of examples\nbelow (%)")
    extent.set(xlabel=label, ylabel="Share of examples\nbelow (%)")
    legend(figure, rcs, columns=3)


def _spread(scene: Scene, pairs: Pairs, echo: NDArray) -> tuple[NDArray[np.float64], str]:
    """Return the rms width of each example's Doppler spectrum or echo in range, and its label."""
    samples = echo.astype(complex)
    if scene.mode == "dwell":
        spectrum = np.abs(np.fft.fft(samples * pairs.tx.conj(), axis=1)) ** 2
        place = np.fft.fftfreq(samples.shape[1], scene.sample_interval_s)
        phasor = np.exp(2j * np.pi * place * scene.sample_interval_s)
        mean = np.angle(spectrum @ phasor)[:, None] / (2 * np.pi * scene.sample_interval_s)
        difference = np.angle(phasor * np.exp(-2j * np.pi * mean * scene.sample_interval_s))
        hertz = difference / (2 * np.pi * scene.sample_interval_s)
        weight = spectrum / spectrum.sum(axis=1, keepdims=True)
        return np.sqrt((weight * hertz**2).sum(axis=1)), "Rms Doppler spread of an example (Hz)"
    place = np.arange(samples.shape[1]) * scene.fast_time.bin_m
    weight = np.abs(samples) ** 2
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    mean = weight @ place
    return np.sqrt(weight @ place**2 - mean**2), "Rms length of an echo with its waveform (m)"


def _draw_shares(axes: Axes, values: NDArray[np.float64], name: str, style: dict[str, Any]) -> None:
    values = np.sort(values[np.isfinite(values)])
    if values.size:
        shares = 100 * (np.arange(values.size) + 0.5) / values.size
        axes.plot(values, shares, label=name, **style)
