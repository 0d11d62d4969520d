"""The command line: one file a group of commands; heavy libraries are imported inside the commands."""

import os
import sys
import traceback
from pathlib import Path

import typer

from vaidya.errors import GateRefusedError, InputError, VaidyaError

EXIT_OURS, EXIT_INPUT, EXIT_REFUSED = 1, 2, 3


def build() -> typer.Typer:
    """The whole application, its commands in the order in which a user meets them."""
    from vaidya.cli import (
        bench,
        data,
        deploy,
        doctor,
        evaluate,
        experiment,
        metrics,
        registry,
        triage,
        weights,
        worklist,
    )

    app = typer.Typer(
        name="vaidya",
        help="Hear a patient, write the SOAP note, say how long it is safe to wait. Decision support, not a device.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.command("triage")(triage.triage)
    app.command("worklist")(worklist.worklist)
    app.command("doctor")(doctor.doctor)
    app.add_typer(weights.app, name="weights")
    app.add_typer(data.app, name="data")
    app.command("eval")(evaluate.evaluate)
    app.add_typer(metrics.app, name="metrics")
    app.add_typer(bench.app, name="bench")
    app.command("gate")(evaluate.gate)
    app.command("compare")(evaluate.compare)
    app.command("register")(registry.register)
    app.command("promote")(registry.promote)
    app.command("rollback")(registry.rollback)
    app.command("audit")(registry.audit)
    app.command("serve")(deploy.serve)
    app.command("rehearse")(deploy.rehearse)
    app.add_typer(deploy.app, name="deploy")
    app.command("run")(experiment.run)
    app.command("ui")(experiment.ui)
    return app


def main() -> None:
    """Run a command; a known error is one coded line on stderr and an exit code, never a stack trace.

    Exit codes: 0 done, 1 our fault, 2 the input cannot be used, 3 the gate refused.
    """
    try:
        build()()
    except VaidyaError as error:
        print(f"{error.code}: {error}", file=sys.stderr)
        sys.exit(exit_code(error))
    except Exception as error:
        if os.environ.get("VAIDYA_DEBUG"):
            raise
        # The text of an unexpected error may quote its input; only its type and place are safe to print.
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        found = f"unexpected {type(error).__name__} at {where}"
        print(f"INTERNAL: {found}; VAIDYA_DEBUG=1 shows the trace", file=sys.stderr)
        sys.exit(EXIT_OURS)


def exit_code(error: VaidyaError) -> int:
    """The exit code of an error's kind."""
    if isinstance(error, InputError):
        return EXIT_INPUT
    return EXIT_REFUSED if isinstance(error, GateRefusedError) else EXIT_OURS
