"""The long tables in a real browser: sorted, filtered, narrowed, taken along, linked, printed."""

import csv
import io
from collections import Counter
from urllib.parse import parse_qs, quote_plus

import pytest

PAGES = ("trials.html", "outcomes.html", "ledger.html", "results.html")
# headings that are shown, and of each line that is shown what its cells say, numbers in full
SHOWN = """() => {
  const heads = [...document.querySelectorAll("#list thead th")];
  const kept = heads.map((head, at) => at).filter((at) => heads[at].checkVisibility());
  const number = (at) => heads[at].dataset.kind === "number";
  const all = [...document.querySelectorAll("#list tbody tr")];
  const rows = all.filter((row) => row.checkVisibility());
  return {
    names: kept.map((at) => heads[at].innerText),
    kinds: kept.map((at) => heads[at].dataset.kind),
    rows: rows.map((row) => kept.map((at) => {
      const cell = row.cells[at];
      return (number(at) && cell.dataset.value) || cell.textContent.trim();
    })),
  };
}"""


def shown(page):
    return page.evaluate(SHOWN)


def rows(page):
    return shown(page)["rows"]


def column(page, name):
    found = shown(page)
    return [row[found["names"].index(name)] for row in found["rows"]]


BY, COLUMNS = "Filter by column", "Choose columns"


def field(page, label, group=BY):
    """Return a field of the controls, whose group is unfolded."""
    folded = page.locator("details", has=page.locator("summary", has_text=group))
    if folded.get_attribute("open") is None:
        folded.locator("summary").click()
    return folded.get_by_label(label, exact=True)


def heading(page, name):
    return page.locator("#list thead").get_by_role("button", name=name, exact=True)


def follow(link, page, name):
    """Follow a link to a long table, and wait until that is there."""
    link.click()
    page.wait_for_url(f"**/{name}#?*")
    page.locator("#list thead button").first.wait_for()


def said(page):
    return page.locator("#filtered").inner_text()


@pytest.mark.parametrize("name", PAGES)
def test_every_column_sorts_up_and_down_and_goes_back(page, address, name):
    page.goto(address(name))
    first = shown(page)
    assert len(first["rows"]) > 30
    for at, (head, kind) in enumerate(zip(first["names"], first["kinds"], strict=True)):
        heading(page, head).click()
        assert page.locator("th[aria-sort='ascending']").inner_text() == head
        up = [row[at] for row in rows(page)]
        heading(page, head).click()
        assert page.locator("th[aria-sort='descending']").inner_text() == head
        down = [row[at] for row in rows(page)]
        heading(page, head).click()
        assert page.locator("th[aria-sort]").count() == 0
        filled = [cell for cell in up if cell]
        assert Counter(up) == Counter(down) == Counter(row[at] for row in first["rows"])
        assert up == filled + [""] * (len(up) - len(filled)), "what is empty comes last"
        assert down[: len(filled)] == [cell for cell in down if cell]
        if kind == "number":
            numbers = [float(cell) for cell in filled]
            assert numbers == sorted(numbers)
            assert [float(cell) for cell in down if cell] == numbers[::-1]
        elif name == "results.html" and head == "Certainty":
            continue  # by its rank, not by its words
        else:
            compared = page.evaluate(
                "texts => texts.every((text, at) => at === 0 ||"
                " text.localeCompare(texts[at - 1], 'en', {numeric: true}) >= 0)",
                filled,
            )
            assert compared, head
    assert rows(page) == first["rows"]


def test_certainty_sorts_by_its_rank(page, address):
    page.goto(address("results.html"))
    heading(page, "Certainty").click()
    found = list(dict.fromkeys(column(page, "Certainty")))
    alone = [word for word in found if word in ("very low", "low", "moderate", "high")]
    assert alone == [w for w in ("very low", "low", "moderate", "high") if w in alone]
    assert len(alone) > 2


def test_rows_are_filtered_by_words_by_a_value_and_between_numbers(page, address):
    page.goto(address("outcomes.html"))
    every = shown(page)
    assert said(page) == ""
    page.get_by_label("Show only").fill("murrough MADRS")
    some = rows(page)
    assert 0 < len(some) < len(every["rows"])
    assert said(page) == f"{len(some)} of {len(every['rows'])}"
    field(page, "Outcome").select_option("Response")
    field(page, "Hour, at least").fill("20")
    field(page, "Hour, at most").fill("24")
    assert rows(page)
    for row in rows(page):
        cells = dict(zip(every["names"], row, strict=True))
        assert "Murrough" in cells["Trial"]
        assert cells["Outcome"] == "Response"
        assert 20 <= float(cells["Hour"]) <= 24
    page.get_by_label("Show only").fill("")
    names = every["names"]
    wanted = [
        row
        for row in every["rows"]
        if row[names.index("Outcome")] == "Response"
        and row[names.index("Hour")]
        and 20 <= float(row[names.index("Hour")]) <= 24
    ]
    assert rows(page) == wanted
    assert said(page) == f"{len(wanted)} of {len(every['rows'])}"
    page.get_by_role("button", name="Show all again").click()
    assert shown(page) == every
    assert field(page, "Outcome").input_value() == ""


def test_a_phrase_in_quotes_is_found_as_whole_words(page, address):
    page.goto(address("outcomes.html"))
    words = page.get_by_label("Show only")
    words.fill("outcomes.csv:14")
    assert len(rows(page)) > 1
    words.fill('"outcomes.csv:14"')
    assert column(page, "Row") == ["outcomes.csv:14"]


@pytest.mark.parametrize("name", PAGES)
def test_the_file_that_is_downloaded_holds_the_rows_shown(page, address, name):
    from pandas import read_csv

    page.goto(address(name))
    every = shown(page)
    at = {kind: every["kinds"].index(kind) for kind in ("number", "choice")}
    chosen = Counter(row[at["choice"]] for row in every["rows"]).most_common(1)[0][0]
    field(page, every["names"][at["choice"]]).select_option(chosen)
    heading(page, every["names"][at["number"]]).click()
    heading(page, every["names"][at["number"]]).click()
    page.locator("summary", has_text=COLUMNS).click()
    waiting = page.locator("input[name='columns']:not(:checked)").last
    if waiting.count():
        waiting.check()
    page.locator("input[name='columns']:checked").first.uncheck()
    found = shown(page)
    assert found["names"] != every["names"]
    assert 0 < len(found["rows"]) <= len(every["rows"])
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these rows").click()
    assert download.value.suggested_filename == name.replace(".html", ".csv")
    content = download.value.path().read_bytes()
    table = read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    assert [*table.columns] == found["names"]
    assert table.to_numpy().tolist() == found["rows"]
    # RFC 4180: each record ends with CR and LF
    lines = [*csv.reader(io.StringIO(content.decode("utf-8"), newline=""))]
    assert len(lines) == 1 + len(found["rows"])
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") >= len(lines)


def test_no_cell_of_the_file_is_a_formula_and_none_breaks_it(page, address):
    page.goto(address("results.html"))
    texts = ["=1+1", "@a", '+"b", c', "-x", "a\nb, c"]
    page.evaluate(
        "texts => texts.forEach((text, at) => {"
        " document.querySelectorAll('#list tbody tr')[at].cells[1].textContent = text })",
        texts,
    )
    numbers = [float(cell) for cell in column(page, "Interval from") if cell]
    assert min(numbers) < 0, "a number may be negative"
    with page.expect_download() as download:
        page.get_by_role("button", name="Download these rows").click()
    text = download.value.path().read_bytes().decode("utf-8")
    head, *lines = csv.reader(io.StringIO(text, newline=""))
    group, low = head.index("Group"), head.index("Interval from")
    assert [line[group] for line in lines[: len(texts)]] == [
        *(f"'{t}" for t in texts[:4]),
        texts[4],
    ]
    assert [float(line[low]) for line in lines if line[low]] == numbers


def test_a_link_brings_back_rows_order_columns_and_fields(page, context, address):
    page.goto(address("trials.html"))
    page.get_by_label("Show only").fill("IV")
    field(page, "Year, at least").fill("2015")
    field(page, "Arms", COLUMNS).uncheck()
    field(page, "Country", COLUMNS).check()
    heading(page, "Randomised").click()
    heading(page, "Randomised").click()
    found, count = shown(page), said(page)
    assert "Country" in found["names"]
    assert "Arms" not in found["names"]
    link = page.get_by_role("link", name="Link to what is shown").get_attribute("href")
    assert link.startswith(address("trials.html") + "#?")
    page.wait_for_url(link)
    again = context.new_page()
    again.goto(link)
    assert shown(again) == found
    assert said(again) == count
    assert again.get_by_label("Show only").input_value() == "IV"
    assert field(again, "Year, at least").input_value() == "2015"
    assert field(again, "Country", COLUMNS).is_checked()
    assert not field(again, "Arms", COLUMNS).is_checked()
    assert again.locator("th[aria-sort='descending']").inner_text() == "Randomised"
    # a link within the page leads to its place, and nothing of what is shown is lost
    again.keyboard.press("Home")
    again.locator(".skip").evaluate("node => node.click()")
    assert again.evaluate("location.hash") == "#main"
    assert shown(again) == found
    again.go_back()
    assert shown(again) == found
    fresh = context.new_page()
    fresh.goto(address("trials.html") + "#main")
    assert len(rows(fresh)) > len(found["rows"])


def test_a_link_with_a_value_that_is_not_there_shows_no_row_and_says_so(page, address):
    page.goto(address("ledger.html") + "#?trial=Nobody+1900")
    assert rows(page) == []
    assert said(page).startswith("0 of ")
    assert field(page, "Trial").input_value() == "Nobody 1900"


def test_the_front_page_keeps_its_words_in_the_address(page, context, address):
    page.goto(address("index.html"))
    page.get_by_label("Show only").fill("bipolar")
    page.wait_for_url("**/index.html#?words=bipolar")
    again = context.new_page()
    again.goto(page.url)
    assert again.locator("#filtered").inner_text() == said(page) != ""


def test_all_of_it_works_by_keyboard(page, address):
    page.goto(address("ledger.html"))
    every = len(rows(page))

    def tab_to(what):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("what => document.activeElement.matches(what)", what):
                return
        pytest.fail(f"no key leads to {what}")

    tab_to("#filter")
    page.keyboard.type("response")
    tab_to(".controls summary")
    page.keyboard.press("Enter")
    tab_to("select[name='fate']")
    page.keyboard.type("used")
    assert {row[2] for row in rows(page)} == {"used"}
    assert said(page) == f"{len(rows(page))} of {every}"
    tab_to(".controls summary")
    page.keyboard.press("Enter")
    tab_to("[value='why']")
    page.keyboard.press("Space")
    assert "Why" not in shown(page)["names"]
    tab_to("[data-csv]")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to(".long")
    tab_to("th[data-key='analysis'] button")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort='ascending']").inner_text() == "Analysis"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"


def records(built, name):
    with built.path(f"reports/tables/{name}.csv").open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_script_every_row_and_column_is_there(page, address, built):
    def cells(name, at):
        page.goto(address(name))
        assert not page.locator(".controls").is_visible()
        assert page.locator("#list thead button").count() == 0
        return page.locator(f"#list tbody tr > :nth-child({at})").all_inner_texts()

    assert cells("trials.html", 1) == [row["label"] for row in records(built, "characteristics")]
    assert page.get_by_role("columnheader", name="Key in the tables").is_visible()
    raw = []
    for name in ("outcomes", "contrasts"):
        with built.path(f"data/raw/{name}.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            next(reader)
            raw += [name for _ in reader]
    listed = cells("outcomes.html", 1)
    assert Counter(place.partition(".")[0] for place in listed) == Counter(raw)
    assert page.get_by_role("columnheader", name="Note", exact=True).is_visible()
    assert len(cells("results.html", 1)) == len(records(built, "syntheses"))
    heads = page.goto(address("ledger.html")) and page.locator("#list thead th").all_inner_texts()
    at = heads.index("Which") + 1
    places = Counter(place for cell in cells("ledger.html", at) for place in cell.split(", "))
    assert places == Counter(f"{row['file']}:{row['line']}" for row in records(built, "ledger"))


def test_a_trial_leads_to_its_results_and_to_what_became_of_them(page, address):
    page.goto(address("trials.html"))
    name = page.locator("#list tbody th a", has_text="Murrough 2013").first
    follow(name, page, "outcomes.html")
    trial = parse_qs(page.evaluate("location.hash").removeprefix("#?"))["trial"][0]
    assert trial.startswith("Murrough 2013")
    assert set(column(page, "Trial")) == {trial}
    used = next(n for n, uses in enumerate(column(page, "Used in")) if int(uses))
    row, number = column(page, "Row")[used], int(column(page, "Used in")[used])
    line = page.locator("#list tbody tr", has=page.get_by_role("rowheader", name=row, exact=True))
    follow(line.locator("a[href^='ledger.html']"), page, "ledger.html")
    assert set(column(page, "Trial")) == {trial}
    assert all(row in places.split(", ") for places in column(page, "Which"))
    assert column(page, "Fate").count("used") == number
    page.goto(address("trials.html"))
    line = page.locator("#list tbody tr", has=page.get_by_role("rowheader", name=trial, exact=True))
    follow(line.locator("a[href^='ledger.html']"), page, "ledger.html")
    assert set(column(page, "Trial")) == {trial}


def test_an_analysis_leads_to_its_own_ledger(page, address, built):
    page.goto(address("analyses/response_24h.html"))
    link = page.get_by_role("link", name="the ledger of this analysis")
    follow(link, page, "ledger.html")
    assert set(column(page, "Analysis")) == {"Response at 24 hours"}
    own = [row for row in records(built, "ledger") if row["analysis"] == "response_24h"]
    assert sum(int(number) for number in column(page, "Rows")) == len(own) > 0
    used = dict(zip(column(page, "Which"), column(page, "Fate"), strict=True))
    told = {
        place for places, fate in used.items() if fate == "used" for place in places.split(", ")
    }
    assert told == {f"{r['file']}:{r['line']}" for r in own if r["used"] == "true"}


def test_on_paper_stand_the_rows_that_are_shown_and_what_was_asked(page, address):
    page.goto(address("trials.html"))
    page.emulate_media(media="print")
    assert page.locator(".filtered").inner_text() == ""
    assert not page.locator(".controls").is_visible()
    page.goto(address("trials.html") + f"#?words={quote_plus('MDD')}&year=2015..2020&sort=-year")
    told = page.locator(".filtered")
    page.wait_for_function("document.querySelector('.filtered').textContent")
    page.emulate_media(media="screen")
    assert not told.is_visible()
    found = rows(page)
    page.emulate_media(media="print")
    assert told.is_visible()
    assert rows(page) == found
    assert told.inner_text().startswith(f"Filtered: {len(found)} of ")
    assert "Year: 2015 to 2020" in told.inner_text()
    assert "sorted by Year" in told.inner_text()


@pytest.mark.parametrize("context", [{"viewport": {"width": 360, "height": 700}}], indirect=True)
@pytest.mark.parametrize("name", PAGES)
def test_on_a_phone_the_page_fits_and_the_first_column_stays(page, address, name):
    page.goto(address(name))
    for summary in page.locator(".controls summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator(".long")
    box.evaluate("node => { node.scrollLeft = 200; node.scrollTop = 300 }")
    edges = page.evaluate(
        "[document.querySelector('.long'), document.querySelector('#list tbody th'),"
        " document.querySelector('#list thead th:nth-child(2)')]"
        ".map(node => node.getBoundingClientRect()).map(box => [box.left, box.top])"
    )
    assert edges[1][0] == pytest.approx(edges[0][0], abs=1)
    assert edges[2][1] == pytest.approx(edges[0][1], abs=1)
