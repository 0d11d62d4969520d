"""Dollars a consultation, from the prices in the profile."""

from vaidya.bench.rows import LatencyRow
from vaidya.config import PriceConfig

BUSY_SHARE = 0.3  # of its hours that a clinic's machine works; the rest is paid for too
ADAY = 100  # consultations between one start of a machine and the next, over which a cold start is spread


def price_rows(price: PriceConfig, seconds: float | None, cold_start_s: float | None) -> list[LatencyRow]:
    """Cost when every second is used, when the machine idles most of the day, and with a start each day."""
    start = cold_start_s if price.cold_start_s is None else price.cold_start_s
    rows = []
    for name, hourly in (("on_demand", price.on_demand_per_hour), ("spot", price.spot_per_hour)):
        used, idle, started = _usd(hourly, seconds, start)
        why = None if hourly is not None else f"the profile names no {name.replace('_', '-')} price ({price.source})"
        rows += [
            LatencyRow(metric=f"usd_per_consultation_{name}", value=used, unit="USD", reason=why),
            LatencyRow(metric=f"usd_per_consultation_{name}_busy_{BUSY_SHARE:g}", value=idle, unit="USD", reason=why),
            LatencyRow(
                metric=f"usd_per_consultation_{name}_one_start_in_{ADAY}",
                value=started,
                unit="USD",
                state="cold",
                reason=why or (None if start is not None else "the cold start was not measured"),
            ),
        ]
    return rows


def _usd(
    hourly: float | None, seconds: float | None, start_s: float | None
) -> tuple[float | None, float | None, float | None]:
    if hourly is None or seconds is None:
        return None, None, None
    used = hourly * seconds / 3600
    started = None if start_s is None else hourly * (seconds + start_s / ADAY) / 3600
    return used, used / BUSY_SHARE, started
