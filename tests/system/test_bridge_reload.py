"""SIGHUP with other bridges; when a bridge connects, where to, and how often."""
import re
import unittest

import harness
from fake_remote import FakeRemote
from harness import troupe_only
from sites import KEEP, SitesTest, payloads, section


@troupe_only
class Reload(SitesTest):
    def setUp(self):
        super().setUp()
        self.remote = self.site()

    def bridge(self, name, *topics, remote=None, **options):
        return section(name, remote or self.remote,
                       *(topics or (f"{name}/# both 1",)), **options)

    def begin(self, *bridges):
        self.local = self.site(bridges="".join(bridges))

    def assert_crosses(self, topic, text):
        reader = self.watching(self.remote, topic)
        self.publish(self.local, topic, text)
        self.assertEqual(payloads(reader, 1), [text])

    def links(self, name):
        """How many links it has had."""
        return self.told(self.local, name, "links").wait_for(int)

    def test_adds_one(self):
        self.begin(self.bridge("a"))
        self.wait_linked(self.local, "a")
        self.local.change(self.bridge("a") + self.bridge("b"))
        self.wait_linked(self.local, "b")
        self.assert_crosses("b/x", "new")
        self.assert_crosses("a/x", "old")
        self.assertEqual(self.links("a"), "1")

    def test_adds_the_first_one(self):
        self.begin("")
        self.local.change(self.bridge("a"))
        self.wait_linked(self.local, "a")
        self.assert_crosses("a/x", "new")

    def test_removes_one(self):
        self.begin(self.bridge("a"), self.bridge("b"))
        far = self.state(self.remote, "b")
        far.wait("1")
        self.wait_linked(self.local, "a", "b")
        self.local.change(self.bridge("a"))
        far.wait("0")
        self.state(self.local, "b").wait("0")
        self.assert_crosses("a/x", "there still")
        self.assertEqual(self.links("a"), "1")
        # Nothing waits for one that may come back.
        self.publish(self.local, "b/x", "lost")
        self.local.change(self.bridge("a") + self.bridge("b"))
        self.wait_linked(self.local, "b")
        self.assert_crosses("b/x", "b is back")

    def test_removed_and_added_again_at_once_it_works_wholly(self):
        bridge = self.bridge("b", bridge_max_queued_messages=5)
        self.local = self.site(bridges=bridge, keeps=True)
        self.wait_linked(self.local, "b")
        for round_ in range(20):
            self.local.change("")
            self.local.change(bridge)
            reader = self.watching(self.remote, "b/#")
            self.publish(self.local, "b/x", str(round_))
            self.assertEqual(payloads(reader, 1), [str(round_)])
            reader.drop()
        # The limits are the new one's, too.
        self.remote.kill()
        self.told(self.local, "b", "state").wait("waiting")
        self.publish(self.local, "b/x", *map(str, range(20)))
        self.told(self.local, "b", "queue/messages").wait("5")

    def test_added_again_it_loses_nothing_that_comes_from_then_on(self):
        fake = FakeRemote(self)
        bridge = self.bridge("b", "b/# out 2", remote=fake.port,
                             notifications=False)
        self.local = self.site(bridges=bridge, keeps=True)
        for round_ in range(5):
            # What is under way there is not acknowledged.
            peer = fake.accept()
            peer.accept()
            self.publish(self.local, "b/x", *["early"] * 3)
            peer.next_publish()
            self.local.change("")
            self.local.change(bridge)
            sent = [f"{round_}.{number}" for number in range(3)]
            self.publish(self.local, "b/x", *sent)
            peer.drop()
            peer = fake.accept()
            peer.accept()
            got = []
            while len(got) < 3:
                packet = peer.next_publish()
                peer.answer(packet)
                if packet.payload != b"early":
                    got.append(packet.payload.decode())
            self.assertEqual(got, sent)
            peer.drop()

    def test_removes_the_last_one(self):
        self.begin(self.bridge("a"))
        far = self.state(self.remote, "a")
        far.wait("1")
        self.local.change("")
        far.wait("0")
        self.at(self.local).ping()

    def told_of(self, site):
        """Which topics there are below $SYS/broker/bridge/."""
        end = "$SYS/broker/connection/end/state"
        reader = self.watching(site, "$SYS/broker/bridge/#", end, qos=0)
        reader.publish(end, b"1")
        found = set()
        while (topic := reader.receive_publish().topic) != end:
            found.add(topic.removeprefix("$SYS/broker/bridge/"))
        return found

    def test_leaves_nothing_of_a_removed_one_below_sys(self):
        self.begin(self.bridge("a"), self.bridge("a/b"))
        self.wait_linked(self.local, "a", "a/b")
        topics = ("address", "links", "messages/sent", "queue/messages",
                  "since", "state")
        watched = [self.told(self.local, "a", topic) for topic in topics]
        for each in watched:
            each.wait_for(bool)
        before = self.told_of(self.local)
        self.local.change(self.bridge("a/b"))
        for each in watched:
            each.wait("")
        self.assertEqual(self.told_of(self.local),
                         {topic for topic in before if topic.startswith("a/b/")})
        # What others know of it stays, as with Mosquitto.
        self.state(self.local, "a").wait("0")
        # And one that is back tells everything again.
        self.local.change(self.bridge("a") + self.bridge("a/b"))
        for each in watched:
            each.wait_for(bool)
        self.assertEqual(self.told_of(self.local), before)

    def test_what_no_longer_has_a_bridge_is_told(self):
        port = harness.free_port()
        self.begin(self.bridge("a", remote=port))
        self.publish(self.local, "a/x", "1", "2", "3")
        self.told(self.local, "a", "queue/messages").wait("3")
        self.local.change("")
        self.local.log_has("a is gone from the configuration, and 3 messages")

    def test_changes_one_at_once_if_wanted(self):
        self.begin(self.bridge("a"), self.bridge("b"))
        self.wait_linked(self.local, "a", "b")
        changed = self.bridge("b", "b/# both 1", "c/# out 1",
                              bridge_reload_type="immediate")
        self.local.change(self.bridge("a") + changed)
        self.told(self.local, "b", "links").wait("2")
        self.assert_crosses("c/x", "a new topic")
        self.assert_crosses("a/x", "there still")
        self.assertEqual(self.links("a"), "1")

    def test_changes_one_when_it_connects_the_next_time(self):
        self.begin(self.bridge("b"))
        state = self.state(self.local, "b")
        state.wait("1")
        self.local.change(self.bridge("b", "b/# both 1", "c/# out 1"))
        self.assert_crosses("b/x", "as before")
        self.assertEqual(self.links("b"), "1")
        self.remote.kill()
        state.wait("0")
        self.remote.start_again()
        state.wait("1")
        self.assert_crosses("c/x", "a new topic")

    def test_the_same_again_changes_nothing(self):
        self.begin(self.bridge("b"))
        self.wait_linked(self.local, "b")
        self.local.change(self.bridge("b"))
        self.assert_crosses("b/x", "through")
        self.assertEqual(self.links("b"), "1")

    def test_a_topic_that_is_gone_no_longer_crosses(self):
        self.begin(self.bridge("b", "b/# out 1", "c/# out 1",
                               bridge_reload_type="immediate"))
        self.wait_linked(self.local, "b")
        self.assert_crosses("c/x", "before")
        self.local.change(self.bridge("b", bridge_reload_type="immediate"))
        self.told(self.local, "b", "links").wait("2")
        reader = self.watching(self.remote, "#")
        self.publish(self.local, "c/x", "stays")
        self.publish(self.local, "b/x", "goes")
        while (got := reader.receive_publish()).topic == "c/x":
            self.assertEqual(got.payload, b"before")
        self.assertEqual(got.payload, b"goes")

    def test_another_address_keeps_the_queue(self):
        self.at(self.remote, client_id="reader", clean=False,
                props=KEEP).subscribe("b/#", qos=1)
        self.begin(self.bridge("b", remote=harness.free_port()))
        sent = [str(number) for number in range(50)]
        self.publish(self.local, "b/x", *sent)
        self.told(self.local, "b", "queue/messages").wait("50")
        self.local.change(self.bridge("b"))
        reader = self.at(self.remote, client_id="reader", clean=False,
                         props=KEEP)
        self.assertEqual(payloads(reader, 50), sent)

    def test_a_bridge_that_is_wrong_changes_nothing(self):
        self.begin(self.bridge("b"))
        self.wait_linked(self.local, "b")
        self.local.sections = "connection x\naddress 127.0.0.1\n"
        self.local.reload("not reloaded")
        self.assert_crosses("b/x", "as before")
        self.assertEqual(self.links("b"), "1")


@troupe_only
class Restart(SitesTest):
    """A bridge that goes while the broker does not run."""
    GONE = "keeps the session local.b any more: it is erased, and {} messages"

    def begin(self, **options):
        self.local = self.site(keeps=True)
        self.bridge = section("b", harness.free_port(), "b/# out 1", **options)
        self.local.change(self.bridge)

    def publish_three(self):
        self.publish(self.local, "b/x", "1", "2", "3")
        self.told(self.local, "b", "queue/messages").wait("3")

    def restart(self, bridges, end=lambda site: site.stop()):
        end(self.local)
        self.local.sections = bridges
        self.local.start_again()

    def test_its_session_goes_at_the_start(self):
        for end in (lambda site: site.stop(), lambda site: site.kill()):
            self.begin()
            self.at(self.local, client_id="local.a", clean=False,
                    props=KEEP).subscribe("b/#", qos=1)
            self.publish_three()
            self.restart("", end)
            self.local.log_has(self.GONE.format(3))
            # A client's session stays, whatever it is called.
            client = self.at(self.local, client_id="local.a", clean=False,
                             props=KEEP)
            self.assertEqual(payloads(client, 3), ["1", "2", "3"])
            self.restart("")
            self.local.log_has("Restored 1 sessions")
            self.assertNotIn("local.b", self.local.log.text())
            # And the bridge can come back.
            self.local.change(self.bridge)
            self.publish_three()

    def test_one_that_is_there_still_keeps_its_session(self):
        self.begin()
        self.publish_three()
        self.restart(self.bridge)
        self.told(self.local, "b", "queue/messages").wait("3")
        self.assertNotIn("it is erased", self.local.log.text())

    def test_one_that_keeps_none_any_more_loses_it(self):
        self.begin()
        self.publish_three()
        self.restart(self.bridge + "local_cleansession true\n")
        self.local.log_has(self.GONE.format(3))

    def test_a_session_that_a_client_took_over_is_the_clients(self):
        self.begin(start_type="manual")
        self.publish_three()
        self.at(self.local, client_id="local.b", clean=False,
                props=KEEP).drop()
        self.local.stop()
        self.local.sections = ""
        self.local.start_again()
        client = self.at(self.local, client_id="local.b", clean=False,
                         props=KEEP)
        self.assertEqual(payloads(client, 3), ["1", "2", "3"])
        self.assertNotIn("it is erased", self.local.log.text())


@troupe_only
class Start(SitesTest):
    def test_lazy(self):
        remote = self.site()
        reader = self.watching(remote, "b/#")
        local = self.site(bridges=section(
            "b", remote, "b/# out 1", start_type="lazy", threshold=3,
            idle_timeout=1))
        state = self.told(local, "b", "state")
        links = self.told(local, "b", "links")
        for round_ in ("1", "2"):
            state.wait("idle")
            self.publish(local, "b/x", "1", "2")
            self.told(local, "b", "queue/messages").wait("2")
            self.publish(local, "b/x", "3")
            self.assertEqual(payloads(reader, 3), ["1", "2", "3"])
            links.wait(round_)
        state.wait("idle")

    def test_once(self):
        remote = self.site()
        local = self.site(bridges=section("b", remote, "b/# out 1",
                                          start_type="once"))
        state = self.told(local, "b", "state")
        state.wait("connected")
        remote.kill()
        state.wait("stopped")
        remote.start_again()
        # It would be there within a second.
        self.broker = local
        self.let_time_pass(2)
        self.assertEqual(self.told(local, "b", "links").wait_for(int), "1")

    def test_once_goes_on_until_it_was_there(self):
        remote = self.site()
        remote.kill()
        local = self.site(bridges=section("b", remote, "b/# out 1",
                                          start_type="once"))
        self.told(local, "b", "failures").wait_for(lambda n: int(n) >= 1)
        remote.start_again()
        self.told(local, "b", "state").wait("connected")

    def test_manual(self):
        fake = FakeRemote(self, lambda peer: peer.accept())
        local = self.site(bridges=section("b", fake.port, "b/# out 1",
                                          start_type="manual"))
        self.told(local, "b", "state").wait("stopped")
        self.publish(local, "b/x", "waits")
        self.told(local, "b", "queue/messages").wait("1")
        self.assertEqual(fake.arrived, 0)


@troupe_only
class Addresses(SitesTest):
    def local_for(self, sites, **options):
        self.local = self.site(bridges=section(
            "b", " ".join(f"127.0.0.1:{site.port}" for site in sites),
            "b/# out 1", **options))
        return self.told(self.local, "b", "address")

    @staticmethod
    def of(site):
        return f"127.0.0.1:{site.port}"

    def wait_for_link(self, site, number):
        self.local.log_has(f"Bridge b connected to {self.of(site)}",
                           times=number, within=20)

    def test_the_second_while_the_first_is_away(self):
        first, second = self.site(), self.site()
        self.local_for([first, second])
        self.wait_for_link(first, 1)
        first.kill()
        self.wait_for_link(second, 1)
        first.start_again()
        self.wait_for_link(first, 2)
        self.local.log_has("the first address answers again")

    def test_round_robin_stays(self):
        first, second = self.site(), self.site()
        address = self.local_for([first, second], round_robin=True)
        self.wait_for_link(first, 1)
        first.kill()
        self.wait_for_link(second, 1)
        first.start_again()
        self.broker = self.local
        self.let_time_pass(6)
        address.wait(self.of(second))
        second.kill()
        self.wait_for_link(first, 2)

    def waits(self, count, **options):
        """Milliseconds between attempts, as they are told."""
        self.local = self.site(bridges=section(
            "b", harness.free_port(), "b/# out 1", **options))
        pattern = r"Next attempt in (\d+) ms"
        self.local.log_has(pattern, times=count, within=30)
        return [int(each) for each in
                re.findall(pattern, self.local.log.text())][:count]

    def test_a_constant_wait(self):
        self.assertEqual(self.waits(3, restart_timeout=1), [1000] * 3)

    def test_waits_that_grow_at_random(self):
        found = self.waits(5, restart_timeout="1 3")
        self.assertTrue(all(1000 <= each <= 3000 for each in found), found)
        self.assertGreater(len(set(found)), 1)

    def test_the_default(self):
        found, = self.waits(1, restart_timeout=None)
        self.assertTrue(5000 <= found <= 30000, found)


if __name__ == "__main__":
    unittest.main()
