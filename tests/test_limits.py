"""What the API server, a registry or S3 would refuse or rewrite is refused here, and what they take is not."""

import re
from typing import Any

import pytest
import yaml
from helpers import MINIMAL
from strategies import catalog_text

from generator.catalog.validate import validate
from generator.diagnostics import MOST, CatalogError, Diagnostic
from generator.yaml import read as source

RUNTIME, CONNECTION, MODEL = ("runtimes", "vllm-embedding"), ("connections", "s3"), ("models", 0)
ARGOCD = {"repoURL": "https://git.example.com/models.git"}
MINILM: dict[str, Any] = yaml.safe_load(MINIMAL)["models"][0]
DIGEST = "@sha256:" + "a" * 64


def findings(*changes: tuple[tuple[str | int, ...], Any]) -> tuple[Diagnostic, ...]:
    """What is found in the minimal catalog with these values in it."""
    data: dict[str, Any] = yaml.safe_load(MINIMAL)
    for (*path, last), value in changes:
        place: Any = data
        for part in path:
            place = place[part] if isinstance(part, int) else place.setdefault(part, {})
        place[last] = value
    try:
        return validate(source.parse(catalog_text(data).encode(), "models.yaml"))[1]
    except CatalogError as error:
        return error.diagnostics


def found(*changes: tuple[tuple[str | int, ...], Any]) -> set[str]:
    """The codes of the errors in it."""
    return {item.code for item in findings(*changes) if item.severity == "error"}


def where(finding: Diagnostic) -> str:
    """The line that a finding is about."""
    assert finding.source_line is not None
    return finding.source_line.strip().rstrip(",")


@pytest.mark.parametrize("prefix", ["a..b/c", "a/b..", "a/b.", "a/../b", ".a", "a//b", "/a", "a/"])
def test_a_prefix_has_no_dots_that_a_path_would_lose(prefix: str) -> None:
    """Servers that keep objects as files, and clients that normalise URLs, make another key of them."""
    assert found(((*CONNECTION, "prefix"), prefix)) == {"invalid-prefix"}


@pytest.mark.parametrize("prefix", ["a", "a.b/c_d/e-f", "models/v1.2"])
def test_other_prefixes_pass(prefix: str) -> None:
    """A dot inside is fine."""
    assert not found(((*CONNECTION, "prefix"), prefix))


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b", ".a", "a."])
def test_a_name_of_an_object_is_a_dns_subdomain(name: str) -> None:
    """IsDNS1123Subdomain, which also holds for the domain of a label, an annotation and an extended resource."""
    assert found(((*CONNECTION, "secret"), {"existing": name})) == {"invalid-name"}
    assert found(((*MODEL, "hardwareProfile"), {"name": name})) == {"invalid-name"}
    assert found(((*MODEL, "labels"), {f"{name}/key": "x"})) == {"invalid-label"}
    assert found(((*MODEL, "annotations"), {f"{name}/key": "x"})) == {"invalid-label"}
    assert "invalid-name" in found(((*RUNTIME, "accelerators"), [f"{name}/gpu"]))


def test_dotted_names_pass() -> None:
    """A subdomain has as many labels as it likes."""
    assert not found(((*CONNECTION, "secret"), {"existing": "a.b-c.d"}), ((*MODEL, "labels"), {"a.b-c.d/key": "x"}))


@pytest.mark.parametrize(
    "image",
    [
        f"quay.io/v/a..b{DIGEST}",
        f"quay.io/v/a-_b{DIGEST}",
        f"quay.io/v/a___b{DIGEST}",
        f"quay..io/v/a{DIGEST}",
        f"quay.io:0/v/a{DIGEST}",
        f"quay.io:65536/v/a{DIGEST}",
        f"quay.io:/v/a{DIGEST}",
        f"Quay.io/v/A{DIGEST}",
        f"quay.io/v//a{DIGEST}",
        f"https://quay.io/v/a{DIGEST}",
        "quay.io/v/a:.tag",
        "quay.io/v/a@sha256:abc",
        f"quay.io/{'a' * 248}{DIGEST}",
    ],
)
def test_an_image_follows_the_grammar_of_references(image: str) -> None:
    """CRI-O would not even ask the registry."""
    assert found(((*RUNTIME, "image"), image)) == {"invalid-image"}


@pytest.mark.parametrize(
    "image",
    [
        "quay.io/v/a__b.c--d:1.0",
        f"localhost:5000/a:x{DIGEST}",
        "vllm/vllm-openai:v0.18.0",
        f"10.0.0.1:65535/v/a{DIGEST}",
        f"quay.io/{'a' * 247}{DIGEST}",
    ],
)
def test_other_images_pass(image: str) -> None:
    """Separators within the grammar, ports, addresses."""
    assert not found(((*RUNTIME, "image"), image))


def test_the_name_of_an_image_is_measured_without_tag_and_digest() -> None:
    """The registry counts, and the tag does not."""
    [finding] = findings(((*RUNTIME, "image"), f"quay.io/{'a' * 248}:1.0{DIGEST}"))
    assert finding.message == "runtime 'vllm-embedding': the image's name has more than 255 characters"
    assert not found(((*RUNTIME, "image"), f"quay.io/{'a' * 247}:1.0{DIGEST}"))


@pytest.mark.parametrize(
    "url",
    [
        "https://s3..example.com",
        "https://s3.example.com:0",
        "https://s3.example.com:65536",
        "https://s3.example.com:",
        "https://s3.example.com/",
        "https://s3.example.com?x=1",
        "https://s3.example.com#x",
        "https://s3.-example.com",
        "https://999.1.1.1",
        "https://1.2.3",
        f"https://{'a' * 64}.example.com",
        "s3.example.com",
        "ftp://s3.example.com",
    ],
)
def test_an_endpoint_is_a_host_and_a_port(url: str) -> None:
    """Nothing else is left of it where KServe and boto3 use it."""
    assert found(((*CONNECTION, "endpoint"), url)) == {"invalid-endpoint"}


def test_a_login_in_an_endpoint_is_a_credential() -> None:
    """Nothing else is said of it."""
    assert found(((*CONNECTION, "endpoint"), "https://me@s3.example.com")) == {"credential-in-catalog"}


@pytest.mark.parametrize("url", ["http://minio:9000", "https://10.0.0.1:65535", "https://S3.us-east-1.amazonaws.com"])
def test_other_endpoints_pass(url: str) -> None:
    """Services in the cluster, addresses, and AWS."""
    assert not found(((*CONNECTION, "endpoint"), url))


@pytest.mark.parametrize(
    "bucket",
    ["ab", "a..b", "192.168.5.4", "xn--models", "sthree-models", "amzn-s3-demo-models", "-ab", "ab.", "a_b", "a" * 64],
)
def test_a_bucket_follows_the_rules_of_s3(bucket: str) -> None:
    """No server could have created it."""
    assert len(found(((*CONNECTION, "bucket"), bucket)) & {"invalid-bucket", "too-long"}) == 1


@pytest.mark.parametrize("bucket", ["abc", "a.b", "a-.b", "1.2.3", "models--v2", "ap-0123-s3alias", "192.168.5.4.5"])
def test_other_buckets_pass(bucket: str) -> None:
    """An access point's alias is used in place of a bucket's name."""
    assert not found(((*CONNECTION, "bucket"), bucket))


def test_a_prefix_belongs_to_one_connection() -> None:
    """An endpoint and a bucket are the place: the same name elsewhere is another bucket."""
    other = {"displayName": "Other", "prefix": "models/archive", "secret": {"existing": "other"}}
    same = {"endpoint": "https://s3.example.com", "bucket": "models-bucket"}

    def beside(**changed: str) -> set[str]:
        return found((("connections", "other"), {**other, **same, **changed}), ((*MODEL, "connection"), "s3"))

    assert beside() == {"prefix-overlap"}
    assert not beside(endpoint="https://s3.west.example.com")
    assert not beside(bucket="other-bucket")
    assert not beside(prefix="models-archive")


@pytest.mark.parametrize("name", ["kubernetes.io/gpu", "gpu.kubernetes.io/x", "requests.nvidia.com/gpu"])
def test_an_accelerator_is_an_extended_resource(name: str) -> None:
    """IsExtendedResourceName refuses these."""
    assert "invalid-name" in found(((*RUNTIME, "accelerators"), [name]))


@pytest.mark.parametrize(
    "name", ["nvidia.com/gup", "nvidia.com/mig-1g10gb", "nvidia.com/mig-0g.5gb", "nvidia.com/gpu.shared", "amd.com/gpu"]
)
def test_an_accelerator_is_the_runtimes_or_a_mig_slice(name: str) -> None:
    """A pod that asks for a resource that no node has stays pending."""
    assert found(((*MODEL, "resources", "accelerator"), name)) == {"accelerator-mismatch"}
    assert not found(
        ((*MODEL, "resources", "accelerator"), name), ((*RUNTIME, "accelerators"), ["nvidia.com/gpu", name])
    )


def test_a_model_without_gpus_needs_no_accelerator_of_its_runtime() -> None:
    """It asks for none, so it cannot ask for a wrong one."""
    other = ((*RUNTIME, "accelerators"), ["amd.com/gpu"])
    assert found(other) == {"accelerator-mismatch"}
    assert not found(other, ((*MODEL, "resources", "gpu"), 0))


@pytest.mark.parametrize(
    "slices", ["mig-1g.5gb", "mig-7g.80gb", "mig-1g.10gb.me", "mig-1g.24gb-me", "mig-2g.20gb.shared"]
)
def test_known_mig_slices_pass(slices: str) -> None:
    """The forms of NVIDIA's device plugin."""
    assert not found(((*MODEL, "resources", "accelerator"), f"nvidia.com/{slices}"))


def test_a_quota_for_mig_slices_names_slices() -> None:
    """A misspelt slice would be a quota for nothing."""
    quota = ("environments", "dev", "migQuota")
    assert found((quota, {"nvidia.com/mig-1g10gb": 4})) == {"invalid-name"}
    assert found((quota, {"nvidia.com/gpu": 4})) == {"invalid-name"}


def test_a_slice_without_a_quota_has_none_where_quotas_are_given() -> None:
    """What an environment's quotas do not name is not there."""
    slices = ((*MODEL, "resources", "accelerator"), "nvidia.com/mig-1g.10gb")
    environment = ("environments", "dev")
    assert not found(slices)
    assert found(slices, ((*environment, "gpuQuota"), 8)) == {"gpu-over-quota"}
    assert found(slices, ((*environment, "migQuota"), {"nvidia.com/mig-2g.20gb": 8})) == {"gpu-over-quota"}
    assert not found(slices, ((*environment, "migQuota"), {"nvidia.com/mig-1g.10gb": 1}))


@pytest.mark.parametrize("memory", ["1Ki", "0.1Gi", "999999", "0.001k"])
def test_memory_is_whole_bytes_and_holds_a_model(memory: str) -> None:
    """0.1Gi would be stored as 107374182400m."""
    assert found(((*MODEL, "resources", "memory"), memory)) == {"invalid-quantity"}


@pytest.mark.parametrize("memory", ["9999999999999Ti", "65Ti", "70368744177665"])
def test_memory_is_as_much_as_a_node_may_have(memory: str) -> None:
    """The API server would cut the first down to its largest number."""
    assert found(((*MODEL, "resources", "memory"), memory)) == {"out-of-range"}


@pytest.mark.parametrize("memory", ["1M", "0.5Gi", "1.5Gi", "64Ti", "12000000k"])
def test_other_amounts_of_memory_pass(memory: str) -> None:
    """Fractions of a power of two are whole bytes."""
    assert not found(((*MODEL, "resources", "memory"), memory))


@pytest.mark.parametrize("cpu", ["1025", "9999999999999", "1024001m", "1024.5"])
def test_cpus_are_as_many_as_a_node_may_have(cpu: str) -> None:
    """The bound that holds for a number holds for text, too."""
    assert found(((*MODEL, "resources", "cpu"), cpu)) == {"out-of-range"}
    assert not found(((*MODEL, "resources", "cpu"), "1024"))


@pytest.mark.parametrize(
    ("field", "amount", "hint"),
    [
        ("cpu", "1025", None),
        ("memory", "65Ti", None),
        ("memory", "999999", "add a unit, such as 999999Gi"),
        ("memory", "1Ki", "use a larger unit, such as Gi"),
        ("memory", "0.1Gi", "use a smaller unit without a fraction"),
    ],
)
def test_a_finding_about_an_amount_is_where_it_stands(field: str, amount: str, hint: str | None) -> None:
    """In the layer that wrote it, with what helps there."""
    [finding] = findings((("defaults", "resources", field), amount))
    assert (where(finding), finding.hint) == (f'"{field}": "{amount}"', hint)


def test_a_quota_of_nothing_is_kept_by_who_asks_for_nothing() -> None:
    """It reserves the slices for others."""
    slices = "nvidia.com/mig-1g.10gb"
    quota = ("environments", "dev", "migQuota"), {slices: 0}
    assert not found(quota)
    assert found(quota, ((*MODEL, "resources", "accelerator"), slices)) == {"gpu-over-quota"}


def test_annotations_are_bounded_together() -> None:
    """ValidateAnnotationsSize counts keys and values, ours included."""
    many = {f"example.com/{number:02}": "é" * 2048 for number in range(63)}
    assert not found(((*MODEL, "annotations"), many))
    most = 262_144 - 1024 - len("minilm") - len("example.com/00") * 64 - 2 * 2048 * 63
    assert not found(((*MODEL, "annotations"), many | {"example.com/63": "x" * most}))
    large = {**MINILM, "annotations": many | {"example.com/63": "x" * (most + 1)}}
    assert found((("models",), [{**MINILM, "name": "before"}, large])) == {"object-too-large"}


@pytest.mark.parametrize("entry", [RUNTIME, MODEL])
def test_an_object_fits_into_etcd(entry: tuple[str | int, ...]) -> None:
    """As JSON, where a quotation mark takes two bytes, with room for what the cluster adds."""
    assert not found(((*entry, "env"), {f"V{number}": "x" * 32_000 for number in range(32)}))
    [finding] = findings(((*entry, "env"), {f"V{number}": '"' * 32_000 for number in range(32)}))
    assert (finding.code, finding.hint) == ("object-too-large", "shorten env, args, labels and annotations")
    assert re.search("would have 2,[0-9]{3},[0-9]{3} bytes, and etcd is sure to take 1,048,576$", finding.message)


@pytest.mark.parametrize(
    "change",
    [
        ((*CONNECTION, "secret"), {"existing": "storage-config"}),
        (("connections",), {"storage-config": {"displayName": "S3", "endpoint": "https://s3.example.com",
         "bucket": "models", "secret": {"externalSecret": {"store": "vault", "key": "s3"}}}}),
    ],
    ids=["existing", "external"],
)  # fmt: skip
def test_the_secret_of_kserve_is_not_a_connections(change: Any) -> None:
    """odh-model-controller writes it anew from all data connections of the namespace."""
    assert found(change) == {"reserved-name"}


@pytest.mark.parametrize(
    "namespace",
    ["default", "openshift", "kube-system", "openshift-gitops", "redhat-ods-applications", "redhat-ods-monitoring"],
)
def test_a_namespace_of_the_platform_serves_no_model(namespace: str) -> None:
    """Neither as an environment's, nor as a model's own."""
    assert found((("environments", "dev", "namespace"), namespace)) == {"reserved-namespace"}
    assert found(((*MODEL, "overrides"), {"dev": {"namespace": namespace}})) == {"reserved-namespace"}


def test_the_dashboards_namespace_serves_no_model_whatever_its_name() -> None:
    """The webhook refuses it; without the field, the same name is like any other."""
    own = (("environments", "dev", "namespace"), "opendatahub")
    assert found(own, (("platform", "dashboardNamespace"), "opendatahub")) == {"reserved-namespace"}
    assert not found(own)


@pytest.mark.parametrize("namespace", ["kubeflow", "openshifters", "my-openshift-models", "defaults"])
def test_other_namespaces_pass(namespace: str) -> None:
    """Only whole names and these beginnings are the platform's."""
    assert not found((("environments", "dev", "namespace"), namespace))


EXISTS = {"key": "example.com/pool", "operator": "Exists"}


NO_VALUE, NO_KEY = "remove value or operator", "set key, or operator: Exists"
NO_SECONDS = "set effect: NoExecute, or remove tolerationSeconds"
TOLERATION = {
    NO_VALUE: "the operator Exists takes no value",
    NO_KEY: "without a key, the operator must be Exists",
    NO_SECONDS: "tolerationSeconds requires the effect NoExecute",
}


@pytest.mark.parametrize(
    ("toleration", "hint"),
    [
        ({**EXISTS, "value": "gpu"}, NO_VALUE),
        ({"operator": "Equal", "value": "gpu"}, NO_KEY),
        ({"value": "gpu"}, NO_KEY),
        ({**EXISTS, "effect": "NoSchedule", "tolerationSeconds": 60}, NO_SECONDS),
        ({**EXISTS, "effect": "PreferNoSchedule", "tolerationSeconds": 0}, NO_SECONDS),
        ({**EXISTS, "tolerationSeconds": 60}, NO_SECONDS),
    ],
)
def test_a_toleration_follows_the_api(toleration: dict[str, Any], hint: str) -> None:
    """Exists takes no value, a missing key needs Exists, and only NoExecute takes seconds."""
    [finding] = findings(((*MODEL, "tolerations"), [toleration]))
    assert (finding.code, finding.hint) == ("invalid-toleration", hint)
    assert finding.message == f"model 'minilm': {TOLERATION[hint]}"


@pytest.mark.parametrize(
    "toleration",
    [
        {**EXISTS, "value": ""},
        {"operator": "Exists"},
        {"key": "example.com/pool"},
        {"key": "example.com/pool", "operator": "Equal", "value": "gpu"},
        {**EXISTS, "effect": "NoSchedule"},
        {**EXISTS, "effect": "NoExecute", "tolerationSeconds": 0},
    ],
)
def test_other_tolerations_pass(toleration: dict[str, Any]) -> None:
    """An empty value is none, and without a key every taint is meant."""
    assert not found(((*MODEL, "tolerations"), [toleration]))


def test_a_batch_may_be_shorter_than_a_text_if_prefill_is_chunked() -> None:
    """A decoder reads a long text in pieces; an encoder needs it whole."""
    length, batch = ((*MODEL, "maxModelLen"), 512), "--max-num-batched-tokens=256"
    assert found(length, ((*MODEL, "args"), [batch])) == {"batch-too-small"}
    assert not found(length, ((*MODEL, "args"), [batch, "--enable-chunked-prefill"]))
    assert not found(length, ((*MODEL, "args"), [batch]), ((*RUNTIME, "args"), ["--enable-chunked-prefill"]))
    assert not found(length, ((*MODEL, "args"), ["--max-num-batched-tokens=512"]))


@pytest.mark.parametrize(
    ("argument", "code", "severity"),
    [
        ("--enable-chunked-prefill", "decoder-flag", "warning"),
        ("--enable-prefix-caching", "decoder-flag", "warning"),
        ("--trust-remote-code", "remote-code", "warning"),
        ("--runner=generate", "wrong-runner", "error"),
        ("--runner=draft", "wrong-runner", "error"),
        ("--convert=classify", "wrong-runner", "error"),
        ("--max-num-seqs=1000000000", "invalid-argument", "error"),
        ("--no-such-flag", "unknown-flag", "error"),
    ],
)
def test_a_runtimes_own_arguments_are_judged_where_they_stand(argument: str, code: str, severity: str) -> None:
    """Once, for the runtime's task, however many models it serves."""
    [finding] = findings(
        ((*RUNTIME, "args"), ["--dtype=auto", argument]), (("models",), [MINILM, {**MINILM, "name": "other"}])
    )
    assert (finding.code, finding.severity, where(finding)) == (code, severity, f'"{argument}"')


OLD, NEW = "0.9.0", "0.18.0"
REMOVE, SMALLER = "remove it", "write a number that the hardware has room for"


@pytest.mark.parametrize(
    ("version", "task", "argument", "message", "hint"),
    [
        (NEW, "embedding", "--runner=generate", "--runner=generate does not serve the task embedding", REMOVE),
        (NEW, "reranker", "--runner=draft", "--runner=draft does not serve the task reranker", REMOVE),
        (NEW, "embedding", "--convert=classify", "--convert=classify does not serve the task embedding", REMOVE),
        (NEW, "reranker", "--convert=embed", "--convert=embed does not serve the task reranker", REMOVE),
        (OLD, "embedding", "--task=generate", "--task=generate does not serve the task embedding", REMOVE),
        (OLD, "embedding", "--task=transcription", "--task=transcription does not serve the task embedding", REMOVE),
        (OLD, "embedding", "--task=score", "--task=score does not serve the task embedding", REMOVE),
        (OLD, "reranker", "--task=embed", "--task=embed does not serve the task reranker", REMOVE),
        (NEW, "embedding", "--max-num-seqs=1000000000", "--max-num-seqs takes no number of 10 digits", SMALLER),
        (
            NEW,
            "embedding",
            "--data-parallel-size=9999999999",
            "--data-parallel-size takes no number of 10 digits",
            SMALLER,
        ),
    ],
)
def test_an_argument_that_fits_neither_task_nor_hardware(
    version: str, task: str, argument: str, message: str, hint: str
) -> None:
    """In a runtime, or in a model."""
    changes: list[tuple[tuple[str | int, ...], Any]] = [
        ((*RUNTIME, "vllmVersion"), version),
        ((*RUNTIME, "task"), task),
        ((*MODEL, "task"), task),
    ]
    if task == "reranker":
        changes.append(
            (("models",), [{key: value for key, value in {**MINILM, "task": task}.items() if key != "dimensions"}])
        )
    for place in (RUNTIME, MODEL):
        [finding] = findings(*changes, ((*place, "args"), ["--dtype=auto", argument]))
        assert (finding.message.partition(": ")[2], finding.hint, where(finding)) == (message, hint, f'"{argument}"')


GPUS = (*MODEL, "resources", "gpu")


@pytest.mark.parametrize(
    ("gpus", "arguments", "said"),
    [
        (1, [], None),
        (1, ["--tensor-parallel-size=1"], None),
        (2, ["--tensor-parallel-size=2"], None),
        (6, ["--tensor-parallel-size=2", "--pipeline-parallel-size=3"], None),
        (8, ["--tensor-parallel-size=2", "--pipeline-parallel-size=2", "--data-parallel-size=2"], None),
        (2, [], ('"gpu": 2', "lower resources.gpu to 1, or add --tensor-parallel-size=2")),
        (2, ["--tensor-parallel-size=1"], ('"gpu": 2', "lower resources.gpu to 1, or add --tensor-parallel-size=2")),
        (4, ["--tensor-parallel-size=2", "--data-parallel-size=1"],
         ('"--tensor-parallel-size=2"', "lower resources.gpu to 2, or add --tensor-parallel-size=4")),
        (1, ["--tensor-parallel-size=2", "--pipeline-parallel-size=1"],
         ('"--tensor-parallel-size=2"', "raise resources.gpu, or remove the argument")),
        (4, ["--tensor-parallel-size=2", "--pipeline-parallel-size=4"],
         ('"--pipeline-parallel-size=4"', "raise resources.gpu, or remove the argument")),
    ],
)  # fmt: skip
def test_a_model_uses_the_gpus_that_it_has(gpus: int, arguments: list[str], said: tuple[str, str] | None) -> None:
    """The finding is about the last argument that multiplies them, or else about their number."""
    found_there = findings((GPUS, gpus), ((*MODEL, "args"), arguments))
    assert [(where(each), each.hint) for each in found_there] == ([said] if said else [])


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--max-num-batched-tokens=256"], None),
        (
            ["--max-num-batched-tokens=255", "--max-num-seqs=255"],
            "raise it to 256, or for a decoder add --enable-chunked-prefill",
        ),
        (["--max-num-batched-tokens=256", "--max-num-seqs=257"], "raise it to 257, or lower --max-num-seqs"),
        (["--max-num-batched-tokens=256", "--max-num-seqs=256"], None),
        (["--max-num-batched-tokens=999999999", "--max-num-seqs=999999999"], None),
        (
            ["--max-num-batched-tokens=999999998", "--max-num-seqs=999999999"],
            "raise it to 999999999, or lower --max-num-seqs",
        ),
    ],
)
def test_a_batch_holds_a_text_and_as_many_tokens_as_sequences(arguments: list[str], hint: str | None) -> None:
    """256 sequences, unless others are asked for; the model's texts have 256 tokens."""
    found_there = findings(((*MODEL, "args"), arguments))
    assert [(each.code, each.hint, where(each)) for each in found_there] == (
        [("batch-too-small", hint, f'"{arguments[0]}"')] if hint else []
    )


def test_a_batch_that_is_smaller_than_the_sequences_is_compared_with_their_default() -> None:
    """And it is said which numbers do not fit."""
    shorter = ((*MODEL, "maxModelLen"), 128)
    [finding] = findings(shorter, ((*MODEL, "args"), ["--max-num-batched-tokens=255"]))
    assert finding.hint == "raise it to 256, or lower --max-num-seqs"
    assert finding.message.endswith("--max-num-batched-tokens=255 is below --max-num-seqs, 256: vLLM refuses to start")


@pytest.mark.parametrize("argument", ["--runner=pooling", "--convert=embed", "--max-num-seqs=999999999"])
def test_other_arguments_of_a_runtime_pass(argument: str) -> None:
    """What fits its task, and the largest number that is read as one."""
    assert not found(((*RUNTIME, "args"), [argument]))


QUOTA = ("environments", "dev", "gpuQuota")
MIGS = ("environments", "dev", "migQuota")
SLICE = "nvidia.com/mig-1g.10gb"


def taker(name: str, **fields: Any) -> dict[str, Any]:
    """A model with a GPU, or with what these fields ask for."""
    return {**MINILM, "name": name, "resources": {"gpu": 1}, **fields}


SLICES: dict[str, Any] = {"resources": {"gpu": 1, "accelerator": SLICE}}


@pytest.mark.parametrize(
    ("quotas", "takers", "message", "hint"),
    [
        ([(QUOTA, 3)], [taker("a", replicas=2), taker("b"), taker("c", **SLICES), taker("d", stopped=True)],
         f"migQuota does not name {SLICE}, for which c asks", f"add {SLICE} to migQuota"),
        ([(QUOTA, 2), (MIGS, {SLICE: 1})], [taker("a", replicas=2), taker("b"), taker("c", **SLICES)],
         "the models request 3 GPUs, including surge, but the quota is 2 (largest: a 2, b 1)",
         "lower replicas or maxSurge, move models to MIG slices, or raise the quota"),
        ([(QUOTA, 2)], [taker("a"), taker("b", maxSurge=1), taker("c"), taker("d"), taker("e", stopped=True)],
         "the models request 5 GPUs, including surge, but the quota is 2 (largest: b 2, a 1, c 1)",
         "lower replicas or maxSurge, move models to MIG slices, or raise the quota"),
        ([(MIGS, {SLICE: 1, "nvidia.com/mig-2g.20gb": 0})], [taker("a"), taker("b", **SLICES), taker("c", **SLICES)],
         f"the models request 2 {SLICE}, including surge, but the quota is 1 (largest: b 1, c 1)",
         "lower replicas or maxSurge, or raise the quota"),
        ([(QUOTA, 0)], [taker(name, **SLICES) for name in ("d", "b", "c", "a")],
         f"migQuota does not name {SLICE}, for which a, b, c asks", f"add {SLICE} to migQuota"),
    ],
)  # fmt: skip
def test_a_quota_says_who_asks_for_more_than_it_has(
    quotas: list[tuple[tuple[str | int, ...], Any]], takers: list[Any], message: str, hint: str
) -> None:
    """Who is stopped asks for nothing, and slices are counted apart from whole GPUs."""
    [finding] = findings(*quotas, (("models",), takers))
    assert (finding.code, finding.message, finding.hint) == ("gpu-over-quota", f"environment 'dev': {message}", hint)


def test_a_quota_may_be_used_up() -> None:
    """And none is needed for what nobody asks for."""
    models = ("models",), [taker("a", replicas=2), taker("b"), taker("c", **SLICES), taker("d", stopped=True)]
    assert not found((QUOTA, 3), (MIGS, {SLICE: 1, "nvidia.com/mig-2g.20gb": 0}), models)
    assert not found((MIGS, {SLICE: 1}), models)
    assert not found(models)


@pytest.mark.parametrize(
    ("known", "accelerator", "message"),
    [
        (["nvidia.com/gpu"], "amd.com/gpu", "nvidia.com/gpu and its MIG slices, such as nvidia.com/mig-1g.10gb"),
        (["amd.com/gpu", "habana.ai/gaudi"], SLICE, "amd.com/gpu, habana.ai/gaudi"),
        (["amd.com/gpu", "nvidia.com/gpu"], SLICE, None),
        (["amd.com/gpu", "habana.ai/gaudi"], "habana.ai/gaudi", None),
    ],
)
def test_a_model_runs_on_what_its_runtime_is_built_for(known: list[str], accelerator: str, message: str | None) -> None:
    """MIG slices are GPUs; each model is judged, whatever the others ask for."""
    on_cpu = {**MINILM, "name": "on-cpu", "resources": {"gpu": 0}}
    asking = taker("asking", resources={"gpu": 1, "accelerator": accelerator})
    found_there = findings(((*RUNTIME, "accelerators"), known), (("models",), [on_cpu, asking]))
    said = f"model 'asking': runtime 'vllm-embedding' is built for {message}, not {accelerator}"
    assert [(each.code, each.message) for each in found_there] == ([("accelerator-mismatch", said)] if message else [])


BY_CPU: dict[str, Any] = {"min": 1, "max": 2, "metric": "cpu", "target": 80}
BY_REQUESTS: dict[str, Any] = {**BY_CPU, "metric": "requests"}


@pytest.mark.parametrize(
    ("scaling", "gpus", "found_there"),
    [
        (BY_CPU, 0, []),
        ({**BY_CPU, "min": 2, "target": 100}, 0, []),
        ({**BY_CPU, "min": 3}, 0, [("autoscaling-range", '"min": 3', "swap them")]),
        ({**BY_CPU, "target": 101}, 0, [("out-of-range", '"target": 101', "write 100 or less")]),
        (BY_CPU, 1,
         [("cpu-autoscaling-on-gpu", '"metric": "cpu"', "set `metric: requests`, or use a fixed `replicas`")]),
        (BY_REQUESTS, 1,
         [("autoscaling-unsupported", '"autoscaling": {', "use a fixed `replicas`, or target 3.4 or later")]),
    ],
)  # fmt: skip
def test_a_model_scales_by_what_shows_its_load(
    scaling: Any, gpus: int, found_there: list[tuple[str, str, str]]
) -> None:
    """Each model is judged, whether the others scale or not."""
    scaled = {**MINILM, "name": "scaled", "resources": {"gpu": gpus}, "autoscaling": scaling}
    found_here = findings((("models",), [MINILM, scaled]))
    assert [(each.code, where(each), each.hint) for each in found_here] == found_there


def test_a_model_scales_by_requests_where_the_release_can() -> None:
    """That of each environment that the model is deployed to."""
    environments = {"dev": {"namespace": "d"}, "prod": {"namespace": "p", "target": "3.4"}}
    changes = (("environments",), environments), ((*MODEL, "autoscaling"), BY_REQUESTS)
    assert found(*changes) == {"autoscaling-unsupported"}
    assert not found(*changes, ((*MODEL, "deployTo"), ["prod"]))


@pytest.mark.parametrize(("memory", "allowed"), [("1M", True), ("999k", False), ("64Ti", True), ("65537Gi", False)])
def test_memory_is_between_what_any_model_needs_and_what_any_node_has(memory: str, *, allowed: bool) -> None:
    """The bounds themselves are allowed."""
    assert bool(found(((*MODEL, "resources", "memory"), memory))) != allowed


def test_connections_share_a_bucket_if_neither_prefix_is_in_the_other() -> None:
    """In another bucket, or at another endpoint, a prefix is another place."""
    s3 = {**yaml.safe_load(MINIMAL)["connections"]["s3"], "prefix": "a"}
    others = [{**MINILM, "name": name, "connection": name} for name in ("s3", "other", "third")]

    def overlaps(**fields: Any) -> list[tuple[str, str]]:
        connections = {"s3": s3, "other": {**s3, **fields}, "third": {**s3, "prefix": "z"}}
        found_there = findings((("connections",), connections), (("models",), others))
        assert {each.code for each in found_there} <= {"prefix-overlap"}
        return [(where(each), each.message.partition(": ")[2]) for each in found_there]

    inside = "prefix 'a/b/' is inside 'a/' of connection 's3', in the same bucket"
    assert overlaps(prefix="a/b") == [('"prefix": "a/b"', inside)]
    for fields in ({"prefix": "ab"}, {"bucket": "another"}, {"endpoint": "https://s3.example.org"}):
        assert not overlaps(**fields)


@pytest.mark.parametrize(
    ("bucket", "allowed"),
    [("aaa", True), ("aa", False), ("xn--aaa", False), ("sthree-a", False), ("amzn-s3-demo-a", False),
     ("1.2.3.4", False), ("1.2.3.4.5", True), ("my-xn--a", True)],
)  # fmt: skip
def test_a_bucket_is_one_that_can_exist(bucket: str, *, allowed: bool) -> None:
    """By its length, its start, and whether it is an address."""
    assert found(((*CONNECTION, "bucket"), bucket)) == (set() if allowed else {"invalid-bucket"})


def test_the_object_that_is_too_large_is_named() -> None:
    """A runtime's own variables count for its objects, and a model's for its own."""
    large = {f"V{number}": '"' * 32_000 for number in range(32)}
    for place, subject in (((*RUNTIME, "env"), "runtime 'vllm-embedding'"), ((*MODEL, "env"), "model 'minilm'")):
        [finding] = findings((place, large))
        assert (finding.code, finding.message.partition(":")[0]) == ("object-too-large", subject)


@pytest.mark.parametrize("mark", ["{{", "${", "$("])
def test_what_an_engine_expands_is_no_text(mark: str) -> None:
    """Wherever it stands, as what reaches the cluster would not be what is in Git."""
    for field, value in (("displayName", f"For {mark}x"), ("args", [f"--dtype={mark}x"]), ("env", {"A": f"{mark}x"})):
        assert "text-expansion" in found(((*MODEL, field), value))


@pytest.mark.parametrize("text", ["$HOME", "{x}", "$ (x)", "100 $", "(x)", "{ {x}}", "5 $/{x}"])
def test_other_text_with_such_characters_passes(text: str) -> None:
    """Each of them alone is harmless."""
    assert not found(((*MODEL, "displayName"), text), ((*MODEL, "env"), {"A": text}))


@pytest.mark.parametrize("field", ["labels", "annotations"])
@pytest.mark.parametrize("key", ["on", "null", "1.5", "0x1F"])
def test_a_key_that_kustomize_would_not_quote_is_text(field: str, key: str) -> None:
    """In quotes in the catalog, it still is a boolean, nothing, or a number in what kustomize writes."""
    [finding] = findings(((*MODEL, field), {"team": "search", key: "x"}))
    assert (finding.code, where(finding)) == ("invalid-label", f'"{key}": "x"')
    assert finding.message == (
        f"model 'minilm': kustomize writes the key '{key}' without quotes, so it would not be read as text"
    )
    assert finding.hint == "prefix it with a domain, as in 'example.com/key'"
    assert finding.source_line is not None
    assert finding.position.column == finding.source_line.index(f'"{key}"') + 1
    assert not found(((*MODEL, field), {f"example.com/{key}": "x"}))


def test_a_name_is_one_models_even_if_another_model_is_broken() -> None:
    """What cannot be read is passed over, not what comes after it."""
    broken = {**MINILM, "name": "Broken"}
    assert found((("models",), [broken, MINILM, MINILM])) == {"invalid-name", "duplicate-name"}


def test_every_environment_in_which_a_route_is_open_is_named() -> None:
    """In one finding, at the word that opens them."""
    [finding] = findings((("environments", "prod"), {"namespace": "team-prod"}), ((*MODEL, "expose"), True))
    assert (finding.code, where(finding)) == ("exposed-without-auth", '"expose": true')
    assert finding.message.endswith("the Route is open to anyone in dev, prod")


def test_the_name_of_an_application_fits_into_a_label() -> None:
    """`<project>-<environment>-models` and `<project>-<cluster>-platform`, at most 63 characters."""
    argocd = ("platform", "argocd")
    dev = ("environments",), {"e" * 30: {"namespace": "team-dev"}}
    assert not found((argocd, {**ARGOCD, "project": "p" * 25}), dev)
    [finding] = findings((argocd, {**ARGOCD, "project": "p" * 26}), dev)
    assert (finding.code, where(finding)) == ("name-too-long", f'"{"e" * 30}": {{')
    assert finding.message.endswith("-models' has 64 characters, and a label takes 63")
    assert finding.hint == "shorten the environment's name, or platform.argocd.project"
    assert not found(dev)
    cluster = ("environments", "dev", "cluster")
    assert not found((argocd, {**ARGOCD, "project": "p" * 23}), (cluster, "c" * 30))
    [finding] = findings((argocd, {**ARGOCD, "project": "p" * 24}), (cluster, "c" * 30))
    assert (finding.code, where(finding)) == ("name-too-long", f'"cluster": "{"c" * 30}"')
    assert finding.hint == "shorten the cluster's name, or platform.argocd.project"


def test_the_names_of_applications_are_of_one_cluster_each() -> None:
    """Names of clusters may differ in what a name of Kubernetes cannot hold."""
    argocd = ("platform", "argocd"), ARGOCD
    dev = ("environments", "dev", "cluster"), "West 1"
    prod = ("environments", "prod"), {"namespace": "team-prod", "cluster": "west-1"}
    [finding] = findings(argocd, dev, prod)
    assert (finding.code, finding.hint) == ("duplicate-name", "give one of the clusters another name in Argo CD")
    assert finding.message.endswith("-west-1-platform' would be that of cluster 'West 1', too")
    assert not found(dev, prod)


@pytest.mark.parametrize(
    ("namespace", "name", "finding"),
    [
        # Of the dashboard.
        ("n", 30, None),
        ("n", 31, ("name-long-for-dashboard", "shorten it to 30 characters")),
        # Of a pod's label; the dashboard's limit is not said in addition.
        ("n", 48, ("name-long-for-dashboard", "shorten it to 30 characters")),
        ("n", 49, ("name-too-long", "shorten it to 48 characters")),
        # Of a host's name, with the namespace.
        ("n" * 22, 30, None),
        ("n" * 23, 30, ("name-too-long", "shorten it to 29 characters, or the namespace")),
        ("n" * 50, 2, None),
        ("n" * 51, 1, None),
        ("n" * 51, 2, ("name-too-long", "shorten it to 1 characters, or the namespace")),
        ("n" * 52, 1, ("name-too-long", "shorten the namespace")),
        ("n" * 53, 1, ("name-too-long", "shorten the namespace")),
    ],
)
def test_a_models_name_is_as_long_as_everything_made_of_it_allows(
    namespace: str, name: int, finding: tuple[str, str] | None
) -> None:
    """The strictest limit is said, once, for whichever environment it is; and other models are judged, too."""
    environments = {"dev": {"namespace": "d"}, "prod": {"namespace": namespace}}
    others = ({**MINILM, "name": other, "deployTo": ["dev"]} for other in ("before", "behind"))
    models = [next(others), {**MINILM, "name": "m" * name}, next(others)]
    found_there = findings((("environments",), environments), (("models",), models))
    assert [(each.code, each.hint) for each in found_there] == ([finding] if finding else [])
    for each in found_there:
        said = "no name is short enough" if each.hint == "shorten the namespace" else f"{name} characters"
        assert f"'{'m' * name}': {said}" in each.message


@pytest.mark.parametrize(
    ("namespace", "allowed"),
    [
        ("kube-system", False),
        ("openshift-ai", False),
        ("redhat-ods-applications", False),
        ("redhat-ods-monitoring", False),
        ("default", False),
        ("system", False),
        ("my-dashboard", False),
        ("kubeflow", True),
        ("my-openshift-ai", True),
        ("default-models", True),
    ],
)
def test_models_have_a_namespace_of_their_own(namespace: str, *, allowed: bool) -> None:
    """Whether it is an environment's, a model's, or a model's in one environment."""
    dashboard = ("platform", "dashboardNamespace"), "my-dashboard"
    for place in (
        ("environments", "dev", "namespace"),
        (*MODEL, "namespace"),
        (*MODEL, "overrides", "dev", "namespace"),
    ):
        found_there = findings(dashboard, (place, namespace))
        assert [(each.code, where(each)) for each in found_there] == (
            [] if allowed else [("reserved-namespace", f'"namespace": "{namespace}"')]
        )


@pytest.mark.parametrize(
    ("argocd", "dev", "prod", "said"),
    [
        (ARGOCD, {}, {"target": "3.4"}, '"target": "3.4"'),
        (ARGOCD, {"target": "3.4"}, {}, '"target": "3.4"'),
        (ARGOCD, {"target": "3.4"}, {"target": "3.5"}, '"target": "3.5"'),
        (ARGOCD, {"dashboardNamespace": "boards"}, {}, '"dashboardNamespace": "boards"'),
        (ARGOCD, {"target": "3.4"}, {"target": "3.4"}, None),
        (ARGOCD, {"target": "3.4", "cluster": "a"}, {"cluster": "b"}, None),
        (None, {"target": "3.4"}, {}, None),
    ],
)
def test_a_cluster_has_one_release_and_one_dashboard(
    argocd: Any, dev: dict[str, str], prod: dict[str, str], said: str | None
) -> None:
    """As far as it is known which environments share one; the finding is where the other value is written."""
    environments = {"dev": {"namespace": "team-dev", **dev}, "prod": {"namespace": "team-prod", **prod}}
    changes = [(("environments",), environments), *([(("platform", "argocd"), argocd)] if argocd else [])]
    assert [(each.code, where(each)) for each in findings(*changes)] == ([("mixed-cluster", said)] if said else [])


def test_rules_of_a_release_are_those_of_each_environments_own() -> None:
    """An environment may be of another release than the rest, as while a fleet is upgraded."""
    environments = ("environments",), {"dev": {"namespace": "d"}, "prod": {"namespace": "p", "target": "3.5"}}
    variable = ((*MODEL, "env"), {"PYTHONPATH": "/x"})
    assert found(environments, variable) == {"blocked-env"}
    assert not found(variable)
    name = ((*MODEL, "name"), "m" * 37)
    assert not found(environments, name, ((*MODEL, "overrides"), {"prod": {"auth": True}}))
    assert found(environments, name, ((*MODEL, "overrides"), {"dev": {"auth": True}})) == {"name-too-long"}


@pytest.mark.parametrize("field", ["labels", "annotations"])
@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("app", False),
        ("component", False),
        ("opendatahub.io/x", False),
        ("serving.kserve.io/x", False),
        ("kueue.x-k8s.io/x", False),
        ("kubernetes.io/x", False),
        ("x.app.kubernetes.io/x", False),
        ("app.kubernetes.io/part-of", True),
        ("app.kubernetes.io/name", True),
        ("not-kserve.io/x", True),
        ("kserve.io.example.com/x", True),
        ("example.com/kserve.io", True),
        ("apps", True),
    ],
)
def test_metadata_of_the_platform_is_its_own(field: str, key: str, *, allowed: bool) -> None:
    """By the domain, or by what KServe sets; the finding is about the key."""
    found_there = findings(((*MODEL, field), {"example.com/first": "x", key: "on"}))
    owned = [("owned-metadata", f'"{key}": "on"', "use the model's field for it, or a key in your own domain")]
    assert [(each.code, where(each), each.hint) for each in found_there] == ([] if allowed else owned)
    for each in found_there:
        assert each.source_line is not None
        assert each.position.column == each.source_line.index(f'"{key}"') + 1


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("instance", "use app.kubernetes.io/part-of or app.kubernetes.io/name: Argo CD may prune what has this label"),
        ("managed-by", "remove it: it says that this tool writes the object"),
    ],
)
def test_two_of_kubernetes_recommended_labels_are_taken(key: str, hint: str) -> None:
    """One says who writes an object, the other may say which application of Argo CD it is part of."""
    [finding] = findings((("defaults", "labels"), {"app.kubernetes.io/name": "x", f"app.kubernetes.io/{key}": "x"}))
    assert (finding.code, finding.hint) == ("owned-metadata", hint)


def test_openshift_ais_own_secret_belongs_to_no_connection() -> None:
    """Whether it is named, or would be made under the connection's name."""
    [finding] = findings(((*CONNECTION, "secret"), {"existing": "storage-config"}))
    assert (finding.code, finding.hint) == ("reserved-name", "name the connection's own Secret")
    connection = {**yaml.safe_load(MINIMAL)["connections"]["s3"]}
    connection["secret"] = {"externalSecret": {"store": "vault", "key": "models"}}
    [finding] = findings((("connections",), {"storage-config": connection}))
    assert finding.code == "reserved-name"
    assert where(finding).startswith('"storage-config": {')
    assert finding.hint == "choose another name for the connection"
    assert finding.source_line is not None
    assert finding.position.column == finding.source_line.index('"storage-config"') + 1


@pytest.mark.parametrize("place", [(*RUNTIME, "env"), (*MODEL, "env")])
@pytest.mark.parametrize(
    ("variable", "code"),
    [("HF_HUB_OFFLINE", "owned-env"), ("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "owned-env"), ("PYTHONPATH", "blocked-env")],
)
def test_a_variable_that_is_not_the_users_is_refused(place: tuple[str | int, ...], variable: str, code: str) -> None:
    """In a runtime and in a model alike, at its name."""
    found_there = findings((("platform", "target"), "3.5"), (place, {"A": "1", variable: "1", "B": "1"}))
    assert [(each.code, where(each)) for each in found_there] == [(code, f'"{variable}": "1"')]


@pytest.mark.parametrize("number", ["0X1F", "0B11", "0O17", "-_1", "+_0x1F", "-_1.5e3"])
def test_what_go_reads_as_a_number_is_text_in_quotes_only(number: str) -> None:
    """Go's parsers know prefixes in capitals, and drop underscores behind a sign; others do not."""
    for value, problems in ((number, ["yaml-ambiguous-scalar"]), (f'"{number}"', [])):
        document = source.parse(f"{MINIMAL}    env: {{A: {value}}}\n".encode(), "models.yaml")
        assert [problem.code for problem in document.problems] == problems


@pytest.mark.parametrize(
    ("number", "problems"),
    [
        ("9" * 18, []),
        ("1" + "0" * 18, ["yaml-ambiguous-scalar"]),
        ("9" * 308 + ".0", []),
        ("9" * 309 + ".0", ["yaml-ambiguous-scalar"]),
    ],
    ids=["18 digits", "19 digits", "finite", "infinite"],
)
def test_a_number_is_one_that_every_parser_can_hold(number: str, problems: list[str]) -> None:
    """Go reads longer ones as floats or refuses them, and a float has an end."""
    document = source.parse(f"{MINIMAL}    env: {{A: {number}}}\n".encode(), "models.yaml")
    assert [problem.code for problem in document.problems] == problems


@pytest.mark.parametrize(
    ("field", "entry"),
    [("labels", ("-{}", "x")), ("env", ("V{}", "{{"))],
    ids=["of the contract", "of the text"],
)
def test_no_more_findings_are_made_than_anyone_reads(field: str, entry: tuple[str, str]) -> None:
    """Errors come before warnings where there are too many of both."""

    def made(errors: int) -> list[str]:
        tag = ((*RUNTIME, "image"), "quay.io/vllm/vllm-cuda:0.13.0")
        values = {entry[0].format(number): entry[1] for number in range(errors)}
        return [str(each.severity) for each in findings(tag, ((*MODEL, field), values))]

    assert sorted(made(MOST - 1)) == ["error"] * (MOST - 1) + ["warning"]
    assert made(MOST) == ["error"] * MOST
    assert made(MOST + 1) == ["error"] * MOST


def test_a_model_without_a_name_is_called_by_its_number() -> None:
    """From 1, as people count."""
    unnamed = [
        each.message for each in findings((("models",), [MINILM, 5, {**MINILM, "name": 7}, {**MINILM, "name": ""}]))
    ]
    assert unnamed == [
        "model number 2: it must be a mapping, not a number",
        "model number 3: name must be text, not a number",
        "model '': name is empty",
    ]


def test_findings_are_in_the_order_of_the_file() -> None:
    """Whichever rule made them, and in whichever layer."""
    wrong = {**MINILM, "name": "Wrong", "replicas": 0}
    changes = ((*RUNTIME, "image"), "x"), (("models",), [wrong, {**MINILM, "env": {"PASSWORD": "x"}}])
    lines = [each.position.line for each in findings(*changes)]
    assert len(lines) == 4
    assert lines == sorted(lines)


def test_only_the_lines_of_a_credential_are_hidden() -> None:
    """What stands before it, and on the line behind its last one, is shown."""
    variable = "DB_PASSWORD: |\n        not-a-real\n        password\n"
    text = f"{MINIMAL}    replicas: 0\n    env:\n      {variable}      A: 0123\n"
    with pytest.raises(CatalogError) as error:
        validate(source.parse(text.encode(), "models.yaml"))
    shown = [(each.code, each.source_line and each.source_line.strip()) for each in error.value.diagnostics]
    assert shown == [
        ("out-of-range", "replicas: 0"),
        ("credential-in-catalog", None),
        ("yaml-ambiguous-scalar", "A: 0123"),
    ]
