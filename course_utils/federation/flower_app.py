"""The same training as a Flower app: what runs at a hospital, and what runs at the coordinator.

A ``ClientApp`` answers messages at a hospital, a ``ServerApp`` sends them; Flower carries them,
inside this computer (:func:`simulate`) or between several (:mod:`course_utils.federation.net`).
"""

import dataclasses
import json
import logging
import os
import sys
import types
from collections.abc import Callable, Iterable

from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.server.superlink.fleet.vce.backend import Backend
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from course_utils.core import files
from course_utils.federation import by_hand, hospitals, net
from course_utils.federation.by_hand import Schedule

client = ClientApp()
server = ServerApp()


class InOrder(FedAvg):
    """Federated averaging that adds up in the order of the hospitals, whoever answers first.

    The last digit of a sum of floats depends on its order, and training makes much of little.
    """

    def __init__(self, at_least: int = len(hospitals.NAMES)) -> None:
        # A second message a round, only to evaluate, would double the waiting.
        super().__init__(
            fraction_evaluate=0.0, min_train_nodes=at_least, min_available_nodes=at_least
        )
        # The numbers of the hospitals that answered, by round.
        self.took_part: list[list[int]] = []

    def aggregate_train(self, server_round: int, replies: Iterable[Message]):
        """Average what came back, and note from whom."""
        answers = sorted((reply for reply in replies if reply.has_content()), key=_hospital_of)
        self.took_part.append([_hospital_of(answer) for answer in answers])
        return super().aggregate_train(server_round, answers)


@client.train()
def train(message: Message, context: Context) -> Message:
    """Train for one round at a hospital, on what lies in its own file."""
    hospital = int(context.node_config["partition-id"])
    images, labels = hospitals.read(hospital)
    config = dict(message.content["config"])
    number = config.pop("server-round")
    weights = message.content["arrays"].to_numpy_ndarrays()
    weights = by_hand.fit_round(weights, images, labels, Schedule(**config), number, hospital)
    metrics = MetricRecord({"num-examples": len(labels), "hospital": hospital})
    answer = RecordDict({"arrays": ArrayRecord(weights), "metrics": metrics})
    return Message(answer, reply_to=message)


@server.main()
def coordinate(grid: Grid, context: Context) -> None:
    """Have the hospitals train for all rounds, and keep the weights after each of them."""
    config = context.run_config
    schedule = Schedule(rounds=int(config["rounds"]), local_epochs=int(config["local-epochs"]))
    strategy = InOrder(at_least=int(config["at-least"]))

    def keep(number: int, arrays: ArrayRecord) -> None:
        if number:
            names = [hospitals.NAMES[hospital] for hospital in strategy.took_part[-1]]
            print(f"round {number} of {schedule.rounds}: {', '.join(names)}", flush=True)
        with files.atomic(net.weights_file()) as new:
            files.write_arrays(new, *arrays.to_numpy_ndarrays())
        about = {"schedule": dataclasses.asdict(schedule), "took_part": strategy.took_part}
        with files.atomic(net.rounds_file()) as new:
            new.write_text(json.dumps(about) + "\n", encoding="utf-8")

    strategy.start(
        grid,
        ArrayRecord(by_hand.initial_weights(int(config["classes"]), schedule.seed)),
        num_rounds=schedule.rounds,
        timeout=float(config["timeout"]),
        train_config=ConfigRecord(dataclasses.asdict(schedule)),
        evaluate_fn=keep,
    )


class _Here(Backend):
    """Runs the ``ClientApp`` in this process, one message after the other: nothing to end."""

    num_workers = 1

    def build(self, app_fn: Callable[[], ClientApp]) -> None:
        self.app = app_fn()

    def is_worker_idle(self) -> bool:
        return True

    def process_message(self, message: Message, context: Context) -> tuple[Message, Context]:
        return self.app(message=message, context=context), context

    def terminate(self) -> None:
        pass


def simulate(server: ServerApp, client: ClientApp) -> None:
    """Let Flower's simulation engine run a federation of four hospitals in this process.

    The hospitals take turns. Flower's usual backend, Ray, would give them processes of their own:
    that takes a gigabyte, does not stay on loopback, and does not start on a busy computer.
    """
    # The engine would report each step on standard error, where a reader looks for mistakes.
    logging.getLogger("flwr").setLevel(logging.ERROR)
    os.environ.setdefault("FLWR_HOME", str(net.folder() / "flower"))
    # Flower 1.41 takes its backend from this module, whatever the name it is given.
    place = f"{Backend.__module__.rpartition('.')[0]}.raybackend"
    sys.modules[place] = types.SimpleNamespace(RayBackend=_Here)
    try:
        run_simulation(server, client, len(hospitals.NAMES), backend_name="here")
    finally:
        del sys.modules[place]


def _hospital_of(answer: Message) -> int:
    return int(answer.content["metrics"]["hospital"])
