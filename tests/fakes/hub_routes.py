"""What a Hub answers, as functions of its state and a request."""

import json
import re
from dataclasses import replace
from urllib.parse import SplitResult, parse_qs, unquote, urlencode

from .faults import refusal
from .hub_state import HubRequest, HubState
from .repos import Entry, Repo
from .server import Reply

API = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/(?P<route>revision|tree|auth-check)(?:/(?P<rest>.*))?)?")
RESOLVE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def api(state: HubState, request: HubRequest, token: str | None, rest: str, url: SplitResult) -> Reply:
    """Answer model_info, tree and auth-check; `rest` is what follows the route in the path."""
    repo = state.repos.get(request.repo)
    refused = _refused(state, repo, token, contents=request.route == "auth-check")
    if refused or repo is None:
        return refused or refusal(404)
    if request.route == "auth-check":
        return _json({})
    revision, _, folder = rest.partition("/")
    commit = repo.resolve(unquote(revision))
    if commit is None:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {unquote(revision)}")
    asked = parse_qs(url.query)
    if request.route == "info":
        return _json(repo.info(commit, blobs=asked.get("blobs") == ["true"]))
    rows = repo.tree(commit, unquote(folder), recursive=_true(asked, "recursive"))
    if rows is None:
        return refusal(404, "EntryNotFound", "No such folder")
    start = int(asked.get("cursor", ["0"])[0])
    end = start + state.page_size
    reply = _json(rows[start:end])
    if end < len(rows):
        following = urlencode({name: values[0] for name, values in asked.items()} | {"cursor": end})
        reply.headers["Link"] = f'<{url._replace(query=following).geturl()}>; rel="next"'
    return reply


def resolve(state: HubState, request: HubRequest, token: str | None, revision: str, cdn: str) -> Reply:
    """Answer with a small file, or say where a large one is."""
    repo = state.repos.get(request.repo)
    refused = _refused(state, repo, token, contents=True)
    if refused or repo is None:
        return refused or refusal(404)
    commit = repo.resolve(revision)
    if commit is None:
        return refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
    entry = repo.commits[commit].get(request.file)
    if entry is None:
        return refusal(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit})
    if not entry.lfs:
        return file(entry, request, {"X-Repo-Commit": commit, "ETag": f'"{entry.etag}"'})
    reply = Reply.of(b"Found. Redirecting", "text/plain", 302)
    reply.headers |= {
        "Location": cdn + state.sign(repo.name, entry),
        "X-Repo-Commit": commit,
        "X-Linked-Etag": f'"{entry.etag}"',
        "X-Linked-Size": str(entry.content.size),
        "Accept-RangeReader": "bytes",
    }
    return reply


def large(state: HubState, request: HubRequest, number: str, query: str) -> Reply:
    """Answer for a signed URL."""
    ticket = state.ticket(number)
    if request.authorized:
        return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
    if ticket is None or parse_qs(query).get("X-Amz-Signature") != [ticket.signature]:
        return _xml(403, "SignatureDoesNotMatch", "The signature does not match")
    if not state.use(ticket):
        return _xml(403, "AccessDenied", "Request has expired")
    return file(ticket.entry, request, {"ETag": f'"{ticket.entry.etag}"'})


def file(entry: Entry, request: HubRequest, headers: dict[str, str]) -> Reply:
    """Answer with a file, or the part of it that was asked for."""
    size = entry.content.size
    headers = {"Content-Type": "application/octet-stream", "Accept-RangeReader": "bytes", **headers}

    def full() -> Reply:
        return Reply(200, headers, entry.content.chunks(), size, full=full if request.method == "GET" else None)

    span = _RANGE.fullmatch(request.range or "")
    if not span or not any(span.groups()):
        return full()
    first, last = span.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        return replace(refusal(416, "", "Range Not Satisfiable"), headers={"Content-Range": f"bytes */{size}"})
    part = {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return replace(
        full(), status=206, headers=part, chunks=entry.content.chunks(start, end), length=end - start, start=start
    )


def _refused(state: HubState, repo: Repo | None, token: str | None, *, contents: bool) -> Reply | None:
    if token is not None and state.token not in (None, token):
        return refusal(401, "", "Invalid credentials in Authorization header")
    hidden = repo is None or (repo.about.get("private") and token is None)
    if hidden or repo is None:
        return refusal(404 if token else 401, "RepoNotFound", "Repository not found")
    if repo.about.get("disabled"):
        return refusal(403, "", "Access to this resource is disabled.")
    if contents and repo.about.get("gated") and (token is None or not state.approved):
        return refusal(403 if token else 401, "GatedRepo", f"Access to model {repo.name} is restricted.")
    return None


def _true(asked: dict[str, list[str]], name: str) -> bool:
    return asked.get(name, [""])[0].lower() in ("true", "1")


def _json(value: object) -> Reply:
    return Reply.of(json.dumps(value).encode(), "application/json")


def _xml(status: int, code: str, message: str) -> Reply:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Reply.of(body.encode(), "application/xml", status)
