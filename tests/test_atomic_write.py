"""Files are written whole or not at all, and only regular files are replaced."""

import os
import signal
import socket
import stat
import subprocess
import sys

import pytest

from sk_digits._atomic_write import atomic_write


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.txt"


def write(path, text="new"):
    with atomic_write(path) as partial:
        assert partial.suffix == path.suffix
        partial.write_text(text)


def write_half(path):
    with atomic_write(path) as partial:
        partial.write_text("half")
        raise RuntimeError


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def test_a_new_file_has_the_permissions_of_any_other(path):
    write(path)
    other = path.with_name("other")
    other.touch()
    assert path.read_text() == "new"
    assert path.stat().st_mode == other.stat().st_mode


def test_an_error_leaves_the_old_file_and_nothing_else(path):
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_half(path)
    assert path.read_text() == "old"
    assert names(path) == ["file.txt"]


def test_a_link_to_a_link_is_followed(path):
    path.write_text("old")
    for name, target in (("one.txt", path), ("two.txt", path.with_name("one.txt"))):
        path.with_name(name).symlink_to(target)
    write(path.with_name("two.txt"))
    assert path.read_text() == "new"
    assert path.with_name("two.txt").is_symlink()


def test_a_dangling_link_creates_its_target(path):
    link = path.with_name("link.txt")
    link.symlink_to(path)
    write(link)
    assert path.read_text() == "new"
    assert link.is_symlink()


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="only root can make devices")
def test_a_device_is_written_to_and_stays_a_device(path):
    null = path.with_name("null.txt")
    try:
        os.mknod(null, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        null.write_text("")
    except OSError as error:
        pytest.skip(f"devices cannot be used here: {error}")
    write(null)
    assert null.is_char_device()
    full = path.with_name("full.txt")
    os.mknod(full, stat.S_IFCHR | 0o666, os.makedev(1, 7))
    with pytest.raises(OSError, match="No space left"):
        write(full)
    assert full.is_char_device()


def test_a_socket_and_a_folder_are_refused(path, monkeypatch):
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(path.parent)  # the path of a socket must be short
        server.bind("socket.txt")
        with pytest.raises(OSError, match="no regular file, device or FIFO"):
            write(path.with_name("socket.txt"))
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write(path.parent)


def test_a_file_that_cannot_grow_leaves_the_old_one(path):
    path.write_text("old")
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from sk_digits._atomic_write import atomic_write\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "with atomic_write(sys.argv[1]) as partial: partial.write_bytes(bytes(5000))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert "File too large" in done.stderr
    assert path.read_text() == "old"
    assert names(path) == ["file.txt"]


def test_a_killed_process_leaves_the_old_file(path):
    path.write_text("old")
    code = (
        "import sys, time\n"
        "from sk_digits._atomic_write import atomic_write\n"
        "with atomic_write(sys.argv[1]) as partial:\n"
        "    partial.write_text('half'); print(flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    assert path.read_text() == "old"
