"""What lies in the work directory before a task begins, and what the web says."""

from __future__ import annotations

import random

MODULES = ("orders", "invoices", "customers", "stock", "prices", "reports", "mail", "search")


def python_project(seed: int) -> dict[str, str]:
    """A small package with tests, documentation and a change log."""
    chance = random.Random(seed)
    tree = {
        ".gitignore": "__pycache__/\n*.pyc\n.venv/\ndata.db\n",
        "README.md": "# Shop\n\nOrders, stock and invoices.\n\n## Use\n\n    python -m shop report\n",
        "CHANGELOG.md": "# Changes\n\n## 1.4.0\n\n- Reports by month.\n",
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1.4.0"\ndependencies = ["click>=8"]\n',
        "src/shop/__init__.py": '"""Shop."""\n\n__version__ = "1.4.0"\n',
        "docs/usage.md": "# Usage\n\nRun `shop report --month 2026-01`.\n",
        "docs/design.md": "# Design\n\nOne module per noun. No module imports another's internals.\n",
    }
    for name in MODULES:
        lines = [f'"""{name.capitalize()} of the shop."""', "", "from dataclasses import dataclass", "", ""]
        lines += [
            "@dataclass",
            f"class {name.capitalize()[:-1]}:",
            "    id: int",
            "    title: str",
            "    total: int = 0",
            "",
        ]
        for n in range(4):
            lines += ["", f"def {name}_{n}(items):", f'    """Step {n} over all {name}."""']
            lines += [f"    return [item for item in items if item.total > {chance.randrange(1, 99)}]", ""]
        tree[f"src/shop/{name}.py"] = "\n".join(lines)
        tree[f"tests/test_{name}.py"] = (
            f"from shop.{name} import {name}_0\n\n\ndef test_empty():\n    assert {name}_0([]) == []\n"
        )
    return tree


def web_project() -> dict[str, str]:
    """A page with components and styles."""
    tree = {
        ".gitignore": "node_modules/\ndist/\n",
        "README.md": "# Board\n\nA board of cards.\n",
        "index.html": '<!doctype html>\n<title>Board</title>\n<script type="module" src="/src/main.js"></script>\n',
        "src/main.js": 'import { board } from "./board.js";\nboard(document.body);\n',
        "src/styles.css": "body { font: 16px/1.5 sans-serif; }\n.card { padding: 1rem; }\n",
    }
    for name in ("board", "card", "column", "filter", "storage", "dialog", "keyboard"):
        tree[f"src/{name}.js"] = (
            f"// The {name} of the board.\nexport function {name}(root, options = {{}}) {{\n"
            f'  const node = document.createElement("div");\n  node.className = "{name}";\n  root.append(node);\n'
            "  return node;\n}\n"
        )
    return tree


def tables() -> dict[str, str]:
    """Exports of a shop as CSV."""
    chance = random.Random(3)
    cities = ("Lyon", "Porto", "Graz", "Turku", "Gent", "Brno")
    customers = [f"{n},customer-{n},{chance.choice(cities)}" for n in range(1, 41)]
    orders = [
        f"{n},{chance.randrange(1, 41)},2026-{chance.randrange(1, 11):02}-{chance.randrange(1, 28):02},"
        f"{chance.randrange(5, 400)}"
        for n in range(1, 121)
    ]
    return {
        "customers.csv": "id,name,city\n" + "\n".join(customers) + "\n",
        "orders.csv": "id,customer,day,total\n" + "\n".join(orders) + "\n",
        "notes.txt": "Totals are in euros. Orders of day 2026-02-30 do not exist.\n",
    }


def papers() -> dict[str, str]:
    """Minutes, plans and lists of an office."""
    tree = {}
    for month in range(1, 11):
        people = ("Ines", "Jonas", "Mira", "Oskar")
        points = "\n".join(f"- {people[(month + n) % 4]}: point {n} of month {month}" for n in range(5))
        tree[f"minutes/2026-{month:02}.md"] = (
            f"# Minutes 2026-{month:02}\n\n{points}\n\nNext: the plan of month {month + 1}.\n"
        )
    tree["plans/roadmap.md"] = "# Roadmap\n\n1. New price list\n2. Second warehouse\n3. Report by region\n"
    tree["plans/budget.md"] = "# Budget\n\n| item | euros |\n| --- | --- |\n| rent | 2400 |\n| power | 310 |\n"
    tree["lists/suppliers.md"] = "# Suppliers\n\n- Holz Maier\n- Metal Costa\n- Papier Roux\n"
    tree["drafts/letter.md"] = "Dear team,\n\nthe office is closed on Friday.\n"
    return tree


def logs() -> dict[str, str]:
    """Configuration and logs of three services."""
    chance = random.Random(8)
    tree = {}
    for service in ("gateway", "orders", "search"):
        lines = []
        for n in range(200):
            level = chance.choice(("INFO",) * 12 + ("WARN", "ERROR"))
            lines.append(
                f"2026-11-02T10:{n // 60:02}:{n % 60:02}Z {level} {service} request {n} "
                f"took {chance.randrange(1, 900)} ms"
            )
        tree[f"logs/{service}.log"] = "\n".join(lines) + "\n"
        tree[f"config/{service}.toml"] = f'name = "{service}"\nworkers = 4\ntimeout_s = 30\nlevel = "info"\n'
    tree["runbook.md"] = "# Runbook\n\n1. Look at the logs.\n2. Compare configurations.\n3. Write the timeline.\n"
    return tree


PAGES = {
    "widgets": "<h1>Widgets</h1><p>A widget has a width and a height. Both are in pixels.</p>",
    "release": "<h1>Release 3.2</h1><ul><li>Faster start</li><li>Fewer options</li></ul>",
    "sqlite": "<h1>Window functions</h1><p>A window function computes over the rows around a row.</p>",
    "prices": "<h1>Prices</h1><table><tr><td>Oak</td><td>41</td></tr><tr><td>Birch</td><td>29</td></tr></table>",
}


def page(url: str) -> str:
    """The page at a URL."""
    known = next((text for word, text in PAGES.items() if word in url), "<h1>Page</h1><p>Some words.</p>")
    return f"<html><head><title>{url.rpartition('/')[2]}</title></head><body>{known}</body></html>"
