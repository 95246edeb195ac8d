"""./tiffin: what it says before it installs, and that it works from any folder."""
import subprocess

from conftest import ROOT


def shell(script, cwd):
    return subprocess.run(["sh", "-c", script], cwd=cwd, text=True, timeout=200, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)


def test_a_missing_package_is_named_with_its_reason(tmp_path):
    (tmp_path / "scripts").mkdir()
    packages = "build  dpkg  is here\nbuild  tiffin-no-such-package  says why it is wanted\ntest   tiffin-other  not asked for\n"
    (tmp_path / "scripts/packages.txt").write_text(packages, encoding="utf-8")
    listed = shell(f"root={tmp_path}; . {ROOT}/scripts/common.sh; missing_packages build", tmp_path)
    assert listed.stdout == "tiffin-no-such-package says why it is wanted\n"


def test_a_failed_step_shows_the_end_of_its_log(tmp_path):
    failed = shell(f"root={tmp_path}; . {ROOT}/scripts/common.sh; step one 'doing it' sh -c 'echo the reason; exit 3'", tmp_path)
    assert failed.returncode != 0
    assert "doing it ... FAILED" in failed.stderr and "the reason" in failed.stderr and "build/log/one.log" in failed.stderr


def test_a_second_build_in_one_folder_waits_for_the_first_and_says_so(tmp_path):
    first = "alone host sh -c 'echo first starts; sleep 1; echo first ends' &"
    both = shell(f"root={tmp_path}; . {ROOT}/scripts/common.sh; {first} sleep 0.5; alone host sh -c 'echo second; exit 3'; echo $?; wait",
                 tmp_path)
    assert both.stdout == "first starts\nfirst ends\nsecond\n3\n"
    assert "waiting for another build in build/host" in both.stderr


def test_it_works_from_any_folder_and_reads_paths_from_there(tmp_path):
    (tmp_path / "bad.yaml").write_text("board: qemu-virt\nno-such-field: 1\n", encoding="utf-8")
    checked = shell(f"{ROOT}/tiffin check bad.yaml", tmp_path)
    assert checked.returncode == 2
    assert "bad.yaml:2:1: error: " in checked.stdout + checked.stderr


def test_an_unknown_kind_of_test_is_refused_with_the_kinds_there_are(tmp_path):
    refused = shell(f"sh {ROOT}/scripts/test.sh everything", tmp_path)
    assert refused.returncode == 2
    assert "there are lint, unit" in refused.stderr
