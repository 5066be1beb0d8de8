"""The pages in a real browser: opened from the file system, by mouse, keyboard and on a phone."""

import re
from pathlib import Path

import pytest

PAGES = [
    *("index.html", "claims.html", "sof.html", "rob2.html", "trust.html"),
    *("extraction.html", "data.html"),
    "dictionary.html",
    "manuscript.html",
    "prisma.html",
]
ANALYSIS = "analyses/response_24h.html"
# what stands beside a result, all of it on that page
SIDE = {"sensitivity", "multiverse", "bayes", "looks", "what-if", "missing-people", "small-study"}


@pytest.fixture(scope="module")
def every_page(built):
    folder = built.path("reports")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))


def test_every_page_opens_from_the_file_system_without_a_fault(page, faults, address, every_page):
    asked = set()
    page.on("request", lambda request: asked.add(request.url.split(":")[0]))
    for name in every_page:
        page.goto(address(name))
        assert page.evaluate("getComputedStyle(document.body).margin") == "0px", "no style sheet"
    assert faults == []
    assert asked == {"file"}
    assert {*PAGES, ANALYSIS} < set(every_page)


def test_the_script_is_loaded_and_nothing_else_may_run(page, address):
    page.goto(address("index.html"))
    assert page.locator("#results thead button").count() == 8
    refused = []
    page.on("console", lambda m: refused.append(m.text))
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true';"
        "document.body.append(s);"
        "const i = new Image(); i.src = 'https://example.org/x.png'; document.body.append(i)"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert sum("Content Security Policy" in text for text in refused) >= 2


PANEL = "dialog.panel[open]"


@pytest.mark.parametrize(
    "place",
    [
        "figure.wide svg a[href='#effect-murrough2013a']",
        "tr[data-effect='effect-murrough2013a'] td.n",
    ],
)
def test_provenance_opens_by_mouse_and_closes_by_escape(page, address, place):
    page.goto(address(ANALYSIS))
    page.locator("details:has(> .scroll > .trials) > summary").first.click()
    page.locator(place).first.click()
    panel = page.locator(PANEL)
    text = panel.inner_text()
    line = re.search(r"outcomes\.csv:\d+", text)
    assert line
    assert "Murrough 2013" in text
    assert "weight" in text
    assert "log risk ratio" in text
    assert "events 30" in text
    page.keyboard.press("Escape")
    assert panel.count() == 0
    focused = page.evaluate("document.activeElement.getAttribute('href')")
    assert focused == "#effect-murrough2013a"


def test_provenance_opens_by_keyboard_and_gives_the_focus_back(page, address):
    page.goto(address(ANALYSIS))
    page.locator("figure .scroll").first.focus()
    page.keyboard.press("Tab")
    href = page.evaluate("document.activeElement.getAttribute('href')")
    assert href.startswith("#effect-")
    assert page.locator(".look").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".look").is_visible()
    page.keyboard.press("Enter")
    assert page.locator(PANEL).count() == 1
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    assert page.locator(PANEL).count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == href


def test_pointing_shows_rows_and_steps_and_leaving_hides_them(page, address):
    page.goto(address(ANALYSIS))
    page.locator("figure.wide svg a[href='#effect-murrough2013a'] rect.mark").hover()
    look = page.locator(".look")
    look.wait_for(state="visible")
    assert "outcomes.csv:" in look.inner_text()
    assert "Derivation" in look.inner_text()
    box = page.locator("figure.wide svg a[href='#effect-murrough2013a'] rect.mark").bounding_box()
    over = look.bounding_box()
    assert over["y"] >= box["y"] + box["height"] or over["y"] + over["height"] <= box["y"]
    page.mouse.move(5, 5)
    look.wait_for(state="hidden")


def test_an_address_with_an_anchor_leads_to_the_effect(page, address):
    page.goto(address(ANALYSIS) + "#effect-murrough2013a")
    place = page.locator("#effect-murrough2013a")
    assert place.evaluate("node => node.matches(':target')")
    assert "events 30" in place.inner_text(), "unfolded"


LISTED = "#results tbody tr:not([hidden]):not(.group)"


def column(page, number):
    return page.locator(f"{LISTED} > :nth-child({number})").all_inner_texts()


def groups(page, number):
    """Return the column of each group of the list by itself."""
    bodies = page.locator("#results tbody")
    cells = f"tr:not(.group) > :nth-child({number})"
    return [bodies.nth(n).locator(cells).all_inner_texts() for n in range(bodies.count())]


def test_the_table_sorts_each_group_by_number_and_by_word_and_goes_back(page, address):
    page.goto(address("index.html"))
    first = column(page, 1)
    people = page.get_by_role("button", name=re.compile("^People"))
    people.click()
    numbers = [[int(text.replace(",", "")) for text in group] for group in groups(page, 7)]
    assert len(numbers) > 1
    assert numbers == [sorted(group) for group in numbers]
    assert page.locator("th[aria-sort='ascending']").inner_text().startswith("People")
    people.click()
    turned = [[int(text.replace(",", "")) for text in group] for group in groups(page, 7)]
    assert turned == [group[::-1] for group in numbers]
    people.click()
    assert column(page, 1) == first
    heads = page.locator("#results tbody > tr:first-child")
    assert heads.count() == page.locator("#results tr.group").count()
    page.get_by_role("button", name="Estimate").click()
    for shown in groups(page, 5):
        none = [text for text in shown if text == "–"]
        assert shown[len(shown) - len(none) :] == none, "empty ones come last"


def test_the_list_filters_by_every_word_and_opens_what_holds_them(page, address):
    page.goto(address("index.html"))
    every = len(column(page, 1))
    page.get_by_label("Show only").fill("responders 24")
    assert page.locator(f"{LISTED} > th > a").all_inner_texts() == [
        "Responders at 24 hours, treated arms"
    ]
    assert page.locator("#filtered").inner_text() == f"1 of {every}"
    assert page.locator("#results tr.group:visible").count() == 1
    page.get_by_label("Show only").fill("bipolar")
    folded = page.locator(f"{LISTED} details")
    assert folded.count() > 0
    assert all(folded.nth(n).get_attribute("open") is not None for n in range(folded.count()))
    page.get_by_label("Show only").fill("")
    assert len(column(page, 1)) == every
    assert page.locator("#results details[open]").count() == 0


def test_a_number_of_the_map_leads_to_its_trials_and_fits_the_window(page, address):
    page.goto(address("data.html"))
    box = page.locator(".map")
    assert box.evaluate("node => node.getBoundingClientRect().width") <= 1100
    number = box.locator("a").first
    target = number.get_attribute("href")
    number.click()
    row = page.locator(target)
    assert row.evaluate("node => node.matches(':target')")
    assert row.locator("td").nth(2).inner_text() == number.inner_text()


@pytest.mark.parametrize("context", [{"viewport": {"width": 375, "height": 700}}], indirect=True)
def test_no_page_scrolls_sideways_on_a_phone(page, address, every_page):
    wide = []
    for name in every_page:
        page.goto(address(name))
        if page.evaluate("document.documentElement.scrollWidth") > 375:
            wide.append(name)
    assert wide == []


@pytest.fixture(scope="module")
def small_pages(small_built):
    """Return the address of every page of the small project: all templates, less to look at."""
    folder = small_built.path("reports")
    return {path.relative_to(folder).as_posix(): path.as_uri() for path in folder.rglob("*.html")}


UNFOLDED = "document.querySelectorAll('details').forEach(node => { node.open = true })"
# rows past the third and tables past the seventh are like those before
ALIKE = {"exclude": [["tbody tr:nth-child(n+4)"], [".scroll:nth-of-type(n+8)"]]}


@pytest.mark.parametrize(
    "context",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}],
    ids=["light", "dark"],
    indirect=True,
)
def test_axe_finds_no_violation_on_any_page(page, small_pages, request):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # what is dark differs in its colours alone
    dark = "dark" in request.node.name
    options = {"resultTypes": ["violations"]} | ({"runOnly": ["color-contrast"]} if dark else {})
    found = []
    for name, uri in small_pages.items():
        page.goto(uri)
        page.evaluate(UNFOLDED)
        for v in axe.run(page, ALIKE, options).response["violations"]:
            found.append((name, v["id"], v["nodes"][0]["html"][:200]))
        if name == ANALYSIS:
            page.locator("figure.wide svg a[href='#effect-murrough2013a'] rect.mark").click()
            inside = {"include": [[PANEL]]}
            found += [
                ("panel", v["id"]) for v in axe.run(page, inside, options).response["violations"]
            ]
    assert found == []


@pytest.mark.parametrize("context", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_a_finger_hits_what_leads_to_a_place_on_the_page(page, small_pages):
    """WCAG 2.2, 2.5.8: 24 pixels, links within a sentence excepted."""
    low = {}
    for name, uri in small_pages.items():
        page.goto(uri)
        low[name] = page.evaluate(
            "[...document.querySelectorAll('nav a, .verdict a, tbody th > a, summary')]"
            ".filter(a => a.checkVisibility() && a.getBoundingClientRect().height < 24)"
            ".map(a => a.textContent)"
        )
    assert {name: links for name, links in low.items() if links} == {}


@pytest.mark.parametrize("context", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_an_analysis_on_a_phone_is_folded_and_its_captions_are_whole(page, small_pages):
    page.goto(small_pages[ANALYSIS])
    assert page.evaluate("document.documentElement.scrollHeight") < 20 * 844
    page.evaluate(UNFOLDED)
    cut = page.evaluate(
        "[...document.querySelectorAll('.scroll caption')].filter(c => c.checkVisibility())"
        ".filter(c => c.getBoundingClientRect().right > 390).map(c => c.textContent)"
    )
    assert cut == []


# pixels between the margins of an A4 page
PAPER = {"viewport": {"width": 688, "height": 1000}}
SHOWN = "[...document.querySelectorAll('svg.figure')].filter(svg => svg.checkVisibility())"


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_forest_plots_print_in_letters_of_six_and_a_half_points(page, address, every_page):
    page.emulate_media(media="print")
    small = {}
    pages = [name for name in every_page if name.startswith("analyses/")][::5]
    for name in ["index.html", ANALYSIS, "analyses/depression_24h.html", *pages]:
        page.goto(address(name))
        sizes = page.evaluate(
            f"{SHOWN}.map(svg => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"
            " * Math.min(...[...svg.querySelectorAll('text')]"
            ".map(text => parseFloat(getComputedStyle(text).fontSize))))"
        )
        assert sizes or name == "index.html"
        small[name] = [round(0.75 * size, 2) for size in sizes if 0.75 * size < 6.5]
    assert {name: sizes for name, sizes in small.items() if sizes} == {}


@pytest.mark.parametrize("context", [PAPER], indirect=True)
def test_a_page_shows_one_arrangement_of_its_forest_plot_at_a_time(page, small_pages):
    for media, width in (("screen", 1200), ("screen", 390), ("print", 688)):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media=media)
        page.goto(small_pages[ANALYSIS])
        names = page.evaluate(f"{SHOWN}.map(svg => svg.getAttribute('aria-labelledby'))")
        assert len([name for name in names if name.startswith("response_24h-")]) == 1, (
            media,
            width,
        )


@pytest.mark.parametrize(
    ("media", "light"), [("screen", False), ("print", True)], ids=["on a screen", "on paper"]
)
@pytest.mark.parametrize("context", [{"color_scheme": "dark"}], indirect=True)
def test_the_ground_of_figures_is_that_of_the_page(page, address, media, light):
    from io import BytesIO

    from PIL import Image

    page.emulate_media(media=media, color_scheme="dark")
    page.goto(address(ANALYSIS))
    page.evaluate(UNFOLDED)
    page.evaluate("document.querySelectorAll('img').forEach(node => { node.loading = 'eager' })")
    figures = page.locator("details.more img")
    assert figures.count()
    for figure in figures.all():
        page.wait_for_function("node => node.complete", arg=figure.element_handle())
        image = Image.open(BytesIO(figure.screenshot())).convert("L")
        corners = [image.getpixel((2, 2)), image.getpixel((image.width - 3, image.height - 3))]
        assert all((shade > 200) == light for shade in corners)


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
def test_without_script_everything_is_there_to_read(page, address):
    page.goto(address(ANALYSIS))
    article = page.locator("#effect-murrough2013a")
    article.locator("summary").click()
    assert "events 30" in article.inner_text()
    folded = page.locator("details:has(> .scroll > .trials)").first
    folded.locator("summary").click()
    assert folded.locator("table").first.is_visible()
    assert not page.locator(".hint").is_visible()
    page.goto(address("index.html"))
    assert page.locator("#results tbody tr:not(.group)").count() > 30
    assert page.locator("#results thead button").count() == 0
    assert not page.locator(".controls").is_visible()


def pdf_pages(page, folder):
    path = Path(folder, "page.pdf")
    page.pdf(path=path, prefer_css_page_size=True)
    content = path.read_bytes()
    size = {tuple(map(float, found.split())) for found in
            re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+ [\d.]+)", content)}  # fmt: skip
    return len(re.findall(rb"/Type\s*/Page\b", content)), size


def test_pages_print_on_a_few_sheets_of_a4(page, address, tmp_path):
    page.goto(address("index.html"))
    sheets, size = pdf_pages(page, tmp_path)
    assert 3 <= sheets <= 10
    assert all(w == pytest.approx(595, abs=1) and h == pytest.approx(842, abs=1) for w, h in size)
    page.goto(address(ANALYSIS))
    sections = set(page.eval_on_selector_all("h2[id]", "found => found.map(one => one.id)"))
    assert sections >= SIDE, "the page of most sections is another"
    assert 6 <= pdf_pages(page, tmp_path)[0] <= 24


def test_folded_lists_are_open_on_paper(page, address):
    page.goto(address(ANALYSIS))
    hidden = page.locator("details table").first
    assert not hidden.is_visible()
    page.emulate_media(media="print")
    assert hidden.is_visible()


def test_nothing_moves_while_a_page_loads(page, address):
    page.goto(address("index.html"))
    shift = page.evaluate(
        "new Promise(done => { let sum = 0; new PerformanceObserver(list => {"
        " for (const entry of list.getEntries()) sum += entry.value })"
        ".observe({type: 'layout-shift', buffered: true}); setTimeout(() => done(sum), 200) })"
    )
    assert shift == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("context", [{"viewport": {"width": 375, "height": 700}}], indirect=True)
def test_on_a_phone_the_forest_plot_fits_and_opens_what_is_behind_a_trial(page, address):
    page.goto(address(ANALYSIS))
    assert not page.locator("figure.wide.unprinted").is_visible()
    box = page.locator("figure.narrow .scroll").first
    assert box.evaluate("node => node.scrollWidth <= node.clientWidth")
    page.locator("figure.narrow svg a[href='#effect-murrough2013a']").click()
    assert "events 30" in page.locator(PANEL).inner_text()
