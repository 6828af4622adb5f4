"""The package speaks the field's words: in names, in sentences, and on the pages."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from .project import ROOT, documentation, package_files, text_of

# Words of our own that gave way to the field's; see the glossary in docs/how-it-works.md.
OLD_WORDS = frozenset(
    {
        *("anew", "claim", "claimed", "claims", "door", "doors", "floor", "floors", "hurry", "lane", "lanes"),
        *("leftover", "parcel", "parcels", "seize", "seized", "shelf", "steady", "storm", "storms", "tally"),
        *("tell", "telling", "tells", "ticker", "tidied", "tidy", "told", "twin", "twins"),
    }
)
# In prose these have no other meaning than the old one.
OLD_PROSE = re.compile(
    r"\b(?:anew|by_hand|lanes?|seized?|shelf|storms?|tally|ticker|tellings?|twins?|doors?|last seconds)\b"
)
PRONOUNS = frozenset(
    {
        *("anybody", "his", "it", "its", "mine", "my", "nobody", "nothing", "our", "ours", "somebody"),
        *("something", "that", "their", "theirs", "them", "they", "this", "us", "what", "which", "who", "whose"),
    }
)
# A function begins with one of these, or is a question (is, has, ...), a handler (on), a constructor (from), or an
# accessor (x_of, seconds_x).
VERBS = frozenset(
    """
    skip add admit adopt append ask assert assign attach attempt begin bind build call capture change check choose clamp
    clean clear close collect combine compile configure connect consume continue copy count create cut decode decorate
    deduplicate define delete describe detect discard disguise do drop dump emit encode end enrich ensure even examine
    execute exit export fail find finish fix flush fold follow force forget format freeze gather get handle hide hold
    hook ignore insert install introduce iterate judge keep label limit list lock log look lose make map mark mask
    merge name normalise notify open paint parse pause plan post prepare print put quote read receive record refuse
    register release remember remove render replace report require reset resolve respond run save scrub select send
    set settle shorten show shrink shutdown simplify slice spend split start stop subclass subtract succeed suppress
    swap take tighten to trim undo uninstall unpack unwrap visit wait warn watch weigh wrap write
    answer arrange compare convert pack escape announce greet say serve
    stream explain flatten measure prune rewrite shrink summarise
    abandon forbid postpone requeue retry unify
    allocate expect explain note provide recover renew resume
    """.split()  # noqa: SIM905 - a list is longer than the screen
)
ACCESSORS = frozenset({"from", "on", "seconds"})
QUESTIONS = frozenset({"is", "has", "includes", "matches", "sees", "sets", "frames", "uses", "should"})
# Accessors and events whose names others have given: OpenTelemetry, Python, Django, requests, textual, users.
OTHERS_NAMES = frozenset(
    """
    CrumbsMiddleware as_dict as_json as_list do_POST enabled error_events exec_module fileno guarded init_poolmanager
    instrument instrumentation_dependencies main no_leaks proxy_manager_for readable readinto ready recv_bytes trail
    uninstrument update_name as_markdown service compose
    """.split()  # noqa: SIM905 - a list is longer than the screen
)


def modules() -> Iterator[Path]:
    """Iterate over the modules of the package."""
    return package_files()


def everybody() -> Iterator[Path]:
    """Iterate over all Python files."""
    yield from modules()
    for folder in ("tests", "applications", "benchmarks", "docs", "peers"):
        yield from (ROOT / folder).rglob("*.py")


def label(path: Path) -> str:
    """Return a file's name as a test shows it."""
    return "/".join(path.parts[-3:])


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_in(path: Path) -> set[str]:
    """Return every name that a file uses, its own included."""
    with path.open("rb") as file:
        return {token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.NAME} | {path.stem}


def defined_in(path: Path) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Iterate over the functions and classes of a module, each with what it stands in."""
    for parent in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for child in ast.iter_child_nodes(parent):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield child, parent


def is_ours_to_name(function: ast.AST, parent: ast.AST) -> bool:
    """Return whether a function has a name that says what it does: no property, no stand-in, no magic method."""
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    decorators = [ast.unparse(decorator) for decorator in function.decorator_list]
    stand_in = isinstance(parent, ast.FunctionDef) and re.fullmatch(r"_?make_?\w*", parent.name)
    return not (any("property" in each for each in decorators) or function.name.startswith("__") or stand_in)


@pytest.mark.parametrize("path", sorted(everybody()), ids=label)
def test_no_name_has_an_old_word(path: Path) -> None:
    """One word has one meaning, and it is the field's."""
    if path == Path(__file__):
        return

    found = {name for name in names_in(path) if OLD_WORDS.intersection(words_of(name))}

    assert found == set()


@pytest.mark.parametrize("path", sorted(everybody()), ids=label)
def test_no_sentence_has_an_old_word(path: Path) -> None:
    """Comments and docstrings of the tests speak like the package."""
    if path == Path(__file__):
        return
    source = path.read_text(encoding="utf-8")
    docstrings = [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    with path.open("rb") as file:
        comments = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]

    found = [text for text in (*docstrings, *comments) if OLD_PROSE.search(text)]

    assert found == []


def test_no_page_has_an_old_word() -> None:
    """Users read the same words as those who write the code."""
    found = OLD_PROSE.findall(documentation() + text_of("CONTRIBUTING.md"))

    assert found == []


@pytest.mark.parametrize("path", sorted(modules()), ids=label)
def test_functions_begin_with_a_verb(path: Path) -> None:
    """A name works without its file, and has no pronoun."""
    found = []
    for node, parent in defined_in(path):
        if isinstance(node, ast.ClassDef) or not is_ours_to_name(node, parent):
            continue
        name = node.name.strip("_")  # type: ignore[attr-defined]  # a function
        words = words_of(name)
        first = words[0] if words else ""
        fits = (
            first in VERBS
            or first in QUESTIONS
            or first in {"action", "from", "on", "seconds"}
            or "of" in words
            or name in OTHERS_NAMES
        )
        if not fits or PRONOUNS.intersection(words):
            found.append(name)

    assert found == []


@pytest.mark.parametrize("path", sorted(modules()), ids=label)
def test_sentences_stand_by_themselves(path: Path) -> None:
    """A docstring has a subject, and no comment leans on another one."""
    source = path.read_text(encoding="utf-8")
    docstrings = [
        ast.get_docstring(node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    ]

    weak = [text for text in docstrings if re.match(r"(?:What|Where|Return what|Return where|The same)\b", text)]
    leaning = re.findall(r"#.*\b(?:[Aa]s above|[Aa]s said|[Aa]s for \w+\b|the same\b *$).*", source)

    assert (weak, leaning) == ([], [])


# Words of Python, OpenTelemetry, Sentry, HTTP and SQL in names of classes and modules; all others are in the glossary.
VOCABULARY = frozenset(
    """
    addressed encoded inventory names partial success protobuf waiting
    access active adapter api app apps args argument asyncio atexit attributes aws base batch bearer branch breadcrumb
    breadcrumbs build callbacks calls captured celery channel check checks child cli codec commands config configuration
    connect connection connections connects console context copies counter counters current data database databases
    deadline demo descriptor django document dsn encoder entries entry environment error errors event events exception
    exceptions excepthooks exec exit expired exporter exporters facts failed fast fields file files filter find finder
    fingerprint fixtures fork frame frames grpc guard handler header headers hook hooks http identity info
    install installation instrumentation instrumentations instrumentor layers lazy leaks line list lock log
    logged logger logging logs loop loops marks masking mechanism memory metrics middleware model module name
    named newer notes operation operations option orm os otlp patch patching path payload pool pools poster
    preference preview private process processes processor processors providers psycopg publisher queue queued raw read
    aiomysql asyncpg litestar
    reader readers reasons receiver received record recorded recorder records redirects rendering report
    requirements resource response responses result results run runner sampling safe scrub section select
    sending sentry server service session settings setup shop sigterm signal snapshots span spans sqlite stack
    state statement statements storage sub subprocess subprocesses table task tasks test testing text thread
    threads timeline timeout trace unreadable unsafe unsampled value variables version versions visits wait
    waiting waiter warned warnings where wire wrapper writer action anyio
    application asgi iterator werkzeug async chain chained endpoint fatal traceback
    watcher async endpoint defaults function interpreter late names part prepared aware choice client contents
    code crumbs doctor ended enricher folder init limiter listener location main narrator next notices one own
    card number numbers cookie command prose markup url key keys token tokens rule rules assignment
    feature flag generator locals mechanisms
    data quoted sql strength glance private clauses parameters parsers per points probe reset row scrubber sender
    shop steps
    job jobs libraries printable uvloop uwsgi apache interpreters workers
    cost patterns personal user scrubbing large
    forwarder serving json receiving refused stored agents answers tools links shell tail
    printed opened show command commands
    body count group groups html markdown pruning search series queries query store summary viewer page pages program
    live programs
    access files browser addresses address security axis bar tick difference message alone terminal
    botocore further handlers httpcore monitoring other postponed retries sqlalchemy tenacity urllib
    cause child crash death reading recover dump evidence gunicorn kills layout process recorder slot slots slow
    timeouts watch screen positional
    """.split()  # noqa: SIM905 - a list is longer than the screen
)


def test_names_of_classes_and_modules_are_words_of_the_field() -> None:
    """A word that Python, OpenTelemetry and Sentry do not have stands in the glossary."""
    rows = re.findall(r"^\| ([a-z][a-z ,-]+?) \|", text_of("docs/how-it-works.md"), flags=re.MULTILINE)
    glossary = {word for row in rows for word in re.findall(r"[a-z]+", row)}
    names = {path.stem for path in modules()}
    names |= {
        node.name  # type: ignore[attr-defined]  # a class
        for path in modules()
        for node, _ in defined_in(path)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }

    # Add the word to the glossary, or to VOCABULARY where the field has it.
    unknown = {
        (word, name)
        for name in names
        for word in words_of(name)
        if not {word, word.removesuffix("s"), word.removesuffix("es"), word + "s"} & (glossary | VOCABULARY)
    }

    assert unknown == set()
