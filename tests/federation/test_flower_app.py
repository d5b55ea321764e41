"""The Flower app does what is done by hand, in any order of answers, and reports to nobody."""

import dataclasses
import json
import os
import subprocess
import sys
import tomllib

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg, FedMedian, FedProx
from flwr.supercore.task_identity import TaskIdentity

from course_utils.federation import by_hand, flower_app, hospitals, net
from course_utils.federation.by_hand import Schedule

SCHEDULE = Schedule(rounds=2, local_steps=3, batch_size=8)


@pytest.fixture(autouse=True)
def identity(monkeypatch):
    """Who Flower takes this process for, when it makes a message outside of its engine."""
    for name in ("run_id", "node_id", "task_id"):
        monkeypatch.setattr(TaskIdentity, f"_{name}", 1)


@pytest.fixture
def parts(practice):
    """Some slices of each hospital, which are in its file, too."""
    some = practice.take(np.arange(0, len(practice), 40))
    seen = hospitals.as_seen(some, np.arange(len(some)) % 4)
    hospitals.store(seen, seen.take(np.arange(0, len(seen), 2)))
    return [hospitals.of(seen, number) for number in range(4)]


def context():
    app = tomllib.loads(net.APP)["tool"]["flwr"]["app"]
    chosen = {"rounds": 2, "local-steps": 3, "timeout": 5}
    assert chosen.keys() < app["config"].keys(), "what a run may choose stands in the app"
    return Context(
        run_id=1,
        node_id=2,
        node_config={"partition-id": 0},
        state=RecordDict(),
        run_config=app["config"] | chosen,
    )


class Wire:
    """Stands in for the network: hospitals answer, except those away in the first round."""

    def __init__(self, away=()):
        self.away, self.messages = set(away), []

    def get_node_ids(self):
        return [10, 11, 12, 13]

    def send_and_receive(self, messages, *, timeout=None):
        answers = []
        for message in messages:
            number = message.metadata.dst_node_id - 10
            self.messages.append(message)
            if len(self.messages) <= 4 and number in self.away:
                continue
            here = context()
            here.node_config["partition-id"] = number
            answers.append(flower_app.client(message, here))
        return answers


def run(wire):
    flower_app.server(wire, context())
    return json.loads(net.rounds_file().read_text())


@pytest.fixture
def short(monkeypatch):
    """A run of the app takes its plan from here: batches that the few slices can fill."""
    monkeypatch.setattr(flower_app, "Schedule", lambda **kw: Schedule(**({"batch_size": 8} | kw)))


def close(a, b):
    return all(np.allclose(x, y, atol=1e-4) for x, y in zip(a, b, strict=True))


def test_it_is_what_is_done_by_hand(parts, short):
    about = run(Wire())
    assert about["took_part"] == [[0, 1, 2, 3]] * 2
    assert about["schedule"]["rounds"] == 2
    weights = by_hand.read_weights(net.weights_file())
    assert close(weights, by_hand.federate(parts, SCHEDULE)[-1])
    at_home = [hospitals.read(number, "val_") for number in range(4)]
    right = sum(by_hand.count_right(weights, *here) for here in at_home)
    slices = sum(len(labels) for _, labels in at_home)
    assert about["counts"] == net.counted() == {"right": right, "num-examples": slices}


def test_hospitals_are_asked_for_a_test_once_at_the_end(parts, short):
    wire = Wire()
    run(wire)
    kinds = [message.metadata.message_type for message in wire.messages]
    assert kinds == ["train"] * 8 + ["evaluate"] * 4


def test_a_test_at_home_sends_two_numbers(parts, short):
    wire = Wire()
    run(wire)
    answer = flower_app.client(wire.messages[-1], context()).content
    assert set(answer) == {"metrics"}
    assert set(answer["metrics"]) == {"right", "num-examples"}


def test_a_round_goes_on_without_a_hospital_that_is_away(parts, short):
    about = run(Wire(away={2}))
    assert about["took_part"] == [[0, 1, 3], [0, 1, 2, 3]]


def test_a_hospital_sends_weights_and_two_numbers(parts, short):
    wire = Wire()
    run(wire)
    answer = flower_app.client(wire.messages[0], context()).content
    assert set(answer) == {"arrays", "metrics"}
    assert dict(answer["metrics"]) == {"num-examples": len(parts[0]), "hospital": 0}
    shapes = [array.shape for array in by_hand.initial_weights(4)]
    assert [array.shape for array in answer["arrays"].to_numpy_ndarrays()] == shapes


def test_the_mean_does_not_depend_on_who_answers_first():
    rng = np.random.default_rng(1)
    answers = []
    for hospital in range(4):
        asked = Message(RecordDict(), dst_node_id=10, message_type="train")
        metrics = MetricRecord({"num-examples": 100 + hospital, "hospital": hospital})
        arrays = ArrayRecord([rng.normal(size=(50, 50)).astype(np.float32)])
        answers.append(Message(RecordDict({"arrays": arrays, "metrics": metrics}), reply_to=asked))
    means = []
    for order in ((0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)):
        strategy = flower_app.InOrder(rounds=1)
        mean, _ = strategy.aggregate_train(1, [answers[i] for i in order])
        means.append(mean.to_numpy_ndarrays()[0])
        assert strategy.took_part == [[0, 1, 2, 3]]
    assert (means[0] == means[1]).all()
    assert (means[0] == means[2]).all()


def test_plain_flower_gives_what_is_done_by_hand(parts):
    add_up = {"evaluate_metrics_aggr_fn": flower_app.add_up}
    history, shares = flower_app.federate(FedAvg(**add_up), SCHEDULE, 4)
    expected = by_hand.federate(parts, SCHEDULE)
    assert len(history) == len(expected) == 3
    for ours, theirs in zip(expected, history, strict=True):
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True)), "to the last digit"
    at_home = [hospitals.read(number, "val_") for number in range(4)]
    right = [sum(by_hand.count_right(w, *here) for here in at_home) for w in history[1:]]
    assert np.allclose(shares, np.divide(right, sum(len(labels) for _, labels in at_home)))


def test_fedprox_hands_its_pull_to_the_hospitals(parts):
    add_up = {"evaluate_metrics_aggr_fn": flower_app.add_up}
    schedule = dataclasses.replace(SCHEDULE, rounds=1)
    history, _ = flower_app.federate(FedProx(proximal_mu=3.0, **add_up), schedule, 4)
    results = [
        by_hand.fit_round(history[0], part.images, part.labels, schedule, 1, hospital, pull=3.0)
        for hospital, part in enumerate(parts)
    ]
    assert close(history[1], by_hand.average(results, [len(part) for part in parts]))


def test_a_liar_moves_the_mean_and_hardly_the_median(parts):
    schedule = dataclasses.replace(SCHEDULE, rounds=1)
    moved = {}
    for strategy in (FedAvg, FedMedian):
        ends = []
        for strength in (1, 1000):
            liar = flower_app.app(flower_app.upside_down(1, strength))
            made = strategy(evaluate_metrics_aggr_fn=flower_app.add_up)
            ends.append(flower_app.federate(made, schedule, 4, liar)[0][-1])
        moved[strategy] = max(np.abs(a - b).max() for a, b in zip(*ends, strict=True))
    assert moved[FedAvg] > 50 * moved[FedMedian]


def test_a_liar_sends_the_opposite(parts):
    schedule = dataclasses.replace(SCHEDULE, rounds=1)
    made = FedAvg(evaluate_metrics_aggr_fn=flower_app.add_up)
    history, _ = flower_app.federate(made, schedule, 4, flower_app.app(flower_app.upside_down(1)))
    results = [
        by_hand.fit_round(history[0], part.images, part.labels, schedule, 1, hospital)
        for hospital, part in enumerate(parts)
    ]
    results[1] = [2 * sent - learned for sent, learned in zip(history[0], results[1], strict=True)]
    assert close(history[1], by_hand.average(results, [len(part) for part in parts]))


def test_one_hospital_one_vote(parts):
    schedule = dataclasses.replace(SCHEDULE, rounds=1)
    made = FedAvg(evaluate_metrics_aggr_fn=flower_app.add_up)
    history, shares = flower_app.federate(made, schedule, 4, flower_app.app(flower_app.one_vote))
    results = [
        by_hand.fit_round(history[0], part.images, part.labels, schedule, 1, hospital)
        for hospital, part in enumerate(parts)
    ]
    assert close(history[1], by_hand.average(results, [1, 1, 1, 1]))
    assert 0 <= shares[0] <= 1, "the counts of the test are left alone"


def test_what_goes_wrong_at_either_app_is_told(parts):
    server, broken = ServerApp(), flower_app.app(lambda message, context, call_next: 1 / 0)

    @server.main()
    def coordinate(grid, context):
        raise ValueError("no such strategy")

    with pytest.raises(ValueError, match="no such strategy"):
        flower_app.simulate(server, flower_app.client)
    with pytest.raises(ZeroDivisionError):
        flower_app.federate(FedAvg(), SCHEDULE, 4, broken)


def test_what_a_hospital_does_to_a_message_stays_there(parts):
    def spoil(message, context, call_next):
        answer = call_next(message, context)
        del message.content["arrays"]
        return answer

    made = FedAvg(evaluate_metrics_aggr_fn=flower_app.add_up)
    history, _ = flower_app.federate(made, SCHEDULE, 4, flower_app.app(spoil))
    assert len(history) == 3


def test_flower_reports_to_nobody(tmp_path):
    code = (
        "import course_utils.federation; from flwr.supercore import telemetry, update_check; "
        "update_check.requests.post = lambda *a, **k: print('asked for updates'); "
        "update_check.warn_if_flwr_update_available(); "
        "print(telemetry.event(telemetry.EventType.PING).result(timeout=60))"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FLWR_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment | {"FLWR_HOME": str(tmp_path)},
    )
    assert done.stdout == "disabled\n"
