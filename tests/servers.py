"""Servers on free ports of this machine, for tests and benchmarks."""

import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

APP = Path(__file__).parents[1] / "examples" / "app" / "app.py"


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def start_app(*options, cwd=None):
    """Start the page of examples/app; return its process and its address, once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", APP, "--server.port", port]
    command += ["--server.headless", "true", "--", *options]
    server = subprocess.Popen([*map(str, command)], cwd=cwd)
    address = f"http://localhost:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=5).close()
            return server, address
        except OSError:
            time.sleep(0.1)
    server.terminate()
    raise RuntimeError("the page did not start")
