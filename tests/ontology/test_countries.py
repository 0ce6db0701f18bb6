"""The countries match those of pycountry."""

from __future__ import annotations

import pycountry
import pytest

from kg.ontology.countries import _NAMES, Country, country

REGISTERS = ((pycountry.countries, "alpha_2"), (pycountry.historic_countries, "alpha_4"))
NAMES = {
    getattr(entry, name) for register, _ in REGISTERS for entry in register for name in _NAMES if name in dir(entry)
}


def looked_up(name: str) -> Country | None:
    for register, code in REGISTERS:
        try:
            found = register.lookup(name)
        except LookupError:
            continue
        return Country(getattr(found, code), getattr(found, "common_name", found.name))
    return None


def test_each_name_and_code_has_the_country_of_pycountry() -> None:
    ours = {"East Timor"}  # which the registry calls the country of today
    assert len(NAMES) > 1000
    assert {name for name in NAMES if country(name) != looked_up(name)} == ours


@pytest.mark.parametrize(
    "name", ["Turkey (Türkiye)", "SOUTH KOREA", "  Germany ", "Côte d’Ivoire", "Libyan Arab Jamahiriya"]
)
def test_spellings_of_the_registry_have_a_country(name: str) -> None:
    assert country(name) is not None


def test_other_names_have_no_country() -> None:
    assert country("") is None
    assert country("840") is None
