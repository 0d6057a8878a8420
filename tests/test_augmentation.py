"""`RandomDeformation`: what each parameter does to an image, in `preview` and in training."""

import numpy as np
import pytest
from conftest import make_small, same_weights
from scipy import ndimage
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_digits import augmentation
from sk_digits.augmentation import RandomDeformation

IDENTITY = {"displacement": 0, "rotation": 0, "scaling": 0, "shear": 0, "shift": 0}


def only(**params):
    """Return a deformation that applies the given parameters and no others."""
    return RandomDeformation(**(IDENTITY | params))


def bars(height=28, width=28):
    """Return a smooth image of a horizontal and a vertical bar that cross off-centre."""
    image = np.zeros((height, width), np.float32)
    image[height // 3 : height // 3 + 3, 4:-4] = 1
    image[4:-4, width // 2 : width // 2 + 3] = 1
    return ndimage.gaussian_filter(image, 1)


def centre(image):
    return np.array(ndimage.center_of_mass(image))


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (12, 20)])
def test_all_amounts_at_zero_leave_images_unchanged(shape):
    X = np.random.RandomState(0).uniform(size=(5, *shape)).astype(np.float32)
    copies = only().preview(X, n=3, random_state=0)
    assert copies.shape == (5, 3, *shape)
    np.testing.assert_allclose(copies, X[:, np.newaxis].repeat(3, axis=1), atol=1e-5)


def test_shift_moves_the_centre_by_at_most_its_amount():
    copies = only(shift=2).preview(bars()[np.newaxis], n=200, random_state=0)[0]
    moves = np.array([centre(copy) for copy in copies]) - centre(bars())
    assert abs(moves).max() < 2.05
    assert abs(moves).max() > 1.8
    assert abs(moves.mean(axis=0)).max() < 0.25


@pytest.mark.parametrize("angle", [15.0, 90.0])
def test_rotation_covers_its_range_of_angles(angle):
    image = bars()
    copies = only(rotation=angle).preview(image[np.newaxis], n=300, random_state=0)[0]
    rotated = [ndimage.rotate(image, a, reshape=False, order=1) for a in np.linspace(-angle, angle, 61)]
    distance = np.array([[abs(copy - image).mean() for image in rotated] for copy in copies])
    best = np.linspace(-angle, angle, 61)[distance.argmin(axis=1)]
    assert distance.min(axis=1).max() < 0.02
    assert best.max() > 0.9 * angle
    assert best.min() < -0.9 * angle


def test_scaling_changes_height_and_width_independently():
    image = np.zeros((28, 28), np.float32)
    image[9:19, 9:19] = 1
    copies = only(scaling=0.2).preview(image[np.newaxis], n=200, random_state=0)[0]
    height, width = copies.max(axis=2).sum(axis=1), copies.max(axis=1).sum(axis=1)
    for size in (height, width):
        assert 7.5 < size.min() < 9.2
        assert 11 < size.max() < 13.5
    assert abs(np.corrcoef(height, width)[0, 1]) < 0.3


def test_shear_slants_to_both_sides():
    image = np.zeros((28, 28), np.float32)
    image[4:24, 13:15] = 1
    copies = only(shear=20).preview(image[np.newaxis], n=100, random_state=0)[0]
    top, bottom = copies[:, 5], copies[:, 22]
    leaning = [centre(t)[0] - centre(b)[0] for t, b in zip(top, bottom, strict=True)]
    assert max(leaning) > 5
    assert min(leaning) < -5
    assert max(map(abs, leaning)) < 17 * np.tan(np.radians(20)) + 0.3


@pytest.mark.parametrize("smoothness", [2.0, 5.0])
def test_displacement_has_its_size_and_smoothness(smoothness):
    # Under a ramp of slope 1 the displacement along x can be read off the values.
    ramp = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    copies = only(displacement=1.5, smoothness=smoothness).preview(ramp[np.newaxis], n=300, random_state=0)[0]
    moves = (copies - ramp)[:, 8:-8, 8:-8]
    assert abs(moves.std() - 1.5) < 0.1
    assert abs(moves.mean()) < 0.1
    # White noise under a Gaussian of standard deviation s has the correlation exp(-d^2 / (4 s^2)).
    distance = round(2 * smoothness)
    correlation = (moves[:, :, distance:] * moves[:, :, :-distance]).mean() / moves.var()
    assert abs(correlation - np.exp(-(distance**2) / (4 * smoothness**2))) < 0.08


def test_copies_depend_on_the_seed_and_differ_between_images():
    deformation = RandomDeformation()
    X = bars()[np.newaxis].repeat(2, axis=0)
    copies = deformation.preview(X, n=3, random_state=1)
    np.testing.assert_array_equal(copies, deformation.preview(X, n=3, random_state=1))
    assert len(np.unique(copies.reshape(6, -1), axis=0)) == 6
    assert not np.array_equal(copies, deformation.preview(X, n=3, random_state=2))


def test_deformations_are_drawn_anew_in_each_epoch():
    """All rows are one image, so equal deformations would give equal losses."""
    X = bars()[np.newaxis].repeat(64, axis=0)
    y = np.arange(64) % 2
    clf = make_small(
        optimizer="sgd", learning_rate=1e-6, epochs=3, augmentation=RandomDeformation(displacement=3)
    )
    assert len(set(clf.fit(X, y).loss_curve_)) == 3


@pytest.mark.slow
def test_augmented_training_is_more_accurate_on_deformed_digits(digits):
    # Test images that lean and shift more than the training images.
    wild = RandomDeformation(displacement=0.2, smoothness=2, rotation=20, shift=1, image_shape=(8, 8))
    X_wild = wild.preview(digits.data_test, n=1, random_state=0).reshape(-1, 64)
    scores = [
        make_small(augmentation=augmentation, epochs=60)
        .fit(digits.data_train, digits.target_train)
        .score(X_wild, digits.target_test)
        for augmentation in (None, wild)
    ]
    assert scores[1] > scores[0] + 0.1


@pytest.mark.parametrize("form", ["flat", "stack", "uint8"])
def test_every_form_of_input_is_deformed(form, digits):
    X = {
        "flat": digits.data_train,
        "stack": digits.images[:1437],
        "uint8": (digits.data_train * 16).astype(np.uint8),
    }[form]
    clf = make_small(
        augmentation=RandomDeformation(displacement=0.2, smoothness=2), learning_rate=0.002, epochs=40
    )
    y = digits.target_train if form != "stack" else digits.target[:1437]
    assert clf.fit(X, y).score(X, y) > 0.9


def test_same_seed_same_bits(digits):
    clf = make_small(augmentation=RandomDeformation(displacement=0.2, smoothness=2), epochs=3)
    first = clone(clf).fit(digits.data_train, digits.target_train)
    assert same_weights(first, clf.fit(digits.data_train, digits.target_train))


def test_the_parameters_can_be_searched(digits):
    clf = make_small(augmentation=RandomDeformation(displacement=0.1, smoothness=2, shift=0.5), epochs=30)
    search = GridSearchCV(clf, {"augmentation__rotation": [5.0, 180.0]}, cv=3, error_score="raise")
    search.fit(digits.data_train, digits.target_train)
    assert search.best_params_ == {"augmentation__rotation": 5.0}
    assert clf.augmentation.rotation == 10.0


@pytest.mark.parametrize(
    ("deformation", "n_features", "message"),
    [
        (RandomDeformation(), 60, "60 features are not a square image"),
        (
            RandomDeformation(image_shape=(5, 10)),
            64,
            r"image_shape=\(5, 10\) has 50 pixels, but the images have 64 features",
        ),
        (RandomDeformation(image_shape=64), 64, "'image_shape' parameter"),
        (RandomDeformation(), 1, "1 features are not a square image"),
        (RandomDeformation(rotation=200), 64, "'rotation' parameter"),
        (RandomDeformation(displacement=-1), 64, "'displacement' parameter"),
        (RandomDeformation(smoothness=0), 64, "'smoothness' parameter"),
        (RandomDeformation(scaling=1), 64, "'scaling' parameter"),
        (RandomDeformation(shift="far"), 64, "'shift' parameter"),
    ],
)
def test_features_that_are_not_an_image_and_invalid_parameters_raise(deformation, n_features, message):
    X, y = np.zeros((4, n_features), np.float32), [0, 1, 0, 1]
    with pytest.raises(ValueError, match=message):
        make_small(augmentation=deformation).fit(X, y)
    with pytest.raises(ValueError, match=message):
        deformation.preview(X)


# Drawn images


@pytest.mark.parametrize("draw", [augmentation.draw_non_digits, augmentation.draw_touching_digits])
def test_drawn_images_are_in_the_frame_and_repeat_with_the_seed(draw):
    labels = np.arange(40) % 10
    X = augmentation.draw_digits(labels, random_state=1)
    assert X.shape == (40, 784)
    assert X.dtype == np.float32
    assert 0 == X.min() < X.max() <= 1
    np.testing.assert_array_equal(X, augmentation.draw_digits(labels, random_state=1))
    first, again, other = (draw(60, X, labels, random_state=seed) for seed in (0, 0, 1))
    first, again, other = (
        result[0] if isinstance(result, tuple) else result for result in (first, again, other)
    )
    assert first.shape == (60, 784)
    assert first.dtype == np.float32
    assert 0 <= first.min() < first.max() <= 1
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert draw(0, X, labels)[0].shape[-1] == 784 if draw is augmentation.draw_touching_digits else True


def test_touching_digits_are_drawn_of_digits_that_are_one_pixel_wide():
    image = np.zeros((28, 28))
    image[4:24, 14] = 1
    X, _ = augmentation.draw_touching_digits(300, [image.ravel()], [1], random_state=0)
    assert (X.max(axis=1) > 0).all()


def test_touching_digits_keep_their_labels():
    X = augmentation.draw_digits([3] * 5, random_state=0)
    _, y = augmentation.draw_touching_digits(30, X, [3] * 5, random_state=0)
    assert y.tolist() == [3] * 30


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([10], "integers from 0 to 9"),
        ([-1], "integers from 0 to 9"),
        ([1.5], "integers from 0 to 9"),
        (3, "integers"),
    ],
)
def test_labels_that_are_no_digits_are_rejected(labels, message):
    with pytest.raises(ValueError, match=message):
        augmentation.draw_digits(labels)


@pytest.mark.parametrize("draw", [augmentation.draw_non_digits, augmentation.draw_touching_digits])
@pytest.mark.parametrize(
    ("n_samples", "X", "y", "message"),
    [
        (-1, np.zeros((1, 784)), [1], "n_samples"),
        (3, np.zeros((2, 64)), [1, 2], "784 pixels"),
        (3, np.zeros((0, 784)), [], "784 pixels"),
        (3, np.zeros((2, 784)), [1], "inconsistent numbers of samples"),
        (3, np.zeros((1, 784)), [12], "integers from 0 to 9"),
    ],
)
def test_rows_that_are_no_digits_are_rejected(draw, n_samples, X, y, message):
    with pytest.raises(ValueError, match=message):
        draw(n_samples, X, y)


# Strokes


@pytest.fixture(scope="module")
def still():
    """Parameters of a deformation that changes nothing by itself."""
    return {"displacement": 0, "rotation": 0, "scaling": 0, "shear": 0, "shift": 0}


@pytest.fixture(scope="module")
def ring():
    return augmentation.draw_digits([0], random_state=3).reshape(1, 28, 28)


def test_strokes_become_thicker_and_thinner(still, ring):
    copies = RandomDeformation(**still, thickness=1).preview(ring, n=60, random_state=0)[0]
    ink = copies.sum(axis=(1, 2)) / ring.sum()
    assert ink.min() < 0.85
    assert ink.max() > 1.3
    assert copies[:, 0].max() == 0
    assert copies.max() <= 1


def test_gaps_are_erased_from_strokes(still, ring):
    copies = RandomDeformation(**still, gaps=6).preview(ring, n=30, random_state=0)[0]
    assert (copies <= ring + 1e-6).all()
    assert 0.5 < copies.sum() / (30 * ring.sum()) < 0.98


def test_neighbours_are_at_the_edge_of_their_share_of_the_images(still):
    images = augmentation.draw_digits(np.arange(300) % 10, random_state=0).reshape(-1, 28, 28)
    copies = RandomDeformation(**still, neighbours=0.4).preview(images, n=1, random_state=0)[:, 0]
    changed = (abs(copies - images) > 1e-3).any(axis=(1, 2))
    assert 0.1 < changed.mean() < 0.5
    assert (copies >= images - 1e-6).all()
    assert abs(copies - images)[:, :, 10:18].max() < 0.5


@pytest.mark.parametrize("scale", [255, 0.1])
def test_strokes_do_not_depend_on_the_range_of_the_pixels(scale, still, ring):
    options = RandomDeformation(**still, thickness=0.8, gaps=1, neighbours=0.5)
    expected = options.preview(ring, n=5, random_state=0)
    np.testing.assert_allclose(
        options.preview(scale * ring, n=5, random_state=0), scale * expected, atol=1e-4 * scale
    )


def test_strokes_can_be_searched(digits):
    clf = make_small(hidden_layer_sizes=(16,), epochs=1, augmentation=RandomDeformation(), random_state=0)
    clf.set_params(augmentation__thickness=0.5, augmentation__gaps=1, augmentation__neighbours=0.2)
    clf.fit(digits.data_train[:100], digits.target_train[:100])
    assert clf.augmentation.gaps == 1


@pytest.mark.parametrize(
    ("name", "value"), [("thickness", -1), ("thickness", 2), ("gaps", 1.5), ("gaps", -1), ("neighbours", 1.5)]
)
def test_strokes_out_of_range_are_rejected(name, value, ring):
    with pytest.raises(ValueError, match=f"'{name}' parameter of RandomDeformation"):
        RandomDeformation(**{name: value}).preview(ring)
