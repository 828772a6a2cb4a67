"""The sentences of the verdict: one pair of arms after the other."""

from __future__ import annotations

from dataclasses import dataclass

from lmkd_reports.analysis.model import Comparison
from lmkd_reports.analysis.model import DeviceResult
from lmkd_reports.presentation import kills
from lmkd_reports.presentation import wording
from lmkd_reports.presentation.context import Context
from lmkd_reports.presentation.strips import Strip


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One sentence of the banner with its strip and the numbers of its notes."""

    sentence: wording.Sentence
    strip: Strip | None
    notes: list[int]


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair of arms on one device."""

    title: str
    tally: str
    rows: list[VerdictRow]

    @property
    def drawn(self) -> bool:
        """Whether there is an interval to draw."""
        return any(row.strip for row in self.rows)


@dataclass(frozen=True, slots=True)
class KillPairView:
    """One pair of arms under pressure on one device."""

    title: str
    tally: str
    sentences: list[wording.Sentence]


def pair_view(device: DeviceResult, pair: tuple[str, str], context: Context) -> PairView:
    compared = wording.device_comparisons(device, pair)
    sentences = wording.sentences(compared)
    return PairView(
        title=wording.pair_name(pair),
        tally=wording.device_tally(device, pair),
        rows=[
            _row(sentence, comparison, context)
            for sentence, (_, comparison) in zip(sentences, compared, strict=False)  # all alike: only one
        ],
    )


def _row(sentence: wording.Sentence, comparison: Comparison, context: Context) -> VerdictRow:
    """Without an interval the sentence repeats the notes, and nothing is drawn."""
    if not comparison.is_judged:
        return VerdictRow(sentence, None, [])
    ratio = comparison.single_ratio
    notes = context.notes.refer(comparison.remarks)
    return VerdictRow(sentence, context.scale.strip(ratio) if ratio else None, notes)


def kill_pair_view(device: DeviceResult, pair: kills.Pair) -> KillPairView:
    return KillPairView(
        title=wording.pair_name(pair),
        tally=kills.tally(device.pressure, pair),
        sentences=kills.sentences(device.pressure, pair),
    )
