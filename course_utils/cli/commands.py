"""The ``course`` command: check this computer, fetch data, run lessons, train and evaluate.

A command is a function at the end of this file: its name holds the words, its docstring the help,
its parameters the arguments. Nothing but the standard library is imported before it runs, since
``course check`` must be able to say which package does not load.
"""

import argparse
import inspect
import os
import sys
from pathlib import Path

from course_utils import settings
from course_utils.core import packages
from course_utils.core.errors import CourseError, reason

# Commands of two words, by the first.
GROUPS = {
    "data": "Show, simulate, download or import data.",
    "federated": "Train between hospitals, as in lesson 13.",
}
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NUMBER = {"type": int, "metavar": "N"}
FLAG = {"action": "store_true"}
# What argparse is to know about each parameter of a command.
ARGUMENTS = {
    "authority": {"metavar": "FILE", "type": Path, "help": "%(default)s where left out"},
    "at_least": NUMBER | {"help": "hospitals a round needs: 2 to 4"},
    "backbone": {"metavar": "NETWORK", "help": "mobilenetv2 or resnet50"},
    "coordinator": {"metavar": "HOST:PORT", "help": "where its gate is"},
    "colour": {"action": argparse.BooleanOptionalAction, "help": "as the pictures are if left out"},
    "dataset": {"metavar": "NAME", "help": f"{', '.join(settings.DATASETS)} or one of your own"},
    "extras": FLAG | {"help": "with what lessons 13 and 14 need"},
    "epochs": NUMBER | {"help": "as in the course where left out"},
    "folds": NUMBER | {"help": "trainings, each tested on other slices; %(default)s if left out"},
    "seeds": NUMBER | {"help": "trainings with other random numbers; %(default)s if left out"},
    "folder": {"metavar": "FOLDER", "type": Path, "help": "where the progress files lie"},
    "guests": {"metavar": "KEY", "nargs": "+", "type": Path, "help": "let these in, start none"},
    "hospital": {"metavar": "LETTER", "help": "A, B, C or D"},
    "host": {"metavar": "ADDRESS", "help": "of the gate; %(default)s where left out"},
    "key": {"metavar": "FILE", "type": Path, "help": "LETTER.key where left out"},
    "link": NUMBER | {"help": "port of the coordinator on this computer"},
    "lessons": {"metavar": "LESSON", "nargs": "*", "help": "such as 00 01; else all"},
    "measure": FLAG | {"help": "measure how often it refuses, into data/results/"},
    "mixed": FLAG | {"help": "compute in bfloat16, where the processor knows it"},
    "name": {"metavar": "NAME", "help": "take any folder of class folders, and call it this"},
    "no_browser": FLAG | {"help": "only print the address"},
    "path": {"metavar": "PATH", "type": Path, "help": "a zip or a folder"},
    "patient": {"metavar": "REGEX", "help": "finds the patient in the name of a file"},
    "port": NUMBER | {"help": "a free one where left out"},
    "prepare": FLAG | {"help": "get it ready, serve nothing"},
    "pythons": {"metavar": "X.Y", "nargs": "+", "help": "this one where left out"},
    "recipe": {"metavar": "RECIPE", "help": "such as baseline; a wrong one lists all"},
    "rounds": NUMBER | {"help": "%(default)s where left out"},
    "seed": NUMBER | {"help": "%(default)s where left out"},
    "size": NUMBER | {"help": "pixels of a side, 128 where left out"},
    "source": {"nargs": "?", "default": "kaggle", "choices": ("kaggle", "figshare")},
    "split": {"metavar": "BY", "help": "group, official or slice"},
    "start": {"metavar": "WEIGHTS", "help": "imagenet, simulated, random, a file"},
    "systems": {"metavar": "SYSTEM", "nargs": "+", "help": "linux macos windows; all if left out"},
    "topic": {
        "metavar": "TOPIC",
        "choices": ("leak", "augmentation", "pointing", "attention", "contrasts"),
    },
}


def main(arguments: list[str] | None = None) -> int:
    """Run a command, by default that of this program's arguments, and return its exit code.

    0 if it went well, 1 if not, 130 if it was interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no accents must not stop a lesson.
        stream.reconfigure(errors="replace")
    parser = _parser()
    given, rest = parser.parse_known_args(arguments)
    options = vars(given)
    command = options.pop("command")
    if rest and command is not lab:
        parser.error(f"unknown words: {' '.join(rest)}")
    try:
        code = command(*rest, **options) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read our output, such as head, has enough. Nothing is left to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    except CourseError as error:
        print(error, file=sys.stderr)
    except ImportError as error:
        print(
            f"A package of {sys.prefix} does not load ({reason(error)}): run 'make setup', then "
            "use the course command of that environment (.venv); 'course check' says more.",
            file=sys.stderr,
        )
    return 1


def _parser() -> argparse.ArgumentParser:
    description = "Brain MRI classification, taken by running it."
    parser = argparse.ArgumentParser(prog="course", description=description)
    groups = {"": parser.add_subparsers(required=True, metavar="COMMAND")}
    for function in COMMANDS:
        group, _, name = function.__name__.rpartition("_")
        if group not in groups:
            added = groups[""].add_parser(group, help=GROUPS[group])
            groups[group] = added.add_subparsers(required=True, metavar="ACTION")
        does = function.__doc__
        command = groups[group].add_parser(name, help=does, description=does)
        command.set_defaults(command=function)
        for name, parameter in inspect.signature(function).parameters.items():
            # What stands after * in a function is an option of its command.
            if parameter.kind is parameter.KEYWORD_ONLY:
                option = f"--{name.replace('_', '-')}"
                command.add_argument(option, default=parameter.default, **ARGUMENTS[name])
            elif parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                command.add_argument(name, **ARGUMENTS[name])
    return parser


def _saved(path: Path, show: bool = False) -> None:
    """Say where something was saved, below its text where it is to be shown."""
    text = path.read_text(encoding="utf-8") if show else ""
    print(f"{text}saved in {path}")


def check():
    """Say whether this computer can run the lessons."""
    from course_utils.cli import check

    return int(not check.show(check.findings()))


def lab(*options):
    """Open JupyterLab on the first lesson; options go to JupyterLab."""
    from course_utils.cli.lessons import open_lab

    return open_lab(options)


def run(lessons, *, dataset=None):
    """Run lessons without a browser, into build/."""
    from course_utils.cli.lessons import run

    return int(run(lessons, dataset) > 0)


def book():
    """Make a site of the stored lessons, and a PDF of each, in build/book/."""
    packages.need("book")
    from course_utils.cli import book

    path = book.build()
    if not book.browser():
        print("There is no Chromium on this computer to print lessons as PDF files.")
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"{size / 1e6:.0f} MB; open {path / 'index.html'}")


def slides(lessons):
    """Make slides of lessons, with notes, in build/slides/."""
    from course_utils.cli import slides

    for path in slides.make(lessons):
        print(f"{path} ({path.stat().st_size / 1e3:.0f} kB)")


def data_info():
    """Show what is there, and where."""
    from course_utils.cli import inventory

    inventory.show()


def data_simulate():
    """Make the practice data now, if it is not there."""
    from course_utils import datasets

    print(datasets.load("practice"))


def data_download(source):
    """Fetch the Kaggle or the figshare data, and import it."""
    from course_utils import datasets

    data_import(datasets.source(source).download())


def data_import(path, *, name=None, patient=None, colour=None, size=None):
    """Import the Kaggle or figshare data, or with --name pictures in class folders."""
    from course_utils import datasets
    from course_utils.cli import audit, cards, inventory

    options = {"patient": patient, "colour": colour, "size": size}
    options = {option: value for option, value in options.items() if value is not None}
    if options and name is None:
        raise CourseError(f"--{next(iter(options))} needs --name too: name your pictures.")
    data = datasets.import_data(path, name, **options)
    inventory.show_import(data)
    if name:
        # Whoever stops the audit has a card all the same.
        cards.write(data)
        print("Looking for duplicates, leaks and shortcuts, which may take a minute ...")
        audit.audit(name)
        print(f"What they are stands in {cards.path_of(name)}, with blanks for what you know.")


def train(recipe, *, dataset=None, split="group", start=None, seed=settings.SEED):
    """Train a classifier, or load it where it was trained before."""
    from course_utils import datasets, training

    train, val, _ = datasets.load(dataset).split(split)
    run = training.train(recipe, train, val, start, seed)
    print(f"{run.name}: {run.history['val_accuracy'].iloc[-1]:.1%} of {len(val)} validation slices")
    _saved(run.folder)


def evaluate(
    recipe, *, dataset=None, split="group", start=None, seed=settings.SEED, folds=1, seeds=1
):
    """Train a classifier and evaluate it on the test slices, into data/results/."""
    from course_utils.cli import evaluate

    _saved(evaluate.evaluate(recipe, dataset, split, start, seed, folds, seeds), show=True)


def pretrain(backbone, *, epochs=None, seed=settings.SEED, mixed=False):
    """Pretrain a network on simulated slices: an hour or two."""
    from course_utils import pretraining

    _saved(pretraining.pretrain(pretraining.planned(backbone, epochs, seed), mixed))


def compare(topic, *, seed=settings.SEED):
    """Repeat a comparison of lesson 01, 03, 05, 10 or 11, into data/results/."""
    from course_utils.cli import compare

    _saved(compare.compare(topic, seed), show=True)


def federated_up(*, host="127.0.0.1", port=None, guests=()):
    """Start coordinator and hospitals; Ctrl-C ends them."""
    net = _net()
    if not net.running() and not guests:
        _dealt()
    net.up(host, port, guests)


def federated_run(*, rounds=3, at_least=2):
    """Have the hospitals train, from another terminal."""
    net = _net()
    net.need_running()
    from course_utils import datasets

    data = datasets.load()
    net.submit(rounds, at_least, len(data.class_names))
    if counts := net.counted():
        total = counts["num-examples"]
        print(f"{counts['right']:.0f} of {total:.0f} validation slices are right, each at home")
    from course_utils import evaluation
    from course_utils.federation import by_hand, comparison

    _, _, test = comparison.federated_split(data)
    predicted = by_hand.predict(by_hand.read_weights(net.weights_file()), test.images)
    accuracy = evaluation.accuracy(test.labels, predicted, test.table["group"])
    print(f"{accuracy} of {len(test)} test slices are right")
    _saved(net.folder())


def federated_deal():
    """Deal the training slices out to four hospitals, a file each."""
    _net()
    _dealt()


def federated_join(coordinator, hospital, *, authority=Path("ca.pem"), key=None, port=None):
    """Take part as a hospital, on any computer; Ctrl-C ends it."""
    net = _net()
    from course_utils.federation import join, subprocesses

    if not join.approved().exists():
        net.write_app()
        net.approve()
    key = key or Path(f"{hospital}.key")
    join.join(coordinator, hospital, authority, key, port or subprocesses.free_ports(1)[0])


def federated_key(hospital):
    """Make a hospital's pair of keys, in this folder."""
    _net()
    from course_utils.federation import credentials

    credentials.hospital(Path(), hospital)
    print(f"{hospital}.key stays here; {hospital}.pub is for the coordinator.")


def federated_gate(link, *, host="127.0.0.1", port=8443):
    """Let hospitals, and nobody else, through to the coordinator."""
    net = _net()
    from course_utils.federation import gate

    gate.serve(host, port, link, net.folder() / "keys")


def federated_status():
    """Say which processes run."""
    net = _net()
    for name, words in net.status().items():
        print(f"{name:<12} {words}")
    if not net.running():
        print("No federation is running: start one with 'course federated up'.")


def federated_down():
    """End all processes, also where their terminal is gone."""
    print("Ended." if _net().down() else "No federation is running.")


def federated_measure(*, dataset=None):
    """Compare ways to learn from four hospitals, into data/results/."""
    _net()
    from course_utils.federation import comparison

    _saved(comparison.compare_trainings(dataset), show=True)


def _dealt():
    """Write a file of slices for each hospital."""
    from course_utils import datasets
    from course_utils.federation import comparison, hospitals

    train, val, _ = comparison.federated_split(datasets.load())
    hospitals.store(train, val)


def _net():
    packages.need("federated")
    from course_utils.federation import net

    return net


def app(*, port=None, no_browser=False, prepare=False, measure=False):
    """Serve the web app of lesson 14 to this computer."""
    packages.need("app")
    if measure:
        from course_utils.webapp import refusal_rates

        _saved(refusal_rates.measure_refusals(), show=True)
    elif prepare:
        from course_utils.webapp import app

        app.prepare()
    else:
        from course_utils.webapp import server

        return server.serve(port, not no_browser)


def audit(*, dataset=None):
    """Count duplicates, leaks and shortcuts of a data set, into data/results/."""
    from course_utils.cli import audit
    from course_utils.core import results

    path = audit.audit(dataset)
    print(audit.table(results.load(path.stem)["figures"]))
    _saved(path)


def results():
    """Bring the tables in README.md and data/ up to date."""
    from course_utils.cli import audit, evaluate
    from course_utils.core import results
    from course_utils.pretraining import card

    results.insert(evaluate.README, "results", evaluate.table())
    for mark, name in {"audit": "kaggle", "audit-figshare": "figshare"}.items():
        table = audit.table(results.load(f"audit-{name}")["figures"])
        results.insert(audit.CARD, mark, table)
    card.write_tables()


def bundle(*, systems=("linux", "macos", "windows"), pythons=(PYTHON,), extras=False):
    """Write one archive for a room without a network, into build/."""
    from course_utils import datasets
    from course_utils.cli import bundle

    print(datasets.load("practice"))
    path = bundle.bundle(systems, pythons, extras)
    print(f"{path.stat().st_size / 1e6:,.0f} MB")
    _saved(path)


def cohort(folder):
    """Show what a class solved and predicted, from the files it handed in."""
    from course_utils.cli import cohort

    print(cohort.report(folder))


def badges():
    """Write the project's address into notebooks and README.md."""
    from course_utils.cli import badges

    where = f"the address {badges.address()}" if badges.address() else "no address"
    print(f"{len(badges.write())} notebooks carry {where}.")


COMMANDS = (check, lab, run, book, slides, data_info, data_simulate, data_download, data_import)
COMMANDS += (train, evaluate, pretrain, compare, audit, results, app)
COMMANDS += (badges, bundle, cohort)
COMMANDS += (federated_up, federated_run, federated_status, federated_down, federated_measure)
COMMANDS += (federated_deal, federated_key, federated_join, federated_gate)
