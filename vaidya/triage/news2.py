"""National Early Warning Score 2, computed in code from what was measured.

Source: Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017, chart 1 (the score) and
chart 2 (the thresholds). The chart is written in whole numbers (temperature in tenths). A value that falls between two
bands (a mean of two readings, a converted unit) takes the more severe of the two.

The score is a sum, each part of which grows with the distance from normal, so worsening a vital never lowers it.
"""

from dataclasses import dataclass

from vaidya.schema import Consciousness, News2, Vitals

# What the vitals floor needs before it may say ROUTINE. Oxygen counts when it is given, but nobody charts its absence.
NEEDED = ("respirations", "spo2", "sbp", "pulse", "temperature", "consciousness")
ON_OXYGEN_POINTS = 2
NOT_ALERT_POINTS = 3


@dataclass(frozen=True, slots=True)
class Bands:
    """The bands of one parameter, as (limit, points) pairs, the most severe first.

    below: a value under `limit` scores `points`; `limit` is the first value of the next milder band, so that what
    falls between two bands takes the more severe. above: the same on the high side.
    """

    below: tuple[tuple[float, int], ...] = ()
    above: tuple[tuple[float, int], ...] = ()

    def points(self, value: float) -> int:
        """0 to 3."""
        low = (points for limit, points in self.below if value < limit)
        high = (points for limit, points in self.above if value > limit)
        return max(next(low, 0), next(high, 0))


CHART: dict[str, Bands] = {
    "respirations": Bands(below=((9, 3), (12, 1)), above=((24, 3), (20, 2))),
    "sbp": Bands(below=((91, 3), (101, 2), (111, 1)), above=((219, 3),)),
    "pulse": Bands(below=((41, 3), (51, 1)), above=((130, 3), (110, 2), (90, 1))),
    "temperature": Bands(below=((35.1, 3), (36.1, 1)), above=((39.0, 2), (38.0, 1))),
}
SPO2_SCALE_1 = Bands(below=((92, 3), (94, 2), (96, 1)))
# Scale 2 is for hypercapnic respiratory failure and only when a clinician ordered it; its high side counts on oxygen.
SPO2_SCALE_2_AIR = Bands(below=((84, 3), (86, 2), (88, 1)))
SPO2_SCALE_2_OXYGEN = Bands(below=SPO2_SCALE_2_AIR.below, above=((96, 3), (94, 2), (92, 1)))


def needed(vitals: Vitals) -> tuple[str, ...]:
    """What the vitals floor needs before it may say ROUTINE of this patient: on scale 2, air or oxygen too."""
    return NEEDED if vitals.spo2_scale == 1 else (*NEEDED, "on_oxygen")


def news2(vitals: Vitals) -> News2:
    """The score over what was measured, its parts, and which of the needed parameters are missing.

    With something missing the score is a lower bound: nothing is assumed normal, an unmeasured part is absent from
    `parts`. Oxygen scores only when it is known to be given; scale 2 needs to know of it, and takes the more severe of
    its two bands until then.
    """
    parts = {name: bands.points(value) for name, bands in CHART.items() if (value := getattr(vitals, name)) is not None}
    if vitals.spo2 is not None:
        parts["spo2"] = _spo2_bands(vitals).points(vitals.spo2)
    if vitals.on_oxygen is not None:
        parts["on_oxygen"] = ON_OXYGEN_POINTS if vitals.on_oxygen else 0
    if vitals.consciousness is not None:
        parts["consciousness"] = 0 if vitals.consciousness is Consciousness.ALERT else NOT_ALERT_POINTS
    missing = tuple(name for name in needed(vitals) if getattr(vitals, name) is None)
    return News2(score=sum(parts.values()), parts=parts, missing=missing)


def _spo2_bands(vitals: Vitals) -> Bands:
    if vitals.spo2_scale == 1:
        return SPO2_SCALE_1
    # The low sides agree and only oxygen scores on the high side, so its bands are the more severe at every value.
    return SPO2_SCALE_2_AIR if vitals.on_oxygen is False else SPO2_SCALE_2_OXYGEN
