"""256 VMs on one core, as a user sees them: `tiffin demo hive` judges itself, and says what is wrong."""


def test_the_hive_lives_keeps_its_deadlines_and_shares_by_weight(tool):
    demo = tool("demo", "hive", timeout=290)
    assert demo.returncode == 0, demo.stdout[-6000:] + demo.stderr[-4000:]
    for words in ("One core, 256 VMs", "250 of 250 workers are alive", "250 of 250 workers have reported", "Every VM did its job."):
        assert words in demo.stdout, words
    assert demo.stdout.count("\n") < 120, "a terminal is not flooded"
