"""The part of the contract that puts layers together: settings, and to which class and environments they belong."""

from typing import Annotated, Generic

from pydantic import Field
from typing_extensions import TypedDict

from generator.catalog.contract import scalars as s
from generator.catalog.contract.defaults import Default, Otherwise
from generator.catalog.contract.scalars import Null, closed
from generator.catalog.contract.settings import Settings

_Classed = TypedDict(
    "_Classed",
    {
        "class": Annotated[
            s.ClassName | None,
            Field(
                description="The class under `classes` whose settings apply, over those of `defaults` and under the "
                "model's own.",
                examples=["large"],
            ),
            Otherwise("none"),
        ]
    },
    total=False,
)


@closed
class Override(Settings[Null], _Classed, Generic[Null], total=False):
    """Settings for one environment."""


@closed
class Layer(Override[Null], Generic[Null], total=False):
    """Settings for every model."""

    deployTo: Annotated[
        Annotated[list[s.EnvironmentName], Field(min_length=1)] | Null,
        Field(description="The environments to deploy to, by name.", examples=[["dev"]]),
        Otherwise("all"),
    ]
    overrides: Annotated[
        dict[s.EnvironmentName, Override[Null]],
        Field(
            description="Settings for one environment, by the environment's name.",
            examples=[{"prod": {"replicas": 2}}],
        ),
        Default({}),
    ]
