"""Make generator/schemas/: strict JSON Schemas from the CRDs and OpenAPI documents of pinned Go modules."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from strict_schema import (
    DNS_1035_LABEL,
    DNS_SUBDOMAIN,
    PATH_SEGMENT,
    Schema,
    SchemaError,
    from_crd,
    from_openapi,
    manifest,
    object_meta,
    share,
)

from generator.compiler.kinds import KINDS, Kind

Files = dict[PurePosixPath, bytes]

SCHEMAS = Path(__file__).resolve().parent.parent / "generator/schemas"
DOWNLOAD_TIMEOUT_S = 900


class VendorError(Exception):
    """A source that cannot be had, or that is not what was pinned."""


@dataclass(frozen=True, slots=True)
class Module:
    path: str
    version: str
    checksum: str
    licence: str = "Apache-2.0"


@dataclass(frozen=True, slots=True)
class Source:
    """Where one kind is described; `definition` names it in an OpenAPI document and is empty for a CRD.

    `names` is the pattern its metadata.name must match.
    """

    folder: str
    module: Module
    file: str
    kind: Kind
    definition: str = ""
    names: str = DNS_SUBDOMAIN

    @property
    def target(self) -> PurePosixPath:
        # kubeconform fills {{.Group}} with the version when the group is the core one.
        name = f"{self.kind.name.lower()}_{self.kind.version}.json"
        return PurePosixPath(self.folder, self.kind.group or self.kind.version, name)


KSERVE = "github.com/kserve/kserve"
KSERVE_MODULES = (
    Module(KSERVE, "v0.15.2", "h1:uph7Umk331fvBMrHHpTJNDt6+lf3IAuyiskaQw8wIAk="),
    Module(KSERVE, "v0.17.0", "h1:IaynaBFzVQz1Xyrw5n3ncqzd5Y7L1RkO+YWvVwwtMQE="),
    Module(KSERVE, "v0.20.0", "h1:Bs7HxmGV4KFqqptDcWseKv+mwD4YOYHJWcuVgPG2Gug="),
)
EXTERNAL_SECRETS = Module(
    "github.com/external-secrets/external-secrets",
    "v1.3.2",
    "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
)
ARGO_CD = Module(
    "github.com/argoproj/argo-cd/v3",
    "v3.5.7",
    "h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0=",
)
KUBERNETES = Module(
    "k8s.io/kubernetes",
    "v1.34.0",
    "h1:NvUrwPAVB4W3mSOpJ/RtNGHWWYyUP/xPaX5rUSpzA0w=",
)
OPENSHIFT = Module(
    "github.com/openshift/api",
    "v0.0.0-20251015095338-264e80a2b6e7",
    "h1:Ot2fbEEPmF3WlPQkyEW/bUCV38GMugH/UmZvxpWceNc=",
)

CRDS = "config/crd/full/serving.kserve.io"
SWAGGER = "api/openapi-spec/swagger.json"
RBAC_API = "io.k8s.api.rbac.v1"
SOURCES = (
    *(
        Source(f"kserve-{module.version[1:]}", module, f"{CRDS}_{kind.lower()}s.yaml", KINDS[kind], names=names)
        for module in KSERVE_MODULES
        for kind, names in (
            # KServe's webhook refuses other names: they become parts of host names.
            ("InferenceService", DNS_1035_LABEL),
            ("ServingRuntime", DNS_SUBDOMAIN),
        )
    ),
    *(
        Source("cluster", ARGO_CD, f"manifests/crds/{kind.name.lower()}-crd.yaml", kind)
        # Applications are made by the ApplicationSet; their schema holds its template.
        for kind in (
            KINDS["ApplicationSet"]._replace(name="Application"),
            KINDS["ApplicationSet"],
            KINDS["AppProject"],
        )
    ),
    Source(
        "cluster",
        EXTERNAL_SECRETS,
        "config/crds/bases/external-secrets.io_externalsecrets.yaml",
        KINDS["ExternalSecret"],
    ),
    Source("cluster", OPENSHIFT, "openapi/openapi.json", KINDS["Route"], "com.github.openshift.api.route.v1.Route"),
    *(
        # RBAC takes any path segment as a name, like system:reader.
        Source("cluster", KUBERNETES, SWAGGER, KINDS[kind], f"{RBAC_API}.{kind}", PATH_SEGMENT)
        for kind in ("Role", "RoleBinding")
    ),
    Source(
        "cluster",
        OPENSHIFT,
        "openapi/openapi.json",
        KINDS["Template"],
        "com.github.openshift.api.template.v1.Template",
    ),
    Source("cluster", KUBERNETES, SWAGGER, KINDS["PodDisruptionBudget"], "io.k8s.api.policy.v1.PodDisruptionBudget"),
    Source("cluster", KUBERNETES, SWAGGER, KINDS["ServiceAccount"], "io.k8s.api.core.v1.ServiceAccount"),
)
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

README = """\
# Schemas

`tools/vendor_schemas.py` makes these files from the modules below, each held to its checksum: they
refuse fields the source does not have, metadata the API server would refuse or write itself, and
`status`, and carry neither texts nor defaults.
kubeconform reads them offline, first one `kserve-<version>` folder and then `cluster`, as
`<group>/<kind>_<version>.json`; to change one, change the script and run it again.

| File | Module | Version | Path in the module | Licence |
| --- | --- | --- | --- | --- |
"""


def module_folder(module: Module, workdir: Path) -> Path:
    """Where Go's module cache keeps the pinned module, downloaded when it is not there yet."""
    go = shutil.which("go")
    if go is None:
        raise VendorError("go is not installed; it fetches the modules the schemas come from")
    name = f"{module.path}@{module.version}"
    try:
        # The empty workdir keeps go from reading some other module's go.mod or workspace.
        done = subprocess.run(
            (go, "mod", "download", "-json", name),
            cwd=workdir,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise VendorError(f"{name}: no answer in {DOWNLOAD_TIMEOUT_S} s") from error
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise VendorError(f"{name}: go mod download failed: {done.stderr.strip()}") from error
    if done.returncode != 0 or "Dir" not in answer:
        raise VendorError(f"{name}: {answer.get('Error', done.stderr.strip())}")
    if answer.get("Sum") != module.checksum:
        raise VendorError(f"{name}: checksum is {answer.get('Sum')}, pinned is {module.checksum}")
    return Path(answer["Dir"])


def load(path: Path) -> Any:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise VendorError(f"{path}: {error.strerror}") from error
    if path.suffix == ".json":
        return json.loads(text)
    # The CRDs are megabytes: libyaml reads them many times as fast as PyYAML alone.
    return yaml.load(text, Loader=yaml.CSafeLoader)


def readme() -> bytes:
    rows = [
        f"| {s.target} | {s.module.path} | {s.module.version} | {s.file} | {s.module.licence} |"
        for s in sorted(SOURCES, key=lambda source: source.target)
    ]
    return (README + "\n".join(rows) + "\n").encode()


def kind_schema(source: Source, folder: Path, meta: Schema) -> Schema:
    document = load(folder / source.file)
    schema = (
        from_openapi(document["definitions"], source.definition)
        if source.definition
        else from_crd(document, source.kind.group, source.kind.version, source.kind.name)
    )
    metadata = object_meta(meta, source.names)
    return share(manifest(schema, metadata, source.kind.api_version, source.kind.name))


def make() -> Files:
    modules = dict.fromkeys((KUBERNETES, *(source.module for source in SOURCES)))
    with tempfile.TemporaryDirectory() as workdir:
        folders = {module: module_folder(module, Path(workdir)) for module in modules}
    meta = from_openapi(load(folders[KUBERNETES] / SWAGGER)["definitions"], OBJECT_META)
    files: Files = {PurePosixPath("README.md"): readme()}
    for source in SOURCES:
        try:
            schema = kind_schema(source, folders[source.module], meta)
        except SchemaError as error:
            raise VendorError(f"{source.module.path} {source.file}: {error}") from error
        schema["$schema"] = "http://json-schema.org/draft-07/schema#"
        files[source.target] = (json.dumps(schema, sort_keys=True, indent=1) + "\n").encode()
    return files


def read_owned(folder: Path) -> Files:
    """What is there now, all of it written by this tool."""
    paths = (*folder.rglob("*.json"), folder / "README.md")
    return {PurePosixPath(p.relative_to(folder).as_posix()): p.read_bytes() for p in paths}


def write(folder: Path, wanted: Files, changed: Sequence[PurePosixPath]) -> None:
    for path in changed:
        target = folder / path
        if path in wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wanted[path])
        else:
            target.unlink()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if files differ")
    check: bool = parser.parse_args(argv).check
    try:
        wanted = make()
    except VendorError as error:
        sys.stderr.write(f"error: {error}\nnothing was written\n")
        return 2
    have = read_owned(SCHEMAS)
    changed = sorted(p for p in {*wanted, *have} if wanted.get(p) != have.get(p))
    for path in changed:
        sys.stdout.write(f"{'write' if path in wanted else 'remove'} generator/schemas/{path}\n")
    if not check:
        write(SCHEMAS, wanted, changed)
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
