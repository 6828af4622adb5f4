"""Tests of `otel_crumbs.base.patching`: nothing of a hook is left once it was undone."""

from __future__ import annotations

import importlib.util
import inspect
import pickle
import signal
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import create_autospec

import pytest
import wrapt.importer
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from tests.conftest import GuardedFailures


class Base:
    """The owner of what is replaced."""

    def greet(self, name: str, *, loudly: bool = False) -> str:
        """Greet somebody."""
        return f"hello {name}" + "!" * loudly

    @classmethod
    def build(cls, greeting: str) -> str:
        """Name the class."""
        return f"{greeting} {cls.__name__}"

    @staticmethod
    def wave(greeting: str) -> str:
        """Greet nobody."""
        return greeting


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


def test_a_stand_in_for_a_function_in_c_is_found_by_its_module() -> None:
    """Else it could not be pickled, and would say that it is of a module that has another of its name."""

    def make(original: Any, _: Patch) -> Any:
        def set_wakeup_fd(*args: Any) -> Any:
            return original(*args)

        return set_wakeup_fd

    undo = replace(signal, "set_wakeup_fd", make)
    try:
        assert signal.set_wakeup_fd.__module__ == "signal"
        assert pickle.dumps(signal.set_wakeup_fd)
    finally:
        undo()


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


def test_a_class_method_is_replaced() -> None:
    """It stays one, for subclasses and instances too, and is put back as it was."""
    original = vars(Base)["build"]

    undo = replace(Base, "build", politely)
    inside = Base.build("hi"), Derived.build("hi"), Base().build("hi")
    undo()

    assert inside == ("hi Base, please", "hi Derived, please", "hi Base, please")
    assert vars(Base)["build"] is original


def test_an_inherited_class_method_is_replaced() -> None:
    """The class that it is inherited from keeps its own."""
    undo = replace(Derived, "build", politely)
    inside = Derived.build("hi"), Base.build("hi")
    undo()

    assert inside == ("hi Derived, please", "hi Base")
    assert "build" not in vars(Derived)


def test_a_static_method_is_replaced() -> None:
    """It stays one, for instances too, and is put back as it was."""
    original = vars(Base)["wave"]

    undo = replace(Base, "wave", politely)
    inside = Base.wave("hi"), Base().wave("hi")
    undo()

    assert inside == ("hi, please", "hi, please")
    assert vars(Base)["wave"] is original


def test_a_bound_method_of_a_module_is_replaced() -> None:
    """Psycopg keeps its `connect` so: it stays bound to its class, and is put back as it was."""
    original = Base.build
    module = SimpleNamespace(build=original)

    undo = replace(module, "build", politely)
    inside, bound_to = module.build("hi"), module.build.__self__
    undo()

    assert (inside, bound_to) == ("hi Base, please", Base)
    assert module.build is original


def test_a_wrapped_class_method_is_not_replaced() -> None:
    """A wrapper of another library would be lost, so it is left as it is."""
    owner = type("Owner", (Base,), {})
    wrapper = wrapt.FunctionWrapper(vars(Base)["build"], lambda wrapped, _, args, kwargs: wrapped(*args, **kwargs))
    owner.build = wrapper  # type: ignore[attr-defined]  # made above

    with pytest.raises(TypeError, match="cannot replace build: it is a classmethod inside a FunctionWrapper"):
        replace(owner, "build", politely)

    assert vars(owner)["build"] is wrapper


def test_a_mock_of_a_replaced_class_knows_the_signature() -> None:
    """Whoever tests with `create_autospec` is told of wrong arguments as without the stand-in."""
    undo = replace(Base, "greet", politely)
    mock = create_autospec(Base)
    undo()

    with pytest.raises(TypeError, match="name"):
        mock().greet()


def put_in_somebody_elses(owner: Any) -> Undo:
    """Replace a method as another tool does, which leaves alone what came later."""
    below, before = owner.greet, vars(owner).get("greet")

    def theirs(self: Any) -> str:
        return f"{below(self)}, theirs"

    def undo() -> None:
        if before is None:
            del owner.greet
        else:
            owner.greet = before

    owner.greet = theirs
    return undo


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["put in", "take out", "theirs in", "theirs out"]), st.integers(0, 3))),
    st.booleans(),
)
def test_any_order_of_hooks_ends_with_the_original(steps: list[tuple[str, int]], inherited: bool) -> None:  # noqa: FBT001 - hypothesis passes it by position
    """Several hook in and out, last in first out or not; nobody loses a hook, and the original is there at last."""
    base = type("Owner", (), {"greet": lambda _: "hello"})
    owner: Any = type("Owner", (base,), {}) if inherited else base
    original = vars(owner).get("greet")
    undos: dict[int, Undo] = {}
    theirs: list[tuple[object, Undo]] = []

    def take_out_theirs() -> None:
        if theirs and vars(owner).get("greet") is theirs[-1][0]:
            theirs.pop()[1]()

    for step, who in steps:
        if step == "put in" and who not in undos:
            undos[who] = replace(owner, "greet", politely)
        elif step == "take out" and who in undos:
            undos.pop(who)()
        elif step == "theirs in":
            undo = put_in_somebody_elses(owner)
            theirs.append((vars(owner)["greet"], undo))
        elif step == "theirs out":
            take_out_theirs()
        words = owner().greet()
        assert (words.count("please"), words.count("theirs")) == (len(undos), len(theirs))
    for undo in undos.values():
        undo()
    # A stand-in that their tool put back when it was undone already goes with the next hook that is put in.
    replace(owner, "greet", politely)()
    for _ in tuple(theirs):
        take_out_theirs()
        replace(owner, "greet", politely)()

    assert theirs == []
    assert vars(owner).get("greet") is original


def test_what_came_back_after_undoing_goes_with_the_next_hook() -> None:
    """Somebody who hooked in later puts our stand-in back, which does nothing any more."""
    owner: Any = type("Owner", (), {"greet": lambda _: "hello"})
    original = vars(owner)["greet"]
    undo = replace(owner, "greet", politely)
    theirs = put_in_somebody_elses(owner)
    undo()
    theirs()

    words = owner().greet()
    replace(owner, "greet", politely)()

    assert words == "hello"
    assert vars(owner)["greet"] is original


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
    (folder / "names").mkdir()
    (folder / "names" / "inner.py").write_text("value = 3\n", encoding="utf-8")
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


def test_an_import_that_fails_at_first_is_hooked_in_the_end(package: str) -> None:
    """The application may try again, when the reason is gone."""
    seen: list[int] = []
    code = Path(str(importlib.util.find_spec(f"{package}.broken").origin))  # type: ignore[union-attr]  # it is there

    undo = on_import(f"{package}.broken", lambda module: seen.append(module.value))
    with pytest.raises(AttributeError, match="attempts"):
        importlib.import_module(f"{package}.broken")
    code.write_text("value = 'mended by now'\n", encoding="utf-8")
    importlib.invalidate_caches()
    module = importlib.import_module(f"{package}.broken")
    undo()

    assert seen == ["mended by now"]
    assert "exec_module" not in vars(module.__loader__)


def test_a_module_of_a_namespace_package_is_hooked(package: str) -> None:
    """Its parent has no code, and no loader that executes it."""
    seen: list[str] = []

    undos = [on_import(name, lambda m: seen.append(m.__name__)) for name in (f"{package}.names.inner", package)]
    importlib.import_module(f"{package}.names.inner")
    combine(*undos)()

    assert seen == [package, f"{package}.names.inner"]


def test_a_hook_that_is_undone_while_it_attaches_is_undone(package: str) -> None:
    """Another thread is about to attach it; what it attached does not stay."""
    story: list[str] = []
    begun, undone = threading.Event(), threading.Event()

    def attach(_: ModuleType) -> Undo:
        begun.set()
        undone.wait(30)
        story.append("attached")
        return lambda: story.append("undone")

    undo = on_import(package, attach)
    thread = threading.Thread(target=importlib.import_module, args=(package,))
    thread.start()
    begun.wait(30)
    undo()
    undone.set()
    thread.join()

    assert story == ["attached", "undone"]


def test_a_module_of_a_zip_file_is_hooked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One loader serves all modules of the file; it is left as it was, however often a module was looked for."""
    name, other = f"zipped_{tmp_path.name}", f"zipped_too_{tmp_path.name}"
    with zipfile.ZipFile(tmp_path / "modules.zip", "w") as file:
        file.writestr(f"{name}.py", "value = 1\n")
        file.writestr(f"{other}.py", "value = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path / "modules.zip"))
    seen: list[str] = []

    undo = on_import(name, lambda module: seen.append(module.__name__))
    importlib.util.find_spec(name)
    importlib.util.find_spec(name)
    loader = importlib.import_module(other).__loader__
    importlib.import_module(name)
    undo()
    for module in (name, other):
        monkeypatch.delitem(sys.modules, module)

    assert seen == [name]
    assert "exec_module" not in vars(loader)


def test_a_loader_that_was_only_looked_for_is_left_as_it_was(package: str) -> None:
    """Undoing takes the hook off loaders whose module nobody imported."""
    undo = on_import(f"{package}.part", lambda _: None)
    found = importlib.util.find_spec(f"{package}.part")
    undo()

    assert found is not None
    assert "exec_module" not in vars(found.loader)


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
    """A lazy import must stay lazy until then."""
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


def test_a_lazy_module_that_is_there_stays_lazy(package: str) -> None:
    """Waiting for it does not run its code; whoever runs it brings about the hook."""
    seen: list[int] = []
    name = f"{package}.part"
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)

    undo = on_import(name, lambda imported: seen.append(imported.value))
    before = list(seen), "value" in object.__getattribute__(module, "__dict__")
    value = module.value
    undo()

    assert (before, value, seen) == (([], False), 2, [2])


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
    """Wrapt's finder asks the import system for the module that it is asked for."""

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


@pytest.mark.parametrize("first", ["wrapt", "otel_crumbs"])
def test_a_hook_of_wrapt_is_called_too(package: str, monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    """Whichever of the two finders comes first, the module is imported once, and each hook sees it."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    # wrapt puts its finder in place once in a process.
    monkeypatch.setattr(wrapt.importer, "_post_import_hooks_init", False)
    story: list[str] = []

    def wait_with_wrapt() -> None:
        wrapt.register_post_import_hook(lambda module: story.append(f"wrapt {module.value}"), package)

    if first == "wrapt":
        wait_with_wrapt()
    undo = on_import(package, lambda module: story.append(f"otel_crumbs {module.value}"))
    if first == "otel_crumbs":
        wait_with_wrapt()
    module = importlib.import_module(package)
    undo()

    assert sorted(story) == ["otel_crumbs 1", "wrapt 1"]
    assert "exec_module" not in vars(module.__loader__)
