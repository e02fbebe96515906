"""What clients may do by an ACL file, with the broker as the judge."""
import unittest

import mqtt
from credentials import make_folder, write
from harness import (Broker, BrokerTest, each_version, expected_differs,
                     troupe_only)
from mqtt import V5, Will
from persistence import KEEP, PersistenceTest

DENIED = 0x87
RIGHTS = """\
topic read public/#
topic readwrite clock/#

user anna
topic readwrite #
topic deny secret/#

user ben
topic read news/#
topic write inbox/#
topic readwrite ben/+/both
topic read $SYS/broker/version

pattern readwrite of/%u/#
pattern readwrite at/%c/#
"""


class RightsTest(BrokerTest):
    """Anna may do nearly everything, Ben little, others less. Whoever names
    himself is believed: here it is about rights."""

    rights = RIGHTS
    more = {}

    @classmethod
    def setUpClass(cls):
        path = write(make_folder(cls) / "rights", cls.rights)
        path.chmod(0o644)
        cls.broker = Broker(acl_file=str(path), **cls.more)

    def anna(self, version=V5, **arguments):
        return self.connected(version, username="anna", **arguments)

    def ben(self, version=V5, **arguments):
        return self.connected(version, username="ben", **arguments)

    def watching(self, topic, version=V5, user="anna", qos=0):
        """Somebody who is subscribed to `topic`, rightly or not."""
        client = self.connected(version, username=user)
        client.subscribe(topic, qos=qos)
        return client

    def keep(self, *topics):
        """Retained messages, which are gone when the test is done."""
        sender = self.anna()

        def forget():
            for topic in topics:
                sender.publish(topic, "", 1, retain=True)
        self.addCleanup(forget)
        for topic in topics:
            sender.publish(topic, "kept", 1, retain=True)

    def subscribe_all(self, client, *names, count):
        """Subscribe; the topics of the `count` retained messages that come,
        which may be in front of the SUBACK."""
        client.send(mqtt.subscribe(99, [(name, 0) for name in names],
                                   client.version))
        got = [client.receive() for _ in range(count + 1)]
        self.assertEqual(
            [each.type for each in got].count(mqtt.SUBACK), 1)
        return sorted(each.topic for each in got
                      if each.type == mqtt.PUBLISH)

    def assert_nothing_came(self, client, topic):
        """The next thing `client` gets is what it may have."""
        self.anna().publish(topic, "allowed")
        client.expect_publish(topic, "allowed")


class Publishing(RightsTest):
    @each_version
    def test_what_is_denied_is_acknowledged_and_goes_nowhere(self, version):
        watcher = self.watching("#")
        code = DENIED if version == V5 else 0
        ben = self.ben(version)
        for topic in ("other", "news/1", "secret/x", "ben/both", "inbo",
                      "of/anna/x", "of/ben2/x"):
            ben.publish(topic, "no")
            ben.publish(topic, "no", 1, code)
            ben.publish(topic, "no", 2, code)
        ben.publish("inbox/1", "yes")
        watcher.expect_publish("inbox/1", "yes")

    @each_version
    def test_what_is_allowed_is_delivered(self, version):
        watcher = self.watching("#", qos=2)
        ben = self.ben(version)
        for topic in ("inbox", "inbox/1/2", "ben/x/both", "of/ben/x",
                      "of/ben", f"at/{ben.client_id}/x"):
            for qos in range(3):
                ben.publish(topic, "yes", qos, 0)
                watcher.finish(watcher.expect_publish(topic, "yes", qos=qos))

    @each_version
    def test_nobody_without_a_name_may_publish(self, version):
        watcher = self.watching("public/#")
        code = DENIED if version == V5 else 0
        self.connected(version).publish("public/x", "no", 1, code)
        self.assert_nothing_came(watcher, "public/x")

    def test_a_denied_publication_retains_nothing(self):
        self.keep("news/kept")
        self.ben().publish("news/kept", "new", 1, DENIED, retain=True)
        self.ben().publish("news/kept", "", 1, DENIED, retain=True)
        anna = self.anna()
        self.assertEqual(self.subscribe_all(anna, "news/kept", count=1),
                         ["news/kept"])

    @each_version
    def test_what_was_denied_is_not_published_after_a_reconnect(self, version):
        watcher = self.watching("#")
        props = {"session_expiry": 60} if version == V5 else ()
        ben = self.ben(version, clean=False, props=props)
        packet = mqtt.publish("secret/q2", b"no", version, 2, 7)
        ben.send(packet).receive_type(mqtt.PUBREC)
        ben.drop()
        ben = self.connected(version, ben.client_id, username="ben",
                             clean=False, props=props)
        ben.send(packet).receive_type(mqtt.PUBREC)
        ben.send(mqtt.ack(mqtt.PUBREL, 7, version))
        ben.receive_type(mqtt.PUBCOMP)
        self.assert_nothing_came(watcher, "other")

    def test_a_topic_alias_widens_nothing(self):
        watcher = self.watching("#")
        ben = self.ben()
        alias = [("topic_alias", 1)]
        ben.publish("inbox/a", "1", 1, 0, props=alias)
        ben.publish("secret", "2", 1, DENIED, props=alias)
        ben.publish("", "3", 1, DENIED, props=alias)
        watcher.expect_publish("inbox/a", "1")
        self.assert_nothing_came(watcher, "other")

    @expected_differs("2.0.11 lets a name with a slash match two levels")
    def test_wildcards_in_an_id_or_a_name_match_nothing(self):
        watcher = self.watching("#")
        for user, client_id in (("+", "x"), ("#", "x"), ("ben", "+"),
                                ("ben", "#"), ("a/b", "x"), ("x", "a/b"),
                                ("%u", "x"), ("$SYS", "x")):
            client = self.client(V5)
            client.send(mqtt.connect(V5, client_id, username=user))
            if client.receive_type(mqtt.CONNACK).code:
                continue  # Not even let in.
            client.publish("of/anna/x", "no", 1, DENIED)
            client.publish("at/somebody/x", "no", 1, DENIED)
            client.publish("of/a/b", "no", 1, DENIED)
            client.publish("at/a/b", "no", 1, DENIED)
        self.assert_nothing_came(watcher, "other")


class Receiving(RightsTest):
    @each_version
    def test_who_may_not_read_gets_nothing_and_others_do(self, version):
        ben = self.watching("#", version, "ben", 1)
        anna = self.watching("#", version, "anna", 1)
        sender = self.anna()
        for qos in range(3):
            sender.publish("other/topic", "for anna", qos)
            anna.finish(anna.expect_publish("other/topic", "for anna"))
        sender.publish("news/1", "for both", 1)
        for each in (anna, ben):
            each.finish(each.expect_publish("news/1", "for both"))

    @each_version
    def test_any_subscription_is_granted(self, version):
        ben = self.ben(version)
        ben.subscribe("#", "secret/#", "other", "$SYS/other", qos=1)
        ben.ping()

    @each_version
    def test_denied_comes_before_allowed(self, version):
        anna = self.watching("secret/#", version)
        anna.subscribe("secret")
        code = DENIED if version == V5 else 0
        anna.publish("secret/1", "no", 1, code)
        anna.publish("secret", "no", 1, code)
        anna.subscribe("x")
        self.assert_nothing_came(anna, "x")

    @each_version
    def test_retained_messages_go_to_who_may_read_them(self, version):
        self.keep("news/r", "other/r", "of/ben/r", "of/anna/r")
        ben = self.ben(version)
        self.assertEqual(
            self.subscribe_all(ben, "other/#", "of/anna/#", "of/ben/#",
                               "news/r", count=2), ["news/r", "of/ben/r"])
        self.assert_nothing_came(ben, "news/r")

    @each_version
    def test_system_topics_need_a_line_of_their_own(self, version):
        ben = self.ben(version)
        self.assertEqual(self.subscribe_all(ben, "$SYS/#", count=1),
                         ["$SYS/broker/version"])
        ben.subscribe("news/x")
        anna = self.watching("$SYS/#", version)
        anna.subscribe("x")
        # A round of $SYS goes by.
        self.let_time_pass(2)
        self.assert_nothing_came(anna, "x")
        self.assert_nothing_came(ben, "news/x")

    @each_version
    def test_patterns_give_each_its_own(self, version):
        ben = self.ben(version)
        other = self.connected(version, username="other")
        for client in (ben, other):
            client.subscribe("of/#", "at/#")
        sender = self.anna()
        for topic, reader in (("of/ben/x", ben), ("of/other/x", other),
                              (f"at/{ben.client_id}/x", ben),
                              (f"at/{other.client_id}", other)):
            sender.publish(topic, "own")
            reader.expect_publish(topic, "own")
        for client in (ben, other):
            client.ping()

    def test_a_shared_subscription_gives_nobody_more(self):
        ben = self.ben()
        ben.subscribe("$share/g/news/#", "$share/g/other/#")
        self.anna().publish("other/1", "no")
        self.assert_nothing_came(ben, "news/1")

    def test_a_filter_with_wildcards_reads_no_more_than_its_topics(self):
        for name in ("+/x", "of/+/x", "of/+/#", "+/+/x", "#"):
            other = self.watching(name, user="other")
            self.anna().publish("of/ben/x", "no")
            other.subscribe("of/other/y")
            self.assert_nothing_came(other, "of/other/y")


SUBSCRIBING = """\
user ben
topic readwrite #
topic subscribe news/#
topic deny news/secret/#
pattern subscribe of/%u/#
user anna
topic readwrite #
topic subscribe #
"""


@troupe_only
class Subscribing(RightsTest):
    """A file that uses the right to subscribe."""

    rights = SUBSCRIBING

    @each_version
    def test_only_what_a_line_covers_can_be_subscribed_to(self, version):
        refused = DENIED if version == V5 else 0x80
        ben = self.ben(version)
        ben.subscribe("news/#", "other/#", "news/+/x", "#", "news/secret/#",
                      "of/ben/#", "of/anna/#", "of/+/x",
                      codes=[0, refused, 0, refused, refused, 0, refused,
                             refused])
        sender = self.anna()
        for topic in ("other/1", "of/anna/1", "news/secret/1"):
            sender.publish(topic, "no")
        self.assert_nothing_came(ben, "news/1")

    def test_a_shared_subscription_is_judged_by_its_filter(self):
        self.ben().subscribe("$share/g/news/#", "$share/g/#",
                             codes=[0, DENIED])

    def test_a_refused_filter_gets_no_retained_messages(self):
        self.keep("other/kept")
        ben = self.ben()
        ben.subscribe("other/kept", "news/#", codes=[DENIED, 0])
        self.assert_nothing_came(ben, "news/x")

    def test_unsubscribing_is_always_allowed(self):
        self.assertEqual(self.ben().unsubscribe("other/#").codes, [17])


class Wills(RightsTest):
    @each_version
    def test_a_will_is_published_where_its_client_may_write(self, version):
        watcher = self.watching("#", qos=2)
        for qos in range(3):
            for topic in ("other/will", "secret/will", "news/will"):
                self.ben(version, will=Will(topic, b"no", qos, True)).drop()
            self.ben(version, will=Will("inbox/will", b"yes", qos)).drop()
            watcher.finish(watcher.expect_publish("inbox/will", "yes",
                                                  qos=qos))
        late = self.watching("other/will")
        self.assert_nothing_came(late, "other/will")

    @each_version
    def test_a_will_of_nobody_goes_nowhere(self, version):
        watcher = self.watching("public/will")
        self.connected(version, will=Will("public/will", b"no")).drop()
        self.ben(version, will=Will("inbox/x", b"x")).drop()
        self.assert_nothing_came(watcher, "public/will")

    def test_a_delayed_will_is_judged_too(self):
        watcher = self.watching("#")
        for topic in ("other/late", "inbox/late"):
            self.ben(will=Will(topic, b"late", props={"will_delay": 1}),
                     props={"session_expiry": 60}).drop()
        watcher.expect_publish("inbox/late", "late")


class WillsOnDisk(Wills):
    """They are judged as well where the broker forgets who is away."""

    @classmethod
    def setUpClass(cls):
        cls.more = {"persistence": True,
                    "persistence_location": f"{make_folder(cls)}/"}
        super().setUpClass()


class Away(PersistenceTest):
    """Messages that waited are judged when their reader is back."""

    def setUp(self):
        self.file = write(make_folder(self) / "rights", RIGHTS)
        self.file.chmod(0o644)
        self.options = {"acl_file": str(self.file)}
        super().setUp()

    def begin(self, ending="SIGTERM", **options):
        self.file.write_text(RIGHTS)
        super().begin(ending, **options)

    def reader(self, version=V5, client_id=None):
        props = KEEP if version == V5 else ()
        return self.connected(version, client_id or self.new_id(),
                              clean=False, props=props, username="ben")

    def publish(self, *topics):
        sender = self.connected(username="anna")
        for topic in topics:
            for qos in (1, 2):
                sender.publish(topic, "queued", qos, retain=False)
        sender.disconnect()

    def check(self, version, between):
        ben = self.reader(version)
        ben.subscribe("#", qos=2)
        ben.disconnect()
        self.publish("other/1", "news/1", "other/2", "inbox/1", "of/ben/1")
        between()
        back = self.reader(version, ben.client_id)
        self.assertEqual([each.topic for each in self.take(back, 4)],
                         ["news/1", "news/1", "of/ben/1", "of/ben/1"])
        sender = self.connected(username="anna")
        for number in range(30): # No place in flight is lost.
            sender.publish("other/3", "no", 1)
            sender.publish("news/2", str(number), 1)
            back.finish(back.expect_publish("news/2", str(number)))

    @each_version
    def test_messages_in_the_queue_are_judged(self, version):
        self.begin()
        self.check(version, lambda: None)

    @expected_differs("2.0.11 judges them before they are queued")
    def test_messages_on_disk_are_judged(self):
        for ending in ("SIGTERM", "SIGKILL"):
            self.begin(ending)
            self.check(V5, self.restart)

    @expected_differs("2.0.11 judges them before they are queued")
    def test_what_counts_is_the_file_when_the_reader_is_back(self):
        self.begin()
        ben = self.reader()
        ben.subscribe("#", qos=2)
        ben.disconnect()
        self.publish("news/1", "other/1")
        self.file.write_text("user ben\ntopic read other/#\n")
        self.restart()
        back = self.reader(V5, ben.client_id)
        self.assertEqual([each.topic for each in self.take(back, 2)],
                         ["other/1", "other/1"])

    def test_a_queue_full_of_what_may_not_be_read_blocks_nothing(self):
        self.begin()
        ben = self.reader()
        ben.subscribe("other/#", "news/#", qos=1)
        ben.disconnect()
        self.publish(*["other/1"] * 60, "news/1")
        back = self.reader(V5, ben.client_id)
        for each in range(2):
            back.finish(back.expect_publish("news/1", "queued"))


if __name__ == "__main__":
    unittest.main()
