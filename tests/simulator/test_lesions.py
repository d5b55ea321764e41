"""Lesions look as their class does, and push tissue away."""

import numpy as np

from course_utils import simulator
from course_utils.simulator import lesions


def test_lesions_look_as_their_class_does(heads):
    inside = {label: heads[label][0][0][heads[label][1]].astype(float) for label in lesions.RADII}
    brain = heads["meningioma"][0][0, 40:60, 50:70, 70:80].mean()
    assert np.median(inside["meningioma"]) > 1.3 * brain
    assert np.median(inside["pituitary"]) > 1.3 * brain
    spread = {label: values.std() / values.mean() for label, values in inside.items()}
    assert spread["glioma"] > spread["meningioma"]


def test_a_third_of_gliomas_is_low_grade():
    drawn = [lesions.draw("glioma", "easy", np.random.default_rng(seed)) for seed in range(300)]
    assert 0.25 < np.mean([lesion.grade == "low" for lesion in drawn]) < 0.42


def test_low_grade_is_dark_in_t1ce_and_bright_in_flair():
    drawn = (simulator.patient(seed, "glioma", "easy") for seed in range(50))
    person = next(patient for patient in drawn if patient.lesion.grade == "low")
    images, mask, _ = simulator.whole(person)
    t1ce, flair = images[:, mask].mean(axis=1) / 255 / person.scanner.levels["white"]
    assert t1ce < 0.85 and flair > 1.2


def test_a_lesion_pushes_tissue_away_but_not_bone():
    lesion = lesions.draw("glioma", "easy", np.random.default_rng(0))
    away = np.array([[lesion.radius, 0, 0], [lesion.radius, 0, 0], [9 * lesion.radius, 0, 0]])
    place = lesions.Place(away, away, np.array([-20.0, 3.0, -20.0]))
    brain, bone, far = lesions.mass_effect(lesion, place)[:, 0]
    assert brain > 1 and bone == 0 and far < 0.01
