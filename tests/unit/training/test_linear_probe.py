"""The linear head against scikit-learn, and the partial-label loss against its formula."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from ml.training.calibration import fit_temperature
from ml.training.linear_probe import Regression
from ml.training.losses import partial_label_loss


def test_one_hot_is_cross_entropy(random):
    logits = torch.from_numpy(random.normal(size=(20, 5)))
    kinds = torch.from_numpy(random.integers(0, 5, 20))
    expected = torch.nn.functional.cross_entropy(logits, kinds, reduction="none")
    assert torch.allclose(partial_label_loss(logits, torch.eye(5, dtype=torch.float64)[kinds]), expected)


def test_several_allowed_classes_add_up():
    p = torch.tensor([[0.2, 0.3, 0.5]])
    loss = partial_label_loss(p.log(), torch.tensor([[1.0, 1.0, 0.0]]))
    assert float(loss) == pytest.approx(-np.log(0.5))


def test_a_soft_label_is_met_best_by_its_own_posterior():
    t = torch.tensor([[0.4, 0.6]])
    loss = partial_label_loss(torch.tensor([[0.25, 0.75]]).log(), t)
    assert float(loss) == pytest.approx(-0.4 * np.log(0.25) - 0.6 * np.log(0.75))
    others = [float(partial_label_loss(torch.tensor([[1 - q, q]]).log(), t)) for q in (0.5, 0.59, 0.6, 0.61, 0.9)]
    assert min(others) == others[2]


def test_a_posterior_over_two_sides_of_several_classes():
    targets = torch.tensor([[0.8, 0.8, 0.2, 0.2, 0.2]])
    p = torch.tensor([[0.1, 0.3, 0.3, 0.2, 0.1]], requires_grad=True)
    loss = partial_label_loss(p.log(), targets)
    assert float(loss.detach()) == pytest.approx(-0.8 * np.log(0.4) - 0.2 * np.log(0.6), rel=1e-5)
    best = partial_label_loss(torch.tensor([[0.4, 0.4, 0.1, 0.05, 0.05]]).log(), targets)
    assert float(best) == pytest.approx(-0.8 * np.log(0.8) - 0.2 * np.log(0.2), rel=1e-5)
    (gradient,) = torch.autograd.grad(partial_label_loss(p, torch.tensor([[1.0, 1.0, 0.0, 0.0, 0.0]])).sum(), p)
    assert torch.isfinite(gradient).all()


def test_the_head_is_logistic_regression(random):
    x = random.normal(size=(300, 6)) * [1, 2, 3, 1, 1, 5] + 4
    kinds = (x @ random.normal(size=(6, 3)) + random.normal(size=(300, 3)) * 3).argmax(1)
    weights = random.uniform(0.5, 1.5, 300)
    head = Regression(x, np.eye(3, dtype=np.float32)[kinds], weights).fit(10.0)
    scaled = x / np.sqrt((x.var(0) + x.var(0).mean()) / 2)
    share = weights / weights.mean()
    reference = LogisticRegression(C=0.1, tol=1e-8, max_iter=500).fit(scaled, kinds, sample_weight=share)
    ours = head.logits(x).softmax(1).numpy()
    assert np.abs(ours - reference.predict_proba(scaled)).max() < 5e-3


def test_a_constant_feature_is_harmless(random):
    x = np.c_[random.normal(size=(50, 2)), np.full(50, 7.0)]
    kinds = (x[:, 0] > 0).astype(int)
    head = Regression(x, np.eye(2, dtype=np.float32)[kinds], np.ones(50)).fit(1.0)
    assert torch.isfinite(head.weight).all()
    assert (head.logits(x).argmax(1).numpy() == kinds).mean() > 0.9


def test_features_that_rest_among_few_labels_do_not_drown_the_others_elsewhere(random):
    x = np.c_[random.normal(size=(2030, 1)), random.exponential(1.0, (2030, 300)) * (random.random((2030, 300)) < 0.05)]
    x[:30, 1:] *= 1e-3
    kinds = (x[:, 0] > 0).astype(int)
    head = Regression(x[:30], np.eye(2, dtype=np.float32)[kinds[:30]], np.ones(30)).fit(10.0)
    assert (head.logits(x[30:]).argmax(1).numpy() == kinds[30:]).mean() > 0.75


def test_a_fit_from_a_nearby_start_ends_at_the_same_head(random):
    x, kinds = random.normal(size=(200, 4)), random.integers(0, 2, 200)
    fits = Regression(x, np.eye(2, dtype=np.float32)[kinds], np.ones(200))
    cold, warm = fits.fit(5.0), fits.fit(5.0, start=fits.fit(50.0))
    assert np.allclose(cold.logits(x).softmax(1), warm.logits(x).softmax(1), atol=5e-3)


def test_temperature_undoes_overconfidence(random):
    logits = torch.from_numpy(random.normal(size=(4000, 2))).float()
    kinds = torch.distributions.Categorical(logits=logits).sample().numpy()
    found = fit_temperature(3 * logits, torch.eye(2)[kinds], torch.ones(4000))
    assert found == pytest.approx(3, rel=0.2)
