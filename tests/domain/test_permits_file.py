from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.permits import Permit, PermitKind, faults
from parkhub.domain.permits_file import SINCE_EVER, read_permits, write_permits
from parkhub.domain.text import printable
from parkhub.domain.weekly_times import parse_times
from parkhub.errors import PermitsFileError

LOT = 7
KIM = Permit(frozenset({LOT}), PermitKind.PERMIT, "Kim", ("AB123",), SINCE_EVER)
ALL = Permit(
    frozenset({LOT}),
    PermitKind.STAFF,
    "Robin, GmbH",
    ("AB123", "XY99"),
    date(2026, 1, 1),
    date(2026, 12, 31),
    parse_times("mon-fri 07:00-19:00; sat 08:00-12:00"),
    2,
    True,
    'paid "cash"',
    "7",
)

FILES = {
    "the least": ("name,plates\nKim,AB 123\n", [KIM]),
    "all columns": (
        "id,name,plates,kind,from,until,times,cars,paused,note\n"
        '7,"Robin, GmbH","ab-123, xy 99",staff,2026-01-01,2026-12-31,"Mon-Fri 7:00-19:00; sat 08:00-12:00",2,yes,'
        '"paid ""cash"""\n',
        [ALL],
    ),
    "from a spreadsheet in German": (
        "\ufeffName;Plates;From;Until\r\nKim;AB 123|XY 99;1.1.2026;31.12.2026\r\n",
        [replace(KIM, plates=("AB123", "XY99"), valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31))],
    ),
    "with its mark told": ("sep=|\nname|plates\nKim|AB123\n", [KIM]),
    "with tabs": ("plates\tname\nAB123\tKim\n", [KIM]),
    "with empty lines and columns": ("name,plates,,\n\nKim,AB123,,\n,,,\n", [KIM]),
    "with lines cut short": ("name,plates,note\nKim,AB123\n", [KIM]),
    "over two lines": ('name,plates\n"Kim","AB123\nXY99"\n', [replace(KIM, plates=("AB123", "XY99"))]),
    "no permit": ("name,plates\n", []),
    "a name like a formula": ("name,plates\n'=1+1,AB123\n", [replace(KIM, holder="=1+1")]),
    "an apostrophe": ("name,plates\n't Hooft,AB123\n", [replace(KIM, holder="'t Hooft")]),
}


@pytest.mark.parametrize(("text", "permits"), FILES.values(), ids=FILES)
def test_a_table_becomes_permits(text, permits):
    assert read_permits(text.encode(), LOT) == permits


WRONG = {
    "nothing": ("", ["line 1: the file is empty"]),
    "no such column": ("name,plates,colour\n", ["line 1, colour: this column is not known"]),
    "a column twice": ("name,plates,Name\n", ["line 1, name: this column is there twice"]),
    "a column missing": ("\nname\nKim\n", ["line 2, plates: this column is missing"]),
    "too many cells": ("name,plates\nKim,AB123,XY99\n", ["line 2: there are 3 cells for 2 columns"]),
    "no CSV": ('name,plates\n"Kim"x,AB123\n', ["line 2: this is no CSV"]),
    "twice the same": ("name,plates\nKim,AB123\n\nKim,ab 123\n", ["line 4: this is the same permit as in line 2"]),
    "twice the same id": ("id,name,plates\n7,Kim,A1\n7,Robin,A2\n", ["line 3: this is the same permit as in line 2"]),
    "cells": (
        "name,plates,kind,from,until,times,cars,paused\nKim,AB123,king,2026-02-30,12/31/2026,noon,two,perhaps\n",
        [
            "line 2, kind: 'king' is none of permit, staff, visitor",
            "line 2, from: '2026-02-30' is no day",
            "line 2, until: '12/31/2026' is no day",
            'line 2, times: "noon" is no time of the week',
            "line 2, cars: 'two' is no number",
            "line 2, paused: 'perhaps' is neither yes nor no",
        ],
    ),
    "permits": (
        'name,plates,cars,until,from\n,AB123,1,,\nKim,,1,,\nKim,?,1,,\nKim,"AB1\nAB2",0,,\nKim,AB1,1,2026-01-01,2026-01-02\n',
        [
            "line 2, name: say who holds it",
            "line 3, plates: name 1 to 500 plates",
            "line 4, plates: '?' is no plate",
            "line 5, cars: let 1 to 1000 cars in at once",
            "line 7, until: it ends before it begins",
        ],
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_by_line_and_column(text, words):
    with pytest.raises(PermitsFileError) as refused:
        read_permits(text.encode(), LOT)
    told = [str(fault) for fault in refused.value.faults]
    assert len(told) == len(words), told
    assert all(fault.startswith(word) for fault, word in zip(told, words, strict=True)), told


def test_another_encoding_is_told_with_its_line():
    with pytest.raises(PermitsFileError, match="line 2: this is no text in UTF-8"):
        read_permits("name,plates\nJürgen,AB123\n".encode("latin-1"), LOT)


def test_only_the_first_faults_are_told():
    with pytest.raises(PermitsFileError) as refused:
        read_permits(("name,plates\n" + "Kim,?\n" * 100).encode(), LOT)
    assert len(refused.value.faults) == 20


@pytest.mark.parametrize("content", [b"x" * (2 * 1024**2 + 1), b"name,plates\n" + b"\n" * 5_000 + b"Kim,AB123\n"])
def test_a_huge_file_is_refused(content):
    with pytest.raises(PermitsFileError):
        read_permits(content, LOT)


@pytest.mark.parametrize("name", ["=HYPERLINK()", "+1", "-1", "@SUM(A1)", "'=1", "''@", "'t Hooft"])
def test_no_cell_is_a_formula_to_a_spreadsheet(name):
    line = list(write_permits([replace(KIM, holder=name)]))[1]
    assert line.split(",")[1].lstrip('"')[0] not in "=+-@"
    assert read_permits("\n".join(write_permits([replace(KIM, holder=name)])).encode(), LOT)[0].holder == name


text = st.text(st.characters(codec="utf-8"), max_size=30).map(str.strip).filter(printable)
some_permits = st.builds(
    Permit,
    lot_ids=st.just(frozenset({LOT})),
    kind=st.sampled_from(PermitKind),
    holder=text.filter(bool),
    plates=st.sets(st.from_regex(r"[A-Z0-9]{2,12}", fullmatch=True), min_size=1, max_size=4).map(
        lambda plates: tuple(sorted(plates))
    ),
    valid_from=st.sampled_from([SINCE_EVER, date(2026, 1, 1)]),
    valid_until=st.one_of(st.none(), st.integers(0, 999).map(lambda days: date(2026, 1, 1) + timedelta(days))),
    times=st.sampled_from([(), parse_times("mon-fri 07:00-19:00"), parse_times("22:00-06:00; sun 00:00-24:00")]),
    cars_max=st.integers(1, 1000),
    paused=st.booleans(),
    note=text,
    external_id=text,
)


@given(st.lists(some_permits, max_size=4, unique_by=(lambda permit: permit.external_id or permit.holder)))
def test_what_is_written_reads_back(permits):
    assert all(faults(permit) == {} for permit in permits)
    assert read_permits("\n".join(write_permits(permits)).encode(), LOT) == permits
