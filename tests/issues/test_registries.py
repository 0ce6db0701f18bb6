"""Identifiers of other registries: which registry issued one, and where its entry is."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.mapping.derived import issuing_registry, registry_entry
from kg.ontology.vocabulary import CT
from tests.export.test_exporter import change

REGISTRY = "https://w3id.org/trialkg/registry/"
RECORDS = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
EU_CTR = "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:"
CTIS = "https://euclinicaltrials.eu/ctis-public/view/"


@pytest.mark.parametrize(
    ("identifier", "registry", "entry"),
    [
        ("2004-005282-37", "EudraCT", EU_CTR + "2004-005282-37"),
        ("2010-024113-31", "EudraCT", EU_CTR + "2010-024113-31"),  # more than 9,999 numbers in a year
        ("2024-000123-45", "EudraCT", EU_CTR + "2024-000123-45"),  # still given out for trials outside the EU
        ("EudraCT-No.:2006-000284-28", "EudraCT", EU_CTR + "2006-000284-28"),
        ("EudraCTnr: 2005-005175-16", "EudraCT", EU_CTR + "2005-005175-16"),
        ("EudraCT:2009-009936-56", "EudraCT", EU_CTR + "2009-009936-56"),
        ("2023-508083-30-00", "CTIS", CTIS + "2023-508083-30-00"),
        ("2022-502916-35-01", "CTIS", CTIS + "2022-502916-35-01"),
        ("2022-503007-22", "CTIS", None),  # without the number of its submission there is no page
        ("U1111-1293-5665", "ICTRP", None),  # a UTN has no page
        (" ISRCTN12345678 ", "ISRCTN", "https://www.isrctn.com/ISRCTN12345678"),
        ("JRCT2031240016", "jRCT", "https://jrct.niph.go.jp/en-latest-detail/jRCT2031240016"),
        ("jRCTs041220087", "jRCT", "https://jrct.niph.go.jp/en-latest-detail/jRCTs041220087"),
        ("CTRI/2022/06/043399", "CTRI", "https://trialsearch.who.int/Trial2.aspx?TrialID=CTRI/2022/06/043399"),
        ("UMIN000049383", "UMIN", "https://trialsearch.who.int/Trial2.aspx?TrialID=JPRN-UMIN000049383"),
        ("NL-OMON53367", "OMON", "https://onderzoekmetmensen.nl/en/trial/53367"),
        ("SNCTP000006696", "SNCTP", None),
        ("2022-A01261-42", None, None),  # an ID-RCB number of France
        ("2022-503007-22-000", None, None),
        ("2010-24113-31", None, None),
        ("B2421001", None, None),
        (20100241, None, None),
    ],
)
def test_the_registry_of_an_identifier(identifier: Any, registry: str | None, entry: str | None) -> None:
    assert issuing_registry(identifier) == (registry and REGISTRY + registry)
    assert registry_entry(identifier) == entry


def test_an_identifier_without_a_page_has_its_registry_in_the_graph(seed: dict[str, Any]) -> None:
    ids = [{"id": "U1111-1293-5665", "type": "REGISTRY", "domain": "UTN"}, {"id": "2022-503007-22"}]
    record = change(seed, "protocolSection.identificationModule.secondaryIdInfos", ids)
    store = ox.Store()
    store.load(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES)

    def objects(name: str) -> list[str]:
        return sorted(str(quad.object.value) for quad in store.quads_for_pattern(None, ox.NamedNode(CT + name), None))

    assert objects("issuingRegistry") == [REGISTRY + "CTIS", REGISTRY + "ICTRP"]
    assert objects("registryEntry") == []


@pytest.mark.skipif(not RECORDS.exists(), reason="the 1,659 records are not here")
def test_every_number_of_the_eu_in_the_records_is_recognized() -> None:
    found: Counter[str | None] = Counter()
    with zipfile.ZipFile(RECORDS) as archive:
        for name in archive.namelist():
            identification = orjson.loads(archive.read(name)).get("protocolSection", {}).get("identificationModule", {})
            for info in identification.get("secondaryIdInfos", ()):
                registry = issuing_registry(info.get("id"))
                found[registry and registry.removeprefix(REGISTRY)] += 1
                if info.get("type") in ("EUDRACT_NUMBER", "CTIS"):
                    assert registry in (REGISTRY + "EudraCT", REGISTRY + "CTIS"), info
    assert found == {
        None: 413,
        "EudraCT": 70,
        "CTIS": 46,
        "CTRP": 21,
        "ICTRP": 15,
        "jRCT": 4,
        "ChinaDrugTrials": 3,
        "SNCTP": 2,
        "CTRI": 1,
        "ChiCTR": 1,
    }
