"""How long to train, in what batches, at what rate and with what label smoothing, if these are "auto".

The numbers were chosen on the bundled data of scikit-learn and on subsets of MNIST's training images;
docs/small_data.md shows what they reach.
"""

import math

# Rows up to which training is constant, so that a row of weight 2 and a repeated row give the same fit.
FEW_ROWS = 256

# Number of weights from which a step on few rows takes long, mostly to update the weights.
LARGE_NETWORK = 500_000

# Rows beyond which the defaults are those that were tuned on 60,000 images.
MANY_ROWS = 16_384

# Rows for each feature from which label smoothing gains accuracy instead of losing it.
SMOOTHED_ROWS_PER_FEATURE = 5


def _is_large_for_few_rows(n_rows, n_weights):
    """Return whether few steps on large batches learn more, and in less time, than many on small ones."""
    return n_rows <= FEW_ROWS and n_weights >= LARGE_NETWORK


def auto_batch_size(n_rows, n_weights):
    """Return the number of rows per step."""
    if _is_large_for_few_rows(n_rows, n_weights):
        return 80
    return 32 if n_rows <= FEW_ROWS else 64 if n_rows <= 4096 else 128


def auto_epochs(n_rows, n_weights):
    """Return the number of passes over `n_rows` rows for a network of `n_weights` weights.

    A large network learns in fewer passes, each of which costs more.
    """
    if n_rows > MANY_ROWS:
        return 15
    if _is_large_for_few_rows(n_rows, n_weights):
        return 8
    return min(60 if n_rows <= FEW_ROWS else 30, max(9, 2_500_000 // n_weights))


def auto_rate_factor(n_rows, n_features, *, has_hidden_layers):
    """Return the factor of the optimizer's default learning rate.

    A step of Adam changes every weight by about the learning rate, so its effect on a unit grows with the
    number of inputs. The factor is 2 for 784 features, and 1 on many rows, where there are many steps.
    Without hidden layers it falls faster: the steps of all inputs add up to those of the logits.
    """
    factor = 56 / math.sqrt(n_features) if has_hidden_layers else 200 / n_features**0.75
    return factor if n_rows <= MANY_ROWS else factor / 2


def auto_label_smoothing(n_rows, n_features):
    """Return the fraction of the target probability that is distributed over all classes."""
    return 0.0 if max(n_rows, FEW_ROWS) < SMOOTHED_ROWS_PER_FEATURE * n_features else 0.02
