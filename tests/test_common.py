"""scikit-learn's own checks. The default parameters pass all of them, with no exception declared."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_digits import DenseDigitClassifier
from sk_digits.preprocessing import DigitNormalizer

# Some checks use data that is not scaled.
pytestmark = pytest.mark.filterwarnings("ignore:X is not scaled")

EQUIVALENCE = (
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
)
REASONS = {
    "dropout": "each row has its own dropout mask, so a row given twice differs from a row of weight 2",
    "gaussian_noise": "each row has its own noise, so a row given twice differs from a row of weight 2",
    "early_stopping": "a row given twice can be on both sides of the split, a row of weight 2 cannot",
    "dtype": "equal to the rounding of float32, where the check asks for 1e-7",
}


def declared_failures(estimator):
    """Return the checks that a classifier with these parameters cannot pass, each with the reason."""
    defaults = DenseDigitClassifier()
    reasons = [why for name, why in REASONS.items() if getattr(estimator, name) != getattr(defaults, name)]
    return dict.fromkeys(EQUIVALENCE, "; ".join(reasons)) if reasons else {}


@parametrize_with_checks([DenseDigitClassifier(), DigitNormalizer()])
def test_scikit_learn_check_passes(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        DenseDigitClassifier(early_stopping=True),
        DenseDigitClassifier(
            (64,),
            batch_norm=True,
            weight_averaging=0.5,
            learning_rate_schedule="one_cycle",
            dropout=0.2,
            gaussian_noise=0.1,
            dtype="float32",
            learning_rate=0.01,
            epochs=30,
        ),
    ],
    expected_failed_checks=declared_failures,
)
def test_scikit_learn_check_passes_with_other_parameters(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("name", EQUIVALENCE)
def test_weights_equal_repetitions_with_batch_norm_and_averaged_weights(name):
    clf = DenseDigitClassifier(batch_norm=True, weight_averaging=0.5, learning_rate_schedule="one_cycle")
    getattr(estimator_checks, name)("DenseDigitClassifier", clf)


def test_the_default_classifier_declares_no_failure():
    assert declared_failures(DenseDigitClassifier()) == {}
