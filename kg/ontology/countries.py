"""ISO 3166 codes and English names of the countries in records.

The tables of pycountry are read directly, because importing pycountry takes longer than exporting a study.
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
"""The registry's spellings that ISO 3166 does not have."""
_TABLES = (("3166-3", "alpha_4"), ("3166-1", "alpha_2"))
"""The parts of ISO 3166 and the field with the code: former countries, then the current ones, which take precedence."""
_NAMES = ("alpha_2", "alpha_3", "alpha_4", "name", "official_name", "common_name")


class Country(NamedTuple):
    """The code of a country (four letters for a former one) and its English name."""

    code: str
    name: str


def country(name: str) -> Country | None:
    """Return the country with a name or code.

    >>> country("South Korea"), country("Former Yugoslavia").code, country("Atlantis")
    (Country(code='KR', name='South Korea'), 'YUCS', None)
    """
    plain = name.strip().replace("’", "'")
    return _countries().get(_SPELLINGS.get(plain, plain).lower())


@cache
def _countries() -> dict[str, Country]:
    countries: dict[str, Country] = {}
    for part, code in _TABLES:
        for entry in _table(part):
            result = Country(entry[code], entry.get("common_name", entry["name"]))
            countries |= {entry[key].lower(): result for key in _NAMES if key in entry}
    return countries


def _table(part: str) -> list[dict[str, str]]:
    package = find_spec("pycountry")
    assert package is not None
    assert package.origin is not None
    data = Path(package.origin).with_name("databases") / f"iso{part}.json"
    return cast("list[dict[str, str]]", orjson.loads(data.read_bytes())[part])
