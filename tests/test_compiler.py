"""What holds for every object that is written, for any catalog."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pytest
import yaml
from helpers import CASES as GOLDEN_CASES
from helpers import GOLDEN, MINIMAL, SHIPPED

from generator import pages as documents
from generator.catalog.layers import merge
from generator.catalog.layout import artifact_prefix
from generator.catalog.model import Catalog, ServedModel
from generator.catalog.validate import validate
from generator.compiler import HEADER, Compiled, compile_catalog
from generator.compiler.kinds import KINDS
from generator.compiler.kustomization import patches
from generator.compiler.patches import diff
from generator.kube.quantities import canonical
from generator.releases import TARGETS
from generator.vllm.versions import parse
from generator.yaml import read as source

CASES = ["shipped", *GOLDEN_CASES]
SERVICE, RUNTIME = "InferenceService", "ServingRuntime"
NAME = "{{.Name}}"
every_case = pytest.mark.parametrize("case", CASES)


class Written(NamedTuple):
    """One file: its path, its text, and the object in it."""

    path: str
    text: str
    obj: Mapping[str, Any]


@cache
def compiled(case: str) -> tuple[Catalog, Compiled]:
    """A catalog, shipped or golden, and what it compiles to."""
    return compile_text(SHIPPED if case == "shipped" else (GOLDEN / case / "models.yaml").read_text("utf-8"))


def compile_text(text: str) -> tuple[Catalog, Compiled]:
    """A catalog and what it compiles to."""
    catalog, _ = validate(source.parse(text.encode(), "models.yaml"))
    return catalog, compile_catalog(catalog)


@cache
def files(case: str) -> tuple[Written, ...]:
    """Every manifest that is written for a case."""
    tree = compiled(case)[1].tree
    return tuple(
        Written(path, content.decode(), yaml.load(content, Loader=yaml.CSafeLoader))
        for path, content in tree.items()
        if path.endswith(".yaml")
    )


def synced(case: str, *kinds: str) -> list[Mapping[str, Any]]:
    """The rendered objects of a case, all or of these kinds."""
    found = [file.obj for file in files(case) if file.path.startswith("rendered/")]
    return [obj for obj in found if not kinds or obj["kind"] in kinds]


def served(case: str) -> Iterator[tuple[ServedModel, Mapping[str, Any], Mapping[str, Any]]]:
    """Each model in each environment, with its InferenceService and its ServingRuntime."""
    catalog, written = compiled(case)
    for model in catalog.models:
        for form in model.served:
            folder = f"rendered/{form.environment}/models"
            service, runtime = (
                yaml.load(written.tree[f"{folder}/{kind}-{form.name}.yaml"], Loader=yaml.CSafeLoader)
                for kind in ("inferenceservice", "servingruntime")
            )
            yield form, service, runtime


def strings(value: Any) -> Iterator[str]:
    """Every string in a value, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *strings(item))
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def runtime_specs(case: str) -> Iterator[Mapping[str, Any]]:
    """The specs of all ServingRuntimes, those inside Templates included."""
    for obj in synced(case, RUNTIME):
        yield obj["spec"]
    for template in synced(case, "Template"):
        for inner in template["objects"]:
            yield inner["spec"]


@every_case
def test_every_file_names_its_generator_and_contains_no_skip_marker(case: str) -> None:
    """The first line names the generator; nothing makes Argo CD skip a file; there are no YAML anchors."""
    for path, text, _ in files(case):
        assert text.startswith(f"{HEADER}\n"), path
        assert text.endswith("\n"), path
        assert "+argocd:skip-file-rendering" not in text
        events = list(yaml.parse(text, Loader=yaml.CSafeLoader))
        assert not [event for event in events if getattr(event, "anchor", None)], path


@every_case
def test_rendered_holds_one_object_a_file_and_nothing_else(case: str) -> None:
    """Argo CD reads the folder as it is: each file is one object, named after it, with an origin in the catalog."""
    catalog, written = compiled(case)
    rendered = {file.path: file for file in files(case) if file.path.startswith("rendered/")}
    assert rendered
    assert rendered.keys() == {path for path in written.origins if path.startswith("rendered/")}
    keys = set()
    for path, text, obj in rendered.values():
        assert len(list(yaml.compose_all(text, Loader=yaml.CSafeLoader))) == 1
        environment, _, name = path.removeprefix("rendered/").split("/")
        metadata = obj["metadata"]
        own = f"{obj['kind'].lower()}-{metadata['name']}.yaml"
        assert name in (own, own.replace(".yaml", f".{metadata['namespace']}.yaml"))
        assert obj["kind"] != "Kustomization"
        keys.add((environment, obj["kind"], metadata["namespace"], metadata["name"]))
    assert len(keys) == len(rendered)
    for path, _, obj in files(case):
        if path in written.origins:
            loc, name = written.origins[path], obj["metadata"]["name"]
            origins = {
                "AppProject": ("platform", "argocd"),
                "ApplicationSet": ("platform", "argocd"),
                "ExternalSecret": ("connections", name),
                "Template": ("runtimes", name),
            }
            if obj["kind"] in origins:
                assert loc == origins[obj["kind"]]
            elif path.startswith("argocd/"):
                assert (loc[0], str(loc[1]) in path) == ("environments", True)
            else:
                assert (loc[0], catalog.data["models"][int(loc[1])]["name"] in name) == ("models", True)
    outside = {path for path in written.origins if not path.startswith("rendered/")}
    assert outside == {path for path in written.tree if path.startswith("argocd/")}


@every_case
def test_every_object_is_ours_and_in_its_wave(case: str) -> None:
    """Dependencies come first, and the models, which load slowly, in the last wave."""
    waves: dict[str, set[int]] = {}
    for path, _, obj in files(case):
        if obj["kind"] == "Kustomization":
            continue
        metadata = obj["metadata"]
        assert metadata["labels"]["app.kubernetes.io/managed-by"] == "rhoai-model-gitops", path
        assert "app.kubernetes.io/instance" not in metadata["labels"]
        waves.setdefault(obj["kind"], set()).add(int(metadata["annotations"]["argocd.argoproj.io/sync-wave"]))
    assert all(len(numbers) == 1 for numbers in waves.values())
    assert waves.pop("Route", {0}) == {0}
    first = {kind: min(numbers) for kind, numbers in waves.items() if kind not in ("AppProject", "ApplicationSet")}
    assert first.pop(SERVICE, 0) > first.pop(RUNTIME, -1) > max(first.values())


@every_case
def test_every_object_of_a_model_has_its_labels(case: str) -> None:
    """So that `kubectl get -l` finds all of them."""
    catalog, written = compiled(case)
    own = {(model.base.entry, str(form.environment)): form.labels for model in catalog.models for form in model.served}
    for path, _, obj in files(case):
        if (loc := written.origins.get(path)) and loc[0] == "models":
            found = obj["metadata"]["labels"]
            assert own[int(loc[1]), path.split("/")[1]].items() <= found.items(), path
            assert list(found) == sorted(found)


@every_case
def test_a_model_has_one_route_at_most(case: str) -> None:
    """Without a host it is the platform's, which takes none; with one it is ours, under another name."""
    routes = {(obj["metadata"]["namespace"], obj["metadata"]["name"]): obj["spec"] for obj in synced(case, "Route")}
    for form, service, _ in served(case):
        asked = "networking.kserve.io/visibility" in service["metadata"]["labels"]
        spec = routes.pop((str(form.namespace), f"{form.name}-route"), None)
        assert (asked, bool(spec)) == (form.exposed and not form.host, bool(form.exposed and form.host))
        if spec:
            assert (spec["host"], spec["to"]["name"]) == (form.host, f"{form.name}-predictor")
            protocol = ("reencrypt", 8443) if form.auth else ("edge", 8080)
            assert (spec["tls"]["termination"], spec["port"]["targetPort"]) == protocol
            assert spec["tls"]["insecureEdgeTerminationPolicy"] == "Redirect"
    assert routes == {}


def test_every_kind_is_written() -> None:
    """Every row of the table is used, and each object has the apiVersion of its row."""
    written = {(file.obj["kind"], file.obj["apiVersion"]) for case in CASES for file in files(case)}
    kustomization = {pair for pair in written if pair[0] == "Kustomization"}
    assert written - kustomization == {(kind.name, kind.api_version) for kind in KINDS.values()}


@every_case
def test_no_secret_is_written(case: str) -> None:
    """No Secret, no placeholder for one, and no credential."""
    kinds = {file.obj["kind"] for file in files(case)}
    assert "Secret" not in KINDS
    assert kinds <= KINDS.keys() | {"Kustomization"}
    for obj in synced(case, "ExternalSecret"):
        assert (
            obj["spec"]["target"]["template"]["data"].keys().isdisjoint({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})
        )


@every_case
def test_a_base_is_independent_of_environments(case: str) -> None:
    """Only Templates have a namespace in base, since they live in the dashboard's."""
    namespaces = {environment.namespace for environment in compiled(case)[0].environments.values()}
    for path, _, obj in files(case):
        if path.startswith("base/") and obj["kind"] not in ("Template", "Kustomization"):
            assert "namespace" not in obj["metadata"], path
            assert namespaces.isdisjoint(strings(obj)), path


@every_case
def test_each_model_has_a_runtime_of_its_own_name(case: str) -> None:
    """ServingRuntime, InferenceService and `runtime` share one name and namespace, and the length is the model's."""
    for form, service, runtime in served(case):
        model = service["spec"]["predictor"]["model"]
        assert form.name == service["metadata"]["name"] == runtime["metadata"]["name"] == model["runtime"]
        assert form.namespace == service["metadata"]["namespace"] == runtime["metadata"]["namespace"]
        args = runtime["spec"]["containers"][0]["args"]
        names = [f"--served-model-name={NAME}"]
        if form.aliases:
            names = ["--served-model-name", NAME, *form.aliases]
        assert args[: 3 + len(names)] == [
            "--port=8080",
            "--model=/mnt/models",
            *names,
            f"--max-model-len={form.max_model_len}",
        ]
        assert sum("--max-model-len" in argument for argument in [*args, *model.get("args", [])]) == 1


@every_case
def test_the_path_is_where_the_files_are(case: str) -> None:
    """`storage` names the connection's Secret and the prefix that sync fills, with its final slash."""
    catalog, _ = compiled(case)
    for form, service, _ in served(case):
        connection = catalog.connections[form.connection]
        storage = service["spec"]["predictor"]["model"]["storage"]
        assert storage["path"] == artifact_prefix(connection.prefix, form.name, form.commit)
        assert storage["path"].endswith("/")
        assert not storage["path"].startswith("/")
        assert storage["key"] == connection.secret_name


@every_case
def test_devices_are_requested_once(case: str) -> None:
    """Requests equal limits, in the form that the API server stores; runtimes request nothing themselves."""
    for form, service, _ in served(case):
        resources = service["spec"]["predictor"]["model"]["resources"]
        assert resources["requests"] == resources["limits"]
        assert {"cpu", "memory"} <= resources["limits"].keys()
        devices = {name: amount for name, amount in resources["limits"].items() if "/" in name}
        assert devices == ({form.accelerator: str(form.gpus)} if form.gpus else {})
        assert all(canonical(amount) == amount for amount in resources["limits"].values())
    for spec in runtime_specs(case):
        assert all("resources" not in container for container in spec["containers"])
        assert all(canonical(volume["emptyDir"]["sizeLimit"]) for volume in spec["volumes"])


@every_case
def test_nothing_empty_is_written(case: str) -> None:
    """KServe's webhook sends an InferenceService through Go structs, which drop empty strings, lists and maps."""
    for service in synced(case, SERVICE):
        assert not list(empties(service["spec"]))
        assert all(service["metadata"]["annotations"].values())
        assert "name" not in service["spec"]["predictor"]["model"]


def empties(value: Any) -> Iterator[Any]:
    """Every empty string, list and map in a value."""
    if value in ("", [], {}):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from empties(item)


@every_case
def test_what_the_dashboard_needs_is_there(case: str) -> None:
    """Without these labels and annotations, the dashboard hides, misnames or locks a deployment."""
    templates = {(obj["metadata"]["name"]): obj for obj in synced(case, "Template")}
    for form, service, runtime in served(case):
        assert service["metadata"]["labels"]["opendatahub.io/dashboard"] == "true"
        assert runtime["metadata"]["labels"]["opendatahub.io/dashboard"] == "true"
        annotations = service["metadata"]["annotations"]
        assert annotations["openshift.io/display-name"] == form.display_name
        assert annotations["opendatahub.io/model-type"] == "generative"
        assert annotations["security.opendatahub.io/enable-auth"] == ("true" if form.auth else "false")
        template = templates[runtime["metadata"]["annotations"]["opendatahub.io/template-name"]]
        name = template["objects"][0]["metadata"]["annotations"]["openshift.io/display-name"]
        assert runtime["metadata"]["annotations"]["opendatahub.io/template-display-name"] == name
    for spec in runtime_specs(case):
        assert spec["supportedModelFormats"] == [{"name": "vLLM", "autoSelect": True}]
        assert spec["annotations"]["opendatahub.io/kserve-runtime"] == "vllm"
        assert [container["name"] for container in spec["containers"]] == ["kserve-container"]


@every_case
def test_a_template_needs_no_processing(case: str) -> None:
    """Templates stay in the dashboard's namespace, without parameters and without anything to substitute."""
    catalog, _ = compiled(case)
    for path, _, template in files(case):
        if template["kind"] != "Template":
            continue
        environment = path.split("/")[1] if path.startswith("rendered/") else None
        dashboard = catalog.environments[environment] if environment else catalog
        assert template["metadata"]["namespace"] == dashboard.dashboard_namespace
        assert template["parameters"] == []
        (inner,) = template["objects"]
        assert inner["metadata"]["name"] == template["metadata"]["name"]
        assert "namespace" not in inner["metadata"]
        assert not [text for text in strings(template) if "${" in text]
        assert template["metadata"]["annotations"]["opendatahub.io/modelServingSupport"] == '["single"]'


@every_case
def test_only_the_name_is_left_for_kserve_to_fill_in(case: str) -> None:
    """KServe expands Go templates in a runtime: there is one there, and none elsewhere."""
    for obj in synced(case, SERVICE, RUNTIME):
        found = [text.removeprefix("--served-model-name=") for text in strings(obj) if "{{" in text]
        assert found == [NAME] * (obj["kind"] == RUNTIME)


@every_case
def test_callers_have_a_service_account_if_auth_is_on(case: str) -> None:
    """Only with auth, a ServiceAccount may `get` that one InferenceService."""
    for form, service, _ in served(case):
        namespace, name = service["metadata"]["namespace"], form.name
        named = {f"{name}-sa", f"{name}-view-role", f"{name}-view"}
        objs = {
            obj["kind"]: obj
            for obj in synced(case, "ServiceAccount", "Role", "RoleBinding")
            if obj["metadata"]["namespace"] == namespace and obj["metadata"]["name"] in named
        }
        assert bool(objs) == form.auth
        if form.auth:
            (rule,) = objs["Role"]["rules"]
            assert (rule["resources"], rule["resourceNames"], rule["verbs"]) == (["inferenceservices"], [name], ["get"])
            assert objs["RoleBinding"]["roleRef"]["name"] == objs["Role"]["metadata"]["name"]
            (subject,) = objs["RoleBinding"]["subjects"]
            account = objs["ServiceAccount"]["metadata"]
            assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])


@every_case
def test_every_namespace_gets_the_secrets_that_its_models_use(case: str) -> None:
    """There is an ExternalSecret in each namespace whose models use it, and in no other."""
    catalog, _ = compiled(case)
    wanted = {
        (form.environment, form.namespace, form.connection)
        for model in catalog.models
        for form in model.served
        if catalog.connections[form.connection].external_secret
    }
    found = {
        (file.path.split("/")[1], file.obj["metadata"]["namespace"], file.obj["metadata"]["name"])
        for file in files(case)
        if file.path.startswith("rendered/") and file.obj["kind"] == "ExternalSecret"
    }
    assert found == wanted


@every_case
def test_argo_cd_syncs_what_is_rendered(case: str) -> None:
    """Each application's folder exists, its destinations and kinds are allowed, and Templates come once per cluster."""
    catalog, written = compiled(case)
    if catalog.argocd is None:
        assert not [path for path in written.tree if path.startswith("argocd/")]
        return
    project, applications = (
        next(file.obj for file in files(case) if file.obj["kind"] == kind) for kind in ("AppProject", "ApplicationSet")
    )
    elements = applications["spec"]["generators"][0]["list"]["elements"]
    assert {element["path"] for element in elements} <= {path.rpartition("/")[0] for path in written.tree}
    platforms = [element["cluster"] for element in elements if element["path"].endswith("/platform")]
    assert sorted(platforms) == sorted({environment.cluster for environment in catalog.environments.values()})
    allowed = {(place["name"], place["namespace"]) for place in project["spec"]["destinations"]}
    assert {(element["cluster"], element["namespace"]) for element in elements} <= allowed
    kinds = {(kind["group"], kind["kind"]) for kind in project["spec"]["namespaceResourceWhitelist"]}
    assert {(obj["apiVersion"].rpartition("/")[0], obj["kind"]) for obj in synced(case)} <= kinds


def applications(text: str) -> dict[str, Mapping[str, Any]]:
    """The specs of a catalog's applications by name, as Argo CD makes them: the template, its patch merged over it."""
    spec = yaml.safe_load(compile_text(text)[1].tree["argocd/1-applicationset.yaml"])["spec"]
    made = {}
    for element in spec["generators"][0]["list"]["elements"]:
        template = yaml.safe_dump(spec["template"])
        for name, value in element.items():
            template = template.replace(f"{{{{.{name}}}}}", str(value))
        of = r"\1" if element["automated"] else r"\2"
        patch = re.sub(r"\{\{ if \.automated \}\}(.*)\{\{ else \}\}(.*)\{\{ end \}\}", of, spec["templatePatch"])
        application = merge(yaml.safe_load(template), yaml.safe_load(patch))
        made[application["metadata"]["name"]] = application["spec"]
    return made


ARGOCD = (GOLDEN / "argocd-per-environment" / "models.yaml").read_text("utf-8")


def test_each_environment_follows_its_own_revision_and_production_waits_for_somebody() -> None:
    """Templates are a cluster's: they follow what its environments agree on, and wait if one of them does."""
    automated = {"prune": True, "selfHeal": True, "allowEmpty": True}
    east = "{namespace: team-prod, cluster: OCP East, argocd: {targetRevision: v1.4.0, sync: manual}}"
    more = ARGOCD.replace("defaults:\n", f"  east: {east}\ndefaults:\n")
    assert {
        name: (spec["source"]["path"], spec["source"]["targetRevision"], spec["syncPolicy"].get("automated"))
        for name, spec in applications(more).items()
    } == {
        "models-dev-models": ("rendered/dev/models", "main", automated),
        "models-prod-models": ("rendered/prod/models", "v1.4.0", None),
        "models-east-models": ("rendered/east/models", "v1.4.0", None),
        "models-in-cluster-platform": ("rendered/dev/platform", "main", None),
        "models-ocp-east-platform": ("rendered/east/platform", "v1.4.0", None),
    }


def test_one_model_that_cannot_start_does_not_keep_argo_cd_from_deleting_another() -> None:
    """PruneLast waits for the health of all, and FailOnSharedResource for an application that is called otherwise."""
    for spec in applications(ARGOCD).values():
        options = {option.partition("=")[0] for option in spec["syncPolicy"]["syncOptions"]}
        assert not options & {"PruneLast", "FailOnSharedResource"}


def test_the_name_of_the_templates_application_does_not_depend_on_environments() -> None:
    """A new environment must not replace the application of all the others on the cluster."""
    before = set(applications(ARGOCD))
    more = ARGOCD.replace("defaults:\n", "  a-first: {namespace: team-first}\ndefaults:\n")
    assert set(applications(more)) == {*before, "models-a-first-models"}


@pytest.mark.parametrize("case", ["argocd-objects", "argocd-per-environment"])
def test_the_project_is_applied_before_what_needs_it(case: str) -> None:
    """`kubectl apply -f argocd/` takes files in the order of their names."""
    kinds = [file.obj["kind"] for file in sorted(files(case)) if re.match("argocd/[^/]+$", file.path)]
    assert kinds == ["AppProject", "ApplicationSet"]


def granted(case: str) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The groups and resources that the rights of a case allow, by environment and namespace."""
    roles = [(file.path.split("/")[2], file.obj) for file in files(case) if file.path.startswith("argocd/rights/")]
    return {
        (environment, role["metadata"]["namespace"]): {
            (group, resource) for rule in role["rules"] for group in rule["apiGroups"] for resource in rule["resources"]
        }
        for environment, role in roles
        if role["kind"] == "Role"
    }


@every_case
def test_argo_cd_has_the_rights_to_sync_what_is_rendered(case: str) -> None:
    """For each object of an environment on Argo CD's own cluster, and for no namespace but those it is synced to."""
    catalog, _ = compiled(case)
    rights = granted(case)
    needed: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for file in files(case):
        folder, environment = file.path.split("/")[:2]
        if folder == "rendered" and catalog.argocd and catalog.environments[environment].cluster == "in-cluster":
            group = file.obj["apiVersion"].rpartition("/")[0]
            place = environment, file.obj["metadata"]["namespace"]
            needed.setdefault(place, set()).add((group, f"{file.obj['kind'].lower()}s"))
    assert {place for place, resources in needed.items() if resources - rights.get(place, set())} == set()
    own = {(name, environment.namespace) for name, environment in catalog.environments.items()}
    assert rights.keys() <= needed.keys() | own


def test_the_rights_are_those_of_the_account_that_syncs() -> None:
    """Argo CD may be called otherwise; it may not touch another team's Templates, nor anything on another cluster."""
    text = ARGOCD.replace("argocd: {", "argocd: {serviceAccount: argocd-controller, namespace: argocd, ", 1)
    assert text != ARGOCD
    tree = compile_text(text)[1].tree
    binding = yaml.safe_load(tree["argocd/rights/dev/rolebinding-team-dev.yaml"])
    role = yaml.safe_load(tree["argocd/rights/dev/role-team-dev.yaml"])
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "argocd-controller", "namespace": "argocd"}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "models-sync"
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch", "create", "update", "patch", "delete"}
    assert granted("argocd-objects").keys() == {("dev", "team-dev"), ("dev", "redhat-ods-applications")}
    assert granted("argocd-objects")["dev", "redhat-ods-applications"] == {("template.openshift.io", "templates")}


def test_argo_cd_may_write_to_a_models_own_namespace() -> None:
    """An override's namespace is a destination on the cluster of its environment, and on no other."""
    text = (
        MINIMAL.replace('"3.3"', '"3.3", argocd: {repoURL: https://git.example.com/models.git}')
        .replace("{namespace: team-dev}", "{namespace: team-dev}\n  prod: {namespace: team-prod, cluster: east}")
        .replace("    dimensions: 384\n", "    dimensions: 384\n    overrides: {prod: {namespace: search-prod}}\n")
    )
    project = yaml.safe_load(compile_text(text)[1].tree["argocd/0-appproject.yaml"])
    assert [(place["name"], place["namespace"]) for place in project["spec"]["destinations"]] == [
        ("east", "redhat-ods-applications"),
        ("east", "search-prod"),
        ("east", "team-prod"),
        ("in-cluster", "redhat-ods-applications"),
        ("in-cluster", "team-dev"),
    ]


@pytest.mark.parametrize(
    ("base", "final", "operations"),
    [
        pytest.param({"a": [1], "b": {}}, {"a": [1], "b": {}}, [], id="equal"),
        pytest.param({"a": 1}, {"a": 2}, [("test", "/a", 1), ("replace", "/a", 2)], id="another value"),
        pytest.param({"a": 1}, {}, [("test", "/a", 1), ("remove", "/a")], id="a key less"),
        pytest.param({}, {"a": 1}, [("test", "/a", None), ("add", "/a", 1)], id="a key more"),
        pytest.param(
            {"b": 1, "a": {"c": 1}},
            {"b": 2, "a": {"c": 2}},
            [("test", "/a/c", 1), ("replace", "/a/c", 2), ("test", "/b", 1), ("replace", "/b", 2)],
            id="in the order of their names",
        ),
        pytest.param(
            {}, {"a.b/c~d": 1}, [("test", "/a.b~1c~0d", None), ("add", "/a.b~1c~0d", 1)], id="a tilde and a slash"
        ),
        pytest.param({"~1": 1}, {"~1": 2}, [("test", "/~01", 1), ("replace", "/~01", 2)], id="what looks escaped"),
        pytest.param([1, 2], [1, 3], [("test", "/1", 2), ("replace", "/1", 3)], id="a list with an item in common"),
        pytest.param(
            [{"a": 1}, {"b": 1}],
            [{"a": 2}, {"b": 1, "c": 1}],
            [("test", "/0/a", 1), ("replace", "/0/a", 2), ("test", "/1/c", None), ("add", "/1/c", 1)],
            id="a list of maps",
        ),
        *(
            pytest.param({"x": base}, {"x": final}, [("test", "/x", base), ("replace", "/x", final)], id=reason)
            for reason, base, final in (
                ("a list with no item in common", [1, 2], [2, 1]),
                ("a shorter list", [1, 2], [1]),
                ("a longer list of maps", [{"a": 1}], [{"a": 1}, {"a": 2}]),
                ("a list that is no longer one of maps", [{"a": 1}], ["a"]),
                ("a list that has become one of maps", ["a"], [{"a": 1}]),
                ("text with a letter in common", "ab", "ac"),
                ("a list of what was text", "a", ["a"]),
                ("text of what was a list", ["a"], "a"),
                ("a list of what was a map", {"a": 1}, ["a"]),
                ("a map of what was a list", ["a"], {"a": 1}),
                ("a number of what was a list", [1], 1),
                ("nothing of what was a map", {"a": 1}, None),
            )
        ),
    ],
)
def test_a_patch_says_what_differs_and_tests_what_it_replaces(base: Any, final: Any, operations: list[Any]) -> None:
    """A list is patched item by item where its items correspond, and otherwise as a whole."""
    assert [tuple(operation.values()) for operation in diff(base, final)] == operations
    assert all([*operation] == ["op", "path", "value"][: len(operation)] for operation in diff(base, final))


def test_a_patch_names_its_object_and_shows_what_a_reviewer_would_not_see() -> None:
    """Invisible characters are escaped, and an object that differs in its namespace alone needs no patch."""
    base: Any = {"apiVersion": "serving.kserve.io/v1beta1", "kind": SERVICE, "metadata": {"name": "m", "a": "x"}}
    moved: Any = {**base, "metadata": {**base["metadata"], "namespace": "n"}}
    changed: Any = {**moved, "metadata": {**moved["metadata"], "a": "x\u200b\xa0\ufeff"}}
    assert patches([(base, base), (base, moved)]) == []
    [patch] = patches([(base, changed)])
    assert patch == {
        "target": {"group": "serving.kserve.io", "version": "v1beta1", "kind": SERVICE, "name": "m"},
        "patch": '- {"op":"test","path":"/metadata/a","value":"x"}\n'
        r'- {"op":"replace","path":"/metadata/a","value":"x\u200b\u00a0\ufeff"}',
    }


def test_an_empty_value_of_a_toleration_is_left_out_and_zero_seconds_are_not() -> None:
    """KServe's webhook drops empty text; no seconds at all would mean that the pod stays."""
    toleration = '{key: example.com/pool, value: "", effect: NoExecute, tolerationSeconds: 0}'
    text = f"{MINIMAL}    tolerations: [{toleration}]\n"
    service = yaml.safe_load(compile_text(text)[1].tree["rendered/dev/models/inferenceservice-minilm.yaml"])
    assert service["spec"]["predictor"]["tolerations"] == [
        {"key": "example.com/pool", "effect": "NoExecute", "tolerationSeconds": 0}
    ]


@pytest.mark.parametrize(
    ("repository", "python"),
    [("quay.io/vllm/vllm-cuda", "python"), ("vllm/vllm-openai", "python3"), ("docker.io/vllm/vllm-openai", "python3")],
)
def test_an_image_is_started_with_the_python_that_it_has(repository: str, python: str) -> None:
    """The upstream image has no `python`."""
    text = MINIMAL.replace("quay.io/vllm/vllm-cuda", repository)
    runtime = yaml.safe_load(compile_text(text)[1].tree["rendered/dev/models/servingruntime-minilm.yaml"])
    (container,) = runtime["spec"]["containers"]
    assert container["command"] == [python, "-m", "vllm.entrypoints.openai.api_server"]


def test_the_dashboard_reads_a_runtimes_accelerators_as_json() -> None:
    """In the runtime's own order, in the model's ServingRuntime and in the Template's."""
    image = "    image: quay.io/vllm"
    text = MINIMAL.replace(image, f"    accelerators: [nvidia.com/gpu, amd.com/gpu]\n{image}")
    tree = compile_text(text)[1].tree
    runtime = yaml.safe_load(tree["rendered/dev/models/servingruntime-minilm.yaml"])
    (inner,) = yaml.safe_load(tree["rendered/dev/platform/template-vllm-embedding.yaml"])["objects"]
    for obj in (runtime, inner):
        annotation = obj["metadata"]["annotations"]["opendatahub.io/recommended-accelerators"]
        assert json.loads(annotation) == ["nvidia.com/gpu", "amd.com/gpu"]


def test_the_page_shows_what_each_environment_serves() -> None:
    """An override may change any column; where environments agree, a value stands alone."""
    text = (
        MINIMAL.replace("{namespace: team-dev}", "{namespace: team-dev}\n  prod: {namespace: team-prod}")
        .replace(
            "\nconnections:", "\n  other: {displayName: Other, task: reranker, image: quay.io/v/vllm:1}\nconnections:"
        )
        .replace(
            "    dimensions: 384\n",
            "    dimensions: 384\n    overrides:\n      prod:\n        displayName: Mini\n"
            "        description: For prod\n        task: reranker\n"
            "        maxModelLen: 128\n        dimensions: null\n"
            "        source: {repo: BAAI/bge, revision: 00000000000045c4b4d94cc5a9bb96e735b38267}\n"
            "        runtime: other\n",
        )
    )
    page = documents.pages(compile_text(text)[0])["docs/catalog.md"].decode()
    row = next(line for line in page.splitlines() if line.startswith("| [minilm]"))
    assert row.split(" | ")[1:] == [
        "embedding in dev; reranker in prod",
        "256 in dev; 128 in prod",
        "384 in dev; \N{EN DASH} in prod",
        "sentence-transformers/all-MiniLM-L6-v2 in dev; BAAI/bge in prod",
        "`1110a243fdf4` in dev; `000000000000` in prod |",
    ]
    assert "\nminilm in dev; Mini: For prod in prod\n" in page
    alone = text.replace("    dimensions: 384\n", "    dimensions: 384\n    deployTo: [prod]\n")
    assert "| reranker | 128 | \N{EN DASH} | BAAI/bge | `000000000000` |" in (
        documents.pages(compile_text(alone)[0])["docs/catalog.md"].decode()
    )


EMPTIED = "environment-without-models"


def test_an_environment_without_models_is_synced_to_nothing() -> None:
    """Git keeps no empty folder, and Argo CD prunes nothing where its folder is gone, or all of it by default."""
    tree = compiled(EMPTIED)[1].tree
    assert [path for path in tree if path.startswith("rendered/prod/models/")] == ["rendered/prod/models/README.md"]
    assert [path for path in tree if path.startswith("rendered/dev/") and not path.endswith(".yaml")] == []
    for spec in applications((GOLDEN / EMPTIED / "models.yaml").read_text("utf-8")).values():
        assert spec["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True, "allowEmpty": True}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_webhooks_have_nothing_to_change(target: Any) -> None:
    """What each release's webhooks would add is written in that release's form, and nothing unknown to it."""
    _, written = compile_text(MINIMAL.replace('"3.3"', f'"{target.release}"'))
    path = "rendered/dev/models/inferenceservice-minilm.yaml"
    service = yaml.load(written.tree[path], Loader=yaml.CSafeLoader)
    annotations, predictor = service["metadata"]["annotations"], service["spec"]["predictor"]
    kserve = parse(target.kserve)
    renamed = kserve >= parse("0.17.0")
    assert annotations["serving.kserve.io/deploymentMode"] == ("Standard" if renamed else "RawDeployment")
    assert annotations.get("modelFormat") == ("vLLM" if renamed else None)
    assert annotations["serving.kserve.io/autoscalerClass"] == "none"
    assert predictor["automountServiceAccountToken"] is False
    assert predictor["minReplicas"] == predictor["maxReplicas"] == 1
    assert predictor["model"].get("protocolVersion") == ("v2" if kserve >= parse("0.20.0") else None)
    assert predictor["model"]["modelFormat"] == {"name": "vLLM"}
    assert predictor["deploymentStrategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


@pytest.mark.parametrize(("target", "written"), [(1, "1"), (12, "12"), (1000, "1k"), (1500, "1500"), (100_000, "100k")])
def test_a_scaling_target_is_a_quantity_too(target: int, written: str) -> None:
    """The API server rewrites this number like every quantity."""
    text = MINIMAL.replace('"3.3"', '"3.4"') + f"    autoscaling: {{max: 2, target: {target}}}\n"
    service = yaml.safe_load(compile_text(text)[1].tree["rendered/dev/models/inferenceservice-minilm.yaml"])
    (metric,) = service["spec"]["predictor"]["autoScaling"]["metrics"]
    assert metric["external"]["target"] == {"type": "Value", "value": written}
    assert 'namespace="team-dev"' in metric["external"]["metric"]["query"]


def test_a_variable_from_a_secret_has_no_value_in_the_runtime() -> None:
    """KServe merges variables key by key, and the API server refuses one with both `value` and `valueFrom`."""
    _, written = compile_text(MINIMAL + "    envValueFrom: {HOME: {secretKeyRef: {name: a, key: b}}}\n")
    runtime, service = (
        yaml.safe_load(written.tree[f"rendered/dev/models/{kind}-minilm.yaml"])
        for kind in ("servingruntime", "inferenceservice")
    )
    names = [variable["name"] for variable in runtime["spec"]["containers"][0]["env"]]
    assert "USER" in names
    assert "HOME" not in names
    reference = {"name": "HOME", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}
    assert service["spec"]["predictor"]["model"]["env"] == [reference]


@pytest.mark.parametrize(("seconds", "failures", "patience"), [(10, 1, None), (600, 60, None), (601, 61, "601")])
def test_vllm_waits_as_long_as_its_probe(seconds: int, failures: int, patience: str | None) -> None:
    """Of the two, the shorter one would decide."""
    _, written = compile_text(MINIMAL + f"    startupTimeout: {seconds}\n")
    runtime, service = (
        yaml.safe_load(written.tree[f"rendered/dev/models/{kind}-minilm.yaml"])
        for kind in ("servingruntime", "inferenceservice")
    )
    assert runtime["spec"]["containers"][0]["startupProbe"]["failureThreshold"] == failures
    env = {variable["name"]: variable["value"] for variable in service["spec"]["predictor"]["model"].get("env", [])}
    assert env.get("VLLM_ENGINE_READY_TIMEOUT_S") == patience


OURS = (
    *("argocd", "base", "catalog", "connections", "externalsecret", "inferenceservice", "kustomization", "models"),
    *("overlays", "platform", "readme", "rendered", "role", "rolebinding", "runtimes", "servingruntime", "template"),
    *("templates", "kustomization-yaml", "con", "a-view", "a-sa"),
)
"""Names of our own files and folders, which users may choose, too."""


@pytest.mark.parametrize("name", OURS)
def test_a_name_of_ours_is_a_name_like_any_other(name: str) -> None:
    """Whatever a runtime, connection, environment, project or model is called, its files are its own."""
    plain, odd = (
        MINIMAL.replace("vllm-embedding:", f"{runtime}:")
        .replace("  s3:\n", f"  {word}:\n")
        .replace("{existing: s3}", "{externalSecret: {store: vault, key: s3}}")
        .replace("  dev: {namespace: team-dev}", f"  {word}: {{namespace: {word}-ns}}")
        .replace('"3.3"', f'"3.3", argocd: {{repoURL: https://git.example.com/m.git, project: {word}}}')
        .replace("name: minilm\n", f"name: {word}\n    auth: true\n")
        for runtime, word in (("unlikely", "unlikely"), (name, name))
    )
    (_, expected), (catalog, written) = compile_text(plain), compile_text(odd)
    tree = {**written.tree, **documents.pages(catalog)}
    assert len(written.tree) == len(expected.tree)
    assert {path.replace("unlikely", name) for path in expected.tree} == written.tree.keys()
    assert len({path.casefold() for path in tree}) == len(tree)
    folders = {str(parent).casefold() for path in tree for parent in PurePosixPath(path).parents}
    assert folders.isdisjoint({path.casefold() for path in tree})


def test_every_link_of_the_page_leads_to_its_model() -> None:
    """A model may be called like one of the page's own headings."""
    for name in ("models", "runtimes", "minilm"):
        catalog, _ = compile_text(MINIMAL.replace("name: minilm\n", f"name: {name}\n"))
        page = documents.pages(catalog)["docs/catalog.md"].decode()
        titles = re.findall("^#+ (.*)$", page, re.MULTILINE)
        anchors = [re.sub("[^a-z0-9-]", "", title.lower().replace(" ", "-")) for title in titles]
        [link] = re.findall(rf"\[{name}\]\(#(.*?)\)", page)
        assert anchors.count(link) == 1
        assert f"## Model {name}\n" in page


def many(**changed: str) -> str:
    """A catalog with fifty models in two environments, some with different lengths."""
    head, _, entry = MINIMAL.partition("models:\n")
    head = head.replace(
        "  dev: {namespace: team-dev}\n", "  dev: {namespace: team-dev}\n  prod: {namespace: team-prod}\n"
    )
    names = [f"model-{number:02d}" for number in range(50)]
    lengths = {name: changed.get(name.replace("-", "_"), "256") for name in names}
    entries = [entry.replace("minilm", name, 1).replace("256", lengths[name], 1) for name in names]
    return head + "models:\n" + "".join(entries)


def test_editing_one_model_changes_that_model_alone() -> None:
    """The diff contains the files of the edited model, and no others."""
    (old_catalog, old), (new_catalog, new) = compile_text(many()), compile_text(many(model_17="128"))
    before = {**old.tree, **documents.pages(old_catalog)}
    after = {**new.tree, **documents.pages(new_catalog)}
    assert before.keys() == after.keys()
    changed = {path for path, content in after.items() if content != before[path]}
    assert changed == {
        "docs/catalog.html",
        "docs/catalog.md",
        "base/models/model-17/servingruntime.yaml",
        "rendered/dev/models/servingruntime-model-17.yaml",
        "rendered/prod/models/servingruntime-model-17.yaml",
    }


def test_removing_one_model_otherwise_changes_only_lists() -> None:
    """Lists of models lose one line; the other models' files stay unchanged."""
    text = many()
    start = text.index("  - name: model-17\n")
    (_, old), (_, new) = compile_text(text), compile_text(text[:start] + text[text.index("  - name: model-18\n") :])
    assert all(re.search(r"\bmodel-17\b", path) for path in old.tree.keys() - new.tree.keys())
    changed = {path for path, content in new.tree.items() if content != old.tree[path]}
    assert changed == {"overlays/dev/models/kustomization.yaml", "overlays/prod/models/kustomization.yaml"}
