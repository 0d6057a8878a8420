"""Validation scores: what early stopping measures, and scores without stopping."""

import pickle
import warnings

import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from scipy import sparse
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, log_loss, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:400], digits.target_train[:400]


def own_score(estimator, X, y):
    """A scorer that pickles, which checks what it is given."""
    assert set(y) <= set(estimator.classes_)
    np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    return estimator.score(X, y)


@pytest.mark.parametrize(
    "scoring",
    ["loss", "balanced_accuracy", slow("roc_auc_ovr"), slow("neg_log_loss"), own_score],
    ids=lambda scoring: getattr(scoring, "__name__", scoring),
)
def test_early_stopping_keeps_the_epoch_with_the_best_score(scoring, Xy):
    clf = make_small(early_stopping=True, scoring=scoring, epochs=8).fit(*Xy)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert clf.validation_scores_[clf.best_epoch_ - 1] == clf.best_validation_score_
    assert ("val_score" in clf.history_) == (scoring != "loss")
    assert clone(clf).scoring is scoring
    assert pickle.loads(pickle.dumps(clf)).scoring == scoring


def test_the_default_score_is_the_accuracy(Xy):
    default = make_small(early_stopping=True, epochs=5).fit(*Xy)
    named = make_small(early_stopping=True, epochs=5, scoring="accuracy").fit(*Xy)
    assert default.validation_scores_ == pytest.approx(named.validation_scores_)
    assert same_weights(default, named)


def agreement(y_true, y_pred):
    """A metric without sample weights."""
    return np.mean(y_true == y_pred)


@pytest.mark.parametrize("scoring", ["adjusted_rand_score", make_scorer(agreement)], ids=["name", "own"])
def test_weights_are_passed_only_to_metrics_that_take_them(scoring, Xy):
    clf = make_small(early_stopping=True, scoring=scoring, class_weight="balanced", epochs=2).fit(*Xy)
    assert len(clf.validation_scores_) == 2


@pytest.mark.parametrize("score", [np.array(0.5), np.float32(0.5), 1], ids=["array", "float32", "int"])
def test_a_score_may_be_any_number(score, Xy):
    clf = make_small(early_stopping=True, scoring=lambda estimator, X, y: score, epochs=1).fit(*Xy)
    assert clf.validation_scores_ == [float(score)]


def test_a_scorer_sees_nothing_of_an_earlier_fit(Xy):
    seen = []

    def look(estimator, X, y):
        seen.append({name for name in vars(estimator) if name.endswith("_")} | {hasattr(estimator, "model_")})
        return 0.5

    clf = make_small(early_stopping=True, scoring=look, epochs=1).fit(*Xy)
    assert clf.model_ is not None
    clf.fit(*Xy)
    expected = {"classes_", "n_features_in_", "image_shape_", "coefs_", "intercepts_", False}
    assert seen == [expected, expected]


@pytest.mark.parametrize("second", ["neg_log_loss", own_score], ids=["name", "own"])
def test_a_warm_start_does_not_mix_the_scores_of_two_scorers(second, Xy):
    clf = make_small(early_stopping=True, scoring="f1_macro", warm_start=True, epochs=2).fit(*Xy)
    clf.set_params(scoring=second).fit(*Xy)
    assert np.isnan(clf.validation_scores_).tolist() == [True, True, False, False]
    clf = pickle.loads(pickle.dumps(clf)).fit(*Xy)
    assert np.isnan(clf.validation_scores_).tolist() == [True, True, *[False] * 4]
    clf.set_params(scoring=None).fit(*Xy)
    assert np.isfinite(clf.validation_scores_).all()
    clf.set_params(scoring=second).fit(*Xy)
    assert np.isnan(clf.validation_scores_).tolist() == [True, True, *[False] * 4, True, True, False, False]


@pytest.mark.parametrize("scoring", [None, "loss", "f1_macro"])
def test_early_stopping_ends_if_the_validation_loss_overflows(scoring, Xy):
    X, y = Xy
    X_val = np.full((20, X.shape[1]), 3e38, np.float32)
    clf = make_small(early_stopping=True, scoring=scoring, epochs=3).fit(X, y, X_val=X_val, y_val=y[:20])
    assert clf.best_epoch_ == 1


def test_scoring_can_be_searched_over_in_a_pipeline(Xy):
    pipeline = make_pipeline(MinMaxScaler(), make_small(early_stopping=True, epochs=2))
    grid = {"densedigitclassifier__scoring": ["f1_macro", "loss"]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(*Xy)
    assert len(search.best_estimator_[-1].validation_scores_) == 2


@pytest.mark.parametrize("form", ["text labels", "images", "sparse", "float64", "weights", "averaging"])
def test_a_scorer_sees_the_user_s_labels_and_the_weights_of_the_epoch(form, digits):
    X, y, X_val, y_val = (
        *(array[:300] for array in (digits.data_train, digits.target_train)),
        *(array[:100] for array in (digits.data_test, digits.target_test)),
    )
    params, weights = {}, None
    if form == "text labels":
        y, y_val = y.astype(str), y_val.astype(str)
    elif form == "images":
        X, X_val = X.reshape(-1, 8, 8), X_val.reshape(-1, 8, 8)
    elif form == "sparse":
        X, X_val = sparse.csr_matrix(X), sparse.csr_matrix(X_val)
    elif form == "float64":
        X, X_val = X.astype(np.float64), X_val.astype(np.float64)
    elif form == "averaging":
        params = {"weight_averaging": 0.5}
    elif form == "weights":
        weights = np.linspace(0.1, 2, 100)
    clf = make_small(scoring="balanced_accuracy", epochs=4, **params)
    clf.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weights)
    expected = balanced_accuracy_score(y_val, clf.predict(X_val), sample_weight=weights)
    assert clf.validation_scores_[-1] == pytest.approx(expected)
    assert clf.best_epoch_ is None


def test_the_loss_as_a_score_is_negative(digits):
    X_val, y_val = digits.data_test, digits.target_test
    clf = make_small(scoring="loss", epochs=2)
    clf.fit(digits.data_train, digits.target_train, X_val=X_val, y_val=y_val)
    assert clf.validation_scores_[-1] == pytest.approx(-log_loss(y_val, clf.predict_proba(X_val)), rel=1e-4)


def test_scores_are_recorded_without_stopping(Xy):
    clf = make_small(early_stopping=True, n_iter_no_change=None, epochs=6).fit(*Xy)
    assert clf.n_iter_ == len(clf.validation_scores_) == 6
    assert clf.best_epoch_ is None
    assert clf.best_validation_score_ is None


def test_scoring_is_unused_without_a_validation_set(Xy):
    def fails(estimator, X, y):
        raise AssertionError

    assert make_small(scoring=fails, epochs=1).fit(*Xy).validation_scores_ is None


def test_a_score_that_is_not_finite_is_refused(Xy):
    with pytest.raises(ValueError, match="scoring must return a finite number, got nan"):
        make_small(scoring=lambda estimator, X, y: np.nan, early_stopping=True).fit(*Xy)


def test_an_unknown_scorer_suggests_the_nearest(Xy):
    with pytest.raises(ValueError, match=r"'scoring' parameter.*Did you mean 'balanced_accuracy'"):
        make_small(scoring="ballanced_accuracy").fit(*Xy)


def test_feature_names_do_not_warn_in_a_scorer(Xy):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(Xy[0], columns=[f"pixel{i}" for i in range(64)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_small(scoring="f1_macro", early_stopping=True, epochs=1).fit(X, Xy[1])


# The L2 penalty


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 150)], ids=["equal", "weighted"])
def test_alpha_has_the_arithmetic_of_mlp_classifier(weights):
    from sklearn.datasets import load_iris
    from sklearn.neural_network import MLPClassifier
    from sklearn.utils.validation import has_fit_parameter

    if weights is not None and not has_fit_parameter(MLPClassifier(), "sample_weight"):
        pytest.skip("this MLPClassifier has no sample_weight")
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    kwargs = {} if weights is None else {"sample_weight": weights}
    common = {
        "hidden_layer_sizes": (8,),
        "alpha": 0.5,
        "batch_size": 150,
        "warm_start": True,
        "random_state": 0,
    }
    ours = DenseDigitClassifier(
        optimizer="sgd",
        learning_rate=0.125,
        learning_rate_schedule="constant",
        label_smoothing=0,
        epochs=1,
        **common,
    ).fit(X, y, **kwargs)
    theirs = MLPClassifier(solver="sgd", learning_rate_init=0.125, momentum=0, max_iter=1, **common)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has not converged
        theirs.fit(X, y, **kwargs)
        theirs.coefs_ = [coef.copy() for coef in ours.coefs_]
        theirs.intercepts_ = [intercept.copy() for intercept in ours.intercepts_]
        for _ in range(20):
            ours.fit(X, y, **kwargs)
            theirs.fit(X, y, **kwargs)
    assert ours.loss_ == pytest.approx(theirs.loss_, abs=1e-9)
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


@pytest.mark.parametrize("params", [{}, slow({"batch_norm": True, "dropout": 0.1})], ids=str)
def test_alpha_makes_the_weights_smaller(params, Xy):
    sizes = {
        alpha: np.linalg.norm(make_small(alpha=alpha, epochs=10, **params).fit(*Xy)._state.weights[0])
        for alpha in (0.0, 1.0)
    }
    assert sizes[1.0] < 0.9 * sizes[0.0]


@pytest.mark.parametrize("batch_norm", [False, slow(True)])
def test_a_row_of_weight_2_equals_two_rows_with_alpha(batch_norm, Xy):
    X, y = Xy[0].astype(float), Xy[1]
    clf = make_small(alpha=0.5, batch_size=600, epochs=4, optimizer="sgd", batch_norm=batch_norm)
    weighted = clone(clf).fit(X, y, sample_weight=np.where(np.arange(400) < 100, 2.0, 1.0))
    repeated = clone(clf).fit(np.concatenate([X, X[:100]]), np.concatenate([y, y[:100]]))
    assert weighted.loss_ == pytest.approx(repeated.loss_, abs=1e-9)
    for a, b in zip(weighted.coefs_, repeated.coefs_, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


@pytest.mark.slow
def test_alpha_shrinks_weights_in_virtual_adversarial_training(Xy):
    def size(alpha):
        clf = make_small(alpha=alpha, virtual_adversarial=0.5, epochs=6).fit(*Xy)
        return np.linalg.norm(clf.coefs_[0])

    assert size(2.0) < 0.95 * size(0.0)
