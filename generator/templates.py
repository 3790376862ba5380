"""Texts from Jinja templates, which are files of this package. Only this module imports Jinja."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

_HTML: Final = ".html.j2"


def render(template: Path, filters: Mapping[str, Callable[..., Any]], **values: Any) -> str:
    """The template's text with these values. A name that is neither a value nor a filter raises an error."""
    import jinja2  # noqa: PLC0415 - a third of the start-up time of everything else

    environment = jinja2.Environment(
        autoescape=template.name.endswith(_HTML),  # in Markdown and YAML, the filters neutralise what is put into them
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        optimized=False,  # each template is rendered once
        loader=jinja2.FileSystemLoader(template.parent),
    )
    environment.filters.update(filters)
    return environment.get_template(template.name).render(values)
