"""Countries: the ISO 3166 code and the English name of what a record calls a country.

The tables are those of pycountry, read without its code (whose import takes longer than a study does), which tests hold
them against.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, cast

import orjson

_SPELLINGS = {
    "Brunei": "BN", "Burma": "MM", "Cape Verde": "CV", "Cote d'Ivoire": "CI",
    "Democratic Republic of the Congo": "CD", "East Timor": "TL", "Falkland Islands": "FK",
    "Former Serbia and Montenegro": "CSXX", "Former Yugoslavia": "YUCS", "Gaza": "PS", "Holy See": "VA",
    "Libyan Arab Jamahiriya": "LY", "Macau": "MO", "Macedonia, The Former Yugoslav Republic of": "MK",
    "Micronesia": "FM", "Myanmar (Burma)": "MM", "Netherlands Antilles": "ANHH",
    "Palestinian Territories, Occupied": "PS", "Palestinian Territory, occupied": "PS", "Reunion": "RE",
    "Russia": "RU", "Saint Helena": "SH", "Saint Martin": "MF", "Sao Tome and Principe": "ST", "Sint Maarten": "SX",
    "Swaziland": "SZ", "São Tomé and Príncipe": "ST", "The Bahamas": "BS", "The Gambia": "GM", "Turkey": "TR",
    "Turkey (Türkiye)": "TR", "U.S. Virgin Islands": "VI", "Vatican City": "VA", "Virgin Islands (U.S.)": "VI",
}  # fmt: skip
"""Spellings of the registry that ISO 3166 has not."""
_TABLES = (("3166-3", "alpha_4"), ("3166-1", "alpha_2"))
"""The parts of ISO 3166, of which the second goes before, with what is the code of a country there: those that are no
more, and those that are."""
_NAMES = ("alpha_2", "alpha_3", "alpha_4", "name", "official_name", "common_name")


class Country(NamedTuple):
    """The code of a country (four letters of one that is no more) and its English name."""

    code: str
    name: str


def country(name: str) -> Country | None:
    """The country of a name, or of a code.

    >>> country("South Korea"), country("Former Yugoslavia").code, country("Atlantis")
    (Country(code='KR', name='South Korea'), 'YUCS', None)
    """
    plain = name.strip().replace("’", "'")
    return _known().get(_SPELLINGS.get(plain, plain).lower())


@cache
def _known() -> dict[str, Country]:
    known: dict[str, Country] = {}
    for part, code in _TABLES:
        for entry in _table(part):
            found = Country(entry[code], entry.get("common_name", entry["name"]))
            known |= {entry[key].lower(): found for key in _NAMES if key in entry}
    return known


def _table(part: str) -> list[dict[str, str]]:
    package = find_spec("pycountry")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).with_name("databases") / f"iso{part}.json"
    return cast("list[dict[str, str]]", orjson.loads(data.read_bytes())[part])
