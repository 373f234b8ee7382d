// The other JavaScript clients, without generated types: dedot and polkadot-api. Each submits a batch and
// a row, waits for their blocks, and reads events, an error by name and a runtime API.
//
//   NODE_BIN=path/to/bittensor-node npm test     starts a node
//   WS=ws://127.0.0.1:9944 npm test              uses a running development chain

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Keyring } from '@polkadot/api';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { DedotClient, WsProvider } from 'dedot';
import { createClient } from 'polkadot-api';
import { getPolkadotSigner } from 'polkadot-api/signer';
import { getWsProvider } from 'polkadot-api/ws';
import { WebSocket } from 'ws';

import { SHARE_ONE, UNIT } from '../src/client.js';
import { startNode } from '../src/node.js';

const STAKE = 100n * UNIT;

let node, url, keyring;

before(async () => {
  if (process.env.WS === undefined) node = await startNode(process.env.NODE_BIN);
  url = process.env.WS ?? node.url;
  await cryptoWaitReady();
  keyring = new Keyring({ type: 'sr25519', ss58Format: 42 });
});

after(async () => {
  if (node) assert.equal(await node.stop(), 0, 'the node ends cleanly');
});

const account = (name) => keyring.addFromUri(`//Alice//${Date.now()}//${name}`);

test('dedot', async () => {
  const client = await DedotClient.new(new WsProvider(url));
  try {
    const { tx, call } = client;
    // The events of the call, or its error.
    const submit = async (transaction, signer) => {
      // Finalised, because dedot checks the next transaction against the finalised state.
      const { dispatchError, events } = await transaction.signAndSend(signer).untilFinalized();
      const ours = events.map(({ event }) => event).filter(({ pallet }) => pallet === 'Emission');
      return {
        error: dispatchError && client.registry.findErrorMeta(dispatchError).name,
        events: Object.fromEntries(
          ours.map(({ palletEvent }) => [palletEvent.name, palletEvent.data]),
        ),
      };
    };
    const anna = account('dedot');
    const alice = keyring.addFromUri('//Alice');
    await submit(tx.balances.transferKeepAlive(anna.address, 1_000n * UNIT), alice);
    const batch = [tx.emission.register(undefined, undefined), tx.emission.stake(STAKE)];
    const started = await submit(tx.utility.batchAll(batch.map((each) => each.call)), anna);
    assert.equal(started.error, undefined);
    assert.equal(started.events.Staked.stake, STAKE);
    const { uid } = started.events.ComponentRegistered;
    assert.equal(await call.emissionApi.componentOf(anna.address), uid);

    const own = await submit(tx.emission.postRow([{ target: uid, share: 1_000 }]), anna);
    assert.equal(own.error, 'SelfEdge');
    const posted = await submit(tx.emission.postRow([]), anna);
    assert.deepEqual(posted.events.RowPosted, { uid, edges: 0, selfShare: SHARE_ONE });
  } finally {
    await client.disconnect();
  }
});

test('polkadot-api', async () => {
  const client = createClient(getWsProvider(url, { websocketClass: WebSocket }));
  try {
    const api = client.getUnsafeApi();
    const signer = (pair) =>
      getPolkadotSigner(pair.publicKey, 'Sr25519', (bytes) => pair.sign(bytes));
    const submit = (transaction, pair) =>
      new Promise((resolve, reject) => {
        const watched = transaction.signSubmitAndWatch(signer(pair)).subscribe({
          next: (event) => {
            if (event.type !== 'txBestBlocksState' || !event.found) return;
            watched.unsubscribe();
            const ours = event.events.filter(({ type }) => type === 'Emission');
            resolve({
              error: event.dispatchError?.value.value?.type,
              events: Object.fromEntries(ours.map(({ value }) => [value.type, value.value])),
            });
          },
          error: reject,
        });
      });
    const anna = account('papi');
    const { tx } = api;
    const dest = { type: 'Id', value: anna.address };
    const alice = keyring.addFromUri('//Alice');
    await submit(tx.Balances.transfer_keep_alive({ dest, value: 1_000n * UNIT }), alice);
    const batch = [
      tx.Emission.register({ endpoint: undefined, service_key: undefined }),
      tx.Emission.stake({ amount: STAKE }),
    ];
    const calls = batch.map((each) => each.decodedCall);
    const started = await submit(tx.Utility.batch_all({ calls }), anna);
    assert.equal(started.error, undefined);
    assert.equal(started.events.Staked.stake, STAKE);
    const { uid } = started.events.ComponentRegistered;
    assert.equal(await api.apis.EmissionApi.component_of(anna.address, { at: 'best' }), uid);

    const own = await submit(tx.Emission.post_row({ row: [{ target: uid, share: 1_000 }] }), anna);
    assert.equal(own.error, 'SelfEdge');
    const posted = await submit(tx.Emission.post_row({ row: [] }), anna);
    assert.deepEqual(posted.events.RowPosted, { uid, edges: 0, self_share: SHARE_ONE });
  } finally {
    client.destroy();
  }
});
