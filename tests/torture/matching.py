"""Which filter matches which topic."""
import functools


@functools.lru_cache(maxsize=None)
def matches(name, topic):
    """Whether the filter `name` matches `topic`; no $ topics here."""
    wanted, levels = name.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position == len(levels) or level not in ("+", levels[position]):
            return False
    return len(wanted) == len(levels)
