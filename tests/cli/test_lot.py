"""`parkhub lot`: its opening times and its sign, as a phone and a printer see it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno
from builders import save_lot
from processes import completed

from parkhub.db.engine import close_database, open_database
from parkhub.languages import NAMES, language
from parkhub.settings import Settings
from parkhub.web.lot_sign import CODE, HEIGHT, MARGIN, QUIET, WIDTH, Box, Word, _width, lay_out

ADDRESS = "https://park.example.org/lots/harbour"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
async def folder(sqlite_settings: Settings) -> Path:
    await open_database(sqlite_settings)
    await save_lot(slug="harbour", name="Łódź <Centrum> & Ωmega")
    await close_database()
    return sqlite_settings.data_dir


def run(folder: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "lot", "qr", *more, "--data-dir", str(folder)]
    return completed([*command, "--out", str(out)])


def test_opening_times_and_place_are_set_shown_and_noted(folder: Path) -> None:
    command = [sys.executable, "-m", "parkhub.cli.main"]
    at = ["--data-dir", str(folder), "--jsonl"]

    def ask(*words: str) -> subprocess.CompletedProcess[str]:
        return completed([*command, *words, *at])

    done = ask("lot", "set", "harbour", "opening_hours=24/7", "country=de", "place=53.5436, 9.9884")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["opening_hours"], told["country"], told["place"]) == ("24/7", "DE", "53.5436,9.9884")
    assert told["is_open"] is True
    assert json.loads(ask("lot", "show", "harbour").stdout) == told
    wrong = ask("lot", "set", "harbour", "opening_hours=always")
    assert wrong.returncode == 1
    assert "from letter" in wrong.stderr
    (entry,) = map(json.loads, ask("audit", "list").stdout.splitlines())
    assert entry["action"] == "lot.set"


def test_a_sign_is_written_as_svg_and_pdf(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "signs"
    done = run(folder, out, "harbour", "--url", "https://park.example.org/", "--language", "de")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [
        {"lot": "harbour", "file": str(out / f"sign-harbour.{ending}"), "address": ADDRESS} for ending in ("svg", "pdf")
    ]
    root = ElementTree.parse(out / "sign-harbour.svg").getroot()
    assert (root.get("width"), root.get("height")) == ("210mm", "297mm")
    words = [title.text for title in root.iter(f"{SVG}title")]
    assert "Hier Parken bezahlen" in words
    assert "Łódź <Centrum> & Ωmega" in words
    assert not list(root.iter(f"{SVG}text")), "letters are outlines: a printer needs no font"
    pdf = (out / "sign-harbour.pdf").read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 1


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["harbour"], "PARKHUB_PUBLIC_URL"),
        (["harbour", "--url", "park.example.org"], "PARKHUB_PUBLIC_URL"),
        (["harbour", "--url", "https://x.example", "--language", "nl"], "--language"),
        (["nowhere", "--url", "https://x.example"], "nowhere"),
    ],
)
def test_what_is_missing_is_said(folder: Path, tmp_path: Path, more: list[str], says: str) -> None:
    done = run(folder, tmp_path, *more)
    assert done.returncode != 0
    assert says in done.stderr
    assert not list(tmp_path.glob("sign-*"))


def test_the_code_is_drawn_module_by_module() -> None:
    wanted = [list(row) for row in segno.make(ADDRESS, error="q", micro=False).matrix]
    module = CODE / (len(wanted) + 2 * QUIET)
    drawn = [[0] * len(wanted) for _ in wanted]
    code = [part for part in lay_out("Harbour", ADDRESS, language("en")) if isinstance(part, Box)]
    for box in (box for box in code if abs(box.height - module) < 1e-9):
        x, y = (round((at - start) / module) - QUIET for at, start in ((box.x, (WIDTH - CODE) / 2), (box.y, 76)))
        for place in range(round(box.width / module)):
            drawn[y][x + place] = 1
    assert drawn == wanted


@pytest.mark.parametrize("code", NAMES)
def test_all_words_lie_on_the_sheet_however_long_they_are(code: str) -> None:
    name = "Municipal Multi-Storey Car Park of the Old Harbour, North Entrance, Level Two and Three"
    for part in lay_out(name, f"{ADDRESS}-{'long-' * 12}", language(code)):
        if isinstance(part, Word):
            left = part.x - _width(part) / 2 if part.middle else part.x
            assert left >= MARGIN - 1e-6, part.text
            assert left + _width(part) <= WIDTH - MARGIN + 1e-6, part.text
            assert part.y < HEIGHT
