"""Networks as Keras models and Keras models as classifiers: the same predictions on both sides."""

import json
import zipfile

import keras
import numpy as np
import pytest
from conftest import make_small, slow
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier, export
from sk_digits._engine import _model_files
from sk_digits._inference import ACTIVATIONS

layers = keras.layers


@pytest.fixture(scope="module")
def few(digits):
    return digits.data_train[:200].astype(np.float32), digits.target_train[:200]


VARIANTS = {
    "plain": {},
    "batch norm and dropout": {"batch_norm": True, "dropout": 0.2},
    "noise": {"gaussian_noise": 0.1},
    "two layers of gelu": {"hidden_layer_sizes": (16, 8), "activation": "gelu"},
    "logistic regression": {"hidden_layer_sizes": ()},
}


@pytest.mark.parametrize("suffix", [".keras", slow(".h5")])
@pytest.mark.parametrize(
    "name", [name if name == "batch norm and dropout" else slow(name) for name in VARIANTS]
)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_saved_keras_model_predicts_the_same_and_comes_back(name, suffix, few, digits, tmp_path):
    X, y = few
    clf = make_small(**{"epochs": 2, "hidden_layer_sizes": (8,), **VARIANTS[name]}).fit(X, y)
    export.to_keras(clf).save(tmp_path / f"model{suffix}")
    expected = clf.predict_proba(digits.data_test.astype(np.float32))
    loaded = keras.models.load_model(tmp_path / f"model{suffix}")
    actual = loaded.predict(digits.data_test, verbose=0)
    np.testing.assert_allclose(actual, expected, atol=1e-6)
    back = export.from_keras(tmp_path / f"model{suffix}", classes=clf.classes_)
    np.testing.assert_allclose(back.predict_proba(digits.data_test.astype(np.float32)), expected, atol=1e-6)
    assert back.hidden_layer_sizes == clf._state.network.hidden_layer_sizes
    assert back.activation == clf.activation or not clf.hidden_layer_sizes


def test_float64_networks_keep_their_precision(digits, tmp_path):
    clf = make_small(epochs=2).fit(digits.data_train.astype(np.float64), digits.target_train)
    export.to_keras(clf).save(tmp_path / "model.keras")
    back = export.from_keras(tmp_path / "model.keras")
    assert back.coefs_[0].dtype == np.float64
    np.testing.assert_allclose(
        back.predict_proba(digits.data_test), clf.predict_proba(digits.data_test), atol=1e-12
    )


@pytest.mark.parametrize("optimizer", ["adam", slow("sgd"), slow("rmsprop")])
def test_keras_goes_on_with_the_state_of_the_optimizer(optimizer, few):
    X, y = few
    # A batch of all rows, so that the order of the rows does not matter.
    params = {"optimizer": optimizer, "batch_size": 200, "learning_rate_schedule": "constant", "epochs": 5}
    clf = make_small(hidden_layer_sizes=(8,), **params).fit(X, y)
    model = export.to_keras(clf)
    assert float(np.asarray(model.optimizer.learning_rate)) == pytest.approx(clf.learning_rate_)
    model.fit(X, y, batch_size=200, epochs=1, verbose=0)
    clf.partial_fit(X, y)
    for ours, theirs in zip(clf._state.weights, model.get_weights(), strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_the_model_takes_images_if_the_classifier_does(digits):
    clf = make_small(epochs=1).fit(digits.images[:100], digits.target[:100])
    model = export.to_keras(clf)
    assert model.input_shape == (None, 8, 8)
    assert export.from_keras(model).image_shape_ == (8, 8)


def build(*stack, shape=(64,)):
    model = keras.Sequential([keras.Input(shape), *stack])
    rng = np.random.RandomState(0)
    for variable in model.weights:
        # Variances must be positive.
        variable.assign(
            rng.uniform(0.1, 0.3, variable.shape)
            * (1 if "variance" in variable.name else rng.choice([-1, 1], variable.shape))
        )
    return model


def functional():
    inputs = keras.Input((8, 8, 1))
    hidden = layers.Dense(12, activation="relu")(layers.Flatten()(layers.Rescaling(1 / 16)(inputs)))
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.Dropout(0.5)(hidden)))


def normalised():
    layer = layers.Normalization()
    layer.adapt(np.random.RandomState(0).uniform(size=(50, 64)))
    return keras.Sequential([keras.Input((64,)), layer, layers.Dense(10, activation="softmax")])


MODELS = {
    "relu, softmax": lambda: build(
        layers.Dense(12, activation="relu"), layers.Dense(10, activation="softmax")
    ),
    "activations as layers": lambda: build(
        layers.Dense(12),
        layers.ReLU(),
        layers.Dense(12),
        layers.Activation("relu"),
        layers.Dense(10),
        layers.Softmax(),
    ),
    "batch norm before and after": lambda: build(
        layers.BatchNormalization(),
        layers.Dense(12),
        layers.BatchNormalization(scale=False),
        layers.Activation("tanh"),
        layers.BatchNormalization(center=False),
        layers.Dense(10, activation="softmax"),
    ),
    "images": lambda: build(
        layers.Rescaling(1 / 16, offset=-0.5),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
        shape=(8, 8),
    ),
    "reshaped": lambda: build(layers.Reshape((64,)), layers.Dense(10, activation="softmax"), shape=(8, 8, 1)),
    "logits": lambda: build(layers.Dense(12, use_bias=False, activation="elu"), layers.Dense(10)),
    "leaky": lambda: build(
        layers.Dense(12), layers.LeakyReLU(negative_slope=0.2), layers.Dense(10, activation="softmax")
    ),
    "relu6": lambda: build(
        layers.Dense(12), layers.ReLU(max_value=6), layers.Dense(10, activation="softmax")
    ),
    "one sigmoid": lambda: build(
        layers.Dense(12, activation="sigmoid"), layers.Dense(1, activation="sigmoid")
    ),
    "nested": lambda: build(
        keras.Sequential([layers.Dense(12, activation="relu")]), layers.Dense(10, activation="softmax")
    ),
    "functional": functional,
    "normalised": normalised,
}


@pytest.mark.parametrize("suffix", [None, slow(".keras"), slow(".h5")])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_keras_model_of_others_becomes_a_classifier(name, suffix, digits, tmp_path):
    model = MODELS[name]()
    source = model
    if suffix:
        source = tmp_path / f"model{suffix}"
        model.save(source)
    X = digits.data_test[:50].astype(np.float32)
    images = X.reshape(-1, *model.input_shape[1:])
    expected = model.predict(images, verbose=0)
    if suffix and not np.allclose(keras.models.load_model(source)(images), expected, atol=1e-5):
        pytest.skip("this version of Keras loads the model with other weights")
    clf = export.from_keras(source)
    if name == "logits":
        expected = np.asarray(keras.ops.softmax(expected))
    if name == "one sigmoid":
        expected = np.hstack([1 - expected, expected])
    np.testing.assert_allclose(clf.predict_proba(X), expected, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_of_any_activation_goes_to_keras_and_back(activation):
    rng = np.random.RandomState(0)
    X = rng.uniform(size=(40, 16)).astype(np.float32)
    try:
        clf = make_small(hidden_layer_sizes=(8,), epochs=1, activation=activation).fit(X, np.arange(40) % 4)
    except ValueError as error:
        if "requires a newer version of Keras" not in str(error):
            raise
        pytest.skip(str(error))
    back = export.from_keras(export.to_keras(clf))
    np.testing.assert_allclose(back.predict_proba(X), clf.predict_proba(X), atol=1e-6)


def test_the_classifier_can_be_searched_cloned_saved_and_trained_on(few, tmp_path):
    X, y = few
    clf = export.from_keras(MODELS["relu, softmax"]())
    before = clf.score(X, y)
    for _ in range(20):
        clf.partial_fit(X, y)
    assert clf.score(X, y) > before + 0.2
    export.save(clf, tmp_path / "model.skops")
    assert clone(clf).fit(X, y).hidden_layer_sizes == (12,)
    assert GridSearchCV(clf, {"epochs": [1, 2]}, cv=2).fit(X, y).best_params_
    fresh = export.from_keras(MODELS["relu, softmax"]())
    assert (fresh.n_iter_, fresh.loss_curve_, fresh.batch_size_) == (0, [], None)
    assert np.isnan(fresh.loss_)


@pytest.mark.parametrize("classes", [list("jihgfedcba"), np.arange(10)[::-1], np.arange(10) * 2])
def test_labels_of_the_outputs_are_those_given_in_any_order(classes, few):
    model = MODELS["relu, softmax"]()
    clf = export.from_keras(model, classes=classes)
    indices = model.predict(few[0], verbose=0).argmax(axis=1)
    np.testing.assert_array_equal(clf.predict(few[0]), np.asarray(classes)[indices])


@pytest.mark.parametrize("classes", [[0, 1], [1] * 10, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]])
def test_classes_must_be_one_label_per_output(classes):
    with pytest.raises(ValueError, match="classes must be 10 different labels"):
        export.from_keras(MODELS["relu, softmax"](), classes=classes)


def two_outputs():
    inputs = keras.Input((64,))
    return keras.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(3)(inputs)])


def twice_the_same_layer():
    inputs, shared = keras.Input((64,)), layers.Dense(64, activation="relu", name="shared")
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(shared(shared(inputs))))


Dense = layers.Dense


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: build(layers.Conv2D(4, 3, name="conv"), layers.Flatten(), Dense(10), shape=(8, 8, 1)),
            "'conv' of type Conv2D",
        ),
        (
            lambda: build(Dense(4, name="a", activation="relu"), Dense(4, activation="tanh"), Dense(10)),
            "one activation, got relu, tanh",
        ),
        (
            lambda: build(Dense(10, name="last", activation="sigmoid")),
            "'last', must have one output per class .* 10 with sigmoid",
        ),
        (lambda: build(Dense(4), layers.LeakyReLU(name="leaky"), Dense(10)), "'leaky' has an activation"),
        (
            lambda: build(Dense(4, activation=lambda x: x * 2, name="own"), Dense(10)),
            "'own' has an activation",
        ),
        (lambda: build(Dense(4, name="d"), shape=(8, 8)), "'d' does not act on all values"),
        (lambda: build(layers.Flatten()), "The last layer must be a dense layer"),
        (lambda: build(layers.ReLU(name="early"), Dense(10)), "'early' does not follow a dense layer"),
        (two_outputs, "one input and one output, got 1 and 2"),
        (twice_the_same_layer, "not one chain"),
        (lambda: keras.Sequential([Dense(10)]), "is not built"),
    ],
)
def test_what_a_dense_network_cannot_express_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        export.from_keras(make())


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_file_that_could_run_code_is_refused_before_it_is_built(suffix, tmp_path):
    model = build(layers.Lambda(lambda x: x * 1, name="planted"), layers.Dense(10, activation="softmax"))
    model.save(tmp_path / f"model{suffix}")
    with pytest.raises(ValueError, match=r"holds 'planted' of type 'Lambda'"):
        export.from_keras(tmp_path / f"model{suffix}")


def rewrite_config(path, change):
    """Save a model to a path, with a changed configuration."""
    MODELS["relu, softmax"]().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(change(json.loads(members["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    "planted",
    [
        {"module": "os", "class_name": "system", "config": {}},
        {"module": "keras.utils", "class_name": "get_file", "config": {}},
        {"module": "keras.layers", "class_name": "Dense", "registered_name": "evil>Dense", "config": {}},
        {"module": "evil", "class_name": "Dense", "config": {}},
        {"module": "evil", "class_name": ">Dense", "config": {}},
        {"class_name": "function", "config": "get_file", "module": "keras.utils"},
    ],
)
def test_an_object_that_is_no_layer_is_refused_by_name(planted, tmp_path):
    def plant(config):
        config["config"]["layers"][1]["config"]["kernel_initializer"] = planted
        return config

    path = tmp_path / "model.keras"
    rewrite_config(path, plant)
    with pytest.raises(ValueError, match=f"of type '{planted['class_name']}'"):
        export.from_keras(path)


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_no_model_is_refused(content, tmp_path):
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model cannot be loaded as a Keras model: it is"):
        export.from_keras(path)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_damaged_model_is_refused(suffix, tmp_path):
    path = tmp_path / f"model{suffix}"
    MODELS["relu, softmax"]().save(path)
    content = path.read_bytes()
    rng = np.random.RandomState(0)
    for _ in range(15):
        changed = bytearray(content[: rng.randint(len(content))] if rng.uniform() < 0.3 else content)
        for place in rng.randint(len(changed), size=10):
            changed[place] = rng.randint(256)
        path.write_bytes(changed)
        try:
            export.from_keras(path)
        except ValueError as error:
            message = str(error)
        else:
            continue
        assert message


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("import time; time.sleep(60)", "could not be read in 1 seconds"),
        ("import os; os.abort()", "it is damaged"),
    ],
)
def test_a_file_on_which_the_hdf5_library_hangs_or_crashes_is_refused(
    program, message, tmp_path, monkeypatch
):
    (tmp_path / "probe.py").write_text(program)
    (tmp_path / "model.h5").write_bytes(b"content")
    monkeypatch.setattr(_model_files._hdf5_probe, "__file__", str(tmp_path / "probe.py"))
    monkeypatch.setattr(_model_files, "MAX_SECONDS", 1)
    with pytest.raises(ValueError, match=message):
        export.from_keras(tmp_path / "model.h5")


def test_a_missing_model_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        export.from_keras(tmp_path / "nothing.keras")


def test_a_model_that_promises_more_than_its_file_holds_is_refused(tmp_path):
    path = tmp_path / "model.h5"
    config = {
        "class_name": "Sequential",
        "config": {
            "layers": [
                {"class_name": "InputLayer", "config": {"batch_shape": [None, 784]}},
                {"class_name": "Dense", "config": {"units": 10**9, "name": "d"}},
            ]
        },
    }
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match="it would expand to"):
        export.from_keras(path)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: 3, TypeError, "must be a DenseDigitClassifier, got int"),
        (
            lambda: make_pipeline(MinMaxScaler(), DenseDigitClassifier()),
            TypeError,
            "got a Pipeline; pass its last",
        ),
        (DenseDigitClassifier, NotFittedError, "not fitted"),
    ],
)
def test_only_a_fitted_classifier_becomes_a_keras_model(make, error, message):
    with pytest.raises(error, match=message):
        export.to_keras(make())


def test_averaged_predictions_are_not_those_of_the_model(few):
    clf = make_small(epochs=1, average_predictions=True).fit(*few)
    with pytest.warns(UserWarning, match="does not average its predictions"):
        export.to_keras(clf)


@pytest.mark.parametrize("model", [3, DenseDigitClassifier()])
def test_only_a_keras_model_becomes_a_classifier(model):
    with pytest.raises(TypeError, match="must be a Keras model or the path of its file"):
        export.from_keras(model)
