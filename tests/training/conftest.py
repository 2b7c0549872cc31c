"""Training data, stored and fresh."""

import pytest
from small_runs import FRESH


@pytest.fixture(params=["stored", "fresh"])
def source(request, space, plate_recipe):
    """Training data, and the settings that go with them."""
    return (space, {}) if request.param == "stored" else (plate_recipe, FRESH)
