"""The rubric of lesson 07: what a project has done, line by line, and what it has skipped.

A project is a dict that the learner fills. A line judges what lies in it by what it does to the
data. Where a fault is planted, whoever missed it learns which check was skipped, not where it is.
"""

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from course_utils import settings
from course_utils.core import files
from course_utils.core.errors import CourseError, look_up
from course_utils.datasets import Dataset
from course_utils.evaluation import intervals, metrics
from course_utils.exercises.common import NOT_TRIED, Wrong, array, number, rows
from course_utils.realdata import duplicates
from course_utils.simulator import planted

# What the card says, after CLAIM 2024 (Tejani et al., Radiology: Artificial Intelligence 2024,
# doi 10.1148/ryai.240300), as far as a course can answer it.
CARD = {
    "Intended use": "Which question does it answer, for whom, and what is it not for?",
    "Data": "Where do the slices come from, how many are there, of how many patients?",
    "Who is in it": "Who was let in and who was left out?",
    "Reference standard": "Who or what decided on the labels?",
    "Partitions": "How were training, validation and test slices divided, and by what unit?",
    "Faults": "What did the checks for leaks, shortcuts and wrong labels find, and what was done?",
    "Model": "Which network, on what input, from which first weights, in which software?",
    "Training": "How was it trained, and how was the final network chosen?",
    "Performance": "How accurate is it on test slices, with an interval, beside both baselines?",
    "Failures": "On what does it go wrong?",
    "External test": "Was it tried on data from elsewhere?",
    "Limitations": "What must nobody conclude from this?",
    "Availability": "What does somebody need to do all this again?",
}
EMPTY = "*Not filled in yet.*"
# Of a picture, a place; of all slices, what can be read again.
LARGEST_PLACE, MOST_SUSPECTS = 1 / 8, 1 / 3
# Shares of what is there to be found, and of what is named, from which a check counts as done.
PAIRS_FOUND, PAIRS_TRUE = 0.8, 0.5
LABELS_FOUND, LABELS_TRUE = 0.5, 0.4


def rubric(data: Dataset, project: Mapping[str, object]) -> None:
    """Show, line by line, what a project has done (✓), what is not right (✗) or not tried (○)."""
    said = lines(data, project)
    table = [f"| {mark} | **{line}** | {words} |" for line, (mark, words) in said.items()]
    done = [mark for mark, _ in said.values()].count("✓")
    head = [f"| | {done} of {len(said)} | |", "| --- | --- | --- |"]
    display(Markdown("\n".join([*head, *table])))


def lines(data: Dataset, project: Mapping[str, object]) -> dict[str, tuple[str, str]]:
    """Mark (✓, ✗ or ○) and words of each line of the rubric."""
    if not isinstance(project, Mapping):
        raise CourseError(f"A project is a dict, and this is a {type(project).__name__}.")
    said = {}
    for line, check in LINES.items():
        try:
            said[line] = "✓", check(data, project)
        except (Wrong, CourseError) as wrong:
            said[line] = "○" if str(wrong).startswith("Not tried yet") else "✗", str(wrong)
    return said


def model_card(data: Dataset, answers: Mapping[str, object]) -> Path:
    """Write a model card with the items of :data:`CARD` as Markdown, and return where.

    An item of ``...`` or without an answer stays to be filled in.
    """
    for item in answers:
        look_up(CARD, item, "item of the card")
    path = settings.data_dir() / "projects" / f"{data.name}.md"
    parts = [f"# Model card: a project on the {data.name} data", "", "No medical device."]
    for item, question in CARD.items():
        answer = answers.get(item, ...)
        text = EMPTY if answer is ... else str(answer).strip() or EMPTY
        parts += ["", f"## {item}", "", f"*{question}*", "", text]
    with files.atomic(path) as new:
        new.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return path


def split(data: Dataset, project: Mapping) -> str:
    """Whether no group and no near-duplicate is in two parts."""
    parts = _parts(data, project)
    side = np.full(len(data), -1)
    for part, of in enumerate(parts):
        side[of] = part
    in_use = pd.Series(side[side >= 0])
    groups = data.table["group"].to_numpy(str)
    torn = (in_use.groupby(groups[side >= 0]).nunique() > 1).sum()
    if torn:
        raise Wrong(
            f"{torn:,} of {len(np.unique(groups)):,} groups have slices in two parts. Divide the "
            "groups, and let the slices follow theirs."
        )
    first, second = side[_twins(data)].T
    if ((first != second) & (first >= 0) & (second >= 0)).any():
        raise Wrong(
            "No group is in two parts, and yet the same picture is, under different names. Look "
            "for near-duplicates before you split, and keep them together."
        )
    counts = "{:,} training, {:,} validation and {:,} test slices".format(*map(len, parts))
    return f"{counts}; no group and no near-duplicate is in two parts."


def majority(data: Dataset, project: Mapping) -> str:
    """Whether the accuracy of always naming the most frequent training class is right."""
    share = _majority(data, *_parts(data, project))
    everywhere = np.bincount(data.labels).max() / len(data)
    chance = 1 / len(data.class_names)
    mistakes = {
        100 * share: "Right, but as a percentage: give the share, between 0 and 1.",
        everywhere: "That is its share of all slices: count among the test slices.",
        chance: "That is 1 divided by the number of classes. Take the most frequent one's share.",
    }
    hint = "Take the class with most training slices, and its share of the test slices."
    number(_given(project, "majority"), share, mistakes, hint, tolerance=0.001)
    return f"Whoever always names the most frequent class is right on {share:.1%}."


def simple(data: Dataset, project: Mapping) -> str:
    """Whether a simple model was measured on the test slices, and compared with the network."""
    parts = _parts(data, project)
    test = parts[2]
    labels, groups = data.labels[test], _groups(data)[test]
    answers = _probabilities(data, project, "simple", test)
    reached = metrics.accuracy(labels, answers, groups)
    least = _majority(data, *parts)
    if reached.value <= least:
        raise Wrong(
            f"It is right on {reached.value:.1%}, and always naming the most frequent class on "
            f"{least:.1%}: it has learned nothing that a network could be compared with."
        )
    said = f"A simple model is right on {reached}."
    if _is_given(project, "model"):
        network = _probabilities(data, project, "model", test)
        if np.array_equal(network, answers):
            raise Wrong("`simple` and `model` hold the same probabilities.")
        ahead = metrics.difference(labels, network, answers, groups)
        said += f" The network's accuracy minus that is {ahead:+.1%}."
    return said


def interval(data: Dataset, project: Mapping) -> str:
    """Whether the network was measured on the test slices, with an interval by patient."""
    test = _parts(data, project)[2]
    labels, answers = data.labels[test], _probabilities(data, project, "model", test)
    wanted = "two numbers, the ends of the interval"
    low, high = array(_given(project, "interval"), wanted, (2,))
    ours = metrics.accuracy(labels, answers, _groups(data)[test])
    if high > 1 and 100 * ours.low <= high:
        raise Wrong("Those are percentages: give shares, between 0 and 1.")
    if not low <= ours.value <= high:
        raise Wrong(
            f"The probabilities in `model` are right on {ours.value:.1%} of the test slices, which "
            "is not inside the interval. Work out both from the same slices."
        )
    by_slice = metrics.accuracy(labels, answers, np.arange(len(test)))
    width, right = high - low, ours.high - ours.low
    if width < 0.65 * right:
        why = "Draw patients (groups), with all their slices."
        if abs(width / (by_slice.high - by_slice.low) - 1) < 0.35:
            why = "It counts slices as if each were a patient. " + why
        raise Wrong(f"It is {width:.1%} wide, and by patient it is {right:.1%}. {why}")
    if width > 1.6 * right:
        raise Wrong(f"It is {width:.1%} wide, and by patient it is {right:.1%}: is it one of 95%?")
    return (
        f"The network is right on {ours}, counting {'patients' if data.has_patients else 'groups'}."
    )


def leaks(data: Dataset, project: Mapping) -> str:
    """Whether near-duplicates across groups were found."""
    given = _given(project, "pairs")
    if isinstance(given, pd.DataFrame):
        given = given.get(["first", "second"], given)
    try:
        given = np.asarray(given)
    except ValueError:  # Rows of different lengths.
        given = np.empty(1)
    if given.size == 0:
        given = np.empty((0, 2), int)
    if given.ndim != 2 or given.shape[1] != 2 or given.dtype.kind not in "iu":
        raise Wrong("`pairs` wants two row numbers a pair, such as `[(3, 85), (4, 86)]`, or `[]`.")
    if given.size and not 0 <= given.min() <= given.max() < len(data):
        raise Wrong(f"Rows run from 0 to {len(data) - 1:,}, and `pairs` holds others.")
    there, named = (_joined(data, pairs) for pairs in (_twins(data), given))
    missed = there - named
    if len(missed) > (1 - PAIRS_FOUND) * len(there):
        raise Wrong(
            "The data shows the same picture under different group names, and `pairs` "
            f"{'lacks most' if missed != there else 'has none'} of it: this check counts as "
            "skipped. "
            "Compare every slice with those of all other groups."
        )
    if len(named & there) < PAIRS_TRUE * len(named):
        raise Wrong("Most of the pairs show two different pictures: compare their pixels.")
    if not there:
        return "No two groups share a picture."
    return f"{len(there):,} pairs of groups share pictures; you found {len(named & there):,}."


def shortcuts(data: Dataset, project: Mapping) -> str:
    """Whether a classifier that cannot see the middle was tried, and a telling place was named."""
    test = _parts(data, project)[2]
    blind = _probabilities(data, project, "probe", test)
    place = _given(project, "region")
    height, width = data.images.shape[1:3]
    if np.size(place):
        top, bottom, left, right = array(place, "top, bottom, left and right", (4,)).astype(int)
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise Wrong(f"`region` is no place in a picture of {height} by {width} pixels.")
        share = (bottom - top) * (right - left) / (height * width)
        if share > LARGEST_PLACE:
            raise Wrong(f"`region` is {share:.0%} of the picture: name a smaller place.")
    if _planted(data) == "mark":
        box = planted.box(settings.CASES[data.name], (height, width))
        if not np.size(place) or _overlap(box, (top, bottom, left, right)) < 0.5:
            raise Wrong(
                "Something that is no anatomy gives a class away, and `region` does not name it: "
                "this check counts as skipped. Compare classes with each other, place by place."
            )
    reached = metrics.accuracy(data.labels[test], blind, _groups(data)[test])
    said = f"Without the middle, {reached} is right; "
    if not np.size(place):
        return said + "you name no place that gives a class away."
    cut = data.images[:, top:bottom, left:right].reshape(len(data), bottom - top, right - left, -1)
    cut = cut.mean(axis=-1)
    features = np.concatenate([cut.mean(axis=1), cut.mean(axis=2)], axis=1)
    groups = _groups(data)
    alone = metrics.accuracy(
        data.labels, metrics.cross_validated(features, data.labels, groups), groups
    )
    common = np.bincount(data.labels).max() / len(data)
    if alone.low <= common:
        raise Wrong(
            f"A classifier that sees nothing but your region is right on {alone}, and the most "
            f"frequent class makes up {common:.1%}: it gives nothing away."
        )
    return said + f"your region alone gives {alone}."


def labels(data: Dataset, project: Mapping) -> str:
    """Whether labels were doubted by a classifier that had not seen the slices' patients."""
    everything = np.arange(len(data))
    judged = _probabilities(data, project, "crossed", everything)
    suspects = rows(_given(project, "suspects"), len(data))
    right = metrics.accuracy(data.labels, judged, _groups(data))
    common = np.bincount(data.labels).max() / len(data)
    if right.value <= common:
        raise Wrong(
            f"`crossed` is right on {right.value:.1%}, and the most frequent class makes up "
            f"{common:.1%}: such a classifier can doubt nobody's label."
        )
    if len(suspects) > MOST_SUSPECTS * len(data):
        raise Wrong(
            f"Suspects are {len(suspects) / len(data):.0%} of all slices. Keep those that are "
            "most in doubt: somebody has to look at each."
        )
    if _planted(data) == "swap":
        wrong = np.flatnonzero(planted.swapped(settings.CASES[data.name], data.table))
        found = np.isin(wrong, suspects).mean()
        true = np.isin(suspects, wrong).mean() if len(suspects) else 0
        if found < LABELS_FOUND or true < LABELS_TRUE:
            where = "lacks most of them" if found < LABELS_FOUND else "is mostly others"
            raise Wrong(
                f"A good many labels of this data are wrong, and your list {where}: this check "
                "counts as skipped. Judge each slice by a classifier that never saw its patient, "
                "and take a patient's slices together."
            )
    # Slices of a patient may be suspected together.
    whole = pd.DataFrame(judged).groupby(_groups(data)).transform("mean").to_numpy()
    disputed = (judged.argmax(axis=1) != data.labels) | (whole.argmax(axis=1) != data.labels)
    if len(suspects) and disputed[suspects].mean() < 0.8:
        raise Wrong("By your own `crossed`, most labels of the suspects are right.")
    return f"A classifier that never saw them is right on {right}; suspects: {len(suspects):,}."


def card(data: Dataset, project: Mapping) -> str:
    """Whether every item of the model card is filled in, with the accuracy that was measured."""
    path = _given(project, "card")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, TypeError, ValueError):
        raise Wrong("`card` wants what `exercises.model_card(data, card)` returns.") from None
    said = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        item, _, answer = part.partition("\n")
        said[item.strip()] = answer.replace(f"*{CARD.get(item.strip())}*", "").strip()
    empty = [item for item in CARD if said.get(item, "") in ("", "...", EMPTY)]
    if len(empty) == len(CARD):
        raise Wrong(NOT_TRIED.replace("three dots", "three dots on the card"))
    if empty:
        raise Wrong(f"These are still empty: {', '.join(empty)}.")
    short = [item for item in CARD if len(said[item].split()) < 3]
    if short:
        raise Wrong(f"One or two words tell a stranger too little: {', '.join(short)}.")
    test = _parts(data, project)[2]
    right = 100 * metrics.share_right(
        data.labels[test], _probabilities(data, project, "model", test)
    )
    stated = [float(found) for found in re.findall(r"\d+(?:\.\d+)?", said["Performance"])]
    if not any(min(abs(one - right), abs(100 * one - right)) <= 0.6 for one in stated):
        raise Wrong(f"The network is right on {right:.1f}%, and *Performance* does not say so.")
    return f"All {len(CARD)} items are filled in: `{Path(path).name}`."


LINES: dict[str, Callable[[Dataset, Mapping], str]] = {
    "Leaks checked": leaks,
    "Split by group": split,
    "Majority class": majority,
    "Simple model": simple,
    "Shortcuts checked": shortcuts,
    "Labels checked": labels,
    "Network, with an interval": interval,
    "Model card": card,
}


def _is_given(project: Mapping, key: str) -> bool:
    return project.get(key, ...) is not ...


def _given(project: Mapping, key: str) -> object:
    if not _is_given(project, key):
        raise Wrong(f'Not tried yet: `project["{key}"]` is what this line looks at.')
    return project[key]


def _parts(data: Dataset, project: Mapping) -> list[np.ndarray]:
    """Row numbers of training, validation and test slices, no row twice."""
    given = _given(project, "split")
    if not isinstance(given, tuple | list) or len(given) != 3:
        raise Wrong("`split` wants three arrays of row numbers: training, validation, test.")
    parts = [rows(part, len(data)) for part in given]
    together = np.concatenate(parts)
    if len(np.unique(together)) < len(together):
        raise Wrong("Some slices are in two parts of `split` at once.")
    for name, part in zip(("training", "test"), (parts[0], parts[2]), strict=True):
        if len(np.unique(data.labels[part])) < len(data.class_names):
            raise Wrong(f"The {name} slices of `split` lack a class.")
    if len(together) < 0.8 * len(data):
        raise Wrong(f"`split` leaves out {len(data) - len(together):,} of {len(data):,} slices.")
    return parts


def _probabilities(data: Dataset, project: Mapping, key: str, of: np.ndarray) -> np.ndarray:
    shape = len(of), len(data.class_names)
    wanted = f"probabilities of {shape[0]:,} slices and {shape[1]} classes in `{key}`"
    _, given = intervals.check(data.labels[of], array(_given(project, key), wanted, shape))
    return given


def _majority(data: Dataset, train: np.ndarray, _val: np.ndarray, test: np.ndarray) -> float:
    return float(np.mean(data.labels[test] == np.bincount(data.labels[train]).argmax()))


# Every line needs them, and they take seconds to find: those of the last data set are kept.
@functools.lru_cache(maxsize=1)
def _twins(data: Dataset) -> np.ndarray:
    """Pairs of near-duplicates across groups: int, (pairs, 2)."""
    pairs = duplicates.near_duplicates(data.images)[["first", "second"]].to_numpy(int)
    groups = data.table["group"].to_numpy(str)[pairs]
    return pairs[groups[:, 0] != groups[:, 1]]


def _joined(data: Dataset, pairs: np.ndarray) -> set[tuple[str, str]]:
    """Names of the groups that pairs of slices join, each pair of names once."""
    names = np.sort(data.table["group"].to_numpy(str)[pairs], axis=1)
    return {(one, other) for one, other in names if one != other}


def _groups(data: Dataset) -> np.ndarray:
    """Group of every slice, where groups that share a picture count as one."""
    groups = data.table["group"].to_numpy(str).astype(object)
    for first, second in _twins(data):
        groups[groups == groups[second]] = groups[first]
    return groups


def _planted(data: Dataset) -> str:
    """Which fault is planted in a data set, ``""`` where none is known of."""
    return planted.fault(settings.CASES[data.name]) if data.name in settings.CASES else ""


def _overlap(one: tuple, other: tuple) -> float:
    """Share of the smaller of two places, (top, bottom, left, right), that lies in the other."""
    down = min(one[1], other[1]) - max(one[0], other[0])
    along = min(one[3], other[3]) - max(one[2], other[2])
    sizes = ((bottom - top) * (right - left) for top, bottom, left, right in (one, other))
    return max(down, 0) * max(along, 0) / min(sizes)
