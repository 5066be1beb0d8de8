"""The reader's own choice of trials, in a real browser: ticks, address, figure, words, files."""

import csv
import io
import json
import math
import re
import shutil
from xml.etree import ElementTree

import pytest

ANALYSIS = "analyses/response_24h.html"
WHOLE, NARROWED = "analyses/depression_24h.html", "analyses/depression_24h--population-TRD.html"
KEPT = "treatment-resistant depression"
OUT = "murrough2013a"
NAME = "Murrough 2013"
TOTAL = "g.total >> nth=-1"
STATUS = "#repool-own [role=status]"
WIDE = "figure.wide svg.figure:has(> g.axis)"
CHOSEN = f"?without={OUT}"
UNFOLDED = "document.querySelectorAll('.repool, .repool details').forEach(d => { d.open = true })"
FIGURES = "[...document.querySelectorAll('svg.figure:has(> g.axis)')].map(svg => svg.outerHTML)"


@pytest.fixture
def opened(page, address):
    """Return what opens a page of the report at a choice, with the controls unfolded."""

    def at(choice="", name=ANALYSIS):
        page.goto(address(name) + choice)
        page.evaluate(UNFOLDED)
        return page

    return at


def said(page):
    return page.locator(STATUS).inner_text()


def box(page, label):
    return page.locator(".ticks").get_by_label(label, exact=True)


def given(page):
    """Return the data that the page was made with."""
    return json.loads(page.locator("#repool-data").text_content())


def query(page):
    return page.evaluate("location.search")


def cells(page, group):
    """Return what stands in a row of the plot, cell by cell."""
    texts = page.locator(f"{WIDE} > {group}").locator("text").all_text_contents()
    return [text for text in texts if text]


def numbers(text):
    return [float(found) for found in re.findall(r"-?\d+\.?\d*", text.replace("−", "-"))]


def place(page, value):
    """Return where a value lies in the figure, by two ticks of its axis."""
    ticks = page.locator(f"{WIDE} g.axis > text.ink[text-anchor=middle]")
    (xa, a), (xb, b) = (
        (float(ticks.nth(n).get_attribute("x")), math.log(float(ticks.nth(n).inner_html())))
        for n in (0, 1)
    )
    return xa + (math.log(value) - a) / (b - a) * (xb - xa)


def tips(page):
    """Return the ends of the diamond of all trials."""
    shown = page.locator(f"{WIDE} > {TOTAL}").locator("polygon:not([display])").first
    found = [float(pair.split(",")[0]) for pair in shown.get_attribute("points").split(" ")]
    return min(found), max(found)


def test_a_trial_ticked_off_leaves_the_result_and_stays_in_grey(opened, faults):
    page = opened()
    before, published = page.evaluate(FIGURES), given(page)["published"]
    all_trials = len(given(page)["studies"])
    box(page, NAME).uncheck()
    assert said(page).startswith("Your own analysis, not the published one: risk ratio ")
    assert f"{all_trials - 1} trials" in said(page)
    assert said(page).endswith(f"Published: {published['headline']}.")
    assert page.locator("#repool-own .note").inner_text() == f"Left out: {NAME}."
    row = page.locator(f"{WIDE} > a[href='#effect-{OUT}']")
    assert row.locator("> text:not([text-decoration=line-through])").count() == 0
    assert row.locator("> .mark").count() == 0
    label, *_, weight, estimate, low, high = cells(page, TOTAL)
    assert label == f"Your choice, {all_trials - 1} of {all_trials} trials"
    assert weight == "100.0"
    assert " ".join((estimate, low, high)) in page.locator("#repool-beside tbody").inner_text()
    assert " ".join((estimate, low, high)) != published["estimate"]
    assert page.locator("p.answer").inner_text().startswith(f"{all_trials} trials together")
    page.wait_for_function(f"before => {FIGURES}.every((one, n) => one !== before[n])", arg=before)
    page.get_by_role("button", name="Back to the published analysis").click()
    assert page.evaluate(FIGURES) == before
    assert (said(page), query(page)) == ("", "")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert faults == []


def test_a_filter_gives_what_the_page_of_these_trials_publishes(opened):
    page = opened(name=WHOLE)
    people = page.locator(".filters fieldset", has=page.locator("legend", has_text="people"))
    for ticked in people.get_by_role("checkbox").all():
        if not ticked.evaluate("(box, kept) => box.labels[0].textContent.includes(kept)", KEPT):
            ticked.uncheck()
    labels = [study["label"] for study in given(page)["studies"]]
    left = [label for label in labels if box(page, label).is_checked()]
    found = page.locator("#repool-beside tbody tr > td:nth-child(2)").all_inner_texts()
    assert query(page) == "?population=" + KEPT.replace(" ", "+")
    other = given(opened(name=NARROWED))
    assert [study["label"] for study in other["studies"]] == left
    assert 1 < len(left) < len(labels)
    for words in ("estimate", "test", "heterogeneity", "prediction"):
        assert other["published"][words] in found


def test_marks_stand_where_the_axis_has_their_numbers(opened):
    page = opened()
    for _ in range(2):
        *_, estimate, low, high = cells(page, TOTAL)
        (low,), (high,), (middle,) = map(numbers, (low, high, estimate))
        assert tips(page) == pytest.approx([place(page, low), place(page, high)], abs=1)
        guide = page.locator(f"{WIDE} > line.pooled").get_attribute("x1")
        assert float(guide) == pytest.approx(place(page, middle), abs=1)
        box(page, NAME).uncheck()
    squares = page.locator(f"{WIDE} > a > rect.mark").all()
    sides = [float(square.get_attribute("width")) for square in squares]
    assert max(sides) == pytest.approx(14, abs=0.01), "the heaviest that is left is the largest"


def test_a_diamond_wider_than_the_axis_is_cut_with_an_arrow(opened):
    page = opened()
    page.get_by_role("button", name="Tick none").click()
    assert "no trial" in said(page)
    assert page.locator(f"{WIDE} g.total polygon:not([display])").count() == 0
    box(page, "Zarate 2006").check()
    assert "1 trial," in said(page)
    shown = page.locator(f"{WIDE} > {TOTAL}").locator("polygon:not([display])")
    line = page.locator(f"{WIDE} g.axis > line").first
    assert shown.count() == 2
    assert tips(page)[1] == float(line.get_attribute("x2"))
    assert page.locator(f"{WIDE} > {TOTAL}").locator("text").first.inner_html() == (
        f"Your choice, 1 of {len(given(page)['studies'])} trials"
    )


def test_an_address_brings_the_choice_back_and_says_what_it_asks_in_vain(opened, faults):
    page = opened()
    box(page, NAME).uncheck()
    page.locator("fieldset", has_text="year").get_by_label("from").fill("2010")
    page.locator("fieldset", has_text="design").get_by_label("crossover").uncheck()
    sent, words = query(page), said(page)
    assert f"without={OUT}" in sent
    assert "year=2010.." in sent
    page = opened(f"{sent}&without=nobody&colour=red&year=ever#effect-{OUT}")
    assert said(page).startswith(words)
    assert "Not found on this page, and without effect: without=nobody; colour=red; year=ever." in (
        said(page)
    )
    assert page.locator(f"#effect-{OUT}").evaluate("node => node.matches(':target')")
    assert page.locator("#repool").get_attribute("open") is not None
    assert box(page, "Zarate 2006").is_disabled(), "a filter leaves it out"
    assert not box(page, NAME).is_checked()
    assert page.locator("fieldset", has_text="year").get_by_label("from").input_value() == "2010"
    box(page, NAME).check()
    assert f"without={OUT}" not in query(page)
    assert "nobody" not in query(page) + said(page)
    assert page.evaluate("location.hash") == f"#effect-{OUT}"
    page = opened("?without=nobody")
    assert said(page) == "Not found on this page, and without effect: without=nobody."
    assert not page.locator("#repool-beside table").is_visible()
    assert faults == []


def test_the_keyboard_is_enough(opened, page, address):
    page.goto(address(ANALYSIS))
    page.locator("#repool > summary").focus()
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "checkbox"
    page.keyboard.press("Space")
    first = given(page)["studies"][0]["label"]
    assert page.locator("#repool-own .note").inner_text() == f"Left out: {first}."
    assert page.evaluate("document.activeElement.type") == "checkbox", "the focus stays"
    assert page.locator(STATUS).get_attribute("role") == "status"


def saved(page, kind, folder):
    with page.expect_download() as coming:
        page.locator(f"[data-save={kind}]").click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def test_what_is_seen_is_saved_as_a_table(opened, tmp_path):
    page = opened(CHOSEN)
    path = saved(page, "csv", tmp_path)
    assert path.name == "response_24h.own.csv"
    head, *rows, last = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
    data = given(page)
    assert [row[0] for row in rows] == [study["label"] for study in data["studies"]]
    assert {row[0] for row in rows if row[head.index("pooled")] == "no"} == {NAME}
    for row, study in zip(rows, data["studies"], strict=True):
        assert float(row[head.index("yi")]) == study["y"]
        assert float(row[head.index("vi")]) == study["v"]
        assert row[head.index("year")] == str(study["fields"]["year"])
    weights = [float(row[head.index("weight")]) for row in rows if row[0] != NAME]
    assert math.fsum(weights) == pytest.approx(100, abs=0.5)
    assert last[:2] == ["own choice", f"{len(rows) - 1} of {len(rows)}"]
    assert f"risk ratio {last[2]} (95% CI {last[3]} to {last[4]})" in said(page)
    assert math.exp(float(last[head.index("yi")])) == pytest.approx(float(last[2]), abs=0.005)


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(built, page, tmp_path):
    reports, hostile = built.path("reports"), '=HYPERLINK("http://x.example/")'
    shutil.copytree(reports / "static", tmp_path / "static")
    text = (reports / ANALYSIS).read_text(encoding="utf-8")
    start = text.index('id="repool-data">') + len('id="repool-data">')
    data = json.loads(text[start : text.index("</script>", start)])
    data["studies"][0]["label"] = hostile
    data["studies"][1]["y"] = -0.5
    end = text.index("</script>", start)
    changed = tmp_path / ANALYSIS
    changed.parent.mkdir()
    changed.write_text(text[:start] + json.dumps(data) + text[end:], encoding="utf-8")
    page.goto(changed.as_uri())
    page.evaluate(UNFOLDED)
    content = saved(page, "csv", tmp_path).read_text(encoding="utf-8")
    head, first, second, *_ = csv.reader(io.StringIO(content))
    assert first[0] == f"'{hostile}"
    assert second[head.index("yi")] == "-0.5", "a number below 0 is no formula"


@pytest.mark.parametrize("context", [{"color_scheme": "dark"}], indirect=True)
def test_what_is_seen_is_saved_as_a_drawing_and_as_a_picture(opened, tmp_path, faults):
    from PIL import Image

    from ketameta.figures.scene import COLOURS

    page = opened(CHOSEN)
    svg = ElementTree.parse(saved(page, "svg", tmp_path)).getroot()
    texts = [node.text for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert " ".join(texts[-2:]).endswith(said(page)[-60:]), "it says whose analysis it is"
    assert not any(node.get("display") for node in svg.iter()), "nothing is hidden by a style"
    image = Image.open(saved(page, "png", tmp_path)).convert("RGB")
    assert image.size == tuple(2 * math.floor(float(svg.get(side))) for side in ("width", "height"))
    colours = dict(map(reversed, image.getcolors(maxcolors=1 << 24)))
    for role in ("paper", "ink", "muted", "mark", "pooled"):
        rgb = tuple(bytes.fromhex(COLOURS[role][1:]))
        assert colours.get(rgb, 0) > 50, role
    page.get_by_role("button", name="Back to the published analysis").click()
    assert saved(page, "svg", tmp_path).name == "response_24h.svg"
    assert faults == [], "within the policy of the page"


@pytest.mark.parametrize(
    "context",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}],
    ids=["light", "dark"],
    indirect=True,
)
def test_axe_finds_no_violation_in_a_choice(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(f"{CHOSEN}&year=2010..")
    parts = {"include": [["#repool"], ["#repool-own"], ["#repool-beside"], ["figure.wide"]]}
    found = axe.run(page, parts, {"resultTypes": ["violations"]}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []


@pytest.mark.parametrize("context", [{"viewport": {"width": 360, "height": 740}}], indirect=True)
def test_on_a_phone_a_choice_scrolls_nothing_sideways_and_a_finger_hits_it(opened):
    page = opened(CHOSEN)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    low = page.evaluate(
        "[...document.querySelectorAll('.repool :is(label, button, summary), .own button')]"
        ".filter(node => node.checkVisibility() && node.getBoundingClientRect().height < 24)"
        ".map(node => node.textContent)"
    )
    assert low == []
    shown = page.locator("figure.narrow svg:has(> g.axis) > g.total").last
    assert shown.locator("text", has_text="Your choice, ").count() == 1


def test_paper_shows_the_choice_marked_as_such_and_else_what_is_published(opened):
    page = opened(CHOSEN)
    page.emulate_media(media="print")
    assert not page.locator("#repool").is_visible()
    assert page.locator(STATUS).is_visible()
    assert not page.locator("#repool-own button").is_visible()
    assert page.locator(".printed figcaption").inner_text().startswith("Your own choice")
    lines = page.locator(".printed .small-print li").all_inner_texts()
    told = page.locator("#repool-beside tbody").inner_text()
    assert lines[0].removeprefix("Heterogeneity: ") in told
    assert page.locator("p.answer").is_visible()
    page = opened()
    assert not page.locator("#repool-beside").inner_text()
    assert not page.locator(STATUS).is_visible()


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_script_there_is_nothing_of_it(page, address):
    page.goto(address(ANALYSIS))
    assert not page.locator("#repool").is_visible()
    assert not page.locator("#repool-beside").is_visible()
    assert page.locator(WIDE).is_visible()


def test_every_page_pools_each_trial_out_and_goes_back(built, page, faults):
    folder, asked = built.path("reports/analyses"), 0
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        if not page.locator("#repool").count():
            continue
        before = page.evaluate(FIGURES)
        told = page.evaluate(
            "[...document.querySelectorAll('.repool input[type=checkbox]')].map(box => {"
            f" box.click(); const said = document.querySelector('{STATUS}').textContent;"
            " box.click(); return said })"
        )
        assert all(words.startswith("Your own analysis") for words in told), path.name
        assert page.evaluate(FIGURES) == before, path.name
        asked += 1
    assert faults == []
    assert asked > 20


def test_a_page_that_cannot_pool_anew_says_why_and_offers_nothing(built, page, faults, tmp_path):
    why = "Trials cannot be left out on this page."
    data = json.dumps({"analysis": {}, "refused": why})
    text = built.path(f"reports/{ANALYSIS}").read_text(encoding="utf-8")
    made = re.sub(r'(id="repool-data"[^>]*>).*?(?=</script>)', rf"\g<1>{data}", text, flags=re.S)
    assert made != text
    shutil.copytree(built.path("reports/static"), tmp_path / "static")
    (tmp_path / ANALYSIS).parent.mkdir()
    (tmp_path / ANALYSIS).write_text(made, encoding="utf-8")
    page.goto((tmp_path / ANALYSIS).as_uri())
    page.evaluate(UNFOLDED)
    assert page.locator("#repool > p").inner_text() == why
    assert page.locator("#repool input, #repool button").count() == 0
    assert faults == []
