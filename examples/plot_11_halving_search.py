"""
A halving search
================

Try thirty candidates in the time of a few: all are trained for three epochs, the best third of them for
nine, and the best of those for 27.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.experimental import enable_halving_search_cv  # noqa: F401, makes the next import work
from sklearn.model_selection import HalvingGridSearchCV

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
grid = {
    "learning_rate": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "dropout": [0, 0.1, 0.2],
    "batch_size": [32, 64],
}
search = HalvingGridSearchCV(
    DenseDigitClassifier((64,), random_state=0),
    grid,
    resource="epochs",
    min_resources=3,
    max_resources=27,
    cv=3,
    random_state=0,
).fit(digits.data_train, digits.target_train)
print("candidates in each round:", search.n_candidates_, "for epochs:", search.n_resources_)
print("best parameters:", search.best_params_)
print(f"test accuracy: {search.score(digits.data_test, digits.target_test):.3f}")

# %%
# Each line is a candidate; it ends where the candidate was dropped.
results = pd.DataFrame(search.cv_results_)
results["candidate"] = results["params"].map(lambda params: str({**params, "epochs": None}))
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for _, rounds in results.groupby("candidate"):
    is_best = len(rounds) == len(search.n_resources_)
    ax.plot(
        rounds["n_resources"],
        rounds["mean_test_score"],
        marker="o",
        color="#1f4e79" if is_best else "#9db8d2",
        zorder=2 if is_best else 1,
    )
ax.set_xticks(search.n_resources_)
ax.set(xlabel="epochs", ylabel="accuracy in cross-validation")
plt.show()
