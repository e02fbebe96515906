"""`troupe store import` of databases that Debian's Mosquitto wrote."""
import struct
import subprocess
import threading
import time
import unittest

import paho.mqtt.client as paho

import client as raw
import harness
import mqtt
import store_tool
from mqtt import V5, V311
from sites import section
from store_tool import DEADLINE


class Import(store_tool.StoreTest):
    def test_sessions_with_their_expiry_and_subscriptions(self):
        with self.mosquitto() as broker:
            broker.durable("old", "a/#", "b", version=V311)
            broker.durable("older", "c", version=mqtt.V31)
            broker.durable("hour", "a/+", version=V5, expiry=3600, qos=2)
            broker.durable("forever", "a", version=V5, expiry=0xffffffff)
            broker.durable("ended", "a", version=V5, expiry=0)
            staying = broker.client("staying", V5, 600)
            staying.subscribe("x", "y", "z", qos=2)
        staying.drop()
        told = self.store("import", broker.file)
        self.assertIn("sessions       5\n", told)
        self.assertIn("subscriptions  8\n", told)
        found = self.sessions()
        self.assertEqual(
            {name: (each["subscriptions"], each["expiry_interval"])
             for name, each in found.items()},
            {"old": (2, None), "older": (1, None), "hour": (1, 3600),
             "forever": (1, None), "staying": (3, 600)})
        self.assertFalse(any(each["connected"] for each in found.values()))
        self.assertIsNone(found["old"]["ends_at"])
        self.assertIsNotNone(found["hour"]["ends_at"])
        self.assertIsNotNone(found["staying"]["ends_at"])

    def test_a_session_that_expired_since_is_left_out(self):
        with self.mosquitto() as broker:
            broker.durable("short", "a", version=V5, expiry=1000)
            broker.publish("a", "1")
        # Mosquitto counts in seconds from when the client left.
        data = bytearray(broker.file.read_bytes())
        at = data.index(b"short") - 24
        data[at:at + 8] = struct.pack("<q", int(time.time()) - 1)
        broker.file.write_bytes(data)
        told = self.store("import", broker.file)
        self.assertRegex(told, r"left out +1 sessions that have expired")
        self.assertEqual(self.sessions(), {})

    def test_clients_that_we_did_not_write(self):
        with self.mosquitto() as broker:
            subprocess.run(
                ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(broker.port),
                 "-i", "sub", "-c", "-q", "1", "-t", "a/#", "-E"],
                timeout=DEADLINE, check=True)
            arguments = {"client_id": "paho", "clean_session": False}
            if hasattr(paho, "CallbackAPIVersion"):
                arguments["callback_api_version"] = \
                    paho.CallbackAPIVersion.VERSION1
            durable = paho.Client(**arguments)
            subscribed = threading.Event()
            durable.on_connect = lambda *_: durable.subscribe("a/+", 2)
            durable.on_subscribe = lambda *_: subscribed.set()
            durable.connect("127.0.0.1", broker.port)
            durable.loop_start()
            self.assertTrue(subscribed.wait(DEADLINE))
            durable.disconnect()
            durable.loop_stop()
            subprocess.run(
                ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port),
                 "-t", "a/b", "-q", "2", "-m", "for both", "-r"],
                timeout=DEADLINE, check=True)
        self.store("import", broker.file)
        self.assertEqual(self.previews("sub"), ["for both"])
        self.assertEqual(self.previews("paho"), ["for both"])
        self.assertEqual([each["qos"] for each in self.queue("paho")], [2])
        self.assertEqual(self.info()["retained"], 1)

    def test_clients_with_and_without_user_name(self):
        # Mosquitto 2.0 writes a wrong length for the second, and cannot read
        # its own file then.
        with self.mosquitto() as broker:
            for name, user in (("with", "alice"), ("without", None),
                               ("again", "bob"), ("and not", None)):
                broker.durable(name, "t", connect={"username": user})
            broker.publish("t", "for all")
        told = self.store("import", broker.file)
        self.assertIn("sessions       4\n", told)
        for name in ("with", "without", "again", "and not"):
            self.assertEqual(self.previews(name), ["for all"])

    def test_queues_in_order_with_properties_and_expiry(self):
        with self.mosquitto(max_queued_messages=0) as broker:
            broker.durable("c", "t/#", version=V5, expiry=600, qos=2,
                           props={"subscription_id": 77})
            broker.publish("t/1", "first", qos=1)
            broker.publish("t/2", "second", qos=2, props=[
                ("payload_format", 1), ("content_type", "text/plain"),
                ("response_topic", "r"), ("correlation_data", b"\0\1"),
                ("user_property", ("k", "v")), ("message_expiry", 500)])
            broker.publish("t/3", "\x00\x1f é\n" + "x" * 100, qos=1)
            sender = broker.client("", clean=True)
            for number in range(1500):
                sender.publish(f"t/{number}", str(number), qos=1)
            sender.disconnect()
        self.store("import", broker.file)
        got = self.queue("c")
        self.assertEqual([each["preview"] for each in got[3:]],
                         [str(number) for number in range(1500)])
        self.assertEqual([each["number"] for each in got],
                         sorted(each["number"] for each in got))
        first, second, third = got[:3]
        self.assertEqual(first["topic"], "t/1")
        self.assertEqual((first["qos"], first["state"]), (1, "queued"))
        self.assertEqual(first["subscription_id"], 77)
        self.assertIsNone(first["expires_at"])
        self.assertEqual(second["qos"], 2)
        self.assertIsNotNone(second["expires_at"])
        self.assertEqual(third["payload_size"], 106)
        self.assertEqual(third["preview"][:13], "\\x00\\x1f é\\nx")
        self.assertTrue(third["preview"].endswith("…"))
        self.assertEqual(len(self.queue("c", "--limit", "2")), 2)
        self.assertEqual(self.sessions()["c"]["queued"], 1503)
        text = self.store("queue", "c", "--limit", "1")
        self.assertIn("t/1", text)
        self.assertEqual(len(text.splitlines()), 2)

    def test_messages_on_their_way_to_a_client(self):
        with self.mosquitto() as broker:
            away = broker.client("c", V311)
            away.subscribe("t", qos=2)
            for payload, qos in (("one", 1), ("two", 2), ("three", 2)):
                broker.publish("t", payload, qos=qos)
            got = [away.receive_publish() for _ in range(3)]
            away.ack(mqtt.PUBREC, got[2].pid)
            self.assertEqual(away.receive_type(mqtt.PUBREL).pid, got[2].pid)
            away.drop()
            broker.publish("t", "four", qos=1)
        told = self.store("import", broker.file)
        self.assertIn("sent and not acknowledged 2", told)
        self.assertIn("QoS 2          1 to clients and 0 from clients", told)
        queue = self.queue("c")
        self.assertEqual(
            [(each.get("preview"), each["state"], each.get("packet_id"))
             for each in queue],
            [("one", "sent", got[0].pid), ("two", "sent", got[1].pid),
             (None, "released", got[2].pid), ("four", "queued", None)])

    def test_what_mosquitto_has_not_passed_on_yet_is_not_lost(self):
        with self.mosquitto() as broker:
            broker.durable("subscriber", "t", qos=2)
            publisher = broker.client("publisher", V311)
            publisher.send(mqtt.publish("t", "owed", V311, 2, 9, retain=True))
            self.assertEqual(publisher.receive_type(mqtt.PUBREC).pid, 9)
            publisher.drop()
            # Its end is noticed before the next client is served.
            broker.publish("t", "later", qos=1)
        told = self.store("import", broker.file)
        self.assertIn("0 to clients and 1 from clients", told)
        self.assertCountEqual(self.previews("subscriber"), ["owed", "later"])
        self.assertEqual(self.info()["retained"], 1)

    def test_retained_messages(self):
        with self.mosquitto() as broker:
            broker.publish("r/1", "old", retain=True)
            broker.publish("r/1", "new", retain=True)
            broker.publish("r/2", "gone", retain=True)
            broker.publish("r/2", "", retain=True)
            broker.publish("r/3", "kept", retain=True,
                           props={"message_expiry": 500})
        self.assertIn("retained       2\n",
                      self.store("import", broker.file))
        info = self.info()
        self.assertEqual((info["retained"], info["retained_bytes"]), (2, 7))

    def test_nothing_to_import(self):
        with self.mosquitto() as broker:
            pass
        self.store("import", broker.file)
        self.assertEqual(self.info()["sessions"], 0)


class Move(store_tool.StoreTest):
    """What was imported is what troupe then serves."""

    def troupe(self, **options):
        """A broker on the imported database."""
        made = harness.Broker(persistence=True,
                              persistence_location=str(self.data), **options)
        self.addCleanup(made.kill)
        return made

    def back(self, broker, name, version=V311, present=True, expiry=None,
             **arguments):
        props = {"session_expiry": expiry} if expiry else ()
        made = raw.Client(broker.address, version).connect(
            name, clean=False, props=props, **arguments)
        self.addCleanup(made.drop)
        if version != mqtt.V31:
            self.assertEqual(made.connack.session_present, present)
        return made

    def publish(self, broker, topic, payload, qos=1, **arguments):
        with raw.Client(broker.address).connect("") as sender:
            sender.publish(topic, payload, qos, **arguments)

    def test_clients_find_their_sessions_and_messages(self):
        with self.mosquitto() as old:
            old.durable("three", "t/#", qos=2)
            old.durable("five", "t/+", version=V5, expiry=600, qos=2,
                        props={"subscription_id": 7})
            old.publish("t/1", "one", qos=1)
            old.publish("t/2", "two", qos=2, props=[
                ("content_type", "text/plain"), ("message_expiry", 500),
                ("user_property", ("k", "v"))])
        self.store("import", old.file)
        broker = self.troupe()
        three = self.back(broker, "three")
        for each in [three.expect_publish("t/1", "one", qos=1),
                     three.expect_publish("t/2", "two", qos=2)]:
            three.finish(each)
        five = self.back(broker, "five", V5, expiry=600)
        first = five.expect_publish("t/1", "one")
        self.assertEqual(first.props["subscription_id"], [7])
        second = five.expect_publish("t/2", "two", qos=2)
        self.assertEqual(second.props["content_type"], "text/plain")
        self.assertEqual(second.props["user_property"], [("k", "v")])
        self.assertLessEqual(second.props["message_expiry"], 500)
        for each in (first, second):
            five.finish(each)
        # The subscriptions are at work, too.
        self.publish(broker, "t/3", "three")
        three.finish(three.expect_publish("t/3", "three"))
        five.finish(five.expect_publish("t/3", "three"))
        for each in (three, five):
            each.ping() # so the broker has the acknowledgements
        broker.stop()
        self.assertEqual({name: each["queued"]
                          for name, each in self.sessions().items()},
                         {"three": 0, "five": 0})

    def test_what_was_on_its_way_goes_on(self):
        with self.mosquitto() as old:
            away = old.client("c", V311)
            away.subscribe("t", qos=2)
            for payload, qos in (("one", 1), ("two", 2), ("three", 2)):
                old.publish("t", payload, qos=qos)
            got = [away.receive_publish() for _ in range(3)]
            away.ack(mqtt.PUBREC, got[2].pid)
            away.receive_type(mqtt.PUBREL)
            away.drop()
            old.publish("t", "four", qos=1)
        self.store("import", old.file)
        c = self.back(self.troupe(), "c")
        for payload, sent in (("one", got[0]), ("two", got[1])):
            again = c.expect_publish("t", payload, dup=True, pid=sent.pid)
            self.assertEqual(again.qos, sent.qos)
        self.assertEqual(c.receive_type(mqtt.PUBREL).pid, got[2].pid)
        four = c.expect_publish("t", "four", dup=False)
        self.assertNotIn(four.pid, [each.pid for each in got])
        for kind, pid in ((mqtt.PUBACK, got[0].pid), (mqtt.PUBREC, got[1].pid),
                          (mqtt.PUBCOMP, got[2].pid), (mqtt.PUBACK, four.pid)):
            c.ack(kind, pid)
        self.assertEqual(c.receive_type(mqtt.PUBREL).pid, got[1].pid)
        c.ack(mqtt.PUBCOMP, got[1].pid)
        c.ping()

    def test_what_was_on_its_way_from_a_client_arrives_once(self):
        with self.mosquitto() as old:
            old.durable("subscriber", "t", qos=2)
            publisher = old.client("publisher", V311)
            publisher.send(mqtt.publish("t", "owed", V311, 2, 9, retain=True))
            publisher.receive_type(mqtt.PUBREC)
            publisher.drop()
            old.publish("other", "its end is noticed before this")
        self.store("import", old.file)
        broker = self.troupe()
        publisher = self.back(broker, "publisher")
        publisher.send(mqtt.publish("t", "owed", V311, 2, 9, retain=True,
                                    dup=True))
        self.assertEqual(publisher.receive_type(mqtt.PUBREC).pid, 9)
        publisher.ack(mqtt.PUBREL, 9)
        self.assertEqual(publisher.receive_type(mqtt.PUBCOMP).pid, 9)
        self.publish(broker, "t", "and no other")
        subscriber = self.back(broker, "subscriber")
        for each in [subscriber.expect_publish("t", "owed", qos=2),
                     subscriber.expect_publish("t", "and no other")]:
            subscriber.finish(each)
        late = raw.Client(broker.address).connect("late")
        self.addCleanup(late.drop)
        late.subscribe("t")
        late.expect_publish("t", "owed", retain=True)

    def test_retained_messages_are_there(self):
        with self.mosquitto() as old:
            old.publish("r/1", "one", retain=True)
            old.publish("r/2", "two", retain=True,
                        props={"message_expiry": 500})
        self.store("import", old.file)
        broker = self.troupe()
        reader = raw.Client(broker.address).connect("reader")
        self.addCleanup(reader.drop)
        reader.subscribe("r/#")
        got = sorted((each.topic, each.payload, each.retain)
                     for each in (reader.receive_publish() for _ in range(2)))
        self.assertEqual(got, [("r/1", b"one", True), ("r/2", b"two", True)])

    def test_clients_that_we_did_not_write_go_on(self):
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-i", "sub", "-c",
                   "-q", "1", "-t", "t"]
        with self.mosquitto() as old:
            subprocess.run([*command, "-p", str(old.port), "-E"],
                           timeout=DEADLINE, check=True)
            for number in range(100):
                old.publish("t", str(number))
        self.store("import", old.file)
        broker = self.troupe()
        done = subprocess.run(
            [*command, "-p", str(broker.port), "-C", "100"],
            timeout=DEADLINE, check=True, capture_output=True, text=True)
        self.assertEqual(done.stdout.split(),
                         [str(number) for number in range(100)])

    def mosquitto_with_a_message(self):
        with self.mosquitto() as old:
            old.durable("c", "t")
            old.publish("t", "waits")
        self.store("import", old.file)
        return old

    def test_a_running_broker(self):
        old = self.mosquitto_with_a_message()
        broker = self.troupe()
        here = self.back(broker, "here", V5, present=False, expiry=600)
        here.subscribe("x", "y")
        # Looking is allowed, and shows what is so.
        info = self.info()
        self.assertTrue(info["broker"])
        self.assertEqual((info["sessions"], info["connected"]), (2, 1))
        self.assertTrue(self.sessions()["here"]["connected"])
        self.assertEqual(self.previews("c"), ["waits"])
        for command in (["verify"], ["repair"], ["restore", self.database],
                        ["import", "--replace", old.file]):
            told = self.store(*command, status=1)
            self.assertIn("stop the broker first", told)
        broker.stop()
        self.assertFalse(self.info()["broker"])

    def test_whose_session_it_is(self):
        broker = self.troupe(sections=section("b", harness.free_port(),
                                              "t/# out 1"))
        self.back(broker, "c", V5, present=False, expiry=600).disconnect()
        self.publish(broker, "t/x", "waits")
        broker.stop()
        found = self.sessions()
        self.assertEqual({name: each["bridge"] for name, each in found.items()},
                         {"c": False, "local.b": True})
        self.assertEqual(found["local.b"]["queued"], 1)
        shown = self.store("sessions")
        self.assertRegex(shown, r"(?m)^c +client  until ")
        self.assertRegex(shown, r"(?m)^local\.b +bridge  kept for ever ")

    def test_the_backup_of_a_running_broker(self):
        self.mosquitto_with_a_message()
        broker = self.troupe()
        backup = self.folder / "backup"
        self.publish(broker, "nobody", "hears it")  # so it has begun to serve
        self.store("backup", backup)
        self.publish(broker, "t", "after the backup")
        self.store("backup", backup, status=1)
        self.assertIn("no such", self.store(
            "backup", "/nowhere/backup", status=1).lower())
        broker.stop()
        self.assertEqual(self.previews("c"), ["waits", "after the backup"])
        self.store("restore", backup)
        self.assertEqual(self.previews("c"), ["waits"])
        c = self.back(self.troupe(), "c")
        c.finish(c.expect_publish("t", "waits"))

    def test_a_broker_that_was_killed(self):
        self.mosquitto_with_a_message()
        broker = self.troupe()
        here = self.back(broker, "here", V5, present=False, expiry=600)
        here.subscribe("x", "y")
        broker.kill()
        self.assertFalse(self.info()["broker"])
        self.assertFalse(self.sessions()["here"]["connected"])
        self.assertIn("was connected", self.store("sessions"))
        self.assertIn("all sound", self.store("verify"))
        self.assertEqual(self.previews("c"), ["waits"])


if __name__ == "__main__":
    unittest.main()
