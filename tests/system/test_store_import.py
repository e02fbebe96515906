"""`troupe store import` of databases that Debian's Mosquitto wrote."""
import struct
import subprocess
import threading
import time
import unittest

import paho.mqtt.client as paho

import mqtt
import store_tool
from mqtt import V5, V311
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


if __name__ == "__main__":
    unittest.main()
