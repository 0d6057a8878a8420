"""What the functions that save or convert any estimator check first."""

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted


def check_fitted_estimator(estimator):
    """Raise TypeError if this is no scikit-learn estimator, and NotFittedError if it is not fitted."""
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"estimator must be a scikit-learn estimator, got {type(estimator).__name__}.")
    check_is_fitted(estimator)
