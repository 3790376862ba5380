"""The command line: the group of commands, the exit codes, and the place where errors are printed."""

import gc
import importlib
import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, NoReturn

import click

from generator.commands import options
from generator.diagnostics import CatalogError, GeneratorError, InterruptedSyncError, ReportedError
from generator.report import findings, printing

EXIT_OK: Final = 0
EXIT_INVALID: Final = 1
EXIT_ERROR: Final = 2
EXIT_BUG: Final = 70
EXIT_INTERRUPTED: Final = 130

_COMMANDS: Final = {
    "Start and edit": ("init", "add", "lock", "schema"),
    "Compile and check": ("generate", "check", "plan"),
    "Ship": ("sync",),
    "Look": ("list", "diff"),
}
"""The commands by what they are for, in the order of use."""
_LONGEST: Final = 90
"""Characters of a command's description in the list of commands."""


class _Commands(click.Group):
    """Imports a command's module when the command is used: most need only a few of the packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names."""
        return [name for names in _COMMANDS.values() for name in names]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each group of commands under its heading."""
        width = max(map(len, self.list_commands(ctx)))
        for heading, names in _COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), _loaded(name).get_short_help_str(_LONGEST)) for name in names])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        return _loaded(cmd_name) if cmd_name in self.list_commands(ctx) else None


@click.group(cls=_Commands, context_settings=options.HELP)
@options.version
def main() -> None:
    """Serve vLLM embedding and reranker models on OpenShift AI from one models.yaml.

    Exit codes: 0 success; 1 invalid or out of date; 2 usage, tool or network error; 70 internal error;
    130 interrupted.
    """


@cache
def _loaded(name: str) -> click.Command:
    """A command whose answer becomes an exit code, and whose errors are printed.

    A module in `commands` has a `command`, whose callback returns whether all is well, and says in ON_ERROR what was
    not done if it raises.
    """
    module = importlib.import_module(f"generator.commands.{name}")
    command: click.Command = options.version(module.command)
    command.callback = _reported(command.callback, module.ON_ERROR) if command.callback else None
    return command


def _reported(callback: Callable[..., bool], consequence: str) -> Callable[..., NoReturn]:
    @wraps(callback)
    def run_command(**given: Any) -> NoReturn:
        try:
            sys.exit(EXIT_OK if callback(**given) else EXIT_INVALID)
        except CatalogError as error:
            findings.show(error.diagnostics, given.get("findings_as", "text"))
            printing.say(f"{findings.counts(error.diagnostics)}; {consequence}")
            sys.exit(EXIT_INVALID)
        except InterruptedSyncError as error:
            printing.say(str(error))
            sys.exit(EXIT_INTERRUPTED)
        except ReportedError:
            sys.exit(EXIT_ERROR)
        except GeneratorError as error:
            printing.error(error)
            sys.exit(EXIT_ERROR)

    return run_command


def run() -> NoReturn:
    """The console script `generator`."""
    _run(main)


def generate_main() -> NoReturn:
    """The console script `generate`."""
    _run(_loaded("generate"))


def sync_main() -> NoReturn:
    """The console script `artifact-sync`."""
    _run(_loaded("sync"))


def _run(command: click.Command) -> NoReturn:
    gc.set_threshold(20_000)  # modules and catalogs are no garbage: looking through them at the usual 700 takes time
    try:
        command()
    except Exception:  # noqa: BLE001 - whatever is not foreseen is a bug of ours: it is shown whole
        import traceback  # noqa: PLC0415 - only here

        for line in traceback.format_exc().splitlines():
            printing.say(line)
        sys.exit(EXIT_BUG)
    finally:
        gc.freeze()  # Python looks once more as it ends
    raise AssertionError("click exits by itself")
