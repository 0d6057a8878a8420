"""Training within a process and across processes: compiled networks, buffers, threads, forks, memory."""

import gc
import multiprocessing
import os
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from conftest import make_small, same_weights
from sklearn.model_selection import GridSearchCV, cross_val_score

import sk_digits
from sk_digits._engine import _buffers, _store, _trainer


@pytest.fixture(scope="module")
def Xy(digits):
    return digits.data_train[:500], digits.target_train[:500]


@pytest.mark.slow
def test_fits_in_parallel_threads_give_the_same_bits_as_in_one_thread(Xy):
    params = [{"random_state": seed, "hidden_layer_sizes": (16 + 8 * (seed % 2),)} for seed in range(8)]

    def fit(params):
        return make_small(epochs=4, dropout=0.1, **params).fit(*Xy)

    with ThreadPoolExecutor(4) as pool:
        in_threads = list(pool.map(fit, params))
    assert all(same_weights(clf, fit(p)) for clf, p in zip(in_threads, params, strict=True))


def new_model(is_modified=False):
    return SimpleNamespace(is_modified=is_modified)


def test_the_store_is_bounded_and_drops_the_least_recently_used():
    store = _store.ModelStore(size=2)
    built = []

    def use(key):
        with store.borrow(key, lambda: built.append(key) or new_model()):
            pass

    for key in "ababcab":
        use(key)
    assert built == list("abcab")
    store.clear()
    use("b")
    assert built[-1] == "b"
    assert len(built) == 6


def test_clear_compiled_frees_compiled_networks_their_graphs_and_buffers(Xy):
    make_small(epochs=1).fit(*Xy)
    assert len(_trainer._models)
    assert traced_epochs()
    sk_digits.clear_compiled()
    assert not len(_trainer._models)
    assert not traced_epochs()
    assert not _buffers._spare


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux' count of resident pages")
def test_a_search_over_150_sizes_grows_the_process_by_300_mb_at_most():
    code = """
from pathlib import Path
from resource import getpagesize
from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize() / 1e6

X, y = load_digits(return_X_y=True)
DenseDigitClassifier((9,), epochs=1, random_state=0).fit(X, y)
before = resident()
for size in range(10, 160):
    DenseDigitClassifier((size,), epochs=1, random_state=0).fit(X, y)
print(resident() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert float(done.stdout) <= 300


def traced_epochs():
    """Return TensorFlow's graphs of compiled epochs that something still refers to."""
    gc.collect()
    return [
        thing
        for thing in gc.get_objects()
        if type(thing).__name__ == "FuncGraph" and thing.name in ("run_steps", "imported")
    ]


def test_a_buffer_is_reused_by_the_next_fit_of_similar_size():
    def memory_of(n_rows):
        with _buffers.borrow_buffer((n_rows, 100), np.float32) as memory:
            return memory.ctypes.data, memory.shape

    first, shape = memory_of(5000)
    assert shape == (8192, 100)
    assert memory_of(6000) == (first, shape)
    with (
        _buffers.borrow_buffer((6000, 100), np.float32) as one,
        _buffers.borrow_buffer((6000, 100), np.float32) as two,
    ):
        assert not np.shares_memory(one, two)
    assert len(_buffers._spare) == 1
    memory_of(300)
    assert len(_buffers._spare[0]) < 10**6
    with _buffers.borrow_buffer((100_000, 1000), np.float32):
        pass
    assert not _buffers._spare, "too large to keep"


def test_concurrent_fits_do_not_share_a_model():
    store = _store.ModelStore(size=4)
    with store.borrow("key", new_model) as first, store.borrow("key", new_model) as second:
        assert first is not second
    with store.borrow("key", new_model) as again:
        assert again is first or again is second


def test_a_model_that_failed_is_not_reused():
    store = _store.ModelStore(size=4)
    with pytest.raises(RuntimeError), store.borrow("key", new_model) as broken:
        raise RuntimeError
    with store.borrow("key", new_model) as fresh:
        assert fresh is not broken


def test_a_model_that_callbacks_modified_is_not_reused():
    store = _store.ModelStore(size=4)
    with store.borrow("key", new_model) as modified:
        modified.is_modified = True
    assert len(store) == 0


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_a_search_in_parallel_gives_the_same_scores(backend, digits):
    X, y = digits.data_train, digits.target_train
    grid = {"learning_rate": [0.001, 0.005]}
    with joblib.parallel_config(backend):
        parallel = GridSearchCV(make_small(), grid, cv=3, n_jobs=2).fit(X, y)
    alone = GridSearchCV(make_small(), grid, cv=3).fit(X, y)
    np.testing.assert_allclose(
        parallel.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"], atol=0.01
    )


def threads_in_a_worker(X, y):
    import tensorflow as tf

    make_small(epochs=1).fit(X, y)
    return tf.config.threading.get_intra_op_parallelism_threads()


@pytest.mark.slow
def test_a_joblib_worker_uses_only_the_threads_it_was_given(Xy):
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        threads = joblib.Parallel(n_jobs=2)(joblib.delayed(threads_in_a_worker)(*Xy) for _ in range(2))
    assert threads == [1, 1]


@pytest.mark.slow
def test_a_thread_setting_of_the_user_is_kept():
    code = (
        "import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(2)\n"
        "import numpy as np; from sk_digits import DenseDigitClassifier\n"
        "DenseDigitClassifier((4,), epochs=1).fit(np.eye(4), [0, 1, 0, 1])\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "2"


@pytest.mark.slow
def test_a_dask_worker_trains_and_uses_only_the_threads_it_was_given(digits, Xy):
    distributed = pytest.importorskip("distributed")
    grid = {"learning_rate": [0.001, 0.005]}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        joblib.parallel_config("dask"),
    ):
        search = GridSearchCV(make_small(), grid, cv=3).fit(digits.data_train, digits.target_train)
        threads = client.submit(threads_in_a_worker, *Xy).result()
    assert search.best_params_ == {"learning_rate": 0.005}
    assert threads == 1


def fit_in_a_fork(queue, X, y):
    try:
        make_small(epochs=1).fit(X, y)
    except RuntimeError as error:
        queue.put(str(error))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
# Python 3.12 and later warn of exactly what is tested here.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_process_can_predict_but_raises_on_fit(small, Xy):
    make_small(epochs=1).fit(*Xy)
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    process = fork.Process(target=fit_in_a_fork, args=(queue, *Xy))
    process.start()
    assert "forked" in queue.get(timeout=60)
    process.join()
    with fork.Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(small.predict, (Xy[0],)), small.predict(Xy[0]))


@pytest.mark.slow
def test_another_keras_backend_raises_and_the_error_names_the_setting():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import keras.backend as b; b.backend = lambda: 'jax'; import sk_digits._engine._trainer",
        ],
        capture_output=True,
        text=True,
    )
    assert "KERAS_BACKEND=tensorflow" in done.stderr.splitlines()[-1]


MEMORY = """
import gc
from conftest import make_small, load_digits
X, y = load_digits(return_X_y=True)
def resident():
    gc.collect()
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024
for i in range(220):
    make_small(epochs=2, random_state=i, learning_rate=0.001 + i * 1e-5).fit(X[: 1100 + i], y[: 1100 + i])
    if i == 19:
        before = resident()
print(resident() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_two_hundred_fits_leave_less_than_20_megabytes_behind():
    done = subprocess.run(
        [sys.executable, "-c", MEMORY],
        cwd=os.path.dirname(__file__),
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 20


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "dtype", "megabytes"),
    [
        ("float64", "float32", 20),
        ("float32", "auto", 20),
        ("uint8", "auto", 5),
    ],
)
def test_a_fit_holds_one_converted_copy_of_the_data(given, dtype, megabytes):
    X = np.random.RandomState(0).randint(0, 2, (20480, 256)).astype(given)
    y = np.arange(20480) % 10
    clf = make_small(epochs=1, dtype=dtype, hidden_layer_sizes=(4,))
    clf.fit(X[:300], y[:300])
    sk_digits.clear_compiled()
    tracemalloc.start()
    clf.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    assert megabytes < peak < megabytes + 6


@pytest.mark.slow
def test_cross_validation_in_loky_workers_gives_the_same_scores(digits):
    scores = joblib.Parallel(n_jobs=2)(
        joblib.delayed(cross_val_score)(make_small(), digits.data_train, digits.target_train, cv=3)
        for _ in range(2)
    )
    np.testing.assert_array_equal(*scores)
