"""Work on a cluster: the same bytes as here, also when a worker is killed; how failures look."""

import os
import shutil
import signal
import socket
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from datasets_made import content

from radarseq.captures.conversion.export import export
from radarseq.dataset.simulate import simulate
from radarseq.errors import ClusterError, UsageError
from radarseq.execution import dask_pool as cluster_module
from radarseq.execution import pool as workers_module

if find_spec("distributed") is None:
    pytest.skip("dask.distributed is not installed", allow_module_level=True)

SHARDS, ROWS = 16, 50
NAME = "{label}_{group}.npz"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two worker processes, each with a guardian that starts another when it dies."""
    from distributed import LocalCluster

    spill = tmp_path_factory.mktemp("spill")
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with LocalCluster(
        **settings, dashboard_address=":0", local_directory=str(spill), silence_logs=50
    ) as started:
        yield started


def process_ids(cluster):
    return [guardian.pid for guardian in cluster.workers.values()]


def killing(cluster, folder, after):
    """Return a progress function that kills a worker once so much is done, and the victims."""
    killed = []

    def progress(done, _):
        if done >= after and not killed:
            killed.append(process_ids(cluster)[0])
            os.kill(killed[0], signal.SIGKILL)
            (folder / "half.part").touch()  # as if it had been writing

    return progress, killed


@contextmanager
def a_mark_elsewhere(folder):
    yield folder / "not_mounted" / "mark"


def other_versions(real=cluster_module.environment_digest):
    return real() | {"numba": "0.1", "radarseq": "of source 0"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "instead", "message"),
    [
        ("_marked", a_mark_elsewhere, r"worker tcp://\S+ on \S+ does not see \S+out/not_mounted"),
        (
            "environment_digest",
            other_versions,
            r"numba \S+ \(here: 0.1\), radarseq of source \w{12} ",
        ),
    ],
)
def test_a_worker_that_would_write_elsewhere_or_other_bytes_may_not_take_part(
    cluster, space_recipe, tmp_path, monkeypatch, name, instead, message
):
    monkeypatch.setattr(cluster_module, name, instead)
    out, address = tmp_path / "out", cluster.scheduler_address
    with pytest.raises(ClusterError, match=message) as caught:
        simulate(space_recipe, out, examples=20, scheduler=address)
    assert caught.value.exit_code == 1
    assert [path.name for path in out.iterdir()] == ["manifest.unfinished.json"]


def unreachable():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{free.getsockname()[1]}"


def test_no_scheduler_no_workers_no_address_and_no_dask_are_told_apart(
    space_recipe, tmp_path, monkeypatch
):
    from distributed import LocalCluster

    def run(address):
        simulate(space_recipe, tmp_path / "out", examples=20, scheduler=address)

    with pytest.raises(UsageError, match=r"no address .*foo.*; expected one such as tcp://"):
        run("foo://here:1")
    monkeypatch.setattr(cluster_module, "CONNECT_S", 0.3)
    with pytest.raises(ClusterError, match=r"127.0.0.1:\d+: does not answer within 0.3 s. Start"):
        run(unreachable())
    monkeypatch.undo()
    monkeypatch.setenv(cluster_module.WAIT_VARIABLE, "0.1")
    monkeypatch.setattr(cluster_module, "_COUNT_AGE_S", 0.1)
    with LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as idle:
        shutil.rmtree(tmp_path / "out")
        with pytest.raises(ClusterError, match=r"no worker for 0.1 s .*dask worker.*--resume"):
            run(idle.scheduler_address)
    monkeypatch.setattr(workers_module, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'radarseq\[cluster\]'"):
        run("tcp://node1:8786")


def test_a_dataset_is_judged_by_one_process(space, space_run, tmp_path, plainly):
    with pytest.raises(UsageError, match=r"scheduler is for recordings; .* is a dataset"):
        plainly(space_run, space, tmp_path / "out", scheduler="tcp://node1:8786")


def test_recordings_are_judged_to_the_same_bytes_although_a_worker_was_killed(
    cluster, space, space_run, lstm_run, tmp_path, plainly, monkeypatch
):
    files = export(space, tmp_path / "c", limit=12)
    (tmp_path / "c" / "cone_900.npz").write_bytes(b"no zip")
    shutil.copy(files[0], tmp_path / "c" / "brick_901.npz")
    monkeypatch.chdir(tmp_path)
    settings = {"name": NAME, "compare": [lstm_run]}
    plainly(space_run, "c", "one", **settings)
    progress, killed = killing(cluster, tmp_path / "many" / "parts", after=2)
    address = cluster.scheduler_address
    there = plainly(space_run, "c", "many", scheduler=address, progress=progress, **settings)
    assert killed and killed[0] not in process_ids(cluster)
    assert len(there.captures) == 13 and len(there.failures) == 1
    assert content(tmp_path / "many") == content(tmp_path / "one")


@pytest.mark.slow
def test_a_dataset_has_the_same_bytes_although_a_worker_was_killed(
    cluster, space_recipe, tmp_path, monkeypatch
):
    plan = {"examples": SHARDS * ROWS - 7, "seed": 3, "rows_per_shard": ROWS}
    progress, killed = killing(cluster, tmp_path / "many", after=3 * ROWS)
    monkeypatch.chdir(tmp_path)  # where the workers are not: a relative path is this process's
    simulate(space_recipe, "many", scheduler=cluster.scheduler_address, progress=progress, **plan)
    simulate(space_recipe, "one", **plan)
    assert killed and killed[0] not in process_ids(cluster)
    assert content(tmp_path / "many") == content(tmp_path / "one")
