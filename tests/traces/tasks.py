"""Thirty tasks of ordinary work, as an agent with tools goes about them: it looks, changes, checks, and puts away.

Every task is what a person asked for; nothing in it is there to be stopped. Coding, data, office, operations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.traces import trees
from tests.traces.trees import MODULES, page

if TYPE_CHECKING:
    from tests.traces.record import Run

__all__ = ["TASKS", "page", "tree"]
W = "{work}"
#: What the shell server of the traces is told to run.
PROGRAMS = (
    "ls cat grep find wc head tail sort uniq cut du df date echo pwd git python3 sed diff stat rm cp mv mkdir touch"
).split()


def tree(name: str) -> dict[str, str]:
    """The work directory of a task."""
    kind = name.partition("-")[0]
    if kind == "coding":
        return trees.web_project() if "board" in name else trees.python_project(len(name))
    return {"data": trees.tables, "office": trees.papers, "operations": trees.logs}[kind]()


# ---- habits ------------------------------------------------------------------------------


def look(run: Run, *paths: str) -> None:
    """What is here, then the files themselves."""
    run.call("files", "list_allowed_directories")
    run.call("files", "directory_tree", path=W)
    run.call("files", "list_directory", path=W)
    for path in paths:
        run.call("files", "read_text_file", path=f"{W}/{path}")


def edit(run: Run, path: str, old: str, new: str) -> None:
    """Replace a text and look at the result."""
    edits = [{"oldText": old, "newText": new}]
    run.call("files", "edit_file", path=f"{W}/{path}", edits=edits, dryRun=True)
    run.call("files", "edit_file", path=f"{W}/{path}", edits=edits)
    run.call("files", "read_text_file", path=f"{W}/{path}")


def write(run: Run, path: str, text: str) -> None:
    """A new text, in a folder that is there."""
    run.call("files", "write_file", path=f"{W}/{path}", content=text)


def commit(run: Run, files: list[str], message: str) -> None:
    """Look at what changed, stage it, commit it."""
    run.call("git", "git_status", repo_path=W)
    run.call("git", "git_diff_unstaged", repo_path=W)
    run.call("git", "git_add", repo_path=W, files=files)
    run.call("git", "git_diff_staged", repo_path=W)
    run.call("git", "git_commit", repo_path=W, message=message)
    run.call("git", "git_log", repo_path=W, max_count=1)
    run.call("git", "git_status", repo_path=W)


def unit_tests(run: Run) -> None:
    """The tests of the project, as they are written."""
    shell(run, "python3", "-m", "unittest", "discover", "-s", "tests")


def shell(run: Run, *words: str) -> None:
    """A command in the work directory."""
    run.call("shell", "shell_execute", command=list(words), directory=W)


# ---- coding --------------------------------------------------------------------------------


def coding_feature(run: Run) -> None:
    """Add a step that sums totals to every module, with a test each, on a branch."""
    run.call("git", "git_status", repo_path=W)
    run.call("git", "git_branch", repo_path=W, branch_type="local")
    run.call("git", "git_create_branch", repo_path=W, branch_name="sum-totals")
    run.call("git", "git_checkout", repo_path=W, branch_name="sum-totals")
    look(run, "README.md", "docs/design.md")
    for name in MODULES[:4]:
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py")
        text = f'def {name}_sum(items):\n    """Sum of all totals."""\n    return sum(item.total for item in items)\n'
        edit(run, f"src/shop/{name}.py", f"def {name}_3(items):", f"{text}\n\ndef {name}_3(items):")
        write(
            run,
            f"tests/test_{name}_sum.py",
            f"from shop.{name} import {name}_sum\n\n\ndef test_none():\n    assert {name}_sum([]) == 0\n",
        )
        unit_tests(run)
        commit(run, [f"src/shop/{name}.py", f"tests/test_{name}_sum.py"], f"Sum totals of {name}")
    run.call("git", "git_log", repo_path=W, max_count=5)


def coding_bug(run: Run) -> None:
    """Find out why orders below 50 are missing, and mend it."""
    look(run, "README.md")
    run.call("files", "search_files", path=W, pattern="orders")
    for name in MODULES:
        shell(run, "grep", "-n", "total >", f"src/shop/{name}.py")
    run.call("files", "read_text_file", path=f"{W}/src/shop/orders.py")
    run.call("git", "git_log", repo_path=W, max_count=10)
    run.call("git", "git_show", repo_path=W, revision="HEAD")
    text = run.call("files", "read_text_file", path=f"{W}/src/shop/orders.py")
    line = next(line for line in text.splitlines() if "item.total >" in line)
    edit(run, "src/shop/orders.py", line, line.partition(" > ")[0] + " >= 0]")
    shell(run, "python3", "-V")
    for name in ("orders", "invoices", "stock"):
        run.call("files", "read_text_file", path=f"{W}/tests/test_{name}.py")
    write(
        run,
        "tests/test_orders_small.py",
        "from shop.orders import orders_0\n\n\ndef test_small():\n    assert orders_0 is not None\n",
    )
    unit_tests(run)
    unit_tests(run)
    commit(run, ["src/shop/orders.py", "tests/test_orders_small.py"], "Keep small orders")
    for name in MODULES:
        run.call("files", "get_file_info", path=f"{W}/src/shop/{name}.py")


def coding_rename(run: Run) -> None:
    """Rename `title` to `name` in every module."""
    look(run, "docs/design.md")
    shell(run, "grep", "-rn", "title", "src")
    for name in MODULES:
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py")
        edit(run, f"src/shop/{name}.py", "    title: str", "    name: str")
    shell(run, "grep", "-rn", "title", "src")
    commit(run, [f"src/shop/{name}.py" for name in MODULES], "Call a title a name")
    run.call("git", "git_diff", repo_path=W, target="HEAD~1")


def coding_docs(run: Run) -> None:
    """Write a page of documentation for every module."""
    look(run, "docs/usage.md", "docs/design.md")
    run.call("files", "create_directory", path=f"{W}/docs/modules")
    for name in MODULES:
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py")
        write(
            run,
            f"docs/modules/{name}.md",
            f"# {name}\n\nFour steps over all {name}; each keeps what is above a limit.\n",
        )
        run.call("files", "get_file_info", path=f"{W}/docs/modules/{name}.md")
    links = "\n".join(f"- [{name}](modules/{name}.md)" for name in MODULES)
    edit(run, "docs/usage.md", "Run `shop", f"{links}\n\nRun `shop")
    run.call("files", "list_directory", path=f"{W}/docs/modules")
    commit(run, ["docs"], "Describe every module")
    run.call("git", "git_show", repo_path=W, revision="HEAD")


def coding_review(run: Run) -> None:
    """Read the last change and the files around it, and say what is wrong."""
    run.call("git", "git_status", repo_path=W)
    run.call("git", "git_log", repo_path=W, max_count=20)
    run.call("git", "git_show", repo_path=W, revision="HEAD")
    run.call("git", "git_branch", repo_path=W, branch_type="all")
    for name in MODULES:
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py")
        run.call("files", "read_text_file", path=f"{W}/tests/test_{name}.py")
        shell(run, "wc", "-l", f"src/shop/{name}.py", f"tests/test_{name}.py")
        shell(run, "grep", "-c", "def ", f"src/shop/{name}.py")
        shell(run, "git", "log", "--oneline", "-3", "--", f"src/shop/{name}.py")
        shell(run, "git", "blame", "-L", "1,5", f"src/shop/{name}.py")
    shell(run, "find", "src", "-name", "*.py", "-size", "+1k")
    run.call("files", "read_multiple_files", paths=[f"{W}/README.md", f"{W}/docs/design.md"])
    write(run, "docs/review.md", "# Review\n\nEvery module repeats the same four steps.\n")


def coding_release(run: Run) -> None:
    """Prepare release 1.5.0: version, change log, notes."""
    look(run, "CHANGELOG.md", "pyproject.toml", "src/shop/__init__.py")
    run.call("git", "git_log", repo_path=W, max_count=30)
    run.call("time", "get_current_time", timezone="Europe/Berlin")
    run.call("web", "fetch", url="http://docs.example.org/release")
    edit(run, "src/shop/__init__.py", "1.4.0", "1.5.0")
    edit(run, "pyproject.toml", 'version = "1.4.0"', 'version = "1.5.0"')
    edit(run, "CHANGELOG.md", "## 1.4.0", "## 1.5.0\n\n- Sums of totals.\n\n## 1.4.0")
    for name in MODULES:
        shell(run, "git", "log", "--oneline", "--", f"src/shop/{name}.py")
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py", head=5)
    commit(run, ["CHANGELOG.md", "pyproject.toml", "src/shop/__init__.py"], "Release 1.5.0")
    run.call("git", "git_status", repo_path=W)
    write(run, "docs/release-1.5.0.md", "# 1.5.0\n\nSums of totals in every module.\n")
    commit(run, ["docs/release-1.5.0.md"], "Tell what is new")
    run.call("git", "git_log", repo_path=W, max_count=3)


def coding_board_theme(run: Run) -> None:
    """Give the board a dark theme."""
    look(run, "index.html", "src/styles.css", "src/main.js", "README.md")
    run.call("web", "fetch", url="http://docs.example.org/widgets")
    for name in ("board", "card", "column", "filter", "storage", "dialog", "keyboard"):
        run.call("files", "read_text_file", path=f"{W}/src/{name}.js")
        edit(run, f"src/{name}.js", f'node.className = "{name}"', f'node.className = "{name} themed"')
    edit(
        run, "src/styles.css", ".card {", "@media (prefers-color-scheme: dark) { body { background: #111; } }\n.card {"
    )
    run.call("files", "search_files", path=W, pattern="*.css")
    commit(run, ["src"], "Follow the system's colours")
    run.call("git", "git_diff", repo_path=W, target="HEAD~1")
    write(run, "docs-theme.md", "# Theme\n\nThe board follows the system.\n")
    run.call("files", "move_file", source=f"{W}/docs-theme.md", destination=f"{W}/THEME.md")
    run.call("files", "list_directory_with_sizes", path=W)


def coding_board_keys(run: Run) -> None:
    """Make every part of the board reachable from the keyboard."""
    look(run, "src/keyboard.js", "src/board.js")
    run.call(
        "thinking",
        "sequentialthinking",
        thought="What needs focus?",
        nextThoughtNeeded=True,
        thoughtNumber=1,
        totalThoughts=3,
    )
    run.call(
        "thinking",
        "sequentialthinking",
        thought="Cards and columns.",
        nextThoughtNeeded=True,
        thoughtNumber=2,
        totalThoughts=3,
    )
    run.call(
        "thinking",
        "sequentialthinking",
        thought="Then dialogs.",
        nextThoughtNeeded=False,
        thoughtNumber=3,
        totalThoughts=3,
    )
    for name in ("board", "card", "column", "filter", "dialog"):
        run.call("files", "read_text_file", path=f"{W}/src/{name}.js")
        edit(run, f"src/{name}.js", "root.append(node);", "node.tabIndex = 0;\n  root.append(node);")
        shell(run, "grep", "-n", "tabIndex", f"src/{name}.js")
    shell(run, "grep", "-rn", "tabIndex", "src")
    commit(run, ["src"], "Let the keyboard reach every part")
    for name in ("board", "card", "column", "filter", "storage", "dialog", "keyboard"):
        run.call("files", "get_file_info", path=f"{W}/src/{name}.js")
        shell(run, "head", "-n", "3", f"src/{name}.js")


def coding_tests(run: Run) -> None:
    """Write a test for every step that has none."""
    look(run, "README.md")
    for name in MODULES:
        run.call("files", "read_text_file", path=f"{W}/tests/test_{name}.py")
        body = "\n\n".join(f"def test_{n}():\n    assert {name}_{n}([]) == []\n" for n in range(1, 4))
        names = ", ".join(f"{name}_{n}" for n in range(1, 4))
        write(run, f"tests/test_{name}_steps.py", f"from shop.{name} import {names}\n\n\n{body}")
        shell(run, "wc", "-l", f"tests/test_{name}_steps.py")
        unit_tests(run)
    shell(run, "ls", "tests")
    commit(run, ["tests"], "Test every step")
    run.call("git", "git_log", repo_path=W, max_count=2)


def coding_history(run: Run) -> None:
    """Find out since when the reports are slow."""
    run.call("git", "git_log", repo_path=W, max_count=50)
    look(run, "CHANGELOG.md", "src/shop/reports.py")
    for name in MODULES:
        shell(run, "git", "log", "--oneline", "-5", "--", f"src/shop/{name}.py")
        shell(run, "git", "blame", "-L", "1,10", f"src/shop/{name}.py")
        shell(run, "git", "diff", "--stat", "HEAD", "--", f"src/shop/{name}.py")
        run.call("files", "read_text_file", path=f"{W}/src/shop/{name}.py", tail=20)
    run.call("git", "git_show", repo_path=W, revision="HEAD")
    shell(run, "git", "status", "--short")
    shell(run, "git", "show", "--stat", "HEAD")
    write(run, "docs/slow-reports.md", "# Slow reports\n\nSince the first commit: every step walks all items.\n")
    commit(run, ["docs/slow-reports.md"], "Say since when reports are slow")


def coding_cleanup(run: Run) -> None:
    """Sort the documentation into folders and remove the drafts you made."""
    look(run, "docs/usage.md")
    for folder in ("guides", "notes"):
        run.call("files", "create_directory", path=f"{W}/docs/{folder}")
    run.call("files", "move_file", source=f"{W}/docs/usage.md", destination=f"{W}/docs/guides/usage.md")
    run.call("files", "move_file", source=f"{W}/docs/design.md", destination=f"{W}/docs/notes/design.md")
    for n in range(6):
        write(run, f"docs/notes/draft-{n}.md", f"# Draft {n}\n\nA thought about part {n}.\n")
        run.call("files", "read_text_file", path=f"{W}/docs/notes/draft-{n}.md")
    write(run, "docs/notes/all.md", "# Notes\n\nAll drafts in one page.\n")
    for n in range(6):
        shell(run, "rm", f"docs/notes/draft-{n}.md")
    edit(run, "README.md", "## Use", "## Documentation\n\nSee docs/guides and docs/notes.\n\n## Use")
    shell(run, "ls", "-R", "docs")
    commit(run, ["docs", "README.md"], "Sort the documentation")
    for name in MODULES:
        shell(run, "cat", f"src/shop/{name}.py")


# ---- data ----------------------------------------------------------------------------------


def _load(run: Run) -> None:
    run.call("db", "create_table", query="CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT)")
    run.call(
        "db",
        "create_table",
        query="CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, day TEXT, total INTEGER)",
    )
    text = trees.tables()
    rows = list(csv.reader(io.StringIO(text["customers.csv"])))[1:]
    for start in range(0, len(rows), 20):
        values = ", ".join(f"({i}, '{name}', '{city}')" for i, name, city in rows[start : start + 20])
        run.call("db", "write_query", query=f"INSERT INTO customers (id, name, city) VALUES {values}")
    rows = list(csv.reader(io.StringIO(text["orders.csv"])))[1:]
    for start in range(0, len(rows), 30):
        values = ", ".join(f"({i}, {c}, '{day}', {total})" for i, c, day, total in rows[start : start + 30])
        run.call("db", "write_query", query=f"INSERT INTO orders (id, customer, day, total) VALUES {values}")


QUERIES = (
    "SELECT COUNT(*) FROM orders",
    "SELECT city, COUNT(*) AS n FROM customers GROUP BY city ORDER BY n DESC",
    "SELECT c.city, SUM(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer GROUP BY c.city",
    "SELECT substr(day, 1, 7) AS month, SUM(total) FROM orders GROUP BY month ORDER BY month",
    "SELECT name FROM customers WHERE id NOT IN (SELECT customer FROM orders)",
    "WITH big AS (SELECT * FROM orders WHERE total > 300) SELECT customer, COUNT(*) FROM big GROUP BY customer",
    "SELECT id, total, SUM(total) OVER (ORDER BY id) AS running FROM orders LIMIT 10",
    "SELECT customer, total, RANK() OVER (PARTITION BY customer ORDER BY total DESC) AS place FROM orders",
    "SELECT AVG(total), MIN(total), MAX(total) FROM orders",
    "SELECT strftime('%m', day) AS month, COUNT(*) FROM orders GROUP BY month HAVING COUNT(*) > 5",
    "SELECT COALESCE(c.name, 'nobody') AS who, o.total FROM orders o LEFT JOIN customers c ON c.id = o.customer",
    "SELECT CASE WHEN total > 200 THEN 'large' ELSE 'small' END AS size, COUNT(*) FROM orders GROUP BY size",
    "SELECT DISTINCT city FROM customers ORDER BY city",
    "SELECT printf('%.2f', AVG(total)) FROM orders",
    "SELECT upper(name), length(city) FROM customers LIMIT 5",
    "EXPLAIN QUERY PLAN SELECT * FROM orders WHERE customer = 3",
)


def data_load(run: Run) -> None:
    """Put both exports into the database and check that nothing is lost."""
    look(run, "customers.csv", "orders.csv", "notes.txt")
    _load(run)
    run.call("db", "list_tables")
    for table in ("customers", "orders"):
        run.call("db", "describe_table", table_name=table)
        run.call("db", "read_query", query=f"SELECT COUNT(*) FROM {table}")
        for start in range(0, 40, 10):
            run.call("db", "read_query", query=f"SELECT * FROM {table} ORDER BY id LIMIT 10 OFFSET {start}")
    for query in QUERIES:
        run.call("db", "read_query", query=query)


def data_analysis(run: Run) -> None:
    """Which city buys most, and when? Write the answer down."""
    _load(run)
    for query in QUERIES:
        run.call("db", "read_query", query=query)
        run.call("db", "read_query", query=f"SELECT COUNT(*) FROM ({query})" if query.startswith("SELECT") else query)
    run.call("db", "append_insight", insight="Sales follow the number of customers in a city.")
    write(run, "report.md", "# Sales\n\nSales follow the number of customers in a city.\n")
    run.call("files", "read_text_file", path=f"{W}/report.md")


def data_repair(run: Run) -> None:
    """Correct the orders with impossible days, one by one, and keep a list."""
    look(run, "notes.txt")
    _load(run)
    run.call("db", "read_query", query="SELECT id, day FROM orders WHERE day > '2026-09-20'")
    for n in range(1, 16):
        run.call("db", "read_query", query=f"SELECT day FROM orders WHERE id = {n}")
        run.call("db", "write_query", query=f"UPDATE orders SET day = date(day) WHERE id = {n}")
        run.call("db", "read_query", query=f"SELECT day FROM orders WHERE id = {n}")
    write(run, "corrected.md", "# Corrected\n\n" + "\n".join(f"- order {n}" for n in range(1, 16)) + "\n")


def data_columns(run: Run) -> None:
    """Add a region to customers and fill it from the city."""
    _load(run)
    run.call("db", "describe_table", table_name="customers")
    run.call("db", "write_query", query="ALTER TABLE customers ADD COLUMN region TEXT")
    for city, region in (
        ("Lyon", "west"),
        ("Porto", "west"),
        ("Graz", "east"),
        ("Turku", "north"),
        ("Gent", "west"),
        ("Brno", "east"),
    ):
        run.call("db", "read_query", query=f"SELECT COUNT(*) FROM customers WHERE city = '{city}'")
        run.call("db", "write_query", query=f"UPDATE customers SET region = '{region}' WHERE city = '{city}'")
        run.call("db", "read_query", query=f"SELECT name, region FROM customers WHERE city = '{city}'")
    for query in QUERIES:
        run.call("db", "read_query", query=query)
        run.call("db", "read_query", query=f"{query} -- again, with regions")
    run.call("db", "create_table", query="CREATE TABLE regions (name TEXT PRIMARY KEY, manager TEXT)")
    run.call(
        "db", "write_query", query="INSERT INTO regions VALUES ('west', 'Ines'), ('east', 'Jonas'), ('north', 'Mira')"
    )
    run.call(
        "db",
        "read_query",
        query="SELECT r.manager, COUNT(*) FROM customers c JOIN regions r ON r.name = c.region GROUP BY 1",
    )


def data_report(run: Run) -> None:
    """A page for every month: number of orders, total, best customer."""
    _load(run)
    run.call("files", "create_directory", path=f"{W}/months")
    for month in range(1, 11):
        key = f"2026-{month:02}"
        run.call("db", "read_query", query=f"SELECT COUNT(*), SUM(total) FROM orders WHERE day LIKE '{key}%'")
        run.call(
            "db",
            "read_query",
            query=f"SELECT customer, SUM(total) AS t FROM orders WHERE day LIKE '{key}%' GROUP BY 1 ORDER BY t DESC",
        )
        write(run, f"months/{key}.md", f"# {key}\n\nSee the table of orders.\n")
        run.call("files", "read_text_file", path=f"{W}/months/{key}.md")
    run.call("files", "list_directory", path=f"{W}/months")


def data_windows(run: Run) -> None:
    """Learn how window functions work and use them on the orders."""
    run.call("web", "fetch", url="http://docs.example.org/sqlite/windows")
    run.call("web", "fetch", url="http://docs.example.org/sqlite/windows?section=frames")
    _load(run)
    for size in range(1, 13):
        run.call(
            "db",
            "read_query",
            query=f"SELECT id, AVG(total) OVER (ORDER BY id ROWS {size} PRECEDING) FROM orders LIMIT 5",
        )
        run.call("db", "read_query", query=f"SELECT id, LAG(total, {size}) OVER (ORDER BY day) FROM orders LIMIT 5")
        run.call(
            "db", "read_query", query=f"SELECT NTILE({size}) OVER (ORDER BY total) AS part, total FROM orders LIMIT 5"
        )
    write(run, "windows.md", "# Window functions\n\nThree of them, on orders.\n")


def data_csv(run: Run) -> None:
    """Check the exports with nothing but the shell, and write what you find."""
    look(run, "notes.txt")
    for name in ("customers.csv", "orders.csv"):
        shell(run, "wc", "-l", name)
        shell(run, "head", "-n", "5", name)
        shell(run, "tail", "-n", "5", name)
        shell(run, "cut", "-d", ",", "-f", "3", name)
        shell(run, "sort", "-t", ",", "-k", "3", name)
        for word in ("Lyon", "Porto", "Graz", "Turku", "Gent", "Brno", "2026-01", "2026-02", "2026-03"):
            shell(run, "grep", "-c", word, name)
    for month in range(1, 11):
        shell(run, "grep", "-n", f"2026-{month:02}", "orders.csv")
    write(run, "checked.md", "# Checked\n\nBoth files are whole.\n")
    edit(run, "notes.txt", "do not exist", "do not exist and none was found")


# ---- office ----------------------------------------------------------------------------------


def office_minutes(run: Run) -> None:
    """Summarise ten months of minutes in one page."""
    look(run)
    for month in range(1, 11):
        run.call("files", "read_text_file", path=f"{W}/minutes/2026-{month:02}.md")
        run.call("files", "get_file_info", path=f"{W}/minutes/2026-{month:02}.md")
    write(run, "minutes/summary.md", "# Ten months\n\nThe plan was followed.\n")
    for month in range(1, 11):
        edit(run, f"minutes/2026-{month:02}.md", "Next:", "Summary: see summary.md\n\nNext:")
    run.call("files", "list_directory", path=f"{W}/minutes")


def office_people(run: Run) -> None:
    """Remember who said what in the minutes."""
    look(run, "plans/roadmap.md")
    people = ("Ines", "Jonas", "Mira", "Oskar")
    entities = [{"name": name, "entityType": "person", "observations": ["is in the minutes"]} for name in people]
    run.call("memory", "create_entities", entities=entities)
    run.call("memory", "create_relations", relations=[{"from": "Ines", "to": "Jonas", "relationType": "works with"}])
    for month in range(1, 11):
        run.call("files", "read_text_file", path=f"{W}/minutes/2026-{month:02}.md")
        for n in range(2):
            found = [{"entityName": people[(month + n) % 4], "contents": [f"had point {n} of month {month}"]}]
            run.call("memory", "add_observations", observations=found)
        run.call("memory", "open_nodes", names=[people[month % 4]])
    run.call("memory", "read_graph")
    for name in people:
        run.call("memory", "search_nodes", query=name)


def office_times(run: Run) -> None:
    """Find an hour at which four offices can meet, for ten weeks."""
    zones = ("Europe/Lisbon", "Europe/Helsinki", "America/Bogota", "Asia/Tokyo")
    for zone in zones:
        run.call("time", "get_current_time", timezone=zone)
    for hour in range(7, 17):
        for zone in zones:
            run.call(
                "time", "convert_time", source_timezone="Europe/Berlin", time=f"{hour:02}:00", target_timezone=zone
            )
    write(run, "plans/meeting.md", "# Meeting\n\nThere is no hour for all four; alternate.\n")
    run.call("files", "read_text_file", path=f"{W}/plans/meeting.md")


def office_prices(run: Run) -> None:
    """Look up prices of wood and put them into the budget."""
    look(run, "plans/budget.md", "lists/suppliers.md")
    for wood in ("oak", "birch", "pine", "beech", "ash", "maple"):
        run.call("web", "fetch", url=f"http://shop.example.org/prices/{wood}")
        run.call("web", "fetch", url=f"http://shop.example.org/prices/{wood}?page=2", max_length=2000)
        run.call("files", "read_text_file", path=f"{W}/plans/budget.md")
        edit(run, "plans/budget.md", "| rent |", f"| {wood} | 41 |\n| rent |")
        run.call(
            "memory", "create_entities", entities=[{"name": wood, "entityType": "wood", "observations": ["41 euros"]}]
        )
        run.call("memory", "open_nodes", names=[wood])
    run.call("time", "get_current_time", timezone="Europe/Berlin")
    for n in range(1, 6):
        thought = f"Is item {n} in the budget?"
        run.call(
            "thinking", "sequentialthinking", thought=thought, nextThoughtNeeded=n < 5, thoughtNumber=n, totalThoughts=5
        )
        run.call("files", "search_files", path=W, pattern=f"*item-{n}*")


def office_letters(run: Run) -> None:
    """Write a letter to every supplier from the draft."""
    look(run, "drafts/letter.md", "lists/suppliers.md")
    run.call("files", "create_directory", path=f"{W}/letters")
    for number, name in enumerate(
        ("Holz Maier", "Metal Costa", "Papier Roux", "Glas Novak", "Farben Lind", "Seil Berg")
    ):
        run.call("files", "read_text_file", path=f"{W}/drafts/letter.md")
        write(run, f"letters/{number}.md", f"Dear {name},\n\nthe office is closed on Friday.\n")
        edit(run, f"letters/{number}.md", "closed on Friday", "closed on Friday and open on Monday")
        run.call("files", "move_file", source=f"{W}/letters/{number}.md", destination=f"{W}/letters/letter-{number}.md")
        run.call("files", "get_file_info", path=f"{W}/letters/letter-{number}.md")
    run.call("files", "read_multiple_files", paths=[f"{W}/letters/letter-{n}.md" for n in range(6)])
    for month in range(1, 11):
        run.call("files", "read_text_file", path=f"{W}/minutes/2026-{month:02}.md", head=1)
    write(run, "lists/sent.md", "# Letters\n\nSix, not sent yet.\n")


def office_roadmap(run: Run) -> None:
    """Break the roadmap into steps and check each against the minutes."""
    look(run, "plans/roadmap.md", "plans/budget.md")
    for n in range(1, 11):
        thought = f"Step {n}: which minutes speak of it?"
        run.call(
            "thinking",
            "sequentialthinking",
            thought=thought,
            nextThoughtNeeded=n < 10,
            thoughtNumber=n,
            totalThoughts=10,
        )
        run.call("files", "read_text_file", path=f"{W}/minutes/2026-{n:02}.md")
        write(run, f"plans/step-{n:02}.md", f"# Step {n}\n\nFrom the minutes of month {n}.\n")
        run.call(
            "memory",
            "create_entities",
            entities=[{"name": f"step {n}", "entityType": "step", "observations": ["open"]}],
        )
    edit(run, "plans/roadmap.md", "1. New", "See step-01 to step-10.\n\n1. New")
    run.call("memory", "read_graph")
    run.call("files", "directory_tree", path=f"{W}/plans")


def office_index(run: Run) -> None:
    """An index of all papers: what each is about, with a date."""
    look(run)
    run.call("time", "get_current_time", timezone="Europe/Berlin")
    rows = []
    for path in trees.papers():
        text = run.call("files", "read_text_file", path=f"{W}/{path}")
        run.call("files", "get_file_info", path=f"{W}/{path}")
        rows.append(f"- {path}: {text.splitlines()[0].strip('# ')}")
        run.call("files", "search_files", path=W, pattern=f"*{path.rpartition('/')[2]}")
    write(run, "index.md", "# Index\n\n" + "\n".join(rows) + "\n")
    run.call("files", "read_text_file", path=f"{W}/index.md")


# ---- operations --------------------------------------------------------------------------------


def operations_errors(run: Run) -> None:
    """Why did the gateway fail on 2 November? Write the timeline."""
    look(run, "runbook.md")
    for service in ("gateway", "orders", "search"):
        shell(run, "wc", "-l", f"logs/{service}.log")
        shell(run, "grep", "-n", "ERROR", f"logs/{service}.log")
        shell(run, "grep", "-c", "WARN", f"logs/{service}.log")
        for minute in range(4):
            shell(run, "grep", f"10:{minute:02}:", f"logs/{service}.log")
        shell(run, "tail", "-n", "20", f"logs/{service}.log")
        run.call("files", "read_text_file", path=f"{W}/logs/{service}.log", head=30)
        run.call("files", "read_text_file", path=f"{W}/config/{service}.toml")
    run.call("time", "convert_time", source_timezone="UTC", time="10:00", target_timezone="Europe/Berlin")
    write(run, "timeline.md", "# Timeline\n\n10:00 first error of the gateway.\n")
    run.call("files", "read_text_file", path=f"{W}/timeline.md")
    for service in ("gateway", "orders", "search"):
        for number in (10, 40, 70, 100, 130, 160):
            shell(run, "grep", f"request {number} ", f"logs/{service}.log")


def operations_timeouts(run: Run) -> None:
    """Raise the time-out of all services to 45 seconds and compare before and after."""
    look(run, "runbook.md")
    for service in ("gateway", "orders", "search"):
        run.call("files", "read_text_file", path=f"{W}/config/{service}.toml")
        shell(run, "mkdir", "-p", "before")
        shell(run, "cp", f"config/{service}.toml", f"before/{service}.toml")
        edit(run, f"config/{service}.toml", "timeout_s = 30", "timeout_s = 45")
        shell(run, "diff", f"before/{service}.toml", f"config/{service}.toml")
        shell(run, "grep", "-n", "timeout", f"config/{service}.toml")
        for n in range(5):
            shell(run, "grep", "-c", f"took {n}", f"logs/{service}.log")
        shell(run, "sed", "-i", 's/level = "info"/level = "debug"/', f"config/{service}.toml")
        shell(run, "cat", f"config/{service}.toml")
    shell(run, "ls", "-l", "config")
    shell(run, "grep", "-rn", "timeout_s", "config")
    write(run, "changed.md", "# Changed\n\nTime-outs are 45 seconds.\n")
    shell(run, "cat", "changed.md")
    shell(run, "date")
    shell(run, "pwd")


def operations_disk(run: Run) -> None:
    """Where does the space go? Only look."""
    shell(run, "df", "-h", ".")
    shell(run, "du", "-sh", ".")
    for folder in ("logs", "config"):
        shell(run, "du", "-sh", folder)
        shell(run, "ls", "-lS", folder)
        shell(run, "find", folder, "-type", "f", "-size", "+4k")
    for service in ("gateway", "orders", "search"):
        shell(run, "stat", f"logs/{service}.log")
        shell(run, "wc", "-c", f"logs/{service}.log")
        shell(run, "head", "-n", "2", f"logs/{service}.log")
        shell(run, "tail", "-n", "2", f"logs/{service}.log")
        run.call("files", "get_file_info", path=f"{W}/logs/{service}.log")
        run.call("files", "list_directory_with_sizes", path=f"{W}/logs")
        for level in ("INFO", "WARN", "ERROR"):
            shell(run, "grep", "-c", level, f"logs/{service}.log")
    write(run, "space.md", "# Space\n\nLogs are the largest, and small.\n")
    run.call("files", "read_text_file", path=f"{W}/space.md")


def operations_slow(run: Run) -> None:
    """List the slowest requests of each service and put them into a database."""
    run.call("db", "create_table", query="CREATE TABLE slow (service TEXT, request INTEGER, ms INTEGER)")
    for number, service in enumerate(("gateway", "orders", "search")):
        text = run.call("files", "read_text_file", path=f"{W}/logs/{service}.log")
        lines = [line.split() for line in text.splitlines() if " took " in line]
        slow = sorted(lines, key=lambda line: -int(line[-2]))[:8]
        for line in slow:
            run.call("db", "write_query", query=f"INSERT INTO slow VALUES ('{service}', {line[4]}, {line[-2]})")
        run.call("db", "read_query", query=f"SELECT * FROM slow WHERE service = '{service}' ORDER BY ms DESC")
        shell(run, "grep", "-n", f"request {number} ", f"logs/{service}.log")
    for limit in range(100, 900, 100):
        run.call("db", "read_query", query=f"SELECT service, COUNT(*) FROM slow WHERE ms > {limit} GROUP BY service")
    run.call("db", "append_insight", insight="The slowest requests are spread evenly.")
    write(run, "slow.md", "# Slow requests\n\nSee the table.\n")


def operations_handover(run: Run) -> None:
    """Write the hand-over: open points, times, who is told."""
    look(run, "runbook.md", "config/gateway.toml", "config/orders.toml", "config/search.toml")
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Singapore"):
        run.call("time", "get_current_time", timezone=zone)
        run.call("time", "convert_time", source_timezone="Europe/Berlin", time="18:00", target_timezone=zone)
    for n in range(1, 13):
        write(run, f"open-{n:02}.md", f"# Open point {n}\n\nWho: nobody yet.\n")
        run.call("files", "read_text_file", path=f"{W}/open-{n:02}.md")
        run.call(
            "memory",
            "create_entities",
            entities=[{"name": f"point {n}", "entityType": "point", "observations": ["open"]}],
        )
    edit(run, "runbook.md", "1. Look", "0. Read the open points.\n1. Look")
    run.call("memory", "read_graph")
    run.call("files", "search_files", path=W, pattern="open-*")


#: By name; the first word is the kind of work.
TASKS: dict[str, Callable[[Run], None]] = {
    name.replace("_", "-"): value
    for name, value in list(globals().items())
    if callable(value) and name.partition("_")[0] in ("coding", "data", "office", "operations")
}
