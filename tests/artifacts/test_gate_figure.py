"""The figure of the gates of one example."""

import pytest

from radarseq.errors import OutputError, UsageError


def test_gates_are_drawn_by_the_command_and_wrong_asks_end_in_words(space_run, space, tmp_path):
    from radarseq.artifacts.gate_figure import draw_example_gates

    out = tmp_path / "gates.png"
    info = draw_example_gates(space_run, space, 3, out)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert len(info["open"]) == 5
    assert all(0 < value < 1 for value in info["open"].values())
    with pytest.raises(OutputError, match="does not exist yet"):
        draw_example_gates(space_run, space, 3, out)
    with pytest.raises(UsageError, match="numbered 0 to 599"):
        draw_example_gates(space_run, space, 600, tmp_path / "b.png")
