"""The OpenAPI document -> one page that needs nothing from elsewhere. Must not know what the operations do."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body{{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}}
code,pre{{font:14px/1.45 ui-monospace,monospace}}
pre{{background:#f4f4f2;padding:.7rem;overflow:auto;white-space:pre-wrap}}
summary{{cursor:pointer;padding:.4rem 0}} details{{border-top:1px solid #ddd}} b{{display:inline-block;width:4rem}}
td{{padding:.1rem 1rem .1rem 0;vertical-align:top}}
@media(prefers-color-scheme:dark){{body{{color:#ddd;background:#181818}}pre{{background:#262626}}}}
</style><h1>{title}</h1><p>{description} <a href="/openapi.json">openapi.json</a></p>"""


def page(document: Json) -> str:
    """The whole page."""
    head = HEAD.format(title=escape(document["info"]["title"]), description=escape(document["info"]["description"]))
    operations = (
        _operation(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return head + "".join(operations) + "<h2>Messages</h2>" + "".join(_schemas(document)) + "</html>"


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f"<details><summary><b>{method.upper()}</b><code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    ]
    if "description" in operation:
        parts.append(f"<p>{escape(operation['description'])}</p>")
    if "x-curl" in operation:
        parts.append(_code(operation["x-curl"]))
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h4>Takes {escape(kind)}</h4>{_table(body['schema'])}")
    for status, answer in operation["responses"].items():
        parts.append(f"<p><code>{status}</code> {escape(answer['description'])}</p>{_examples(answer)}")
    return "".join(parts) + "</details>"


def _table(schema: Json) -> str:
    required = schema.get("required", ())
    rows = (
        f"<tr><td><code>{escape(name)}</code>{' *' if name in required else ''}<td>{escape(_rule(field))}"
        for name, field in schema.get("properties", {}).items()
    )
    return f"<table>{''.join(rows)}</table>"


def _rule(field: Json) -> str:
    """A field in a few words."""
    parts = [str(field[key]) for key in ("description", "type") if key in field]
    parts += [f"{key}: {json.dumps(field[key])}" for key in ("enum", "default", "minimum", "maximum") if key in field]
    return "; ".join(parts)


def _examples(answer: Json) -> str:
    return "".join(_code(body["example"]) for body in answer.get("content", {}).values() if "example" in body)


def _schemas(document: Json) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield f"<details><summary><code>{escape(name)}</code></summary>{_code(schema)}</details>"


def _code(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<pre>{escape(text)}</pre>"
