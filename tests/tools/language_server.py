"""A client of the YAML language server, which VS Code, Neovim, Zed and others run: one process, many documents."""

import json
import subprocess
import threading
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fakes import LONG_S

_SETTINGS = {"yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}}
_MARKDOWN = ["markdown", "plaintext"]
_CLIENT = {
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "hover": {"contentFormat": _MARKDOWN},
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": _MARKDOWN}},
    },
}


class LanguageServer:
    """The server with one folder open. It reads no schema store, and so needs no network."""

    def __init__(self, node: Path, script: Path, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [node, script, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        self._numbers = count(1)
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}
        self._deadline = threading.Timer(LONG_S, self._process.kill)
        self._deadline.daemon = True

    def __enter__(self) -> Self:
        self._deadline.start()
        self._ask(
            "initialize",
            processId=None,
            rootUri=self._folder.as_uri(),
            workspaceFolders=[{"uri": self._folder.as_uri(), "name": "catalog"}],
            capabilities=_CLIENT,
        )
        self._send(method="initialized", params={})
        self._send(method="workspace/didChangeConfiguration", params={"settings": _SETTINGS})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadline.cancel()
        self._process.kill()
        self._process.communicate()

    def open(self, text: str) -> "Opened":
        """Open a document in the folder, which need not be on disk."""
        uri = (self._folder / f"models-{next(self._numbers)}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send(method="textDocument/didOpen", params={"textDocument": document})
        return Opened(self, uri, text)

    def ask(self, method: str, uri: str, at: tuple[int, int]) -> Any:
        """A question about a place in a document."""
        position = {"line": at[0], "character": at[1]}
        return self._ask(method, textDocument={"uri": uri}, position=position)

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """What the server marks in a document, once it has said so."""
        while uri not in self._diagnostics:
            self._handle(self._receive())
        return self._diagnostics[uri]

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._send(id=number, method=method, params=params)
        while True:
            message = self._receive()
            if message.get("id") == number and "method" not in message:
                return message["result"]
            self._handle(message)

    def _handle(self, message: dict[str, Any]) -> None:
        """A notification, or a question of the server's own."""
        params = message.get("params", {})
        if message["method"] == "textDocument/publishDiagnostics":
            self._diagnostics[params["uri"]] = params["diagnostics"]
        elif "id" in message:
            known = message["method"] == "workspace/configuration"
            result = [_SETTINGS.get(item.get("section")) for item in params["items"]] if known else None
            self._send(id=message["id"], result=result)

    def _send(self, **message: Any) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line, "the language server ended"
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message


class Opened:
    """A document in the server. Places are lines and columns from 0."""

    def __init__(self, server: LanguageServer, uri: str, text: str) -> None:
        self._server, self._uri, self.text = server, uri, text

    def hover(self, at: tuple[int, int]) -> str:
        """What is shown of a place, as Markdown."""
        answer = self._server.ask("textDocument/hover", self._uri, at)
        return str(answer["contents"]["value"]) if answer else ""

    def completions(self, at: tuple[int, int]) -> list[dict[str, Any]]:
        """What is offered at a place."""
        items: list[dict[str, Any]] = self._server.ask("textDocument/completion", self._uri, at)["items"]
        return items

    def problems(self) -> list[str]:
        """The messages of what is marked."""
        return [item["message"] for item in self._server.diagnostics(self._uri)]
