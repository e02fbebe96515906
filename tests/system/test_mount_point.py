"""Mount points: clients of a listener live below a topic that they do not see.
"""
import mqtt
from credentials import make_folder, write
from harness import Broker, BrokerTest, each_version, free_port, troupe_only
from mqtt import V5, V311, Will
from persistence import KEEP

PREFIX = "site/1/"
RIGHTS = """\
user below
topic readwrite site/1/open/#
topic write site/1/post
topic readwrite $share/open/#
user above
topic readwrite #
"""


class MountTest(BrokerTest):
    """`self.below` is an address whose clients are below, `self.broker`'s is
    above: there one sees everything."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.ports = [free_port(), free_port()]
        cls.broker = Broker(listeners=[
            {"port": cls.ports[0], "address": "127.0.0.1"},
            {"port": cls.ports[1], "address": "127.0.0.1",
             "mount_point": PREFIX}], **cls.options)
        cls.broker.address = ("127.0.0.1", cls.ports[0])
        cls.below = ("127.0.0.1", cls.ports[1])

    def inside(self, version=V5, client_id=None, **arguments):
        return self.client(version, address=self.below).connect(
            client_id or self.new_id(), username="below", **arguments)

    def outside(self, version=V5, **arguments):
        return self.connected(version, username="above", **arguments)


@troupe_only  # 2.0.11 takes the mount point off no delivery.
class MountPoint(MountTest):
    @each_version
    def test_those_below_hear_each_other_by_their_own_topics(self, version):
        for name in (self.topic, "#", "+", f"{self.topic}/#"):
            reader = self.inside(version)
            reader.subscribe(name, qos=2)
            for qos in range(3):
                self.inside(version).publish(self.topic, "x", qos)
                reader.finish(reader.expect_publish(self.topic, "x", qos=qos))

    @each_version
    def test_from_above_they_are_seen_below(self, version):
        reader = self.outside(version)
        reader.subscribe("#", qos=1)
        self.inside(version).publish(self.topic, "up", 1)
        reader.finish(reader.expect_publish(PREFIX + self.topic, "up"))
        inside = self.inside(version)
        inside.subscribe(self.topic)
        self.outside(version).publish(PREFIX + self.topic, "down")
        inside.expect_publish(self.topic, "down")

    @each_version
    def test_what_is_beside_cannot_be_heard_from_below(self, version):
        inside = self.inside(version)
        inside.subscribe("#", "+/#", "../#", "site/1/#", "/#")
        outside = self.outside(version)
        for topic in (self.topic, "site/2/x", "site", "site/10/x", "site/1x"):
            outside.publish(topic, "no")
        outside.publish("site/1/last", "yes")
        inside.expect_publish("last", "yes")

    @each_version
    def test_what_is_beside_cannot_be_reached_from_below(self, version):
        outside = self.outside(version)
        outside.subscribe("#")
        inside = self.inside(version)
        for topic in (self.topic, "/", "../x", "site/1/x", "//x"):
            inside.publish(topic, "up")
            outside.expect_publish(PREFIX + topic, "up")

    @each_version
    def test_a_will_is_below(self, version):
        outside = self.outside(version)
        outside.subscribe("#")
        inside = self.inside(version)
        inside.subscribe(self.topic)
        self.inside(version, will=Will(self.topic, b"will")).drop()
        outside.expect_publish(PREFIX + self.topic, "will")
        inside.expect_publish(self.topic, "will")

    @each_version
    def test_retained_messages_are_below(self, version):
        self.inside(version).publish(self.topic, "kept", 1, retain=True)
        late = self.inside(version)
        late.subscribe(self.topic)
        late.expect_publish(self.topic, "kept", retain=True)
        above = self.outside(version)
        above.subscribe(PREFIX + self.topic)
        above.expect_publish(PREFIX + self.topic, "kept", retain=True)
        beside = self.outside(version)
        beside.subscribe(self.topic)
        self.inside(version).publish(self.topic, "", 1, retain=True)
        self.assert_silent(beside, self.topic, self.outside(version))

    def test_shared_subscriptions_are_below(self):
        inside = self.inside()
        inside.subscribe(f"$share/g/{self.topic}", qos=1)
        beside = self.outside()
        beside.subscribe(f"$share/g/{self.topic}", qos=1)
        for number in range(4):
            self.inside().publish(self.topic, str(number), 1)
            inside.finish(inside.expect_publish(self.topic, str(number)))
            self.outside().publish(self.topic, str(number), 1)
            beside.finish(beside.expect_publish(self.topic, str(number)))

    def test_a_member_from_above_shares_with_one_from_below(self):
        inside, above = self.inside(), self.outside()
        inside.subscribe(f"$share/g/{self.topic}")
        above.subscribe(f"$share/g/{PREFIX}{self.topic}")
        for _ in range(4):
            self.outside().publish(PREFIX + self.topic, "x")
        got = {inside.receive_publish().topic, above.receive_publish().topic}
        self.assertEqual(got, {self.topic, PREFIX + self.topic})

    def test_a_queue_that_waited_is_below(self):
        inside = self.inside(clean=False, props=KEEP)
        inside.subscribe(self.topic, qos=1)
        inside.disconnect()
        self.outside().publish(PREFIX + self.topic, "waited", 1)
        back = self.inside(client_id=inside.client_id, clean=False, props=KEEP)
        self.assertTrue(back.connack.session_present)
        back.finish(back.expect_publish(self.topic, "waited", qos=1))

    @each_version
    def test_the_brokers_own_topics_are_beside(self, version):
        inside = self.inside(version)
        inside.subscribe("$SYS/#", "#")
        self.let_time_pass(2)
        inside.publish(self.topic, "first")
        inside.expect_publish(self.topic, "first")

    @each_version
    def test_unsubscribing_ends_it(self, version):
        inside = self.inside(version)
        inside.subscribe(self.topic)
        got = inside.unsubscribe(self.topic)
        if version == V5:
            self.assertEqual(got.codes, [0])
        self.outside().publish(PREFIX + self.topic, "no")
        inside.subscribe("next")
        self.inside().publish("next", "yes")
        inside.expect_publish("next", "yes")

    def test_a_response_topic_is_left_to_the_clients(self):
        inside = self.inside()
        inside.subscribe(self.topic)
        self.inside().publish(self.topic, "x",
                              props=[("response_topic", "answers")])
        got = inside.expect_publish(self.topic, "x")
        self.assertEqual(got.props["response_topic"], "answers")

    def test_aliases_name_topics_below(self):
        inside = self.inside()
        inside.subscribe("#")
        sender = self.inside()
        alias = [("topic_alias", 3)]
        sender.publish(self.topic, "1", props=alias)
        sender.publish("", "2", props=alias)
        for payload in "12":
            inside.expect_publish(self.topic, payload)

    def test_the_longest_topic_is_still_one(self):
        inside = self.inside()
        longest = "t" * (65535 - len(PREFIX))
        inside.subscribe(longest)
        inside.publish(longest, "x")
        inside.expect_publish(longest, "x")

    def test_a_topic_that_becomes_too_long_harms_nobody(self):
        readers = [self.inside(), self.outside()]
        for reader in readers:
            reader.subscribe("#")
        for topic in ("t" * 65535, "t" * (65535 - len(PREFIX) + 1),
                      "t/" * 199):
            for packet, code in ((mqtt.publish(topic, b"x"), 0x90),
                                 (mqtt.publish(topic, b"x", V5, 2, 1), 0x90),
                                 (mqtt.subscribe(1, [(topic, 0)]), 0x8F),
                                 (mqtt.unsubscribe(1, [topic]), 0x8F)):
                self.inside().send(packet).expect_ended(code)
            will = Will(topic, b"x")
            self.client(V5, address=self.below).connect(
                self.new_id(), code=0x90, will=will)
            old = self.client(V311, address=self.below)
            old.send(mqtt.connect(V311, self.new_id(), will=will))
            old.expect_closed()
        self.inside().publish(self.topic, "next")
        readers[0].expect_publish(self.topic, "next")
        readers[1].expect_publish(PREFIX + self.topic, "next")


@troupe_only
class Rights(MountTest):
    """An ACL file names topics as the broker has them."""

    @classmethod
    def setUpClass(cls):
        path = write(make_folder(cls) / "rights", RIGHTS)
        path.chmod(0o644)
        cls.options = {"acl_file": str(path)}
        super().setUpClass()

    @each_version
    def test_rights_are_judged_by_whole_topics(self, version):
        outside = self.outside(version)
        outside.subscribe("#")
        inside = self.inside(version)
        inside.subscribe("#", "open/#")
        code = 0x87 if version == V5 else 0
        for topic in ("closed", "site/1/open/x", "../open/x", "ope"):
            inside.publish(topic, "no", 1, code)
        inside.publish("post", "one way")
        inside.publish("open/x", "yes")
        outside.expect_publish("site/1/post", "one way")
        outside.expect_publish("site/1/open/x", "yes")
        inside.expect_publish("open/x", "yes")
        inside.expect_publish("open/x", "yes")  # by both filters

    def test_a_will_is_judged_by_its_whole_topic(self):
        outside = self.outside()
        outside.subscribe("#")
        self.inside(will=Will("closed", b"no")).drop()
        self.inside(will=Will("open/will", b"yes")).drop()
        outside.expect_publish("site/1/open/will", "yes")
