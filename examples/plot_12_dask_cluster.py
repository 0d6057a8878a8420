"""
A search on a Dask cluster
==========================

joblib hands the fits of a search to the workers of a Dask cluster. The cluster here is local, with two
workers in this process; for a real one, pass the address of its scheduler to ``Client``.
"""

import joblib
import matplotlib.pyplot as plt
from dask.distributed import Client, get_task_stream
from sklearn.model_selection import GridSearchCV

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
grid = {"learning_rate": [0.001, 0.003, 0.01], "dropout": [0, 0.2]}
search = GridSearchCV(DenseDigitClassifier((64,), epochs=20, random_state=0), grid, cv=3, n_jobs=-1)

with (
    Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None) as client,
    get_task_stream(client) as tasks,
    joblib.parallel_config(backend="dask"),
):
    search.fit(digits.data_train, digits.target_train)
print("best parameters:", search.best_params_)
print(f"test accuracy: {search.score(digits.data_test, digits.target_test):.3f}")

# %%
# What each worker did: a bar is a batch of fits.
workers = sorted({task["worker"] for task in tasks.data})
spans = [
    (workers.index(task["worker"]), span["start"], span["stop"])
    for task in tasks.data
    for span in task["startstops"]
    if span["action"] == "compute"
]
origin = min(start for _, start, _ in spans)
figure, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
for worker, start, stop in spans:
    ax.barh(worker, stop - start, left=start - origin, height=0.7, edgecolor="white", color="#1f4e79")
ax.set_yticks(range(len(workers)), [f"worker {number + 1}" for number in range(len(workers))])
ax.set_xlabel("seconds")
plt.show()
