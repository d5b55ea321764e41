"""For notebooks: lessons are compared by what they show, not by what libraries warn of."""


def pytest_collectstart(collector):
    # nbval's collector of one notebook; others have no such list.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
