"""Damaged and invented recordings: read, or refused in words; nothing else."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import ROOT
from recordings import blocks

from radarseq.captures.errors import RecordingError
from radarseq.captures.options.read_options import ReadOptions
from radarseq.captures.readers.registry import read_capture
from radarseq.captures.samples.lazy_array import read_whole

SCRIPTS = ROOT / "benchmarks" / "faults"
FEW = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def scripts(monkeypatch):
    """The scripts that damage recordings, as modules."""
    modules = []
    for name in ("corpus", "fuzz"):
        spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
        modules.append(module)
    return modules


def test_every_undamaged_recording_of_the_corpus_is_read(tmp_path, scripts):
    for path in scripts[0].write(tmp_path).values():
        read_capture(path.with_suffix("") if path.suffix == ".toml" else path)


def test_damaged_recordings_of_every_format_are_read_or_refused(tmp_path, scripts):
    corpus, fuzz = scripts
    tally, worst = fuzz.fuzz(corpus.write(tmp_path), 420, seed=1)
    assert worst == []
    assert {counts["attempts"] for counts in tally.values()} == {30}
    assert sum(counts["accepted"] for counts in tally.values()) > 20
    assert sum(counts["refused"] for counts in tally.values()) > 200


def test_the_tally_sees_what_breaks(tmp_path, scripts, monkeypatch):
    corpus, fuzz = scripts

    def broken(self, path, options):
        raise KeyError("unheard of")

    monkeypatch.setattr(fuzz.Sandbox, "check", broken)
    tally, worst = fuzz.fuzz(corpus.write(tmp_path), 26, seed=1)
    assert len(worst) == sum(counts["unlisted"] for counts in tally.values()) == 26
    assert "26" in fuzz.table(tally).splitlines()[-1]


def read_or_refuse(path: Path, options: ReadOptions | None = None) -> bool:
    """Return whether a file is read, windows and all."""
    try:
        capture = read_capture(path, options or ReadOptions())
        read_whole(capture.samples)
        for block in blocks(capture, ReadOptions(steps=4)):
            assert len(block.rows) == len(block.codes)
    except RecordingError as fault:
        assert fault.failure.reason
        assert fault.failure.hint
        return False
    return True


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
COUNTS = st.integers(-2, 100) | st.sampled_from([1 << 62, 1 << 70, -1]) | ANY


def some_of(**values: st.SearchStrategy) -> st.SearchStrategy:
    return st.fixed_dictionaries({}, optional={f"core:{key}": v for key, v in values.items()})


SEGMENT = some_of(sample_start=COUNTS, header_bytes=COUNTS, frequency=ANY, global_index=COUNTS)
META = st.fixed_dictionaries(
    {
        "global": st.builds(
            dict.__or__,
            st.just({"core:datatype": "ci16_le"}),
            some_of(
                datatype=st.sampled_from(["cf32_le", "ru8", "ci8", "rf64_be"]) | ANY,
                num_channels=COUNTS,
                sample_rate=ANY,
                offset=COUNTS,
                trailing_bytes=COUNTS,
                dataset=st.just("a.sigmf-data") | ANY,
                metadata_only=ANY,
                sha512=ANY,
            ),
        )
    },
    optional={
        "captures": st.lists(SEGMENT, max_size=3) | ANY,
        "annotations": st.lists(
            some_of(sample_start=COUNTS, sample_count=COUNTS, label=st.just("x") | ANY), max_size=3
        )
        | ANY,
    },
)


@FEW
@given(META)
def test_any_sigmf_metadata_are_read_or_refused(tmp_path, meta):
    path = tmp_path / "a.sigmf-meta"
    path.write_text(json.dumps(meta))
    (tmp_path / "a.sigmf-data").write_bytes(np.arange(240, dtype=np.uint8).tobytes())
    read_or_refuse(path)


SIZES = st.integers(-1, 9) | st.integers(0, 1 << 40)


@FEW
@given(
    descr=st.sampled_from(["<f4", ">c8", "|u1", "|O", "<U3", "<M8[s]", "|b1"])
    | st.text(max_size=5),
    fortran=st.booleans(),
    shape=st.lists(SIZES, max_size=4),
    body=st.binary(max_size=300),
)
def test_any_npy_header_is_read_or_refused(tmp_path, descr, fortran, shape, body):
    path = tmp_path / "a.npy"
    header = {"descr": descr, "fortran_order": fortran, "shape": tuple(shape)}
    text = (repr(header) + "\n").encode("latin1", "replace")
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body)
    read_or_refuse(path)


@FEW
@given(
    keys=st.dictionaries(
        st.sampled_from(["samples", "chirps", "receivers", "lanes", "complex", "carrier_hz"]),
        st.integers(-1, 9) | ANY,
    ),
    size=st.integers(0, 64),
)
def test_any_adc_configuration_is_read_or_refused(tmp_path, keys, size):
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(range(64))[:size])
    (tmp_path / "a.bin.json").write_text(json.dumps(keys))
    read_or_refuse(path)


@FEW
@given(st.text(max_size=80) | st.text("0123456789.,-+eE\n\r\"' nainf;\t", max_size=200))
def test_any_text_is_a_table_or_refused(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    read_or_refuse(path)
    read_or_refuse(path, ReadOptions(label_column=-1))


def test_the_readers_of_this_test_do_read(tmp_path):
    """Guards the tests above: what is refused is not all."""
    np.save(tmp_path / "a.npy", np.arange(64.0).reshape(4, 16))
    assert read_or_refuse(tmp_path / "a.npy")
