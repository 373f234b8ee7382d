//! What every implementation of `Chain` does: the twin in memory here, a node in the end-to-end
//! tests.

use bittensor_client::{
	AccountId, Bid, Call, Chain, ChainError, ComponentInfo, Edge, Endpoint, Event, Hash, Unbonding,
	UNIT,
};
use futures::StreamExt;

const STAKE: u64 = 100 * UNIT;
const SHARE: u16 = 16_384;

/// Asserts that `call` is refused with the error `name` of the pallet.
async fn refused(chain: &dyn Chain, call: Call, name: &str) {
	match chain.submit(call).await {
		Err(ChainError::Dispatch { name: found, .. }) => {
			assert_eq!(found, format!("Emission::{name}"));
		}
		other => panic!("{name} expected: {other:?}"),
	}
}

fn no_block<T: std::fmt::Debug>(read: Result<T, ChainError>) {
	assert!(matches!(read, Err(ChainError::NoBlock { .. })), "{read:?}");
}

async fn component(chain: &dyn Chain, uid: u32, at: Hash) -> Result<ComponentInfo, ChainError> {
	let components = chain.components(Some(at)).await?;
	Ok(components.into_iter().find(|one| one.uid == uid).expect("it is registered"))
}

/// Two accounts of a chain without components register, stake and post, until an epoch is paid.
/// Each is seen through a `Chain` that signs for it, and has at least 200 BIT.
pub(crate) async fn check(
	(chain, account): (&dyn Chain, AccountId),
	(other_chain, other): (&dyn Chain, AccountId),
) -> Result<(), ChainError> {
	let mut blocks = chain.blocks();
	// The twin puts calls into its newest block, and block 0 has none.
	blocks.next().await.expect("a block")?;
	let parameters = chain.parameters().await?;

	// Blocks by number and by hash.
	let genesis = chain.head(Some(0)).await?;
	assert_eq!((genesis.number, genesis.hash), (0, chain.genesis_hash()));
	assert_eq!(chain.head_at(genesis.hash).await?, genesis);
	no_block(chain.head(Some(u32::MAX)).await);
	no_block(chain.head_at([0xEE; 32]).await);
	no_block(chain.components(Some([0xEE; 32])).await);

	// Without a component.
	assert_eq!(chain.component_of(account, None).await?, None);
	assert_eq!(chain.row(0, None).await?, None);
	refused(chain, Call::Stake { amount: STAKE }, "NotOwner").await;
	refused(chain, Call::PostRow { row: vec![] }, "NotRegistered").await;

	// Registration.
	let endpoint = Endpoint {
		host: "127.0.0.1".try_into().expect("short"),
		port: 9_000,
		tls_spki: Some([3; 32]),
		protocol: 1,
	};
	let before = chain.free_balance(account, None).await?;
	let deposit = chain.epoch_status(None).await?.deposit;
	assert_eq!(deposit, parameters.registration_deposit, "nothing is registered");
	let register = Call::Register { endpoint: Some(endpoint.clone()), service_key: None };
	let head = chain.submit(register.clone()).await?;
	let uid = chain.component_of(account, Some(head.hash)).await?.expect("registered");
	let found = component(chain, uid, head.hash).await?;
	assert_eq!((found.owner, found.service_key), (account, account));
	assert_eq!((found.endpoint, found.leaving), (Some(endpoint), false));
	assert_eq!((found.stake, found.source, found.payout), (0, 0, 0));
	assert_eq!((found.deposit, found.dead), (deposit, false));
	assert!(chain.epoch_status(None).await?.deposit > deposit, "it rises");
	let after = chain.free_balance(account, Some(head.hash)).await?;
	assert!(after <= before - parameters.registration_deposit, "{before} {after}");
	refused(chain, register, "AlreadyRegistered").await;
	assert!(chain.components(Some(genesis.hash)).await?.is_empty());
	other_chain.submit(Call::Register { endpoint: None, service_key: None }).await?;
	let target = chain.component_of(other, None).await?.expect("registered");
	keys((chain, account), (other_chain, other)).await?;

	// Stake.
	for (amount, name) in [
		(0, "ZeroAmount"),
		(parameters.min_stake - 1, "StakeBelowMinimum"),
		(u64::MAX / 2, "NotEnoughBalance"),
	] {
		refused(chain, Call::Stake { amount }, name).await;
	}
	let head = chain.submit(Call::Stake { amount: STAKE }).await?;
	assert_eq!(component(chain, uid, head.hash).await?.stake, STAKE);

	// Rows.
	let edge = |target, share| Edge { target, share };
	for (row, name) in [
		(vec![edge(uid, 1)], "SelfEdge"),
		(vec![edge(target, 1), edge(target, 1)], "DuplicateTarget"),
		(vec![edge(999, 1)], "UnknownTarget"),
		(vec![edge(target, 0)], "ZeroShare"),
		(vec![edge(target, 57_345)], "SharesOverLimit"),
		((0..65).map(|target| edge(target, 1)).collect(), "TooManyEdges"),
	] {
		refused(chain, Call::PostRow { row }, name).await;
	}
	let row = vec![edge(target, SHARE)];
	let head = chain.submit(Call::PostRow { row: row.clone() }).await?;
	let posted = chain.row(uid, Some(head.hash)).await?.expect("a row");
	let newest = posted.newest().expect("it was posted").clone();
	assert_eq!((newest.self_share, &newest.edges), (65_536 - u32::from(SHARE), &row));
	let head = chain.submit(Call::SetEndpoint { endpoint: None }).await?;
	assert_eq!(component(chain, uid, head.hash).await?.endpoint, None);

	// A payout for which the row is active.
	let mut events = Vec::new();
	let at = loop {
		let block = blocks.next().await.expect("blocks do not end")?;
		events.extend(block.events.iter().copied());
		let at = Some(block.head.hash);
		let paid = block.events.contains(&Event::EpochPaid);
		let row = chain.row(uid, at).await?;
		if paid && row.is_some_and(|row| row.active.is_some()) {
			break at;
		}
	};
	for event in [Event::ComponentRegistered, Event::EndpointSet, Event::EpochStarted] {
		assert!(events.contains(&event), "{events:?}");
	}
	let active = chain.rows(at).await?.into_iter().find(|row| row.uid == uid).expect("a row");
	assert_eq!((active.active, active.pending), (Some(newest.clone()), None));
	let status = chain.epoch_status(at).await?;
	let last = status.last.expect("it was paid");
	assert!(last.minted > 0 && status.minted_total >= last.minted, "{last:?}");
	assert!(last.started_at <= last.paid_at && last.epoch <= status.epoch, "{last:?}");
	assert_eq!(chain.head_at(last.parent).await?.number + 1, last.started_at);
	let components = chain.components(at).await?;
	assert_eq!(components.iter().map(|one| one.payout).sum::<u64>(), last.minted);
	let share = u32::from(SHARE);
	let payout = components.iter().find(|one| one.uid == uid).expect("registered").payout;
	let flow = contribution::flow(payout, share, newest.self_share);
	let bids = Some(vec![Bid { uid, share, flow }]);
	assert_eq!(chain.bids(target, at).await?, bids);
	assert!(flow > 0 && chain.bids(uid, at).await? == Some(vec![]));
	let at = at.expect("a block");
	assert_eq!(chain.paid_at(at).await?, Some(at));
	leave(chain, account, uid).await
}

/// A key serves after it accepts, and a component changes hands with the consent of both.
async fn keys(
	(chain, account): (&dyn Chain, AccountId),
	(other_chain, other): (&dyn Chain, AccountId),
) -> Result<(), ChainError> {
	let name = |service_key| Call::SetServiceKey { service_key };
	let accept = Call::AcceptServiceKey { owner: account };
	refused(chain, name(other), "ServiceKeyInUse").await;
	refused(other_chain, accept, "NotNamed").await;
	refused(other_chain, Call::ResignServiceKey, "AlreadyRegistered").await;
	let uid = chain.component_of(account, None).await?.expect("registered");
	// To be named changes nothing for a key.
	let head = chain.submit(name([9; 32])).await?;
	let found = component(chain, uid, head.hash).await?;
	assert_eq!((found.service_key, found.next_service_key), (account, Some([9; 32])));
	assert_eq!(chain.component_of([9; 32], Some(head.hash)).await?, None);
	let head = chain.submit(name(account)).await?;
	assert_eq!(component(chain, uid, head.hash).await?.next_service_key, None);

	// An owner cannot take a second component.
	let offer = Call::OfferComponent { new_owner: Some(other) };
	let head = chain.submit(offer).await?;
	assert_eq!(component(chain, uid, head.hash).await?.next_owner, Some(other));
	let take = Call::AcceptComponent { owner: account };
	refused(other_chain, take.clone(), "AlreadyRegistered").await;
	let head = chain.submit(Call::OfferComponent { new_owner: None }).await?;
	assert_eq!(component(chain, uid, head.hash).await?.next_owner, None);
	refused(other_chain, take, "NotNamed").await;
	Ok(())
}

/// The component `uid` of `account` takes half of its stake, then leaves, until all is back.
async fn leave(chain: &dyn Chain, account: AccountId, uid: u32) -> Result<(), ChainError> {
	let parameters = chain.parameters().await?;
	let mut blocks = chain.blocks();
	refused(chain, Call::Withdraw, "NothingUnlocked").await;
	refused(chain, Call::Unstake { amount: 0 }, "ZeroAmount").await;
	refused(chain, Call::Unstake { amount: u64::MAX }, "NotEnoughStake").await;
	let half = STAKE / 2;
	let head = chain.submit(Call::Unstake { amount: half }).await?;
	let chunks = chain.unbonding(account, Some(head.hash)).await?;
	let unlocks_at = parameters.unlocks_at(head.number.into()) as u32;
	assert_eq!(chunks, [Unbonding { amount: half, unlocks_at }]);
	let head = chain.submit(Call::Deregister).await?;
	let found = component(chain, uid, head.hash).await?;
	assert_eq!((found.leaving, found.stake), (true, 0));
	refused(chain, Call::Stake { amount: STAKE }, "ComponentLeaving").await;
	let before = chain.free_balance(account, None).await?;
	let mut removed = false;
	let back = loop {
		let block = blocks.next().await.expect("blocks do not end")?;
		removed |= block.events.contains(&Event::ComponentRemoved);
		let at = Some(block.head.hash);
		let chunks = chain.unbonding(account, at).await?;
		// A call is in the next block at the earliest; the twin takes it into this one.
		if removed && chunks.iter().all(|chunk| chunk.unlocks_at <= block.head.number) {
			break chunks.iter().map(|chunk| chunk.amount).sum::<u64>();
		}
	};
	assert!(back >= STAKE, "the stake and what was paid: {back}");
	assert_eq!(chain.component_of(account, None).await?, None);
	chain.submit(Call::Withdraw).await?;
	assert!(chain.unbonding(account, None).await?.is_empty());
	let after = chain.free_balance(account, None).await?;
	let fees = 10_000_000;
	assert!(after + fees >= before + back + parameters.registration_deposit, "{before} {after}");
	Ok(())
}
