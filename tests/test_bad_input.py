"""Bad input gives one message that says what was expected and what came, and loses nothing."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtrain as dt
from dtrain import callbacks, layers
from dtrain.checkpoint import CheckpointError
from dtrain.datasets.idx import read_idx, write_idx
from dtrain.saving import deserialize_keras_object
from dtrain.training.training_checkpoint import TrainingCheckpoint
from tests.cli.runs import CONFIG, dtrain, trained, write_config

ROWS, FEATURES, CLASSES = 20, 4, 3
X = np.random.default_rng(0).random((ROWS, FEATURES), np.float32)
Y = np.arange(ROWS) % CLASSES


def classifier(loss: Any = "sparse_categorical_crossentropy", **options: Any) -> dt.Model:
    model = dt.Sequential(
        [dt.Input((FEATURES,)), layers.Dense(5, "relu"), layers.Dense(CLASSES, "softmax")], name="net"
    )
    model.compile("sgd", loss, **options)
    return model


def spoilt(array: np.ndarray, row: int, value: float) -> np.ndarray:
    """A copy with one value in one row replaced."""
    copy = array.copy()
    copy[(row,) + (0,) * (array.ndim - 1)] = value
    return copy


def two_headed() -> dt.Model:
    x = dt.Input((FEATURES,))
    return dt.Model(x, [layers.Dense(3, name="left")(x), layers.Dense(1, name="right")(x)])


DATA: dict[str, tuple[Any, Any, str]] = {
    "too few features": (X[:, :3], Y, r"net: the input .* expects shape \(None, 4\)\. Received: shape \(20, 3\)"),
    "too many axes": (np.ones((20, 2, 4)), Y, r"expects shape \(None, 4\)\. Received: shape \(20, 2, 4\)"),
    "two inputs for one": ([X, X], Y, "expected 1 input.*Received: 2"),
    "objects": (np.full((20, 4), None), Y, "x: expected an array of numbers.*dtype object"),
    "ragged": ([[1, 2], [3]], [0, 1], "x: expected an array of numbers.*same length"),
    "text": (np.full((20, 4), "a"), Y, "x: expected an array of numbers.*<U1"),
    "text as labels": (X, np.full(20, "cat"), "y: expected an array of numbers.*np.unique"),
    "a list of text": (X, ["cat"] * 20, "y: expected an array of numbers"),
    "complex numbers": (X + 1j, Y, "x: expected an array of numbers.*complex"),
    "times": (np.zeros((20, 4), "M8[D]"), Y, "x: expected an array of numbers.*datetime64"),
    "a label too large": (X, spoilt(Y, 7, 3), r"expected labels in \[0, 3\).*Received: label 3"),
    "a negative label": (X, spoilt(Y, 7, -1), r"expected labels in \[0, 3\).*Received: label -1"),
    "a label that is NaN": (X, spoilt(Y.astype(float), 7, np.nan), r"expected labels in \[0, 3\).*Received: label nan"),
    "no rows": (X[:0], Y[:0], r"at least one row.*x: \(0, 4\), y: \(0,\)"),
    "empty lists": ([], [], "at least one row"),
    "nothing": (None, None, "Expected data: `x` is None"),
    "a number": (3.0, 1, "first axis counts the rows"),
    "fewer targets than inputs": (X, Y[:-1], r"same number of rows.*x: \(20, 4\), y: \(19,\)"),
    "no targets": (X, None, "has a loss but no target"),
    "something else": (object(), None, "x: expected arrays.*Received: object"),
}


@pytest.mark.parametrize(("x", "y", "message"), DATA.values(), ids=DATA.keys())
def test_data_that_do_not_fit(x: Any, y: Any, message: str) -> None:
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(x, y, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
@pytest.mark.parametrize(
    "kind", ["too few features", "text", "a label too large", "no rows", "fewer targets than inputs"]
)
def test_every_method_refuses_them(method: str, kind: str) -> None:
    x, y, message = DATA[kind]
    with pytest.raises(ValueError, match=message):
        getattr(classifier(), method)(x, y)


def test_targets_of_another_shape() -> None:
    for loss in ("categorical_crossentropy", "mse", "binary_crossentropy"):
        with pytest.raises(ValueError, match=r"y_true of shape \(20, 5\), y_pred of shape \(20, 3\)"):
            classifier(loss).fit(X, np.zeros((ROWS, 5)), verbose=0)


def test_weights_of_rows_and_validation_data_are_checked_too() -> None:
    with pytest.raises(ValueError, match=r"same number of rows.*sample_weight: \(19,\)"):
        classifier().fit(X, Y, sample_weight=np.ones(19), verbose=0)
    with pytest.raises(ValueError, match="same number of rows"):
        classifier().fit(X, Y, validation_data=(X, Y[:3]), verbose=0)
    with pytest.raises(ValueError, match="validation_split must leave rows"):
        classifier().fit(X, Y, validation_split=1.5, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer. Received: batch_size=0"),
        ({"batch_size": 2.5}, "batch_size must be a positive integer. Received: batch_size=2.5"),
        ({"epochs": 1.5}, "epochs must be an integer. Received: epochs=1.5"),
    ],
)
def test_sizes_that_are_none(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, Y, verbose=0, **options)


def test_an_index_beyond_the_table_of_an_embedding() -> None:
    model = dt.Sequential([dt.Input((FEATURES,), dtype="int32"), layers.Embedding(5, 2), layers.Flatten()])
    for index in (5, -1):
        with pytest.raises(IndexError, match=rf"expected indices in \[0, 5\).*Received: index {index}"):
            model.predict(np.full((ROWS, FEATURES), index), verbose=0)


# ---- numbers that are none ------------------------------------------------------------------------------------------

NOT_FINITE: dict[str, tuple[Any, Any, str]] = {
    "NaN in x": (spoilt(X, 13, np.nan), np.zeros((ROWS, 3)), r"x of shape \(20, 4\) holds 1 NaN value\(s\).*row 13"),
    "infinity in x": (spoilt(X, 5, np.inf), np.zeros((ROWS, 3)), "x of shape .* holds 1 infinite value.*row 5"),
    "NaN in y": (X, spoilt(np.zeros((ROWS, 3)), 19, np.nan), r"y of shape \(20, 3\) holds 1 NaN value.*row 19"),
}


@pytest.mark.parametrize(("x", "y", "message"), NOT_FINITE.values(), ids=NOT_FINITE.keys())
def test_fit_refuses_a_loss_that_is_no_number_and_says_where_it_comes_from(x: Any, y: Any, message: str) -> None:
    model = classifier("mse")
    with pytest.raises(FloatingPointError, match=message) as error:
        model.fit(x, y, batch_size=4, verbose=0)
    assert "epoch 1, step" in str(error.value)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_loss_that_grew_beyond_all_numbers_is_not_blamed_on_the_data() -> None:
    model = dt.Sequential([dt.Input((FEATURES,)), layers.Dense(1)])
    model.compile(dt.optimizers.SGD(1e12), "mse")
    with pytest.raises(FloatingPointError, match=r"Data and weights are finite.*[Ll]ower the learning rate"):
        model.fit(X, Y * 100.0, epochs=50, batch_size=4, verbose=0)


def test_weights_that_are_no_numbers_are_named() -> None:
    model = classifier("mse")
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    with pytest.raises(FloatingPointError, match="the weight dense.*/kernel is not"):
        model.fit(X, np.zeros((ROWS, 3)), verbose=0)


def test_terminate_on_nan_still_ends_the_training_without_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    model = classifier("mse")
    y = np.zeros((ROWS, 3))
    history = model.fit(spoilt(X, 0, np.nan), y, epochs=3, verbose=0, callbacks=[callbacks.TerminateOnNaN()])
    assert len(history.history["loss"]) == 1 and model.stop_training
    assert "terminating training" in capsys.readouterr().out


def test_the_error_keeps_the_checkpoints_that_were_written_before(tmp_path: Path) -> None:
    saver = TrainingCheckpoint(tmp_path, every_steps=1)
    x = spoilt(X, 19, np.nan)
    with pytest.raises(FloatingPointError, match="epoch 1, step 5"):
        classifier("mse").fit(x, np.zeros((ROWS, 3)), batch_size=4, shuffle=False, verbose=0, callbacks=[saver])
    assert [path.name for path in sorted(tmp_path.glob("step-*.h5"))][-1] == "step-0000000004.h5"


# ---- names and graphs -----------------------------------------------------------------------------------------------

X_LEFT = {"left": np.zeros((ROWS, 3)), "rihgt": np.zeros((ROWS, 1))}
NAMES: dict[str, tuple[Callable[[], Any], str]] = {
    "loss": (lambda: classifier("mean_squared_eror"), "Unknown loss: 'mean_squared_eror'.*'mean_squared_error'"),
    "optimizer": (lambda: classifier().compile("adma", "mse"), "Unknown optimizer: 'adma'.*'adam'"),
    "metric": (lambda: classifier(metrics=["acuracy"]), "Unknown metric: 'acuracy'.*'accuracy'"),
    "activation": (lambda: layers.Dense(3, "rleu"), "Unknown activation: 'rleu'.*'relu'"),
    "initializer": (lambda: layers.Dense(3, kernel_initializer="zeross"), "Unknown initializer: 'zeross'.*'zeros'"),
    "layer": (lambda: layers.Desne(3), "no attribute 'Desne'. Did you mean Dense"),
    "layer in a configuration": (
        lambda: deserialize_keras_object({"class_name": "Desne", "config": {}, "module": "keras.layers"}),
        "Desne.*Dense",
    ),
    "argument": (lambda: layers.Dense(3, activaton="relu"), "Dense: unknown argument.* activaton"),
    "output in the losses": (
        lambda: _compiled(two_headed(), {"left": "mse", "rihgt": "mse"}).fit(X, [X[:, :3], X[:, :1]], verbose=0),
        r"loss: no output named \['rihgt'\]. The outputs are: \['left', 'right'\]",
    ),
    "output in the targets": (
        lambda: _compiled(two_headed(), "mse").fit(X, X_LEFT, verbose=0),
        r"y: no output named \['rihgt'\]",
    ),
    "input": (lambda: classifier().predict({"imgae": X}, verbose=0), r"no value for the input.*imgae"),
    "layer by name": (lambda: classifier().get_layer("dens"), "no layer named 'dens'"),
    "two layers of one name": (
        lambda: dt.Sequential([dt.Input((4,)), layers.Dense(5, name="a"), layers.Dense(3, name="a")]),
        "layer name 'a' is used already",
    ),
    "two layers of one name in a graph": (lambda: _twins(), "layer name 'a' is used by two layers"),
    "an input that is not given": (lambda: _cut_off(), "depends on the input 'right', which is not among"),
    "arrays in place of tensors": (lambda: dt.Model(X, X), r"symbolic tensors.*ndarray of shape \(20, 4\)"),
    "a model that is not compiled": (lambda: two_headed().fit(X, Y), r"call compile\(optimizer=..., loss=...\) first"),
    "units": (lambda: layers.Dense(-3), "Dense: units must be a positive integer. Received: units=-3"),
    "shapes that do not add": (lambda: layers.add([dt.Input((4,)), dt.Input((5,))]), "4.*5"),
    "callback": (
        lambda: classifier().fit(X, Y, callbacks=[3], verbose=0),
        "expected instances of Callback. Received: 3",
    ),
}


def _compiled(model: dt.Model, loss: Any) -> dt.Model:
    model.compile("sgd", loss)
    return model


def _twins() -> dt.Model:
    x = dt.Input((FEATURES,))
    return dt.Model(x, layers.Dense(3, name="a")(layers.Dense(3, name="a")(x)))


def _cut_off() -> dt.Model:
    left, right = dt.Input((FEATURES,), name="left"), dt.Input((FEATURES,), name="right")
    return dt.Model(left, layers.Dense(1)(layers.add([left, right])))


@pytest.mark.parametrize(("make", "message"), NAMES.values(), ids=NAMES.keys())
def test_names_and_graphs_that_mean_nothing(make: Callable[[], Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError), match=message):
        make()


# ---- files ----------------------------------------------------------------------------------------------------------


def test_idx_files_that_are_cut_off_or_something_else(tmp_path: Path) -> None:
    path = tmp_path / "images-idx3-ubyte"
    write_idx(path, np.zeros((5, 28, 28), np.uint8))
    whole = path.read_bytes()
    for content, message in (
        (whole[:-1], "the file is cut off"),
        (whole[:9], "the file is cut off"),
        (whole + b"\0", "Found: more after them"),
        (b"\x89PNG" + whole[4:], "expected an IDX file, which begins with 00 00"),
        (b"\x1f\x8b\x08 something", "a damaged or cut-off one"),
        (b"", "Found: no bytes"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as error:
            read_idx(path)
        assert str(path) in str(error.value)


def test_weights_files_that_are_missing_cut_off_or_foreign(tmp_path: Path) -> None:
    path = tmp_path / "net.weights.h5"
    model = classifier()
    with pytest.raises(FileNotFoundError, match="no such file"):
        model.load_weights(path)
    model.save_weights(path)
    whole = path.read_bytes()
    before = model.get_weights()
    for content, message in (
        (whole[: len(whole) // 2], "is damaged or no HDF5 file"),
        (b"something else", "neither HDF5 nor a .keras archive"),
        (b"", "it is empty"),
    ):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message) as error:
            model.load_weights(path)
        assert str(path) in str(error.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_weights_of_another_model_are_refused_with_every_difference(tmp_path: Path) -> None:
    other = dt.Sequential([dt.Input((FEATURES,)), layers.Dense(6), layers.Dense(3), layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    model = classifier()
    before = model.get_weights()
    with pytest.raises(ValueError, match="does not fit the model 'net' in 5 places") as error:
        model.load_weights(tmp_path / "other.weights.h5")
    for words in (
        "expected shape (4, 5)",
        "(4, 6)",
        "expected shape (5, 3)",
        "(6, 3)",
        "(3, 2), which the model does not",
    ):
        assert words in str(error.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_folder_that_cannot_be_written_is_known_before_the_first_step(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    inside = tmp_path / "file/inside"
    for callback in (
        TrainingCheckpoint(inside),
        callbacks.CSVLogger(inside / "log.csv"),
        callbacks.ModelCheckpoint(inside / "m.keras"),
    ):
        model = classifier()
        before = model.get_weights()
        with pytest.raises((CheckpointError, OSError), match="file"):
            model.fit(X, Y, verbose=0, callbacks=[callback])
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)
    with pytest.raises(CheckpointError, match="Cannot write .*inside"):
        classifier().save_weights(inside / "w.weights.h5")


# ---- the command ----------------------------------------------------------------------------------------------------


def mnist(folder: Path) -> dict[str, Path]:
    """Write a small data set in MNIST's form; return its files by name."""
    from dtrain.datasets.digits import load_data
    from dtrain.datasets.mnist import FILES

    (x, y), (u, v) = load_data(train=40, test=10)
    folder.mkdir()
    files = {name: folder / name for name in FILES}
    for path, array in zip(files.values(), (x, y, u, v), strict=True):
        write_idx(path, array.astype(np.uint8))
    return files


@pytest.mark.parametrize(
    ("which", "spoil", "message"),
    [
        ("train-images-idx3-ubyte", lambda b: b[:-100], "train-images-idx3-ubyte: expected .* the file is cut off"),
        ("t10k-labels-idx1-ubyte", lambda b: b"PK\3\4" + b[4:], "t10k-labels-idx1-ubyte: expected an IDX file"),
        ("train-labels-idx1-ubyte", lambda b: b[:7] + b"\x05" + b[8:13], "expected one label per image"),
    ],
)
def test_a_damaged_data_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str, spoil: Callable[[bytes], bytes], message: str
) -> None:
    path = mnist(tmp_path / "mnist")[which]
    path.write_bytes(spoil(path.read_bytes()))
    monkeypatch.setenv("DTRAIN_DATA_DIR", str(tmp_path))
    result = dtrain("train", mnist_config(tmp_path), f"run.folder={tmp_path}")
    assert result.exit_code == 2
    errors = [line for line in result.output.splitlines() if not line.startswith("run folder:")]
    assert len(errors) == 1 and re.search(message, errors[0]), result.output


def mnist_config(folder: Path) -> Path:
    text = CONFIG.replace("train_size = 200\ntest_size = 50", 'name = "mnist"')
    return write_config(folder, text)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.nmae=mnist", "unknown key 'data.nmae'. Did you mean 'name'?"),
        ("data.name=mnits", "data.name: expected one of 'digits', 'mnist'. Received: 'mnits'"),
        ("model.name=cnm", "model.name: unknown model 'cnm'. Did you mean 'cnn'?"),
        ("model.hiden_units=[3]", "mlp takes no 'hiden_units'. Did you mean 'hidden_units'?"),
        ("model.hidden_units=[0]", "units must be a positive integer"),
        ("optimizer.name=Adm", "no Optimizer is called 'Adm'. Did you mean 'Adam'?"),
        ("compile.loss=mes", "Unknown loss: 'mes'"),
        ("compile.metrics=acuracy", "Unknown metric: 'acuracy'"),
        ("train.epochs=0", "train.epochs: expected an integer >= 1. Received: 0"),
        ("data.train_size=0", "data.train_size: expected an integer >= 1. Received: 0"),
        ("callbacks.CSVLoger.filename=x", "no Callback is called 'CSVLoger'. Did you mean 'CSVLogger'?"),
    ],
)
def test_a_wrong_configuration_is_one_line_with_the_nearest_valid_word(
    tmp_path: Path, override: str, message: str
) -> None:
    result = dtrain("train", write_config(tmp_path), f"run.folder={tmp_path}", override)
    assert result.exit_code == 2 and message in result.output, result.output
    assert "Traceback" not in result.output
    assert len([line for line in result.output.splitlines() if line.startswith("Error: ")]) == 1


def test_a_run_that_is_used_by_another_job_is_left_alone(tmp_path: Path) -> None:
    from dtrain.checkpoint import CheckpointStore

    run = trained(tmp_path)
    with CheckpointStore(run / "checkpoints"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = ("train", tmp_path / "small.toml", f"run.folder={tmp_path}", "train.epochs=4", "--resume")
        result = dtrain(*config)
    assert result.exit_code == 2 and "is already being written" in result.output, result.output
