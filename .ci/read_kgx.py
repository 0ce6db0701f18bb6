"""Read the output of ``kg network -f kgx`` with the kgx package and validate it against the Biolink Model.

kgx downloads the model when it is imported; this script makes it use the one in the package biolink-model instead.
kgx needs about 600 MB of packages, so run it in a separate virtual environment:

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

import kgx.config  # noqa: E402 -- after the model is set
import kgx.validator  # noqa: E402 -- after the model is set
from kgx.transformer import Transformer  # noqa: E402

REGISTRY = Path(prefixcommons.__path__[0]) / "registry"


def prefixes() -> dict[str, str]:
    """Return the prefixes of the model, of the registries that it refers to, and of this project."""
    schema = bmt.Toolkit().view.schema
    namespaces = {"trialkg": "https://w3id.org/trialkg/ontology#"}
    namespaces |= {
        f"trialkg.{kind}": f"https://w3id.org/trialkg/{kind}/" for kind in ("organization", "country", "part")
    }
    for name in schema.default_curi_maps:
        namespaces |= json.loads((REGISTRY / f"{name}.jsonld").read_text())["@context"]
    return namespaces | {name: prefix.prefix_reference for name, prefix in schema.prefixes.items()}


kgx.config.jsonld_context_map["biolink"] = prefixes()


def main(folder: Path) -> int:
    """Print the counts and validation messages of kgx; return 1 for any message or an empty graph."""
    ending, name = ("jsonl", "jsonl") if (folder / "nodes.jsonl").exists() else ("tsv", "tsv")
    files = [str(folder / f"{part}.{ending}") for part in ("nodes", "edges")]
    transformer = Transformer()
    transformer.transform(input_args={"filename": files, "format": name})
    graph = transformer.store.graph
    print(f"kgx read {graph.number_of_nodes()} nodes and {graph.number_of_edges()} edges.")
    validator = kgx.validator.Validator()
    validator.validate(graph)
    problems = Counter()
    for level, kinds in validator.errors.items():
        for kind, messages in kinds.items():
            for message, where in messages.items():
                problems[level, kind, str(message)] += len(where)
    for problem, count in problems.most_common():
        print(count, *problem)
    return 1 if problems or not graph.number_of_nodes() else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
