// The chain through @polkadot/api without a type bundle: the documented calls, every step from
// registration to minted stake, and the name of each mistake.
//
//   NODE_BIN=path/to/bittensor-node npm test     starts a node
//   WS=ws://127.0.0.1:9944 npm test              uses a running development chain
//
// The accounts are new in every run and funded by //Alice, so a chain can be used repeatedly.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Keyring } from '@polkadot/api';

import {
  all,
  blockWith,
  connect,
  freeBalance,
  SHARE_ONE,
  submit,
  succeed,
  UNIT,
} from '../src/client.js';
import { contribution } from '../src/contribution.js';
import { startNode } from '../src/node.js';

const CALLS = [
  'abortSolve',
  'acceptComponent',
  'acceptServiceKey',
  'deregister',
  'offerComponent',
  'postRow',
  'register',
  'removeDead',
  'resignServiceKey',
  'setEdge',
  'setEndpoint',
  'setParameters',
  'setServiceKey',
  'stake',
  'unstake',
  'withdrawUnbonded',
];
const ENDOWMENT = 10_000n * UNIT;
const EPOCHS_MS = 120_000;

let api;
let node;
// Their uids once registered: anna and ben post rows, cleo only receives, dan never registers.
let anna, ben, cleo, dan;
const uid = {};
let deposit, minStake;

before(async () => {
  if (process.env.WS === undefined) {
    assert.ok(process.env.NODE_BIN, 'set NODE_BIN to the node to start, or WS to a running one');
    node = await startNode(process.env.NODE_BIN);
  }
  api = await connect(process.env.WS ?? node.url);

  const keyring = new Keyring({ type: 'sr25519', ss58Format: 42 });
  const alice = keyring.addFromUri('//Alice');
  [anna, ben, cleo, dan] = ['anna', 'ben', 'cleo', 'dan'].map((name) =>
    keyring.addFromUri(`//Alice//${Date.now()}//${name}`),
  );
  const transfers = [anna, ben, cleo, dan].map(({ address }) =>
    api.tx.balances.transferKeepAlive(address, ENDOWMENT),
  );
  await succeed(api, api.tx.utility.batchAll(transfers), alice);

  const parameters = await api.query.emission.emissionParameters();
  deposit = parameters.registrationDeposit.toBigInt();
  minStake = parameters.minStake.toBigInt();
});

after(async () => {
  await api?.disconnect();
  if (node) assert.equal(await node.stop(), 0, 'the node ends cleanly');
});

const emission = () => api.tx.emission;
const reads = () => api.call.emissionApi;
const eventOf = ({ events }, name) => {
  const found = events.filter((event) => event.name === `emission.${name}`);
  assert.equal(found.length, 1, `one ${name} in ${events.map((event) => event.name)}`);
  return found[0].data;
};
// Edges with plain numbers.
const plain = (edges) =>
  edges.map(({ target, share }) => ({ target: target.toNumber(), share: share.toNumber() }));
const refused = async (tx, signer, name) => {
  const { error } = await submit(api, tx, signer);
  assert.ok(error, `${tx.method.method} must be refused`);
  assert.equal(error.name, name);
  assert.ok(error.docs.length > 0, `${name} says what to do`);
};

describe('the metadata', () => {
  test('lists every call of the pallet with its documentation', (t) => {
    assert.deepEqual(Object.keys(emission()).sort(), CALLS);
    for (const name of CALLS) {
      const { args, docs } = emission()[name].meta;
      const first = docs[0]?.trim().toString() ?? '';
      assert.ok(first.length > 0, `${name} is documented`);
      t.diagnostic(`${name}(${args.map((arg) => `${arg.name}: ${arg.typeName}`).join(', ')})  ${first}`);
    }
  });

  test('documents every error, event and runtime API', () => {
    for (const kind of ['errors', 'events']) {
      const variants = Object.values(api[kind].emission);
      assert.ok(variants.length > 0);
      for (const { meta } of variants) {
        assert.ok(meta.docs.join('').trim().length > 0, `${kind}: ${meta.name} is documented`);
      }
    }
    for (const [name, { meta }] of Object.entries(reads())) {
      assert.ok(meta.description.trim().length > 0, `emissionApi.${name} is documented`);
    }
  });

  test('names the token and its decimals', () => {
    assert.deepEqual(api.registry.chainTokens, ['BIT']);
    assert.deepEqual(api.registry.chainDecimals, [9]);
    assert.equal(api.registry.chainSS58, 42);
  });
});

describe('from registration to minted stake', () => {
  test('registers, for the quoted fee and the deposit', async () => {
    const endpoint = { host: '127.0.0.1', port: 4_001, tlsSpki: null, protocol: 1 };
    const tx = emission().register(endpoint, null);
    const quoted = (await tx.paymentInfo(anna)).partialFee.toBigInt();
    const earlier = await freeBalance(api, anna.address, await api.rpc.chain.getBlockHash());
    const outcome = await succeed(api, tx, anna);
    assert.ok(outcome.fee > 0n && outcome.fee <= quoted, `fee ${outcome.fee} of ${quoted} quoted`);

    const { uid: given, owner } = eventOf(outcome, 'ComponentRegistered');
    uid.anna = given.toNumber();
    assert.equal(owner.toString(), anna.address);

    const account = await (await api.at(outcome.block)).query.system.account(anna.address);
    assert.equal(account.data.free.toBigInt(), earlier - outcome.fee - deposit);
    assert.equal(account.data.reserved.toBigInt(), deposit);

    for (const [name, signer] of Object.entries({ ben, cleo })) {
      const other = await succeed(api, emission().register(null, null), signer);
      uid[name] = eventOf(other, 'ComponentRegistered').uid.toNumber();
    }
    assert.equal(new Set(Object.values(uid)).size, 3, 'every uid is its own');
  });

  test('reads the component back', async () => {
    assert.equal((await reads().componentOf(anna.address)).unwrap().toNumber(), uid.anna);
    assert.ok((await reads().componentOf(dan.address)).isNone);
    const info = (await reads().component(uid.anna)).unwrap();
    assert.equal(info.owner.toString(), anna.address);
    assert.equal(info.serviceKey.toString(), anna.address);
    assert.equal(info.endpoint.unwrap().host.toUtf8(), '127.0.0.1');
    assert.equal(info.endpoint.unwrap().port.toNumber(), 4_001);
    assert.equal(info.stake.toBigInt(), 0n);
    assert.ok(info.leaving.isFalse);
  });

  test('stakes to the unit', async () => {
    const before = (await reads().epochStatus()).totalStake.toBigInt();
    assert.ok(before >= 0n);
    for (const [signer, id, amount] of [
      [anna, uid.anna, 1_000n * UNIT + 1n],
      [ben, uid.ben, 3_000n * UNIT],
    ]) {
      const earlier = await freeBalance(api, signer.address, await api.rpc.chain.getBlockHash());
      const outcome = await succeed(api, emission().stake(amount), signer);
      const staked = eventOf(outcome, 'Staked');
      assert.equal(staked.uid.toNumber(), id);
      assert.equal(staked.amount.toBigInt(), amount);
      assert.equal(staked.stake.toBigInt(), amount);
      assert.equal(
        await freeBalance(api, signer.address, outcome.block),
        earlier - outcome.fee - amount,
      );
      const info = (await (await api.at(outcome.block)).call.emissionApi.component(id)).unwrap();
      assert.equal(info.stake.toBigInt(), amount);
    }
  });

  test('names each mistake', async () => {
    const edge = (target, share = 1_000) => ({ target, share });
    await refused(emission().register(null, null), anna, 'emission.AlreadyRegistered');
    await refused(emission().stake(minStake - 1n), cleo, 'emission.StakeBelowMinimum');
    await refused(emission().stake(minStake), dan, 'emission.NotOwner');
    await refused(emission().unstake(minStake), cleo, 'emission.NotEnoughStake');
    await refused(emission().withdrawUnbonded(), cleo, 'emission.NothingUnlocked');
    await refused(emission().stake(ENDOWMENT * 2n), cleo, 'emission.NotEnoughBalance');
    await refused(emission().postRow([edge(uid.anna)]), anna, 'emission.SelfEdge');
    await refused(emission().postRow([edge(uid.ben), edge(uid.ben)]), anna, 'emission.DuplicateTarget');
    await refused(emission().postRow([edge(60_000)]), anna, 'emission.UnknownTarget');
    await refused(emission().postRow([edge(uid.ben, 0)]), anna, 'emission.ZeroShare');
    await refused(emission().setEdge(uid.ben, 0), anna, 'emission.NoSuchEdge');
    await refused(emission().postRow([edge(uid.ben, 60_000)]), anna, 'emission.SharesOverLimit');
    const many = Array.from({ length: 65 }, (_, index) => edge(index + 100, 1));
    await refused(emission().postRow(many), anna, 'emission.TooManyEdges');
    await refused(emission().postRow([edge(uid.ben)]), dan, 'emission.NotRegistered');
    await refused(emission().setEdge(uid.anna, 1_000), anna, 'emission.SelfEdge');
    await refused(
      emission().setEndpoint({ host: '', port: 1, tlsSpki: null, protocol: 1 }),
      anna,
      'emission.InvalidEndpoint',
    );
  });

  test('posts a row and changes one edge of it', async () => {
    const posted = await succeed(api, emission().postRow([{ target: uid.ben, share: 16_384 }]), anna);
    assert.equal(eventOf(posted, 'RowPosted').selfShare.toNumber(), SHARE_ONE - 16_384);

    const changed = await succeed(api, emission().setEdge(uid.cleo, 6_554), anna);
    assert.equal(eventOf(changed, 'RowPosted').edges.toNumber(), 2);

    // It is pending until the next epoch, or active if that has started.
    const { active, pending } = (await reads().row(uid.anna)).unwrap();
    const row = pending.isSome ? pending.unwrap() : active.unwrap();
    const byTarget = (a, b) => a.target - b.target;
    assert.deepEqual(
      plain(row.edges).sort(byTarget),
      [{ target: uid.ben, share: 16_384 }, { target: uid.cleo, share: 6_554 }].sort(byTarget),
    );
    assert.equal(row.selfShare.toNumber(), SHARE_ONE - 16_384 - 6_554);

    const own = await succeed(api, emission().postRow([]), ben);
    assert.equal(eventOf(own, 'RowPosted').selfShare.toNumber(), SHARE_ONE);
  });

  test('is paid as Algorithm 1 says, and exactly as the schedule says', async (t) => {
    const paid = (events) => events.some(({ name }) => name === 'emission.EpochPaid');
    // Two payouts: the rows are active at the latest in the second, which pays for the blocks
    // between the two starts.
    const first = await blockWith(api, paid, EPOCHS_MS);
    const block = await blockWith(api, paid, EPOCHS_MS);
    const event = eventOf(block, 'EpochPaid');
    const minted = event.minted.toBigInt();

    const at = await api.at(block.hash);
    const status = await at.call.emissionApi.epochStatus();
    const last = status.last.unwrap();
    assert.equal(last.epoch.toNumber(), event.epoch.toNumber());
    assert.equal(last.minted.toBigInt(), minted);

    const before = await api.at(block.parent);
    const earlier = (await (await api.at(first.hash)).call.emissionApi.epochStatus()).last.unwrap();
    const blocks = BigInt(last.startedAt.toNumber() - earlier.startedAt.toNumber());
    const { sigma } = await at.query.emission.emissionParameters();
    assert.equal(minted, sigma.toBigInt() * blocks, 'σ for every block since the last start');

    // Every minted unit becomes stake.
    const payouts = (await all((start, limit) => at.call.emissionApi.contribution(start, limit))).map(
      (payout) => payout.toBigInt(),
    );
    assert.equal(payouts.reduce((sum, payout) => sum + payout, 0n), minted);
    const issued = async (state) => (await state.query.balances.totalIssuance()).toBigInt();
    assert.equal((await issued(at)) - (await issued(before)), minted);
    for (const id of Object.values(uid)) {
      const stake = async (state) =>
        (await state.call.emissionApi.component(id)).unwrap().stake.toBigInt();
      assert.equal((await stake(at)) - (await stake(before)), payouts[id], `uid ${id}`);
    }

    // The same numbers from the active rows and the stakes that the solve read.
    const read = await api.at(last.parent);
    const sources = payouts.map(() => 0);
    const rows = payouts.map(() => ({ own: 1, edges: [] }));
    for (const { uid: id, active } of await all((start, limit) => at.call.emissionApi.rows(start, limit))) {
      if (active.isNone) continue;
      const { selfShare, edges } = active.unwrap();
      rows[id.toNumber()] = {
        own: selfShare.toNumber() / SHARE_ONE,
        edges: plain(edges).map(({ target, share }) => ({ target, share: share / SHARE_ONE })),
      };
      const component = await read.call.emissionApi.component(id);
      sources[id.toNumber()] = Number(component.unwrap().stake.toBigInt());
    }
    const expected = contribution(sources, rows);
    const total = expected.reduce((sum, mass) => sum + mass, 0);
    expected.forEach((mass, id) => {
      const payout = (Number(minted) * mass) / total;
      assert.ok(
        Math.abs(Number(payouts[id]) - payout) <= 1 + 1e-6 * payout,
        `uid ${id} was paid ${payouts[id]}, Algorithm 1 says ${payout}`,
      );
    });
    assert.ok(payouts[uid.cleo] > 0n, 'cleo is paid the share that anna attributes to it');
    t.diagnostic(`epoch ${event.epoch}: ${minted} units minted over ${blocks} blocks, ${payouts}`);

    // A bid is the flow along an edge, in units per epoch.
    const row = (await at.call.emissionApi.row(uid.anna)).unwrap().active.unwrap();
    const bids = (await at.call.emissionApi.bids(uid.cleo, 0, 256)).unwrap();
    const bid = bids.find(({ uid: from }) => from.toNumber() === uid.anna);
    assert.equal(bid.share.toNumber(), 6_554);
    assert.equal(bid.flow.toBigInt(), (payouts[uid.anna] * 6_554n) / row.selfShare.toBigInt());
  });
});

describe('JSON-RPC', () => {
  // Any client can call these; polkadot-js sends them through its provider.
  const send = (method, ...params) => api._rpcCore.provider.send(method, params);

  test('emission_status says what the runtime API says', async () => {
    const hash = (await api.rpc.chain.getBlockHash()).toHex();
    const status = await (await api.at(hash)).call.emissionApi.epochStatus();
    const answer = await send('emission_status', hash);
    assert.equal(answer.epoch, status.epoch.toNumber());
    assert.equal(answer.minted_total, status.mintedTotal.toString());
    assert.equal(answer.total_stake, status.totalStake.toString());
    assert.equal(answer.last.minted, status.last.unwrap().minted.toString());
    assert.equal(answer.last.epoch, status.last.unwrap().epoch.toNumber());
  });

  test('emission_components gives amounts as decimal strings', async () => {
    const hash = (await api.rpc.chain.getBlockHash()).toHex();
    const at = await api.at(hash);
    const [answer] = await send('emission_components', uid.anna, 1, hash);
    const info = (await at.call.emissionApi.component(uid.anna)).unwrap();
    assert.equal(answer.uid, uid.anna);
    assert.equal(answer.owner, anna.address);
    assert.equal(answer.stake, info.stake.toString());
    assert.equal(answer.payout, info.payout.toString());
    assert.deepEqual(answer.endpoint, {
      host: '127.0.0.1',
      port: 4_001,
      tls_spki: null,
      protocol: 1,
    });
  });

  test('emission_row gives the active row', async () => {
    const answer = await send('emission_row', uid.anna);
    assert.equal(answer.uid, uid.anna);
    assert.equal(answer.active.self_share, SHARE_ONE - 16_384 - 6_554);
    assert.deepEqual(answer.active.edges, [
      { target: uid.ben, share: 16_384 },
      { target: uid.cleo, share: 6_554 },
    ]);
    assert.equal(answer.pending, null);
  });
});
