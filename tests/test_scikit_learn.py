"""The classifier inside scikit-learn's tools: pipelines, searches, calibration, ensembles, copies."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from conftest import make_small
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, classification_report, get_scorer, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    LeaveOneOut,
    RandomizedSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

GRID = {"classifier__hidden_layer_sizes": [(8,), (32,)], "classifier__learning_rate": [0.0001, 0.005]}


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train, digits.target_train


def accuracy(estimator, digits):
    return (estimator.predict(digits.data_test) == digits.target_test).mean()


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler()])
def test_pipeline_with_a_scaler(scaler, Xy, digits):
    assert make_pipeline(scaler, make_small()).fit(*Xy).score(digits.data_test, digits.target_test) > 0.93


@pytest.mark.parametrize(
    "search",
    [
        GridSearchCV(Pipeline([("scaler", MinMaxScaler()), ("classifier", make_small())]), GRID, cv=3),
        RandomizedSearchCV(
            Pipeline([("scaler", MinMaxScaler()), ("classifier", make_small())]), GRID, n_iter=4, cv=3
        ),
        pytest.param(
            HalvingGridSearchCV(
                Pipeline([("scaler", MinMaxScaler()), ("classifier", make_small())]),
                GRID,
                cv=3,
                random_state=0,
            ),
            marks=pytest.mark.slow,
        ),
    ],
    ids=lambda search: type(search).__name__,
)
def test_searches_find_the_better_parameters(search, Xy, digits):
    search.fit(*Xy)
    assert search.best_params_ == {
        "classifier__hidden_layer_sizes": (32,),
        "classifier__learning_rate": 0.005,
    }
    assert accuracy(search, digits) > 0.93


def test_folds_are_stratified_even_if_labels_are_sorted(Xy):
    X, y = Xy
    order = np.argsort(y)
    assert is_classifier(make_small())
    assert isinstance(check_cv(3, y, classifier=is_classifier(make_small())), StratifiedKFold)
    assert cross_val_score(make_small(), X[order], y[order], cv=3).min() > 0.9


def test_cross_validate_with_several_metrics(Xy):
    scores = cross_validate(make_small(), *Xy, cv=3, scoring=["accuracy", "neg_log_loss", "roc_auc_ovr"])
    assert scores["test_accuracy"].mean() > 0.93
    assert scores["test_neg_log_loss"].mean() > -0.3
    assert scores["test_roc_auc_ovr"].mean() > 0.99


@pytest.mark.slow
def test_leave_one_out(Xy):
    X, y = (array[Xy[1] < 2][:40] for array in Xy)
    probabilities = cross_val_predict(make_small(), X, y, cv=LeaveOneOut(), method="predict_proba")
    assert probabilities.shape == (40, 2)
    assert (probabilities.argmax(axis=1) == y).mean() > 0.95


@pytest.mark.parametrize("method", ["sigmoid", "isotonic", "temperature"])
# After "temperature", scikit-learn checks the sums of float32 probabilities with the tolerance of float64.
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one:UserWarning")
def test_calibration(method, Xy, digits):
    import sklearn

    if method == "temperature" and sklearn.__version__ < "1.8":
        pytest.skip("scikit-learn calibrates by temperature from 1.8 on")
    calibrated = CalibratedClassifierCV(make_small(), method=method, cv=3).fit(*Xy)
    assert log_loss(digits.target_test, calibrated.predict_proba(digits.data_test)) < 0.5
    assert accuracy(calibrated, digits) > 0.93


@pytest.mark.parametrize(
    "ensemble",
    [
        VotingClassifier([("a", make_small()), ("b", make_small(random_state=1))], voting="soft"),
        StackingClassifier([("net", make_small())], final_estimator=LogisticRegression(), cv=3),
        BaggingClassifier(make_small(), n_estimators=5, random_state=0),
        AdaBoostClassifier(make_small(), n_estimators=3, random_state=0),
        OneVsRestClassifier(make_small()),
    ],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_ensembles(ensemble, Xy, digits):
    assert accuracy(ensemble.fit(*Xy), digits) > 0.93


def test_permutation_importance():
    X = np.random.RandomState(0).normal(size=(400, 6)).astype(np.float32)
    y = X[:, 0] + X[:, 1] > 0
    importance = permutation_importance(make_small().fit(X, y), X, y, random_state=0).importances_mean
    assert importance[:2].min() > 10 * abs(importance[2:]).max()


@pytest.mark.slow
def test_accuracy_rises_along_the_learning_curve(Xy):
    _, _, scores = learning_curve(make_small(), *Xy, train_sizes=[100, 300, 900], cv=3)
    means = scores.mean(axis=1)
    assert means[0] < means[1] < means[2]


def test_a_frozen_classifier_is_not_refitted(small, digits):
    frozen = FrozenEstimator(small)
    frozen.fit(digits.data_train[:20], digits.target_train[:20])
    np.testing.assert_array_equal(frozen.predict(digits.data_test), small.predict(digits.data_test))
    calibrated = CalibratedClassifierCV(frozen).fit(digits.data_train, digits.target_train)
    assert accuracy(calibrated, digits) > 0.93


def test_sample_weight_is_routed_through_a_pipeline(Xy):
    X, y = Xy
    only_even = np.where(y % 2 == 0, 1.0, 0.0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(MinMaxScaler(), make_small().set_fit_request(sample_weight=True))
        scorer = get_scorer("accuracy").set_score_request(sample_weight=True)
        pipeline.fit(X, y, sample_weight=only_even)
        params = {"sample_weight": only_even}
        scores = cross_validate(pipeline, X, y, cv=3, scoring=scorer, params=params)["test_score"]
    assert set(pipeline.predict(X) % 2) == {0}
    assert scores.min() > 0.93
    assert pipeline.score(X, y) < 0.6


def test_classification_report_and_confusion_matrix(small, digits):
    report = classification_report(digits.target_test, small.predict(digits.data_test), output_dict=True)
    assert report["macro avg"]["f1-score"] > 0.93
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    display = ConfusionMatrixDisplay.from_estimator(small, digits.data_test, digits.target_test, ax=axes)
    assert np.trace(display.confusion_matrix) / display.confusion_matrix.sum() == report["accuracy"]


def by_joblib(classifier, folder):
    joblib.dump(classifier, folder / "classifier.joblib")
    return joblib.load(folder / "classifier.joblib")


@pytest.mark.parametrize(
    "copied",
    [
        lambda classifier, _: copy.deepcopy(classifier),
        lambda classifier, _: pickle.loads(pickle.dumps(classifier)),
        by_joblib,
    ],
    ids=["deepcopy", "pickle", "joblib"],
)
def test_a_copy_predicts_the_same_bits(copied, small, digits, tmp_path):
    assert small.model_ is small.model_  # the copy is made while a Keras model is cached
    expected = small.predict_proba(digits.data_test)
    np.testing.assert_array_equal(copied(small, tmp_path).predict_proba(digits.data_test), expected)


def test_clone_is_unfitted_with_the_same_parameters(small):
    cloned = clone(small)
    assert not hasattr(cloned, "coefs_")
    assert not hasattr(cloned, "model_")
    assert cloned.get_params() == small.get_params()
