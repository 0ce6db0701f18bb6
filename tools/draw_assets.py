"""Create the files in ``kg/draw/assets`` from external sources: the fonts, the outline of the land, the MeSH tree.

It needs ``npm``, ``pip install fonttools brotli`` and, for the tree, a table of MeSH descriptors (identifier, name,
synonyms, tree numbers, separated by tabs). Run it when a source has a new version:

    python tools/draw_assets.py [DESCRIPTORS.tsv]
"""

from __future__ import annotations

import io
import json
import lzma
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent.parent / "kg" / "draw" / "assets"
INTER, ATLAS = "inter-ui@4.1.1", "world-atlas@2.0.2"
RANGES = (
    "0020-007E,00A0-024F,0300-0304,0370-03FF,1E00-1EFF,2010-2027,2030-205E,2070-209C,20AC,2103,2116,2122,2150-215E,"
    "2190-2195,2200-2265,25CB,25CF"
)
FEATURES = "kern,liga,calt,mark,mkmk,ccmp,locl,tnum"


def npm_archive(name: str) -> tarfile.TarFile:
    """Return the archive of an npm package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True)
        return tarfile.open(fileobj=io.BytesIO(next(Path(folder).glob("*.tgz")).read_bytes()))


def member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(f"package/{name}")
    assert file is not None
    return file.read()


def fonts() -> None:
    """Write Inter, reduced to Latin, Greek and symbols, as WOFF2 and TrueType, and the widths of its characters."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    archive = npm_archive(INTER)
    widths: dict[str, dict[str, int]] = {}
    for weight in ("Regular", "SemiBold"):
        options = subset.Options(layout_features=FEATURES.split(","), hinting=False, notdef_outline=True)
        font = TTFont(io.BytesIO(member(archive, f"web/Inter-{weight}.woff2")), recalcTimestamp=False)
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=subset.parse_unicodes(RANGES))
        subsetter.subset(font)
        scale = 1000 / font["head"].unitsPerEm
        glyphs, metrics = font.getBestCmap(), font["hmtx"].metrics
        widths[weight] = {chr(code): round(metrics[name][0] * scale) for code, name in sorted(glyphs.items())}
        for flavor, suffix in (("woff2", "woff2"), (None, "ttf")):
            font.flavor = flavor
            font.save(ASSETS / f"Inter-{weight}.{suffix}")
    text = json.dumps(widths, ensure_ascii=False, separators=(",", ":"))
    (ASSETS / "widths.json").write_text(text + "\n", "utf-8")
    (ASSETS / "Inter-LICENSE.txt").write_bytes(member(archive, "LICENSE.txt"))


def land() -> None:
    """Write the outlines of the countries at 1:110 million by ISO code, as rings of coordinates in tenths of a degree.

    Territories without a code are under an empty one.
    """
    import pycountry

    topology = json.loads(member(npm_archive(ATLAS), "countries-110m.json"))
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[list[list[float]]] = []
    for arc in topology["arcs"]:
        x = y = 0
        arcs.append([])
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            arcs[-1].append([x * scale_x + shift_x, y * scale_y + shift_y])
    countries: dict[str, list[list[list[int]]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        entry = pycountry.countries.get(numeric=geometry.get("id", ""))
        rings = [_ring(arcs, ring) for shape in _polygons(geometry) for ring in shape]
        countries.setdefault(entry.alpha_2 if entry else "", []).extend(ring for ring in rings if len(ring) > 4)
    text = json.dumps(dict(sorted(countries.items())), separators=(",", ":"))
    (ASSETS / "countries.json").write_text(text + "\n", "utf-8")


def _polygons(geometry: dict[str, Any]) -> list[Any]:
    if geometry["type"] == "GeometryCollection":
        return [polygon for member in geometry["geometries"] for polygon in _polygons(member)]
    return [geometry["arcs"]] if geometry["type"] == "Polygon" else list(geometry["arcs"])


def _ring(arcs: list[list[list[float]]], names: list[int]) -> list[list[int]]:
    ring: list[list[int]] = []
    for name in names:
        for x, y in arcs[name] if name >= 0 else reversed(arcs[~name]):
            point = [round(x * 10), round(y * 10)]
            if not ring or ring[-1] != point:
                ring.append(point)
    return ring


def tree(table: Path) -> None:
    """Write the identifiers and tree numbers of the MeSH descriptors, without their names."""
    rows = [line.split("\t") for line in table.read_text("utf-8").splitlines()]
    lines = sorted(f"{row[0]} {row[3].replace('|', ' ')}".strip() for row in rows if len(row) > 3)
    (ASSETS / "mesh-tree.txt.xz").write_bytes(lzma.compress("\n".join(lines).encode() + b"\n", preset=9))


if __name__ == "__main__":
    fonts()
    land()
    for name in sys.argv[1:]:
        tree(Path(name))
