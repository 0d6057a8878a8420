"""One fitted classifier in many threads and processes: always the same answers."""

import io
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from conftest import make_picture, make_small, same_weights
from servers import free_port

from sk_digits import export

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@pytest.fixture(scope="module")
def expected(small, digits):
    return small.predict_proba(digits.data_test)


def test_sixteen_threads_get_the_same_answers(small, digits, expected):
    def predict(seed):
        rows = np.random.RandomState(seed).permutation(len(expected))[: 1 + 20 * seed]
        return np.allclose(small.predict_proba(digits.data_test[rows]), expected[rows], atol=1e-6)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(predict, list(range(16)) * 20))


@pytest.mark.slow
def test_a_fit_in_one_thread_does_not_disturb_predictions_and_fits_in_others(small, digits, expected):
    X, y = digits.data_train, digits.target_train
    alone = make_small(epochs=3, hidden_layer_sizes=(16,)).fit(X, y)
    stop, wrong = threading.Event(), []

    def predict_until_stopped():
        while not stop.is_set():
            if not np.array_equal(small.predict_proba(digits.data_test), expected):
                wrong.append("prediction")

    predicting = threading.Thread(target=predict_until_stopped)
    predicting.start()
    try:
        with ThreadPoolExecutor(2) as pool:
            fits = [
                pool.submit(lambda: make_small(epochs=3, hidden_layer_sizes=(16,)).fit(X, y))
                for _ in range(4)
            ]
            wrong += ["fit" for fit in fits if not same_weights(fit.result(), alone)]
    finally:
        stop.set()
        predicting.join()
    assert wrong == []


@needs_fork
@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_forked_process_gets_the_same_answers(small, digits, expected):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.map(small.predict_proba, [digits.data_test] * 4):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_workers_of_loky_get_the_same_answers(small, digits, expected):
    parts = np.array_split(np.arange(len(expected)), 4)
    found = joblib.Parallel(n_jobs=2)(
        joblib.delayed(small.predict_proba)(digits.data_test[rows]) for rows in parts
    )
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)


APPLICATION = """
import json
import numpy as np
from sk_digits import export

classifier = export.load("digits.skops")  # before the workers are forked


def application(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    X = np.frombuffer(body, np.float32).reshape(-1, 64)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(classifier.predict(X).tolist()).encode()]
"""


@pytest.fixture
def serve(tmp_path):
    """Return a function that serves an application by gunicorn, and returns its address."""
    pytest.importorskip("gunicorn")
    servers = []

    def start(application, request):
        (tmp_path / "serve.py").write_text(application)
        address = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "gunicorn", "serve:application", "--preload", "--workers", "2"]
        command += ["--threads", "4", "--bind", address]
        servers.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL))
        for _ in range(200):
            try:
                post(f"http://{address}", request)
                return f"http://{address}"
            except urllib.error.URLError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    yield start
    for server in servers:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def post(address, data):
    """Return the answer to a request."""
    with urllib.request.urlopen(address, data=data, timeout=20) as response:
        return response.read().decode()


@pytest.mark.slow
@needs_fork
def test_gunicorn_serves_a_preloaded_classifier(small, digits, tmp_path, serve):
    export.save(small, tmp_path / "digits.skops")
    X = digits.data_test[:50].astype(np.float32)
    address = serve(APPLICATION, X.tobytes())
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: post(address, X.tobytes()), range(60)))
    assert answers == {str(small.predict(X).tolist())}


@pytest.mark.slow
@needs_fork
def test_the_service_of_the_guide_reads_pictures_and_refuses_others(serve):
    page = (Path(__file__).parents[1] / "docs" / "serving.md").read_text()
    (application,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    picture = io.BytesIO()
    make_picture([2, 0, 4, 7]).save(picture, "png")
    address = serve(application, picture.getvalue())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: json.loads(post(address, picture.getvalue())), range(20)))
    assert {answer["text"] for answer in answers} == {"2047"}
    assert [digit["label"] for digit in answers[0]["digits"]] == [2, 0, 4, 7]
    for junk, message in ((b"no picture", "broken"), (b"", "post the content")):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            post(address, junk)
        assert refusal.value.code == 400
        assert message in json.loads(refusal.value.read())["error"]
