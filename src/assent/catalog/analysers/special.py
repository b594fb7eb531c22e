"""Programs whose words say more than a table can: those that run others, and those with a language of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from assent.catalog.analysers.git import git
from assent.catalog.analysers.programs import (
    MAY_BE_OPTION,
    Shell,
    Spec,
    apart,
    below,
    by_table,
    given,
    judge,
    loopback,
    opaque,
)
from assent.catalog.analysers.sql import read_statements
from assent.catalog.analysers.words import EMPTY, PIPED, SPLIT, UNKNOWN, active, known, plain, quoted

#: `sed` scripts that only print or change lines: addresses, `p`, `d`, `q`, `=`, and `s` without its flags `e` and `w`.
#: Whether a delimiter between brackets is one, GNU and BSD do not agree: there it must not stand.
_SED_SET = r"(?>\[\^?\]?(?:(?!%s)[^][\\\n]|\\(?!\])|\[:[a-z]{1,12}:\]){0,80}+\])"
_ADDRESS = rf"(?:[0-9]{{1,9}}|\$|/(?:[^/\\\n\[]|\\.|{_SED_SET % '/'}){{0,200}}/)"
_SED_ONE = (
    rf"(?:{_ADDRESS}(?:[,~+]{{1,2}}{_ADDRESS})?)?\s{{0,4}}!?\s{{0,4}}"
    r"(?:[pdqDGgHhxnN=]|s([/|#,@:!])(?:(?!\1)[^\\\n\[]|\\.|"
    + _SED_SET % r"\1"
    + r"){0,400}\1(?:(?!\1)[^\\\n]|\\.){0,400}\1[gpiI0-9]{0,6})"
)
_SED_LINE = re.compile(_SED_ONE + r"\s{0,4}(?:[;\n]\s{0,4}|\Z)")
#: What lets an `awk` program reach beyond its text; anything else in it computes.
_AWK = re.compile(r"system|getline|[|>@&]|close|ENVIRON|ARGV|printf?\s*>|load|include|FUNCTAB|SYMTAB|PROCINFO")
#: Options of `read`, `mapfile`, `getopts` and `printf` that name no variable and run nothing.
_ASSIGNING = re.compile(r"-v[A-Za-z_0-9]*|-[rset]{0,3}[adinNOpsucdt]?[0-9.,:]*|--")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
#: Variables of the environment that change nothing but how a program speaks, paints or times.
_MILD = re.compile(
    r"(?:[a-z_][a-z0-9_]*|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLUMNS|LINES|CI|DEBUG|VERBOSE|NO_COLOR|FORCE_COLOR"
    r"|CLICOLOR(?:_FORCE)?|NODE_ENV|RUST_LOG|RUST_BACKTRACE|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PORT|LOG_LEVEL"
    r"|CLOUDSDK_CORE_DISABLE_PROMPTS|AWS_PAGER_OFF|GIT_TERMINAL_PROMPT)\Z"
)
#: Modules of Python's library that only read and print.
_TELLING_MODULES = frozenset({"json.tool", "tokenize", "calendar", "this", "platform", "site"})

#: Options that make an interpreter only tell. `python -v`, `ed -v` and `tclsh --version` read what to run all the same.
_VERSION_OR_HELP = ("--version", "-v", "--help", "-h")
_TELLING_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "python": ("--version", "-V", "--help", "-h"),
    "pypy": ("--version", "--help", "-h"),
    "node": _VERSION_OR_HELP,
    "nodejs": _VERSION_OR_HELP,
    "perl": _VERSION_OR_HELP,
    "ruby": _VERSION_OR_HELP,
    "php": _VERSION_OR_HELP,
}

#: Settings that change how a script ends, prints or lists, not what its words mean.
_SETTINGS = frozenset("pipefail errexit nounset xtrace verbose errtrace noclobber nullglob failglob globstar".split())
_PROJECT: Mapping[str, tuple[str, ...]] = {
    "make": ("Makefile", "makefile", "GNUmakefile"),
    "gmake": ("Makefile", "makefile", "GNUmakefile"),
    "npm": ("package.json",),
    "pnpm": ("package.json",),
    "yarn": ("package.json",),
    "bun": ("package.json",),
    "just": ("justfile",),
    "rake": ("Rakefile",),
    "task": ("Taskfile.yml",),
}
_READING = frozenset("list ls describe get show view status search logs diff checks watch cat head tail filter".split())
_DOING = frozenset(
    "ssh scp run exec deploy invoke call submit execute import export create set add update patch apply start stop "
    "restart reboot login put send publish copy move sync cp mv resize attach detach connect edit merge close".split()
)
_REMOVING = frozenset("delete rm rb remove terminate destroy purge deregister unpublish revoke drop".split())
_SECRETS = re.compile(r"(?i)secret|token|credential|password|kubeconfig|access-key")


def environment(shell: Shell, name: str) -> None:
    """A variable is handed to programs."""
    if not _MILD.match(name):
        shell.found.does(frozenset({"execute"}), "irreversible", f"sets `{name[:40]}` for a program")


def wrapped(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`command -v NAME` only tells; otherwise the rest is run."""
    if any(plain(word) in ("-v", "-V") for word in words[:1]):
        return
    by_table(shell, name, spec, words)


def env(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`env [NAME=VALUE]… COMMAND`; alone it shows the environment."""
    options = apart(shell.found, spec, words, stop=True)
    rest = list(options.operands)
    while rest and (found := _ASSIGNED.match(plain(rest[0]))):
        environment(shell, found[0][:-1])
        rest.pop(0)
    for _, use, word in options.values:
        if use == "cd":
            shell.cd(word)
    if options.seen & spec.worst:
        shell.found.unknown(f"`{name}` with options may run anything")
    if rest:
        shell.command(rest)
    else:
        shell.found.does(spec.does, spec.undo)
        shell.found.facts.add("shows_secrets")


def xargs(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """What it runs gets words from a pipe: names, where what stands before only lists them."""
    options = apart(shell.found, spec, words, stop=True)
    judge(shell.found, name, Spec(any_flag=True, takes=spec.takes), options)
    more = shell.names if shell.names and not options.value("-a", "--arg-file") else (SPLIT,)
    if more != (SPLIT,) and not options.seen & {"-0", "--null"}:
        more = (*more, active("*"))  # a name with a blank in it becomes words, and these may look like options
    run = list(options.operands) or [quoted("echo")]
    holder = options.value("-I", "--replace")
    if holder or options.seen & {"-i", "--replace"}:
        sign = plain(holder[0]) if holder and holder[0] else "{}"
        filled = [word for word in run if sign in plain(word)]
        if any(plain(word) != sign for word in filled) or more == (SPLIT,):
            more = (UNKNOWN,)
        run = [each for word in run for each in (more if word in filled else (word,))]
    else:
        run += more
    shell.names = None
    shell.command(run)


def find(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`find ROOT… TEST… ACTION…`: the roots, and what is run on or done to what is found."""
    rest = list(words)
    while rest and plain(rest[0]) in ("-L", "-H", "-P"):
        rest.pop(0)
    roots: list[str] = []
    while rest and plain(rest[0])[:1] not in ("-", "(", "!", ")"):
        roots.append(rest.pop(0))
    roots = roots or ["."]
    if any(SPLIT in word or PIPED in word for word in words) or any(root[:1] in MAY_BE_OPTION for root in roots):
        shell.found.unknown("an expression of `find` is not known")
    shell.found.does(spec.does, spec.undo)
    for root in roots:
        shell.found.file(root, "list")
    shapes = [plain(after) for test, after in pairwise(rest) if plain(test) == "-name"]
    negated = any(plain(word) in ("-o", "-or", "!", "-not") for word in rest)
    last = active(shapes[0]) if len(shapes) == 1 and not negated and known(shapes[0]) else active("*")
    names = tuple(f"{root}/{active('**')}/{last}" for root in roots)
    names += tuple(root for root in roots if plain(root).rstrip("/") not in ("", ".", ".."))
    while rest:
        word = plain(rest.pop(0))
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((i for i, one in enumerate(rest) if _ends_action(rest[:i], plain(one))), len(rest))
            run, rest = rest[:end], rest[end + 1 :]
            _on_each(shell, run, names)
        elif word == "-delete":
            shell.found.does(frozenset({"delete"}), "irreversible", "deletes what `find` finds")
            for each in roots:
                shell.found.file(each, "delete")
        elif (use := spec.takes.get(word)) is not None:
            given(shell.found, use, rest.pop(0) if rest else "")
        elif word not in spec.flags:
            shell.found.unknown("an expression of `find` is not known")
            break
    shell.names = names


def _ends_action(before: Sequence[str], text: str) -> bool:
    """`;`, or a `+` behind `{}`: any other `+` is a word of the command (find(1), `-exec`)."""
    return text == ";" or (text == "+" and bool(before) and plain(before[-1]) == "{}")


def _on_each(shell: Shell, run: Sequence[str], names: tuple[str, ...]) -> None:
    """A command with `{}` for what was found; within a longer word it stands for something not known."""
    filled: list[str] = []
    for word in run:
        text = plain(word)
        filled += names if text == "{}" else (UNKNOWN,) if "{}" in text else (word,)
    if filled:
        shell.command(filled)
    else:
        shell.found.unknown("an action of `find` is not known")


def shell_of_its_own(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`sh -c TEXT`, `sh FILE`, `… | sh`: a script that is in the command is read like the command itself."""
    found = shell.found
    options = apart(found, spec, words, stop=True)
    if options.seen & {"--version", "--help"}:
        return
    if options.seen & {"-i", "-l", "--login", "--rcfile", "--init-file"}:
        found.does(frozenset({"execute"}), "irreversible", "runs start-up files")
    if "-c" in options.seen:  # the script is the first operand, whatever other options stand between (POSIX, sh)
        text = options.operands[0] if options.operands else UNKNOWN
        if known(text):
            shell.script(plain(text), True)
        else:
            opaque(found, fetched=found.downloads)
        return
    if options.operands and "-s" not in options.seen:
        run_file(shell, options.operands[0])
        return
    source = shell.source()
    if source.kind == "text" and known(source.text):
        shell.script(plain(source.text), True)
    else:
        _from_input(shell)


def interpreter(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`python FILE`, `python -c CODE`, `… | python`."""
    found = shell.found
    kin = name.rstrip("0123456789.")
    if len(words) == 1 and plain(words[0]) in _TELLING_OPTIONS.get(kin, ()):
        found.does(frozenset({"read"}), "reversible")
        return
    options = apart(found, spec, words, stop=True)
    modules = options.value("-m") if name.startswith("python") else []
    alone = options.seen & {"-I", "-P"} and not options.seen & {"-W", "-X"}  # else `./json.py` goes before the library
    if alone and modules and plain(modules[0]) in _TELLING_MODULES and not options.operands[1:]:
        for word in options.operands:
            found.file(word, "read")
        return
    found.does(frozenset({"execute"}), "irreversible", f"runs `{name}`")
    code = [word for _, use, word in options.values if use == "code"]
    for word in code:
        opaque(found, fetched=found.downloads and not known(word))
    for option, use, word in options.values:
        if use != "code" and option != "-m":
            given(found, use, word)
    if modules:  # `python -m pytest tests`: what it is pointed at is what it runs; without that, all that lies here
        pointed = [word for word in options.operands if not plain(word).startswith("-")]
        for word in pointed or ["."]:
            found.file(word, "run")
    elif options.operands and not code:
        run_file(shell, options.operands[0])
    elif not code and not modules and not options.operands:
        _from_input(shell)


def run_file(shell: Shell, word: str) -> None:
    """A script is run; one that was fetched, or is made by a command, is code that nobody has seen."""
    found = shell.found
    if PIPED in word or plain(word) in ("-", "/dev/stdin"):
        _from_input(shell)
        return
    found.does(frozenset({"execute"}), "irreversible", "runs a file")
    found.file(word, "run")
    if plain(word).removeprefix("./") in found.fetched:
        found.facts.add("runs_download")


def _from_input(shell: Shell) -> None:
    source = shell.source()
    opaque(shell.found, fetched=shell.found.downloads)
    if source.kind == "file":
        shell.found.file(source.text, "run")


def evaluate(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`eval`, `watch`, `trap`: words that become a script."""
    words = [word for word in words if plain(word) != "--"]
    if name == "trap":
        words = words[:1]
    elif name == "watch":
        words = list(apart(shell.found, spec, words, stop=True).operands)
    text = " ".join(words)
    if not known(text):
        opaque(shell.found, fetched=shell.found.downloads)
    elif name != "trap" or plain(text) not in ("-", "-l", "-p", ""):
        shell.script(plain(text), name == "watch")


def sourced(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`. FILE`: what it defines changes what every later word means."""
    shell.found.unknown("reads a script into this shell")
    if words:
        run_file(shell, words[0])


def ssh(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """A command somewhere else; what is here is not meant."""
    options = apart(shell.found, spec, words, stop=True)
    judge(shell.found, name, spec, options)
    if any("command" in plain(word).casefold() for word in options.value("-o")):
        shell.found.unknown("an option of `ssh` runs a command")


def remote(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`scp`, `rsync`: between here and `HOST:PATH`, or here alone."""
    found = shell.found
    options = apart(found, spec, words)
    places = [word for word in options.operands if re.match(r"[^/]*:|rsync://", plain(word))]
    here = [word for word in options.operands if word not in places]
    judge(found, name, Spec(takes=spec.takes, worst=spec.worst, lasting=spec.lasting, any_flag=True), options)
    if not places:
        found.does(frozenset({"write"}), "irreversible", "overwrites files")
        for place, word in enumerate(here):
            found.file(word, "write" if place == len(here) - 1 else "read")
        return
    found.does(frozenset({"send"}), "irreversible")
    for word in places:
        found.host(re.sub(r"^(?!rsync://)([^/:]*):.*", r"\1", plain(word)) if known(word) else word)
    receives = bool(here) and options.operands[-1:] == tuple(here[-1:])
    for word in here:
        found.file(word, "write" if receives else "send")
    if receives:
        found.does(frozenset({"write"}), "irreversible")


def curl(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """A request: what it carries, where to, and where the answer goes."""
    found = shell.found
    options = apart(found, spec, words)
    urls = [*options.operands, *(word for _, use, word in options.values if use == "url")]
    carries = any(use in ("data", "send") for _, use, _ in options.values)
    silent = loopback(urls) and not carries and not options.seen & spec.adds.keys()
    method = [plain(word).upper() for word in options.value("-X", "--request", "--method")]
    if silent and all(one in ("GET", "HEAD") for one in method):
        judge(found, name, Spec(operands=("url",), takes=spec.takes, any_flag=True), options)
        found.facts.add("private_host")
    else:
        judge(found, name, spec, options)
    for _, use, word in options.values:
        if use == "data" and (place := re.match(r"[^@=;]{0,200}=?[@<]([^;]+)", plain(word))):
            found.file(quoted(place[1]), "send")
        elif use == "data" and not known(word):
            found.unknown("what is sent is not known")
    found.downloads = True
    outputs = options.value("-o", "--output", "-O" if name == "wget" else "")
    named_by_url = options.seen & {"-O", "--remote-name"} if name == "curl" else not outputs and bool(urls)
    for url in urls if named_by_url else []:
        outputs.append(quoted(plain(url).partition("?")[0].rstrip("/").rpartition("/")[2]) if known(url) else url)
        found.does(frozenset({"write"}), "prior")
        found.file(outputs[-1], "write")
    found.fetched |= {plain(word).removeprefix("./") for word in outputs}


def sed(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`sed` can run commands and write files; only scripts that plainly do not are read."""
    found = shell.found
    options = apart(found, spec, words)
    scripts = options.value("-e", "--expression")
    operands = options.operands
    if not scripts and not options.value("-f", "--file"):
        scripts, operands = list(operands[:1]), operands[1:]
    for script in scripts:
        if not known(script) or not _harmless_sed(plain(script)):
            found.unknown("a `sed` script is not understood")
    if options.value("-f", "--file"):
        opaque(found)
    judge(found, name, spec, type(options)(options.seen, options.values, operands))


def _harmless_sed(script: str) -> bool:
    place, script = 0, script.strip()
    while place < len(script):
        found = _SED_LINE.match(script, place)
        if not found or found.end() == place:
            return False
        place = found.end()
    return bool(script)


def awk(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`awk` can run commands and write files; a program without the words for it computes."""
    options = apart(shell.found, spec, words, stop=True)
    operands = options.operands
    if not options.value("-f", "--file"):
        text = operands[0] if operands else UNKNOWN
        if not known(text) or _AWK.search(plain(text).replace("&&", "").replace("||", "")):
            shell.found.unknown("an `awk` program is not understood")
        operands = operands[1:]
    files = tuple(word for word in operands if not _ASSIGNED.match(plain(word)))
    judge(shell.found, name, spec, type(options)(options.seen, options.values, files))


def tar(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """An archive is listed, made, or unpacked over whatever is there."""
    found = shell.found
    first = plain(words[0]) if words else ""
    if words and re.match(r"[a-zA-Z]+\Z", first):
        words = [quoted("-" + first), *words[1:]]
    options = apart(found, spec, words)
    archive = options.value("-f", "--file")
    if any(":" in plain(word).partition("/")[0] for word in archive):
        found.unknown("an archive on another machine is opened by a program")  # tar(1), `--force-local`
    for folder in options.value("-C", "--directory"):
        given(found, "read", folder)
    judge(found, name, Spec(takes={"-C": "text"}, worst=spec.worst, any_flag=True), options)
    if options.seen & {"-x", "--extract", "--get"}:
        found.does(frozenset({"write"}), "irreversible", "unpacks an archive over what is there")
        for folder in options.value("-C", "--directory") or ["."]:
            found.file(folder, "write")
        use, used = "read", "text"
    elif options.seen & {"-t", "--list"}:
        use, used = "read", "text"
    else:
        use, used = "write", "read"
    for word in archive:
        given(found, use, word)
    for word in options.operands:
        given(found, used, word)


def database(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """A database client with its statement in an option or operand; without one it reads what nobody sees."""
    found = shell.found
    options = apart(found, spec, words)
    dialect = {"psql": "postgres", "sqlite3": "sqlite", "duckdb": "duckdb"}.get(name, "mysql")
    operands = list(options.operands)
    texts = [word for _, use, word in options.values if use == "sql"]
    if name in ("sqlite3", "duckdb"):
        texts += operands[1:]
        for word in operands[:1]:
            found.file(word, "read")
    for _, use, word in options.values:
        if use != "sql":
            given(found, use, word)
    source = shell.source()
    if not texts and source.kind == "text":
        texts = [source.text]
    for text in texts:
        client = not known(text) or re.search(r"(?m)^\s*[.\\!]|\\[a-z!]|\bsystem\b", plain(text), re.IGNORECASE)
        if client:
            found.unknown(f"a command of `{name}` itself may do anything")
        else:
            found.add(read_statements(plain(text), dialect))
            if name in ("sqlite3", "duckdb") and found.effects - {"read"}:
                given(found, "write", operands[0]) if operands else found.unknown("which database is not known")
    if options.seen & spec.worst or not texts:
        found.unknown(f"what `{name}` is asked is not known")


def dd(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`dd of=FILE` overwrites without asking."""
    shell.found.does(spec.does, spec.undo, "overwrites a file or a device")
    for word in words:
        for start, use in (("of=", "write"), ("if=", "read")):
            if plain(word).startswith(start):
                given(shell.found, use, quoted(plain(word)[3:]))


def cd(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """The directory that every later name is relative to."""
    places = [word for word in words if plain(word) not in ("-P", "-L", "--")]
    shell.cd(places[0] if len(places) == 1 and name == "cd" else "" if not places and name == "cd" else SPLIT)


def assigning(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`read`, `mapfile`, `getopts`, `printf -v`: variables get values that are not known, or names out of a pipe."""
    listed = shell.names
    for word in words:
        text = plain(word)
        odd = not known(word) or active(word) != word or "[" in text
        if odd or (text[:1] == "-" and not _ASSIGNING.fullmatch(text)):
            shell.found.unknown("a variable is set whose name is not known")
        elif re.match(r"[A-Za-z_][A-Za-z0-9_]*\Z", text):
            shell.bind(text, listed[0] if name == "read" and listed and len(listed) == 1 else UNKNOWN)
        elif text.startswith("-v"):
            shell.bind(text[2:])
    shell.found.does(frozenset({"read"}), "reversible")


def testing(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`test` only tells, but for the index of a variable that it is asked for, which is computed."""
    values = [plain(word) if known(word) and active(word) == word else UNKNOWN for word in words]
    if names_index(values):
        shell.found.unknown("`test -v` computes an index")
    shell.found.does(spec.does, spec.undo)


def names_index(words: Sequence[str]) -> bool:
    """Is a variable asked for that is not plainly named? Its index is computed, and may hold a command."""
    return any(
        test in ("-v", "-R") and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[0-9]{1,9}\])?|-?[ao]|=|!=|\]", name)
        for test, name in pairwise(words)
    )


def printing(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`printf -v NAME` sets a variable; otherwise it prints."""
    if words and plain(words[0]).startswith(("-v", *MAY_BE_OPTION)):
        assigning(shell, name, spec, words[:2])
    shell.found.does(spec.does, spec.undo)


def filtering(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`jq` has the environment at hand; `yq` also files, and programs."""
    if any(re.search(r"\bload\w*\s*\(|\bsystem\b", plain(word)) for word in words) or (
        name == "yq" and any(re.match(r"-[a-zA-Z]*s|--sp", plain(word)) for word in words)
    ):
        shell.found.unknown(f"`{name}` reads, writes or runs something else")
    if any(
        re.search(r"\b(?:str)?env(?:subst)?\b|\$ENV|input_filename|\binclude\b|\bimport\b", plain(word))
        for word in words
    ):
        shell.found.facts.add("shows_secrets")
    by_table(shell, name, spec, words)


def grep(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """The first operand is what to look for, unless an option says it."""
    found = shell.found
    options = apart(found, spec, words)
    patterns = any(use == "pattern" for _, use, _ in options.values) or options.value("-f", "--file")
    files = options.operands if patterns or "--files" in options.seen else options.operands[1:]
    judge(found, name, spec, type(options)(options.seen, options.values, (EMPTY, *files)))
    if options.seen & {"-l", "-L", "--files", "--files-with-matches", "--files-without-match"}:
        shell.names = below(files)
    elif files or options.seen & {"-c", "-n", "-o", "-b", "-A", "-B", "-C"}:
        shell.names = None


def setting(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """Settings of the shell itself; those that change what later words mean are not read."""
    options = apart(shell.found, spec, words)
    chosen = [*(word for _, _, word in options.values), *(options.operands if name == "shopt" else ())]
    if any(plain(word) not in _SETTINGS for word in chosen if word):
        shell.found.unknown("a setting of the shell changes what words mean")
    if name == "set" and options.operands:
        shell.found.unknown("arguments of the shell are set")


def project(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """What it runs stands in a file of the project."""
    options = apart(shell.found, spec, words)
    before = shell.found.cwds
    for _, use, word in options.values:
        if use == "cd":
            shell.cd(word)
    judge(shell.found, name, spec, options)
    if not options.value("-f", "--file", "--makefile"):
        for file in _PROJECT.get(name.partition(" ")[0], ()):
            shell.found.file(file, "run")
    shell.found.cwds = before


def cloud(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """A client of a service: the verb among its first words tells, as far as it is known."""
    found = shell.found
    options = apart(found, spec, words)
    leading = options.operands[1:2] if name in ("aws", "gh", "glab") else options.operands[:4]
    verbs = [plain(word).partition("-")[0] for word in leading]
    if any(_SECRETS.search(plain(word)) for word in options.operands) or "auth" in map(plain, options.operands[:1]):
        found.facts.add("shows_secrets")
    for _, use, word in options.values:
        given(found, use, word)
    first = next((verb for verb in verbs if verb in _READING or verb in _REMOVING), "")
    tells_only = not _DOING & {*verbs[: verbs.index(first) if first else 0]}
    written = {"--output-file", "--web", "--log-file", "--debug"} & options.seen
    tells = tells_only and not written and all(known(word) for word in options.operands)
    if tells and (first in _READING or verbs[:1] in (["version"], ["help"])):
        found.does(frozenset({"read"}), "reversible")
    elif first in _REMOVING:
        found.does(frozenset({"delete"}), "irreversible", f"`{name}` removes something")
    else:
        found.does(frozenset({"execute", "send"}), "irreversible", f"`{name}` changes something")


def crontab(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`crontab -l` only tells."""
    if [plain(word) for word in words] != ["-l"]:
        by_table(shell, name, spec, words)


def unzip(shell: Shell, name: str, spec: Spec, words: Sequence[str]) -> None:
    """`unzip -l` only tells; otherwise files are written over what is there."""
    options = apart(shell.found, spec, words)
    if options.seen & {"-l", "-t", "-p", "-Z", "-v", "-z"}:
        judge(shell.found, name, Spec(operands=("read", "text"), any_flag=True), options)
        return
    judge(shell.found, name, spec, options)
    if not options.value("-d"):
        shell.found.file(".", "write")


HOW: Mapping[str, Callable[[Shell, str, Spec, Sequence[str]], None]] = {
    "": by_table,
    "assign": assigning,
    "awk": awk,
    "cd": cd,
    "cloud": cloud,
    "command": wrapped,
    "crontab": crontab,
    "curl": curl,
    "database": database,
    "dd": dd,
    "env": env,
    "eval": evaluate,
    "find": find,
    "git": git,
    "grep": grep,
    "interpreter": interpreter,
    "jq": filtering,
    "printf": printing,
    "project": project,
    "remote": remote,
    "sed": sed,
    "set": setting,
    "shell": shell_of_its_own,
    "source": sourced,
    "ssh": ssh,
    "tar": tar,
    "test": testing,
    "unzip": unzip,
    "xargs": xargs,
}
