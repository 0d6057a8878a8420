"""Files of fitted classifiers: what they keep, what they need to load, and what they refuse."""

import io
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from conftest import make_small, same_weights, slow
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import InconsistentVersionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

import sk_digits
from sk_digits import DenseDigitClassifier, export
from sk_digits._persistence import DERIVED, FORMAT, from_persisted
from sk_digits.augmentation import RandomDeformation
from sk_digits.preprocessing import DigitNormalizer

RELEASED = Path(__file__).parent / "data"


def tiny(**params):
    return make_small(**{"hidden_layer_sizes": (8,), "epochs": 2, **params})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "digits.skops"


@pytest.fixture(scope="module")
def few(digits):
    """Return 200 images and their labels."""
    return digits.data_train[:200], digits.target_train[:200]


ESTIMATORS = {
    "classifier": tiny(),
    "batch norm, averaged predictions": tiny(batch_norm=True, dropout=0.1, average_predictions=True),
    "deformations": tiny(augmentation=RandomDeformation(displacement=0.1, smoothness=2)),
    "nested parameters": tiny(optimizer="sgd", optimizer_params={"momentum": 0.5}, class_weight={0: 2.0}),
    "early stopping": tiny(early_stopping=True, scoring="f1_macro"),
    "RandomState": tiny(random_state=np.random.RandomState(0)),
    "pipeline": make_pipeline(StandardScaler(), tiny()),
    "framed": make_pipeline(DigitNormalizer(output_shape=(8, 8), box_size=6), MinMaxScaler(), tiny()),
    "search": GridSearchCV(make_pipeline(MinMaxScaler(), tiny()), {"minmaxscaler__clip": [True]}, cv=2),
    "calibrated": CalibratedClassifierCV(tiny(), cv=2),
    "voting": VotingClassifier([("a", tiny()), ("b", tiny(activation="tanh"))], voting="soft"),
    "bagging": BaggingClassifier(tiny(), n_estimators=2, random_state=0),
}
SLOW = {"classifier", "deformations", "RandomState", "framed", "voting", "bagging"}


def _without_address(estimator):
    return re.sub("0x[0-9A-F]+", "", repr(estimator))


@pytest.mark.parametrize("name", [slow(name) if name in SLOW else name for name in ESTIMATORS])
def test_a_saved_estimator_predicts_the_same(name, few, digits, path):
    fitted = clone(ESTIMATORS[name]).fit(*few)
    export.save(fitted, path)
    loaded = export.load(path)
    np.testing.assert_array_equal(
        loaded.predict_proba(digits.data_test), fitted.predict_proba(digits.data_test)
    )
    assert _without_address(loaded) == _without_address(fitted)


@pytest.mark.parametrize(
    "convert",
    [lambda y: y.astype(str), lambda y: y.astype(str).astype(object), lambda y: y > 4, lambda y: y * 0],
)
def test_labels_of_any_kind_are_saved(convert, few, path):
    X, y = few
    fitted = tiny().fit(X, convert(y))
    export.save(fitted, path)
    loaded = export.load(path)
    assert loaded.classes_.dtype == fitted.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_a_saved_classifier_keeps_its_fitted_attributes(few, path):
    fitted = tiny(early_stopping=True).fit(*few)
    export.save(fitted, path)
    loaded = export.load(path)
    fitted_names = {name for name in vars(fitted) if name.endswith("_")}
    assert {name for name in vars(loaded) if name.endswith("_")} == fitted_names
    for name in sorted(fitted_names):
        np.testing.assert_equal(getattr(loaded, name), getattr(fitted, name))


def test_the_attributes_that_a_file_leaves_out_are_those_that_follow_from_the_state(few):
    fitted = tiny().fit(*few)
    before = set(vars(fitted))
    bare = clone(fitted)
    bare._set_state(fitted._state)
    assert set(vars(bare)) - set(vars(clone(fitted))) - {"_state"} == DERIVED <= before


def test_a_file_is_as_large_as_its_arrays(path):
    X = np.random.RandomState(0).uniform(size=(100, 784)).astype(np.float32)
    clf = DenseDigitClassifier(batch_norm=True, epochs=1, random_state=0).fit(X, np.arange(100) % 10)
    arrays = sum(weights.nbytes for weights in clf._state.weights)
    export.save(clf, path)
    assert path.stat().st_size < 1.1 * arrays
    export.save(clf, path, resumable=True)
    assert path.stat().st_size < 1.1 * 3 * arrays  # Adam keeps two moments


def test_a_classifier_saved_as_resumable_trains_on_as_if_it_had_not_been_saved(few, path):
    X, y = few
    straight, saved = (tiny().partial_fit(X, y, classes=np.arange(10)) for _ in range(2))
    export.save(saved, path, resumable=True)
    assert same_weights(straight.partial_fit(X, y), export.load(path).partial_fit(X, y))


@pytest.mark.parametrize("train", ["partial_fit", "fit"])
def test_training_after_a_lean_file_starts_a_new_optimizer_and_warns(train, few, path):
    export.save(tiny(warm_start=True).fit(*few), path)
    loaded = export.load(path)
    with pytest.warns(UserWarning, match="without the state of its optimizer"):
        getattr(loaded, train)(*few)
    assert loaded.n_iter_ > 2


def make_optimizer():
    import keras

    return keras.optimizers.SGD(0.01)


def make_callback():
    import keras

    return keras.callbacks.TerminateOnNaN()


OTHER_VALUES = {
    "augmentation": lambda: lambda X, rng: X,
    "callbacks": make_callback,
    "optimizer": make_optimizer,
    "scoring": lambda: lambda estimator, X, y: 0.5,
}


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_parameters_that_only_pickle_could_hold_are_left_out_by_name(name, few, path):
    fitted = tiny(**{name: OTHER_VALUES[name]()}).fit(*few)
    with pytest.warns(UserWarning, match=f"^{name} cannot be saved without pickle"):
        export.save(fitted, path)
    loaded = export.load(path)
    assert loaded.get_params()[name] == DenseDigitClassifier().get_params()[name]
    np.testing.assert_array_equal(loaded.coefs_[0], fitted.coefs_[0])
    before = path.read_bytes()
    with pytest.raises(ValueError, match=rf"resumable=True requires .* got {name}; set resumable=False"):
        export.save(fitted, path, resumable=True)
    assert path.read_bytes() == before
    assert getattr(fitted, name) is not None


def test_a_file_loads_and_predicts_without_tensorflow(small, digits, path):
    export.save(small, path)
    np.save(path.with_name("X.npy"), digits.data_test[:20])
    code = (
        "import numpy as np, sys\n"
        "from sk_digits import export\n"
        "print(export.load('digits.skops').predict(np.load('X.npy')).tolist())\n"
        "assert not {'tensorflow', 'keras', 'scikeras'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=path.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(small.predict(digits.data_test[:20]).tolist())


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (3, TypeError, "estimator must be a scikit-learn estimator, got int"),
        (tiny(), NotFittedError, "not fitted"),
    ],
)
def test_only_a_fitted_estimator_is_saved(estimator, error, message, path):
    with pytest.raises(error, match=message):
        export.save(estimator, path)
    assert not path.exists()


class Planted:
    """A type that a stranger could plant in a file."""

    def __init__(self):
        self.marker = "planted"

    def __setstate__(self, state):
        raise AssertionError("code of the file was run")


def test_a_type_that_is_not_trusted_is_named_and_not_loaded(small, path):
    planted = clone(small).fit(np.eye(4, 64, dtype=np.float32), [0, 1, 0, 1])
    planted.extra_ = Planted()
    export.save(planted, path)
    with pytest.raises(ValueError, match=r"types that are not trusted: .*test_saving\.Planted"):
        export.load(path)
    with pytest.raises(ValueError, match="AssertionError"):
        export.load(path, trusted=[f"{Planted.__module__}.Planted"])


def double(X):
    return X * 2


def test_a_function_of_the_user_is_loaded_only_if_it_is_trusted(few, path):
    pipeline = make_pipeline(FunctionTransformer(double), tiny()).fit(*few)
    export.save(pipeline, path)
    name = f"{double.__module__}.double"
    with pytest.raises(ValueError, match=f"not trusted: {name}"):
        export.load(path)
    loaded = export.load(path, trusted=[name])
    np.testing.assert_array_equal(loaded.predict_proba(few[0]), pipeline.predict_proba(few[0]))


class Command:
    def __reduce__(self):
        return print, ("code of the file was run",)


@pytest.mark.parametrize("name", ["model.skops", "model.joblib"])
def test_a_pickle_is_refused_and_not_run(name, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Command()))
    with pytest.raises(ValueError, match="it is no archive of skops"):
        export.load(path)
    assert capsys.readouterr().out == ""


def damaged_files(content):
    """Return variants of a file that are cut off, changed, or made up."""
    rng = np.random.RandomState(0)
    yield from (content[: int(share * len(content))] for share in (0, 0.2, 0.5, 0.9, 0.999))
    for _ in range(60):
        changed = bytearray(content)
        # Half of the changes hit the directory of the archive and the schema, which are at its end.
        start = rng.choice([0, len(content) * 4 // 5])
        for place in rng.randint(start, len(content), 8):
            changed[place] = rng.randint(256)
        yield bytes(changed)
    for schema in (b"", b"[]", b"{}", b"[" * 10_000, b'{"__class__": "x"}'):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("schema.json", schema)
        yield buffer.getvalue()


def refusal(path):
    """Return the message with which a file is refused, or None if it is loaded."""
    try:
        export.load(path)
    except ValueError as error:
        return str(error)
    return None


def test_a_damaged_file_is_refused_with_one_message(few, path):
    export.save(tiny().fit(*few), path)
    messages = []
    for content in damaged_files(path.read_bytes()):
        path.write_bytes(content)
        messages.append(refusal(path))
    refused = [message for message in messages if message]
    assert len(refused) > 40  # a changed weight is not noticed
    assert all(str(path) in message for message in refused)


def test_an_archive_that_would_expand_without_bound_is_not_loaded(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        archive.writestr("bomb.npy", bytes(300 * 2**20))
    with pytest.raises(ValueError, match="it would expand to 3"):
        export.load(path)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        export.load(tmp_path / "nothing.skops")


@pytest.mark.parametrize("file", sorted(RELEASED.glob("*.joblib")), ids=lambda file: file.name)
def test_a_pickle_of_a_released_version_predicts_and_trains_on(file, digits):
    with pytest.warns(InconsistentVersionWarning, match=r"from version sk_digits 0\.1\.0"):
        clf = joblib.load(file)
    assert clf.score(digits.data_test, digits.target_test) == pytest.approx(0.963889, abs=1e-6)
    assert clone(clf).get_params()["scoring"] is None
    with pytest.warns(UserWarning, match="without the state of its optimizer"):
        clf.partial_fit(digits.data_train, digits.target_train)
    assert clf.score(digits.data_test, digits.target_test) > 0.95


@pytest.mark.parametrize("change", [{"_sk_digits_version": "0.0.1"}, {"_sk_digits_version": "9.0"}])
def test_another_version_warns_as_scikit_learn_does(change, small):
    state = small.__getstate__() | change
    with pytest.warns(InconsistentVersionWarning, match=f"sk_digits {change['_sk_digits_version']}"):
        small.__class__.__new__(small.__class__).__setstate__(state)


def test_a_file_of_a_newer_format_is_refused(small, path, monkeypatch):
    monkeypatch.setattr("sk_digits._persistence.FORMAT", FORMAT + 1)
    monkeypatch.setattr("sk_digits._persistence.__version__", "9.1")
    export.save(small, path)
    pickled = pickle.dumps(small)
    monkeypatch.undo()
    message = rf"saved by sk_digits 9\.1, in a format that sk_digits {sk_digits.__version__} does not know"
    with pytest.raises(ValueError, match=message):
        export.load(path)
    with pytest.raises(ValueError, match=message):
        pickle.loads(pickled)


def test_the_state_knows_the_versions_of_its_fit(small):
    assert small._state.versions["sk_digits"] == sk_digits.__version__
    assert set(small._state.versions) >= {"keras", "numpy", "scikit-learn", "tensorflow"}


def test_a_state_is_not_changed_by_being_read(small):
    persisted = small.__getstate__()
    before = set(persisted)
    from_persisted(clone(small), persisted)
    assert set(persisted) == before
