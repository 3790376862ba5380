"""The contract in the form that validates data: frozen where it can be used, built where not."""

from typing import Any

import pydantic_core
from pydantic_core import CoreSchema, SchemaValidator

from generator.catalog.contract import frozen


def validator() -> SchemaValidator:
    """The contract, ready to check data. Making it takes milliseconds: once a run is enough."""
    return SchemaValidator(frozen_schema() or built_schema())


def frozen_schema() -> CoreSchema | None:
    """The schema as it was frozen; None when another pydantic-core than the installed one wrote it."""
    schema: Any = frozen.CORE_SCHEMA
    return schema if pydantic_core.__version__ == frozen.PYDANTIC_CORE else None


def built_schema() -> CoreSchema:
    """The schema as pydantic makes it from the contract's classes, which takes several times as long."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - pydantic and the contract are slow to import, and rarely needed

    from generator.catalog.contract.catalog import Catalog  # noqa: PLC0415 - as above

    return TypeAdapter(Catalog).core_schema
