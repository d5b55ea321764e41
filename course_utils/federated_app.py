"""The same training as a Flower app: what runs at a hospital, and what runs at the coordinator.

A ``ClientApp`` answers messages at a hospital, a ``ServerApp`` sends them; Flower carries them,
inside this computer (:func:`simulate`) or between several (:mod:`course_utils.federated_net`).
"""

import dataclasses
import json
import logging
from collections.abc import Iterable, Sequence

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from course_utils import federated, federated_net, files, hospitals
from course_utils.federated import Plan

client = ClientApp()
server = ServerApp()


class InOrder(FedAvg):
    """Federated averaging that adds up in the order of the hospitals, whoever answers first.

    The last digit of a sum of floats depends on its order, and training makes much of little.

    Attributes
    ----------
    took_part : list of list of int
        The hospitals that answered, a list a round.
    """

    def __init__(self, at_least: int = len(hospitals.NAMES)) -> None:
        # A second message a round, only to evaluate, would double the waiting.
        super().__init__(
            fraction_evaluate=0.0, min_train_nodes=at_least, min_available_nodes=at_least
        )
        self.took_part: list[list[int]] = []

    def aggregate_train(self, server_round: int, replies: Iterable[Message]):
        """Average what came back, and note from whom."""
        answers = [reply for reply in replies if reply.has_content()]
        answers.sort(key=_hospital_of)
        self.took_part.append([_hospital_of(answer) for answer in answers])
        return super().aggregate_train(server_round, answers)


@client.train()
def train(message: Message, context: Context) -> Message:
    """Train for one round at a hospital, on what lies in its own file."""
    hospital = int(context.node_config["partition-id"])
    images, labels = hospitals.read(hospital)
    asked = dict(message.content["config"])
    number = asked.pop("server-round")
    weights = message.content["arrays"].to_numpy_ndarrays()
    weights = federated.trained(weights, images, labels, Plan(**asked), number, hospital)
    metrics = MetricRecord({"num-examples": len(labels), "hospital": hospital})
    answer = RecordDict({"arrays": ArrayRecord(weights), "metrics": metrics})
    return Message(answer, reply_to=message)


@server.main()
def coordinate(grid: Grid, context: Context) -> None:
    """Have the hospitals train for all rounds, and keep the weights after each of them."""
    chosen = context.run_config
    plan = Plan(rounds=int(chosen["rounds"]), passes=int(chosen["passes"]))
    strategy = InOrder(at_least=int(chosen["at-least"]))

    def keep(number: int, arrays: ArrayRecord) -> None:
        if number:
            names = [hospitals.NAMES[hospital] for hospital in strategy.took_part[-1]]
            print(f"round {number} of {plan.rounds}: {', '.join(names)}", flush=True)
        _keep(arrays.to_numpy_ndarrays(), plan, strategy.took_part)

    strategy.start(
        grid,
        ArrayRecord(federated.first_weights(plan.seed)),
        num_rounds=plan.rounds,
        timeout=float(chosen["patience"]),
        train_config=ConfigRecord(dataclasses.asdict(plan)),
        evaluate_fn=keep,
    )


def simulate(server: ServerApp, client: ClientApp) -> None:
    """Let Flower run a federation of four hospitals inside this computer.

    Ray, Flower's engine for simulations, runs the ``ClientApp`` in a process of its own. There the
    hospitals take turns: each further process would want half a gigabyte of memory.

    Parameters
    ----------
    server : ServerApp
        Runs in a thread of this process.
    client : ClientApp
        Finds the number of its hospital in ``context.node_config["partition-id"]``.
    """
    from flwr.simulation import run_simulation

    # It would report each step on standard error, where a reader looks for mistakes.
    logging.getLogger("flwr").setLevel(logging.ERROR)
    run_simulation(
        server,
        client,
        num_supernodes=len(hospitals.NAMES),
        backend_config={
            "init_args": {
                "num_cpus": 1,
                "object_store_memory": 100_000_000,
                "log_to_driver": False,
                "logging_level": "ERROR",
                "_node_ip_address": federated_net.LOCALHOST,
            },
            "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
        },
    )


def weights() -> list[np.ndarray]:
    """What the last federation of separate processes has learned."""
    with np.load(federated_net.folder() / "weights.npz") as stored:
        return list(stored.values())


def _keep(arrays: Sequence[np.ndarray], plan: Plan, took_part: list[list[int]]) -> None:
    with (
        files.atomic(federated_net.folder() / "weights.npz") as new,
        new.open("wb") as file,
    ):
        np.savez(file, *arrays)
    about = {"plan": dataclasses.asdict(plan), "took_part": took_part}
    with files.atomic(federated_net.rounds_file()) as new:
        new.write_text(json.dumps(about) + "\n", encoding="utf-8")


def _hospital_of(answer: Message) -> int:
    return int(answer.content["metrics"]["hospital"])
