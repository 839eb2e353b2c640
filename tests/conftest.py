"""Fixtures of the namespace and interop tests. A failing test leaves its logs, and says where."""

import os
import pathlib
import signal
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "lib"))
sys.path.insert(0, str(ROOT / "tests" / "netns"))

from lab import topology  # noqa: E402
from lab.network import Lab, require_root  # noqa: E402
from pair import Pair  # noqa: E402

LOG_LINES_SHOWN = 40

# A test that is told to end still takes its namespaces and daemons along.
signal.signal(signal.SIGTERM, lambda *_: pytest.exit("told to end", returncode=143))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.has_failed = report.failed


@pytest.fixture(scope="session")
def binaries() -> pathlib.Path:
    folder = pathlib.Path(os.environ.get("TWINSPAN_BIN", ROOT / "build" / "release" / "bin"))
    assert (folder / "twinspand").exists(), f"no twinspand in {folder}: build the preset release"
    return folder


@pytest.fixture
def lab(request):
    require_root()
    lab = Lab()
    try:
        yield lab
    finally:
        failed = getattr(request.node, "has_failed", True)
        lab.close(keep_logs=failed)
        if failed:
            show_logs(lab)


def show_logs(lab: Lab) -> None:
    print(f"\nlogs and captures are kept in {lab.folder}")
    for path in sorted(lab.folder.glob("*.log")):
        lines = path.read_text(errors="replace").splitlines()
        if lines:
            print(f"--- {path.name} (last {LOG_LINES_SHOWN} of {len(lines)} lines)")
            print("\n".join(lines[-LOG_LINES_SHOWN:]))


@pytest.fixture
def sites(lab) -> topology.Sites:
    return topology.build_sites(lab)


@pytest.fixture
def pair(sites, binaries) -> Pair:
    """Two gateways over the sites, not yet started."""
    return Pair(sites, binaries)
