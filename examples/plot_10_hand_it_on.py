"""
Save, ONNX and a page to draw on
================================

Hand a trained pipeline on in three forms: a file for other users of sk_digits, an ONNX model for other
languages, and one HTML page that reads what is drawn on it, in any browser.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier, export
from sk_digits.datasets import load_digits

digits = load_digits()
pipeline = make_pipeline(MinMaxScaler(), DenseDigitClassifier((128,), random_state=0))
pipeline.fit(digits.data_train, digits.target_train)

folder = Path(tempfile.mkdtemp())
export.save(pipeline, folder / "digits.skops")
(folder / "digits.onnx").write_bytes(export.to_onnx(pipeline).SerializeToString())
export.to_html(pipeline, folder / "digits.html")
for path in sorted(folder.iterdir()):
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

# %%
# Both files give the probabilities of the pipeline that was saved.
X = digits.data_test.astype(np.float32)
expected = pipeline.predict_proba(X)
session = onnxruntime.InferenceSession(str(folder / "digits.onnx"))
forms = {
    "skops": export.load(folder / "digits.skops").predict_proba(X),
    "ONNX": session.run(None, {"X": X})[1],
}
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for name, probabilities in forms.items():
    difference = np.abs(probabilities - expected).max()
    print(f"{name}: the probabilities differ by at most {difference:.1e}")
    ax.scatter(expected, probabilities, s=8, alpha=0.4, label=f"{name}, difference at most {difference:.0e}")
ax.set(xlabel="probability before", ylabel="probability after")
ax.legend()
plt.show()
