"""Compare the accuracy of the classic recipe with that of Keras' own fit, over five seeds each.

``python bench_accuracy_parity.py``
"""

import harness
import numpy as np
import peers

SEEDS = range(5)


def measure():
    import keras

    data = peers.mnist()
    scores = {"sk_digits": [], "Keras Model.fit": []}
    for seed in SEEDS:
        ours = peers.sk_digits(epochs=10, batch_size=32, random_state=seed)
        scores["sk_digits"].append(ours.fit(data.data_train, data.target_train))
        keras.utils.set_random_seed(seed)
        scores["Keras Model.fit"].append(
            peers.KerasModel(epochs=10, batch_size=32).fit(data.data_train, data.target_train)
        )
    scores = {
        name: [float(clf.score(data.data_test, data.target_test)) for clf in fitted]
        for name, fitted in scores.items()
    }
    means = {name: np.mean(values) for name, values in scores.items()}
    errors = {name: np.std(values, ddof=1) / np.sqrt(len(values)) for name, values in scores.items()}
    for name, values in scores.items():
        print(f"{name:18}{means[name]:.4f} +- {errors[name]:.4f}   {values}")
    distance = abs(means["sk_digits"] - means["Keras Model.fit"]) / np.hypot(*errors.values())
    print(f"The means are {distance:.2f} standard errors apart (target: at most 2).")
    return {"scores": scores, "standard errors apart": float(distance)}


if __name__ == "__main__":
    harness.run("bench_accuracy_parity", measure)
