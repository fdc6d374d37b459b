"""The report page has every plot, its table and its numbers, and is self-contained."""

import csv
import io
import json
import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import unquote

import numpy as np
import pytest

from ml.evaluation.classifier import evaluate_probabilities, jsonable
from ml.evaluation.completeness import Search
from ml.evaluation.metrics.detection_curve import Matched
from ml.evaluation.metrics.voxel_histogram import VoxelHistogram
from ml.evaluation.observing_conditions import Condition, Conditions, merged_conditions
from ml.evaluation.report import classifier_charts, detection_charts, magnitude_limits, page
from ml.evaluation.report.chart import Chart
from ml.evaluation.report.conditions import Wording, missed
from ml.evaluation.stratified import ScoredSubjects, stratified

CLASSES = ("AST", "COMET", "CR")
EVERY = {
    "roc", "precision-recall", "purity-0.0001", "purity-0.5", "rejected", "confusion", "reliability", "scores",
    "completeness-mag", "completeness-rate", "completeness-snr", "completeness-mag-rate", "completeness-snr-rate",
    "false-negatives", "precision-limits", "roc-limits", "nights",
}  # fmt: skip


def judged(n=240, known=True):
    random = np.random.default_rng(3)
    truth = random.permutation(np.arange(n) % 3)
    p = random.dirichlet(np.ones(3), n) * 0.6 + np.eye(3)[truth] * 0.4
    values = [random.uniform(low, high, n) for low, high in ((18, 22), (1, 90), (3, 60))]
    conditions = Conditions(*values, np.array(["60000", "60001"])[np.arange(n) % 2])
    blank = np.full(n, np.nan)
    conditions = conditions if known else Conditions(blank, blank, blank, np.full(n, ""))
    answers = ScoredSubjects(truth < 2, p[:, :2].sum(1), np.arange(n), 0.5, conditions)
    said = (
        evaluate_probabilities(p, truth, CLASSES, CLASSES[:2], draws=50)
        | stratified(answers)
        | {"checkpoint": "<c & d>"}
    )
    return said, answers


def written(tmp_path, said, charts):
    heading = page.Heading(
        f"Evaluation of {said['checkpoint']}", classifier_charts.classifier_summary(said), said["notes"]
    )
    path = tmp_path / "r.html"
    page.write_page(heading, classifier_charts.figure_table(said), charts, html=path, plots=tmp_path / "plots")
    return path.read_text()


def numbers(html, key):
    data = re.search(rf'download="{re.escape(key)}\.csv" href="data:text/csv;charset=utf-8,([^"]*)"', html)[1]
    return list(csv.DictReader(io.StringIO(unquote(data))))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Write one report; return its folder, page, charts, and what it is of."""
    said, answers = judged()
    charts = classifier_charts.classifier_charts(said, answers)
    folder = tmp_path_factory.mktemp("report")
    return SimpleNamespace(folder=folder, html=written(folder, said, charts), charts=charts, said=said)


def test_every_metric_has_its_plot_table_and_numbers(report):
    html = report.html
    assert {chart.key for chart in report.charts} == EVERY
    for key in EVERY:
        assert (report.folder / "plots" / f"{key}.png").read_bytes().startswith(b"\x89PNG")
        assert f'download="{key}.png" href="data:image/png;base64,' in html
        assert b"</svg>" in (report.folder / "plots" / f"{key}.svg").read_bytes()
        assert f'download="{key}.svg" href="data:image/svg+xml;base64,' in html
        assert numbers(html, key)
    assert "Evaluation of &lt;c &amp; d&gt;" in html
    assert not re.search(r'(src|href)="(?!data:)', re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL))


def test_plots_can_be_zoomed_and_hold_the_curves_they_show(report):
    html, charts = report.html, report.charts
    (models,) = re.findall(r"const docs_json = '(.*?)';", html)
    (document,) = json.loads(unescape(models.encode().decode("unicode_escape"))).values()
    plots = {root["attributes"].get("name") or number: root for number, root in enumerate(document["roots"])}
    lines = [chart for chart in charts if isinstance(chart, Chart)]
    assert len(plots) == len(lines) == html.count("data-root-id")
    assert "BoxZoomTool" in models
    roc = next(chart for chart in lines if chart.key == "roc")
    assert roc.x_label in models
    assert html.count("<img") == len(charts)  # in place of the plots, without scripts; and the grids


def test_the_csv_says_what_the_metrics_say(report):
    said, html = report.said, report.html
    by_mag = said["completeness"]["mag"]
    rows = numbers(html, "completeness-mag")
    assert [int(row["real"]) for row in rows] == by_mag["n"]
    assert [float(row["completeness"]) for row in rows] == pytest.approx(by_mag["share"])
    kept = next(row for row in numbers(html, "rejected") if row["completeness"] == "0.996")
    assert float(kept["rejected"]) == pytest.approx(said["operating"]["rejected_at_0.996"])
    assert len(numbers(html, "nights")) == len(said["nights"]) == 2
    top = {row["figure"]: row["value"] for row in numbers(html, "figures")}
    assert top["ROC AUC"] == f"{said['roc_auc']:.4f}"


def test_what_is_not_known_is_left_out(tmp_path):
    said, answers = judged(known=False)
    charts = classifier_charts.classifier_charts(said, answers)
    assert {chart.key for chart in charts} == {
        key for key in EVERY if not re.search("mag|rate|snr|limits|neg|night", key)
    }
    assert (said["completeness"], said["magnitude_limits"], said["nights"]) == ({}, [], [])
    missing = answers.conditions.unknown(answers.real)
    assert [re.search("`(.*?)`", note)[1] for note in missing] == ["mag", "rate", "snr", "night"]
    assert "Add a column mag to the manifest, or to a truth.csv beside it." in missing[0]


def test_the_false_negatives_begin_with_what_nothing_was_found_of():
    conditions = Conditions(np.full(3, 20.0), np.array([1.0, 2.0, 3.0]), np.full(3, np.nan), np.full(3, ""))
    search = Search(np.array([True, False, False]), np.array([0.9, 0.2, np.nan]), conditions)
    (chart,) = missed(search, Wording("objects", "followed by a track", "score"))
    assert chart.columns["rate"].tolist() == [3, 2, 1]
    assert chart.columns["missed"].tolist() == ["yes", "yes", "no"]
    assert "All objects whose magnitude and rate are known, and those that are missed: 2 of 3." in chart.note


@pytest.mark.parametrize("kind", [0, 2])
def test_one_kind_alone_has_a_report_without_curves(tmp_path, kind):
    said, answers = judged()
    rows = answers.real == (kind == 0)
    alone = ScoredSubjects(
        answers.real[rows], answers.p_real[rows], answers.groups[rows], 0.5, answers.conditions.take(rows)
    )
    p = np.eye(3)[np.full(rows.sum(), kind)]
    said = evaluate_probabilities(p, np.full(rows.sum(), kind), CLASSES, CLASSES[:2], draws=20) | {"checkpoint": "c"}
    json.dumps(jsonable(said | stratified(alone)), allow_nan=False)
    html = written(tmp_path, said, classifier_charts.classifier_charts(said, alone))
    side, other = ("real", "bogus") if kind == 0 else ("bogus", "real")
    assert f"subjects are {side}, so the ROC AUC" in html
    assert f"Add {other} subjects to the data" in html
    assert 'id="roc-title"' not in html
    assert 'id="confusion-title"' in html


def test_truth_fills_in_what_the_manifest_does_not_say():
    said = [Condition(mag=20.0), Condition()]
    both = merged_conditions(["a", "b"], said, {"a": Condition(mag=1.0, rate=9.0), "b": Condition(mag=21.0, night="n")})
    assert both.mag.tolist() == [20, 21]
    assert both.rate == pytest.approx([9, np.nan], nan_ok=True)
    assert both.night.tolist() == ["", "n"]


def of_trails(snr):
    return Conditions(24 - snr / 2, 5 + 3 * snr, snr, np.full(len(snr), ""))


def test_voxels_and_detections_have_reports_too(tmp_path):
    random = np.random.default_rng(0)
    histogram = VoxelHistogram((18.0, 20.0, 22.0))
    mag = np.where(random.random(20_000) < 0.05, random.uniform(16, 22, 20_000), np.nan)
    histogram.add(1 / (1 + np.exp(2 - np.nan_to_num(22 - mag) - random.normal(size=20_000))), mag)
    matched = Matched(np.linspace(1, 0, 40), np.where(np.arange(40) < 38, np.arange(40), -1), np.linspace(1, 9, 40))
    charts = [
        *magnitude_limits.voxel_charts(histogram),
        *detection_charts.detection_charts(matched, of_trails(matched.snr)),
    ]
    assert [chart.key for chart in charts] == [
        "precision-limits", "roc-limits", "completeness-magnitude", "detections",
        "completeness-mag", "completeness-rate", "completeness-snr", "completeness-mag-rate", "completeness-snr-rate",
        "false-negatives",
    ]  # fmt: skip
    page.write_page(page.Heading("Cubes", "", []), {"figure": ["n"], "value": [1]}, charts, html=tmp_path / "v.html")
    assert "Scores within 0.001 of 0 and 1 are ignored" in (tmp_path / "v.html").read_text()


def test_a_detector_needs_something_to_find():
    with pytest.raises(ValueError, match="no true trail"):
        detection_charts.detection_charts(Matched(np.array([0.5]), np.array([-1]), np.array([])), Conditions.of([]))


def test_a_detector_below_90_percent_precision_says_why_nothing_is_shown_at_it():
    matched = Matched(np.array([0.9, 0.8, 0.7]), np.array([-1, 0, 1]), np.array([5.0, 6.0]))
    assert [chart.key for chart in detection_charts.detection_charts(matched, of_trails(matched.snr))] == ["detections"]
    (note,) = detection_charts.detection_notes(matched, of_trails(matched.snr))
    assert note.startswith("No threshold reaches 90 % precision (at best 67 % of detections are trails), so")
    assert "Train the detector longer" in note
    blind = Matched(np.array([]), np.array([], int), np.array([5.0]))
    assert "(there are no detections)" in detection_charts.detection_notes(blind, of_trails(blind.snr))[0]


def test_trails_of_unknown_signal_are_in_no_bin_and_what_nobody_tells_is_said():
    matched = Matched(np.array([0.9, 0.8]), np.array([0, 1]), np.array([3.0, 6.0]))
    conditions = Conditions.of([Condition(), Condition(snr=6.0)])
    chart = detection_charts.detection_charts(matched, conditions)[1]
    assert chart.key == "completeness-snr"
    assert chart.columns["real"].tolist() == [1]
    assert "1 true trails are left out" in chart.note
    assert [note.split("`")[1] for note in detection_charts.detection_notes(matched, conditions)] == ["mag", "rate"]


def test_caveats_name_cause_and_remedy():
    said = evaluate_probabilities(np.array([[0.9, 0.1, 0], [np.nan] * 3]), ["AST", "CR"], CLASSES, ("AST",), draws=10)[
        "notes"
    ]
    assert said[0].startswith("All 1 subjects are real")
    assert said[1].startswith("No subject is labelled COMET, CR, so nothing is known about the model's performance on")
    assert said[2].startswith("1 of 2 subjects have no score (NaN) and are left out")
    assert "score them again" in said[2]
