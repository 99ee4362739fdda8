"""The report as one page without anything outside it: no script, no font, no picture. Must not know how to measure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from loadtest.clients.crowd import OPEN
from loadtest.clients.lateness import LAG
from loadtest.measured.measures import Series
from loadtest.measured.samples import scores
from loadtest.promises import Verdict
from loadtest.sla.charts import Points, chart, linear, logarithmic, percentiles
from loadtest.sla.judge import Judgement, Kept
from loadtest.sla.report import limit_of, name_of, size_of, value_of_kept, wanted_of

SHOWN = (0, 25, 50, 75, 90, 95, 98, 99, 99.5, 99.8, 99.9)
STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--dim:#667180;--paper:#fff;--line:#dfe4ea;--good:#1f8a57;--bad:#c0392b;
--odd:#b7791f}@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--dim:#94a0af;--paper:#12171e;--line:#2a333f;
--good:#4cc38a;--bad:#ff7b6b;--odd:#e5b454}}*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:1rem;
font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}h1{font-size:1.5rem;margin:.5rem 0}
h2{font-size:1.2rem;margin:2.5rem 0 .25rem;border-top:1px solid var(--line);padding-top:1rem}p{margin:.25rem 0 1rem}
.dim,figcaption,th{color:var(--dim)}.HELD,.better{color:var(--good)}.BROKEN,.worse{color:var(--bad)}.INVALID{color:var(--odd)}
a{color:inherit}small{color:var(--dim);font-size:.8em}.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
td,th{padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
td.n,th.n{text-align:right}.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr));
gap:1rem 2rem;margin:1.5rem 0}figure{margin:0;max-width:44rem}svg{width:100%;height:auto}
svg text{font-size:13px;fill:var(--dim)}
.grid{stroke:var(--line)}polyline{fill:none;stroke-width:2}line.mark{stroke:var(--bad);stroke-dasharray:4 3}
svg text.mark{fill:var(--bad);font-size:11px}
@media(max-width:34rem){svg text{font-size:20px}svg text.mark{font-size:15px}
td,th{padding-right:.4rem;white-space:normal}small{display:block}}
summary{color:var(--dim);cursor:pointer;margin:.5rem 0}
.legend span{margin-right:1rem;font-size:.85rem;white-space:nowrap}
.legend i{display:inline-block;width:.8rem;height:.8rem;border-radius:2px;margin-right:.3rem;vertical-align:-1px}
"""


def page(verdict: Verdict, judgements: Sequence[Judgement], about: Mapping[str, Any], extra: str = "") -> str:
    """The whole report."""
    rows = [[_link(each), _size(each), _word(each.verdict), _of_it(each), _nearest(each)] for each in judgements]
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>SLA: {verdict.name}</title><style>{STYLE}</style>"
        f"<h1>The promise is {_word(verdict)}</h1><p class=dim>{escape(str(about['when']))}, commit "
        f"{escape(str(about['commit']))}, {escape(str(about['machine'].get('cpu', '')))}</p>"
        f"{_table(('scenario', 'size', '', 'promises', 'nearest to its limit'), rows)}{extra}"
        f"{''.join(map(_scenario, judgements))}<h2>What was measured on</h2>{_facts(about)}</html>"
    )


def _link(each: Judgement) -> str:
    name = escape(each.found.scenario.name)
    return f'<a href="#{name}">{name}</a>'


def _size(each: Judgement) -> str:
    return escape(size_of(each.found.scenario))


def _word(verdict: Verdict) -> str:
    return f'<b class="{verdict.name}">{verdict.name.lower()}</b>'


def _of_it(each: Judgement) -> str:
    held = sum(kept.verdict is Verdict.HELD for kept in each.kept)
    return f"{held} of {len(each.kept)}"


def _nearest(each: Judgement) -> str:
    """The time that is broken first when the machine gets slower."""
    times = [kept for kept in each.kept if kept.is_time and kept.value is not None]
    if not times:
        return ""
    kept = max(times, key=lambda kept: (kept.value or 0) / max(kept.limit, 1e-9))
    return f"{escape(name_of(kept))} {escape(value_of_kept(kept))} <small>{escape(limit_of(kept))}</small>"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], numbers: int = 99) -> str:
    def cells(tag: str, row: Iterable[str]) -> str:
        return "".join(f"<{tag}{' class=n' if n >= numbers else ''}>{cell}</{tag}>" for n, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<div class=wide><table><tr>{cells('th', heads)}</tr>{body}</table></div>"


def _scenario(each: Judgement) -> str:
    scenario, doubts = each.found.scenario, "; ".join(each.doubts)
    notes = f'<p class="INVALID">This run says nothing: {escape(doubts)}.</p>' if doubts else ""
    runs = each.found.notes.get("runs", ())
    notes += f"<p class=dim>Run by run: {escape(' | '.join(runs))}.</p>" if len(runs) > 1 else ""
    return (
        f'<h2 id="{escape(scenario.name)}">{escape(scenario.name)}: {_word(each.verdict)}</h2>'
        f"<p class=dim>{escape(scenario.about)}</p>{notes}{_promises(each.kept)}"
        f'<div class="charts">{"".join(_charts(each))}{_stages(each)}</div>{_counts(each)}'
    )


def _promises(kept: Iterable[Kept]) -> str:
    rows = [
        [
            escape(name_of(each)),
            _word(each.verdict),
            escape(value_of_kept(each)) + _beside("of", f"{each.answers or ''}"),
            escape(limit_of(each)) + _beside("wanted", wanted_of(each)),
        ]
        for each in kept
    ]
    return _table(("promise", "", "measured", "limit"), rows, 2)


def _beside(what: str, value: str) -> str:
    return f" <small>{what} {escape(value)}</small>" if value else ""


def _charts(each: Judgement) -> Iterable[str]:
    series = {n: s for n, s in each.found.measures.latencies.items() if s.count and n != LAG}
    if not series:
        return
    everything = [us / 1000 for s in series.values() for counts in s.seconds.values() for us in counts]
    streams = sorted(each.found.measures.counts.get(OPEN, {}).items())
    up = logarithmic(min(everything), max(everything))
    end = max([each.found.talked_s, *(second for s in series.values() for second in s.seconds), *dict(streams)])
    marks = [(mark["at_s"], mark["what"]) for mark in each.found.notes.get("marks", ())]
    curves = {name: [(percent, s.percentile_ms(percent)) for percent in SHOWN] for name, s in series.items()}
    yield chart("Latency by percentile, ms", curves, percentiles(), up)
    over = {name: _over_time(s) for name, s in series.items()}
    yield chart("The slowest of each second, ms", over, linear(0, end, " s"), up, marks)
    if streams:
        most = max(count for _, count in streams)
        yield chart("Calls open", {"calls": streams}, linear(0, end, " s"), linear(0, most), marks)


def _over_time(series: Series) -> Points:
    return [(second, max(counts) / 1000) for second, counts in sorted(series.seconds.items()) if counts]


def _stages(each: Judgement) -> str:
    stages: Mapping[str, Mapping[str, float]] = each.found.notes.get("stages", {})
    rows = [
        [escape(name), f"{t['count']:.0f}", f"{t['p50_ms']:.2f}", f"{t['p99_ms']:.2f}"] for name, t in stages.items()
    ]
    table = _table(("step", "how often", "p50 ms", "p99 ms"), rows, 1)
    caption = "<figcaption>Where the time went, of the calls that were traced</figcaption>"
    return f"<figure>{caption}{table}</figure>" if rows else ""


def _counts(each: Judgement) -> str:
    measures, usage = each.found.measures, each.found.usage
    seen = Counter({what: measures.total(what) for what in measures.counts if what not in (OPEN, "self cpu")})
    rows = [[escape(what), f"{times:g}"] for what, times in sorted(seen.items())]
    rows += [[f"{escape(name)}, of samples", f"{score:g}"] for name, score in scores(measures.samples).items()]
    rows += [[escape(name), f"{value:.3g}"] for name, value in each.found.facts.items()]
    for name, cpu_s in usage.get("cpu_s", {}).items():
        rows.append([f"{escape(name)}: CPU s, most MB", f"{cpu_s:.2f}, {usage['rss_mb'].get(name, 0):.0f}"])
    rows += [[escape(name), f"{value:.4g}"] for name, value in each.found.notes.get("cost", {}).items()]
    rows += [[f"breaker of {escape(who)}", escape(how)] for who, how in each.found.notes.get("breakers", {}).items()]
    return f"<details><summary>Everything that was counted</summary>{_table(('', ''), rows, 1)}</details>"


def _facts(about: Mapping[str, Any]) -> str:
    rows = [[escape(str(key)), escape(str(value))] for key, value in about["machine"].items()]
    rows += [[f"model of {escape(str(stage))}", escape(str(model))] for stage, model in about["models"].items()]
    for stage, pace in about["yardstick"]["paces"].items():
        text = f"{pace['one']:.3g} on one core, {pace['all']:.3g} on all; a job {pace['job_ms']:.3g} ms"
        rows.append([f"yardstick of {escape(stage)}", text])
    return _table(("", ""), rows)
