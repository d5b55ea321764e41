"""The same training as a Flower app: what runs at a hospital, and what runs at the coordinator.

A ``ClientApp`` answers messages at a hospital, a ``ServerApp`` sends them; what carries them is a
``Grid``: one inside this process (:func:`simulate`), or one between several computers
(:mod:`course_utils.federation.net`).
"""

import copy
import dataclasses
import json
import logging
from collections.abc import Callable, Iterable

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg, Strategy
from flwr.supercore.task_identity import TaskIdentity

from course_utils.core import files
from course_utils.federation import by_hand, hospitals, net
from course_utils.federation.by_hand import Schedule

server = ServerApp()


def add_up(answers: list[RecordDict], weighted_by: str) -> MetricRecord:
    """Add up what the hospitals counted at home: slices that are right, and slices."""
    counts = [answer["metrics"] for answer in answers]
    return MetricRecord(
        {name: sum(count[name] for count in counts) for name in ("right", "num-examples")}
    )


class InOrder(FedAvg):
    """Federated averaging that adds up in the order of the hospitals, whoever answers first.

    The last digit of a sum of floats depends on its order, and training makes much of little.
    """

    def __init__(self, rounds: int, at_least: int = len(hospitals.NAMES)) -> None:
        super().__init__(
            min_train_nodes=at_least,
            min_available_nodes=at_least,
            evaluate_metrics_aggr_fn=add_up,
        )
        self.rounds = rounds
        # The numbers of the hospitals that answered, by round.
        self.took_part: list[list[int]] = []

    def aggregate_train(self, server_round: int, replies: Iterable[Message]):
        """Average what came back, and note from whom."""
        answers = sorted((reply for reply in replies if reply.has_content()), key=_hospital_of)
        self.took_part.append([_hospital_of(answer) for answer in answers])
        return super().aggregate_train(server_round, answers)

    def configure_evaluate(self, server_round: int, *rest) -> Iterable[Message]:
        """Ask for a test after the last round only: one a round would double the waiting."""
        return (
            super().configure_evaluate(server_round, *rest) if server_round == self.rounds else []
        )


def train(message: Message, context: Context) -> Message:
    """Train for one round at a hospital, on what lies in its own file."""
    hospital = int(context.node_config["partition-id"])
    images, labels = hospitals.read(hospital)
    config = dict(message.content["config"])
    number, pull = config.pop("server-round"), config.pop("proximal-mu", 0.0)
    weights = message.content["arrays"].to_numpy_ndarrays()
    schedule = Schedule(**config)
    weights = by_hand.fit_round(weights, images, labels, schedule, number, hospital, pull)
    metrics = MetricRecord({"num-examples": len(labels), "hospital": hospital})
    answer = RecordDict({"arrays": ArrayRecord(weights), "metrics": metrics})
    return Message(answer, reply_to=message)


def evaluate(message: Message, context: Context) -> Message:
    """Count at a hospital how many of its own validation slices the network gets right."""
    images, labels = hospitals.read(int(context.node_config["partition-id"]), "val_")
    right = by_hand.count_right(message.content["arrays"].to_numpy_ndarrays(), images, labels)
    metrics = MetricRecord({"num-examples": len(labels), "right": right})
    return Message(RecordDict({"metrics": metrics}), reply_to=message)


def app(*mods: Callable) -> ClientApp:
    """What runs at a hospital; a mod wraps it, and may change what comes in and what goes out."""
    made = ClientApp(mods=list(mods))
    made.train()(train)
    made.evaluate()(evaluate)
    return made


def upside_down(hospital: int, strength: float = 1.0) -> Callable:
    """Mod by which one hospital sends the opposite of what it has learned, so much enlarged."""

    def lie(message: Message, context: Context, call_next: Callable) -> Message:
        answer = call_next(message, context)
        if "arrays" in answer.content and context.node_config["partition-id"] == hospital:
            sent, learned = (m.content["arrays"].to_numpy_ndarrays() for m in (message, answer))
            turned = [a - strength * (b - a) for a, b in zip(sent, learned, strict=True)]
            answer.content["arrays"] = ArrayRecord(turned)
        return answer

    return lie


def one_vote(message: Message, context: Context, call_next: Callable) -> Message:
    """Mod by which a hospital counts as much as any other, however many slices it has."""
    answer = call_next(message, context)
    if "arrays" in answer.content:
        answer.content["metrics"]["num-examples"] = 1
    return answer


client = app()


@server.main()
def coordinate(grid: Grid, context: Context) -> None:
    """Have the hospitals train for all rounds, and keep the weights after each of them."""
    config = context.run_config
    schedule = Schedule(rounds=int(config["rounds"]), local_steps=int(config["local-steps"]))
    strategy = InOrder(schedule.rounds, at_least=int(config["at-least"]))
    about = {"schedule": dataclasses.asdict(schedule), "took_part": strategy.took_part}

    def keep(number: int, arrays: ArrayRecord) -> None:
        if number:
            names = [hospitals.NAMES[hospital] for hospital in strategy.took_part[-1]]
            print(f"round {number} of {schedule.rounds}: {', '.join(names)}", flush=True)
        with files.atomic(net.weights_file()) as new:
            files.write_arrays(new, *arrays.to_numpy_ndarrays())
        note()

    def note() -> None:
        with files.atomic(net.rounds_file()) as new:
            new.write_text(json.dumps(about) + "\n", encoding="utf-8")

    result = strategy.start(
        grid,
        ArrayRecord(by_hand.initial_weights(int(config["classes"]), schedule.seed)),
        num_rounds=schedule.rounds,
        timeout=float(config["timeout"]),
        train_config=ConfigRecord(dataclasses.asdict(schedule)),
        evaluate_fn=keep,
    )
    for counts in result.evaluate_metrics_clientapp.values():
        about["counts"] = dict(counts)
        note()


class OneRoom(Grid):
    """Carries messages between the two apps inside this process: the hospitals take turns."""

    def __init__(self, client: ClientApp) -> None:
        self.client, self.answers = client, {}

    def set_run(self, run) -> None:
        """Nothing to set: this process does nothing else."""

    @property
    def run(self) -> None:
        """No run is kept anywhere."""

    def create_message(self, content, message_type, dst_node_id, group_id, ttl=None) -> Message:
        """Make a message, as the coordinator does."""
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        """Hospitals are numbered from 1 on: 0 is no hospital."""
        return range(1, len(hospitals.NAMES) + 1)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """Have each hospital answer, in the order of the hospitals."""
        sent = []
        for message in sorted(messages, key=lambda message: message.metadata.dst_node_id):
            number = message.metadata.dst_node_id
            context = Context(1, number, {"partition-id": number - 1}, RecordDict(), {})
            # A copy: what a hospital does to it stays there.
            sent.append(str(len(self.answers)))
            self.answers[sent[-1]] = self.client(copy.deepcopy(message), context)
        return sent

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """What was answered."""
        return [self.answers[number] for number in message_ids]

    def send_and_receive(self, messages, *, timeout=None) -> Iterable[Message]:
        """Have each hospital answer, and return the answers."""
        return self.pull_messages(self.push_messages(messages))


def simulate(server: ServerApp, client: ClientApp) -> None:
    """Run both apps of a federation of four hospitals in this process, one after the other.

    Flower's own engine gives hospitals processes, by Ray: that takes a gigabyte, does not stay on
    loopback, and does not start on a busy computer. An app cannot tell the difference.
    """
    # Flower would report each step on standard error, where a reader looks for mistakes.
    logging.getLogger("flwr").setLevel(logging.ERROR)
    # A message says which process made it. Flower's programs set that for the apps they start, and
    # it has no public name for whoever starts them otherwise: the one thing here that has none.
    TaskIdentity.run_id = TaskIdentity.node_id = TaskIdentity.task_id = 1
    server(OneRoom(client), Context(1, 0, {}, RecordDict(), {}))


def federate(
    strategy: Strategy, schedule: Schedule, classes: int, client: ClientApp = client
) -> tuple[list[list[np.ndarray]], list[float]]:
    """Train by any strategy of Flower, between the hospitals whose slices are in their files.

    Returns the weights before the first round and after each, and the share of validation slices
    that was right after each round, by the counts of the hospitals (:func:`add_up`).
    """
    history, app = [], ServerApp()
    shares = []

    @app.main()
    def coordinate(grid: Grid, context: Context) -> None:
        result = strategy.start(
            grid,
            ArrayRecord(by_hand.initial_weights(classes, schedule.seed)),
            num_rounds=schedule.rounds,
            train_config=ConfigRecord(dataclasses.asdict(schedule)),
            evaluate_fn=lambda number, arrays: history.append(arrays.to_numpy_ndarrays()),
        )
        counted = result.evaluate_metrics_clientapp.values()
        shares.extend(count["right"] / count["num-examples"] for count in counted)

    simulate(app, client)
    return history, shares


def _hospital_of(answer: Message) -> int:
    return int(answer.content["metrics"]["hospital"])
