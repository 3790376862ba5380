"""What callers and operators read."""

import ast
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from helpers import MINIMAL, SHIPPED, project, run

from generator.catalog.validate import validate
from generator.pages import CATALOG_PAGE, FLEET_PAGE, HTML_PAGE, pages
from generator.vllm.model_config import Facts
from generator.yaml import read as source

KEY: Final = ("sentence-transformers/all-MiniLM-L6-v2", "1110a243fdf4706b3f48f1d95db1a4f5529b4d41")
BERT: Final = {"architectures": ["BertModel"], "max_position_embeddings": 512, "hidden_size": 384}
MODULES: Final = [{"type": f"sentence_transformers.models.{name}", "path": name} for name in ("Pooling", "Normalize")]
HOSTILE: Final = '<script>alert(1)</script> & "x" \u202egnp.exe'


def rendered(catalog: str, known: dict[tuple[str, str], Facts] | None = None) -> dict[str, str]:
    """The pages' texts."""
    found = pages(validate(source.parse(catalog.encode(), "models.yaml"))[0], known or {})
    return {path: content.decode() for path, content in found.items()}


class _Tags(HTMLParser):
    """Every tag of a page, and the attributes that could fetch or run something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.reaching: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.reaching += [f"{name}={value}" for name, value in attrs if name in ("src", "srcset") or name[:2] == "on"]
        self.reaching += [str(value) for name, value in attrs if name == "href" and not str(value).startswith("#")]


def test_each_task_has_calls_and_true_answers() -> None:
    """Each shell command is one, each Python is Python, and each answer JSON but for the cut of its vectors."""
    page = rendered(SHIPPED)[CATALOG_PAGE]
    shell = [text for text in re.findall(r"^```sh\n(.+?)^```", page, re.MULTILINE | re.DOTALL) if "curl" in text]
    asked = [re.search(r"/v1/[a-z]+", text)[0] for text in shell]  # type: ignore[index]
    assert asked == ["/v1/rerank", *(f"/v1/{path}" for path in ("embeddings", "rerank", "score") for _ in range(2))]
    bodies = [json.loads(shlex.split(text)[-1]) for text in shell[1::2]]
    assert bodies[1]["top_n"] == 2
    for text in re.findall(r"^```python\n(.+?)^```", page, re.MULTILINE | re.DOTALL):
        ast.parse(text)
    said = re.findall(r"^```text\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    answers = [json.loads(text.replace(", …", "")) for text in said]
    assert [item["object"] for item in answers[0]["data"]] == ["embedding", "embedding"]
    assert len(answers[1]["results"]) == bodies[1]["top_n"]
    assert len(answers[2]["data"]) == len(bodies[2]["text_2"])


def test_a_call_needs_a_token_and_the_clusters_authority_only_where_the_model_asks_for_one() -> None:
    """Without `auth`, the URL is plain HTTP."""
    page = rendered(MINIMAL)[CATALOG_PAGE]
    assert "TOKEN" not in page
    assert "--cacert" not in page
    assert "curl http://minilm-predictor.team-dev.svc.cluster.local:8080/v1/embeddings" in page
    page = rendered(f"{MINIMAL}    auth: true\n")[CATALOG_PAGE]
    assert "TOKEN=$(oc create token minilm-sa -n team-dev --duration=24h)" in page
    assert 'api_key=os.environ["TOKEN"]' in page


def test_the_page_says_how_to_find_the_host_of_a_route() -> None:
    """And where there is none, it says nothing of routes."""
    assert "oc get route" not in rendered(MINIMAL)[CATALOG_PAGE]
    page = rendered(f"{MINIMAL}    auth: true\n    expose: true\n")[CATALOG_PAGE]
    assert "oc get route minilm -n team-dev -o jsonpath='https://{.spec.host}'" in page


TWO: Final = MINIMAL.replace("dev: {namespace: team-dev}", "dev: {namespace: team-dev}\n  prod: {namespace: team-prod}")
GUARDED: Final = "auth: true, expose: true"
GUARDED_ALL: Final = "    auth: true\n    expose: true\n"


def test_calls_are_shown_for_environments_with_a_token_and_without() -> None:
    """Each as it is sent there, and how to get the token right where it is used."""
    shown = rendered(f"{TWO}    overrides: {{prod: {{{GUARDED}}}}}\n")
    page = shown[CATALOG_PAGE]
    dev, prod = "minilm-predictor.team-dev.svc.cluster.local:8080", "minilm-predictor.team-prod.svc.cluster.local:8443"
    account = "export TOKEN=$(oc create token minilm-sa -n team-prod --duration=24h)"
    assert f"`minilm` in dev, without a token:\n\n```sh\ncurl http://{dev}/v1/embeddings \\\n  -H 'Content" in page
    assert (
        f"`minilm` in prod, with a token:\n\n```sh\n{account}\ncurl https://{prod}/v1/embeddings \\\n  --cacert" in page
    )
    assert f'base_url="http://{dev}/v1"' in page
    assert f'base_url="https://{prod}/v1"' in page
    for text in (dev, prod, account):
        assert text in shown[HTML_PAGE]


def test_a_chosen_host_is_in_the_call_from_outside() -> None:
    """Nobody has to ask for it, and the Route's certificate is not the cluster's."""
    page = rendered(f"{MINIMAL}    auth: true\n    expose: true\n    host: m.example.com\n")[CATALOG_PAGE]
    outside = page.partition("## From outside")[2].partition("\n## ")[0]
    assert "curl https://m.example.com/v1/embeddings" in outside
    assert "--cacert" not in outside
    assert "oc get route" not in page


def test_a_stopped_model_has_no_calls_where_it_is_stopped() -> None:
    """The other environments keep theirs; stopped everywhere, the page says that alone."""
    for page in rendered(f"{TWO}{GUARDED_ALL}    overrides: {{prod: {{stopped: true}}}}\n").values():
        assert "team-prod.svc" not in page
    shown = rendered(f"{TWO}{GUARDED_ALL}    stopped: true\n")
    assert "Stopped in every environment.\n" in shown[CATALOG_PAGE]
    for page in (shown[CATALOG_PAGE], shown[HTML_PAGE]):
        for text in ("curl", "TOKEN", "Route", "svc.cluster.local"):
            assert text not in page


def test_prefixes_are_shown_as_they_are_sent() -> None:
    """With quotes, because most end in a space; an empty prefix is none."""
    prompts = {"query": 'Query *"x"*: ', "document": "", "passage": "passage: "}
    facts = Facts(config={"config.json": BERT, "config_sentence_transformers.json": {"prompts": prompts}})
    shown = rendered(MINIMAL, {KEY: facts})
    assert '- Passage prefix: "passage: "\n' in shown[CATALOG_PAGE]
    assert r'- Query prefix: "Query \*\\"x\\"\*: "' in shown[CATALOG_PAGE]
    assert "Passage prefix: &#34;passage: &#34;" in shown[HTML_PAGE]


def test_what_the_lock_knows_is_on_both_pages() -> None:
    """Licence, pooling and normalization; without a lock, nothing is guessed."""
    config = {"config.json": BERT, "modules.json": MODULES, "Pooling/config.json": {"pooling_mode_mean_tokens": True}}
    shown = rendered(MINIMAL, {KEY: Facts(license="apache-2.0", config=config)})
    assert "- Licence: apache-2.0\n- Pooling: mean\n- Normalized: yes\n" in shown[CATALOG_PAGE]
    for line in ("Licence: apache-2.0", "Pooling: mean", "Normalized: yes"):
        assert line in shown[HTML_PAGE]
    assert "Licence" not in "".join(rendered(MINIMAL).values())


def test_the_scale_of_scores_is_that_of_the_lock() -> None:
    """MS MARCO's models return logits, others a number from 0 to 1."""
    catalog = MINIMAL.replace("task: embedding", "task: reranker").replace("    dimensions: 384\n", "")
    config = {"architectures": ["BertForSequenceClassification"], "num_labels": 1}
    assert "- Scores: 0 to 1\n" in rendered(catalog, {KEY: Facts(config={"config.json": config})})[CATALOG_PAGE]
    config["sbert_ce_default_activation_function"] = "torch.nn.modules.linear.Identity"
    assert "- Scores: logits" in rendered(catalog, {KEY: Facts(config={"config.json": config})})[CATALOG_PAGE]


def test_operators_find_quota_and_files_on_a_page_of_their_own() -> None:
    """Callers need neither."""
    shown = rendered(SHIPPED)
    assert "| prod | embeddings-prod | 7 | GPUs | 10 | 16 |\n" in shown[FLEET_PAGE]
    assert "s3://your-bucket/models/minilm-embedding/1110a243fdf4/" in shown[FLEET_PAGE]
    assert "s3://" not in shown[CATALOG_PAGE] + shown[HTML_PAGE]


def test_the_html_page_needs_no_network_and_runs_nothing_of_others() -> None:
    """One script, ours; no link but those within the page; hostile text is text."""
    catalog = f"{MINIMAL}    displayName: {json.dumps(HOSTILE)}\n    description: {json.dumps(HOSTILE)}\n"
    facts = Facts(license=HOSTILE, config={"config.json": BERT})
    page = rendered(catalog, {KEY: facts})[HTML_PAGE]
    tags = _Tags(page)
    assert tags.tags.count("script") == 1
    assert tags.reaching == []
    assert not re.search(r"url\(|@import", page)
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;x&#34;" in page


def test_all_pages_are_generated_files(tmp_path: Path) -> None:
    """They are checked, and replaced, as every other one."""
    root = project(tmp_path)
    assert run("generate", root=root).code == 0
    for path in (CATALOG_PAGE, HTML_PAGE, FLEET_PAGE):
        (root / path).write_text((root / path).read_text("utf-8") + "by hand\n", "utf-8")
    ran = run("generate", "--check", root=root)
    assert ran.stderr.count("[out-of-date]") == 3
