"""Image files in a folder, for the commands and the loaders."""

IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


def images_in(folder, *, recursive=False):
    """Return the image files in a folder, sorted, with those in its sub-folders if `recursive`.

    Raises
    ------
    ValueError
        If there is none.
    """
    files = folder.rglob("*") if recursive else folder.iterdir()
    found = sorted(file for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    if not found:
        raise ValueError(
            f"{folder} contains no image; the suffix must be one of {', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    return found
