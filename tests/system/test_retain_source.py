"""check_retain_source, and whose word counts for what was left behind: retained
messages and wills are judged by the rights in force when they are sent."""
import mqtt
from credentials import make_folder, write
from harness import each_version, expected_differs, troupe_only
from mqtt import V5, Will
from persistence import PersistenceTest, each_ending
from reloading import ReloadTest

EVERYTHING = ("topic readwrite #", "pattern readwrite #")
NOT_ANNA = ("topic read #", "user anna", "topic read #",
            "topic write allowed/#", "user ben", "topic readwrite #")


def kept(test, last, version=V5):
    """Topics of the retained messages that somebody new gets, up to that of
    `last`."""
    client = test.connected(version, username="ben")
    client.send(mqtt.subscribe(9, [("kept/#", 0)], version))
    got = []
    while not got or got[-1] != last:
        packet = client.receive()
        if packet.type == mqtt.PUBLISH:
            got.append(packet.topic)
    return got


def keep(test, version=V5):
    for user, topic in (("anna", "kept/anna"), ("ben", "kept/ben")):
        client = test.connected(version, username=user)
        client.publish(topic, "x", 1, retain=True)


@troupe_only
class RetainSource(ReloadTest):
    def setUp(self):
        super().setUp()
        self.write_rights(*EVERYTHING)

    @each_version
    def test_what_its_publisher_may_no_longer_write_is_not_sent(self, version):
        self.write_rights(*EVERYTHING)
        self.begin(allow_anonymous=True, acl_file=str(self.rights))
        keep(self, version)
        self.assertEqual(kept(self, "kept/ben", version),
                         ["kept/anna", "kept/ben"])
        self.write_rights(*NOT_ANNA)
        self.broker.reload()
        self.until(lambda: kept(self, "kept/ben", version) == ["kept/ben"])
        # It is not lost.
        self.write_rights(*EVERYTHING)
        self.broker.reload()
        self.until(lambda: kept(self, "kept/ben", version)
                   == ["kept/anna", "kept/ben"])

    def test_another_publisher_makes_it_his(self):
        self.begin(allow_anonymous=True, acl_file=str(self.rights))
        keep(self)
        self.connected(username="ben").publish("kept/anna", "y", 1,
                                               retain=True)
        self.write_rights(*NOT_ANNA)
        self.broker.reload()
        self.assertEqual(kept(self, "kept/ben"), ["kept/anna", "kept/ben"])

    def test_the_client_id_counts_too(self):
        self.begin(allow_anonymous=True, acl_file=str(self.rights))
        for client_id in ("one", "two"):
            self.connected(client_id=client_id).publish(
                f"kept/{client_id}", "x", 1, retain=True)
        self.write_rights("user ben", "topic read #",
                          "pattern write kept/%c/#", "topic write kept/last")
        self.connected(username="ben").publish("kept/last", "x", 1,
                                               retain=True)
        self.broker.reload()
        self.assertEqual(kept(self, "kept/last"),
                         ["kept/one", "kept/two", "kept/last"])
        self.write_rights("user ben", "topic readwrite #",
                          "pattern write other/%c")
        self.broker.reload()
        self.until(lambda: kept(self, "kept/last") == ["kept/last"])

    def test_a_retained_will_is_its_clients(self):
        self.begin(allow_anonymous=True, acl_file=str(self.rights))
        watcher = self.connected(username="ben")
        watcher.subscribe("kept/#")
        self.connected(username="anna", will=Will(
            "kept/will", b"x", retain=True)).drop()
        watcher.expect_publish("kept/will", "x")
        keep(self)
        self.write_rights(*NOT_ANNA)
        self.broker.reload()
        self.until(lambda: kept(self, "kept/ben") == ["kept/ben"])

    def test_unless_nobody_wants_it_checked(self):
        self.begin(allow_anonymous=True, acl_file=str(self.rights),
                   check_retain_source=False)
        keep(self)
        self.write_rights(*NOT_ANNA)
        self.broker.reload()
        anna = self.connected(username="anna")
        self.until(lambda: anna.publish("kept/x", "?", 1).code == 0x87)
        self.assertEqual(kept(self, "kept/ben"), ["kept/anna", "kept/ben"])

    def test_where_the_listener_is_gone_all_others_are_asked(self):
        self.begin(allow_anonymous=True, acl_file=str(self.rights))
        keep(self)
        self.write_rights(*NOT_ANNA)
        self.broker.listeners[0]["address"] = "127.0.0.2"
        self.broker.address = ("127.0.0.2", self.broker.port)
        self.broker.reload()
        self.until(lambda: kept(self, "kept/ben") == ["kept/ben"])


class AfterARestart(PersistenceTest):
    """What the disk holds is judged by the file of the broker that reads it."""

    def begin(self, ending="SIGTERM", **options):
        self.rights = make_folder(self) / "rights"
        write(self.rights, "\n".join(EVERYTHING) + "\n").chmod(0o644)
        super().begin(ending, allow_anonymous=True, acl_file=str(self.rights),
                      **options)

    def restrict(self):
        self.end()
        write(self.rights, "\n".join(NOT_ANNA) + "\n").chmod(0o644)

    @expected_differs("2.0 forgets who published when it ends")
    @each_ending
    def test_the_publisher_of_a_retained_message_is_known(self):
        keep(self)
        self.restrict()
        self.broker.start_again()
        self.assertEqual(kept(self, "kept/ben"), ["kept/ben"])

    def leave(self, topic, delay):
        """Anna is gone, and her will is not yet due. Her client id."""
        client = self.connected(
            username="anna", clean=False, props={"session_expiry": 600},
            will=Will(topic, b"will", 1, props={"will_delay": delay}))
        client.drop()
        self.broker.log.wait_for(f"{client.client_id}.*disconnected")
        return client.client_id

    @troupe_only
    @each_ending
    def test_a_will_is_judged_when_it_is_due(self):
        forbidden = self.leave("kept/will", 3)
        self.leave("allowed/will", 4)
        self.restrict()
        self.broker.start_again()
        watcher = self.connected(username="ben")
        watcher.subscribe("#")
        watcher.expect_publish("allowed/will", "will")
        self.broker.log.wait_for(
            f"The will of {forbidden} to kept/will is not published")

    @troupe_only
    @each_ending
    def test_a_will_is_judged_when_its_session_is_claimed(self):
        forbidden = self.leave("kept/will", 600)
        self.restrict()
        self.broker.start_again()
        watcher = self.connected(username="ben")
        watcher.subscribe("#")
        self.connected(username="anna", client_id=forbidden, clean=True)
        self.broker.log.wait_for(
            f"The will of {forbidden} to kept/will is not published")
        self.connected(username="ben").publish("end", "x")
        watcher.expect_publish("end", "x")
