"""Pictures of examples: their titles, and arrays that do not fit."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from report_samples import make_pictures

from radarseq.errors import UsageError
from radarseq.report.figures.pictures import example_pairs


def svg_text(drawn):
    return [element.text for element in ElementTree.fromstring(drawn).iter() if element.text]


@pytest.mark.slow
def test_example_is_titled_with_class_decision_and_snr():
    pictures = make_pictures(decision=["cone", "plate"], snr_db=[4.2, None])
    assert pictures.title(0) == ["cone, decided cone (right)", "SNR 4.2 dB"]
    assert pictures.title(1) == ["cone, decided plate (wrong)"]
    assert {"SNR 4.2 dB", "Pulse"} <= set(svg_text(example_pairs(pictures, step_name="Pulse")[0]))


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"count": 7}, "at most 6"),
        ({"rx": np.zeros(3, complex)}, "rx has shape"),
        ({"target": np.zeros((2, 31), complex)}, "target has shape"),
        ({"label": ["cone"]}, "label has 1 values"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(changes, output):
    with pytest.raises(UsageError, match=output):
        make_pictures(**changes)
