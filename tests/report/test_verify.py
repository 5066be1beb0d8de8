"""The generated R script: metafor agrees, and the script can disagree."""

import re
import subprocess
from dataclasses import replace

import pytest

from ketameta.configuration import Configuration
from ketameta.report import r_code
from ketameta.report.verify import verify_script
from ketameta.synthesize.pool import pooled
from ketameta.tables.collection import Tables
from ketameta.tables.stages import MADE_KINDS
from ketameta.tables.syntheses import StudyRow, SynthesisRow
from ketameta.tables.table import extended

from ..rows import row


@pytest.fixture(scope="module")
def run(rscript, tmp_path_factory):
    def of(script):
        path = tmp_path_factory.mktemp("r") / "verify.R"
        path.write_text(script, encoding="utf-8")
        return subprocess.run(
            [rscript, str(path)], capture_output=True, text=True, check=False, timeout=120
        )

    return of


def test_metafor_agrees_on_every_analysis(run, tables, configuration):
    done = run(verify_script(tables, configuration, "0" * 16))
    assert done.returncode == 0, done.stdout + done.stderr
    for name in configuration.names:
        assert re.search(rf"^{re.escape(name)}( +agrees |: nothing pooled)", done.stdout, re.M), (
            name
        )
    numbers = int(re.search(r"(\d+) numbers compared, 0 differ", done.stdout)[1])
    assert numbers > 3000
    again, effects = re.search(r"(\d+) of (\d+) trial effects computed again", done.stdout).groups()
    # the others are differences as reported, and per cent reductions
    studies = tables[StudyRow]
    plain = [s for s in studies if s.basis != "contrast" and s.measure != "PCTRED"]
    assert (int(again), int(effects)) == (len(plain), len(studies))


# a table, which of its rows, its column, by how much it is changed, and the line that tells
WRONG = [
    ("syntheses", {}, "estimate", 1e-4, "depression_24h"),
    ("syntheses", {}, "tau2_high", 1e-2, "depression_24h"),
    ("syntheses", {}, "between_q", 1e-3, "depression_24h by drug_route"),
    ("studies", {"trial_id": "daly2018"}, "sd_t", 1e-3, "depression_24h, trials"),
    ("studies", {"trial_id": "dwyer2021"}, "mean_c", 1e-3, "depression_24h, trials"),
    ("subgroups", {"split": "population", "subgroup": "TRD"}, "ci_low", 1e-4,
     "depression_24h by population"),
    ("splits", {"split": "population"}, "p", 1e-4, "depression_24h by population"),
    ("points", {}, "points_high", 1e-4, "depression_24h, points"),
    ("asymmetry", {}, "test_p", 1e-4, "depression_24h, asymmetry"),
    ("asymmetry", {}, "without_crossovers_p", 1e-4, "depression_24h, asymmetry"),
    ("asymmetry", {}, "adjusted_p", 1e-4, "depression_24h, asymmetry"),
    ("sensitivity", {"variant": "Paule-Mandel tau²"}, "tau2", 1e-4,
     "depression_24h: Paule-Mandel tau²"),
    ("syntheses", {}, "hksj_low", 1e-4, "response_24h"),
    ("studies", {"trial_id": "zarate2006"}, "events_t", 1, "response_24h, trials"),
    ("studies", {"trial_id": "murrough2013a"}, "events_c", 1, "response_24h, trials"),
    ("absolute", {"assumed": "control arms added up"}, "nnt_low", 1e-3, "response_24h, absolute"),
    ("sensitivity", {"variant": "Mantel-Haenszel"}, "se", 1e-5, "response_24h: Mantel-Haenszel"),
    ("studies", {"trial_id": "zarate2012"}, "events_t", 1, "response_24h_arm, trials"),
    ("syntheses", {}, "estimate_log", 0.01, "response_24h_arm"),
    ("syntheses", {}, "ci_low_log", 1e-4, "relapse"),
    ("pair_syntheses", {}, "control", 1e-3, "reduction_24h_arm, pairs"),
]  # fmt: skip


def test_each_wrong_number_is_found_where_it_stands(run, tables, configuration):
    names = {line.partition(",")[0].partition(":")[0].partition(" by ")[0] for *_, line in WRONG}
    some = Configuration(tuple(configuration[name] for name in sorted(names)))
    wrong = tables
    for table, which, column, change, line in WRONG:
        name = line.partition(",")[0].partition(":")[0].partition(" by ")[0]
        wanted = {"analysis": name, **which}
        kind = MADE_KINDS[table]
        found = [r for r in wrong[kind] if all(getattr(r, k) == v for k, v in wanted.items())]
        assert len(found) == 1, wanted
        assert getattr(found[0], column) is not None, line
        other = replace(found[0], **{column: getattr(found[0], column) + change})
        wrong = wrong.replaced(kind, [other if r is found[0] else r for r in wrong[kind]])
    done = run(verify_script(wrong, some, "0" * 16))
    assert done.returncode == 1, done.stdout + done.stderr
    told = {line for *_, line in WRONG}
    for line in told:
        assert re.search(rf"^{re.escape(line)} +DIFFERS", done.stdout, re.M), line
    # and what holds none of these numbers still agrees
    assert re.search("^response_24h by drug_route +agrees", done.stdout, re.M)


NAMES = ['a "b" \\ %d', "τ² – 数\n🙂", "it's `x` #", "@population=TRD&n_doses=>1|2"]


def test_r_reads_texts_back_as_they_are(rscript, tmp_path):
    path = tmp_path / "a.R"
    out = tmp_path / "out.txt"
    again = r_code.named_list(dict.fromkeys(NAMES, "1"))
    joined = f'paste(x, collapse = "\\r"), {r_code.text(str(out))}, useBytes = TRUE, sep = ""'
    path.write_text(
        f"x <- {r_code.texts(NAMES)}\nstopifnot(identical(names({again}), x))\n"
        f"writeLines({joined})\n",
        encoding="utf-8",
    )
    plain = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    subprocess.run([rscript, str(path)], check=True, env=plain)
    assert out.read_bytes().decode("utf-8") == "\r".join(NAMES)
    assert path.read_text(encoding="utf-8").isascii()


def test_arms_that_share_a_control_are_refitted_in_three_levels(run, configuration):
    def arm(trial, yi, vi, shared):
        told = {"analysis": "depression_24h", "trial_id": trial, "comparison": str(yi)}
        told |= {"yi": yi, "vi": vi, "shared": shared, "people": 50, "n_t": 25, "n_c": 25}
        return row(StudyRow, **told)

    studies = [
        *(arm("a", -0.5, 0.10, 0.04), arm("a", -0.9, 0.12, 0.04)),
        *(arm("b", -0.2, 0.08, 0.03), arm("b", -0.4, 0.09, 0.03)),
        *(arm("c", -0.7, 0.05, None), arm("d", 0.3, 0.06, None)),
    ]
    analysis = configuration["depression_24h"]
    analysis = replace(analysis, select=replace(analysis.select, arms="whole"))
    found = pooled("SMD", studies, analysis.model)
    record = extended(SynthesisRow, found, analysis=analysis.name, favours="below", split=None)
    rows = {kind: [] for kind in MADE_KINDS.values()}
    tables = Tables(rows | {SynthesisRow: [record], StudyRow: studies})
    script = verify_script(tables, Configuration((analysis,)), "0" * 16)
    assert "three_levels(" in script
    done = run(script)
    assert done.returncode == 0, done.stdout + done.stderr


def difference(name, estimate, half):
    row = {"trial_id": name, "arm_t": "treated", "arm_c": "control", "timepoint_h": 24}
    row |= {"outcome": "depression_score", "scale": "MADRS", "measure": "MD", "ci_level": 95}
    row |= {"estimate": estimate, "ci_low": estimate - half, "ci_high": estimate + half}
    return row | {"seen": "direct", "source": "10.1000/x", "locator": "table 1"}


@pytest.fixture(scope="module")
def odd(made, kit):
    """Return what metafor cannot fit (shares alike), and numbers far from 1, with another rule."""
    tables = kit.counts((10, 20, 5, 20), (11, 22, 6, 21), (9, 18, 4, 20))
    values = ((-5e3, 900), (1e4, 900), (-9e3, 800))
    tables["contrasts"] = [difference(f"t00{n}", *value) for n, value in enumerate(values)]
    points = kit.score | {"measure": "MD", "scales": ["MADRS"]}
    rule = kit.response | {"prediction": "hksj", "title": "Response, by another rule"}
    wald = kit.response | {"prediction": "k-2-wald", "interval": "hksj"}
    asked = {"share": kit.share, "points": points, "rule": rule, "wald": wald}
    asked |= {"common": kit.response | {"tau2": "EE"}, "response": kit.response}
    return made(tables, asked)


def changed(odd, analysis, **values):
    """Return the script of two analyses with numbers of one changed by so much."""
    rows = {one.analysis: one for one in odd.tables[SynthesisRow]}
    own = rows[analysis]
    moved = {name: getattr(own, name) + value for name, value in values.items()}
    rows[analysis] = replace(own, **moved)
    two = Configuration((odd.configuration["share"], odd.configuration["response"]))
    return verify_script(odd.tables.replaced(SynthesisRow, [*rows.values()]), two, "0")


def test_what_metafor_cannot_fit_is_named_and_the_rest_is_compared(run, odd):
    done = run(odd.files["verify.R"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("NOT FITTED  share: metafor says: Cannot fit ML model", done.stdout)
    assert re.search("^share +in part +[1-9][0-9]? numbers", done.stdout, re.M)
    for name in ("points", "rule", "wald", "common", "response", "response, trials"):
        assert re.search(f"^{name} +agrees +[1-9]", done.stdout, re.M), done.stdout
    assert "numbers compared, 0 differ" in done.stdout
    assert "fits that metafor gave up: 1, named above" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("analysis", "values", "said"),
    [
        # the analysis after the one that metafor cannot fit, and that one itself
        ("response", {"estimate_log": 1e-3}, "response +DIFFERS"),
        ("share", {"estimate_log": 0.05}, "share +DIFFERS"),
    ],
)
def test_a_difference_beside_a_model_without_a_fit_is_found(run, odd, analysis, values, said):
    done = run(changed(odd, analysis, **values))
    assert done.returncode == 1
    assert re.search(f"^{said}", done.stdout, re.M), done.stdout


# tables with an empty cell and with heterogeneity, so that tau² is above 0
TABLES = ((13, 20, 1, 21), (0, 18, 2, 18), (17, 40, 3, 38), (12, 55, 28, 60))


def test_every_way_of_pooling_and_every_interval_is_refitted(run, made, kit):
    odds = kit.response | {"measure": "OR"}
    ways = ("Mantel-Haenszel", "Peto", "UM.FS", "UM.RS", "CM.EL", "beta-binomial")
    asked = {re.sub("[^a-z]", "_", way.lower()): odds | {"pooling": way} for way in ways}
    asked |= {"profile": kit.response | {"interval": "PL"}}
    asked |= {"henmi": kit.response | {"interval": "henmi-copas"}}
    whole = made(kit.counts(*TABLES), asked)
    done = run(whole.files["verify.R"])
    assert done.returncode == 0, done.stdout + done.stderr
    for name in asked:
        assert re.search(f"^{name} +agrees +[1-9]", done.stdout, re.M), done.stdout
    for call in ("rma.peto", "rma.glmm", "hc("):
        assert call in whole.files["verify.R"]
    rows = {one.analysis: one for one in whole.tables[SynthesisRow]}
    far = [
        replace(rows["um_fs"], tau2=rows["um_fs"].tau2 + 0.1),
        replace(rows["peto"], se=rows["peto"].se + 1e-4),
        replace(rows["beta_binomial"], ci_low_log=rows["beta_binomial"].ci_low_log - 0.01),
        replace(rows["profile"], ci_low_log=rows["profile"].ci_low_log - 1e-3),
        replace(rows["henmi"], ci_high_log=rows["henmi"].ci_high_log + 1e-3),
    ]
    some = Configuration(tuple(whole.configuration[own.analysis] for own in far))
    done = run(verify_script(whole.tables.replaced(SynthesisRow, far), some, "0"))
    for own in far:
        assert re.search(f"^{own.analysis} +DIFFERS", done.stdout, re.M), done.stdout
