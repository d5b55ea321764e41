"""The ``course`` command: check this computer, fetch data, run lessons, train and measure."""

import argparse
import os
import sys
from pathlib import Path

from course_utils.cli import extensions


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        Words of the command line; those this program was started with where left out.

    Returns
    -------
    int
        Exit code: 0 if it went well, 1 if not, 130 if it was interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no accents must not stop a lesson.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.function is not _lab:
        parser.error(f"unknown words: {' '.join(rest)}")
    options.rest = rest
    try:
        code = _run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output, such as head, has enough. Nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        print(
            f"The package {error.name} is missing from {sys.prefix}: run 'make setup', then use "
            "the course command of that environment (.venv).",
            file=sys.stderr,
        )
        return 1


def _run(options: argparse.Namespace) -> int:
    from course_utils.core.errors import CourseError

    try:
        return options.function(options) or 0
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="course", description="Brain MRI classification, taken by running it."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("check", help="say whether this computer can run the lessons")
    command.set_defaults(function=_check)

    command = commands.add_parser(
        "lab", help="open JupyterLab on the first lesson; options go to JupyterLab"
    )
    command.set_defaults(function=_lab)

    command = commands.add_parser("run", help="run lessons without a browser, into build/")
    command.add_argument("--dataset", metavar="NAME", help="practice or kaggle")
    command.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 00 01; else all")
    command.set_defaults(function=_lessons)

    command = commands.add_parser("data", help="show, simulate, download or import data")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("info", help="show what is there, and where")
    action.set_defaults(function=_info)
    action = actions.add_parser("simulate", help="make the practice data now, if it is not there")
    action.set_defaults(function=_simulate)
    action = actions.add_parser("download", help="fetch the Kaggle data and import it")
    action.set_defaults(function=_download)
    action = actions.add_parser("import", help="import the Kaggle data from a zip or a folder")
    action.add_argument("path", type=Path, metavar="PATH")
    action.set_defaults(function=_import)

    for name, function, help in (
        ("train", _train, "train a classifier, or reload it where it was trained before"),
        ("evaluate", _evaluate, "train it and measure it on the test slices, into data/results/"),
    ):
        command = commands.add_parser(name, help=help)
        command.add_argument(
            "recipe", metavar="RECIPE", help="such as baseline; a wrong one lists all"
        )
        command.add_argument("--dataset", metavar="NAME", help="practice or kaggle")
        command.add_argument("--split", default="group", metavar="BY", help="group or official")
        command.add_argument(
            "--start", metavar="WEIGHTS", help="imagenet, simulated, random, a file"
        )
        command.add_argument("--seed", type=int, metavar="N", help="7 where left out")
        command.set_defaults(function=function)

    command = commands.add_parser(
        "pretrain", help="teach a network on endless simulated slices: an hour or two"
    )
    command.add_argument("backbone", metavar="NETWORK", help="mobilenetv2 or resnet50")
    command.add_argument("--epochs", type=int, metavar="N", help="as in the course where left out")
    command.add_argument("--seed", type=int, metavar="N", help="7 where left out")
    command.add_argument(
        "--mixed", action="store_true", help="compute in bfloat16, where the processor knows it"
    )
    command.set_defaults(function=_pretrain)

    extensions.add(commands)

    command = commands.add_parser(
        "audit", help="count duplicates, leaks and shortcuts of a data set, into data/results/"
    )
    command.add_argument("--dataset", metavar="NAME", help="practice or kaggle")
    command.set_defaults(function=_audit)

    command = commands.add_parser(
        "results", help="bring the tables in README.md and data/ up to date"
    )
    command.set_defaults(function=_results)
    return parser


def _check(options: argparse.Namespace) -> int:
    from course_utils.cli import check

    return int(not check.show(check.findings()))


def _lab(options: argparse.Namespace) -> int:
    from course_utils.cli import lessons

    return lessons.open_lab(options.rest)


def _lessons(options: argparse.Namespace) -> int:
    from course_utils.cli import lessons

    return int(lessons.run(options.lessons, options.dataset) > 0)


def _info(options: argparse.Namespace) -> None:
    from course_utils.cli import inventory

    inventory.show()


def _simulate(options: argparse.Namespace) -> None:
    from course_utils import datasets

    print(datasets.load("practice"))


def _download(options: argparse.Namespace) -> None:
    from course_utils.realdata import kaggle

    _import(argparse.Namespace(path=kaggle.download()))


def _import(options: argparse.Namespace) -> None:
    from course_utils import datasets
    from course_utils.cli import inventory

    inventory.show_import(datasets.import_data(options.path))


def _train(options: argparse.Namespace) -> None:
    from course_utils import datasets, settings, training

    train, val, _ = datasets.load(options.dataset).split(options.split)
    seed = settings.SEED if options.seed is None else options.seed
    run = training.train(options.recipe, train, val, options.start, seed)
    print(f"{run.name}: {run.history['val_accuracy'].iloc[-1]:.1%} of {len(val)} validation slices")
    print(f"kept in {run.folder}")


def _evaluate(options: argparse.Namespace) -> None:
    from course_utils import settings
    from course_utils.cli import evaluate

    seed = settings.SEED if options.seed is None else options.seed
    path = evaluate.evaluate(options.recipe, options.dataset, options.split, options.start, seed)
    print(f"{path.read_text(encoding='utf-8')}kept in {path}")


def _pretrain(options: argparse.Namespace) -> None:
    from course_utils import pretraining

    plan = pretraining.planned(options.backbone, options.epochs, options.seed)
    print(f"kept in {pretraining.pretrain(plan, options.mixed)}")


def _audit(options: argparse.Namespace) -> None:
    from course_utils.cli import audit

    path = audit.measure(options.dataset)
    print(f"{path.read_text(encoding='utf-8')}kept in {path}")


def _results(options: argparse.Namespace) -> None:
    from course_utils.cli import audit, evaluate
    from course_utils.pretraining import card

    evaluate.write_table()
    audit.write_table()
    card.write_tables()
