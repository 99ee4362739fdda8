"""An entry of the catalogue, from every kind of source and with all their troubles, to a version that can be read."""

import hashlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from parley.engines.model import read_spec
from parley.engines.trust import TrustConfig
from parley.errors import BadInput, BadModel, Forbidden, ParleyError, Unavailable
from parley.store import catalogue, download, pins
from parley.store.pull import Pulled, pull
from tests.parley.store import hub as hubs
from tests.parley.store.hub import COMMIT, Hub, entry

FILES = {"model.onnx": bytes(range(256)) * 9000, "labels.txt": b"small"}


@dataclass
class Told:
    """Steps that remember what they were told."""

    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    bytes: list[tuple[int, int | None]] = field(default_factory=list)

    def say(self, doing: str) -> None:
        self.said.append(doing)

    def warn(self, text: str) -> None:
        self.warned.append(text)

    def progress(self, done: int, total: int | None) -> None:
        self.bytes.append((done, total))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hubs.serving(dict(FILES)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setattr(download, "PAUSE_S", 0.01)
        yield hub


@pytest.fixture
def told() -> Told:
    return Told()


def pulled(root: Path, told: Told, sources: list[str], *, known: bool = True, policy: str = "open") -> Pulled:
    """The entry, pulled."""
    path = root.parent / "catalogue.toml"
    path.write_text(entry(FILES, sources, known))
    trust = TrustConfig(policy=policy)  # type: ignore[arg-type]
    return pull("tiny", catalogue.read(path).entries["tiny"], root, trust, told)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "models"


def check(found: Pulled) -> None:
    """Every byte, and nothing else lies there."""
    spec = read_spec(found.place)
    assert {name: spec.bytes_of(name) for name in spec.files} == FILES
    assert {path.name for path in found.place.iterdir()} == {*FILES, "model.toml", "CARD.md"}
    assert not (found.place.parents[1] / ".incoming").exists()


def test_a_hub_gives_a_model(hub: Hub, root: Path, told: Told) -> None:
    """Of the commit that its main branch was, with how much has come; the second pull fetches nothing."""
    found = pulled(root, told, ["hub:a/b"])
    check(found)
    assert read_spec(found.place).source["revision"] == COMMIT
    assert read_spec(found.place).source["trust"] == "pinned"
    assert "`hub:a/b`" in (found.place / "CARD.md").read_text()
    assert told.bytes[-1] == (5, 5)
    assert [path for path, _ in hub.asked if "resolve" in path] == [
        "/a/b/resolve/main/model.onnx",
        f"/a/b/resolve/{COMMIT}/labels.txt",
    ]
    count = len(hub.asked)
    assert not pulled(root, told, ["hub:a/b"]).is_new
    assert len(hub.asked) == count


def test_a_revision_and_a_folder_are_asked_for(hub: Hub, root: Path, told: Told) -> None:
    """As the line says."""
    check(pulled(root, told, ["hub:a/b@v1.0/onnx/small"]))
    assert hub.asked[0][0] == "/a/b/resolve/v1.0/onnx/small/model.onnx"


def test_a_token_goes_to_the_hub_alone(hub: Hub, root: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it one sentence says which variable; with it the model comes."""
    hub.trouble.wants_token = "secret"
    with pytest.raises(Forbidden, match=r"answers 401; set HF_TOKEN"):
        pulled(root, told, ["hub:a/b"])
    monkeypatch.setenv("HF_TOKEN", "secret")
    check(pulled(root, told, ["hub:a/b"]))


def test_a_proxy_is_heeded(hub: Hub, root: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that only the proxy knows; what NO_PROXY names is asked itself."""
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, hub.address)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    check(pulled(root, told, ["hub:a/b"]))
    assert {each["host"] for each in hub.headers} == {"hub.invalid", hub.address.removeprefix("http://")}


def test_cut_connections_cost_no_byte_twice(hub: Hub, root: Path, told: Told) -> None:
    """Each try goes on where the last one ended."""
    hub.trouble.breaks = [1_000_000, 500_000, 7]
    check(pulled(root, told, ["hub:a/b"]))
    spans = [span for path, span in hub.asked if path == "/elsewhere/model.onnx"]
    assert spans == ["", "bytes=1000000-", "bytes=1500000-", "bytes=1500007-"]


def test_a_hub_that_is_full_is_asked_again_when_it_says(hub: Hub, root: Path, told: Told) -> None:
    """429 and 503 are waited for, as long as they ask; a date counts too."""
    hub.trouble.full, hub.trouble.down = ["0", "", "Thu, 01 Jan 1970 00:00:00 GMT"], 0
    check(pulled(root, told, ["hub:a/b"]))


def test_a_hub_that_stays_full_is_said(hub: Hub, root: Path, told: Told) -> None:
    """An hour is not waited: the error says when to come back."""
    hub.trouble.full = ["3600"]
    with pytest.raises(Unavailable, match="429 Too Many Requests") as refused:
        pulled(root, told, ["hub:a/b"])
    assert refused.value.retry_s == 3600


def test_a_file_that_changes_meanwhile_comes_whole(hub: Hub, root: Path, told: Told) -> None:
    """What began as one edition is not finished with another: it begins anew, and then its sum is wrong."""
    hub.trouble.breaks, hub.trouble.grows = [1_000_000], True
    with pytest.raises(BadInput, match="is another file than was asked for"):
        pulled(root, told, ["hub:a/b"])
    assert not list(root.rglob("*.part"))


def test_wrong_bytes_are_refused_and_the_next_source_is_tried(hub: Hub, root: Path, told: Told, tmp_path: Path) -> None:
    """The sum decides; which source lied is said."""
    good = tmp_path / "mirror"
    good.mkdir()
    for name, data in FILES.items():
        (good / name).write_bytes(data)
    hub.trouble.lies = True
    found = pulled(root, told, ["hub:a/b", str(good)])
    check(found)
    assert read_spec(found.place).source["from"] == str(good)
    assert told.warned[0].startswith("hub:a/b gives other bytes than it should")


def test_what_the_hub_says_of_a_file_counts_where_nobody_knows_it(hub: Hub, root: Path, told: Told) -> None:
    """Bytes that are not the ones of the hub's own sum are not believed even the first time."""
    hub.trouble.lies = True
    with pytest.raises(BadInput, match="and the hub says"):
        pulled(root, told, ["hub:a/b"], known=False)
    assert pins.read(root) == {}


def test_every_source_that_failed_is_named(hub: Hub, root: Path, told: Told) -> None:
    """A hub that is down, a repository that is not there, a folder that is none."""
    hub.trouble.down = 99
    with pytest.raises(Unavailable, match=r"No source gives tiny\. hub:a/b: .*503.*; /no/such: .*does not exist"):
        pulled(root, told, ["hub:a/b", "/no/such"])


def test_what_is_not_there_is_said(hub: Hub, root: Path, told: Told) -> None:
    """404 is no reason to try again."""
    del hub.files["labels.txt"]
    with pytest.raises(ParleyError, match=r"has no labels\.txt; it has moved"):
        pulled(root, told, ["hub:a/b"])
    assert not list(root.rglob("model.toml"))


def test_what_came_whole_is_kept_when_the_next_file_does_not(hub: Hub, root: Path, told: Told) -> None:
    """The second call asks for the rest alone."""
    hub.trouble.full = []
    small = hub.files.pop("labels.txt")
    hub.files["labels.txt"] = small * 1000
    hub.trouble.breaks = [3_000_000, 1, 1, 1, 1, 1, 1, 1]
    with pytest.raises(Unavailable, match="broke off at 4 bytes"):
        pulled(root, told, ["hub:a/b"])
    hub.files["labels.txt"], hub.trouble.breaks, hub.asked = small, [], []
    check(pulled(root, told, ["hub:a/b"]))
    assert not [path for path, _ in hub.asked if path.endswith("model.onnx")]


@pytest.mark.parametrize("archived", [False, True])
def test_a_folder_gives_files_by_their_sums(root: Path, told: Told, tmp_path: Path, archived: bool) -> None:
    """Called otherwise there, in a folder; by their names wherever in an archive they lie."""
    from tests.parley.store.package_index import wheel

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "their_name.onnx").write_bytes(FILES["model.onnx"])
    (tmp_path / "there" / "labels.txt").write_bytes(FILES["labels.txt"])
    source = wheel(tmp_path, "a", "1", FILES) if archived else tmp_path / "there"
    check(pulled(root, told, [str(source)]))


def test_the_first_use_is_said_loudly_and_remembered(hub: Hub, root: Path, told: Told) -> None:
    """Where nobody knew the sums: from then on they must be the same, also when the version was removed."""
    found = pulled(root, told, ["hub:a/b"], known=False)
    check(found)
    assert found.origin.trust == "first-use"
    (loud,) = told.warned
    assert loud.startswith("TRUST ON FIRST USE")
    assert hashlib.sha256(FILES["model.onnx"]).hexdigest() in loud
    found.place.rename(root / "gone")
    hub.files["model.onnx"] = FILES["model.onnx"][::-1]
    with pytest.raises(BadInput, match="another file"):
        pulled(root, told, ["hub:a/b"], known=False)
    hub.files["model.onnx"] = FILES["model.onnx"]
    check(pulled(root, told, ["hub:a/b"], known=False))
    assert len(told.warned) == 1


def test_pinned_refuses_what_nobody_knows(hub: Hub, root: Path, told: Told) -> None:
    """Before a byte is asked for."""
    with pytest.raises(BadInput, match=r'no sha256 of model\.onnx, labels\.txt, and `trust\.policy` is "pinned"'):
        pulled(root, told, ["hub:a/b"], known=False, policy="pinned")
    assert hub.asked == []
    check(pulled(root, told, ["hub:a/b"], policy="pinned"))


def test_terms_that_are_not_allowed_are_not_fetched(hub: Hub, root: Path, told: Told) -> None:
    """Before a byte is asked for."""
    path = root.parent / "catalogue.toml"
    path.write_text(entry(FILES, ["hub:a/b"], license="CC-BY-NC-4.0"))
    with pytest.raises(BadModel, match=r"tiny has the licence CC-BY-NC-4\.0, and `trust\.licenses` lists MIT"):
        pull("tiny", catalogue.read(path).entries["tiny"], root, TrustConfig(licenses=("MIT",)), told)
    assert hub.asked == []


def test_a_full_disk_is_said_before_anything_comes(
    hub: Hub, root: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is left."""
    usage = type("Usage", (), {"free": 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(BadInput, match=r"has room for 0\.00 GB, and 0\.01 GB are needed; make room"):
        pulled(root, told, ["hub:a/b"])
    assert hub.asked == []
    assert not list(root.rglob("*.*"))


def test_two_pulls_at_once_are_one(hub: Hub, root: Path) -> None:
    """The second waits for the first, and fetches nothing."""
    steps, found = [Told(), Told()], list[Pulled]()
    hub.trouble.breaks = [1000] * 3
    threads = [
        threading.Thread(target=lambda each=each: found.append(pulled(root, each, ["hub:a/b"]))) for each in steps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(each.is_new for each in found) == [False, True]
    check(found[0])
    assert len([path for path, _ in hub.asked if path.endswith("resolve/main/model.onnx")]) <= 4


def test_a_version_that_was_changed_here_is_not_taken_for_the_right_one(root: Path, told: Told, hub: Hub) -> None:
    """A pull of what is there checks it."""
    found = pulled(root, told, ["hub:a/b"])
    (found.place / "labels.txt").write_bytes(b"smalm")
    with pytest.raises(BadInput, match=r"labels\.txt of .* is another file than was meant"):
        pulled(root, told, ["hub:a/b"])


def test_passwords_are_not_written_down(root: Path, told: Told, hub: Hub) -> None:
    """Nor what an address is signed with."""
    address = hub.address.replace("http://", "http://user:secret@")
    found = pulled(root, told, [f"{address}/folder/"])
    text = (found.place / "model.toml").read_text() + (found.place / "CARD.md").read_text()
    assert "secret" not in text
    assert "secret" not in "".join(told.said)
