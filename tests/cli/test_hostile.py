"""Files of strangers end every command with one clear line, run nothing, and write nothing elsewhere."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import dtrain as dt
from dtrain.checkpoint import TrainingState, isolation
from dtrain.checkpoint.image import encode
from tests.checkpoint.forging import seal_of_version_1
from tests.cli.runs import CONFIG, dtrain, trained, write_config

FILES = Path(__file__).parents[1] / "fuzz" / "files"


def one_line(result: object, status: tuple[int, ...] = (1, 2)) -> str:
    """The line of an error, after what may have been shown before it."""
    output = result.output  # type: ignore[attr-defined]
    assert result.exit_code in status, output  # type: ignore[attr-defined]
    assert isinstance(result.exception, SystemExit), result.exception  # type: ignore[attr-defined]
    assert "Traceback" not in output
    lines = output.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("Error: "))
    return "\n".join(lines[first:])


def crashing(path: Path) -> None:
    path.write_bytes(gzip.decompress((FILES / "segfault.h5.gz").read_bytes()))


def linking(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = h5py.ExternalLink("/etc/passwd", "/")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("config.json", b"{}" + b" " * (80 << 20))


def custom(path: Path) -> None:
    dt.Sequential([dt.Input((4,)), dt.layers.Dense(2)]).save(path.with_suffix(".keras"))
    with zipfile.ZipFile(path.with_suffix(".keras")) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1] |= {"module": "os", "class_name": "system", "config": {"command": "touch marker"}}
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, json.dumps(config) if name == "config.json" else data)


def nested(path: Path) -> None:
    path.write_text('{"a": ' * 50_000)


def torn(path: Path) -> None:
    path.write_bytes(b"".join(encode({"a": np.ones(30)}))[:-5])


def sealed_and_crashing(path: Path) -> None:
    image = gzip.decompress((FILES / "segfault.h5.gz").read_bytes())
    path.write_bytes(seal_of_version_1(image) + image)


HARMFUL = [crashing, linking, bomb, custom, nested, torn, sealed_and_crashing]


@pytest.mark.parametrize("make", HARMFUL)
def test_every_command_refuses_a_file_in_one_line(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "_START_S", 2)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "given.h5"
    make(path)
    np.save("rows.npy", np.zeros((1, 4)))
    before = sorted(os.listdir())
    commands = [
        ("convert", path, "out.keras"),
        ("predict", path, "rows.npy"),
        ("export", path, "out.weights.h5"),
        *([("inspect", path)] if make not in (custom, sealed_and_crashing) else []),
    ]
    for command in commands:
        assert "given.h5" in one_line(dtrain(*command)), command
    assert sorted(os.listdir()) == before


def test_inspect_shows_what_it_can_of_a_model_with_unknown_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    custom(tmp_path / "given.h5")
    result = dtrain("inspect", "given.h5")
    assert result.exit_code == 0 and "system" in result.output and "It cannot be made here" in result.output
    assert not (tmp_path / "marker").exists()


def test_resuming_from_damaged_checkpoints_is_one_error(tmp_path: Path) -> None:
    run = trained(tmp_path)
    for number, path in enumerate(sorted((run / "checkpoints").glob("step-*.h5"))):
        path.write_bytes([b"", b"\x89HDF\r\n\x1a\n" + bytes(100), path.read_bytes()[:-1]][number % 3])
    text = one_line(dtrain("train", tmp_path / "small.toml", f"run.folder={tmp_path}", "--resume"))
    assert "None of the" in text and "step-0000000039.h5" in text


TOMLS = {
    "nested": ("x = " + "[" * 10_000, "not valid TOML"),
    "tables in tables": ("[" + "a." * 5_000 + "b]\n", "not valid TOML|unknown section"),
    "an integer of many digits": ("[train]\nepochs = " + "9" * 5_000, "not valid TOML"),
    "an integer of many hexadecimal digits": (
        "[train]\nepochs = 0x" + "f" * 5_000,
        "train.epochs: expected an integer of 64 bits",
    ),
    "a large integer": ("[train]\nbatch_size = " + "9" * 30, "train.batch_size: expected an integer of 64 bits"),
    "rows beyond memory": (f"[data]\ntrain_size = {10**15}", "memory"),
    "units beyond memory": (f"[data]\ntrain_size=9\ntest_size=9\n[model]\nhidden_units = [{10**12}]", "memory"),
    "a list for a number": ("[train]\nepochs = [1]", "train.epochs: expected an integer"),
    "a table for a name": ("[run.name]\na = 1", "run.name: expected"),
    "no text": ("\x00", "not valid TOML"),
    "a folder elsewhere": ('[run]\nname = "../../outside"', "run.name: expected the name of a folder"),
    "an absolute folder": ('[run]\nname = "/outside"', "run.name: expected the name of a folder"),
    "a folder with a NUL": ('[run]\nname = "a\\u0000b"', "run.name: expected the name of a folder"),
    "no folder": ('[run]\nname = ""', "run.name: expected the name of a folder"),
}


@pytest.mark.parametrize("name", TOMLS)
def test_configurations_that_make_no_sense(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, message = TOMLS[name]
    Path("c.toml").write_text(text)
    (tmp_path / "runs").mkdir()
    line = one_line(dtrain("train", "c.toml", "run.folder=runs"))
    assert any(part in line for part in message.split("|")), line
    assert len(line) < 2_000 and not (tmp_path.parent / "outside").exists()


@pytest.mark.parametrize(
    ("reference", "arguments"),
    [
        (f"{os.__file__}:system", "command = 'touch marker'"),
        (f"{Path(os.__file__).with_name('subprocess.py')}:getoutput", "cmd = 'touch marker'"),
        (f"{np.__file__}:loadtxt", "fname = 'c.toml'"),
        ("own.py:system", "command = 'touch marker'"),
        ("own.py:print", ""),
    ],
)
def test_a_configuration_names_functions_of_ones_own_files_only(
    reference: str, arguments: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("own.py").write_text("from os import system\nprint = print\n")
    Path("c.toml").write_text(f'[data]\ntrain_size = 9\ntest_size = 9\n[model]\nfile = "{reference}"\n{arguments}\n')
    assert "model.file: " in one_line(dtrain("train", "c.toml"))
    assert not Path("marker").exists()


@pytest.mark.parametrize("where", ["absolute", "relative"])
def test_a_checkpoint_does_not_run_python_files_that_came_with_it(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "evil.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\ndef build(): pass\n")
    reference = f"{run / 'evil.py'}:build" if where == "absolute" else "../evil.py:build"
    state = TrainingState(weights={}, step=1, epoch=0, epoch_step=1, seed=0, run_config={"model": {"file": reference}})
    (run / "checkpoints" / "step-0000000001.h5").write_bytes(b"".join(encode(state.to_arrays())))
    np.save(tmp_path / "rows.npy", np.zeros((1, 4)))
    for place in (run, run / "checkpoints" / "step-0000000001.h5"):
        assert "came with the checkpoint" in one_line(dtrain("predict", place, tmp_path / "rows.npy"))
    assert not (tmp_path / "marker").exists()


def test_secrets_of_the_environment_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"AWS_SECRET_ACCESS_KEY": "hunter2-aws", "SLURM_JWT": "hunter2-slurm", "DTRAIN_TOKEN": "hunter2-own",
               "OMPI_MCA_secret": "hunter2-mpi", "PASSWORD": "hunter2-password"}  # fmt: skip
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    config = CONFIG + '[callbacks.CSVLogger]\nfilename = "log.csv"\n'
    monkeypatch.chdir(tmp_path)
    path = write_config(tmp_path, config)
    assert dtrain("train", path, f"run.folder={tmp_path}").exit_code == 0
    assert dtrain("convert", tmp_path / "run", tmp_path / "run" / "m.keras").exit_code == 0
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len([file for file in files if file.suffix in (".h5", ".keras", ".toml", ".csv")]) >= 6
    for file in files:
        data = file.read_bytes()
        assert b"hunter2" not in data, file
        assert not any(name.encode() in data for name in secrets), file


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs /proc")
def test_no_process_of_a_run_listens_for_connections(tmp_path: Path) -> None:
    """In the middle of training, none of the process's sockets waits for anybody."""
    seen: list[list[str]] = []

    class Look(dt.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            seen.append(listening())

    model = dt.Sequential([dt.Input((4,)), dt.layers.Dense(2)])
    model.compile("sgd", "mse")
    before = listening()
    model.fit(np.zeros((8, 4)), np.zeros((8, 2)), batch_size=4, verbose=0, callbacks=[Look()])
    assert seen == [before, before]


def listening() -> list[str]:
    """The sockets of this process that are in the state LISTEN, by their numbers."""
    own = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            own.add(os.readlink(descriptor))
        except OSError:  # the descriptor of the listing itself
            continue
    found = []
    for table in ("tcp", "tcp6"):
        lines = Path("/proc/net", table).read_text().splitlines()[1:] if Path("/proc/net", table).exists() else []
        rows = (line.split() for line in lines)
        found += [row[9] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in own]
    return found
