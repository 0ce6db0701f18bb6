"""Contact data left exports through ill-shaped contacts, keys such as ``fax`` and ``Email``, messages and free text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

import kg
from kg.coverage.measure import measure_inputs
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.rdf import parquet
from kg.rdf.formats import FORMATS
from kg.records.contacts import MASK
from kg.restore.run import restore

SECRET = re.compile(r"secret", re.IGNORECASE)
PERSON = {"name": "Name", "role": "CONTACT"}
SITE = {"facility": "F", "city": "C", "country": "France"}
CONTACTS: list[Any] = [
    [PERSON | {"phone": "+1-555-SECRET", "phoneExt": "SECRET", "email": "secret@leak.example"}],
    [PERSON | {"Email": "secret@leak.example", "e-mail": "secret@leak.example", "pager": "SECRET"}],
    [PERSON | {"email": ["secret@leak.example"], "phone": {"a": "SECRET"}}],
    "call SECRET secret@leak.example",
    ["SECRET"],
    [["SECRET"], {"note": "SECRET"}],
    {"email": "secret@leak.example", "name": "Name"},
    [PERSON | {"role": {"phone": "SECRET"}}],
]
SITES = [SITE | {"contacts": contacts} for contacts in CONTACTS]
SITES += [
    SITE | {"contactBackup": {"telephone": "SECRET", "name": "Name", "number": "SECRET"}},
    SITE | {"email": "secret@leak.example", "contactBackup": "SECRET"},
]
PEOPLE = {
    "person": {"fax": "SECRET", "faxNumber": "SECRET", "mail": "SECRET", "tel": "SECRET", "EMAIL_ADDRESS": "SECRET"},
    "contacts": [7, "SECRET"],
    "secret@leak.example": 1,
}
TEXT = 'Write to "J. Doe" <secret.doe+x@sub.leak.example>,\nsecret@leak.example or josé_secret@leak.example.'


def record(**modules: Any) -> dict[str, Any]:
    identification = {"nctId": "NCT00000001", "briefTitle": "A trial"}
    return {"protocolSection": {"identificationModule": identification, **modules}}


RECORD = record(
    contactsLocationsModule={"locations": SITES, "centralContacts": CONTACTS[0], "overallOfficials": CONTACTS[2]},
    descriptionModule={"briefSummary": TEXT, "detailedDescription": ["x", "secret@leak.example"]},
    conditionsModule={"keywords": ["secret@leak.example", "a", 7], "conditions": ["secret@leak.example"]},
    sponsorCollaboratorsModule={"leadSponsor": {"name": "S secret@leak.example", "class": "OTHER"}},
    statusModule={"whyStopped": "x\\secret@leak.example", "startDateStruct": {"date": "secret@leak.example"}},
    referencesModule={"seeAlsoLinks": [{"label": "L", "url": "https://e.org/?a=secret@leak.example"}]},
    newModule=PEOPLE,
) | {"resultsSection": {"moreInfoModule": {"pointOfContact": "SECRET"}}}


@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
def test_no_contact_leaves(tmp_path: Path, format_: Any) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(RECORD))
    output = tmp_path / f"a{format_.extension}"
    messages: list[str] = []
    report = export(
        [tmp_path / "a.json"], output, report=Report(lambda error: messages.append(f"{error}{error.as_dict()}"))
    )
    text = output.read_bytes()
    if format_.name == "parquet":
        text = b"".join(parquet.read(str(output)))
    assert messages
    assert not SECRET.findall(text.decode() + "".join(messages) + str(report.manifest("", "", "", "")))
    restored = tmp_path / "a.jsonl"
    restore([str(output)], str(restored))
    assert not SECRET.search(restored.read_text())
    assert b"Name" in restored.read_bytes()


def test_contacts_keep_everything() -> None:
    exported = Exporter(contacts=True)(RECORD)
    assert MASK.encode() not in exported.data
    assert exported.withheld == exported.masked == 0
    assert len(SECRET.findall(exported.data.decode())) >= len(SECRET.findall(orjson.dumps(RECORD).decode()))


def test_addresses_in_texts_are_masked_and_counted_alike_by_both_engines() -> None:
    data = record(
        descriptionModule={"briefSummary": TEXT},
        conditionsModule={"keywords": ["2 mg@5 ml", "@home", "a@b"], "extra": "a\u0001secret@leak.example"},
    )
    masked = 'Write to "J. Doe" <[e-mail removed]>,\n[e-mail removed] or [e-mail removed].'
    for options in ({}, {"grouped": True}, {"graphs": True}):
        exporter = Exporter(**options)
        emitted, interpreted = exporter.from_json(orjson.dumps(data)), exporter(data)
        assert emitted.data == interpreted.data
        assert orjson.dumps(masked) in emitted.data
        assert emitted.masked == interpreted.masked == 4
        assert b'"a@b"' in emitted.data


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "\tsecret@leak.example",
        "\\secret@leak.example",
        "\x7f\u2028secret@leak.example",
        "\x01secret@leak.example",
        '"secret@leak.example"',
    ],
)
def test_the_emitter_masks_what_is_next_to_an_escape(text: str) -> None:
    data = record(descriptionModule={"briefSummary": text})
    emitted = Exporter().try_json(orjson.dumps(data))
    interpreted = Exporter()(data)
    assert emitted is None or (emitted.data, emitted.masked) == (interpreted.data, interpreted.masked)
    assert interpreted.masked
    assert not re.search(rb"[\w.]+@[\w.]+", interpreted.data)


def test_a_record_with_an_escaped_address_is_masked() -> None:
    text = orjson.dumps(record(descriptionModule={"briefSummary": TEXT})).replace(b"@", b"\\u0040")
    assert not SECRET.search(Exporter().from_json(text).data.decode())


def test_masked_addresses_are_in_the_summary_and_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(record(descriptionModule={"briefSummary": TEXT})))
    report = export([tmp_path / "a.json"], tmp_path / "a.nt")
    assert "3 e-mail addresses in texts masked" in report.summary()
    assert report.manifest("", "", "", "")["addressesMasked"] == 3


def test_messages_about_what_is_no_study_show_no_contact(tmp_path: Path) -> None:
    contact = '{"name": "N", "email": "secret@leak.example", "phone": "SECRET"}'
    (tmp_path / "a.json").write_text(f"[{orjson.dumps(record()).decode()}, {contact}, {contact[:-8]}")
    errors: list[Any] = []
    export([tmp_path / "a.json"], tmp_path / "a.nt", report=Report(errors.append))
    assert errors
    assert not SECRET.search("".join(f"{error}{error.as_dict()}" for error in errors))


def test_coverage_counts_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(record(contactsLocationsModule={"locations": SITES})))
    coverage = measure_inputs([str(tmp_path / "a.json")], reject=lambda _: None)
    exported = Exporter()(record(contactsLocationsModule={"locations": SITES}))
    assert coverage.total("left_out") == exported.withheld


def test_pictures_show_no_contact(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(RECORD))
    page = kg.drawing(tmp_path / "a.json", study="NCT00000001", reject=lambda _: None)
    assert not SECRET.search(page.html)
