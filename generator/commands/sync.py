"""`artifact-sync`: its options."""

from typing import Any, Final

import click

from generator.commands import completion, options

ON_ERROR: Final = "nothing was synced"


@click.command("sync", context_settings=options.HELP)
@click.option("--dry-run", is_flag=True, help="Print what would be done; change nothing.")
@click.option("--verify", is_flag=True, help="Read everything back from the bucket, and check its digests.")
@click.option("--prune", is_flag=True, help="Delete what this catalog no longer uses, and abandoned uploads.")
@click.option(
    "--grace", type=click.IntRange(0), default=7, show_default=True, help="Days unused before --prune deletes."
)
@click.option(
    "--model",
    "names",
    multiple=True,
    shell_complete=completion.models,
    help="Only this model. Can be repeated.",
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    shell_complete=completion.environments,
    help="Only the models of this environment. Can be repeated.",
)
@click.option(
    "--connection",
    "connections",
    multiple=True,
    shell_complete=completion.connections,
    help="Only this connection. Can be repeated.",
)
@click.option("--keep-going", is_flag=True, help="Continue with the other models if one fails.")
@click.option("--memory", type=click.IntRange(32), default=128, show_default=True, help="MiB of file data in memory.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Concurrent part transfers.")
@click.option("--sign-payload/--no-sign-payload", default=None, help="Sign the payload (default: only over http).")
@click.option("--checksums/--no-checksums", default=None, help="Send part checksums (default: with object lock).")
@click.option("--timeout", type=click.IntRange(1), default=360, show_default=True, help="Minutes for the whole run.")
@click.option("--output", type=click.Choice(("text", "json")), default="text", show_default=True, help="Output format.")
@options.root
def command(*, verify: bool, prune: bool, **given: Any) -> bool:
    """Copy the models' files from the Hugging Face Hub to S3, and verify each.

    No disk is needed.
    """
    if verify and prune:
        raise click.UsageError("--verify and --prune cannot be used together")
    from generator.commands import transfer  # noqa: PLC0415 - slow to import, and not for --help

    return transfer.run("verify" if verify else "prune" if prune else "sync", **given)
