"""Hostile text in the tables: harmless in pages, files, names and shells."""

import csv
import html.parser
import io
import json
import re
from pathlib import Path

import pytest

OWN = (
    *("static/report.js", "../static/report.js"),
    *("../static/repool.js", "../static/repool_page.js"),
)
# what a page pools its trials anew from: no script, but data
DATA = [("type", "application/json"), ("id", "repool-data")]
FIGURE = re.compile(r"(\.\./)?figures/[a-z0-9_-]+\.[a-z-]+\.svg")
DRAWN = {"svg", "title", "desc", "style", "g", "a", "text"}
DRAWN |= {"line", "rect", "polygon", "polyline", "circle", "path"}
# of matplotlib
DRAWN |= {
    "defs",
    "clipPath",
    "use",
    "metadata",
    "RDF",
    "Work",
    "type",
    "format",
    "creator",
    "Agent",
}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"
FORMULA = '=HYPERLINK("http://x.example/","here")'
SHELL = "$(touch stolen) `touch stolen`; touch stolen | touch stolen"
TURNED = "a \u202e\u2066txt.exe"
QUOTES = "\"' onmouseover='alert(3)' {{ 7 * 7 }} {% raw %} %s ${x} \\u003c"
LONG = "x" * 10_000


def edit(project, table, change):
    """Rewrite a raw table with a function of a row (a dictionary)."""
    path = project.path(f"data/raw/{table}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class Tags(html.parser.HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.inside = set(), set(), ""

    def handle_starttag(self, tag, attrs):
        # a script of the report itself is a file, empty on the page (see handle_data), or JSON;
        # its pictures are its own figures
        source = dict(attrs).get("src") or ""
        own = tag == "script" and source in OWN
        own |= tag == "img" and bool(FIGURE.fullmatch(source))
        self.inside = "own" if own and tag == "script" else ""
        if tag == "script" and attrs == DATA:
            own, self.inside, self.json = True, "data", ""
        if not own:
            self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag):
        if self.inside == "data":
            json.loads(self.json)
            if "<" in self.json:
                self.tags.add("script")
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "own" and data:
            self.tags.add("script")
        if self.inside == "data":
            self.json += data


def look(path):
    tags = Tags()
    tags.feed(path.read_text(encoding="utf-8"))
    return tags


@pytest.fixture
def hostile(small):
    texts = [SCRIPT, FORMULA, SHELL, TURNED, QUOTES]

    def labels(row):
        row["label"] = texts[sorted(TRIALS).index(row["trial_id"])]
        row["population_note"] = LONG

    def arms(row):
        row["arm_label"] = SCRIPT
        row["cotreatment"] = FORMULA

    def outcomes(row):
        row["note"] = f"{LONG} {SCRIPT}"
        row["locator"] = SHELL
        row["source"] = FORMULA

    edit(small, "trials", labels)
    edit(small, "arms", arms)
    edit(small, "outcomes", outcomes)
    return small


TRIALS = ("berman2000", "hu2016", "murrough2013a", "su2017", "zarate2006")


def test_hostile_tables_go_through_the_real_workflow_as_text(hostile):
    before = {path.name for path in hostile.folder.iterdir()}
    done = hostile.ketameta("run")
    assert done.returncode == 0, done.stdout + done.stderr
    # nothing of a cell was run
    assert {path.name for path in hostile.folder.iterdir()} == before
    assert not list(hostile.folder.rglob("stolen"))
    safe = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
    for path in hostile.path("reports").rglob("*"):
        assert safe.fullmatch(path.name), path
    for path in hostile.path("reports").rglob("*.html"):
        page = look(path)
        assert "script" not in page.tags
        assert "img" not in page.tags
        assert not {name for name in page.attributes if name.startswith("on")}
        text = path.read_text(encoding="utf-8")
        assert "\u202e" not in text
        assert "\u2066" not in text
        # a template inside a cell is not run
        assert ">49<" not in text
    for path in hostile.path("reports/figures").glob("*.svg"):
        import xml.etree.ElementTree as Tree

        names = {element.tag.rpartition("}")[2] for element in Tree.parse(path).iter()}
        assert names <= DRAWN
    told = hostile.path("reports/analyses/response_24h.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in told


def test_no_cell_of_a_table_of_the_report_is_a_formula(hostile):
    assert hostile.make().returncode == 0
    for path in hostile.path("reports/tables").glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            for cell in row:
                if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
                    float(cell)  # a number may be negative


def test_a_label_of_ten_thousand_characters_is_cut_in_figures_not_in_tables(small):
    edit(small, "trials", lambda row: row.update(label=LONG))
    assert small.make().returncode == 0
    figure = small.path("reports/figures/response_24h.forest.svg").read_text(encoding="utf-8")
    width = float(re.search(r'viewBox="0 0 ([0-9.]+) ', figure)[1])
    assert width < 2000
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", figure)
    assert max(map(len, shown)) < 400
    assert LONG in small.path("reports/tables/studies.csv").read_text(encoding="utf-8")


def test_a_title_of_ten_thousand_characters_is_refused(small):
    small.edit("workflow/config/analyses.yaml", "title: Response at 24 hours", f"title: {LONG}")
    done = small.ketameta("run")
    assert done.returncode == 1
    assert "analyses.response_24h.title" in done.stderr


def test_hostile_text_in_the_terminal_and_in_the_change_report_is_plain(hostile, small_built):
    assert hostile.make().returncode == 0
    done = hostile.ketameta("explain", "response_24h")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    diff = hostile.ketameta("diff", str(small_built.folder), ".", "--html", "change.html")
    assert diff.returncode in (0, 10, 11), diff.stderr
    page = look(hostile.path("change.html"))
    assert not page.tags & {"script", "img"}
    assert "\u202e" not in diff.stdout
    # outside of code spans no tag, link or mention
    rest = re.sub(r"`[^`]*`", "", diff.stdout)
    assert not re.search(r"<[a-z]|\]\(|@[a-z]", rest)


@pytest.mark.parametrize("name", ["../../x", "a/b", "/etc/passwd", "..", "-rf", "a b", "a\\b"])
def test_an_id_that_could_be_a_path_or_an_option_is_refused(small, name):
    edit(small, "trials", lambda row: row.update(trial_id=name))
    done = small.ketameta("check")
    assert done.returncode == 1
    assert "is not an identifier" in done.stderr


@pytest.mark.parametrize("name", ["../../x", "a/b", "$(touch stolen)", "a b", "-x", "A<b>"])
def test_a_name_of_an_analysis_that_could_be_a_path_is_refused(small, name):
    small.edit("workflow/config/analyses.yaml", "  response_24h:", f"  '{name}':")
    done = small.ketameta("run")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not list(small.folder.rglob("stolen"))


def test_no_shell_text_is_built_from_data():
    root = Path(__file__).parents[1]

    for path in (root / "workflow").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "shell=True" not in text, path
        assert "os.system" not in text, path
        assert not re.search(r"\b(eval|exec)\(", text), path
    for path in (root / "workflow" / "rules").glob("*.smk"):
        for quoted in re.findall(
            r"\{(log|params\.\w+|input\.\w+|wildcards\.\w+)[^}]*\}", path.read_text()
        ):
            assert f"{{{quoted}:q}}" in path.read_text(), f"{path.name}: {quoted}"
