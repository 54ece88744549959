"""The real clients, each in an interpreter of its own.

`TENANTRY_CLIENTS` (default `.tools/clients`) holds one virtual environment per client, as
`scripts/setup-clients.sh` makes them.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from server import REPOSITORY

CLIENTS = Path(os.environ.get("TENANTRY_CLIENTS", REPOSITORY / ".tools" / "clients"))
DRIVERS = Path(__file__).parent / "drivers"
# One for each change of the wire format: spec sections 1 and 2.
GENERATIONS = ("3.16.1", "4.0.0", "4.5.0", "4.15.0")
CLI = "2.32.0"
# OpenAI's: the generation that UbiOps' tutorials are written for, and the newest, which needs Python 3.10.
OPENAI = ("1.109.1", "3.57.0") if sys.version_info >= (3, 10) else ("1.109.1",)


def interpreter(package, version):
    """The Python that has `package` at `version`."""
    python = CLIENTS / f"{package}-{version}" / "bin" / "python"
    if not python.exists():
        raise FileNotFoundError(f"{python}: run scripts/setup-clients.sh")
    return python


def environment(**extra):
    """A process environment without the caller's UbiOps settings and proxies."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith("UBIOPS_") and not key.lower().endswith("_proxy")}
    return {**kept, "NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1", **extra}


def drive(driver, version, plan, ledger, package="ubiops"):
    """Runs `drivers/<driver>.py` in the interpreter of `version` and returns its steps."""
    done = subprocess.run(
        [interpreter(package, version), DRIVERS / f"{driver}.py"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        timeout=180,
        env=environment(),
    )
    steps = json.loads(done.stdout)["steps"] if done.stdout else {}
    for step in steps.values():
        ledger.saw(step.get("request_id"), step)
    if done.returncode != 0:
        failed = {name: step for name, step in steps.items() if "value" not in step and name != "knows"}
        raise AssertionError(f"{package} {version} stopped: {done.stderr}\nnot done so far: {failed}")
    return steps


def drive_all(driver, plan_for, ledger, package="ubiops", versions=GENERATIONS):
    """Runs `driver` in all generations at once; returns a function from a version to its steps.

    A generation that stops fails its own tests only.
    """
    pool = ThreadPoolExecutor(len(versions))
    running = {version: pool.submit(drive, driver, version, plan_for(version), ledger, package) for version in versions}
    pool.shutdown(wait=True)
    return lambda version: running[version].result()
