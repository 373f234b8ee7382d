"""The chain through substrate-interface, a Python client that decodes by metadata of version 14.

    NODE_BIN=path/to/bittensor-node python test_chain.py     starts a node
    WS=ws://127.0.0.1:9944 python test_chain.py              uses a running development chain

The accounts are new in every run and funded by //Alice, so a chain can be used repeatedly.
"""

import collections
import os
import re
import subprocess
import threading
import time
import unittest

from substrateinterface import Keypair, SubstrateInterface

UNIT = 1_000_000_000
SHARE_ONE = 65_536
# The first start compiles the runtime, which is slow on a busy machine.
READY_S = 120
EPOCHS_S = 60

# substrate-interface reads no runtime APIs from metadata: one declares those that one calls.
APIS = {
    "runtime_api": {
        "EmissionApi": {
            "methods": {
                "component_of": {
                    "params": [{"name": "account", "type": "AccountId"}],
                    "type": "Option<u32>",
                },
                "contribution": {
                    "params": [{"name": "start", "type": "u32"}, {"name": "limit", "type": "u32"}],
                    "type": "Vec<u64>",
                },
            }
        }
    }
}


class Node:
    """A node with the development preset, a temporary database and any free port."""

    def __init__(self, binary):
        self.process = subprocess.Popen(
            [binary, "--dev", "--tmp", "--rpc-port=0", "--listen-addr=/ip4/127.0.0.1/tcp/0"]
            + ["--no-mdns", "--no-prometheus", "--no-telemetry"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self.url = None
        self.tail = collections.deque(maxlen=40)
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        ready.wait(READY_S)
        if self.url is None:
            self.process.kill()
            raise RuntimeError("no RPC server:\n" + "".join(self.tail))

    def _read(self, ready):
        for line in self.process.stderr:
            self.tail.append(line)
            found = re.search(r"Running JSON-RPC server: addr=127\.0\.0\.1:(\d+)", line)
            if found:
                self.url = f"ws://127.0.0.1:{found[1]}"
                ready.set()
        ready.set()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        url = os.environ.get("WS")
        if url is None:
            node = Node(os.environ["NODE_BIN"])
            cls.addClassCleanup(node.stop)
            url = node.url
        cls.api = SubstrateInterface(url=url, ss58_format=42, type_registry=APIS)
        cls.addClassCleanup(cls.api.close)
        alice = Keypair.create_from_uri("//Alice")
        seed = f"//Alice//py{time.time_ns()}"
        cls.anna = Keypair.create_from_uri(seed + "//anna")
        cls.ben = Keypair.create_from_uri(seed + "//ben")
        # A batch: calls inside a call.
        cls.batch(
            alice,
            [
                cls.call("Balances", "transfer_keep_alive", dest=who.ss58_address, value=1_000 * UNIT)
                for who in (cls.anna, cls.ben)
            ],
        )
        cls.uids = {}
        for who in (cls.anna, cls.ben):
            receipt = cls.batch(
                who,
                [
                    cls.emission("register", endpoint=None, service_key=None),
                    cls.emission("stake", amount=100 * UNIT),
                ],
            )
            [registered] = cls.events(receipt.block_hash, "ComponentRegistered", receipt.extrinsic_idx)
            cls.uids[who.ss58_address] = registered["attributes"]["uid"]

    @classmethod
    def call(cls, module, function, **arguments):
        return cls.api.compose_call(module, function, arguments)

    @classmethod
    def emission(cls, function, **arguments):
        return cls.call("Emission", function, **arguments)

    @classmethod
    def submit(cls, who, call):
        """Signs and submits a call, and waits until it is in a block."""
        extrinsic = cls.api.create_signed_extrinsic(call, who)
        return cls.api.submit_extrinsic(extrinsic, wait_for_inclusion=True)

    @classmethod
    def batch(cls, who, calls):
        receipt = cls.submit(who, cls.call("Utility", "batch_all", calls=calls))
        assert receipt.is_success, receipt.error_message
        return receipt

    @classmethod
    def events(cls, block_hash, name, extrinsic=None):
        """The events of the pallet with this name in a block, or of one of its extrinsics."""
        return [
            event.value
            for event in cls.api.get_events(block_hash)
            if (event.value["module_id"], event.value["event_id"]) == ("Emission", name)
            and extrinsic in (None, event.value["extrinsic_idx"])
        ]

    def test_a_row_is_a_plain_list_and_its_event_is_read(self):
        row = [{"target": self.uids[self.ben.ss58_address], "share": 16_384}]
        receipt = self.submit(self.anna, self.emission("post_row", row=row))
        self.assertTrue(receipt.is_success, receipt.error_message)
        [posted] = self.events(receipt.block_hash, "RowPosted", receipt.extrinsic_idx)
        self.assertEqual(
            posted["attributes"],
            {
                "uid": self.uids[self.anna.ss58_address],
                "edges": 1,
                "self_share": SHARE_ONE - 16_384,
            },
        )

    def test_a_mistake_has_its_name(self):
        row = [{"target": self.uids[self.anna.ss58_address], "share": 1_000}]
        receipt = self.submit(self.anna, self.emission("post_row", row=row))
        self.assertFalse(receipt.is_success)
        self.assertEqual(receipt.error_message["name"], "SelfEdge")
        self.assertIn("Remove the edge", " ".join(receipt.error_message["docs"]))

    def test_a_runtime_api_answers(self):
        for who in (self.anna, self.ben):
            uid = self.api.runtime_call("EmissionApi", "component_of", [who.ss58_address])
            self.assertEqual(uid.value, self.uids[who.ss58_address])
        nobody = Keypair.create_from_uri("//nobody").ss58_address
        self.assertIsNone(self.api.runtime_call("EmissionApi", "component_of", [nobody]).value)

    def test_the_payout_is_an_event_of_the_block(self):
        receipt = self.submit(self.ben, self.emission("post_row", row=[]))
        self.assertTrue(receipt.is_success, receipt.error_message)
        number = self.api.get_block_number(receipt.block_hash)
        end = time.monotonic() + EPOCHS_S
        while time.monotonic() < end:
            number += 1
            while (block := self.api.get_block_hash(number)) is None:
                time.sleep(0.1)
            paid = [e for e in self.events(block, "EpochPaid") if e["attributes"]["minted"] > 0]
            if paid:
                break
        self.assertEqual([event["phase"] for event in paid], ["Initialization"])
        payouts = self.api.runtime_call("EmissionApi", "contribution", [0, 1_024], block).value
        self.assertEqual(sum(payouts), paid[0]["attributes"]["minted"])
        self.assertGreater(payouts[self.uids[self.ben.ss58_address]], 0)


if __name__ == "__main__":
    unittest.main()
