"""`make pages`: write public/**/*.html from templates/, and the style sheets of the elements.

A page names its own text, script and styles; layout.html has what every page has. Each page
preloads the modules that its script imports. A module under public/js/sheets is a file of
public/css as JavaScript, for the shadow DOM of the elements. It is made where a module imports it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

ROOT = Path(__file__).parents[2]
PUBLIC = ROOT / "public"
TEMPLATES = ROOT / "templates"
SHEETS = PUBLIC / "js" / "sheets"
LAYOUT = "layout.html"
# Also `export … from`, and an import for its effects alone; not a type in a comment.
IMPORT = re.compile(r'^(?:import|export)\s(?:[^"\';]*\sfrom\s)?"([^"]+)"', re.MULTILINE)
SHEET = re.compile(r'from "[./\w-]*/sheets/([\w-]+)\.js"')


def pages() -> dict[str, str]:
    """Return the pages by their path under public/."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"modules_behind": modules_behind, "modules_besides": modules_besides}
    texts = (PUBLIC / "js" / "lib" / "texts").glob("*.js")
    environment.globals["languages"] = sorted({path.stem for path in texts} - {"en"})
    names = [path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html")]
    return {
        name: environment.get_template(name).render() for name in sorted(names) if name != LAYOUT
    }


def modules_behind(entry: str) -> list[str]:
    """Return the addresses of all modules that this one imports, directly or not."""
    seen: set[str] = set()
    waiting = [PUBLIC / entry.lstrip("/")]
    while waiting:
        module = waiting.pop()
        for name in IMPORT.findall(module.read_text("utf-8")):
            imported = (module.parent / name).resolve()
            address = f"/{imported.relative_to(PUBLIC)}"
            if address not in seen:
                seen.add(address)
                waiting.append(imported)
    return sorted(seen - {entry})


def modules_besides(script: str, entry: str) -> str:
    """Return a module that a page loads by itself, with what it imports and the script does not."""
    there = {script, *modules_behind(script)}
    return " ".join([entry, *(each for each in modules_behind(entry) if each not in there)])


def sheets() -> dict[str, str]:
    """Return the style sheets that modules import, by their path under public/."""
    modules = [path for path in PUBLIC.rglob("*.js") if path.parent != SHEETS]
    names = {name for module in modules for name in SHEET.findall(module.read_text("utf-8"))}
    return {f"js/sheets/{name}.js": sheet(name) for name in sorted(names)}


def sheet(name: str) -> str:
    """Return the module of one style sheet."""
    css = json.dumps((PUBLIC / "css" / f"{name}.css").read_text("utf-8"), ensure_ascii=False)
    return (
        f"// Made by `make pages` from css/{name}.css.\n"
        "const sheet = new CSSStyleSheet();\n"
        f"sheet.replaceSync({css});\n"
        "export default sheet;\n"
    )


def write_pages(target: Path = PUBLIC) -> None:
    """Write the sheets, then the pages, whose lists of modules name them."""
    for made in (sheets, pages):
        for name, text in made().items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


if __name__ == "__main__":
    write_pages()
