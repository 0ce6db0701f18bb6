"""Write docs/tour.ipynb: the cells below with their output.

python tools/tour.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

TOP = Path(__file__).parent.parent
TOUR = TOP / "docs" / "tour.ipynb"
CELLS = [
    "# A tour",
    "From study records to a graph, to queries, pictures and other tools. Run the notebook in `docs/` of a checkout, "
    "with Jupyter and `pip install '..[pandas,parquet,draw]'`.",
    "## A graph\n\n`kg.graph` returns an rdflib graph. Its display is escaped and loads nothing from the network.",
    """
    import kg

    graph = kg.graph("../tests/data/studies", "../tests/data/NCT02059759.txt")
    graph
    """,
    "## A study",
    """
    study = graph.study("NCT02059759")
    study
    """,
    "As a picture. `study.drawing()` shows an interactive page; this is its printed form.",
    """
    from IPython.display import SVG

    SVG(study.drawing().svg)
    """,
    "## A query\n\nFrom the [query library](queries.md), with a parameter, or your own SPARQL.",
    """
    kg.query("studies_under", graph, {"disease": "D009422"})
    """,
    '''
    countries = """
        SELECT ?country (COUNT(DISTINCT ?study) AS ?studies) {
          ?study ct:location/ct:countryName ?country
        } GROUP BY ?country ORDER BY DESC(?studies) ?country LIMIT 5
    """
    kg.query(countries, graph)
    ''',
    "An unknown name gives a hint. A query that takes too long is stopped, and the session continues.",
    """
    kg.query("SELECT ?study { ?study ct:phase ct:Phase2 }", graph)
    """,
    """
    try:
        kg.query("SELECT ?a { ?a ?b ?c . ?d ?e ?f FILTER(STRLEN(STR(?c)) + STRLEN(STR(?f)) = -1) }", graph, timeout=0.5)
    except kg.OutputError as error:
        print(error)
    """,
    "## Data frames and files",
    """
    frame = kg.query("phases_by_year", graph).to_pandas()
    frame.dtypes
    """,
    """
    from pathlib import Path
    from tempfile import mkdtemp

    import pandas

    folder = Path(mkdtemp())
    (folder / "arms.parquet").write_bytes(kg.query("arms", graph).serialize("parquet"))
    pandas.read_parquet(folder / "arms.parquet").head(3)
    """,
    "## A network\n\nFor networkx: all nodes, or a projection onto two kinds of them.",
    """
    network = kg.projection(kg.to_networkx(graph), "conditions-interventions")
    print(network)
    for node, degree in sorted(network.degree, key=lambda pair: (-pair[1], pair[0]))[:5]:
        print(degree, network.nodes[node]["label"])
    """,
    "The same as an interactive picture: search, click, filter, save.",
    """
    kg.drawing(graph, view="conditions-interventions")
    """,
    "## A store\n\nA store is a folder that answers queries at once and can be updated, like `kg store build` and "
    "`kg store update` on the command line.",
    """
    kg.store.build("../tests/data/studies", folder / "trials.kgstore").studies
    """,
    """
    kg.query("countries", folder / "trials.kgstore").to_pandas().head()
    """,
]


def notebook() -> Any:
    """Return the notebook without output."""
    made = nbformat.v4.new_notebook()
    for i, text in enumerate(CELLS):
        lines = text.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        source = "\n".join(line[indent:] for line in lines).rstrip()
        new = nbformat.v4.new_code_cell if text.startswith("\n") else nbformat.v4.new_markdown_cell
        made.cells.append(new(source, id=f"cell-{i + 1}"))
    made.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return made


def executed() -> Any:
    """Return the notebook with the output of its cells, run in ``docs/``."""
    made = notebook()
    kernel = NotebookClient(made, timeout=120, resources={"metadata": {"path": str(TOUR.parent)}})
    kernel.execute()
    for cell in made.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("metadata", {}).clear()
    made.metadata["language_info"] = {"name": "python"}
    return made


if __name__ == "__main__":
    TOUR.write_text(nbformat.writes(executed()) + "\n", "utf-8")
    sys.exit(0)
