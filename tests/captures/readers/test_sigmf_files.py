"""SigMF archives: mapped as written, and refused where they reach out."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import sigmf
from recordings import error_of, noise, whole

from radarseq.captures.readers.registry import read_capture
from radarseq.captures.sources.find_files import find_recordings


def test_sigmf_archives_are_mapped_and_read_as_the_package_wrote_them(tmp_path):
    samples = noise(500)
    samples.tofile(tmp_path / "b.sigmf-data")
    made = sigmf.SigMFFile(
        data_file=tmp_path / "b.sigmf-data",
        global_info={"core:datatype": "cf32_le", "core:sample_rate": 1e6},
    )
    made.add_capture(0, metadata={"core:frequency": 440e6})
    made.add_annotation(100, 50, metadata={"core:label": "meteor"})
    made.tofile(tmp_path / "archive.sigmf", toarchive=True)
    capture = read_capture(tmp_path / "archive.sigmf")
    np.testing.assert_array_equal(whole(capture), samples)
    np.testing.assert_array_equal(capture.samples[490:], samples[490:])
    assert (capture.carrier_hz, capture.marks) == (440e6, ((100, 150, "meteor"),))
    made.tofile(tmp_path / "b.sigmf-meta")
    beside = read_capture(tmp_path / "b.sigmf-meta")  # with the package's checksum
    np.testing.assert_array_equal(whole(beside), samples)
    assert find_recordings([tmp_path])[0] == [
        tmp_path / "archive.sigmf", tmp_path / "b.sigmf-meta",
    ]  # fmt: skip
    altered = bytearray((tmp_path / "b.sigmf-data").read_bytes())
    altered[77] ^= 1
    (tmp_path / "b.sigmf-data").write_bytes(altered)
    assert "core:sha512" in error_of(tmp_path / "b.sigmf-meta")


def test_sigmf_archives_that_reach_out_are_refused(tmp_path):
    meta = json.dumps({"global": {"core:datatype": "cf32_le"}, "captures": []}).encode()

    def archive(**members: bytes | tarfile.TarInfo) -> Path:
        path = tmp_path / "a.sigmf"
        with tarfile.open(path, "w") as file:
            for name, content in members.items():
                if isinstance(content, tarfile.TarInfo):
                    file.addfile(content)
                    continue
                info = tarfile.TarInfo(name.replace("_", "."))
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
        return path

    def named(name: str, **kinds: object) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        for key, value in kinds.items():
            setattr(info, key, value)
        return info

    link = named("a.sigmf-data", type=tarfile.SYMTYPE, linkname="/etc/passwd")
    good = {"a/a.sigmf-meta": meta, "a/a.sigmf-data": noise(8).tobytes()}
    np.testing.assert_array_equal(whole(read_capture(archive(**good))), noise(8))
    assert "not a plain file; refused" in error_of(archive(**{"a.sigmf-meta": meta, "x": link}))
    assert "outside itself; refused" in error_of(archive(**good, x=named("../../out")))
    assert "outside itself; refused" in error_of(archive(**good, x=named("/etc/passwd")))
    assert "holds 1 metadata and 0 sample files" in error_of(archive(**{"a.sigmf-meta": meta}))
    many = {f"n{i}": b"" for i in range(100)}
    assert "more than 64 files" in error_of(archive(**many))
    path = archive(**good)
    path.write_bytes(path.read_bytes()[: -tarfile.RECORDSIZE])
    error_of(path)
