"""What a notebook shows of an estimator: a link to its API page, and a table of what was fitted."""

import html
import importlib.metadata
import math


def api_page_template(estimator):
    """Return the pattern of the addresses of API pages, as scikit-learn's diagram takes it.

    It is empty, and there is no link, unless the metadata of the package names a site as "Documentation".
    """
    try:
        urls = importlib.metadata.metadata("sk-digits").get_all("Project-URL", [])
    except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
        return ""
    sites = dict(url.split(", ", 1) for url in urls)
    site = sites.get("Documentation", "").rstrip("/")
    return f"{site}/api/{{estimator_module}}.{{estimator_name}}.html" if site else ""


def summary_rows(classifier):
    """Return pairs of names and texts about a fitted classifier."""
    state = classifier._state
    network = state.network
    sizes = (network.n_features, *network.hidden_layer_sizes, network.n_classes)
    n_weights = sum(weights.size for weights in (*classifier.coefs_, *classifier.intercepts_))
    rows = [
        ("Layers", " - ".join(f"{size:,}" for size in sizes) + f" ({network.activation})"),
        ("Weights", f"{n_weights:,} in {network.dtype}"),
    ]
    if classifier.n_iter_:
        epochs = f"{classifier.n_iter_} epoch{'s' if classifier.n_iter_ > 1 else ''}"
        rows.append(("Trained", epochs if state.seconds is None else f"{epochs} in {state.seconds:.3g} s"))
    if math.isfinite(classifier.loss_):
        rows.append(("Training loss", f"{classifier.loss_:.4g}"))
    scores = [score for score in classifier.validation_scores_ or [] if math.isfinite(score)]
    if classifier.best_epoch_ is not None:
        kept = f"epoch {classifier.best_epoch_}, whose weights were kept"
        rows.append(("Validation score", f"{classifier.best_validation_score_:.4g} ({kept})"))
    elif scores:
        rows.append(("Validation score", f"{scores[-1]:.4g}"))
    if state.versions:
        versions = ", ".join(f"{name} {version}" for name, version in state.versions.items())
        rows.append(("Fitted with", versions))
    return rows


def summary_html(classifier):
    """Return the summary of a fitted classifier as an HTML table."""
    rows = "".join(
        f"<tr><th style='text-align: left'>{html.escape(name)}</th>"
        f"<td style='text-align: left'>{html.escape(text)}</td></tr>"
        for name, text in summary_rows(classifier)
    )
    return f"<table aria-label='The fitted network'>{rows}</table>"
