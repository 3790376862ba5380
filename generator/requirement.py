"""Whether this is the generator that a catalog asks for; another may not know its fields, so it is found out first."""

import re
from typing import Final

from generator.catalog.contract.patterns import SPECIFIER
from generator.diagnostics import CatalogError, Diagnostic
from generator.yaml.read import Document

PACKAGE: Final = "rhoai-model-gitops"
_SPECIFIER: Final = re.compile(SPECIFIER)
_FIELD: Final = "generator"


def check(document: Document) -> None:
    """Raises CatalogError, with nothing else in it, if the catalog's field `generator` excludes this version.

    A field that is no such text is left to `validate`.
    """
    data = document.data
    wanted = data.get(_FIELD) if isinstance(data, dict) else None
    if not isinstance(wanted, str) or not _SPECIFIER.match(wanted):
        return
    from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - slow to import, and few catalogs need it
    from packaging.version import Version  # noqa: PLC0415 - as above

    version = Version(installed())
    unmet = [one for one in SpecifierSet(wanted) if not one.contains(version, prereleases=True)]
    if not unmet:
        return
    hint = f"allow {version} here, and review what `generate` then changes; or install an older version"
    if any(version < Version(one.version.removesuffix(".*")) for one in unmet):
        hint = f"upgrade it as it was installed: `pipx upgrade {PACKAGE}` or `uv tool upgrade {PACKAGE}`"
    message = f"this catalog needs generator {wanted}, and this is {version}"
    position = document.locate((_FIELD,))
    line = document.line(position)
    raise CatalogError((Diagnostic(document.path, position, "generator-version", message, hint, source_line=line),))


def installed() -> str:
    """The version of this tool."""
    from importlib.metadata import version  # noqa: PLC0415 - as above

    return version(PACKAGE)
