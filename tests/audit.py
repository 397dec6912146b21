"""What the program stands on: the lock whole and hashed, the environment just what it names, nothing changed since it was put in.

Known weaknesses are asked for where `pip-audit` is installed and its advisories can be reached; where not, that is said and
nothing is claimed. The rest needs no network.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.lock", "requirements-bootstrap.lock")
OURS = {"misuse"}
# What `python -m venv` puts in itself.
OF_VENV = {"pip", "setuptools"}
UNREACHED = ("connection", "name resolution", "timed out", "max retries", "network", "failed to establish")


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> list[tuple[str, str, list[str], str]]:
    """Of each requirement its package, version, hashes and marker."""
    found = []
    for entry in re.split(r"(?<!\\)\n", text.strip()):
        match = re.match(r"([A-Za-z0-9_.-]+)==([^\s;\\]+)(?:\s*;\s*([^\\]*?))?\s*(?:\\|$)", entry)
        if match:
            hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
            found.append((plain(match[1]), match[2], hashes, (match[3] or "").strip()))
    return found


def faults_of_lock(name: str, text: str) -> list[str]:
    """What is wrong with a lock as it is written."""
    found = [f"{name}: it names an address" for _ in re.findall(r"://", text)[:1]]
    lines = [line for line in re.split(r"(?<!\\)\n", text.strip()) if line and not line.startswith("#")]
    read = locked(text)
    if len(read) != len(lines):
        found.append(f"{name}: {len(lines) - len(read)} lines are no requirement with one version")
    return found + [f"{name}: {package} has no hash" for package, _, hashes, _ in read if not hashes]


def applies(marker: str) -> bool:
    """Whether a requirement is one of this machine's."""
    from packaging.markers import Marker

    return not marker or Marker(marker).evaluate()


def faults_of_environment(asked: list[str], versions: dict[str, str]) -> list[str]:
    """Where what is installed is not what the locks name, or a direct dependency is not the one asked for."""
    here = {plain(found.metadata["Name"]): found for found in metadata.distributions()}
    found = [f"{name} is installed and in no lock" for name in sorted(here.keys() - versions.keys() - OURS - OF_VENV)]
    found += [f"{name} is locked and not installed" for name in sorted(versions.keys() - here.keys())]
    for name in sorted(here.keys() & versions.keys()):
        if here[name].version != versions[name]:
            found.append(f"{name} is installed as {here[name].version}, locked as {versions[name]}")
    direct = {plain(re.split(r"[<>=!~;\[ ]", requirement)[0]) for requirement in asked}
    found += [f"{name} is asked for and not locked" for name in sorted(direct - versions.keys())]
    return found + [fault for name in sorted(direct & here.keys()) for fault in changed_files(here[name])]


def changed_files(package: metadata.Distribution) -> list[str]:
    """Files of an installed package that are not those that its own record hashes."""
    found = []
    for name, told, _size in csv.reader(io.StringIO(package.read_text("RECORD") or "")):
        path = Path(str(package.locate_file(name)))
        if not told.startswith("sha256=") or path.suffix == ".pyc" or not path.is_file():
            continue
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
        if digest != told.removeprefix("sha256="):
            found.append(f"{package.metadata['Name']}: {name} was changed after it was installed")
    return found


def advisories() -> tuple[list[str], str]:
    """Known weaknesses of what is locked, and a sentence on whether anybody could be asked."""
    tool = shutil.which("pip-audit", path=str(Path(sys.executable).parent)) or shutil.which("pip-audit")
    if tool is None:
        return [], "known weaknesses were not asked for: pip-audit is not installed"
    command = [
        tool,
        "--requirement",
        str(ROOT / LOCKS[0]),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        return [], "known weaknesses were not asked for: the advisories did not answer"
    if done.returncode and any(sign in done.stderr.lower() for sign in UNREACHED):
        return [], "known weaknesses were not asked for: the advisories cannot be reached from here"
    return ([done.stdout.strip() or done.stderr.strip()] if done.returncode else []), "pip-audit knows of no weakness"


def main() -> int:
    """Look at everything; 1 if anything is wrong."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in LOCKS}
    found = [fault for name, text in texts.items() for fault in faults_of_lock(name, text)]
    entries = [entry for text in reversed(texts.values()) for entry in locked(text)]
    found += faults_of_environment(asked, {name: version for name, version, _, marker in entries if applies(marker)})
    weak, told = advisories()
    for line in [*found, *weak, *([told] if not weak else [])]:
        print(line)
    return 1 if found or weak else 0


if __name__ == "__main__":
    sys.exit(main())
