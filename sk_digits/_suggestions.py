"""Suggestions for names that a user misspelt."""

import difflib


def did_you_mean(name, known):
    """Return " Did you mean 'epochs'?" for the known name nearest to `name`, or "" if none is near."""
    nearest = difflib.get_close_matches(str(name), known, n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def suggest_value(estimator, message):
    """Return a suggestion for the parameter that scikit-learn's `message` refuses, or "" if none is near."""
    for name, constraints in estimator._parameter_constraints.items():
        if message.startswith(f"The {name!r} parameter"):
            # Only StrOptions, among the constraints of the classifier, has `options`.
            options = set().union(*(getattr(constraint, "options", ()) for constraint in constraints))
            return did_you_mean(getattr(estimator, name), sorted(options))
    return ""
