"""One static page per evaluation: results, pictures, cohorts, claims, and every case beside its note."""

import base64
import io
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from vaidya import provenance
from vaidya.config import RunConfig
from vaidya.evaluation.acoustic_table import Listened
from vaidya.evaluation.report.cases import case_views
from vaidya.evaluation.report.details import clip_views, flipped_tiers, lost_facts
from vaidya.evaluation.report.tables import cohorts, glance, meanings, results
from vaidya.evaluation.rows import Row
from vaidya.evaluation.run import ArmOutcomes
from vaidya.evaluation.suite import Suite

SHARPNESS = 2  # dots of a picture for each of the page's


def write_report(  # noqa: PLR0913 - the parts of a page
    path: Path,
    *,
    suite: Suite,
    config: RunConfig,
    runs: Sequence[ArmOutcomes],
    rows: Sequence[Row],
    run_id: str,
    figures: Mapping[str, Any],
    claims: Sequence[Mapping[str, str]] = (),
    listened: Sequence[Listened] = (),
    left_out: Sequence[str] = (),
) -> Path:
    """Write the page; figures are named by their alternative text."""
    page = _template().render(
        title=f"vaidya · {suite.suite}",
        description=suite.description,
        run_id=run_id,
        profile=config.profile,
        digest=config.digest,
        commit=_commit(),
        created=provenance.now(),
        machine=_machine(),
        left_out=left_out,
        glance=glance(rows),
        results=results(rows),
        cohorts=cohorts(rows),
        meanings=meanings(rows),
        figures=[_figure(name, figure) for name, figure in figures.items()],
        claims=claims,
        lost_facts=lost_facts(runs) if "attribution" in suite.scorers else [],
        lost_facts_arms=[(arm, False) for arm in dict.fromkeys(run.arm for run in runs)],
        flipped=flipped_tiers(runs) if "attribution" in suite.scorers else [],
        clips=clip_views(listened),
        cases=case_views(runs, config.audio),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def write_claims(path: Path, claims: Sequence[Mapping[str, str]]) -> Path:
    """The claims ledger alone, as a page."""
    path.parent.mkdir(parents=True, exist_ok=True)
    page = _template("claims.html").render(
        claims=claims, commit=_commit(), created=provenance.now(), machine=_machine()
    )
    path.write_text(page, encoding="utf-8")
    return path


def _template(name: str = "page.html") -> Any:
    from jinja2 import Environment
    from markupsafe import Markup

    folder = resources.files("vaidya.evaluation.report")
    environment = Environment(autoescape=True, trim_blocks=True)
    environment.globals["style"] = Markup((folder / "page.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return environment.from_string((folder / name).read_text(encoding="utf-8"))


def _figure(name: str, figure: Any) -> dict[str, str]:
    width_in, _ = figure.get_size_inches()
    return {"alt": name, "source": data_uri(figure), "width": f"{width_in * figure.dpi:.0f}"}


def data_uri(figure: Any) -> str:
    """A matplotlib figure as a PNG that needs no second file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=figure.dpi * SHARPNESS)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _commit() -> str:
    commit, dirty = provenance.git_state()
    return f"{commit[:12]}{' with uncommitted changes' if dirty else ''}" if commit else "not a checkout"


def _machine() -> str:
    machine = provenance.hardware()
    accelerator = f", {machine.accelerator}" if machine.accelerator else ""
    return f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GB{accelerator}"
