"""The page as text: it holds what it must, escapes what it shows, and needs nothing from outside."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.request import urlopen
from xml.etree import ElementTree

import msgspec
import pytest
from synthetic import PATCHED
from synthetic import STOCK
from synthetic import SyntheticRun
from synthetic import synthetic_device
from synthetic import synthetic_info
from synthetic import synthetic_run
from synthetic import synthetic_suite
from synthetic import synthetic_trial

from lmkd_core.records.device import SkipRecord
from lmkd_core.records.schema import Fact
from lmkd_core.scenarios.reclaim import SCENARIOS
from lmkd_core.statistics.bounds import Bounds
from lmkd_core.statistics.paired import PairedRatio
from lmkd_reports import analyse
from lmkd_reports import load_run
from lmkd_reports import render_html
from lmkd_reports import write_report
from lmkd_reports.analysis.model import Analysis
from lmkd_reports.analysis.verdicts import Verdict
from lmkd_reports.presentation import figures
from lmkd_reports.presentation.palette import FIXED
from lmkd_reports.presentation.palette import looks
from lmkd_reports.presentation.strips import Scale

SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What a browser would see: every tag with its attributes, and the text between."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    def words(self) -> str:
        return " ".join(" ".join(self.pieces).split())

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.tags if name in attrs]


@pytest.fixture(scope="module")
def source(run_dir: Path) -> str:
    return (run_dir / "report.html").read_text()


@pytest.fixture(scope="module")
def page(source: str) -> Page:
    return Page(source)


def test_the_verdict_comes_first_and_in_words(page: Page) -> None:
    sentence = (
        r"holder 300 ms, 64 MB, 16 threads: memory is back with REAP_KILL in 0\.1\dx the time "
        r"of SIGKILL only \(0\.1\d to 0\.1\d, 97\.9 %\), mean -30\d ms \(-30\d to -\d+\), p 0\.002 ↓ better"
    )
    words = page.words()
    assert re.search(sentence, words)
    assert words.index("memory is back with") < words.index("50 % back")


def test_only_the_fixed_words_judge(page: Page) -> None:
    classes = {name for name in page.attributes("class") if name.startswith("verdict ")}
    assert classes <= {f"verdict {verdict.replace(' ', '-')}" for verdict in Verdict}
    assert "verdict better" in classes


def test_everything_refers_to_the_page_itself(page: Page) -> None:
    for name in ("src", "href", "xlink:href", "action", "poster", "data", "srcset"):
        assert all(value.startswith(("#", "data:")) for value in page.attributes(name)), name
    assert not {"iframe", "object", "embed", "base"} & {tag for tag, _ in page.tags}


def test_the_page_allows_its_own_script_and_no_other(source: str, page: Page) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", source, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [content for content in page.attributes("content") if "default-src" in content]
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert [tag for tag, _ in page.tags].count("script") == 1


def test_its_style_loads_nothing(source: str) -> None:
    style = source.partition("<style>")[2].partition("</style>")[0]
    assert "@import" not in style
    assert "url(" not in source.replace("data:", "")


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in page.attributes("href") if link.startswith("#")} <= set(ids)
    labels = {name for value in page.attributes("aria-labelledby") for name in value.split()}
    assert labels <= set(ids)


def test_table_headers_have_a_scope(page: Page) -> None:
    assert all("scope" in attrs for tag, attrs in page.tags if tag == "th")


def test_every_figure_has_a_title_and_a_description(source: str) -> None:
    figures = re.findall(r"<figure>.*?(<svg.*?</svg>)</figure>", source, re.DOTALL)
    assert len(figures) == 2 * 8 * 2  # two devices, eight strata, two figures each
    for figure in figures:
        root = ElementTree.fromstring(figure)
        title, description = root[0], root[1]
        assert (title.tag, description.tag) == (f"{{{SVG}}}title", f"{{{SVG}}}desc")
        assert title.text
        assert "ms with kill" in (description.text or "")
        assert root.find(f".//{{{SVG}}}text") is not None  # text stays text


SVG = "http://www.w3.org/2000/svg"


def test_figures_take_their_colours_from_the_theme(source: str) -> None:
    figures = "".join(re.findall(r"<figure>.*?</figure>", source, re.DOTALL))
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', figures))
    assert colours == {"none", "var(--grid)", "var(--axis)", "var(--muted)"} | {
        f"var(--arm-{place})" for place in range(3)
    }


def test_skips_are_shown_with_their_reason(page: Page) -> None:
    assert "reap-kill skipped: reap_kill is missing: EINVAL: this kernel knows no flag" in page.words()


def test_facts_are_shown_with_source_and_reason(page: Page) -> None:
    assert "psi – /proc/pressure/memory ENOENT" in page.words()
    assert "clock_step_ns 41 CLOCK_MONOTONIC, read back to back" in page.words()


def test_devices_that_differ_are_marked(page: Page) -> None:
    assert "personality differs reap-kill-v3 stock" in page.words()
    assert "reap_kill differs True False" in page.words()  # a fact that both have, with other values
    assert "page size 4096 B 4096 B" in page.words()


def test_the_downloads_hold_the_records(page: Page, analysis: Analysis, run_dir: Path) -> None:
    files = {
        attrs["download"]: urlopen(attrs["href"] or "").read()
        for _, attrs in page.tags
        if "download" in attrs
    }
    records = b"".join(path.read_bytes() for path in sorted((run_dir / "records").iterdir()))
    assert gzip.decompress(files["records.jsonl.gz"]) == records
    assert files["trials.csv"].decode() == analysis.trials_csv


def test_the_page_is_the_same_again(source: str, analysis: Analysis) -> None:
    assert render_html(analysis) == source


def plain_text(source: str) -> str:
    """The page's text, one piece per line, without style, figures, data and the data's sizes."""
    for left_out in ("style", "svg", "script"):
        source = re.sub(rf"<{left_out}[ >].*?</{left_out}>", "", source, flags=re.DOTALL)
    pieces = (unescape(piece).strip() for piece in re.split(r"<[^>]*>", source))
    text = "\n".join(" ".join(piece.split()) for piece in pieces if piece) + "\n"
    return re.sub(r"\(\d+ kB\): ", "(… kB): ", text)


def test_the_page_says_what_the_golden_one_says(source: str, tmp_path: Path) -> None:
    golden = Path(__file__).parent / "golden" / "page.txt"
    written = tmp_path / "page.txt"
    written.write_text(plain_text(source))
    assert written.read_text() == golden.read_text(), f"if that is meant: cp {written} {golden}"


def test_ten_devices_would_fit_into_two_megabytes(tmp_path: Path) -> None:
    """Four strata each, as the demonstration runs them: what the second device adds, ten times."""
    sizes = []
    for devices in (["synthetic-1"], ["synthetic-1", "synthetic-2"]):
        run = synthetic_run(devices)
        run.planned = [trial for trial in run.planned if trial.victim_kb == 65536]
        run.trials = [trial for trial in run.trials if trial.victim_kb == 65536]
        sizes.append(write_report(run.write(tmp_path / str(len(devices)))).html.stat().st_size)
    assert sizes[0] + 9 * (sizes[1] - sizes[0]) <= 2_000_000


@pytest.fixture(scope="module")
def suite_source(suite_dir: Path) -> str:
    return (suite_dir / "report.html").read_text()


@pytest.fixture(scope="module")
def suite_page(suite_source: str) -> Page:
    return Page(suite_source)


def test_checking_a_figure_does_not_change_it(
    run_dir: Path, pressure_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Users' pages are drawn without the check that the tests make (conftest.py)."""
    pages = [render_html(analyse(load_run(folder))) for folder in (run_dir, pressure_dir)]
    monkeypatch.setattr(figures, "VALIDATE", False)
    assert [render_html(analyse(load_run(folder))) for folder in (run_dir, pressure_dir)] == pages


@pytest.mark.large
class TestFortyStrata:
    """A page of the whole suite: still one file that can be mailed and read."""

    def test_is_small_enough(self, suite_source: str) -> None:
        assert len(suite_source.encode()) <= 5_000_000

    def test_the_overview_leads_to_every_stratum(self, suite_page: Page) -> None:
        links = [link[1:] for link in suite_page.attributes("href") if re.fullmatch(r"#d0s\d+", link)]
        assert sorted(links) == sorted(f"d0s{place}" for place in range(40))
        assert set(links) <= set(suite_page.attributes("id"))

    def test_the_overview_tells_every_verdict(self, suite_page: Page) -> None:
        assert re.search(
            r"held-16 holder 300 ms, 64 MB, 8 threads ↓ better ([0-9]+ )?0\.1\dx \(", suite_page.words()
        )
        assert "in-private-file 64 MB, 1 thread, private-file, 50 % dirty" in suite_page.words()

    def test_strata_are_folded(self, suite_page: Page) -> None:
        cards = [attrs for tag, attrs in suite_page.tags if tag == "details" and attrs.get("class") == "card"]
        assert len(cards) == 40
        assert not [card for card in cards if "open" in card]

    def test_what_needs_a_look_is_not(self, tmp_path: Path) -> None:
        run = synthetic_suite(blocks=12)
        run.trials = [
            msgspec.structs.replace(trial, reclaim_90_ns=1_000_000)
            if (trial.scenario, trial.arm) == ("control-1", "reap-kill")
            else trial
            for trial in run.trials
        ]
        page = Page(render_html(analyse(load_run(run.write(tmp_path)))))
        cards = [attrs for tag, attrs in page.tags if tag == "details" and attrs.get("class") == "card"]
        assert len([card for card in cards if "open" in card]) == 1

    def test_figures_are_there_once_a_stratum(self, suite_source: str) -> None:
        assert suite_source.count("<figure>") == 2 * 40

    def test_controls_have_a_section_of_their_own(self, suite_page: Page) -> None:
        assert "Controls: no gain expected" in suite_page.words()
        assert "controls: no gain found in 3 strata" in suite_page.words()
        assert "with REAP_KILL against SIGKILL only better in 37 of 37 strata" in suite_page.words()


def test_a_known_scenario_is_explained(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    run.trials = [synthetic_trial(scenario="undisturbed"), synthetic_trial(scenario="of tomorrow")]
    words = Page(render_html(analyse(load_run(run.write(tmp_path))))).words()
    scenario = SCENARIOS["undisturbed"]
    assert f"{scenario.title} Expected: {scenario.expectation}" in words
    assert words.count("Expected:") == 1
    assert "of tomorrow, 64 MB, 1 thread" in words


def test_without_controls_there_is_no_such_section(source: str) -> None:
    assert "no gain expected" not in source
    assert "#controls" not in source


def test_who_tore_the_memory_down_is_shown(page: Page) -> None:
    assert re.search(
        r"SIGKILL only stall 100 % \d+\.\d \d+\.\d to \d+\.\d – lmkd of early Android 13 stall 100 %",
        page.words(),
    )


def test_who_tore_the_memory_down_is_hidden_when_nobody_knows(tmp_path: Path) -> None:
    run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
    run.trials = [synthetic_trial(block=block) for block in range(6)]
    assert "Who tore" not in render_html(analyse(load_run(run.write(tmp_path))))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> str:
    device = f"{SCRIPT}\"'`{{{{7*7}}}}"
    run = SyntheticRun(synthetic_info([device], arms=["kill", SCRIPT, "\x00\x1b]0;"]))
    record = synthetic_device(device, model=f'"><img src=x onerror="alert(1)">{SCRIPT}')
    facts = record.facts | {SCRIPT: Fact(SCRIPT, SCRIPT, SCRIPT)}
    run.devices = [
        type(record)(**{name: getattr(record, name) for name in record.__struct_fields__} | {"facts": facts})
    ]
    run.skips = [SkipRecord(device=device, what="arm", name=SCRIPT, reason=f"</title>{SCRIPT}")]
    for arm in ("kill", SCRIPT, "\x00\x1b]0;"):
        fields = {"device": device, "arm": arm, "scenario": SCRIPT, "stall": f"</svg>{SCRIPT}"}
        curve = ((0, 65536), (12000, 0))
        run.trials += [
            synthetic_trial(block=block, curve=curve, charged_at_kill_kb=65536, flags=(SCRIPT,), **fields)
            for block in range(6)
        ]
        run.trials.append(synthetic_trial(block=6, valid=False, invalid_reason=f"=cmd() {SCRIPT}", **fields))
    folder = run.write(tmp_path_factory.mktemp("hostile"))
    with (folder / "records" / "0.jsonl").open("ab") as stream:
        stream.write(f'{{"type": "{SCRIPT}"}}'.encode())
    return write_report(folder).html.read_text()


class TestHostileStrings:
    """Everything that a device or a damaged record can put into a string is shown as text."""

    def test_nothing_becomes_a_tag(self, hostile: str) -> None:
        page = Page(hostile)
        tags = [tag for tag, _ in page.tags]
        assert (tags.count("script"), tags.count("img")) == (1, 0)  # the page's own script
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
        assert page.words().count(SCRIPT) > 20
        assert "{{7*7}}" in page.words()

    def test_no_id_or_link_is_made_of_them(self, hostile: str) -> None:
        page = Page(hostile)
        assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in page.attributes("id"))

    def test_figures_stay_well_formed(self, hostile: str) -> None:
        figures = re.findall(r"<figure>.*?(<svg.*?</svg>)</figure>", hostile, re.DOTALL)
        assert len(figures) == 2

    def test_a_spreadsheet_sees_no_formula(self, tmp_path: Path) -> None:
        run = SyntheticRun(synthetic_info([PATCHED]), [synthetic_device(PATCHED)])
        run.trials = [synthetic_trial(valid=False, invalid_reason="=cmd()")]
        assert ",'=cmd()" in analyse(load_run(run.write(tmp_path))).trials_csv


class TestPalette:
    def test_an_arm_keeps_its_look_whatever_else_is_there(self) -> None:
        assert looks(["reap-kill"])["reap-kill"] == looks(list(FIXED))["reap-kill"]
        assert looks(["new", "kill"])["kill"] == looks(["kill"])["kill"]

    def test_unknown_arms_take_free_looks(self) -> None:
        found = looks(["kill", "new", "newer"])
        assert len({look.colour for look in found.values()}) == 3

    def test_more_arms_than_looks(self) -> None:
        assert len(looks([f"arm{number}" for number in range(20)])) == 20


class TestScale:
    def test_holds_every_interval_and_equality(self) -> None:
        scale = Scale.over([ratio(0.1, 0.2, 0.3)])
        assert (scale.low, scale.high) == (0.0625, 2.0)
        strip = scale.strip(ratio(0.1, 0.2, 0.3))
        assert 0 < strip.left < strip.dot < strip.left + strip.width < scale.one < 100

    def test_by_hand(self) -> None:
        scale = Scale(0.25, 4.0)
        assert (scale.at(0.25), scale.at(0.5), scale.at(1.0), scale.at(4.0)) == (0.0, 25.0, 50.0, 100.0)
        assert [tick.label for tick in scale.ticks] == ["1/4x", "1/2x", "1x", "2x", "4x"]

    def test_what_is_open_reaches_the_end(self) -> None:
        strip = Scale(0.25, 4.0).strip(ratio(0.0, 0.5, float("inf")))
        assert (strip.left, strip.width) == (0.0, 100.0)


def ratio(low: float, estimate: float, high: float) -> PairedRatio:
    return PairedRatio(6, Bounds(estimate, estimate), Bounds(low, high), 0.97)


def test_the_stock_device_is_there(page: Page) -> None:
    assert STOCK in page.words()
