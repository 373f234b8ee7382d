// Access to a chain for the tests, over @polkadot/api. Everything is decoded by the chain's metadata.

import { ApiPromise, WsProvider } from '@polkadot/api';

/** Units in one BIT. */
export const UNIT = 1_000_000_000n;
/** Shares of a row sum to this. */
export const SHARE_ONE = 65_536;

/** Connects to `url`, without a type bundle. */
export async function connect(url) {
  const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
  return api;
}

/** An event as names and values: `{ name: 'emission.Staked', data: { uid, … } }`. */
export function readable(event) {
  const names = event.data.names ?? event.data.map((_, index) => String(index));
  return {
    name: `${event.section}.${event.method}`,
    data: Object.fromEntries(names.map((name, index) => [name, event.data[index]])),
  };
}

function readableError(api, error) {
  if (!error.isModule) return { name: error.toString(), docs: '' };
  const { section, name, docs } = api.registry.findMetaError(error.asModule);
  return { name: `${section}.${name}`, docs: docs.join(' ').trim() };
}

/**
 * Signs and submits `tx` and resolves when it is in a block: `{ block, events, error, fee }`, with
 * the hash of the block, readable events, the dispatch error by name or null, and the fee paid in
 * units.
 */
export function submit(api, tx, signer) {
  return new Promise((resolve, reject) => {
    let stop = () => {};
    tx.signAndSend(signer, (result) => {
      if (result.isError) {
        stop();
        reject(new Error(`${tx.method.section}.${tx.method.method}: ${result.status.type}`));
        return;
      }
      if (!result.status.isInBlock) return;
      stop();
      const events = result.events.map(({ event }) => readable(event));
      const paid = events.find(({ name }) => name === 'transactionPayment.TransactionFeePaid');
      resolve({
        block: result.status.asInBlock.toHex(),
        events,
        error: result.dispatchError ? readableError(api, result.dispatchError) : null,
        fee: paid?.data.actualFee.toBigInt() ?? 0n,
      });
    }).then((unsubscribe) => {
      stop = unsubscribe;
    }, reject);
  });
}

/** Like `submit`, and fails unless the call succeeds. */
export async function succeed(api, tx, signer) {
  const outcome = await submit(api, tx, signer);
  if (outcome.error) {
    const { section, method } = tx.method;
    throw new Error(`${section}.${method}: ${outcome.error.name}: ${outcome.error.docs}`);
  }
  return outcome;
}

/** The free balance of `address` at the block `hash`, in units. */
export async function freeBalance(api, address, hash) {
  const at = await api.at(hash);
  return (await at.query.system.account(address)).data.free.toBigInt();
}

/** Reads all pages of a runtime API of the shape `(start, limit) → items`. */
export async function all(call, limit = 256) {
  const items = [];
  for (;;) {
    const page = await call(items.length, limit);
    items.push(...page);
    if (page.length < limit) return items;
  }
}

/**
 * Resolves to the next new block for which `accept(events, hash)` is true:
 * `{ hash, number, parent, events }`. Checks every block in order.
 */
export async function blockWith(api, accept, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  let number = (await api.rpc.chain.getHeader()).number.toNumber() + 1;
  while (Date.now() < deadline) {
    const head = (await api.rpc.chain.getHeader()).number.toNumber();
    for (; number <= head; number++) {
      const hash = (await api.rpc.chain.getBlockHash(number)).toHex();
      const at = await api.at(hash);
      const events = (await at.query.system.events()).map(({ event }) => readable(event));
      if (accept(events, hash)) {
        const parent = (await api.rpc.chain.getHeader(hash)).parentHash.toHex();
        return { hash, number, parent, events };
      }
    }
    await new Promise((wait) => setTimeout(wait, 200));
  }
  throw new Error(`no such block within ${timeoutMs / 1000} s`);
}
