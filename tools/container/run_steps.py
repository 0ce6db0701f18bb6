"""Runs the steps of the Dockerfile one after another without Docker, and tries the server that they make.

Each stage is a virtual environment; absolute paths of the image are in a temporary folder. Steps that change the system
(``apt-get``, ``useradd``) are left out: the machine has to have what they install.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

TOP = Path(__file__).parents[2]
DOCKERFILE = Path(__file__).parent / "Dockerfile"
SYSTEM = ("apt-get", "useradd")
QUERY = "/sparql?query=ASK%20%7B%20study%3ANCT02059759%20a%20ct%3AStudy%20%7D"
RECORD = TOP / "tests" / "data" / "NCT02059759.txt"


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile with their arguments.

    >>> [*instructions("# a\\nFROM x AS y\\n\\nRUN a && \\\\\\n  b")]
    [('FROM', 'x AS y'), ('RUN', 'a &&   b')]
    """
    for line in text.replace("\\\n", "").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name.upper(), rest.strip()


class Image:
    """The image that the steps make, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stage = 0
        self.entry: list[str] = []
        self.arguments: list[str] = []
        self.health: list[str] = []

    @property
    def programs(self) -> Path:
        """The folder of the programs of the current stage."""
        return self._folder / f"stage-{self._stage}" / "bin"

    def step(self, name: str, rest: str) -> None:
        """Do one instruction."""
        print(f"{name} {rest}", flush=True)
        if name == "FROM":
            self._stage += 1
            venv.create(self.programs.parent, with_pip=True)
        elif name == "COPY" and not rest.startswith("--from="):
            self._copy(*rest.split())
        elif name == "RUN" and not any(word in rest for word in SYSTEM):
            environment = {**os.environ, "PATH": f"{self.programs}:{os.environ['PATH']}"}
            subprocess.run(["bash", "-ceu", self._placed(rest)], env=environment, check=True)
        elif name in ("ENTRYPOINT", "CMD", "HEALTHCHECK"):
            words = json.loads(rest.removeprefix("CMD ").strip())
            setattr(self, {"ENTRYPOINT": "entry", "CMD": "arguments", "HEALTHCHECK": "health"}[name], words)

    def _placed(self, text: str) -> str:
        """Put the absolute paths of the image into the folder."""
        return re.sub(r"(?<=\s)/(?=\w)", f"{shlex.quote(str(self._folder))}/", text)

    def _copy(self, source: str, target: str) -> None:
        """Copy what Docker would: the files of the checkout without those of the ignore file."""
        patterns = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().split()
        ignored = shutil.ignore_patterns(
            *(pattern.removeprefix("**/") for pattern in patterns if "/" not in pattern[3:])
        )
        shutil.copytree(TOP / source, Path(self._placed(f" {target}").strip()), ignore=ignored, dirs_exist_ok=True)


def try_server(image: Image, store: Path) -> None:
    """Start the server of an image, query it, check its health, and stop it."""
    program, *options = image.entry
    command = [str(image.programs / program), *options, str(store), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=store.parent)
    try:
        assert process.stderr
        line = process.stderr.readline()
        print(line.strip())
        url = line.split(" at ")[-1].split("/ ")[0]
        with urlopen(url + QUERY, timeout=30) as response:
            assert json.load(response)["boolean"] is True
        check = [word.replace("http://127.0.0.1:8000", url) for word in image.health]
        subprocess.run([str(image.programs / check[0]), *check[1:]], check=True)
    finally:
        process.terminate()
        status = process.wait(30)
    assert status == 0, status


def main() -> int:
    """Run the steps and try the server."""
    with tempfile.TemporaryDirectory() as folder:
        image = Image(Path(folder))
        for name, rest in instructions(DOCKERFILE.read_text()):
            image.step(name, rest)
        store = Path(folder, "data")
        subprocess.run([str(image.programs / "kg"), "store", "build", str(RECORD), "-o", str(store)], check=True)
        assert image.arguments == ["/data"]
        try_server(image, store)
    print("The steps work.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
