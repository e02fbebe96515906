"""What the payload of a message is: it says where it belongs."""

SMALL, LARGE = 40, 900


def payload(topic, counter):
    """Some are so long that a store keeps them apart from its queues."""
    size = LARGE if counter % 7 == 3 else SMALL
    text = b"%s %d " % (topic.encode(), counter)
    return text + b"." * (size - len(text))


def counter_of(topic, data):
    """The counter, or None if this is no message to `topic`."""
    parts = data.split(b" ", 2)
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    counter = int(parts[1])
    return counter if data == payload(topic, counter) else None
