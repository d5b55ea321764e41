"""What the ``course`` command does for the extensions."""

import argparse


def add(commands) -> None:
    """Add the commands of the extensions to the parser's (what ``add_subparsers`` returned)."""
    command = commands.add_parser(
        "compare", help="measure what lesson 10 or 11 finds, into data/results/"
    )
    command.add_argument("topic", metavar="TOPIC", choices=("attention", "contrasts"))
    command.add_argument("--seed", type=int, metavar="N", help="7 where left out")
    command.set_defaults(function=_compare)

    command = commands.add_parser("federated", help="train between hospitals, as in lesson 13")
    actions = command.add_subparsers(required=True, metavar="ACTION")
    action = actions.add_parser("up", help="start coordinator and hospitals; Ctrl-C ends them")
    action.set_defaults(function=_federated_up)
    action = actions.add_parser("run", help="have them train; from another terminal")
    action.add_argument("--rounds", type=int, default=3, metavar="N", help="3 where left out")
    action.add_argument(
        "--at-least", type=int, default=2, metavar="N", help="hospitals a round needs: 2 to 4"
    )
    action.set_defaults(function=_federated_run)
    action = actions.add_parser("status", help="say which processes run")
    action.set_defaults(function=_federated_status)
    action = actions.add_parser("down", help="end them, also where their terminal is gone")
    action.set_defaults(function=_federated_down)
    action = actions.add_parser("measure", help="compare alone, federated, pooled: data/results/")
    action.add_argument("--dataset", metavar="NAME", help="practice or kaggle")
    action.add_argument("--seed", type=int, metavar="N", help="7 where left out")
    action.set_defaults(function=_federated_measure)

    command = commands.add_parser("app", help="serve the web app of lesson 14 to this computer")
    command.add_argument("--port", type=int, metavar="N", help="8866 or the next where left out")
    command.add_argument("--no-browser", action="store_true", help="only print the address")
    command.add_argument("--prepare", action="store_true", help="get it ready, serve nothing")
    command.add_argument(
        "--measure", action="store_true", help="measure what it refuses, into data/results/"
    )
    command.set_defaults(function=_app)


def _compare(options: argparse.Namespace) -> None:
    from course_utils import settings
    from course_utils.cli import compare

    seed = settings.SEED if options.seed is None else options.seed
    path = compare.TOPICS[options.topic](seed)
    print(f"{path.read_text(encoding='utf-8')}kept in {path}")


def _federated_up(options: argparse.Namespace) -> None:
    net = _federation()
    from course_utils import datasets
    from course_utils.federation import hospitals

    train, _, _ = datasets.load().split()
    hospitals.store(hospitals.as_seen(train, hospitals.dirichlet_partition(train, hospitals.ALPHA)))
    net.up()


def _federated_run(options: argparse.Namespace) -> None:
    net = _federation()
    net.submit(options.rounds, options.at_least)
    from course_utils import datasets, evaluation
    from course_utils.federation import comparison, flower_app

    _, _, test = comparison.dealt(datasets.load())
    said = comparison.probabilities(flower_app.weights(), test)
    accuracy = evaluation.accuracy(test.labels, said, test.table["group"])
    print(f"{accuracy} of {len(test)} test slices are right")
    print(f"kept in {net.folder()}")


def _federated_status(options: argparse.Namespace) -> None:
    net = _federation()
    for name, words in net.status().items():
        print(f"{name:<12} {words}")
    if not net.running():
        print("No federation is running: start one with 'course federated up'.")


def _federated_down(options: argparse.Namespace) -> None:
    print("Ended." if _federation().down() else "No federation is running.")


def _federation():
    from course_utils.core import packages

    packages.need("federated")
    from course_utils.federation import net

    return net


def _federated_measure(options: argparse.Namespace) -> None:
    from course_utils import settings
    from course_utils.federation import comparison

    seed = settings.SEED if options.seed is None else options.seed
    path = comparison.measure(options.dataset, seed)
    print(f"{path.read_text(encoding='utf-8')}kept in {path}")


def _app(options: argparse.Namespace) -> int | None:
    from course_utils.core import packages

    packages.need("app")
    if options.measure:
        from course_utils.webapp import refusal_rates

        path = refusal_rates.measure()
        print(f"{path.read_text(encoding='utf-8')}kept in {path}")
    elif options.prepare:
        from course_utils.webapp import app

        app.prepare()
    else:
        from course_utils.webapp import server

        return server.serve(options.port, not options.no_browser)
