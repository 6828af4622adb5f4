"""Tests of `otel_crumbs.base.patching`: nothing of a hook is left once it was undone."""

from __future__ import annotations

import importlib.util
import inspect
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from tests.conftest import GuardedFailures


class Base:
    """The owner of what is replaced."""

    def greet(self, name: str, *, loudly: bool = False) -> str:
        """Greet somebody."""
        return f"hello {name}" + "!" * loudly

    @classmethod
    def build(cls) -> str:
        """Name the class."""
        return cls.__name__


class Derived(Base):
    """A class that inherits what is replaced."""


def politely(original: Callable[..., str], patch: Patch) -> Callable[..., str]:
    """Make a stand-in that adds a word while it is active."""

    def stand_in(*args: Any, **kwargs: Any) -> str:
        words = original(*args, **kwargs)
        return f"{words}, please" if patch.active else words

    return stand_in


def test_a_method_is_replaced_and_put_back() -> None:
    """After undoing, the class has the very function that it had before."""
    original = vars(Base)["greet"]

    undo = replace(Base, "greet", politely)
    inside = Base().greet("Ada")
    undo()

    assert inside == "hello Ada, please"
    assert vars(Base)["greet"] is original


def test_an_inherited_method_is_inherited_again() -> None:
    """A class that had no method of that name has none afterwards."""
    undo = replace(Derived, "greet", politely)
    inside = Derived().greet("Ada"), Base().greet("Ada")
    undo()

    assert inside == ("hello Ada, please", "hello Ada")
    assert "greet" not in vars(Derived)


def test_a_stand_in_looks_like_the_original() -> None:
    """The name, the documentation and the signature are those of the original."""
    signature, doc = inspect.signature(Base.greet), Base.greet.__doc__

    undo = replace(Base, "greet", politely)
    found = inspect.signature(Base.greet), Base.greet.__doc__, Base.greet.__qualname__
    undo()

    assert found == (signature, doc, "Base.greet")


def test_somebody_who_hooked_in_later_stays() -> None:
    """Their hook is left in place, and ours below it only calls the original."""
    original = vars(Base)["greet"]
    undo = replace(Base, "greet", politely)
    ours = Base.greet

    def theirs(self: Base, name: str) -> str:
        return ours(self, name).upper()

    Base.greet = theirs  # type: ignore[assignment,method-assign]  # as another tool would
    undo()
    found = Base().greet("Ada")
    Base.greet = original  # type: ignore[method-assign]  # as it was

    assert found == "HELLO ADA"


@given(st.lists(st.tuples(st.sampled_from(["put in", "take out"]), st.integers(0, 3)), max_size=20))
def test_any_order_of_hooks_ends_with_the_original(steps: list[tuple[str, int]]) -> None:
    """Several that hook in and out, last in first out or not, leave nothing that has an effect."""
    owner = type("Owner", (), {"greet": lambda _: "hello"})
    undos: dict[int, Undo] = {}

    for step, who in steps:
        if step == "put in" and who not in undos:
            undos[who] = replace(owner, "greet", politely)
        elif step == "take out" and who in undos:
            undos.pop(who)()
        assert owner().greet().count("please") == len(undos)  # type: ignore[attr-defined]  # made above
    for undo in undos.values():
        undo()

    assert owner().greet() == "hello"  # type: ignore[attr-defined]  # made above


def test_one_that_fails_does_not_keep_others_from_being_undone(guarded_failures: GuardedFailures) -> None:
    """Each function is called, the last one first, and the failure is reported."""
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError("a mistake")

    combine(lambda: called.append("first"), fail, None, lambda: called.append("last"))()

    assert called == ["last", "first"]
    assert [doing for doing, _ in guarded_failures] == ["a hook was taken out"]
    guarded_failures.clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Provide a package that nobody has imported, and that nobody finds afterwards."""
    name = f"package_{tmp_path.name.replace('-', '_')}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("value = 1\n", encoding="utf-8")
    (folder / "part.py").write_text("value = 2\n", encoding="utf-8")
    (folder / "broken.py").write_text("import sys\nsys.modules[__name__].attempts\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield name  # type: ignore[misc]  # pytest makes a generator a fixture
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def finders() -> list[object]:
    """Return the finders of this package that the import system calls."""
    return [finder for finder in sys.meta_path if type(finder).__module__.startswith("otel_crumbs")]


def test_a_module_is_hooked_when_it_is_imported(package: str) -> None:
    """The hook sees the module once its code has run; undoing leaves no finder behind."""
    seen: list[int] = []

    undo = on_import(f"{package}.part", lambda module: seen.append(module.value))
    before = list(seen)
    module = importlib.import_module(f"{package}.part")
    undo()

    assert (before, seen) == ([], [2])
    assert "exec_module" not in vars(module.__loader__)
    assert module.__spec__.loader is module.__loader__
    assert finders() == []


def test_a_module_that_is_there_is_hooked_now(package: str) -> None:
    """Nobody need import it again."""
    module = importlib.import_module(package)
    seen: list[ModuleType] = []

    undo = on_import(package, seen.append)
    undo()

    assert seen == [module]


def test_a_module_is_never_imported_for_a_hook(package: str) -> None:
    """Waiting for it does not look for it either."""
    undo = on_import(f"{package}.part", lambda _: None)
    undo()

    assert package not in sys.modules


def test_nothing_is_hooked_once_nobody_waits(package: str) -> None:
    """A module that is imported after undoing is left alone."""
    seen: list[ModuleType] = []

    on_import(package, seen.append)()
    importlib.import_module(package)

    assert seen == []


def test_undoing_undoes_what_was_attached(package: str) -> None:
    """The function that the hook returned is called, once."""
    undone: list[str] = []

    undo = on_import(package, lambda _: lambda: undone.append("undone"))
    importlib.import_module(package)
    undo()

    assert undone == ["undone"]


def test_a_hook_that_fails_does_not_break_the_import(package: str, guarded_failures: GuardedFailures) -> None:
    """The application gets its module, and the failure is reported."""

    def fail(_: ModuleType) -> None:
        raise RuntimeError("a mistake")

    undo = on_import(package, fail)
    module = importlib.import_module(package)
    undo()

    assert module.value == 1
    assert [doing for doing, _ in guarded_failures] == [f"{package} was hooked"]
    guarded_failures.clear()


def test_an_import_that_fails_is_no_import(package: str) -> None:
    """The exception is the module's own, and from Python 3.11 on no frame of the hook is in its traceback."""
    seen: list[ModuleType] = []

    undo = on_import(f"{package}.broken", seen.append)
    with pytest.raises(AttributeError, match="attempts") as raised:
        importlib.import_module(f"{package}.broken")
    undo()

    paths = [str(entry.path) for entry in raised.traceback]
    assert seen == []
    assert sys.version_info < (3, 11) or not any(path.endswith("otel_crumbs/base/patching.py") for path in paths)


def test_a_module_that_is_reloaded_is_hooked_again(package: str) -> None:
    """What was attached to the old code is undone first."""
    story: list[str] = []

    def attach(_: ModuleType) -> Undo:
        story.append("attached")
        return lambda: story.append("undone")

    undo = on_import(package, attach)
    module = importlib.import_module(package)
    importlib.reload(module)
    undo()

    assert story == ["attached", "undone", "attached", "undone"]


def test_looking_for_a_module_is_no_import(package: str) -> None:
    """`importlib.util.find_spec` returns the module's own loader, and hooks nothing."""
    expected = type(importlib.util.find_spec(f"{package}.part").loader)  # type: ignore[union-attr]  # it is there
    seen: list[ModuleType] = []

    undo = on_import(f"{package}.part", seen.append)
    found = importlib.util.find_spec(f"{package}.part")
    undo()

    assert found is not None
    assert type(found.loader) is expected
    assert seen == []


def test_a_lazy_module_is_hooked_when_its_code_runs(package: str) -> None:
    """Not before: a lazy import must stay lazy."""
    seen: list[str] = []
    undo = on_import(f"{package}.part", lambda module: seen.append(module.__name__))
    spec = importlib.util.find_spec(f"{package}.part")
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)

    before = list(seen)
    value = module.value
    undo()

    assert (before, value, seen) == ([], 2, [f"{package}.part"])


def test_threads_that_import_at_once_hook_once(package: str) -> None:
    """The import system runs a module's code once, and so is the hook."""
    seen: list[ModuleType] = []
    undo = on_import(f"{package}.part", seen.append)
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        importlib.import_module(f"{package}.part")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    undo()

    assert len(seen) == 1


def test_another_finder_that_asks_for_the_same_module_gets_it(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As wrapt's does: it asks the import system for the module that it is asked for."""

    class Asking:
        """A finder that finds by asking the others."""

        asked = False

        def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
            if name != package or self.asked:
                return None
            self.asked = True
            return importlib.util.find_spec(name)

    seen: list[ModuleType] = []
    monkeypatch.setattr(sys, "meta_path", [Asking(), *sys.meta_path])
    undo = on_import(package, seen.append)
    module = importlib.import_module(package)
    undo()

    assert seen == [module]
