"""Import of TensorFlow without its start-up messages.

TensorFlow writes to the process's standard error while its libraries load, before it reads its log
variable TF_CPP_MIN_LOG_LEVEL. On Linux the libraries are therefore loaded first by a thread with a file
table of its own, whose standard error is discarded: no other thread's output is affected. Where that is not
possible the messages are shown.
"""

import contextlib
import ctypes
import importlib.util
import os
import sys
import threading
from pathlib import Path

_VARIABLE = "TF_CPP_MIN_LOG_LEVEL"
_ONLY_FATAL = "3"
# The libraries of TensorFlow's that write while they load.
_LIBRARIES = ("libtensorflow_framework.so.2", "python/profiler/internal/_pywrap_profiler_plugin.so")
_CLONE_FILES = 0x400  # of Linux' <sched.h>


@contextlib.contextmanager
def quiet_import():
    """Hide the messages of an import in the body, unless TF_CPP_MIN_LOG_LEVEL is set to show them."""
    if "tensorflow" in sys.modules:
        yield
        return
    level = os.environ.get(_VARIABLE)
    if level is None:
        os.environ[_VARIABLE] = _ONLY_FATAL
    try:
        if sys.platform == "linux" and os.environ[_VARIABLE] != "0":
            loader = threading.Thread(target=_load_libraries)
            loader.start()
            loader.join()
        yield
    finally:
        if level is None:
            del os.environ[_VARIABLE]


def _load_libraries():
    """Load TensorFlow's libraries with the standard error of this thread discarded."""
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or ctypes.CDLL(None).unshare(_CLONE_FILES) != 0:
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.close(null)
    for name in _LIBRARIES:
        path = Path(spec.submodule_search_locations[0], name)
        with contextlib.suppress(OSError):  # not in this version; its messages will be shown
            ctypes.CDLL(path)
