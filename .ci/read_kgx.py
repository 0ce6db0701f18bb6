"""Reads what ``kg network -f kgx`` wrote with the kgx package, and holds it against the Biolink Model that it installs.

kgx loads the model from the web when it is imported; here it is given the one that the package biolink-model has.
It needs some 600 MB of packages, so it has a virtual environment of its own:

    python -m venv kgx && kgx/bin/pip install kgx && kgx/bin/python .ci/read_kgx.py FOLDER
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import biolink_model
import bmt
import bmt.toolkit
import prefixcommons

MODEL = Path(biolink_model.__path__[0]) / "schema" / "biolink_model.yaml"
bmt.toolkit.Toolkit.__init__.__defaults__ = (str(MODEL), {"predicate mappings": []})

import kgx.config  # noqa: E402 -- the model has to be there first
import kgx.validator  # noqa: E402 -- the model has to be there first
from kgx.transformer import Transformer  # noqa: E402

REGISTRY = Path(prefixcommons.__path__[0]) / "registry"


def prefixes() -> dict[str, str]:
    """The prefixes of the model and of the registries that it takes others from, and ours."""
    schema = bmt.Toolkit().view.schema
    found = {"trialkg": "https://w3id.org/trialkg/ontology#"}
    found |= {f"trialkg.{kind}": f"https://w3id.org/trialkg/{kind}/" for kind in ("organization", "country", "part")}
    for name in schema.default_curi_maps:
        found |= json.loads((REGISTRY / f"{name}.jsonld").read_text())["@context"]
    return found | {name: prefix.prefix_reference for name, prefix in schema.prefixes.items()}


kgx.config.jsonld_context_map["biolink"] = prefixes()


def main(folder: Path) -> int:
    """Tells what kgx read and what its validator says; 1 where it has read nothing or says anything."""
    ending, name = ("jsonl", "jsonl") if (folder / "nodes.jsonl").exists() else ("tsv", "tsv")
    files = [str(folder / f"{part}.{ending}") for part in ("nodes", "edges")]
    transformer = Transformer()
    transformer.transform(input_args={"filename": files, "format": name})
    graph = transformer.store.graph
    print(f"kgx read {graph.number_of_nodes()} nodes and {graph.number_of_edges()} edges.")
    validator = kgx.validator.Validator()
    validator.validate(graph)
    said = Counter()
    for level, kinds in validator.errors.items():
        for kind, messages in kinds.items():
            for message, where in messages.items():
                said[level, kind, str(message)] += len(where)
    for what, count in said.most_common():
        print(count, *what)
    return 1 if said or not graph.number_of_nodes() else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
