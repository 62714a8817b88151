import csv
from datetime import UTC, datetime

from parkhub.domain.ledger import Account, Kind, Posting, Transaction
from parkhub.domain.ledger_text import beancount_lines, csv_lines

AT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def sealed(number: int, reason: str = "", currency: str = "EUR"):
    postings = (Posting(Account.CASH, 250), Posting(Account.RECEIVABLE, -250))
    return number, f"{number:064}", Transaction(f"t-{number}", 1, 9, Kind.PAYMENT, currency, AT, postings, reason)


def test_every_posting_is_a_line_of_csv():
    rows = list(csv.DictReader(csv_lines([sealed(1, 'a "word", and more'), sealed(2, "", "JPY")])))
    assert [(row["number"], row["account"], row["amount"], row["currency"]) for row in rows] == [
        ("1", "cash", "2.50", "EUR"),
        ("1", "receivable", "-2.50", "EUR"),
        ("2", "cash", "250", "JPY"),
        ("2", "receivable", "-250", "JPY"),
    ]
    assert rows[0]["reason"] == 'a "word", and more'
    assert rows[0]["at"] == "2026-11-21T23:30:00+00:00"


def test_a_reason_that_looks_like_a_formula_is_only_text_to_a_spreadsheet():
    (row, _) = csv.DictReader(csv_lines([sealed(1, "=HYPERLINK(1)")]))
    assert row["reason"] == "'=HYPERLINK(1)"


def test_beancount_opens_each_account_once_and_asserts_the_balances():
    lines = list(beancount_lines("north", [sealed(1), sealed(2)]))
    assert [line for line in lines if " open " in line] == [
        "1970-01-01 open Assets:North:Cash",
        "1970-01-01 open Assets:North:Receivable",
    ]
    assert lines[-2:] == [
        "2026-11-22 balance Assets:North:Cash  5.00 EUR",
        "2026-11-22 balance Assets:North:Receivable  -5.00 EUR",
    ]


def test_an_empty_ledger_is_only_a_heading():
    assert len(list(csv_lines([]))) == 1
    assert list(beancount_lines("north", [])) == []
