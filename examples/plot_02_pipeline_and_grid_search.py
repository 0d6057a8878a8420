"""
A pipeline and a grid search
============================

Scale the pixels in a pipeline, and search the learning rate and the dropout of the classifier in it by
cross-validation. Candidates that differ in such numbers share one compiled network, so a search is as fast
as its fits.
"""

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from sk_digits import DenseDigitClassifier
from sk_digits.datasets import load_digits

digits = load_digits()
pipeline = make_pipeline(MinMaxScaler(), DenseDigitClassifier((64,), epochs=30, random_state=0))
grid = {
    "densedigitclassifier__learning_rate": [0.001, 0.003, 0.01, 0.03],
    "densedigitclassifier__dropout": [0, 0.2, 0.4],
}
search = GridSearchCV(pipeline, grid, cv=5).fit(digits.data_train, digits.target_train)
print("best parameters:", search.best_params_)
print(f"test accuracy: {search.score(digits.data_test, digits.target_test):.3f}")

# %%
# The score of each candidate, against each of the two parameters.
from sk_digits.plotting import SearchDisplay

SearchDisplay.from_estimator(search)
