"""
Combine several networks
========================

An ensemble of networks that differ in their seeds only, built with scikit-learn's `VotingClassifier`,
compared with each of its members. ``voting="soft"`` averages the probabilities; ``"hard"`` would count
votes.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import VotingClassifier

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
members = [
    (
        f"seed {seed}",
        DenseDigitClassifier((32, 32, 32), epochs=30, batch_size=32, learning_rate=0.01, random_state=seed),
    )
    for seed in range(7)
]
ensemble = VotingClassifier(members, voting="soft").fit(digits.data_train, digits.target_train)

scores = {
    name: clf.score(digits.data_test, digits.target_test) for name, clf in ensemble.named_estimators_.items()
}
scores["all seven"] = ensemble.score(digits.data_test, digits.target_test)
for name, score in scores.items():
    print(f"{name}: test accuracy {score:.3f}")

# %%
figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
bars = axes.barh(list(scores), [1 - score for score in scores.values()], color=["#9db8d2"] * 7 + ["#1f4e79"])
axes.bar_label(bars, fmt="{:.1%}", padding=3)
axes.invert_yaxis()
axes.xaxis.set_major_formatter("{x:.1%}")
axes.margins(x=0.12)
axes.set_xlabel("test error")
plt.show()
