"""Heads that are fitted: no subject on both sides, calibration, missing labels refused, files that agree with cards."""

import numpy as np
import pytest

from vaidya.acoustic.fit import Example, fit, folds_of, out_of_fold, with_fixed_label
from vaidya.acoustic.head import LinearHead, load_head, save_head, sigmoid
from vaidya.errors import ConfigError, DataError, WeightsHashError


def people(n=40, dimension=6, shift=2.0, seed=0):
    """Two labels that differ by `shift` in one number; every person also has a mark of his own in another."""
    rng = np.random.default_rng(seed)
    found = []
    for person in range(n):
        label = "cough" if person % 2 else "breath"
        vectors = rng.standard_normal((3, dimension))
        vectors[:, 0] += shift * (label == "cough")
        vectors[:, 1] += 5 * rng.standard_normal()
        found.append(Example(vectors, label, f"person-{person // 2 * 2 + person % 2}"))
    return found


def test_no_subject_is_on_both_sides():
    examples = [Example(np.zeros((1, 2)), "cough" if i % 3 else "breath", f"p{i % 12}") for i in range(60)]
    for train, test in folds_of(examples, 5, seed=1):
        assert not {examples[i].subject for i in train} & {examples[i].subject for i in test}


@pytest.mark.parametrize("broken", [Example(np.zeros((1, 2)), "", "p"), Example(np.zeros((1, 2)), "cough", "")])
def test_a_missing_label_or_subject_is_refused(broken):
    with pytest.raises(DataError, match="not a clip of nothing"):
        folds_of([*people(), broken], 5, seed=0)


def test_too_few_subjects_are_refused():
    with pytest.raises(DataError, match="2 subjects"):
        folds_of([Example(np.zeros((1, 2)), "cough", f"p{i % 2}") for i in range(10)], 5, seed=0)


def test_what_can_be_learnt_is_learnt_and_noise_is_not():
    def accuracy(shift):
        examples = people(shift=shift)
        found = out_of_fold(examples, ("breath", "cough"), seed=0)
        right = [("breath", "cough")[p.mean(axis=0).argmax()] == e.label for p, e in zip(found, examples, strict=True)]
        return np.mean(right)

    assert accuracy(3.0) > 0.9
    assert 0.2 < accuracy(0.0) < 0.8


def test_held_out_probabilities_are_calibrated():
    examples = people(n=200, shift=1.0)
    said = np.concatenate([p[:, 1] for p in out_of_fold(examples, ("breath", "cough"), seed=0)])
    true = np.repeat([e.label == "cough" for e in examples], 3)
    for low, high in ((0.0, 0.35), (0.35, 0.65), (0.65, 1.0)):
        inside = (said >= low) & (said < high)
        assert abs(said[inside].mean() - true[inside].mean()) < 0.12


def test_variants_are_fitted_on_but_never_judged():
    examples = [Example(e.vectors, e.label, e.subject, (e.vectors + 0.1,)) for e in people()]
    assert [len(p) for p in out_of_fold(examples, ("breath", "cough"), seed=0)] == [3] * len(examples)


def test_a_fixed_label_reads_one_number_of_the_vector():
    head = with_fixed_label(fit(people(), ("breath", "cough"), seed=0).head, "snore", 4)
    vectors = np.random.default_rng(0).standard_normal((5, 6))
    np.testing.assert_allclose(head.probabilities(vectors)[:, 2], sigmoid(vectors[:, 4]))


def test_sigmoid_does_not_overflow():
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]


@pytest.fixture
def saved(tmp_path, earned_card):
    head = LinearHead(("ill",), np.arange(4.0), np.ones(4), np.array([[1.0, -1.0, 0.5, 0.0]]), np.array([0.2]))
    facts = earned_card.model_dump(exclude={"labels", "sha256"})
    return head, save_head(head, facts, tmp_path)


def test_a_saved_head_comes_back_the_same(saved):
    head, path = saved
    again, card = load_head(str(path), "spectral", 4)
    vectors = np.random.default_rng(0).standard_normal((3, 4))
    np.testing.assert_allclose(again.probabilities(vectors), head.probabilities(vectors), atol=1e-6)
    assert card.labels == ("ill",)


def test_tensors_that_are_not_the_cards_are_refused(saved):
    _, path = saved
    tensors = path.with_suffix(".safetensors")
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"\x01")
    with pytest.raises(WeightsHashError):
        load_head(str(path), "spectral", 4)


@pytest.mark.parametrize(("encoder", "dimension"), [("yamnet", 4), ("spectral", 5)])
def test_a_head_of_another_encoder_is_refused(saved, encoder, dimension):
    with pytest.raises(ConfigError):
        load_head(str(saved[1]), encoder, dimension)


def test_an_unknown_head_is_refused():
    with pytest.raises(ConfigError, match="no head"):
        load_head("nothing", "spectral", 4)
