"""Fit random parameters on random data, and pass bad input: the properties in ``tests/test_properties.py``.

``python fuzz_estimator.py --factor 100``

Each fit ends in probabilities that sum to one or in a documented error, without warnings and without
changing its input; each bad input ends in a documented error and leaves the classifier as it was. Requires
hypothesis and pytest.
"""

import argparse
import os
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[2] / "tests"
PROPERTIES = {
    "test_any_fit_ends_in_probabilities_or_in_a_documented_error": 5,
    "test_a_bad_parameter_is_a_documented_error_or_harmless": 50,
    "test_bad_input_is_a_documented_error_and_leaves_the_classifier_as_it_was": 50,
}


def main():
    """Parse the options and run all properties; a fault raises."""
    parser = argparse.ArgumentParser(
        description="Test the estimator with random parameters, data and faults."
    )
    parser.add_argument("--factor", type=int, default=100, help="times the number of examples of the tests")
    factor = parser.parse_args().factor
    os.environ["SK_DIGITS_FUZZ_FACTOR"] = str(factor)  # read when the tests are imported
    sys.path.insert(0, str(TESTS))
    import test_properties

    for name, n_examples in PROPERTIES.items():
        started = time.perf_counter()
        getattr(test_properties, name)()
        print(
            f"{name}: {factor * n_examples:,} examples in {time.perf_counter() - started:.0f} s", flush=True
        )


if __name__ == "__main__":
    main()
