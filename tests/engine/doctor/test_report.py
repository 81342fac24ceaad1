"""What has been found, as text."""

from __future__ import annotations

from engine.doctor.report import Finding, Report, render_text


def test_rows_are_aligned_and_words_carry_the_meaning() -> None:
    long = "a long sentence " * 12
    report = Report(
        "1.2",
        (
            Finding("One", "good", "ok", "fine"),
            Finding("One", "odd", "note", "so so"),
            Finding("Two", "thin", "warn", long, "Feed it."),
            Finding("Two", "bad", "fail", "broken\x1b[31m", "Mend it."),
        ),
    )
    lines = render_text(report).splitlines()
    assert lines[2:5] == ["One", "  OK    good                     fine", "  note  odd                      so so"]
    assert max(map(len, lines)) <= 125
    assert all(line.startswith(" " * 33) for line in lines[8:10])
    assert any(line.strip() == "-> Feed it." for line in lines)
    assert "\x1b" not in render_text(report)
    assert lines[-1] == "Something that should work does not: bad. See FAIL above."
    assert not report.ok


def test_the_last_line_without_failures() -> None:
    good = Finding("One", "good", "ok", "fine")
    assert render_text(Report("1", (good,))).endswith("Everything that should work does.")
    warned = render_text(Report("1", (good, Finding("One", "thin", "warn", "x"))))
    assert warned.endswith("Everything that should work does. Worth a look: thin.")
