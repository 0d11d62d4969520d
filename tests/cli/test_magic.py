"""`%triage` in a notebook cell."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from tests.cli.conftest import SAID
from vaidya.errors import InputError, VitalsError
from vaidya.schema import Tier


@pytest.fixture
def shell():
    """A notebook's shell with the extension loaded."""
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "vaidya")
    yield shell
    shell.history_manager.end_session()


def test_a_cell_triages_a_recording_and_shows_it_with_players(shell, visit, scripted):
    shown = shell.run_line_magic("triage", f"{visit} spo2=97 age=54 pregnant=false profile={scripted}")
    assert shown.record.decision.tier is Tier.EMERGENCY
    assert (shown.record.vitals.spo2, shown.record.patient.age, shown.record.patient.pregnant) == (97.0, 54.0, False)
    page = shown._repr_html_()
    assert page.count("<audio") == len(SAID)
    assert all(words in page for words in SAID)


def test_a_complaint_needs_no_recording(shell, scripted):
    shown = shell.run_line_magic("triage", f"complaint='crushing chest pain' age=54 profile={scripted}")
    assert shown.record.decision.tier is Tier.EMERGENCY
    assert "<audio" not in shown._repr_html_()


@pytest.mark.parametrize(("line", "error"), [("a.wav b.wav", InputError), ("spo2=", VitalsError)])
def test_a_line_that_cannot_be_read_is_refused(shell, line, error):
    with pytest.raises(error):
        shell.run_line_magic("triage", line)
