"""`dtrain convert`: a model or its weights from one form of file into another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dtrain.cli.errors import UserError, one_line_errors

if TYPE_CHECKING:
    from dtrain import Model

_WEIGHTS = (".weights.h5", ".weights.json")
_WHOLE = (".keras", ".h5", ".hdf5", ".json")


@click.command(name="convert")
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--model", "like", metavar="FILE", help="For weights alone: a model's file or JSON, or path.py:function.")
@click.option("--weights-only", is_flag=True, help="Write weights alone also to a name in .h5, as Keras 1 and 2 did.")
@click.option("--by-name", is_flag=True, help="Give layers the weights that IN has under their names.")
@click.option("--no-compile", is_flag=True, help="Leave out optimizer, loss and metrics.")
@click.option("--unsafe", is_flag=True, help="Run Python code (lambdas) that IN brings. Only if you trust its author.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(
    source: Path, target: Path, like: str | None, weights_only: bool, by_name: bool, no_compile: bool, unsafe: bool,
    force: bool,
) -> None:  # fmt: skip
    """Read IN in any form and write OUT in the form that its name says.

    IN: a .keras file or folder, an .h5 of Keras 1, 2 or 3, weights alone (with --model), or a run of dtrain.

    OUT: .keras; no ending: the same as a folder; .h5: whole model of Keras 2; .weights.h5 or .weights.json: weights;
    .json: architecture.
    """
    from dtrain.distributed import is_main, say

    with one_line_errors():
        _check_target(target, force)
        if not is_main():
            return
        model = _read(source, like, by_name, compile=not no_compile, safe_mode=not unsafe)
        _write(model, target, weights_only)
        say(f"{target}: {model.name}, {model.count_params():,} parameters")


def _check_target(target: Path, force: bool) -> None:
    if target.suffix and not target.name.endswith((*_WEIGHTS, *_WHOLE)):
        endings = ", ".join((*_WHOLE, *_WEIGHTS))
        raise UserError(
            f"OUT: expected a name that ends in one of {endings}, or in none (a folder). Received: {target}"
        )
    if target.exists() and not force:
        raise UserError(f"{target} is there already. Give --force to replace it, or another name.")


def _read(source: Path, like: str | None, by_name: bool, compile: bool, safe_mode: bool) -> Model:
    from dtrain.cli.model_report import open_if_model

    if not source.exists():
        raise UserError(f"{source}: there is nothing. Expected a model's file, weights, or a run's folder.")
    file = open_if_model(source)
    if file is None:
        from dtrain.cli.restore import restore_model

        return restore_model(source).model
    if like is not None:
        model = _empty(like, safe_mode)
        model.load_weights(source, **({"by_name": True} if by_name else {}))
        return model
    if file.config is None:
        raise UserError(
            f"{source}: {file.form}, so the model must be said: --model FILE (a .keras, .h5 or .json file), or "
            "--model path.py:function (which returns the model)."
        )
    return _load(source, compile, safe_mode)


def _load(source: Path, compile: bool, safe_mode: bool) -> Any:
    from dtrain.models import load_model, model_from_json
    from dtrain.saving.files import Kind, kind_of

    try:
        if kind_of(source, "convert") is Kind.JSON:
            return model_from_json(source.read_text(encoding="utf-8"))
        return load_model(source, compile=compile, safe_mode=safe_mode)
    except TypeError as error:
        raise UserError(str(error)) from error


def _empty(like: str, safe_mode: bool) -> Any:
    """The model that weights belong to."""
    if ".py:" in like:
        from dtrain.cli.python_file import load_function

        return load_function("--model", like)()
    if not Path(like).exists():
        raise UserError(f"--model: no such file: {like}. Expected a .keras, .h5 or .json file, or path.py:function.")
    return _load(Path(like), compile=True, safe_mode=safe_mode)


def _write(model: Any, target: Path, weights_only: bool) -> None:
    if target.name.endswith(_WEIGHTS) or (weights_only and target.suffix in (".h5", ".hdf5")):
        model.save_weights(target)
    elif target.suffix == ".json":
        from dtrain.saving.files import write_file

        write_file(target, model.to_json(indent=2).encode())
    else:
        model.save(target)
