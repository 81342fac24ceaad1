"""Completion: the scripts, what they ask for, and real shells that load them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from engine.cli.verbs import cli
from tests.engine.cli.running import environment, run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_each_shell(shell: str, lightdesk) -> None:
    done = lightdesk("completion", shell)
    assert done.code == 0 and "_LIGHTDESK_COMPLETE" in done.out and "lightdesk" in done.out


def test_a_shell_that_is_not_known(lightdesk) -> None:
    done = lightdesk("completion", "tcsh")
    assert done.code == 2 and "bash" in done.err


@pytest.mark.parametrize(
    ("shell", "check"), [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])]
)
def test_the_shell_can_read_its_script(shell: str, check: list[str], tmp_path: Path, lightdesk) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = tmp_path / "script"
    script.write_text(lightdesk("completion", shell).out, "utf-8")
    done = subprocess.run([*check, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == ""


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes(tmp_path: Path, lightdesk) -> None:
    """In a real bash, as for a Tab after `lightdesk settings set device c`."""
    (tmp_path / "lightdesk").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m engine.cli "$@"\n', "utf-8")
    (tmp_path / "lightdesk").chmod(0o755)
    script = lightdesk("completion", "bash").out + (
        "\nCOMP_WORDS=(lightdesk settings set device c); COMP_CWORD=4; _lightdesk_completion lightdesk c device"
        '\nprintf "%s\\n" "${COMPREPLY[@]}"\ncomplete -p lightdesk\n'
    )
    env = environment(PATH=f"{tmp_path}:/usr/bin:/bin")
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines()[:2] == ["cpu", "cuda"]
    assert "_lightdesk_completion lightdesk" in done.stdout


def completed(words: str) -> list[str]:
    """What is proposed for the last of these words."""
    *before, last = words.split(" ")[1:]
    proposed = ShellComplete(cli, {}, "lightdesk", "_LIGHTDESK_COMPLETE").get_completions(before, last)
    return [f"{item.type},{item.value}" for item in proposed]


def test_the_command_of_the_window_completes_too() -> None:
    words = "lightdesk library "
    done = run(module="desktop", _LIGHTDESK_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="2")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == {f"plain,{v}" for v in ("info", "check", "backup", "restore", "create")}


def test_verbs_options_and_files() -> None:
    assert completed("lightdesk cl") == ["plain,classify"]
    assert "plain,--json" in completed("lightdesk classify --j")
    assert completed("lightdesk classify --device c") == ["plain,cpu", "plain,cuda"]
    assert completed("lightdesk pho") == ["file,pho"]
    assert completed("lightdesk classify pho") == ["file,pho"]
    assert completed("lightdesk classify --library x") == ["file,x"]


def test_settings_and_their_values() -> None:
    assert completed("lightdesk settings get max_") == [
        "plain,max_batch",
        "plain,max_delay_ms",
        "plain,max_file_mb",
        "plain,max_megapixels",
    ]
    assert completed("lightdesk settings unset them") == ["plain,theme"]
    assert completed("lightdesk settings set theme ") == ["plain,system", "plain,light", "plain,dark"]
    assert completed("lightdesk settings set include_hidden t") == ["plain,true"]
    assert completed("lightdesk settings set cache_dir x") == ["dir,x"]
    assert completed("lightdesk settings set library x") == ["file,x"]
    assert completed("lightdesk settings set top_k 1") == []
    assert completed("lightdesk settings set nonsense 1") == []


def test_models(home: Path) -> None:
    expected = ["plain,efficientnet-lite0", "plain,efficientnet-lite0@1"]
    assert completed("lightdesk classify --model eff") == expected
    assert completed("lightdesk settings set model eff") == expected
    assert completed("lightdesk classify --model nonsense") == []


def test_nothing_but_answers_is_printed_into_the_line_being_typed(home: Path) -> None:
    broken = home / "data" / "models" / "birds" / "1" / "manifest.toml"
    broken.parent.mkdir(parents=True)
    broken.write_text("name = ", "utf-8")

    def asked() -> tuple[int, str, str]:
        words = "lightdesk classify --model eff"
        done = run(_LIGHTDESK_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="3")
        return done.returncode, done.stdout, done.stderr

    assert asked() == (0, "plain,efficientnet-lite0\nplain,efficientnet-lite0@1\n", "")
    (home / "config").mkdir()
    (home / "config" / "settings.toml").write_text("top_k = 99", "utf-8")
    assert asked() == (0, "\n", "")
