"""Global settings of Keras and TensorFlow, forked processes, and what a first fit prints."""

import multiprocessing
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import make_small, same_weights, slow

import sk_digits
from sk_digits.augmentation import RandomDeformation


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:300], digits.target_train[:300]


@pytest.fixture
def restored_settings():
    """Restore Keras' settings after the test, which starts and ends without compiled networks."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    sk_digits.clear_compiled()
    yield
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
    sk_digits.clear_compiled()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("floatx", "float16"),
        slow("floatx", "float64"),
        slow("dtype_policy", "mixed_float16"),
        slow("dtype_policy", "mixed_bfloat16"),
        slow("dtype_policy", "float64"),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", slow("float64")])
@pytest.mark.usefixtures("restored_settings")
def test_the_global_precision_of_keras_does_not_matter_and_stays(setting, value, dtype, Xy):
    X, y = Xy[0].astype(dtype), Xy[1]
    params = {"epochs": 2, "batch_norm": True, "dropout": 0.1, "early_stopping": True}
    expected = make_small(**params).fit(X, y)
    sk_digits.clear_compiled()
    getattr(keras.config, f"set_{setting}")(value)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)]
    for clf in (make_small(**params), make_small(callbacks=callbacks, **params)):
        assert same_weights(clf.fit(X, y), expected)
        np.testing.assert_allclose(clf.model_.predict(X, verbose=0), clf.predict_proba(X), atol=1e-5)
    set_to = getattr(keras.config, setting)()
    assert getattr(set_to, "name", set_to) == value


def test_the_scope_of_a_distribution_strategy_is_refused(Xy):
    import tensorflow as tf

    with (
        tf.distribute.OneDeviceStrategy("cpu:0").scope(),
        pytest.raises(RuntimeError, match="OneDeviceStrat"),
    ):
        make_small().fit(*Xy)


# Forks

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def answer_of_a_fork(function):
    """Return what a function returns, or the message of its RuntimeError, in a forked process."""

    def answer(queue):
        try:
            queue.put(function())
        except RuntimeError as error:
            queue.put(str(error))

    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    process = fork.Process(target=answer, args=(queue,))
    process.start()
    result = queue.get(timeout=60)
    process.join()
    return result


@needs_fork
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
@pytest.mark.parametrize(
    "use",
    [
        lambda clf, X, y: make_small().fit(X, y),
        slow(lambda clf, X, y: make_small().partial_fit(X, y, classes=np.arange(10))),
        lambda clf, X, y: clf.model_.predict(X, verbose=0),
        slow(lambda clf, X, y: clf.keras_classifier_.predict(X)),
        slow(lambda clf, X, y: RandomDeformation().preview(X)),
    ],
    ids=["fit", "partial_fit", "model_", "keras_classifier_", "preview"],
)
def test_a_fork_of_a_process_with_tensorflow_is_told_so(use, Xy):
    clf = make_small(epochs=1).fit(*Xy)
    assert clf.model_ is not None
    assert "was forked from one in which TensorFlow had started" in answer_of_a_fork(lambda: use(clf, *Xy))
    np.testing.assert_array_equal(answer_of_a_fork(lambda: clf.predict(Xy[0])), clf.predict(Xy[0]))


FORK_AFTER = """
import os, sys
import numpy as np
from sk_digits import DenseDigitClassifier
{start}
if os.fork() == 0:
    try:
        DenseDigitClassifier((4,), epochs=1).fit(np.eye(4), [0, 1, 0, 1])
        print("fitted", flush=True)
    except RuntimeError as error:
        print("refused" if "forked" in str(error) else error, flush=True)
    os._exit(0)
os.wait()
"""


@needs_fork
@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "answer"),
    [
        ("import tensorflow as tf; tf.zeros(3)", "refused"),
        ("import keras; keras.Sequential([keras.layers.Dense(3)]).build((None, 2))", "refused"),
        (
            "from sk_digits.augmentation import RandomDeformation as R; R().preview(np.zeros((1, 4)))",
            "refused",
        ),
        ("", "fitted"),
    ],
    ids=["tensorflow", "keras", "preview", "nothing"],
)
def test_a_fork_is_refused_whoever_started_tensorflow(start, answer):
    done = subprocess.run(
        [sys.executable, "-c", FORK_AFTER.format(start=start)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.strip() == answer


# Output

FIRST_FIT = """
import numpy as np
from sk_digits import DenseDigitClassifier
clf = DenseDigitClassifier((4,), epochs=2, {params}).fit(np.eye(4, dtype="f"), [0, 1, 0, 1])
clf.predict(np.eye(4))
"""


def first_fit(params="", **environment):
    cleaned = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", FIRST_FIT.format(params=params)],
        env=cleaned | environment,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "params", ["", "early_stopping=False, batch_norm=True, dropout=0.1, dtype='float32'"]
)
def test_a_first_fit_prints_nothing(params):
    done = first_fit(params)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.slow
def test_tensorflows_messages_are_shown_if_its_log_variable_says_so():
    assert first_fit(TF_CPP_MIN_LOG_LEVEL="0").stderr != ""


@pytest.mark.slow
def test_a_first_fit_works_with_standard_error_closed_and_leaves_the_log_variable():
    fit = FIRST_FIT.format(params="")
    code = f"import os; os.close(2)\n{fit}\nprint(os.environ.get('TF_CPP_MIN_LOG_LEVEL'))"
    cleaned = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=cleaned, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.split() == ["None"]
