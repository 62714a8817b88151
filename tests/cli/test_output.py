"""What commands print for people."""

import pytest

from parkhub.cli.output import Output


@pytest.mark.parametrize("said", ["[/red]", "lot [1].jpg", "[link=https://x.example]here[/link]"])
def test_a_table_shows_what_others_wrote_as_they_wrote_it(capsys: pytest.CaptureFixture[str], said: str) -> None:
    output = Output(("picture",), lambda line: [(line["image"],)])
    output.lines_wanted = False  # as on a terminal
    output.add({"image": said})
    assert output.end() == 0
    assert said in capsys.readouterr().out


def test_nothing_others_wrote_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(("licence",), lambda line: [(line["licence"],)])
    output.lines_wanted = False
    output.add({"licence": "MIT\x1b[2J\x07\r"})
    assert output.end() == 0
    shown = capsys.readouterr().out
    assert "MIT\ufffd[2J\ufffd\ufffd" in shown
    assert "\x1b" not in shown


def test_a_cell_may_have_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(("faults",), lambda line: [("\n".join(line["faults"]),)])
    output.lines_wanted = False
    output.add({"faults": ["first", "second"]})
    assert output.end() == 0
    rows = capsys.readouterr().out.splitlines()
    assert [word for row in rows for word in ("first", "second") if word in row] == ["first", "second"]
    assert not any("first" in row and "second" in row for row in rows)
